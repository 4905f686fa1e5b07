//! `listKeys()` and its like: what a resource says to a POST of an action whose name begins with `list`.

use serde_json::Value;

use super::Call;
use crate::arm::template::error::{Stop, wrong};
use crate::arm::template::resources::is_id;
use crate::arm::template::scope::Scope;

/// Whether a function is one of them; the name is in lower case. Which of them there are is the providers' business.
pub(super) fn is_one(folded: &str) -> bool {
    folded.len() > "list".len() && folded.starts_with("list") && !folded.contains('.')
}

/// `list…(nameOrId, api-version, [body])`.
pub(super) fn list(scope: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(2, 3)?;
    let (target, version) = (call.text(0)?, call.text(1)?);
    if scope.inside {
        return wrong(format!(
            "The template function '{}' is not expected at this location. Please see https://aka.ms/arm-functions for usage details.",
            call.name
        ));
    }
    scope.wanted.borrow_mut().push(target.to_owned());
    let Some(runtime) = scope.runtime else {
        return Err(Stop::Later);
    };
    let named = scope.named.iter().find(|named| named.is(target));
    if named.is_none() && !is_id(target) {
        return wrong(format!(
            "The template function '{}' is not valid: the resource '{target}' is not defined in the template. Please see https://aka.ms/arm-functions for usage details.",
            call.name
        ));
    }
    let id = named.map_or(target, |named| named.id.as_str());
    let body = call.arguments.get(2);
    let said = runtime.list(id, call.name, version, body);
    said.map_err(Stop::Wrong)
}
