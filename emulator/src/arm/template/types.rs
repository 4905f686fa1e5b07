//! Types of parameters and outputs, and of a template's own `definitions`: whether a value is of one.

use serde_json::{Map, Value};

use super::error::TemplateError;
use super::resources::member;

/// The types that a template defines.
pub(super) type Definitions = Map<String, Value>;

/// How deep types may refer to each other: ours, so that circles end.
const DEEPEST: usize = 32;
const HELP: &str = "Please see https://aka.ms/arm-create-parameter-file for usage details.";
const KINDS: [&str; 7] = [
    "String",
    "SecureString",
    "Int",
    "Bool",
    "Object",
    "SecureObject",
    "Array",
];

/// The type's name as Resource Manager shows it.
pub(super) fn kind(
    name: &str,
    declaration: &Value,
    definitions: &Definitions,
) -> Result<&'static str, TemplateError> {
    let declaration = resolved(declaration, definitions)?;
    let written = member(declaration, "type").and_then(Value::as_str);
    let written = written.unwrap_or_default();
    let found = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(written));
    found.copied().ok_or_else(|| {
        TemplateError::validation(format!(
            "The type '{written}' of the template parameter '{name}' is not valid. The supported types are '{}'.",
            KINDS.join(", ")
        ))
    })
}

/// Whether a value is of a type.
pub(super) fn is_of(kind: &str, value: &Value) -> bool {
    match kind.to_ascii_lowercase().as_str() {
        "string" | "securestring" => value.is_string(),
        "int" => value.as_i64().is_some(),
        "bool" => value.is_boolean(),
        "array" => value.is_array(),
        "object" | "secureobject" => value.is_object() || value.is_null(),
        _ => false,
    }
}

/// Whether a value may be none.
pub(super) fn is_nullable(declaration: &Value, definitions: &Definitions) -> bool {
    let says = |one: &Value| member(one, "nullable") == Some(&Value::Bool(true));
    says(declaration) || resolved(declaration, definitions).is_ok_and(says)
}

/// Follows `$ref` to what it means.
fn resolved<'a>(
    mut declaration: &'a Value,
    definitions: &'a Definitions,
) -> Result<&'a Value, TemplateError> {
    for _ in 0..DEEPEST {
        let Some(reference) = member(declaration, "$ref") else {
            return Ok(declaration);
        };
        let reference = reference.as_str().unwrap_or_default();
        let found = reference
            .strip_prefix("#/definitions/")
            .and_then(|name| definitions.get(name));
        declaration = found.ok_or_else(|| {
            TemplateError::validation(format!(
                "The type definition '{reference}' is not found. Please see https://aka.ms/arm-type-definitions for usage details."
            ))
        })?;
    }
    Err(TemplateError::validation(
        "The type definitions of the template refer to each other in a circle.",
    ))
}

/// Whether a value is of the type that is declared for it.
pub(super) fn fits(
    name: &str,
    declaration: &Value,
    definitions: &Definitions,
    value: &Value,
) -> Result<(), TemplateError> {
    Check { name, definitions }.fits(declaration, value, 0)
}

/// A parameter being checked.
struct Check<'a> {
    name: &'a str,
    definitions: &'a Definitions,
}

