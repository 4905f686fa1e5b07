//! TYPE_ID, TYPE_NAME and TYPEPROPERTY.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::argument::{number, text};
use super::object::split_name;
use super::{MetadataFunction, function};
use crate::catalog::Cell;
use crate::catalog::column::{INT, NAME};
use crate::catalog::objects::{ALL_TYPES, SYSNAME_ID, type_facts};

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function("type_id", (1, 1), INT, |_, args| {
        Ok(named(args).map(|found| found.0).cell())
    }),
    function("type_name", (1, 1), NAME, |_, args| {
        let id = number(args, 0)?;
        if id == Some(SYSNAME_ID.into()) {
            return Ok("sysname".cell());
        }
        let mut types = ALL_TYPES.into_iter();
        let found = types.find(|ty| Some(i64::from(type_facts(*ty).id)) == id);
        Ok(found.map(SqlType::name).cell())
    }),
    function("typeproperty", (2, 2), INT, |_, args| {
        let (Some((_, sql)), Some(property)) = (named(args), text(args, 1)) else {
            return Ok(Value::Null);
        };
        let facts = type_facts(sql);
        Ok(match property.to_lowercase().as_str() {
            "allowsnull" => i32::from(sql != SqlType::RowVersion).cell(),
            "ownerid" => 4.cell(),
            "precision" if facts.precision == 0 => match sql {
                SqlType::NChar(_) | SqlType::NVarChar(_) => (facts.max_length / 2).cell(),
                _ => facts.max_length.cell(),
            },
            "precision" => facts.precision.cell(),
            "scale" if facts.precision == 0 => Value::Null,
            "scale" => facts.scale.cell(),
            "usesansitrim" => sql.is_character().then_some(1).cell(),
            _ => Value::Null,
        })
    }),
];

/// The type that the first argument names: its id and the type as wide as it gets.
fn named(args: &[Value]) -> Option<(i32, SqlType)> {
    let name = split_name(&text(args, 0)?)?.pop()?;
    if name.eq_ignore_ascii_case("sysname") {
        return Some((SYSNAME_ID, SqlType::SYSNAME));
    }
    let mut types = ALL_TYPES.into_iter();
    let found = types.find(|ty| ty.name().eq_ignore_ascii_case(&name))?;
    Some((type_facts(found).id.into(), found))
}
