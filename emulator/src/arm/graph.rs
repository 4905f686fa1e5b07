//! As much of Microsoft Graph as clients of Resource Manager ask for: whom a name or an id stands for.
//!
//! The directory is what there is anyway: the one user, the service principal that owns everything, and those that
//! worlds add. Nothing is written here. Paths and filters are those that az 2.91 sends for role assignments.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::authentication::authenticate;
use super::body::Body;
use super::call::query;
use super::error::ArmError;
use super::path::form_pairs;
use super::{Arm, Incoming, entra};

/// How many ids can be asked for at once (documented for `getByIds`).
const MOST_IDS: usize = 1_000;

/// Somebody in the directory.
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) who: Who,
}

/// What they are.
pub(super) enum Who {
    User { principal_name: String },
    Application { id: String },
}

/// Answers a request to Graph; none if the path is not one of its.
pub(super) fn answer(
    arm: &Arm,
    request: &Incoming,
    segments: &[String],
) -> Option<Result<Answer, ArmError>> {
    let (version, rest) = segments.split_first()?;
    let is_graph = ["v1.0", "beta"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(version));
    is_graph.then(|| {
        authenticate(arm, request)?;
        asked(arm, request, rest)
    })
}

fn asked(arm: &Arm, request: &Incoming, segments: &[String]) -> Result<Answer, ArmError> {
    let words: Vec<String> = segments
        .iter()
        .map(|one| one.to_ascii_lowercase())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let queries = form_pairs(&request.query);
    let filter = query(&queries, "$filter");
    let all = entra::directory(arm);
    let found = match (&request.method, words.as_slice()) {
        (&Method::GET, ["me"]) => all.iter().find(|one| one.is_user()),
        (&Method::GET, [kind @ ("users" | "serviceprincipals")]) => {
            let of_kind = all.iter().filter(|one| one.is_user() == (*kind == "users"));
            return listed(of_kind, filter);
        }
        (&Method::GET, ["groups"]) => return listed(std::iter::empty(), filter),
        (&Method::GET, ["users", wanted]) => all
            .iter()
            .find(|one| one.is_user() && (one.has_id(wanted) || one.answers_to(wanted))),
        (&Method::GET, ["serviceprincipals", wanted]) => {
            all.iter().find(|one| !one.is_user() && one.has_id(wanted))
        }
        (&Method::GET, ["directoryobjects", wanted]) => all.iter().find(|one| one.has_id(wanted)),
        (&Method::POST, ["directoryobjects", "getbyids"]) => {
            let body = Body::parse(&request.body)?;
            let ids = body.object()?.value("ids").and_then(Value::as_array);
            let ids: Vec<&str> = ids
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            if ids.len() > MOST_IDS {
                return Err(bad(format!(
                    "At most {MOST_IDS} ids can be asked for at once."
                )));
            }
            let rows = all.iter().filter(|one| ids.iter().any(|id| one.has_id(id)));
            return listed(rows, None);
        }
        _ => {
            return Err(ArmError::not_emulated(&format!(
                "'{} {}' of Microsoft Graph",
                request.method, request.path
            )));
        }
    };
    found.map(|one| Answer::ok(&one.shown())).ok_or_else(|| {
        let wanted = segments.last().map_or("", String::as_str);
        ArmError::service(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            format!(
                "Resource '{wanted}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    })
}

fn listed<'a>(
    all: impl Iterator<Item = &'a Entry>,
    filter: Option<&str>,
) -> Result<Answer, ArmError> {
    let wanted = filter.map(Filter::parse).transpose()?;
    let rows = all.filter(|one| wanted.as_ref().is_none_or(|wanted| wanted.lets(one)));
    let rows: Vec<Value> = rows.map(Entry::shown).collect();
    Ok(Answer::ok(&json!({ "value": rows })))
}

/// One comparison.
struct Filter {
    property: String,
    value: String,
}

impl Filter {
    fn parse(text: &str) -> Result<Self, ArmError> {
        let text = text.trim();
        // `servicePrincipalNames/any(c:c eq 'x')`
        let plain = text
            .strip_prefix("servicePrincipalNames/any(c:c ")
            .and_then(|rest| rest.strip_suffix(')'))
            .map(|rest| format!("servicePrincipalNames {rest}"));
        let plain = plain.as_deref().unwrap_or(text);
        let parts = plain.split_once(" eq ").and_then(|(property, value)| {
            let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            let known = [
                "id",
                "displayName",
                "appId",
                "userPrincipalName",
                "servicePrincipalNames",
            ];
            let known = known.iter().find(|known| **known == property.trim())?;
            Some(Self {
                property: (*known).to_owned(),
                value: value.replace("''", "'"),
            })
        });
        parts.ok_or_else(|| bad(format!("Invalid filter clause: '{text}'.")))
    }

    fn lets(&self, one: &Entry) -> bool {
        match self.property.as_str() {
            "id" => one.has_id(&self.value),
            "displayName" => one.name.eq_ignore_ascii_case(&self.value),
            _ => one.answers_to(&self.value),
        }
    }
}

impl Entry {
    fn is_user(&self) -> bool {
        matches!(self.who, Who::User { .. })
    }

    fn has_id(&self, id: &str) -> bool {
        Uuid::parse_str(id).is_ok_and(|id| id == self.id)
    }

    /// By the name that they log in with.
    fn answers_to(&self, name: &str) -> bool {
        match &self.who {
            Who::User { principal_name } => principal_name.eq_ignore_ascii_case(name),
            Who::Application { id } => {
                id.eq_ignore_ascii_case(name) || format!("api://{id}").eq_ignore_ascii_case(name)
            }
        }
    }

    fn shown(&self) -> Value {
        match &self.who {
            Who::User { principal_name } => json!({
                "@odata.type": "#microsoft.graph.user",
                "id": self.id,
                "displayName": self.name,
                "userPrincipalName": principal_name,
            }),
            Who::Application { id } => json!({
                "@odata.type": "#microsoft.graph.servicePrincipal",
                "id": self.id,
                "displayName": self.name,
                "appDisplayName": self.name,
                "appId": id,
                "servicePrincipalNames": [id, format!("api://{id}")],
                "servicePrincipalType": "Application",
            }),
        }
    }
}

fn bad(message: String) -> ArmError {
    ArmError::service(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
}
