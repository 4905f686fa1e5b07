//! Strategies for requests to Azure Resource Manager: good ones, and bodies that are wrong in one place.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::action::{Pair, database_name, group_name};
use crate::topology::Plan;

/// A request to ARM about a link. Paths begin below the managed instance's id.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmRequest {
    /// GET, PUT, PATCH, POST or DELETE.
    pub method: &'static str,
    /// Which managed instance.
    pub instance: u8,
    /// What follows the instance's id, such as `/distributedAvailabilityGroups/DAG`.
    pub path: String,
    /// The body.
    pub body: Option<Value>,
    /// Whether something in it is wrong, so that it must be refused with a status of 4xx.
    pub broken: bool,
}

/// The body of a PUT of a link.
pub fn link_body(pair: Pair, from_instance: bool, two_way: bool) -> Value {
    json!({ "properties": {
        "instanceLinkRole": if from_instance { "Primary" } else { "Secondary" },
        "instanceAvailabilityGroupName": pair.instance_group(),
        "partnerAvailabilityGroupName": group_name(pair.database),
        "partnerEndpoint": format!("TCP://10.0.0.{}:5022", 4 + pair.server()),
        "failoverMode": if two_way { "Manual" } else { "None" },
        "seedingMode": "Automatic",
        "databases": [{ "databaseName": database_name(pair.database) }],
    }})
}

/// Any request about links of a plan.
pub fn request(plan: &Plan) -> BoxedStrategy<ArmRequest> {
    let pair = crate::action::pair(plan);
    (pair, 0..9_u8, any::<bool>(), any::<bool>())
        .prop_flat_map(|(pair, which, flag, other)| {
            let good = good(pair, which, flag, other);
            let wrong = good.body.as_ref().map_or(0, members);
            (Just(good), 0..(wrong + 4))
        })
        .prop_map(|(good, at)| break_member(good, at))
        .boxed()
}

fn good(pair: Pair, which: u8, flag: bool, other: bool) -> ArmRequest {
    let link = format!("/distributedAvailabilityGroups/{}", pair.link());
    let (method, path, body) = match which {
        0 | 1 => ("PUT", link, Some(link_body(pair, flag, other))),
        2 => {
            let mode = if flag { "Sync" } else { "Async" };
            (
                "PATCH",
                link,
                Some(json!({ "properties": { "replicationMode": mode } })),
            )
        }
        3 => {
            let kind = if flag {
                "ForcedAllowDataLoss"
            } else {
                "Planned"
            };
            (
                "POST",
                link + "/failover",
                Some(json!({ "failoverType": kind })),
            )
        }
        4 => {
            let role = if flag { "Primary" } else { "Secondary" };
            let kind = if other { "Forced" } else { "Planned" };
            let body = json!({ "instanceRole": role, "roleChangeType": kind });
            ("POST", link + "/setRole", Some(body))
        }
        5 => ("DELETE", link, None),
        6 => ("GET", "/distributedAvailabilityGroups".to_owned(), None),
        _ => ("GET", link, None),
    };
    ArmRequest {
        method,
        instance: pair.instance,
        path,
        body,
        broken: false,
    }
}

/// Members with a text that is one of a few words, or that must be there.
const STRICT: [&str; 6] = [
    "instanceLinkRole",
    "partnerEndpoint",
    "replicationMode",
    "failoverType",
    "instanceRole",
    "roleChangeType",
];

fn members(body: &Value) -> usize {
    strict_members(body).len()
}

fn strict_members(body: &Value) -> Vec<&'static str> {
    let inner = body.get("properties").unwrap_or(body);
    STRICT
        .into_iter()
        .filter(|name| inner.get(name).is_some())
        .collect()
}

/// Puts a word where it does not belong; from the number of members on, nothing is broken.
fn break_member(mut request: ArmRequest, at: usize) -> ArmRequest {
    let Some(body) = &mut request.body else {
        return request;
    };
    let Some(name) = strict_members(body).get(at).copied() else {
        return request;
    };
    let inner = match body.get_mut("properties") {
        Some(inner) => inner,
        None => body,
    };
    if let Some(member) = inner.get_mut(name) {
        *member = Value::from("?");
        request.broken = true;
    }
    request
}
