//! OBJECT_ID, OBJECT_NAME, SCHEMA_ID and what names and ids have to do with each other.

use milink_core::ids::ObjectId;
use milink_core::names::Name;
use milink_core::value::Value;

use super::argument::{number, text};
use super::{MetadataFunction, function};
use crate::catalog::column::{INT, NAME};
use crate::catalog::objects::{
    Kind, Object, object_by_id, system_objects, table_object, user_objects,
};
use crate::catalog::{Cell, Scope};
use crate::error::SqlError;

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function("object_id", (1, 2), INT, object_id),
    function("object_name", (1, 2), NAME, |scope, args| {
        Ok(by_id(scope, args)?.map(|object| object.name).cell())
    }),
    function("object_schema_name", (1, 2), NAME, |scope, args| {
        Ok(by_id(scope, args)?.map(|object| object.schema).cell())
    }),
    function("schema_id", (0, 1), INT, schema_id),
    function("schema_name", (0, 1), NAME, schema_name),
    function(
        "object_definition",
        (1, 1),
        crate::catalog::column::NVARCHAR_MAX,
        |scope, args| {
            let id = number(args, 0)?.and_then(|id| i32::try_from(id).ok());
            let content = scope.content();
            let module = id.and_then(|id| content.modules.get(&ObjectId(id)));
            Ok(module.map(|module| &module.text).cell())
        },
    ),
];

/// The parts of a name with dots; brackets and double quotes may surround each. None if it is no such name.
pub(crate) fn split_name(text: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut rest = text.trim().chars().peekable();
    while let Some(c) = rest.next() {
        let close = match c {
            '.' => {
                parts.push(String::new());
                continue;
            }
            '[' => ']',
            '"' => '"',
            other => {
                parts.last_mut()?.push(other);
                continue;
            }
        };
        loop {
            match rest.next()? {
                c if c == close => {
                    if rest.peek() != Some(&close) {
                        break;
                    }
                    rest.next();
                    parts.last_mut()?.push(close);
                }
                c => parts.last_mut()?.push(c),
            }
        }
    }
    (parts.len() <= 4).then_some(parts)
}

/// The object that a name of one to three parts means, as `scope` sees it.
pub(crate) fn find_object(scope: &Scope<'_>, name: &str) -> Option<Object> {
    let mut parts = split_name(name)?;
    let name = parts.pop()?;
    let schema = parts.pop().filter(|schema| !schema.is_empty());
    let database = parts.pop().filter(|database| !database.is_empty());
    let other;
    let mut scope = *scope;
    if let Some(database) = database
        && !scope.database.name.is(&database)
    {
        other = scope.instance.database(&database)?;
        scope.database = other;
        scope.transaction = None;
    }
    let schema_name = Name::new(schema.as_deref().unwrap_or("dbo"));
    let content = scope.content();
    if let Some(table) = content.table(&schema_name, &Name::new(&name)) {
        return Some(table_object(&content, table));
    }
    let same =
        |object: &Object| object.name.eq_ignore_ascii_case(&name) && schema_name.is(&object.schema);
    if let Some(found) = user_objects(&content).into_iter().find(same) {
        return Some(found);
    }
    system_objects(&scope).into_iter().find(|object| {
        // System procedures and compatibility views are found without their schema, and as dbo's.
        let anywhere = matches!(object.kind, Kind::Procedure) && schema_name.is("dbo")
            || object.schema.as_ref() == "sys"
                && object.name.starts_with("sys")
                && schema.is_none();
        same(object) || anywhere && object.name.eq_ignore_ascii_case(&name)
    })
}

fn object_id(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let Some(name) = text(args, 0) else {
        return Ok(Value::Null);
    };
    let kind = text(args, 1);
    let found = find_object(scope, &name).filter(|object| {
        kind.as_ref()
            .is_none_or(|kind| object.kind.code().0.trim_end().eq_ignore_ascii_case(kind))
    });
    Ok(found.map(|object| object.id).cell())
}

/// The object with the id of the first argument, in the database of the second.
fn by_id(scope: &Scope<'_>, args: &[Value]) -> Result<Option<Object>, SqlError> {
    let mut scope = *scope;
    if args.len() > 1 {
        let id = number(args, 1)?;
        let mut databases = scope.instance.databases.values();
        let Some(other) = databases.find(|other| Some(i64::from(other.id.0)) == id) else {
            return Ok(None);
        };
        if other.id != scope.database.id {
            scope.database = other;
            scope.transaction = None;
        }
    }
    let id = number(args, 0)?.and_then(|id| i32::try_from(id).ok());
    Ok(id.and_then(|id| object_by_id(&scope, id)))
}

fn schema_id(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    if args.is_empty() {
        return Ok(1.cell());
    }
    let name = text(args, 0);
    let content = scope.content();
    let found = name.and_then(|name| content.schemas.get(&Name::new(&name)).map(|s| s.id));
    Ok(found.cell())
}

fn schema_name(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    if args.is_empty() {
        return Ok("dbo".cell());
    }
    let id = number(args, 0)?;
    let content = scope.content();
    let mut schemas = content.schemas.iter();
    let found = schemas.find(|(_, schema)| Some(i64::from(schema.id)) == id);
    Ok(found.map(|(name, _)| name).cell())
}

#[cfg(test)]
mod tests {
    use super::split_name;

    #[test]
    fn names_split_at_dots_outside_of_quotes() {
        let cases: [(&str, Option<&[&str]>); 7] = [
            ("a", Some(&["a"])),
            ("dbo.a", Some(&["dbo", "a"])),
            ("db..a", Some(&["db", "", "a"])),
            ("[a.b].[c]]d]", Some(&["a.b", "c]d"])),
            ("\"x y\".z", Some(&["x y", "z"])),
            ("[open", None),
            ("a.b.c.d.e", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|parts| parts.iter().map(|p| (*p).to_owned()).collect());
            assert_eq!(split_name(text), expected, "{text}");
        }
    }
}
