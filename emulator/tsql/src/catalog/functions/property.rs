//! OBJECTPROPERTY, SESSIONPROPERTY and COLLATIONPROPERTY.

use milink_core::collation::Collation;
use milink_core::ids::ObjectId;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::argument::{number, text};
use super::{MetadataFunction, function};
use crate::catalog::cell::variant;
use crate::catalog::column::{INT, VARIANT};
use crate::catalog::objects::{Kind, Object, object_by_id};
use crate::catalog::{Cell, Scope};
use crate::error::SqlError;

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function("objectproperty", (2, 2), INT, |scope, args| {
        object_property(scope, args)
    }),
    function("objectpropertyex", (2, 2), VARIANT, |scope, args| {
        let property = text(args, 1).unwrap_or_default();
        if property.eq_ignore_ascii_case("basetype") {
            let object = object(scope, args)?;
            let base = object.map(|object| object.kind.code().0);
            return Ok(variant(SqlType::Char(2), base));
        }
        Ok(variant(SqlType::Int, object_property(scope, args)?))
    }),
    function("sessionproperty", (1, 1), VARIANT, |scope, args| {
        let settings = scope.settings;
        let on = match text(args, 0).unwrap_or_default().to_lowercase().as_str() {
            "ansi_nulls" => settings.ansi_nulls,
            "ansi_padding" => settings.ansi_padding,
            "ansi_warnings" => settings.ansi_warnings,
            "arithabort" => settings.arithabort,
            "concat_null_yields_null" => settings.concat_null_yields_null,
            "numeric_roundabort" => settings.numeric_roundabort,
            "quoted_identifier" => settings.quoted_identifier,
            _ => return Ok(Value::Null),
        };
        Ok(variant(SqlType::Int, i32::from(on)))
    }),
    function("collationproperty", (2, 2), VARIANT, |_, args| {
        Ok(collation_property(args))
    }),
];

fn object(scope: &Scope<'_>, args: &[Value]) -> Result<Option<Object>, SqlError> {
    let id = number(args, 0)?.and_then(|id| i32::try_from(id).ok());
    Ok(id.and_then(|id| object_by_id(scope, id)))
}

fn object_property(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let (Some(object), Some(property)) = (object(scope, args)?, text(args, 1)) else {
        return Ok(Value::Null);
    };
    let content = scope.content();
    let table = content.tables.get(&ObjectId(object.id));
    let of_table = |test: &dyn Fn(&milink_core::store::TableDefinition) -> bool| {
        table.map(|table| i32::from(test(&table.definition))).cell()
    };
    let is = |kinds: &[Kind]| i32::from(kinds.contains(&object.kind)).cell();
    Ok(match property.to_lowercase().as_str() {
        "cnstisclustkey"
        | "cnstiscolumn"
        | "cnstisdeletecascade"
        | "cnstisdisabled"
        | "cnstisnonclustkey"
        | "cnstisnotrepl"
        | "cnstisnottrusted"
        | "cnstisupdatecascade"
        | "execisansinullson"
        | "execisquotedidenton"
        | "isdeterministic"
        | "isencrypted"
        | "isextendedproc"
        | "isinlinefunction"
        | "isreplproc"
        | "isrule"
        | "isscalarfunction"
        | "isschemabound"
        | "istrigger"
        | "isqueue" => 0.cell(),
        "isansinullson" | "isquotedidenton" => 1.cell(),
        "ischeckcnst" => is(&[Kind::Check]),
        "isconstraint" => is(&[
            Kind::Check,
            Kind::Default,
            Kind::ForeignKey,
            Kind::PrimaryKey,
            Kind::Unique,
        ]),
        "isdefaultcnst" | "isdefault" => is(&[Kind::Default]),
        "isforeignkey" => is(&[Kind::ForeignKey]),
        "ismsshipped" => i32::from(object.is_system).cell(),
        "isprimarykey" => is(&[Kind::PrimaryKey]),
        "isprocedure" => is(&[Kind::Procedure]),
        "issystemtable" => 0.cell(),
        "istable" => is(&[Kind::Table]),
        "istablefunction" => is(&[Kind::TableFunction]),
        "isuniquecnst" => is(&[Kind::Unique]),
        "isusertable" => i32::from(object.kind == Kind::Table && !object.is_system).cell(),
        "isview" => is(&[Kind::View]),
        "ownerid" => 1.cell(),
        "schemaid" => object.schema_id.cell(),
        "tablehascheckcnst" => of_table(&|table| !table.checks.is_empty()),
        "tablehasclustindex" => of_table(&|table| {
            table.keys.iter().any(|key| key.clustered)
                || table.indexes.iter().any(|index| index.clustered)
        }),
        "tablehasdefaultcnst" => {
            of_table(&|table| table.columns.iter().any(|column| column.default.is_some()))
        }
        "tablehasforeignkey" => of_table(&|table| !table.foreign_keys.is_empty()),
        "tablehasidentity" => {
            of_table(&|table| table.columns.iter().any(|column| column.identity.is_some()))
        }
        "tablehasindex" => of_table(&|table| !table.keys.is_empty() || !table.indexes.is_empty()),
        "tablehasprimarykey" => of_table(&|table| table.keys.iter().any(|key| key.primary)),
        "tablehasuniquecnst" => {
            of_table(&|table| table.keys.iter().any(|key| key.constraint && !key.primary))
        }
        "tablehasrowguidcol"
        | "tablehastextimage"
        | "tableisfake"
        | "tableismemoryoptimized"
        | "tableispinned"
        | "tabletemporaltype"
        | "tablehasinserttrigger"
        | "tablehasupdatetrigger"
        | "tablehasdeletetrigger" => table.map(|_| 0).cell(),
        "cardinality" => table.map(|table| table.len()).cell(),
        _ => Value::Null,
    })
}

fn collation_property(args: &[Value]) -> Value {
    let collation = text(args, 0).and_then(|name| Collation::named(&name));
    let (Some(collation), Some(property)) = (collation, text(args, 1)) else {
        return Value::Null;
    };
    let name = collation.name();
    match property.to_lowercase().as_str() {
        "codepage" => variant(
            SqlType::Int,
            if collation.is_utf8() { 65_001 } else { 1252 },
        ),
        "lcid" => variant(SqlType::Int, 1033),
        "comparisonstyle" => variant(
            SqlType::Int,
            match (name.contains("BIN"), collation.is_case_sensitive()) {
                (true, _) => 0,
                (false, true) => 196_608,
                (false, false) => 196_609,
            },
        ),
        "version" => variant(SqlType::Int, if name.contains("_100_") { 2 } else { 0 }),
        _ => Value::Null,
    }
}
