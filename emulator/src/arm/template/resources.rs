//! The resources of a template, one by one: loops unrolled, children beside their parents, names worked out.

use std::sync::Arc;

use serde_json::Value;

use super::MOST_RESOURCES;
use super::copies::{self, Loop};
use super::error::{Stop, TemplateError};
use super::scope::Scope;

/// A resource of a template, once.
#[derive(Clone, Debug)]
pub(super) struct Unrolled {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) api_version: String,
    pub(super) location: Option<String>,
    /// Its symbolic name, where the template has such.
    pub(super) symbol: Option<String>,
    /// Whether it is only named here, and not written.
    pub(super) existing: bool,
    pub(super) enabled: bool,
    /// What `dependsOn` says.
    pub(super) depends_on: Vec<String>,
    pub(super) source: Arc<Value>,
    pub(super) loops: Vec<(String, usize)>,
    /// The loop it comes from and its place in it.
    pub(super) copy: Option<(Loop, usize)>,
}

/// Nesting of resources in resources (documented: five levels).
const DEEPEST: usize = 5;
pub(super) const DEPLOYMENTS: &str = "Microsoft.Resources/deployments";
const GROUPS: &str = "Microsoft.Resources/resourceGroups";

/// All resources of `list`, with those in them.
pub(super) fn unroll(
    scope: &Scope<'_>,
    list: &Value,
    parent: Option<&Unrolled>,
    depth: usize,
    all: &mut Vec<Unrolled>,
) -> Result<(), TemplateError> {
    let symbols: Vec<_> = match list {
        Value::Object(members) => members
            .iter()
            .map(|(symbol, item)| (Some(symbol), item))
            .collect(),
        Value::Array(items) => items.iter().map(|item| (None, item)).collect(),
        _ => Vec::new(),
    };
    if depth > DEEPEST {
        return Err(TemplateError::validation(format!(
            "The resources are nested deeper than '{DEEPEST}' levels."
        )));
    }
    let left = MOST_RESOURCES.saturating_sub(all.len());
    if symbols.len() > left {
        return Err(too_many(&(all.len() + symbols.len()).to_string()));
    }
    for (symbol, item) in symbols {
        let about = item["name"].as_str().unwrap_or_default();
        let about = format!("resource '{about}'");
        let wrong = |stop| TemplateError::of_stop(stop, &about);
        scope.spend(item).map_err(wrong)?;
        let source = Arc::new(item.clone());
        let outer = scope.loops.borrow().clone();
        let turns = match member(item, "copy") {
            None => vec![(outer.clone(), None)],
            Some(copy) => {
                let one = copies::of_resource(scope, copy).map_err(wrong)?;
                let turn = |at: usize| {
                    let mut loops = outer.clone();
                    loops.push((one.name.clone(), at));
                    (loops, Some((one.clone(), at)))
                };
                (0..one.count).map(turn).collect()
            }
        };
        for (loops, copy) in turns {
            scope.loops.replace(loops);
            let made = read(scope, &source, symbol, parent, copy);
            let made = made.and_then(|made| {
                if all.len() >= MOST_RESOURCES {
                    // How many there would be in the end is not worked out.
                    return Err(too_many("more"));
                }
                all.push(made.clone());
                match member(item, "resources") {
                    Some(inner) => unroll(scope, inner, Some(&made), depth + 1, all),
                    None => Ok(()),
                }
            });
            scope.loops.replace(outer.clone());
            made?;
        }
    }
    Ok(())
}

fn too_many(actual: &str) -> TemplateError {
    TemplateError::validation(format!(
        "The number of template resources limit exceeded. Limit: '{MOST_RESOURCES}' and actual: '{actual}'. Please see https://aka.ms/arm-limits for usage details."
    ))
}

