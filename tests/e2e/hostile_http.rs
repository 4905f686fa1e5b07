//! Requests that no SDK sends get an answer of their own, and everybody else is served as before.

use std::time::Duration;

use milink_tests::Stage;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const VERSION: &str = "api-version=2023-08-01";
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_by_code() {
    let stage = Stage::start().await;
    let (http, token) = client(&stage).await;
    let url = format!(
        "{}{}/databases/x?{VERSION}",
        stage.ready().arm_url,
        stage.instance_id()
    );
    let deep = "[".repeat(100_000);
    for (what, body, status, code) in [
        (
            "5 MB",
            format!("{{\"location\":\"{}\"}}", "x".repeat(5 << 20)),
            413,
            "RequestContentTooLarge",
        ),
        ("no JSON", "{".to_owned(), 400, "InvalidRequestContent"),
        ("deep JSON", deep, 400, "InvalidRequestContent"),
        ("a list", "[1]".to_owned(), 400, "InvalidRequestContent"),
        ("no UTF-8", "\u{0}".to_owned(), 400, "InvalidRequestContent"),
        (
            "members of other types",
            r#"{"location":{"a":1},"properties":7}"#.to_owned(),
            400,
            "InvalidRequestContent",
        ),
    ] {
        let request = http
            .put(&url)
            .bearer_auth(&token)
            .header("content-type", "application/json")
            .body(body);
        let answer = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(answer.status().as_u16(), status, "{what}");
        let body: Value = answer
            .json()
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(body["error"]["code"], code, "{what}");
    }
    works(&stage).await;
}

#[tokio::test]
async fn tokens_that_are_not_ours_are_refused() {
    let stage = Stage::start().await;
    let (http, token) = client(&stage).await;
    let url = format!("{}{}?{VERSION}", stage.ready().arm_url, stage.instance_id());
    let (head, rest) = token.split_once('.').expect("a JWT");
    let (claims, signature) = rest.split_once('.').expect("a JWT");
    let mut other_signature = signature.to_owned();
    let last = if other_signature.pop() == Some('A') {
        'Q'
    } else {
        'A'
    };
    other_signature.insert(0, last);
    let tokens = [
        String::new(),
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{head}.{claims}."),
        format!("{head}.{claims}.{other_signature}"),
        // {"alg":"none"}
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        "é".repeat(2_000),
    ];
    for bad in tokens {
        let request = http
            .get(&url)
            .header("authorization", format!("Bearer {bad}"));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{bad}");
        assert!(answer.headers().contains_key("www-authenticate"), "{bad}");
        let body: Value = answer.json().await.expect("JSON");
        let code = body["error"]["code"].as_str().unwrap_or_default();
        assert!(
            [
                "AuthenticationFailed",
                "InvalidAuthenticationToken",
                "AuthenticationFailedMissingToken"
            ]
            .contains(&code),
            "{bad}: {body}"
        );
    }
    let answer = http.get(&url).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "no token at all");
    // Over plain HTTP, no token is good enough.
    let plain = url.replace("https://", "http://");
    let answer = http
        .get(&plain)
        .bearer_auth(&token)
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_client_error(), "{}", answer.status());
    let wrong = [
        ("grant_type", "client_credentials"),
        ("client_id", stage.ready().client_id.as_str()),
        ("client_secret", "wrong"),
        ("scope", "https://management.azure.com/.default"),
    ];
    let tenant = format!(
        "{}/{}/oauth2/v2.0/token",
        stage.ready().entra_url,
        stage.ready().tenant_id
    );
    let answer = http
        .post(tenant)
        .form(&wrong)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["error"], "invalid_client", "{body}");
    works(&stage).await;
}

