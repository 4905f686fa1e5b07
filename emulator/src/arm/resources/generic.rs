//! Lists of resources of every type, with filters: `az resource list`, and what other commands look things up with.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::Tags;
use milink_core::time::Timestamp;
use serde_json::{Value, json};

use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::{authorization, paging};

/// A `$filter`: comparisons joined by `and`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Filter {
    conditions: Vec<(String, Comparison, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
}

/// A tracked resource, as the lists show it.
struct Row {
    kind: &'static str,
    name: String,
    group: String,
    location: String,
    tags: Tags,
    state: &'static str,
    created: Option<Timestamp>,
    extra: Value,
}

/// `GET …/resources` of a subscription or a group.
pub(in crate::arm) fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let filter = call
        .query("$filter")
        .map(Filter::parse)
        .transpose()?
        .unwrap_or_default();
    let mut rows = call.read(rows);
    if let Some(group) = &call.path.group {
        rows.retain(|row| row.group.eq_ignore_ascii_case(group));
    }
    rows.retain(|row| filter.accepts(row));
    let expand = call
        .query("$expand")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let shown = rows.into_iter().map(|row| {
        let value = show(call, &row, &expand);
        (
            value["id"].as_str().unwrap_or_default().to_lowercase(),
            value,
        )
    });
    let mut shown: Vec<_> = shown.collect();
    shown.retain(|(id, row)| {
        let kind = row["type"].as_str().unwrap_or_default();
        authorization::sees(call, kind, id)
    });
    shown.sort_by(|a, b| a.0.cmp(&b.0));
    paging::page(call, shown)
}

/// What the call's group holds: types and ids.
pub(super) fn ids(call: &Call<'_>) -> Vec<(String, String)> {
    let rows = call.read(rows).into_iter();
    let rows = rows.filter(|row| row.group.eq_ignore_ascii_case(call.path.group_name()));
    rows.map(|row| {
        let id = call.id_in_group(&row.group, &format!("{}/{}", row.kind, row.name));
        (row.kind_name().to_string(), id)
    })
    .collect()
}

fn show(call: &Call<'_>, row: &Row, expand: &str) -> Value {
    let id = call.id_in_group(&row.group, &format!("{}/{}", row.kind, row.name));
    let short = row
        .name
        .rsplit_once('/')
        .map_or(row.name.as_str(), |(_, name)| name);
    // A child's name has its parent's in front, as the generic lists of the service write it.
    let name = row.name.replace("/databases/", "/");
    let name = if row.name.contains('/') {
        name
    } else {
        short.to_owned()
    };
    let mut shown =
        json!({ "id": id, "name": name, "type": row.kind_name(), "location": row.location });
    if !row.tags.is_empty() {
        shown["tags"] = json!(row.tags);
    }
    if let Value::Object(extra) = &row.extra {
        for (key, value) in extra {
            shown[key] = value.clone();
        }
    }
    if expand.contains("provisioningstate") {
        shown["provisioningState"] = json!(row.state);
    }
    if let Some(created) = row.created {
        if expand.contains("createdtime") {
            shown["createdTime"] = json!(created.to_string());
        }
        if expand.contains("changedtime") {
            shown["changedTime"] = json!(created.to_string());
        }
    }
    shown
}

fn rows(world: &World) -> Vec<Row> {
    let mut rows = Vec::new();
    for view in world.managed_instance_views() {
        let properties = view.properties;
        let state = if view.engine.is_some() {
            "Succeeded"
        } else {
            "Creating"
        };
        let row = |kind, name: String, tags: Tags, extra| Row {
            kind,
            name,
            group: properties.resource_group.to_string(),
            location: properties.location.clone(),
            tags,
            state,
            created: Some(properties.created),
            extra,
        };
        let sku = json!({ "sku": {
            "name": properties.sku.name,
            "tier": properties.sku.tier,
            "family": properties.sku.family,
            "capacity": properties.v_cores,
        } });
        rows.push(row(
            "Microsoft.Sql/managedInstances",
            view.name.to_string(),
            properties.tags.clone(),
            sku,
        ));
        let databases = view.engine.map(|engine| world.managed_databases(engine.id));
        for database in databases.unwrap_or_default() {
            let name = format!("{}/databases/{}", view.name, database.name);
            rows.push(row(
                "Microsoft.Sql/managedInstances",
                name,
                database.tags,
                json!({}),
            ));
        }
    }
    let networks = world.azure.virtual_networks.values().map(|network| Row {
        kind: "Microsoft.Network/virtualNetworks",
        name: network.name.to_string(),
        group: network.group.to_string(),
        location: network.location.clone(),
        tags: network.tags.clone(),
        state: "Succeeded",
        created: None,
        extra: json!({}),
    });
    let others = world.azure.network_resources.values().map(|resource| Row {
        kind: resource.kind.arm_type(),
        name: resource.name.to_string(),
        group: resource.group.to_string(),
        location: resource.location.clone(),
        tags: resource.tags.clone(),
        state: "Succeeded",
        created: None,
        extra: json!({}),
    });
    let fabric = world.azure.fabric.headers().map(|(kind, header)| Row {
        kind,
        name: header.name.to_string(),
        group: header.group.to_string(),
        location: header.location.clone(),
        tags: header.tags.clone(),
        state: "Succeeded",
        created: None,
        extra: json!({}),
    });
    let factories = world.azure.data_factories.values().map(|factory| Row {
        kind: milink_core::azure::data_factory::KIND,
        name: factory.key.name.to_string(),
        group: factory.key.group.to_string(),
        location: factory.location.clone(),
        tags: factory.tags.clone(),
        state: "Succeeded",
        created: Some(factory.created),
        extra: json!({}),
    });
    rows.extend(networks.chain(others).chain(fabric).chain(factories));
    rows
}

