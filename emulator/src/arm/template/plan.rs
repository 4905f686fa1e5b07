//! A template with its parameters: what will be made, in which order.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::copies;
use super::error::{Stop, TemplateError, wrong};
use super::graph::{Names, circle, explicit};
use super::own_functions::OwnFunctions;
use super::parameters::{self, Parameters};
use super::resources::{DEPLOYMENTS, Unrolled, member, unroll};
use super::scope::{Facts, Named, Runtime, Scope, size};
use super::types::{self, Definitions};
use super::{MOST_OUTPUTS, MOST_RESOURCE_BYTES, MOST_TEMPLATE_BYTES, MOST_VARIABLES};

/// What a template will make.
pub(in crate::arm) struct Plan {
    facts: Facts,
    parameters: BTreeMap<String, Value>,
    variables: Map<String, Value>,
    own: OwnFunctions,
    definitions: Definitions,
    outputs: Map<String, Value>,
    named: Vec<Named>,
    sources: Vec<Unrolled>,
    /// The resources, in the template's order.
    pub(in crate::arm) resources: Vec<Planned>,
    /// What planning has cost, in bytes that were worked out.
    pub(in crate::arm) cost: usize,
}

/// A resource that a template will make.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::arm) struct Planned {
    pub(in crate::arm) id: String,
    /// `Microsoft.Network/virtualNetworks/subnets`.
    pub(in crate::arm) kind: String,
    /// `vnet/a`.
    pub(in crate::arm) name: String,
    pub(in crate::arm) api_version: String,
    pub(in crate::arm) location: Option<String>,
    /// Whether its condition holds.
    pub(in crate::arm) enabled: bool,
    /// Which of the others come before it.
    pub(in crate::arm) after: Vec<usize>,
}

const SECTIONS: [&str; 11] = [
    "$schema",
    "apiProfile",
    "contentVersion",
    "definitions",
    "functions",
    "languageVersion",
    "metadata",
    "outputs",
    "parameters",
    "resources",
    "variables",
];
/// What a resource in a template has that is not for its provider.
const NOT_BODY: [&str; 14] = [
    "apiVersion",
    "comments",
    "condition",
    "copy",
    "dependsOn",
    "existing",
    "import",
    "metadata",
    "name",
    "resourceGroup",
    "resources",
    "scope",
    "subscriptionId",
    "type",
];

/// Checks the parameters of a template.
pub(in crate::arm) fn parameters(
    template: &Value,
    given: &Map<String, Value>,
    facts: &Facts,
) -> Result<Parameters, TemplateError> {
    well_formed(template)?;
    let definitions = section(template, "definitions")?;
    let own = OwnFunctions::read(template)?;
    let declared = section(template, "parameters")?;
    parameters::check(&declared, given, &definitions, &own, facts)
}

impl Plan {
    /// What a template with these parameters will make. With `thorough` the bodies are worked out as far as they can
    /// be, and what they wait for by `reference()` is found.
    pub(in crate::arm) fn of(
        template: &Value,
        parameters: BTreeMap<String, Value>,
        facts: Facts,
        thorough: bool,
    ) -> Result<Self, TemplateError> {
        well_formed(template)?;
        let variables = copies::of_variables(&section(template, "variables")?);
        let outputs = section(template, "outputs")?;
        let own = OwnFunctions::read(template)?;
        let definitions = section(template, "definitions")?;
        for (what, count, most) in [
            ("variables", variables.len(), MOST_VARIABLES),
            ("outputs", outputs.len(), MOST_OUTPUTS),
        ] {
            if count > most {
                return Err(TemplateError::validation(format!(
                    "The number of template {what} limit exceeded. Limit: '{most}' and actual: '{count}'. Please see https://aka.ms/arm-limits for usage details."
                )));
            }
        }
        let mut sources = Vec::new();
        let spent = Cell::new(0);
        {
            let mut scope = Scope::new(&facts, &parameters, &variables, &spent);
            scope.own = &own;
            scope.definitions = &definitions;
            let list = member(template, "resources").cloned();
            let list = list.unwrap_or_else(|| json!([]));
            unroll(&scope, &list, None, 0, &mut sources)?;
        }
        let names = Names::of(&sources);
        unique(&sources)?;
        let mut after = explicit(&sources, &names)?;
        let named: Vec<Named> = sources
            .iter()
            .map(|source| Named {
                id: source.id.clone(),
                kind: source.kind.clone(),
                name: source.name.clone(),
                symbol: source.symbol.as_ref().map(|symbol| match &source.copy {
                    Some((_, turn)) => format!("{symbol}[{turn}]"),
                    None => symbol.clone(),
                }),
                api_version: source.api_version.clone(),
                enabled: source.enabled,
            })
            .collect();
        let mut plan = Self {
            facts,
            parameters,
            variables,
            own,
            definitions,
            outputs,
            named,
            sources,
            resources: Vec::new(),
            cost: 0,
        };
        if thorough {
            plan.find_references(&names, &mut after, &spent)?;
        }
        if let Some(at) = circle(&after) {
            return Err(TemplateError::validation(format!(
                "Circular dependency detected on resource: '{}'. Please see https://aka.ms/arm-syntax-resources for usage details.",
                plan.sources[at].id
            )));
        }
        plan.cost = spent.get();
        plan.resources = plan
            .sources
            .iter()
            .zip(after)
            .map(|(source, after)| Planned {
                id: source.id.clone(),
                kind: source.kind.clone(),
                name: source.name.clone(),
                api_version: source.api_version.clone(),
                location: source.location.clone(),
                enabled: source.enabled && !source.existing,
                after,
            })
            .collect();
        Ok(plan)
    }

