//! Objects of a database: schemas, tables, columns, types, keys and constraints.

mod absent;
mod columns;
mod indexes;
mod modules;
mod object;
#[expect(clippy::module_inception, reason = "the view has the family's name")]
mod objects;
mod schemas;
mod type_facts;
mod types;

use super::View;

pub(crate) use indexes::{indexes_of, pages};
pub(crate) use modules::{ModuleParameter, columns_of, parameters_of};
pub(crate) use object::{
    Kind, Object, object_by_id, system_objects, table_object, user_objects, view_id,
};
pub(crate) use type_facts::{ALL_TYPES, SYSNAME_ID, type_facts};

/// The views of this family.
pub(super) const VIEWS: &[View] = &[
    objects::OBJECTS,
    objects::ALL_OBJECTS,
    objects::SYSTEM_OBJECTS,
    objects::TABLES,
    objects::VIEWS,
    objects::ALL_VIEWS,
    objects::SYSTEM_VIEWS,
    objects::PROCEDURES,
    objects::KEY_CONSTRAINTS,
    objects::CHECK_CONSTRAINTS,
    objects::DEFAULT_CONSTRAINTS,
    objects::FOREIGN_KEYS,
    objects::FOREIGN_KEY_COLUMNS,
    columns::COLUMNS,
    columns::ALL_COLUMNS,
    columns::SYSTEM_COLUMNS,
    columns::IDENTITY_COLUMNS,
    columns::COMPUTED_COLUMNS,
    indexes::INDEXES,
    indexes::INDEX_COLUMNS,
    indexes::PARTITIONS,
    indexes::ALLOCATION_UNITS,
    indexes::PARTITION_STATS,
    schemas::VIEW,
    types::VIEW,
    modules::SQL_MODULES,
    modules::ALL_SQL_MODULES,
    modules::PARAMETERS,
    modules::ALL_PARAMETERS,
    absent::EXTENDED_PROPERTIES,
    absent::TRIGGERS,
    absent::SEQUENCES,
    absent::SYNONYMS,
    absent::XML_INDEXES,
    absent::STATS,
    absent::ASSEMBLIES,
    absent::TABLE_TYPES,
    absent::CREDENTIALS,
    absent::PERIODS,
    absent::MASKED_COLUMNS,
    absent::PARTITION_SCHEMES,
    absent::PARTITION_FUNCTIONS,
    absent::FULLTEXT_INDEXES,
    absent::FULLTEXT_CATALOGS,
    absent::SPATIAL_INDEXES,
    absent::XML_SCHEMA_COLLECTIONS,
    absent::EXTERNAL_TABLES,
    absent::SECURITY_POLICIES,
    absent::ASYMMETRIC_KEYS,
    absent::CHANGE_TRACKING_DATABASES,
    absent::CHANGE_TRACKING_TABLES,
    absent::SERVER_TRIGGERS,
];