impl Row {
    fn kind_name(&self) -> String {
        if self.name.contains("/databases/") {
            format!("{}/databases", self.kind)
        } else {
            self.kind.to_owned()
        }
    }

    fn fields(&self, name: &str) -> Option<Vec<String>> {
        let last = self.name.rsplit('/').next().unwrap_or_default().to_owned();
        Some(match name {
            "resourcetype" => vec![self.kind_name()],
            "name" => vec![last, self.name.replace("/databases/", "/")],
            "location" => vec![self.location.clone()],
            "resourcegroup" => vec![self.group.clone()],
            _ => return None,
        })
    }
}

impl Filter {
    /// Reads a filter. What is not understood is refused: a list that ignored it would be wrong.
    pub(super) fn parse(text: &str) -> Result<Self, ArmError> {
        let conditions = split_and(text).into_iter().map(|part| {
            condition(part.trim()).ok_or_else(|| {
                ArmError::gateway(
                    StatusCode::BAD_REQUEST,
                    "InvalidFilterInQueryString",
                    format!("Invalid $filter '{text}' specified in the query string."),
                )
            })
        });
        Ok(Self {
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }

    /// Whether tags meet `tagName eq …` and `tagValue eq …`.
    pub(super) fn accepts_tags(&self, tags: &Tags) -> bool {
        let wanted = |name: &str| {
            self.conditions
                .iter()
                .find(|(field, _, _)| field == name)
                .map(|(_, _, value)| value)
        };
        match (wanted("tagname"), wanted("tagvalue")) {
            (None, _) => true,
            (Some(name), value) => tags.iter().any(|(tag, have)| {
                tag.eq_ignore_ascii_case(name) && value.is_none_or(|value| value == have)
            }),
        }
    }

    fn accepts(&self, row: &Row) -> bool {
        self.accepts_tags(&row.tags)
            && self.conditions.iter().all(|(field, comparison, wanted)| {
                let Some(values) = row.fields(field) else {
                    return field.starts_with("tag");
                };
                let wanted = wanted.to_lowercase();
                let any =
                    |test: &dyn Fn(&str) -> bool| values.iter().any(|v| test(&v.to_lowercase()));
                match comparison {
                    Comparison::Equal => any(&|value| value == wanted),
                    Comparison::NotEqual => !any(&|value| value == wanted),
                    Comparison::Contains => any(&|value| value.contains(&wanted)),
                    Comparison::StartsWith => any(&|value| value.starts_with(&wanted)),
                }
            })
    }
}

/// Splits at `and` outside of quotes.
fn split_and(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted) = (0, false);
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        match bytes[at] {
            b'\'' => quoted = !quoted,
            b' ' if !quoted
                && text
                    .get(at..at + 5)
                    .is_some_and(|word| word.eq_ignore_ascii_case(" and ")) =>
            {
                parts.push(&text[start..at]);
                start = at + 5;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn condition(text: &str) -> Option<(String, Comparison, String)> {
    const FIELDS: [&str; 6] = [
        "resourcetype",
        "name",
        "location",
        "resourcegroup",
        "tagname",
        "tagvalue",
    ];
    let known = |field: &str| {
        let field = field.trim().to_ascii_lowercase();
        FIELDS.contains(&field.as_str()).then_some(field)
    };
    if let Some((function, rest)) = text.split_once('(') {
        let (first, second) = rest.strip_suffix(')')?.split_once(',')?;
        return match function.trim().to_ascii_lowercase().as_str() {
            "substringof" => Some((known(second)?, Comparison::Contains, unquoted(first)?)),
            "startswith" => Some((known(first)?, Comparison::StartsWith, unquoted(second)?)),
            _ => None,
        };
    }
    let (field, rest) = text.split_once(' ')?;
    let (operator, value) = rest.trim().split_once(' ')?;
    let comparison = match operator.to_ascii_lowercase().as_str() {
        "eq" => Comparison::Equal,
        "ne" => Comparison::NotEqual,
        _ => return None,
    };
    Some((known(field)?, comparison, unquoted(value)?))
}

fn unquoted(text: &str) -> Option<String> {
    Some(
        text.trim()
            .strip_prefix('\'')?
            .strip_suffix('\'')?
            .replace("''", "'"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused() {
        for (text, count) in [
            ("resourceGroup eq 'rg' and name eq 'a and b'", Some(2)),
            ("resourceType eq 'Microsoft.Sql/managedInstances'", Some(1)),
            ("substringof('mi', name)", Some(1)),
            ("startswith(name, 'mi')", Some(1)),
            ("tagName eq 'env' and tagValue eq 'dev'", Some(2)),
            ("plan/publisher eq 'x'", None),
            ("name gt 'x'", None),
            ("name eq x", None),
        ] {
            let parsed = Filter::parse(text);
            assert_eq!(
                parsed.as_ref().ok().map(|filter| filter.conditions.len()),
                count,
                "{text}"
            );
        }
    }
}