    fn find_references(
        &self,
        names: &Names,
        after: &mut [Vec<usize>],
        spent: &Cell<usize>,
    ) -> Result<(), TemplateError> {
        for (at, source) in self.sources.iter().enumerate() {
            if !source.enabled || source.existing {
                continue;
            }
            let scope = self.scope(None, spent);
            let about = format!("resource '{}'", source.id);
            match self.evaluate_body(&scope, source) {
                Ok(_) | Err(Stop::Later) => {}
                Err(stop) => return Err(TemplateError::of_stop(stop, &about)),
            }
            for wanted in scope.wanted.take() {
                let found = names.find(&wanted);
                let found = found.iter().filter(|other| self.sources[**other].enabled);
                after[at].extend(found);
            }
            after[at].sort_unstable();
            after[at].dedup();
        }
        // Outputs are worked out when all is there; what is wrong with them can be said now.
        let scope = self.scope(None, spent);
        for (name, output) in &self.outputs {
            match self.output(&scope, name, output) {
                Ok(_) | Err(Stop::Later) => {}
                Err(stop) => {
                    return Err(TemplateError::of_stop(stop, &format!("output '{name}'")));
                }
            }
        }
        Ok(())
    }

    /// The body of a resource, now that what it waits for is there.
    pub(in crate::arm) fn body(
        &self,
        at: usize,
        runtime: &dyn Runtime,
    ) -> Result<Value, TemplateError> {
        let spent = Cell::new(0);
        let scope = self.scope(Some(runtime), &spent);
        let source = &self.sources[at];
        self.evaluate_body(&scope, source)
            .map_err(|stop| TemplateError::of_stop(stop, &format!("resource '{}'", source.id)))
    }

    /// The body of a resource as far as it can be known before anything is written; none if it waits for something, or
    /// would cost more than is left of what has been spent.
    pub(in crate::arm) fn body_ahead(&self, at: usize, spent: &Cell<usize>) -> Option<Value> {
        let scope = self.scope(None, spent);
        self.evaluate_body(&scope, &self.sources[at]).ok()
    }

    /// The outputs, now that everything is there.
    pub(in crate::arm) fn outputs(
        &self,
        runtime: &dyn Runtime,
    ) -> Result<Map<String, Value>, TemplateError> {
        let spent = Cell::new(0);
        let scope = self.scope(Some(runtime), &spent);
        let mut all = Map::new();
        for (name, output) in &self.outputs {
            let value = self
                .output(&scope, name, output)
                .map_err(|stop| TemplateError::of_stop(stop, &format!("output '{name}'")))?;
            if let Some(value) = value {
                all.insert(name.clone(), value);
            }
        }
        Ok(all)
    }

