//! Request bodies: read leniently, as the service does, and taken apart with errors that name the place.
//!
//! Bare keys, comments, trailing commas and single quotes are accepted; so is any case of a property's name.

use std::cell::RefCell;
use std::collections::BTreeSet;

use milink_core::azure::Tags;
use serde_json::{Map, Value};

use super::error::ArmError;

/// How deep a body may nest.
const MOST_NESTING: usize = 64;

/// A request body.
#[derive(Debug)]
pub(super) struct Body {
    value: Value,
    unknown: RefCell<Vec<String>>,
}

/// An object in a body. Members that nobody asks for are reported when it is dropped.
#[derive(Debug)]
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    path: String,
    asked: RefCell<BTreeSet<&'a str>>,
    unknown: &'a RefCell<Vec<String>>,
}

impl Body {
    /// Reads a body; an empty one is an empty object.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ArmError> {
        let broken = |reason: String| ArmError::invalid_content(&reason);
        let text =
            std::str::from_utf8(bytes).map_err(|_| broken("the body is not UTF-8".to_owned()))?;
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Ok(Self::from(Value::Object(Map::new())));
        }
        if nesting(text) > MOST_NESTING {
            return Err(broken("the body is nested too deeply".to_owned()));
        }
        let value = match serde_json::from_str::<Value>(text) {
            Ok(value) => value,
            Err(_) => json5::from_str(text).map_err(|error| broken(error.to_string()))?,
        };
        Ok(Self::from(value))
    }

    /// The object that the body is.
    pub(super) fn object(&self) -> Result<Object<'_>, ArmError> {
        match &self.value {
            Value::Object(members) => Ok(Object::new(members, String::new(), &self.unknown)),
            Value::Null => Ok(Object::new(empty(), String::new(), &self.unknown)),
            other => Err(mismatch(other, "an object", "")),
        }
    }

    /// Members that were not understood, by their paths.
    pub(super) fn unknown(&self) -> Vec<String> {
        self.unknown.borrow().clone()
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self {
            value,
            unknown: RefCell::default(),
        }
    }
}

impl<'a> Object<'a> {
    fn new(
        members: &'a Map<String, Value>,
        path: String,
        unknown: &'a RefCell<Vec<String>>,
    ) -> Self {
        Self {
            members,
            path,
            asked: RefCell::default(),
            unknown,
        }
    }

    /// Whether there is no member at all.
    pub(super) fn is_empty(&self) -> bool {
        self.members.values().all(Value::is_null)
    }

    /// A member of this name in any case; null is as good as absent.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        let found = self.members.get_key_value(name).or_else(|| {
            self.members
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
        })?;
        self.asked.borrow_mut().insert(found.0);
        Some(found.1).filter(|value| !value.is_null())
    }

    /// A string.
    pub(super) fn string(&self, name: &str) -> Result<Option<String>, ArmError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(mismatch(other, "a string", &self.at(name))),
        }
    }

    /// A whole number; a string of digits will do.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, ArmError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number
            .map(Some)
            .ok_or_else(|| mismatch(value, "an integer", &self.at(name)))
    }

    /// True or false.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, ArmError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => Err(mismatch(other, "a boolean", &self.at(name))),
        }
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, ArmError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(members)) => {
                Ok(Some(Object::new(members, self.at(name), self.unknown)))
            }
            Some(other) => Err(mismatch(other, "an object", &self.at(name))),
        }
    }

    /// An object, empty if it is absent.
    pub(super) fn object_or_empty(&self, name: &str) -> Result<Self, ArmError> {
        let found = self.object(name)?;
        Ok(found.unwrap_or_else(|| Object::new(empty(), self.at(name), self.unknown)))
    }

    /// An array of objects.
    pub(super) fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, ArmError> {
        let Some(items) = self.array(name)? else {
            return Ok(None);
        };
        let objects = items.iter().enumerate().map(|(at, item)| {
            let path = format!("{}[{at}]", self.at(name));
            match item {
                Value::Object(members) => Ok(Object::new(members, path, self.unknown)),
                other => Err(mismatch(other, "an object", &path)),
            }
        });
        objects.collect::<Result<_, _>>().map(Some)
    }

    /// An array of strings.
    pub(super) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, ArmError> {
        let Some(items) = self.array(name)? else {
            return Ok(None);
        };
        let strings = items.iter().enumerate().map(|(at, item)| match item {
            Value::String(text) => Ok(text.clone()),
            other => Err(mismatch(
                other,
                "a string",
                &format!("{}[{at}]", self.at(name)),
            )),
        });
        strings.collect::<Result<_, _>>().map(Some)
    }

    /// The keys of an object whose keys are data.
    pub(super) fn keys(&self, name: &str) -> Result<Option<Vec<String>>, ArmError> {
        let object = self.object(name)?;
        Ok(object.map(|object| {
            object.ignore_all();
            object.members.keys().cloned().collect()
        }))
    }

    /// `tags`: at most 50, of bounded lengths.
    pub(super) fn tags(&self) -> Result<Option<Tags>, ArmError> {
        let tags = self.texts("tags")?;
        if let Some(tags) = &tags {
            super::error::check_tags(tags)?;
        }
        Ok(tags)
    }

    /// An object whose members are all texts of the caller's own.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Tags>, ArmError> {
        let Some(object) = self.object(name)? else {
            return Ok(None);
        };
        object.ignore_all();
        let mut texts = Tags::new();
        for (key, value) in object.members {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => return Err(mismatch(other, "a string", &object.at(key))),
            };
            texts.insert(key.clone(), value);
        }
        Ok(Some(texts))
    }

    /// Members that are known, and known to say nothing: read-only ones.
    pub(super) fn ignore(&self, names: &[&str]) {
        for name in names {
            let _ = self.value(name);
        }
    }

    /// Nothing in here is worth a word.
    pub(super) fn ignore_all(&self) {
        self.asked
            .borrow_mut()
            .extend(self.members.keys().map(String::as_str));
    }

    fn array(&self, name: &str) -> Result<Option<&'a Vec<Value>>, ArmError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(mismatch(other, "an array", &self.at(name))),
        }
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        let unknown = self
            .members
            .keys()
            .filter(|key| !asked.contains(key.as_str()));
        self.unknown
            .borrow_mut()
            .extend(unknown.map(|key| self.at(key)));
    }
}

