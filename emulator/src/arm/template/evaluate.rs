//! Values of a template with their expressions worked out.

use serde_json::{Map, Value};

use super::copies;
use super::error::{Stop, wrong};
use super::expression::{Expression, Written, read};
use super::functions::{self, lambdas};
use super::scope::Scope;

/// What a function of the template's own does not see (documented).
const OUTSIDE: [&str; 6] = [
    "variables",
    "reference",
    "references",
    "resourceinfo",
    "copyindex",
    "deployment",
];

impl Scope<'_> {
    /// The value with every expression in it worked out. If one has to wait, all are asked what they wait for.
    pub(super) fn evaluate(&self, value: &Value) -> Result<Value, Stop> {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => self
                .deeper(|| all(items.iter().map(|item| self.evaluate(item))))
                .map(Value::Array),
            Value::Object(members) => self.deeper(|| self.object(members)).map(Value::Object),
            other => Ok(other.clone()),
        }
    }

    /// The same of a value that must be text.
    pub(super) fn evaluate_text(&self, value: &Value) -> Result<String, Stop> {
        match self.evaluate(value)? {
            Value::String(text) => Ok(text),
            other => wrong(format!("'{other}' is where text is expected.")),
        }
    }

    fn text(&self, text: &str) -> Result<Value, Stop> {
        // Reading costs, too, however little comes of it.
        self.spend_bytes(text.len())?;
        let value = match read(text)? {
            Written::Literal(text) => Value::String(text),
            Written::Expression(expression) => self.expression(&expression)?,
        };
        self.spend(&value)?;
        Ok(value)
    }

    fn object(&self, members: &Map<String, Value>) -> Result<Map<String, Value>, Stop> {
        let mut result = Map::new();
        let mut later = false;
        for (name, value) in members {
            if name.eq_ignore_ascii_case("copy")
                && let Value::Array(loops) = value
                && copies::are_loops(loops)
            {
                match copies::properties(self, loops) {
                    Ok(made) => result.extend(made),
                    Err(Stop::Later) => later = true,
                    Err(stop) => return Err(stop),
                }
                continue;
            }
            let name = match read(name)? {
                Written::Literal(name) => name,
                Written::Expression(_) => self.evaluate_text(&Value::String(name.clone()))?,
            };
            match self.evaluate(value) {
                Ok(value) => drop(result.insert(name, value)),
                Err(Stop::Later) => later = true,
                Err(stop) => return Err(stop),
            }
        }
        if later { Err(Stop::Later) } else { Ok(result) }
    }

    pub(super) fn expression(&self, expression: &Expression) -> Result<Value, Stop> {
        match expression {
            Expression::Text(text) => Ok(Value::String(text.clone())),
            Expression::Number(number) => Ok(Value::from(*number)),
            Expression::Member(of, name) => {
                let name = self.expression(name);
                let of = self.expression(of)?;
                member(&of, &name?)
            }
            Expression::Call(name, arguments) => {
                let value = self.deeper(|| self.call(name, arguments))?;
                self.spend(&value)?;
                Ok(value)
            }
        }
    }

    fn call(&self, name: &str, arguments: &[Expression]) -> Result<Value, Stop> {
        let folded = name.to_ascii_lowercase();
        // Of the two ways out only the one is worked out that is taken.
        if let ("if", [condition, yes, no]) = (folded.as_str(), arguments) {
            return match self.expression(condition) {
                Ok(Value::Bool(true)) => self.expression(yes),
                Ok(Value::Bool(false)) => self.expression(no),
                Ok(other) => wrong(format!(
                    "The template function 'if' expects its first parameter to be a boolean, and it is '{other}'."
                )),
                Err(Stop::Later) => {
                    for way in [yes, no] {
                        if let Err(stop @ (Stop::Wrong(_) | Stop::Unsupported(_))) =
                            self.expression(way)
                        {
                            return Err(stop);
                        }
                    }
                    Err(Stop::Later)
                }
                Err(stop) => Err(stop),
            };
        }
        if self.inside && OUTSIDE.contains(&folded.as_str()) {
            return wrong(format!(
                "The template function '{name}' is not expected at this location: a function of the template's own sees nothing but its parameters. Please see https://aka.ms/arm-functions for usage details."
            ));
        }
        if lambdas::is_one(&folded) {
            return lambdas::call(self, name, &folded, arguments);
        }
        let arguments = all(arguments.iter().map(|argument| self.expression(argument)));
        if self.own.has(name) {
            return self.call_own(name, &arguments?);
        }
        if !functions::is_known(&folded) {
            return Err(functions::unknown(name));
        }
        functions::call(self, name, &folded, &arguments?)
    }
}

/// All of them, or what is wrong, or that some have to wait, after every one has been asked.
fn all(values: impl Iterator<Item = Result<Value, Stop>>) -> Result<Vec<Value>, Stop> {
    let mut result = Vec::new();
    let mut later = false;
    for value in values {
        match value {
            Ok(value) => result.push(value),
            Err(Stop::Later) => later = true,
            Err(stop) => return Err(stop),
        }
    }
    if later { Err(Stop::Later) } else { Ok(result) }
}

fn member(of: &Value, name: &Value) -> Result<Value, Stop> {
    match (of, name) {
        (Value::Object(members), Value::String(name)) => {
            let found = members.get(name).or_else(|| {
                members
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value)
            });
            found.cloned().ok_or_else(|| {
                let there: Vec<&str> = members.keys().map(String::as_str).collect();
                Stop::Wrong(format!(
                    "The language expression property '{name}' doesn't exist, available properties are '{}'.",
                    there.join(", ")
                ))
            })
        }
        (Value::Array(items), Value::Number(index)) => {
            let found = index.as_u64().and_then(|at| items.get(at as usize));
            found.cloned().ok_or_else(|| {
                Stop::Wrong(format!(
                    "The language expression property array index '{index}' is out of bounds."
                ))
            })
        }
        (of, name) => wrong(format!(
            "The language expression property '{}' can't be evaluated: what it is asked of is {}.",
            functions::shown(name),
            functions::kind(of)
        )),
    }
}