impl Check<'_> {
    fn fits(&self, written: &Value, value: &Value, depth: usize) -> Result<(), TemplateError> {
        let name = self.name;
        let refuse = |reason: String| Err(TemplateError::validation(reason));
        if depth > DEEPEST {
            return refuse(format!(
                "The type of the template parameter '{name}' is nested too deeply."
            ));
        }
        if value.is_null() && is_nullable(written, self.definitions) {
            return Ok(());
        }
        let declaration = resolved(written, self.definitions)?;
        let kind = kind(name, declaration, self.definitions)?;
        if !is_of(kind, value) {
            let (wanted, found) = (expected(kind), actual(value));
            return refuse(format!(
                "Template parameter JToken type is not valid. Expected '{wanted}'. Actual '{found}'. The template parameter is '{name}'. {HELP}"
            ));
        }
        // Where a definition is referred to, both may narrow it.
        for narrows in [written, declaration] {
            self.is_allowed(narrows, value)?;
            self.is_within(narrows, value)?;
        }
        self.items(declaration, value, depth)?;
        self.members(declaration, value, depth)
    }

    fn is_allowed(&self, declaration: &Value, value: &Value) -> Result<(), TemplateError> {
        let Some(Value::Array(allowed)) = member(declaration, "allowedValues") else {
            return Ok(());
        };
        if allowed.contains(value) || is_part(value, allowed) {
            return Ok(());
        }
        let name = self.name;
        let allowed: Vec<String> = allowed.iter().map(super::functions::shown).collect();
        let secure = member(declaration, "type").and_then(Value::as_str);
        let secure = secure.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("secure"));
        let shown = match secure {
            true => "***".to_owned(),
            false => super::functions::shown(value),
        };
        Err(TemplateError::validation(format!(
            "The provided value '{shown}' for the template parameter '{name}' is not valid. The value '{shown}' is not part of the allowed value(s): '{}'.",
            allowed.join(",")
        )))
    }

    fn is_within(&self, declaration: &Value, value: &Value) -> Result<(), TemplateError> {
        let name = self.name;
        let bound = |name: &str| member(declaration, name).and_then(Value::as_i64);
        let length = match value {
            Value::String(text) => Some(text.chars().count() as i64),
            Value::Array(items) => Some(items.len() as i64),
            _ => None,
        };
        for (found, least, most, what) in [
            (length, "minLength", "maxLength", "Length of the value"),
            (value.as_i64(), "minValue", "maxValue", "The value"),
        ] {
            let Some(found) = found else { continue };
            let word = match (bound(least), bound(most)) {
                (Some(least), _) if found < least => format!("greater than or equal to '{least}'"),
                (_, Some(most)) if found > most => format!("less than or equal to '{most}'"),
                _ => continue,
            };
            return Err(TemplateError::validation(format!(
                "The provided value for the template parameter '{name}' is not valid. {what} should be {word}. {HELP}"
            )));
        }
        Ok(())
    }

    fn items(&self, declaration: &Value, value: &Value, depth: usize) -> Result<(), TemplateError> {
        let Value::Array(items) = value else {
            return Ok(());
        };
        let none = Vec::new();
        let first = member(declaration, "prefixItems").and_then(Value::as_array);
        let first = first.unwrap_or(&none);
        let further = member(declaration, "items").filter(|items| items.is_object());
        for (at, item) in items.iter().enumerate() {
            if let Some(declared) = first.get(at).or(further) {
                self.fits(declared, item, depth + 1)?;
            }
        }
        Ok(())
    }

    fn members(
        &self,
        declaration: &Value,
        value: &Value,
        depth: usize,
    ) -> Result<(), TemplateError> {
        let Value::Object(members) = value else {
            return Ok(());
        };
        let name = self.name;
        if let Some(discriminator) = member(declaration, "discriminator") {
            let property = member(discriminator, "propertyName").and_then(Value::as_str);
            let word = property.and_then(|property| members.get(property)?.as_str());
            let mapping = member(discriminator, "mapping");
            let Some(declared) = word.and_then(|word| mapping?.get(word)) else {
                return Err(TemplateError::validation(format!(
                    "The provided value for the template parameter '{name}' is not valid: its property '{}' says none of the kinds that there are. {HELP}",
                    property.unwrap_or_default()
                )));
            };
            self.fits(declared, value, depth + 1)?;
        }
        let none = Map::new();
        let declared = member(declaration, "properties").and_then(Value::as_object);
        let declared = declared.unwrap_or(&none);
        for (property, type_of) in declared {
            match members.get(property) {
                Some(value) => self.fits(type_of, value, depth + 1)?,
                None if is_nullable(type_of, self.definitions) => {}
                None => {
                    return Err(TemplateError::validation(format!(
                        "The provided value for the template parameter '{name}' is not valid: the required property '{property}' is missing. {HELP}"
                    )));
                }
            }
        }
        let further = members
            .iter()
            .filter(|(key, _)| !declared.contains_key(*key));
        for (property, value) in further {
            match declaration.get("additionalProperties") {
                Some(Value::Bool(false)) => {
                    return Err(TemplateError::validation(format!(
                        "The provided value for the template parameter '{name}' is not valid: the property '{property}' is not allowed. {HELP}"
                    )));
                }
                Some(type_of @ Value::Object(_)) => self.fits(type_of, value, depth + 1)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Of an array, each item may be one of those that are allowed.
fn is_part(value: &Value, allowed: &[Value]) -> bool {
    let Value::Array(items) = value else {
        return false;
    };
    items.iter().all(|item| allowed.contains(item))
}

fn expected(kind: &str) -> &'static str {
    match kind {
        "String" | "SecureString" => "String, Uri",
        "Int" => "Integer",
        "Bool" => "Boolean",
        "Array" => "Array",
        _ => "Object",
    }
}

/// The name of a value's type, as .NET's JSON library has it.
pub(super) fn actual(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}
