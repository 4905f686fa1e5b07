//! Long-running operations on the wire (`arm-contract.md` section 2).

use axum::http::{Method, StatusCode};
use milink_core::ids::OperationId;
use milink_core::operation::{Operation, OperationState};
use milink_model::{AcceptedOperation, OperationStatus};
use uuid::Uuid;

use super::answer::Answer;
use super::call::Call;
use super::error::{ArmError, of_operation};
use super::path::ResourcePath;
use super::{faults, path, route};

/// How long clients are to wait between polls, in seconds.
const RETRY_AFTER: &str = "1";
/// The same in milliseconds, where the next poll makes the time jump: Azure's SDKs know the header (Azure SDK design
/// guidelines), az only reads the other one.
const RETRY_AFTER_MS: (&str, &str) = ("x-ms-retry-after-ms", "1");
const COMPUTE: &str = "Microsoft.Compute";
/// What `/_milink/explain/{id}` knows more about.
pub(super) const EXPLAIN: &str = "x-milink-explain";

/// Microsoft.Sql accepts a request: 202, both headers, a small body.
pub(super) fn accepted(call: &Call<'_>, id: OperationId) -> Result<Answer, ArmError> {
    let operation = find(call, id)?;
    let scope = format!(
        "{}/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Sql/locations/{}/{}",
        call.base,
        call.subscription,
        operation.resource.resource_group,
        operation.resource.location,
        operation.stem,
    );
    let version = call.version.as_str();
    let answer = Answer::json(StatusCode::ACCEPTED, &accepted_body(&operation))
        .with_header(
            "azure-asyncoperation",
            format!("{scope}AzureAsyncOperation/{id}?api-version={version}"),
        )
        .with_header(
            "location",
            format!("{scope}OperationResults/{id}?api-version={version}"),
        );
    Ok(with_pause(call, answer))
}

/// Says how long to wait before the next poll.
pub(super) fn with_pause(call: &Call<'_>, answer: Answer) -> Answer {
    let answer = answer.with_header("retry-after", RETRY_AFTER);
    match call.arm.worlds.would_jump(call.subscription) {
        true => answer.with_header(RETRY_AFTER_MS.0, RETRY_AFTER_MS.1),
        false => answer,
    }
}

/// The headers that Microsoft.Network and Microsoft.Compute put on an answer that has the resource in it.
pub(super) fn network(
    call: &Call<'_>,
    answer: Answer,
    id: OperationId,
) -> Result<Answer, ArmError> {
    let operation = find(call, id)?;
    let provider = match is_of(call, COMPUTE) {
        true => COMPUTE,
        false => "Microsoft.Network",
    };
    let scope = format!(
        "{}/subscriptions/{}/providers/{provider}/locations/{}",
        call.base, call.subscription, operation.resource.location,
    );
    let version = call.version.as_str();
    let answer = answer.with_header(
        "azure-asyncoperation",
        format!("{scope}/operations/{id}?api-version={version}"),
    );
    let answer = with_pause(call, answer);
    if answer.status == StatusCode::ACCEPTED {
        return Ok(answer.with_header(
            "location",
            format!("{scope}/operationResults/{id}?api-version={version}"),
        ));
    }
    Ok(answer)
}

/// A resource group's deletion: `Location` only.
pub(super) fn group_deletion(call: &Call<'_>, id: OperationId) -> Answer {
    let (base, subscription, version) = (&call.base, call.subscription, call.version.as_str());
    let answer = Answer::empty(StatusCode::ACCEPTED).with_header(
        "location",
        format!("{base}/subscriptions/{subscription}/operationresults/{id}?api-version={version}"),
    );
    with_pause(call, answer)
}

/// Something of an integration runtime takes its time: `Location` only, under the runtime (`arm-contract.md` section 2.7;
/// the path is a guess).
pub(super) fn of_data_factory(call: &Call<'_>, id: OperationId) -> Answer {
    let (base, group, version) = (&call.base, call.path.group_name(), call.version.as_str());
    let tail = format!(
        "Microsoft.DataFactory/factories/{}/integrationruntimes/{}/operationresults/{id}",
        call.path.name(0),
        call.path.name(1),
    );
    let location = call.id_in_group(group, &tail);
    let answer = Answer::empty(StatusCode::ACCEPTED).with_header(
        "location",
        format!("{base}{location}?api-version={version}"),
    );
    with_pause(call, answer)
}

/// The same again while it runs; none once it is over.
pub(super) fn running_in_data_factory(
    call: &Call<'_>,
    id: &str,
) -> Result<Option<Answer>, ArmError> {
    let operation = polled(call, id)?;
    if operation.stem != "integrationRuntimes" {
        return Err(not_found(id));
    }
    match &operation.state {
        OperationState::InProgress => Ok(Some(of_data_factory(call, operation.id))),
        OperationState::Succeeded { .. } => Ok(None),
        OperationState::Failed { error, .. } => {
            Err(of_operation(error).with_header(EXPLAIN, operation.id.to_string()))
        }
        OperationState::Canceled { .. } => Err(canceled()),
    }
}

/// Whether a type under `locations` is one of operations: `…AzureAsyncOperation`, `…OperationResults`, and the network's.
pub(super) fn is_poll(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    let stem = kind.strip_prefix("locations/").unwrap_or_default();
    stem.ends_with("azureasyncoperation")
        || stem.ends_with("operationresults")
        || stem == "operations"
}

/// Whether a type is that of operations' ends, which anybody may ask for who knows where (guess).
pub(super) fn is_status(kind: &super::registry::ResourceType) -> bool {
    kind.name.ends_with("/operationStatuses")
}

