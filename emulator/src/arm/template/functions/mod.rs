//! The functions of the template language, a file for each family of Azure's reference ("ARM template functions").

mod arrays;
mod dates;
mod hashes;
pub(super) mod lambdas;
mod lists;
mod logic;
mod networks;
mod numbers;
mod objects;
mod places;
mod strings;
mod template;

use serde_json::Value;

use super::error::{Stop, wrong};
use super::scope::Scope;

/// Works a function out; the name is in lower case.
type Function = fn(&Scope<'_>, &Call<'_>) -> Result<Value, Stop>;

/// A function with its values.
pub(super) struct Call<'a> {
    /// As the template writes it.
    name: &'a str,
    arguments: &'a [Value],
}

const FAMILIES: &[&[(&str, Function)]] = &[
    strings::FUNCTIONS,
    arrays::FUNCTIONS,
    objects::FUNCTIONS,
    numbers::FUNCTIONS,
    logic::FUNCTIONS,
    places::FUNCTIONS,
    template::FUNCTIONS,
    hashes::FUNCTIONS,
    dates::FUNCTIONS,
    networks::FUNCTIONS,
];

/// Functions that Azure has and milink does not.
const UNSUPPORTED: &[&str] = &[
    "managementgroup",
    "managementgroupresourceid",
    "pickzones",
    "providers",
    "trypickzones",
];

/// The names of all functions, and of those that Azure has besides, in lower case.
pub(crate) fn names() -> (Vec<&'static str>, Vec<&'static str>) {
    let families = FAMILIES.iter().flat_map(|family| family.iter());
    let mut known: Vec<&str> = families.map(|(name, _)| *name).collect();
    known.extend(lambdas::names());
    known.sort_unstable();
    (known, UNSUPPORTED.to_vec())
}

/// Whether there is such a function.
pub(super) fn is_known(folded: &str) -> bool {
    find(folded).is_some() || lists::is_one(folded)
}

/// What is said about a name that is no function, or none of ours.
pub(super) fn unknown(name: &str) -> Stop {
    let folded = name.to_ascii_lowercase();
    if UNSUPPORTED.contains(&folded.as_str()) {
        return Stop::Unsupported(format!("The template function '{name}'"));
    }
    Stop::Wrong(format!(
        "The template function '{name}' is not valid. Please see https://aka.ms/arm-functions for usage details."
    ))
}

/// Works a function out.
pub(super) fn call(
    scope: &Scope<'_>,
    name: &str,
    folded: &str,
    arguments: &[Value],
) -> Result<Value, Stop> {
    let call = Call { name, arguments };
    match find(folded) {
        Some(function) => function(scope, &call),
        None if lists::is_one(folded) => lists::list(scope, &call),
        None => Err(unknown(name)),
    }
}

fn find(folded: &str) -> Option<Function> {
    let all = FAMILIES.iter().flat_map(|family| family.iter());
    let mut all = all.filter(|(name, _)| *name == folded);
    all.next().map(|(_, function)| *function)
}

impl Call<'_> {
    /// Between that many values.
    fn count(&self, least: usize, most: usize) -> Result<(), Stop> {
        let found = self.arguments.len();
        if (least..=most).contains(&found) {
            return Ok(());
        }
        let wanted = match (least, most) {
            (least, most) if least == most => least.to_string(),
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        wrong(format!(
            "Unable to evaluate template language function '{}': function requires {wanted} argument(s) while {found} were provided. Please see https://aka.ms/arm-functions for usage details.",
            self.name
        ))
    }

    fn value(&self, at: usize) -> Result<&Value, Stop> {
        match self.arguments.get(at) {
            Some(value) => Ok(value),
            None => {
                self.count(at + 1, usize::MAX)?;
                wrong("A value is missing.")
            }
        }
    }

    fn text(&self, at: usize) -> Result<&str, Stop> {
        match self.value(at)? {
            Value::String(text) => Ok(text),
            other => self.mismatch(at, "a string", other),
        }
    }

    fn number(&self, at: usize) -> Result<i64, Stop> {
        let value = self.value(at)?;
        match value.as_i64() {
            Some(number) => Ok(number),
            None => self.mismatch(at, "an integer", value),
        }
    }

    fn boolean(&self, at: usize) -> Result<bool, Stop> {
        match self.value(at)? {
            Value::Bool(value) => Ok(*value),
            other => self.mismatch(at, "a boolean", other),
        }
    }

    fn array(&self, at: usize) -> Result<&Vec<Value>, Stop> {
        match self.value(at)? {
            Value::Array(items) => Ok(items),
            other => self.mismatch(at, "an array", other),
        }
    }

    fn mismatch<T>(&self, at: usize, wanted: &str, value: &Value) -> Result<T, Stop> {
        wrong(format!(
            "The template language function '{}' expects its parameter '{}' to be {wanted}, and it is {}. Please see https://aka.ms/arm-functions for usage details.",
            self.name,
            at + 1,
            kind(value)
        ))
    }
}

/// The word for what a value is.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A value as text in a sentence, and as `concat` and `format` write it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
