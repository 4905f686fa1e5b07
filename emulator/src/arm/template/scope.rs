//! What an expression can see: parameters, variables, loops, and where the deployment goes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::copies;
use super::error::{Stop, wrong};
use super::own_functions::OwnFunctions;
use super::types::Definitions;
use super::{DEEPEST, DEEPEST_VALUE, MOST_BYTES};

/// Where a deployment goes, and what it is.
#[derive(Clone, Debug, Default)]
pub(in crate::arm) struct Facts {
    pub(in crate::arm) tenant: String,
    pub(in crate::arm) subscription: String,
    pub(in crate::arm) subscription_name: String,
    /// The group's name as Resource Manager shows it, its region and its tags; none at subscription scope.
    pub(in crate::arm) group: Option<(String, String, Value)>,
    pub(in crate::arm) deployment: String,
    /// The region of a deployment at subscription scope.
    pub(in crate::arm) location: Option<String>,
    /// The moment, as `utcNow()` says it.
    pub(in crate::arm) now: String,
    /// Where `newGuid()` comes from: the same deployment is the same again.
    pub(in crate::arm) seed: String,
    /// `https://host:port`, for `environment()`.
    pub(in crate::arm) base: String,
}

/// Answers `reference()`.
pub(in crate::arm) trait Runtime {
    /// The resource of this id at this api-version, as GET shows it.
    fn resource(&self, id: &str, api_version: &str) -> Result<Value, String>;

    /// What a resource says when it is asked for a list of secrets: `listKeys()` and its like.
    fn list(
        &self,
        id: &str,
        action: &str,
        api_version: &str,
        body: Option<&Value>,
    ) -> Result<Value, String>;
}

/// A resource of the template that `reference()` can name.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// Its symbolic name; of a loop's turn with its number behind it.
    pub(super) symbol: Option<String>,
    pub(super) api_version: String,
    pub(super) enabled: bool,
}

impl Named {
    /// Whether it is called so.
    pub(super) fn is(&self, name: &str) -> bool {
        let same = |known: &str| known.eq_ignore_ascii_case(name);
        same(&self.id) || same(&self.name) || self.symbol.as_deref().is_some_and(same)
    }

    /// Whether it is one of the turns of a loop of that symbolic name.
    pub(super) fn is_turn_of(&self, loop_symbol: &str) -> bool {
        let turn = self
            .symbol
            .as_deref()
            .and_then(|symbol| symbol.split_once('['));
        turn.is_some_and(|(symbol, _)| symbol.eq_ignore_ascii_case(loop_symbol))
    }
}