/// Polls an operation by one of its two URLs.
pub(super) fn poll(call: &Call<'_>) -> Result<Answer, ArmError> {
    if call.method != Method::GET {
        return Err(ArmError::method_not_allowed(&["GET"]));
    }
    let kind = call.path.type_name().to_ascii_lowercase();
    let results = kind.ends_with("operationresults");
    let operation = polled(call, call.path.name(1))?;
    let stem = kind.trim_start_matches("locations/");
    let is_network = is_of(call, "Microsoft.Network") || is_of(call, COMPUTE);
    let stem = stem
        .trim_end_matches("azureasyncoperation")
        .trim_end_matches("operationresults");
    if !is_network && !operation.stem.eq_ignore_ascii_case(stem) {
        return Err(not_found(call.path.name(1)));
    }
    if results {
        result(call, &operation)
    } else {
        Ok(status(call, &operation, is_network))
    }
}

/// Whether the path is of a provider.
fn is_of(call: &Call<'_>, provider: &str) -> bool {
    let namespace = call.path.namespace.as_deref();
    namespace.is_some_and(|namespace| namespace.eq_ignore_ascii_case(provider))
}

/// Polls the deletion of a resource group.
pub(super) fn poll_group_deletion(call: &Call<'_>, id: &str) -> Result<Answer, ArmError> {
    let operation = polled(call, id)?;
    match &operation.state {
        OperationState::InProgress => Ok(group_deletion(call, operation.id)),
        OperationState::Succeeded { .. } | OperationState::Canceled { .. } => {
            Ok(Answer::empty(StatusCode::OK))
        }
        OperationState::Failed { error, .. } => {
            Err(of_operation(error).with_header(EXPLAIN, operation.id.to_string()))
        }
    }
}

/// The word of an operation's state.
pub(super) fn state_word(state: &OperationState) -> &'static str {
    match state {
        OperationState::InProgress => "InProgress",
        OperationState::Succeeded { .. } => "Succeeded",
        OperationState::Failed { .. } => "Failed",
        OperationState::Canceled { .. } => "Canceled",
    }
}

fn status(call: &Call<'_>, operation: &Operation, is_network: bool) -> Answer {
    let error = match &operation.state {
        OperationState::Failed { error, .. } => Some(of_operation(error).detail().clone()),
        OperationState::Canceled { .. } => Some(canceled().detail().clone()),
        OperationState::InProgress | OperationState::Succeeded { .. } => None,
    };
    let status = OperationStatus {
        name: (!is_network).then(|| operation.id.to_string()),
        status: state_word(&operation.state).to_owned(),
        start_time: (!is_network).then(|| operation.started.to_arm_text()),
        error,
    };
    let answer = Answer::ok(&status).with_header(EXPLAIN, operation.id.to_string());
    match operation.state {
        OperationState::InProgress => with_pause(call, answer),
        _ => answer,
    }
}

fn result(call: &Call<'_>, operation: &Operation) -> Result<Answer, ArmError> {
    match &operation.state {
        OperationState::InProgress if operation.stem == "operations" => {
            network(call, Answer::empty(StatusCode::ACCEPTED), operation.id)
        }
        OperationState::InProgress => accepted(call, operation.id),
        OperationState::Failed { error, .. } => {
            Err(of_operation(error).with_header(EXPLAIN, operation.id.to_string()))
        }
        OperationState::Canceled { .. } => Err(canceled()),
        OperationState::Succeeded {
            has_result: false, ..
        } => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        OperationState::Succeeded {
            has_result: true, ..
        } => {
            let resource = &operation.resource;
            let raw_path = call.id_in_group(&resource.resource_group, &resource.path);
            let segments = path::segments(&raw_path).unwrap_or_default();
            let get = Call {
                arm: call.arm,
                incoming: call.incoming,
                base: call.base.clone(),
                caller: call.caller,
                method: Method::GET,
                path: ResourcePath::parse(segments.get(1..).unwrap_or_default())
                    .unwrap_or_default(),
                raw_path,
                queries: call.queries,
                version: call.version.clone(),
                subscription: call.subscription,
                stale: None,
            };
            route::resource(&get)
        }
    }
}

/// The operation, after a clock that jumps has jumped if it is running.
fn polled(call: &Call<'_>, id: &str) -> Result<Operation, ArmError> {
    let parsed = Uuid::parse_str(id).map_err(|_| not_found(id))?;
    let get = || {
        call.read(|world| {
            world
                .operation(OperationId(parsed))
                .map(|found| Operation::clone(found))
        })
    };
    let mut operation = get().ok_or_else(|| not_found(id))?;
    if operation.state == OperationState::InProgress {
        call.arm.worlds.poll_jump(call.subscription);
        operation = get().ok_or_else(|| not_found(id))?;
    }
    faults::polled(call, operation).ok_or_else(|| not_found(id))
}

/// An operation that has just been started; the world may have been reset since.
fn find(call: &Call<'_>, id: OperationId) -> Result<Operation, ArmError> {
    let found = call.read(|world| world.operation(id).map(|found| Operation::clone(found)));
    found.ok_or_else(|| not_found(&id.to_string()))
}

fn accepted_body(operation: &Operation) -> AcceptedOperation {
    AcceptedOperation {
        operation: operation.word.to_owned(),
        start_time: operation.started.to_arm_text(),
    }
}

fn not_found(id: &str) -> ArmError {
    let message = format!("The operation with Id: '{id}' does not exist.");
    ArmError::service(StatusCode::NOT_FOUND, "OperationIdNotFound", message)
}

fn canceled() -> ArmError {
    ArmError::service(
        StatusCode::CONFLICT,
        "OperationCancelled",
        "The operation has been cancelled by user.",
    )
}
