//! Requests that no tool sends: what is refused changes no world, and nothing makes one that is not asked for.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, Uri};
use milink_core::invariants;
use proptest::prelude::*;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::Emulator;
use crate::clock::ClockMode;
use crate::hub::DEFAULT_WORLD;

/// How long an answer may take that nobody has to wait for.
const PATIENCE: Duration = Duration::from_secs(60);

const GOOD: &[&str] = &[
    "GET /\n",
    "GET /info\n",
    "GET /metrics\n",
    "GET /worlds/default/state\n",
    "GET /worlds/default/calls\n",
    "PUT /worlds/default/calls\n{\"record\":true,\"strike\":[1]}",
    "POST /worlds\n{\"name\":\"w\",\"empty\":true,\"ports\":\"shared\",\"seed\":7,\"clock\":\"manual\",\"durations\":\"fast\"}",
    "POST /worlds\n{\"name\":\"w\",\"from\":\"default\",\"ports\":\"shared\",\"subscriptionId\":\"11111111-2222-3333-4444-555555555555\"}",
    "POST /worlds\n{\"name\":\"w\",\"topology\":\"[[sql_server]]\\nname = 'a'\",\"ports\":\"shared\"}",
    "DELETE /worlds/w\n",
    "GET /clock?world=default\n",
    "PUT /clock\n{\"mode\":\"scaled=60\"}",
    "POST /clock/advance\n{\"seconds\":90.5}",
    "POST /clock/advance\n{\"by\":\"1h 30min\"}",
    "POST /clock/advance\n{\"to\":\"2026-03-01T12:00:00Z\"}",
    "POST /clock/advance\n{\"untilQuiet\":true}",
    "PUT /transitions\n{\"profile\":\"azure\",\"durations\":{\"link-connect\":\"uniform(1s..90s)\",\"redo\":\"20ms\"},\"seedingBytesPerSecond\":1000}",
    "POST /transitions/link-connect/step\n",
    "POST /servers/sqlmi1/rotate-certificate\n",
    "GET /journal?after=3&limit=10\n",
    "GET /explain?limit=3\n",
    "GET /worlds/default/doctor?server=sqlserver1&instance=sqlmi1&database=db1\n",
    "PUT /servers/sqlserver1\n{\"hadr\":false}",
    "POST /servers/sqlserver1/restart\n",
    "POST /snapshot/s\n",
    "POST /snapshot/s/restore\n",
    "POST /reset\n",
    "POST /faults\n{\"point\":\"arm.slow\",\"match\":{\"method\":\"GET\"},\"verdict\":{\"delay\":\"1ms\"},\"when\":{\"nth\":2,\"times\":3,\"probability\":0.5}}",
    "POST /faults\n{\"point\":\"network.latency\",\"match\":{\"instance\":\"sqlmi1\"},\"verdict\":{\"delay\":\"200ms\"},\"when\":{\"for\":\"1h\"}}",
    "GET /faults/points/arm.slow\n",
    "DELETE /faults/7\n",
    "PUT /principals/p\n{\"clientId\":\"00000000-0000-0000-0000-000000000001\",\"secret\":\"s\",\"role\":\"Reader\",\"scope\":\"/\"}",
    "PUT /trust\n{\"lingering\":true}",
    "POST /net/evaluate\n{\"from\":\"internet\",\"host\":\"10.0.0.4\",\"port\":1433,\"validates\":true,\"silentSeconds\":300}",
    "POST /net/resolve\n{\"from\":\"mi:sqlmi1\",\"host\":\"sqlserver1.contoso.local\"}",
    "GET /net/drawing?format=svg&from=internet&host=10.0.0.4&port=1433\n",
    "GET /net/hosts?from=internet&addresses=model\n",
    "POST /net/dns-query?from=internet\nabc",
    "POST /net/probe-clock/advance\n{\"seconds\":5}",
    "POST /net/vm/x/iptables\n{\"rules\":[\"iptables -t nat -A PREROUTING -p tcp --dport 1433 -j DNAT --to-destination 10.0.0.4:1433\"]}",
    "POST /net/mi/sqlmi1/change-ip\n{\"address\":\"10.1.0.200\"}",
];

const WORDS: &[&str] = &[
    "null",
    "true",
    "-1",
    "1e400",
    "1e10",
    "18446744073709551615",
    "0.1",
    "{}",
    "[]",
    "\"\"",
    "\"x\"",
    "world=nowhere",
    "default",
    "sqlserver1",
    "sqlmi1",
    "db1",
    "%00",
    "%2F",
    "..",
    "?",
    "&",
    "/worlds",
    "/clock/advance",
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "99999999h",
    "-5min",
    "9999-12-31T23:59:59Z",
    "-009999-01-01T00:00:00Z",
    "scaled=0",
    "scaled=1e300",
    "scaled=nan",
    "auto",
    "stepped",
    "polls(0)",
    "normal(1s~-1s)",
    "exponential(1000000h)",
    "internet",
    "vm:x",
    "mi:sqlmi1",
];

#[test]
fn requests_are_answered_or_refused() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let emulator = Emulator::builder().clock(ClockMode::Manual).start();
    let emulator = runtime.block_on(emulator).expect("it starts");
    let shared = emulator.shared();
    let cell = emulator.world();
    let base = cell.snapshot();
    let router = super::router(std::sync::Arc::clone(shared));
    let requests = prop::sample::select(GOOD).prop_map(str::to_owned);
    milink_hostile::text("control", 300, requests, WORDS, |text| {
        let (head, body) = text.split_once('\n').unwrap_or((text, ""));
        let (method, path) = head.split_once(' ').unwrap_or((head, "/"));
        let (Ok(method), Ok(uri)) = (
            Method::from_bytes(method.as_bytes()),
            format!("/_milink{path}").parse::<Uri>(),
        ) else {
            return;
        };
        // These wait until something happens: they are asked for that.
        if uri
            .query()
            .is_some_and(|query| query.contains("after") || query.contains("settle"))
        {
            return;
        }
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .body(Body::from(body.to_owned()));
        let before = shared.fingerprints();
        let (status, answer) = runtime.block_on(async {
            let answer = router.clone().oneshot(request.expect("a request"));
            let answer = tokio::time::timeout(PATIENCE, answer)
                .await
                .expect("it is answered in time");
            let (parts, body) = answer.expect("a router does not fail").into_parts();
            let bytes = axum::body::to_bytes(body, usize::MAX)
                .await
                .expect("a body");
            (parts.status, bytes)
        });
        // Too many worlds (507) are not reached here.
        assert!(
            !status.is_server_error(),
            "{status}: {}",
            String::from_utf8_lossy(&answer)
        );
        if status.is_client_error() {
            let told: Value = serde_json::from_slice(&answer).unwrap_or_default();
            let words = told["error"]["message"].as_str().unwrap_or_default();
            assert!(!words.is_empty() || answer.is_empty(), "{status}: {told}");
            assert_eq!(shared.fingerprints(), before, "{status}: {told}");
        }
        for cell in shared.hub.worlds() {
            assert_eq!(invariants::check(&cell.snapshot()), Ok(()));
            if cell.name() != DEFAULT_WORLD {
                shared.drop_world(cell.name()).expect("it is there");
            }
        }
        cell.set_clock_mode(ClockMode::Manual);
        cell.reset();
        cell.change(|world, _| *world = base.clone());
    });
}
