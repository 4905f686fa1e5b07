//! Views of objects that milink does not have: they are there to be asked, and empty.

use milink_core::sql_type::SqlType;

use super::objects::COMMON;
use crate::catalog::View;
use crate::catalog::column::{
    BIT, DATETIME, DESC, INT, NAME, NVARCHAR_MAX, TINYINT, VARIANT, character, col, join, nvarchar,
    req, varbinary,
};

pub(super) const EXTENDED_PROPERTIES: View = empty(
    "extended_properties",
    &[
        req("class", TINYINT),
        col("class_desc", DESC),
        req("major_id", INT),
        req("minor_id", INT),
        req("name", NAME),
        col("value", VARIANT),
    ],
);

pub(super) const TRIGGERS: View = empty(
    "triggers",
    &[
        req("name", NAME),
        req("object_id", INT),
        req("parent_class", TINYINT),
        col("parent_class_desc", DESC),
        req("parent_id", INT),
        req("type", character(2)),
        col("type_desc", DESC),
        req("create_date", DATETIME),
        req("modify_date", DATETIME),
        req("is_ms_shipped", BIT),
        req("is_disabled", BIT),
        req("is_not_for_replication", BIT),
        req("is_instead_of_trigger", BIT),
    ],
);

pub(super) const SEQUENCES: View = empty(
    "sequences",
    &join::<12, 10, 22>(
        COMMON,
        [
            req("start_value", VARIANT),
            req("increment", VARIANT),
            req("minimum_value", VARIANT),
            req("maximum_value", VARIANT),
            col("is_cycling", BIT),
            col("is_cached", BIT),
            col("cache_size", INT),
            req("system_type_id", TINYINT),
            req("user_type_id", INT),
            req("current_value", VARIANT),
        ],
    ),
);

pub(super) const SYNONYMS: View = empty(
    "synonyms",
    &join::<12, 1, 13>(COMMON, [col("base_object_name", nvarchar(1035))]),
);

pub(super) const XML_INDEXES: View = empty(
    "xml_indexes",
    &[
        req("object_id", INT),
        col("name", NAME),
        req("index_id", INT),
        req("type", TINYINT),
        col("type_desc", DESC),
        col("is_unique", BIT),
        col("using_xml_index_id", INT),
        col("secondary_type", character(1)),
        col("secondary_type_desc", DESC),
        col("xml_index_type", TINYINT),
        col("xml_index_type_description", DESC),
        col("path_id", INT),
    ],
);

pub(super) const STATS: View = empty(
    "stats",
    &[
        req("object_id", INT),
        col("name", NAME),
        req("stats_id", INT),
        col("auto_created", BIT),
        col("user_created", BIT),
        col("no_recompute", BIT),
        col("has_filter", BIT),
        col("filter_definition", NVARCHAR_MAX),
        col("is_temporary", BIT),
        col("is_incremental", BIT),
    ],
);

pub(super) const ASSEMBLIES: View = empty(
    "assemblies",
    &[
        req("name", NAME),
        col("principal_id", INT),
        req("assembly_id", INT),
        col("clr_name", nvarchar(4000)),
        col("permission_set", TINYINT),
        col("permission_set_desc", DESC),
        req("is_visible", BIT),
        req("create_date", DATETIME),
        req("modify_date", DATETIME),
        col("is_user_defined", BIT),
    ],
);

pub(super) const TABLE_TYPES: View = empty(
    "table_types",
    &[
        req("name", NAME),
        req("system_type_id", TINYINT),
        req("user_type_id", INT),
        req("schema_id", INT),
        req("is_user_defined", BIT),
        req("is_table_type", BIT),
        req("type_table_object_id", INT),
        col("is_memory_optimized", BIT),
    ],
);

pub(super) const CREDENTIALS: View = empty(
    "credentials",
    &[
        req("credential_id", INT),
        req("name", NAME),
        col("credential_identity", nvarchar(4000)),
        req("create_date", DATETIME),
        req("modify_date", DATETIME),
        col("target_type", nvarchar(100)),
        col("target_id", INT),
    ],
);

pub(super) const PERIODS: View = empty(
    "periods",
    &[
        col("name", NAME),
        req("object_id", INT),
        col("period_type", TINYINT),
        col("period_type_desc", DESC),
        col("start_column_id", INT),
        col("end_column_id", INT),
    ],
);

pub(super) const MASKED_COLUMNS: View = empty(
    "masked_columns",
    &[
        req("object_id", INT),
        col("name", NAME),
        req("column_id", INT),
        req("is_masked", BIT),
        col("masking_function", nvarchar(4000)),
    ],
);