    fn scope<'a>(&'a self, runtime: Option<&'a dyn Runtime>, spent: &'a Cell<usize>) -> Scope<'a> {
        let mut scope = Scope::new(&self.facts, &self.parameters, &self.variables, spent);
        scope.own = &self.own;
        scope.definitions = &self.definitions;
        scope.named = &self.named;
        scope.runtime = runtime;
        scope
    }

    fn evaluate_body(&self, scope: &Scope<'_>, source: &Unrolled) -> Result<Value, Stop> {
        let mut body = Map::new();
        let members = source.source.as_object().into_iter().flatten();
        for (name, value) in members {
            if !NOT_BODY.iter().any(|not| not.eq_ignore_ascii_case(name)) {
                body.insert(name.clone(), value.clone());
            }
        }
        let mut body = Value::Object(body);
        // A nested template that is worked out within itself goes as it is.
        let kept = match source.kind.eq_ignore_ascii_case(DEPLOYMENTS) && is_inner(&body) {
            true => body
                .get_mut("properties")
                .and_then(Value::as_object_mut)
                .and_then(|properties| properties.remove("template")),
            false => None,
        };
        scope.loops.replace(source.loops.clone());
        let result = scope.evaluate(&body);
        scope.loops.take();
        let mut result = result?;
        let most = match source.kind.eq_ignore_ascii_case(DEPLOYMENTS) {
            true => MOST_TEMPLATE_BYTES,
            false => MOST_RESOURCE_BYTES,
        };
        if size(&result, 0).is_none_or(|bytes| bytes > most) {
            return wrong(format!(
                "The definition of the resource is larger than '{most}' bytes."
            ));
        }
        if let Some(kept) = kept {
            result["properties"]["template"] = kept;
        }
        Ok(result)
    }

    fn output(&self, scope: &Scope<'_>, name: &str, output: &Value) -> Result<Option<Value>, Stop> {
        if let Some(condition) = member(output, "condition")
            && scope.evaluate(condition)? == Value::Bool(false)
        {
            return Ok(None);
        }
        let value = match (member(output, "copy"), output.get("value")) {
            (Some(copy), _) => {
                let count = copies::count(scope, copy)?;
                copies::repeat(scope, name, count, &copy["input"])?
            }
            (None, Some(value)) => scope.evaluate(value)?,
            (None, None) => {
                return Err(Stop::Wrong(format!(
                    "The template output '{name}' has no value."
                )));
            }
        };
        if value.is_null() && types::is_nullable(output, &self.definitions) {
            return Ok(None);
        }
        let kind = types::kind(name, output, &self.definitions);
        let kind = kind.map_err(|error| Stop::Wrong(error.message))?;
        if !types::is_of(kind, &value) {
            return Err(Stop::Wrong(format!(
                "The template output '{name}' is not valid: Template output JToken type is not valid. Expected '{kind}'. Actual '{}'. Please see https://aka.ms/arm-syntax-outputs for usage details.",
                types::actual(&value)
            )));
        }
        types::fits(name, output, &self.definitions, &value)
            .map_err(|error| Stop::Wrong(error.message))?;
        Ok(Some(match kind.starts_with("Secure") {
            true => json!({ "type": kind }),
            false => json!({ "type": kind, "value": value }),
        }))
    }
}

fn is_inner(body: &Value) -> bool {
    let options = member(body, "properties")
        .and_then(|properties| member(properties, "expressionEvaluationOptions"));
    let scope = options.and_then(|options| member(options, "scope")?.as_str());
    scope.is_some_and(|scope| scope.eq_ignore_ascii_case("inner"))
}

fn section(template: &Value, name: &str) -> Result<Map<String, Value>, TemplateError> {
    match member(template, name) {
        None => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members.clone()),
        Some(_) => Err(unread(format!(
            "Error converting '{name}' to an object. Path '{name}'."
        ))),
    }
}

fn well_formed(template: &Value) -> Result<(), TemplateError> {
    let Value::Object(members) = template else {
        return Err(unread("The template is not an object.".to_owned()));
    };
    for name in ["$schema", "contentVersion", "resources"] {
        if member(template, name).is_none() {
            return Err(unread(format!(
                "Required property '{name}' not found in JSON. Path ''."
            )));
        }
    }
    for name in members.keys() {
        if !SECTIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
        {
            return Err(unread(format!(
                "Could not find member '{name}' on object of type 'Template'. Path '{name}'."
            )));
        }
    }
    let symbolic = match member(template, "languageVersion").and_then(Value::as_str) {
        None | Some("1.0" | "1.1-experimental" | "1.9-experimental" | "1.10-experimental") => false,
        Some("2.0" | "2.1-experimental" | "2.2-experimental") => true,
        Some(other) => {
            return Err(unread(format!(
                "The language version '{other}' is not valid. The supported versions are '1.0, 2.0'."
            )));
        }
    };
    match (member(template, "resources"), symbolic) {
        (Some(Value::Object(_)), true) | (Some(Value::Array(_)), false) => Ok(()),
        (Some(Value::Object(_)), false) => Err(unread(
            "The resources have symbolic names, and 'languageVersion' is not '2.0'. Path 'resources'."
                .to_owned(),
        )),
        _ => Err(unread(
            "The 'resources' are neither an array nor, with languageVersion 2.0, an object. Path 'resources'."
                .to_owned(),
        )),
    }
}

fn unread(reason: String) -> TemplateError {
    TemplateError {
        code: "InvalidTemplate",
        message: format!("Deployment template parse failed: '{reason}'."),
    }
}

fn unique(sources: &[Unrolled]) -> Result<(), TemplateError> {
    let mut seen = std::collections::BTreeSet::new();
    for source in sources {
        // Two of which only one is meant, by their conditions, may have one name.
        if source.enabled && !source.existing && !seen.insert(source.id.to_lowercase()) {
            return Err(TemplateError::validation(format!(
                "The resource '{}' at line '1' and column '1' is defined multiple times in a template. Please see https://aka.ms/arm-syntax-resources for usage details.",
                source.id
            )));
        }
    }
    Ok(())
}
