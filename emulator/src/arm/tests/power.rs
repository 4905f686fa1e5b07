//! Stopping, starting and failing over a managed instance.

use axum::http::StatusCode;
use serde_json::json;

use super::support::{Fixture, in_group};

fn instance(tail: &str, version: &str) -> String {
    in_group(&format!("Microsoft.Sql/managedInstances/mi{tail}"), version)
}

#[tokio::test]
async fn an_instance_is_stopped_started_and_failed_over() {
    let fixture = Fixture::with_instance().await;
    // What is asked, and how it is answered; the operation's word where it is accepted.
    let steps = [
        (
            "start",
            "2022-11-01-preview",
            400,
            "ManagedInstanceNotStopped",
            "Ready",
        ),
        (
            "stop",
            "2020-11-01-preview",
            404,
            "InvalidResourceType",
            "Ready",
        ),
        (
            "stop",
            "2022-11-01-preview",
            202,
            "StopManagedInstance",
            "Stopping",
        ),
        (
            "stop",
            "2022-11-01-preview",
            400,
            "ManagedInstanceStoppingOrStopped",
            "Stopped",
        ),
        (
            "failover",
            "2023-08-01",
            409,
            "ManagedInstanceNotInStateToFailover",
            "Stopped",
        ),
        (
            "start",
            "2022-11-01-preview",
            202,
            "StartManagedInstance",
            "Starting",
        ),
        (
            "failover?replicaType=Other",
            "2023-08-01",
            400,
            "InvalidParameterValue",
            "Ready",
        ),
        (
            "failover?replicaType=ReadableSecondary",
            "2023-08-01",
            400,
            "ManagedInstanceFailoverNotSupportedOnSKU",
            "Ready",
        ),
        (
            "failover?replicaType=Primary",
            "2023-08-01",
            202,
            "FailoverManagedInstance",
            "Updating",
        ),
        (
            "failover",
            "2023-08-01",
            400,
            "ManagedInstanceFailoverThrottled",
            "Ready",
        ),
    ];
    for (action, version, status, said, state) in steps {
        let mut path = instance(
            &format!("/{}", action.split('?').next().unwrap_or(action)),
            version,
        );
        if let Some((_, query)) = action.split_once('?') {
            path = format!("{path}&{query}");
        }
        let reply = fixture.send("POST", &path, None).await;
        assert_eq!(reply.status.as_u16(), status, "{action}: {}", reply.text);
        let accepted = reply.status == StatusCode::ACCEPTED;
        let told = match accepted {
            true => reply.body["operation"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            false => reply.code().to_owned(),
        };
        assert_eq!(told, said, "{action}: {}", reply.text);
        let shown = fixture.get(&instance("", "2023-08-01")).await;
        assert_eq!(shown.body["properties"]["state"], state, "{action}");
        if accepted {
            let change = fixture
                .patch(
                    &instance("", "2023-08-01"),
                    json!({"properties": {"vCores": 8}}),
                )
                .await;
            assert_ne!(change.status, StatusCode::ACCEPTED, "{action}: it is busy");
            let done = fixture.finish(&reply).await;
            assert_eq!(done.body["status"], "Succeeded", "{action}: {}", done.text);
            // `final-state-via: location`: the resource.
            let result = fixture.get(reply.header("location")).await;
            assert_eq!(result.body["name"], "mi", "{action}: {}", result.text);
        }
    }
}