pub(super) const PARTITION_SCHEMES: View = empty(
    "partition_schemes",
    &[
        req("name", NAME),
        req("data_space_id", INT),
        req("type", character(2)),
        col("type_desc", DESC),
        req("is_default", BIT),
        col("is_system", BIT),
        req("function_id", INT),
    ],
);

pub(super) const PARTITION_FUNCTIONS: View = empty(
    "partition_functions",
    &[
        req("name", NAME),
        req("function_id", INT),
        req("type", character(2)),
        col("type_desc", DESC),
        req("fanout", INT),
        req("boundary_value_on_right", BIT),
        req("is_system", BIT),
        req("create_date", DATETIME),
        req("modify_date", DATETIME),
    ],
);

pub(super) const FULLTEXT_INDEXES: View = empty(
    "fulltext_indexes",
    &[
        req("object_id", INT),
        req("unique_index_id", INT),
        col("fulltext_catalog_id", INT),
        req("is_enabled", BIT),
        req("change_tracking_state", character(1)),
        col("change_tracking_state_desc", DESC),
        col("stoplist_id", INT),
        req("data_space_id", INT),
    ],
);

pub(super) const FULLTEXT_CATALOGS: View = empty(
    "fulltext_catalogs",
    &[
        req("fulltext_catalog_id", INT),
        req("name", NAME),
        col("path", nvarchar(260)),
        req("is_default", BIT),
        req("is_accent_sensitivity_on", BIT),
        col("data_space_id", INT),
        col("file_id", INT),
        col("principal_id", INT),
        req("is_importing", BIT),
    ],
);

pub(super) const SPATIAL_INDEXES: View = empty(
    "spatial_indexes",
    &[
        req("object_id", INT),
        col("name", NAME),
        req("index_id", INT),
        req("type", TINYINT),
        col("type_desc", DESC),
        col("spatial_index_type", TINYINT),
        col("spatial_index_type_desc", DESC),
        col("tessellation_scheme", NAME),
    ],
);

pub(super) const XML_SCHEMA_COLLECTIONS: View = empty(
    "xml_schema_collections",
    &[
        req("xml_collection_id", INT),
        req("schema_id", INT),
        col("principal_id", INT),
        req("name", NAME),
        req("create_date", DATETIME),
        req("modify_date", DATETIME),
    ],
);

pub(super) const EXTERNAL_TABLES: View = empty(
    "external_tables",
    &join::<12, 3, 15>(
        COMMON,
        [
            req("max_column_id_used", INT),
            req("data_source_id", INT),
            col("location", nvarchar(4000)),
        ],
    ),
);

pub(super) const SECURITY_POLICIES: View = empty(
    "security_policies",
    &join::<12, 3, 15>(
        COMMON,
        [
            req("is_enabled", BIT),
            req("is_not_for_replication", BIT),
            col("is_schema_bound", BIT),
        ],
    ),
);

pub(super) const ASYMMETRIC_KEYS: View = empty(
    "asymmetric_keys",
    &[
        req("name", NAME),
        col("principal_id", INT),
        req("asymmetric_key_id", INT),
        req("pvt_key_encryption_type", character(2)),
        col("pvt_key_encryption_type_desc", DESC),
        req("thumbprint", varbinary(32)),
        req("algorithm", character(2)),
        col("algorithm_desc", DESC),
        req("key_length", INT),
        req("sid", varbinary(85)),
        req("string_sid", NAME),
        req("public_key", varbinary(4000)),
    ],
);

pub(super) const CHANGE_TRACKING_DATABASES: View = empty(
    "change_tracking_databases",
    &[
        req("database_id", INT),
        req("is_auto_cleanup_on", BIT),
        col("retention_period", INT),
        col("retention_period_units", TINYINT),
        col("retention_period_units_desc", DESC),
    ],
);

pub(super) const CHANGE_TRACKING_TABLES: View = empty(
    "change_tracking_tables",
    &[
        req("object_id", INT),
        req("is_track_columns_updated_on", BIT),
        col("min_valid_version", SqlType::BigInt),
        col("begin_version", SqlType::BigInt),
        col("cleanup_version", SqlType::BigInt),
    ],
);

pub(super) const SERVER_TRIGGERS: View = empty(
    "server_triggers",
    &[
        req("name", NAME),
        req("object_id", INT),
        req("parent_class", TINYINT),
        col("parent_class_desc", DESC),
        req("parent_id", INT),
        req("type", character(2)),
        col("type_desc", DESC),
        req("create_date", DATETIME),
        req("modify_date", DATETIME),
        req("is_ms_shipped", BIT),
        req("is_disabled", BIT),
    ],
);

const fn empty(name: &'static str, columns: &'static [crate::catalog::ViewColumn]) -> View {
    View::sys(name, columns, |_| Vec::new())
}