/// What an expression can see.
pub(super) struct Scope<'a> {
    pub(super) facts: &'a Facts,
    pub(super) parameters: &'a BTreeMap<String, Value>,
    /// The template's `variables`, unevaluated.
    pub(super) variables: &'a Map<String, Value>,
    /// Those that have been asked for, by their names in lower case; none while one is being worked out.
    pub(super) known: RefCell<BTreeMap<String, Option<Value>>>,
    /// The template's own functions, and types.
    pub(super) own: &'a OwnFunctions,
    pub(super) definitions: &'a Definitions,
    /// Whether this is within one of those functions: nothing else of the template is seen.
    pub(super) inside: bool,
    /// The variables of the lambdas around the expression, innermost last.
    pub(super) lambdas: RefCell<Vec<(String, Value)>>,
    /// The loops around the expression, innermost last.
    pub(super) loops: RefCell<Vec<(String, usize)>>,
    /// What `reference()` can name; nothing until all names are known.
    pub(super) named: &'a [Named],
    pub(super) runtime: Option<&'a dyn Runtime>,
    /// What `reference()` was asked for and could not say yet.
    pub(super) wanted: RefCell<Vec<String>>,
    /// Whether `utcNow()` and `newGuid()` may be asked: in defaults of parameters only.
    pub(super) defaults: bool,
    pub(super) spent: &'a Cell<usize>,
    pub(super) depth: Cell<usize>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        parameters: &'a BTreeMap<String, Value>,
        variables: &'a Map<String, Value>,
        spent: &'a Cell<usize>,
    ) -> Self {
        Self {
            facts,
            parameters,
            variables,
            known: RefCell::default(),
            own: &NO_FUNCTIONS,
            definitions: no_definitions(),
            inside: false,
            lambdas: RefCell::default(),
            loops: RefCell::default(),
            named: &[],
            runtime: None,
            wanted: RefCell::default(),
            defaults: false,
            spent,
            depth: Cell::new(0),
        }
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Result<Value, Stop> {
        let found = self.parameters.get(&name.to_lowercase()).cloned();
        found.ok_or_else(|| {
            Stop::Wrong(format!(
                "The template parameter '{name}' is not found. Please see https://aka.ms/arm-syntax-parameters for usage details."
            ))
        })
    }

    /// The value of a variable, worked out when it is first asked for.
    pub(super) fn variable(&self, name: &str) -> Result<Value, Stop> {
        let key = name.to_lowercase();
        let known = self.known.borrow().get(&key).cloned();
        match known {
            Some(Some(value)) => return Ok(value),
            Some(None) => {
                return wrong(format!(
                    "The template variable '{name}' is circular: it is needed to work itself out."
                ));
            }
            None => {}
        }
        let written = self
            .variables
            .iter()
            .find(|(written, _)| written.eq_ignore_ascii_case(name));
        let Some((_, written)) = written else {
            return wrong(format!(
                "The template variable '{name}' is not found. Please see https://aka.ms/arm-syntax-variables for usage details."
            ));
        };
        self.known.borrow_mut().insert(key.clone(), None);
        // A variable is the same wherever it is asked for: it does not see the loops around.
        let loops = self.loops.take();
        let lambdas = self.lambdas.take();
        let value = match copies::variable_loop(written) {
            Some(one) => copies::count(self, one)
                .and_then(|count| copies::repeat(self, name, count, &one["input"])),
            None => self.deeper(|| self.evaluate(written)),
        };
        self.loops.replace(loops);
        self.lambdas.replace(lambdas);
        match &value {
            Ok(value) => self.known.borrow_mut().insert(key, Some(value.clone())),
            Err(_) => self.known.borrow_mut().remove(&key),
        };
        value
    }

    /// Goes a level deeper, which has an end.
    pub(super) fn deeper<T>(&self, run: impl FnOnce() -> Result<T, Stop>) -> Result<T, Stop> {
        // Expressions in values in variables: each has its own bound, this is the bound of all together.
        if self.depth.get() >= 4 * DEEPEST {
            return wrong("The template is nested too deeply.");
        }
        self.depth.set(self.depth.get() + 1);
        let result = run();
        self.depth.set(self.depth.get() - 1);
        result
    }

    /// Counts what has been made.
    pub(super) fn spend(&self, value: &Value) -> Result<(), Stop> {
        match size(value, 0) {
            Some(size) => self.spend_bytes(size),
            None => wrong("The template works out a value that is nested too deeply."),
        }
    }

    pub(super) fn spend_bytes(&self, bytes: usize) -> Result<(), Stop> {
        self.spent.set(self.spent.get().saturating_add(bytes));
        if self.spent.get() > MOST_BYTES {
            return wrong(format!(
                "The template works out more than '{MOST_BYTES}' bytes."
            ));
        }
        Ok(())
    }
}

static NO_FUNCTIONS: OwnFunctions = OwnFunctions::none();

fn no_definitions() -> &'static Definitions {
    static NONE: OnceLock<Definitions> = OnceLock::new();
    NONE.get_or_init(Definitions::new)
}

/// About how many bytes a value has; none if it is nested too deeply.
pub(super) fn size(value: &Value, depth: usize) -> Option<usize> {
    if depth > DEEPEST_VALUE {
        return None;
    }
    let mut bytes = 16;
    match value {
        Value::String(text) => bytes += text.len(),
        Value::Array(items) => {
            for item in items {
                bytes += size(item, depth + 1)?;
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                bytes += key.len() + size(value, depth + 1)?;
            }
        }
        _ => {}
    }
    Some(bytes)
}
