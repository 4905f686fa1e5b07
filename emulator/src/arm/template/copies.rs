//! Loops: `copy` on resources, in properties and variables, and on outputs.

use serde_json::{Map, Value};

use super::MOST_COPIES;
use super::error::{Stop, wrong};
use super::scope::Scope;

/// What a turn of a loop costs at least, of the bytes that a template may make: loops in loops have an end.
const TURN: usize = 64;

/// A loop on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loop {
    pub(super) name: String,
    pub(super) count: usize,
    /// How many go at a time; none lets all go.
    pub(super) batch: Option<usize>,
}

/// Whether an array under `copy` is a list of loops, and not a property of that name.
pub(super) fn are_loops(items: &[Value]) -> bool {
    let is_loop = |item: &Value| {
        item.as_object()
            .is_some_and(|item| item.contains_key("count") && item.contains_key("input"))
    };
    !items.is_empty() && items.iter().all(is_loop)
}

/// The arrays that loops in an object make.
pub(super) fn properties(scope: &Scope<'_>, loops: &[Value]) -> Result<Vec<(String, Value)>, Stop> {
    let mut made = Vec::new();
    for one in loops {
        let name = match one.get("name") {
            Some(name) => scope.evaluate_text(name)?,
            None => return wrong("A copy of a property must have a name."),
        };
        let items = repeat(scope, &name, count(scope, one)?, &one["input"])?;
        made.push((name, items));
    }
    Ok(made)
}

/// The input, once for each turn.
pub(super) fn repeat(
    scope: &Scope<'_>,
    name: &str,
    count: usize,
    input: &Value,
) -> Result<Value, Stop> {
    let mut items = Vec::new();
    let mut later = false;
    for at in 0..count {
        scope.spend_bytes(TURN)?;
        match scope.turn(name, at).evaluated(scope, input) {
            Ok(value) => items.push(value),
            Err(Stop::Later) => later = true,
            Err(stop) => return Err(stop),
        }
    }
    if later {
        return Err(Stop::Later);
    }
    Ok(Value::Array(items))
}

/// `copy` of a resource.
pub(super) fn of_resource(scope: &Scope<'_>, copy: &Value) -> Result<Loop, Stop> {
    let name = match copy.get("name") {
        Some(name) => scope.evaluate_text(name)?,
        None => return wrong("A copy of a resource must have a name."),
    };
    let mode = copy.get("mode").map(|mode| scope.evaluate_text(mode));
    let serial = match mode.transpose()?.map(|mode| mode.to_ascii_lowercase()) {
        None => false,
        Some(mode) if mode == "parallel" => false,
        Some(mode) if mode == "serial" => true,
        Some(mode) => {
            return wrong(format!(
                "The mode '{mode}' of copy '{name}' is not valid: it is 'Parallel' or 'Serial'."
            ));
        }
    };
    let batch = match (serial, copy.get("batchSize")) {
        (false, _) => None,
        (true, None) => Some(1),
        (true, Some(size)) => match scope.evaluate(size)?.as_u64() {
            Some(size) if size > 0 => Some(size as usize),
            _ => return wrong(format!("The batch size of copy '{name}' is not valid.")),
        },
    };
    Ok(Loop {
        count: self::count(scope, copy)?,
        name,
        batch,
    })
}

/// How often a loop goes round.
pub(super) fn count(scope: &Scope<'_>, copy: &Value) -> Result<usize, Stop> {
    let count = match copy.get("count") {
        Some(count) => scope.evaluate(count)?,
        None => Value::Null,
    };
    match count.as_u64() {
        Some(count) if count as usize <= MOST_COPIES => Ok(count as usize),
        _ => wrong(format!(
            "The copy count '{count}' is not valid. The maximum allowed count is '{MOST_COPIES}'. Please see https://aka.ms/arm-resource-loops for usage details."
        )),
    }
}

/// The variables of a template with its loops among them unrolled: `variables.copy` makes variables.
pub(super) fn of_variables(variables: &Map<String, Value>) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in variables {
        match value {
            Value::Array(loops) if name.eq_ignore_ascii_case("copy") && are_loops(loops) => {
                for one in loops {
                    let made = one["name"].as_str().unwrap_or_default().to_owned();
                    // An object whose one member is the loop; the variable is that member.
                    let mut inner = one.clone();
                    inner["name"] = Value::from(made.as_str());
                    all.insert(
                        made,
                        Value::Object(Map::from_iter([(LOOP.to_owned(), inner)])),
                    );
                }
            }
            _ => drop(all.insert(name.clone(), value.clone())),
        }
    }
    all
}

/// The one member of a variable that a loop makes: no name that can be written in a template's expressions.
const LOOP: &str = "\u{0}copy";

/// The loop that a variable is, if it is one.
pub(super) fn variable_loop(value: &Value) -> Option<&Value> {
    value.as_object()?.get(LOOP)
}

struct Turn {
    loops: Vec<(String, usize)>,
}

impl Turn {
    fn evaluated(self, scope: &Scope<'_>, input: &Value) -> Result<Value, Stop> {
        let outer = scope.loops.replace(self.loops);
        let value = scope.evaluate(input);
        scope.loops.replace(outer);
        value
    }
}

impl Scope<'_> {
    fn turn(&self, name: &str, at: usize) -> Turn {
        let mut loops = self.loops.borrow().clone();
        loops.push((name.to_owned(), at));
        Turn { loops }
    }

    /// `copyIndex()`.
    pub(super) fn copy_index(&self, name: Option<&str>) -> Result<usize, Stop> {
        let loops = self.loops.borrow();
        let found = match name {
            None => loops.last(),
            Some(name) => loops
                .iter()
                .rev()
                .find(|(known, _)| known.eq_ignore_ascii_case(name)),
        };
        match found {
            Some((_, at)) => Ok(*at),
            None => wrong(
                "The template function 'copyIndex' is not expected at this location. The function can only be used in a resource with copy specified. Please see https://aka.ms/arm-copy for usage details.",
            ),
        }
    }
}
