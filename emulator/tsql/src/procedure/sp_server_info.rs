//! `sp_server_info` and `xp_msver`: what the server says of itself.

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Body, Call, Procedure, optional, result_set};
use crate::catalog::column::{INT, NAME, SMALLINT, ViewColumn, col, nvarchar, req, varchar};
use crate::catalog::{Scope, row};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_server_info",
    parameters: &[optional("@attribute_id", SqlType::Int)],
    body: Body::Native(server_info),
};

pub(super) const MSVER: Procedure = Procedure {
    name: "xp_msver",
    parameters: &[optional("@optname", SqlType::SYSNAME)],
    body: Body::Native(msver),
};

fn server_info(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const COLUMNS: &[ViewColumn] = &[
        req("attribute_id", INT),
        req("attribute_name", varchar(60)),
        col("attribute_value", varchar(255)),
    ];
    let rows = call.read(|scope, call| {
        let wanted = call.number(0);
        let attributes = attributes(scope).into_iter();
        let shown = attributes
            .filter(|attribute| wanted.is_none_or(|wanted| wanted == i64::from(attribute.0)));
        Ok(shown
            .map(|(id, name, value)| row![id, name, value])
            .collect())
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn attributes(scope: &Scope<'_>) -> Vec<(i32, &'static str, String)> {
    let build = scope.instance.build();
    let year = build
        .year()
        .map_or_else(String::new, |year| format!(" {year}"));
    let product = format!("Microsoft SQL Server{year} - {build}");
    let version = format!("{:02}.{:02}.{:04}", build.major, build.minor, build.build);
    let sort = "charset=iso_1 sort_order=nocase_iso charset_num=1 sort_order_num=52";
    let fixed = [
        (1, "DBMS_NAME", "Microsoft SQL Server"),
        (2, "DBMS_VER", product.as_str()),
        (10, "OWNER_TERM", "owner"),
        (11, "TABLE_TERM", "table"),
        (12, "MAX_OWNER_NAME_LENGTH", "128"),
        (13, "TABLE_LENGTH", "128"),
        (14, "MAX_QUAL_LENGTH", "128"),
        (15, "COLUMN_LENGTH", "128"),
        (16, "IDENTIFIER_CASE", "MIXED"),
        (17, "TX_ISOLATION", "2"),
        (18, "COLLATION_SEQ", sort),
        (19, "SAVEPOINT_SUPPORT", "Y"),
        (20, "MULTI_RESULT_SETS", "Y"),
        (22, "ACCESSIBLE_TABLES", "Y"),
        (100, "USERID_LENGTH", "128"),
        (101, "QUALIFIER_TERM", "database"),
        (102, "NAMED_TRANSACTIONS", "Y"),
        (103, "SPROC_AS_LANGUAGE", "Y"),
        (104, "ACCESSIBLE_SPROC", "Y"),
        (105, "MAX_INDEX_COLS", "16"),
        (106, "RENAME_TABLE", "Y"),
        (107, "RENAME_COLUMN", "Y"),
        (108, "DROP_COLUMN", "Y"),
        (109, "INCREASE_COLUMN_LENGTH", "Y"),
        (110, "DDL_IN_TRANSACTION", "Y"),
        (111, "DESCENDING_INDEXES", "Y"),
        (112, "SP_RENAME", "Y"),
        (113, "REMOTE_SPROC", "Y"),
        (500, "SYS_SPROC_VERSION", version.as_str()),
    ];
    fixed
        .map(|(id, name, value)| (id, name, value.to_owned()))
        .to_vec()
}

fn msver(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const COLUMNS: &[ViewColumn] = &[
        req("Index", SMALLINT),
        req("Name", NAME),
        col("Internal_Value", INT),
        col("Character_Value", nvarchar(255)),
    ];
    let rows: Vec<Row> = call.read(|scope, call| {
        let wanted = call.text(0);
        let build = scope.instance.build();
        let product = (i64::from(build.major) << 16) | i64::from(build.minor);
        let version = build.to_string();
        let facts: [(&str, Value, Option<&str>); 20] = [
            ("ProductName", Value::Null, Some("Microsoft SQL Server")),
            ("ProductVersion", Value::Int(product), Some(&version)),
            (
                "Language",
                Value::Int(1033),
                Some("English (United States)"),
            ),
            ("Platform", Value::Null, Some("NT x64")),
            ("Comments", Value::Null, Some("SQL")),
            ("CompanyName", Value::Null, Some("Microsoft Corporation")),
            (
                "FileDescription",
                Value::Null,
                Some("SQL Server Windows NT - 64 Bit"),
            ),
            ("FileVersion", Value::Null, Some(&version)),
            ("InternalName", Value::Null, Some("SQLSERVR")),
            (
                "LegalCopyright",
                Value::Null,
                Some("Microsoft. All rights reserved."),
            ),
            (
                "LegalTrademarks",
                Value::Null,
                Some("Microsoft SQL Server is a registered trademark of Microsoft Corporation."),
            ),
            ("OriginalFilename", Value::Null, Some("SQLSERVR.EXE")),
            ("PrivateBuild", Value::Null, None),
            (
                "SpecialBuild",
                Value::Int(i64::from(build.build) << 16),
                None,
            ),
            (
                "WindowsVersion",
                Value::Int(1_333_788_672),
                Some("6.3 (20348)"),
            ),
            ("ProcessorCount", Value::Int(4), Some("4")),
            ("ProcessorActiveMask", Value::Null, Some("               f")),
            ("ProcessorType", Value::Int(8664), None),
            (
                "PhysicalMemory",
                Value::Int(16_384),
                Some("16384 (17179869184)"),
            ),
            ("Product ID", Value::Null, None),
        ];
        let numbered = facts.into_iter().zip(1..);
        let shown = numbered.filter(|((name, ..), _)| {
            wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
        });
        Ok(shown
            .map(|((name, number, text), at)| row![at, name, number, text])
            .collect())
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}
