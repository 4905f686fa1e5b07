//! What is different between a resource and what it would be, in the words of what-if.

use serde_json::{Value, json};

/// Members that say how a resource came to be what it is, and not what it is.
const NOISE: [&str; 3] = ["etag", "provisioningState", "systemData"];

/// Takes away what is new every time.
pub(super) fn quieten(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !NOISE.contains(&name.as_str()));
            members.values_mut().for_each(quieten);
        }
        Value::Array(items) => items.iter_mut().for_each(quieten),
        _ => {}
    }
}

/// The differences, each at its path. Those in an array are the array's children.
pub(super) fn between(before: &Value, after: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    found
}

fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<Value>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                let path = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                match (old.get(name), new.get(name)) {
                    (Some(before), Some(after)) => compare(&path, before, after, found),
                    (before, after) => found.push(one(&path, before, after)),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            let mut children = Vec::new();
            for at in 0..old.len().max(new.len()) {
                match (old.get(at), new.get(at)) {
                    (Some(before), Some(after)) => {
                        let mut inner = Vec::new();
                        compare("", before, after, &mut inner);
                        match (before, inner.is_empty()) {
                            (_, true) => {}
                            (Value::Object(_), false) => children.push(json!({
                                "path": at.to_string(),
                                "propertyChangeType": "Modify",
                                "children": inner,
                            })),
                            _ => children.push(one(&at.to_string(), Some(before), Some(after))),
                        }
                    }
                    (before, after) => children.push(one(&at.to_string(), before, after)),
                }
            }
            found.push(json!({
                "path": path,
                "propertyChangeType": "Array",
                "children": children,
            }));
        }
        (before, after) => found.push(one(path, Some(before), Some(after))),
    }
}

fn one(path: &str, before: Option<&Value>, after: Option<&Value>) -> Value {
    let word = match (before, after) {
        (None, _) => "Create",
        (_, None) => "Delete",
        _ => "Modify",
    };
    let mut found = json!({ "path": path, "propertyChangeType": word });
    if let Some(before) = before {
        found["before"] = before.clone();
    }
    if let Some(after) = after {
        found["after"] = after.clone();
    }
    found
}