fn empty() -> &'static Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    &EMPTY
}

fn mismatch(value: &Value, wanted: &str, path: &str) -> ArmError {
    let shown = match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        scalar => format!("value {scalar}"),
    };
    ArmError::invalid_content(&format!(
        "Error converting {shown} to {wanted}. Path '{path}'."
    ))
}

/// How deep brackets nest, outside of strings and comments.
fn nesting(text: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' | '[' => {
                depth += 1;
                most = most.max(depth);
            }
            '}' | ']' => depth = depth.saturating_sub(1),
            '"' | '\'' => {
                while let Some(inside) = rest.next() {
                    match inside {
                        '\\' => drop(rest.next()),
                        quote if quote == c => break,
                        _ => {}
                    }
                }
            }
            '/' if rest.peek() == Some(&'/') => drop(rest.by_ref().find(|c| *c == '\n')),
            '/' if rest.peek() == Some(&'*') => {
                let mut last = ' ';
                rest.next();
                for inside in rest.by_ref() {
                    if last == '*' && inside == '/' {
                        break;
                    }
                    last = inside;
                }
            }
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_leniently() {
        for text in [
            r#"{"properties":{"partnerEndpoint":"tcp://x:5022"}}"#,
            "{'properties': {'PartnerEndpoint': 'tcp://x:5022'}}",
            "{properties: {/* c */ partnerendpoint: 'tcp://x:5022', // d\n},}",
            "\u{feff}{\"Properties\":{\"partnerEndpoint\":\"tcp://x:5022\"}}",
        ] {
            let body = Body::parse(text.as_bytes()).expect(text);
            let object = body.object().expect("an object");
            let properties = object
                .object("properties")
                .expect("an object")
                .expect("is there");
            assert_eq!(
                properties.string("partnerEndpoint").expect(text).as_deref(),
                Some("tcp://x:5022")
            );
        }
    }

    #[test]
    fn what_is_not_json_is_refused_with_the_place() {
        let deep = "[".repeat(1_000_000);
        for text in [
            "{",
            "{\"a\":}",
            "nothing",
            deep.as_str(),
            "{\"a\":\"\\ud800\"}",
        ] {
            let error = Body::parse(text.as_bytes())
                .map(|_| ())
                .expect_err("not JSON");
            assert_eq!(error.code(), "InvalidRequestContent", "{text:.20}");
        }
        let body = Body::parse(br#"{"properties":{"vCores":"many"}}"#).expect("JSON");
        let object = body.object().expect("an object");
        let properties = object.object_or_empty("properties").expect("an object");
        let error = properties.integer("vCores").expect_err("not a number");
        assert!(
            error.message().contains("Path 'properties.vCores'"),
            "{}",
            error.message()
        );
    }

    #[test]
    fn members_that_nobody_asks_for_are_told() {
        let body =
            Body::parse(br#"{"properties":{"a":1,"b":null},"id":"x","odd":2}"#).expect("JSON");
        {
            let object = body.object().expect("an object");
            object.ignore(&["id"]);
            let properties = object.object_or_empty("properties").expect("an object");
            assert_eq!(properties.integer("A").expect("a number"), Some(1));
        }
        assert_eq!(body.unknown(), ["properties.b", "odd"]);
    }
}