#[tokio::test]
async fn odd_paths_and_methods_get_arm_s_errors() {
    let stage = Stage::start().await;
    let (http, token) = client(&stage).await;
    let subscription = &stage.ready().subscription_id;
    let in_group = format!("/subscriptions/{subscription}/resourceGroups/milink-rg");
    let sql = format!("{in_group}/providers/Microsoft.Sql");
    for (method, path, status, code) in [
        (Method::GET, format!("/subscriptions/not-a-guid/resourceGroups?{VERSION}"), 400, "InvalidSubscriptionId"),
        (
            Method::GET,
            "/subscriptions/00000000-0000-0000-0000-00000000dead/resourceGroups?api-version=2021-04-01".to_owned(),
            404,
            "SubscriptionNotFound",
        ),
        (Method::GET, format!("{sql}/managedInstances/sqlmi1"), 400, "MissingApiVersionParameter"),
        (Method::GET, format!("{sql}/managedInstances/sqlmi1?api-version=tomorrow"), 400, "InvalidApiVersionParameter"),
        (Method::GET, format!("{sql}/managedInstances/sqlmi1?api-version=1999-01-01"), 400, "NoRegisteredProviderFound"),
        (Method::GET, format!("{sql}/managedInstances/nobody?{VERSION}"), 404, "ResourceNotFound"),
        (Method::GET, format!("{sql}/managedGardens/a?{VERSION}"), 404, "InvalidResourceType"),
        (Method::GET, format!("{sql}/servers/a?{VERSION}"), 400, "OperationNotSupportedByMilink"),
        (
            Method::GET,
            format!("/subscriptions/{subscription}/resourceGroups/nowhere/providers/Microsoft.Sql/managedInstances/a?{VERSION}"),
            404,
            "ResourceGroupNotFound",
        ),
        (Method::PUT, format!("{sql}/managedInstances?{VERSION}"), 405, "HttpMethodNotSupported"),
        (Method::GET, "/%ff%fe".to_owned(), 400, "InvalidRequestUri"),
        (Method::GET, "/nothing/here".to_owned(), 404, "InvalidResourcePath"),
    ] {
        let url = format!("{}{path}", stage.ready().arm_url);
        let request = http.request(method.clone(), &url).bearer_auth(&token);
        let answer = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let found = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!((found, body["error"]["code"].as_str()), (status, Some(code)), "{method} {path}: {body}");
    }
    works(&stage).await;
}

#[tokio::test]
async fn the_control_api_refuses_in_json() {
    let stage = Stage::start().await;
    let control = stage.control();
    let refused = control
        .get("nothing")
        .await
        .expect_err("there is no such path");
    assert_eq!(refused.arm_code(), Some("NotFound"));
    let refused = control
        .get("clock?world=nowhere")
        .await
        .expect_err("there is no such world");
    assert_eq!(refused.arm_code(), Some("NotFound"));
    for (path, body) in [
        ("worlds", json!({"name": "a", "nonsense": 1})),
        ("worlds", json!(["a"])),
        ("clock/advance", json!({"seconds": "x"})),
        ("clock/advance", json!({"hours": 1})),
    ] {
        let refused = control.post(path, &body).await.expect_err("it is refused");
        assert_eq!(
            refused.arm_code(),
            Some("BadRequest"),
            "{path} {body}: {refused}"
        );
    }
    works(&stage).await;
}

#[tokio::test]
async fn bytes_that_are_no_http_end_their_connection_only() {
    let stage = Stage::start().await;
    let address = stage
        .ready()
        .arm_url
        .trim_start_matches("https://")
        .to_owned();
    let header = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "y".repeat(2 << 20)
    );
    let mut open = Vec::new();
    for bytes in [
        &b"GET"[..],
        b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        &[0x16, 3, 1, 2, 0, 1],
    ] {
        let mut stream = TcpStream::connect(&address)
            .await
            .expect("the port is open");
        stream.write_all(bytes).await.expect("they are sent");
        open.push(stream);
    }
    works(&stage).await;
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("garbage", vec![0xAA; 100]),
        ("a line that is none", b"HELLO\r\n\r\n".to_vec()),
        ("a header of 2 MB", header.into_bytes()),
        (
            "a length that is none",
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n".to_vec(),
        ),
        (
            "TLS that is none",
            [vec![0x16, 3, 1, 0, 40], vec![0xAA; 40]].concat(),
        ),
        ("half TLS", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]),
    ] {
        let mut stream = TcpStream::connect(&address)
            .await
            .expect("the port is open");
        // The server may have gone before everything is sent.
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "{what}: the connection stays open");
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{what}");
    }
    works(&stage).await;
}

/// ARM, SQL and control answer.
pub(crate) async fn works(stage: &Stage) {
    let instance: Value = stage
        .arm()
        .get(stage.instance_id(), "2023-08-01")
        .await
        .expect("ARM answers");
    assert_eq!(instance["name"], "sqlmi1");
    stage
        .control()
        .get("health")
        .await
        .expect("the control API answers");
    stage
        .sql_server()
        .await
        .batch("SELECT 1")
        .await
        .expect("SQL Server answers");
    stage.check_laws();
}

/// An HTTP client that trusts the emulator, and a token.
async fn client(stage: &Stage) -> (Client, String) {
    let ca = reqwest::Certificate::from_pem(stage.emulator().ca_pem().as_bytes())
        .expect("a certificate");
    let http = Client::builder()
        .tls_certs_only([ca])
        .build()
        .expect("a client");
    let ready = stage.ready();
    let credentials = milink_client::Credentials {
        authority: ready.entra_url.clone(),
        tenant: ready.tenant_id.clone(),
        client_id: ready.client_id.clone(),
        client_secret: ready.client_secret.clone(),
    };
    let scope = "https://management.azure.com/.default";
    let source = milink_client::TokenSource::new(http.clone(), credentials, scope);
    (http, source.token().await.expect("a token"))
}
