//! Lists of a group's resources, for those who need all of them.

use axum::http::Method;
use serde_json::Value;

use crate::arm::call::Call;
use crate::arm::path::ResourcePath;
use crate::arm::registry::ResourceType;
use crate::arm::template::interleave;
use crate::arm::version::ApiVersion;

/// Everything of a type in the call's group, or below a parent there, as its list answers it, page by page. What cannot be
/// listed is not there.
pub(super) fn all(call: &Call<'_>, kind: &ResourceType, parent: &str, version: &str) -> Vec<Value> {
    let tail = interleave(&kind.full_name(), parent);
    let path = call.id_in_group(call.path.group_name(), tail.trim_end_matches('/'));
    let segments: Vec<String> = path.split('/').skip(2).map(str::to_owned).collect();
    let (Some(list), Some(parsed), Some(version)) = (
        kind.list,
        ResourcePath::parse(&segments),
        ApiVersion::parse(version),
    ) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    let mut queries = Vec::new();
    loop {
        let asked = Call {
            queries: &queries,
            version: version.clone(),
            ..call.to(Method::GET, parsed.clone(), path.clone())
        };
        let Ok(answer) = list(&asked) else {
            return rows;
        };
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        rows.extend(body["value"].as_array().cloned().unwrap_or_default());
        let next = body["nextLink"].as_str().unwrap_or_default();
        let mut parts = next.split(['?', '&']);
        let token = parts.find_map(|part| part.strip_prefix("%24skipToken="));
        let Some(token) = token else {
            return rows;
        };
        queries = vec![("$skiptoken".to_owned(), token.to_owned())];
    }
}
