//! Functions of functions: what `lambda()` writes down is worked out for each item.
//!
//! These get their last arguments as they are written, and not as values: see [`call`].

use serde_json::{Map, Value};

use super::kind;
use crate::arm::template::error::{Stop, wrong};
use crate::arm::template::expression::Expression;
use crate::arm::template::scope::Scope;

/// What a turn costs at least, of the bytes that a template may make.
const TURN: usize = 64;

/// The functions that take lambdas, and how many arguments they may have.
const FUNCTIONS: &[(&str, usize, usize)] = &[
    ("filter", 2, 2),
    ("groupby", 2, 2),
    ("map", 2, 2),
    ("mapvalues", 2, 2),
    ("reduce", 3, 3),
    ("sort", 2, 2),
    ("toobject", 2, 3),
];

/// Whether a function takes lambdas; the name is in lower case.
pub(in crate::arm::template) fn is_one(folded: &str) -> bool {
    FUNCTIONS.iter().any(|(name, ..)| *name == folded)
}

/// Their names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, ..)| *name)
}

/// A lambda as it is written: the names of its variables, and what is worked out.
struct Lambda<'a> {
    function: &'a str,
    names: Vec<&'a str>,
    body: &'a Expression,
}

/// Works one of them out.
pub(in crate::arm::template) fn call(
    scope: &Scope<'_>,
    name: &str,
    folded: &str,
    arguments: &[Expression],
) -> Result<Value, Stop> {
    let known = FUNCTIONS.iter().find(|(known, ..)| *known == folded);
    let counts = known.is_some_and(|(_, least, most)| (*least..=*most).contains(&arguments.len()));
    if !counts {
        return wrong(format!(
            "Unable to evaluate template language function '{name}': the count of its arguments is not right: {} were provided. Please see https://aka.ms/arm-functions for usage details.",
            arguments.len()
        ));
    }
    let of = scope.expression(&arguments[0])?;
    let lambda =
        |at: usize, least: usize, most: usize| Lambda::read(name, &arguments[at], least..=most);
    if folded == "mapvalues" {
        let Value::Object(members) = &of else {
            return mismatch(name, "an object", &of);
        };
        let change = lambda(1, 1, 1)?;
        let mut made = Map::new();
        for (key, value) in members {
            made.insert(key.clone(), change.of(scope, &[value])?);
        }
        return Ok(Value::Object(made));
    }
    let Value::Array(items) = &of else {
        return mismatch(name, "an array", &of);
    };
    match folded {
        "filter" => {
            let keeps = lambda(1, 1, 2)?;
            let mut kept = Vec::new();
            for (at, item) in items.iter().enumerate() {
                if keeps.truth(scope, &[item, &Value::from(at)])? {
                    kept.push(item.clone());
                }
            }
            Ok(Value::Array(kept))
        }
        "map" => {
            let change = lambda(1, 1, 2)?;
            let changed = items.iter().enumerate();
            let changed = changed.map(|(at, item)| change.of(scope, &[item, &Value::from(at)]));
            changed.collect::<Result<_, _>>().map(Value::Array)
        }
        "reduce" => {
            let join = lambda(2, 2, 3)?;
            let mut result = scope.expression(&arguments[1])?;
            for (at, item) in items.iter().enumerate() {
                result = join.of(scope, &[&result, item, &Value::from(at)])?;
            }
            Ok(result)
        }
        "sort" => {
            let before = lambda(1, 2, 2)?;
            let sorted = sorted(scope, items.iter().collect(), &before)?;
            Ok(Value::Array(sorted.into_iter().cloned().collect()))
        }
        "groupby" => {
            let key = lambda(1, 1, 1)?;
            let mut groups = Map::new();
            for item in items {
                let key = key.text(scope, item)?;
                let group = groups
                    .entry(key)
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(group) = group {
                    group.push(item.clone());
                }
            }
            Ok(Value::Object(groups))
        }
        _ => {
            let key = lambda(1, 1, 1)?;
            let value = arguments.get(2).map(|_| lambda(2, 1, 1)).transpose()?;
            let mut made = Map::new();
            for item in items {
                let value = value.as_ref().map(|value| value.of(scope, &[item]));
                let value = value.transpose()?.unwrap_or_else(|| item.clone());
                made.insert(key.text(scope, item)?, value);
            }
            Ok(Value::Object(made))
        }
    }
}

/// In order, by a lambda that need not be one: it is asked as often as merging asks, whatever it says.
fn sorted<'v>(
    scope: &Scope<'_>,
    mut items: Vec<&'v Value>,
    before: &Lambda<'_>,
) -> Result<Vec<&'v Value>, Stop> {
    if items.len() < 2 {
        return Ok(items);
    }
    let second = sorted(scope, items.split_off(items.len() / 2), before)?;
    let first = sorted(scope, items, before)?;
    let mut all = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
        match before.truth(scope, &[b, a])? {
            true => all.extend(second.next()),
            false => all.extend(first.next()),
        }
    }
    all.extend(first);
    all.extend(second);
    Ok(all)
}

impl<'a> Lambda<'a> {
    fn read(
        function: &'a str,
        written: &'a Expression,
        counts: std::ops::RangeInclusive<usize>,
    ) -> Result<Self, Stop> {
        let bad = || {
            wrong(format!(
                "The template language function '{function}' expects a lambda with {} to {} variable(s). Please see https://aka.ms/arm-functions for usage details.",
                counts.start(),
                counts.end()
            ))
        };
        let Expression::Call(name, arguments) = written else {
            return bad();
        };
        let Some((body, names)) = arguments.split_last() else {
            return bad();
        };
        if !name.eq_ignore_ascii_case("lambda") || !counts.contains(&names.len()) {
            return bad();
        }
        let mut texts = Vec::new();
        for name in names {
            match name {
                Expression::Text(name) => texts.push(name.as_str()),
                _ => return bad(),
            }
        }
        Ok(Self {
            function,
            names: texts,
            body,
        })
    }

    fn of(&self, scope: &Scope<'_>, values: &[&Value]) -> Result<Value, Stop> {
        scope.spend_bytes(TURN)?;
        let depth = scope.lambdas.borrow().len();
        for (name, value) in self.names.iter().zip(values) {
            scope.spend(value)?;
            let variable = ((*name).to_owned(), Value::clone(value));
            scope.lambdas.borrow_mut().push(variable);
        }
        let result = scope.deeper(|| scope.expression(self.body));
        scope.lambdas.borrow_mut().truncate(depth);
        result
    }

    fn truth(&self, scope: &Scope<'_>, values: &[&Value]) -> Result<bool, Stop> {
        match self.of(scope, values)? {
            Value::Bool(truth) => Ok(truth),
            other => self.said(&other, "a boolean"),
        }
    }

    fn text(&self, scope: &Scope<'_>, item: &Value) -> Result<String, Stop> {
        match self.of(scope, &[item])? {
            Value::String(text) => Ok(text),
            other => self.said(&other, "a string"),
        }
    }

    fn said<T>(&self, value: &Value, wanted: &str) -> Result<T, Stop> {
        wrong(format!(
            "The lambda of the template language function '{}' must say {wanted}, and says {}.",
            self.function,
            kind(value)
        ))
    }
}

fn mismatch<T>(name: &str, wanted: &str, value: &Value) -> Result<T, Stop> {
    wrong(format!(
        "The template language function '{name}' expects its parameter '1' to be {wanted}, and it is {}. Please see https://aka.ms/arm-functions for usage details.",
        kind(value)
    ))
}