fn read(
    scope: &Scope<'_>,
    item: &Arc<Value>,
    symbol: Option<&String>,
    parent: Option<&Unrolled>,
    copy: Option<(Loop, usize)>,
) -> Result<Unrolled, TemplateError> {
    let written = member(item, "name").and_then(Value::as_str).unwrap_or("?");
    let about = format!("resource '{written}'");
    let wrong = |stop| TemplateError::of_stop(stop, &about);
    let text = |name: &str| {
        let value = member(item, name);
        value
            .map(|value| scope.evaluate_text(value).map_err(wrong))
            .transpose()
    };
    let required = |name: &str| {
        text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| TemplateError {
            code: "InvalidTemplate",
            message: format!(
                "Deployment template parse failed: 'Required property '{name}' not found in JSON. Path 'resources', {about}.'."
            ),
        })
    };
    let existing = match (member(item, "existing"), symbol) {
        (None | Some(Value::Bool(false)), _) => false,
        (Some(Value::Bool(true)), Some(_)) => true,
        _ => {
            return Err(TemplateError::validation(format!(
                "'existing' of the {about} must be true or false, and is only where resources have symbolic names (languageVersion 2.0)."
            )));
        }
    };
    let (mut kind, mut name) = (required("type")?, required("name")?);
    if let Some(parent) = parent
        && !kind.contains('.')
    {
        kind = format!("{}/{kind}", parent.kind);
        name = format!("{}/{name}", parent.name);
    }
    let api_version = required("apiVersion")?;
    let segments = |text: &str| text.split('/').count();
    if segments(&kind) != segments(&name) + 1 {
        return Err(TemplateError::validation(format!(
            "The template resource '{name}' for type '{kind}' at line '1' and column '1' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. Please see https://aka.ms/arm-syntax-resources for usage details."
        )));
    }
    let enabled = match member(item, "condition") {
        None => parent.is_none_or(|parent| parent.enabled),
        Some(condition) => match scope.evaluate(condition).map_err(wrong)? {
            Value::Bool(enabled) => enabled && parent.is_none_or(|parent| parent.enabled),
            other => {
                return Err(TemplateError::validation(format!(
                    "The condition of the template resource '{name}' is not a boolean but '{other}'."
                )));
            }
        },
    };
    let depends_on = match member(item, "dependsOn") {
        None => Vec::new(),
        Some(written) => match scope.evaluate(written).map_err(wrong)? {
            Value::Array(items) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    other => Err(wrong(Stop::Wrong(format!(
                        "'{other}' in dependsOn is not a string."
                    )))),
                })
                .collect::<Result<_, _>>()?,
            other => {
                return Err(wrong(Stop::Wrong(format!(
                    "dependsOn is not an array but '{other}'."
                ))));
            }
        },
    };
    let id = id(
        scope,
        item,
        &kind,
        &name,
        text("scope")?,
        text("resourceGroup")?,
    );
    // A location may come from what is deployed before; it is looked at when it is there.
    let location = match member(item, "location").map(|value| scope.evaluate(value)) {
        Some(Ok(Value::String(location))) => Some(location),
        Some(Err(stop @ Stop::Wrong(_))) => return Err(wrong(stop)),
        _ => None,
    };
    if kind.eq_ignore_ascii_case(DEPLOYMENTS)
        && let Some(other) = text("subscriptionId")?
        && !other.eq_ignore_ascii_case(&scope.facts.subscription)
    {
        return Err(TemplateError::unsupported(format!(
            "A nested deployment to the other subscription '{other}'"
        )));
    }
    Ok(Unrolled {
        id,
        kind,
        name,
        api_version,
        location,
        symbol: symbol.cloned(),
        existing,
        enabled,
        depends_on,
        source: Arc::clone(item),
        loops: scope.loops.borrow().clone(),
        copy,
    })
}

fn id(
    scope: &Scope<'_>,
    item: &Value,
    kind: &str,
    name: &str,
    extends: Option<String>,
    group: Option<String>,
) -> String {
    let facts = scope.facts;
    let subscription = format!("/subscriptions/{}", facts.subscription);
    if kind.eq_ignore_ascii_case(GROUPS) {
        return format!("{subscription}/resourceGroups/{name}");
    }
    let own = facts.group.as_ref().map(|(name, ..)| name);
    let tail = interleave(kind, name);
    // A nested deployment that names a subscription and no group is one of the subscription.
    let nested = kind.eq_ignore_ascii_case(DEPLOYMENTS);
    let group = match nested {
        true if group.is_some() => group,
        true if member(item, "subscriptionId").is_some() => None,
        _ => own.cloned(),
    };
    let base = match &group {
        Some(group) => format!("{subscription}/resourceGroups/{group}"),
        None => subscription,
    };
    match extends {
        Some(id) if is_id(&id) => format!("{id}/providers/{tail}"),
        Some(relative) if relative.contains('/') => {
            format!("{base}/providers/{relative}/providers/{tail}")
        }
        _ => format!("{base}/providers/{tail}"),
    }
}

/// A member of an object by its name in any case.
pub(super) fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let members = object.as_object()?;
    let found = members.get(name).or_else(|| {
        members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    });
    found.filter(|value| !value.is_null())
}

/// `Microsoft.Network/virtualNetworks/subnets` and `vnet/a` become `Microsoft.Network/virtualNetworks/vnet/subnets/a`.
pub(in crate::arm) fn interleave(kind: &str, names: &str) -> String {
    let mut types = kind.split('/');
    let mut text = types.next().unwrap_or_default().to_owned();
    let mut names = names.split('/');
    for word in types {
        text += &format!("/{word}/{}", names.next().unwrap_or_default());
    }
    text
}

/// Whether a text is the id of a resource, and not its name.
pub(super) fn is_id(text: &str) -> bool {
    text.starts_with('/')
}

/// What `reference()` shows of a resource that is not asked for in full.
pub(super) fn properties_of(mut shown: Value) -> Value {
    match shown.get_mut("properties") {
        Some(properties) => properties.take(),
        None => shown,
    }
}
