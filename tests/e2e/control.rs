//! The control API: what it says of itself, how long things take, what has happened, and bad requests.

use milink_tests::Stage;
use reqwest::{Client, Method};
use serde_json::{Value, json};

#[tokio::test]
async fn what_it_says_of_itself_is_there() {
    let stage = Stage::start().await;
    let http = client(&stage);
    let base = &stage.ready().control_url;
    let ready: Value = get(&http, &format!("{base}/ready")).await;
    assert_eq!(
        ready["subscriptionId"],
        stage.ready().subscription_id.as_str()
    );
    let document = get(&http, &format!("{base}/openapi.json")).await;
    let paths = document["paths"].as_object().expect("paths");
    for (path, methods) in paths {
        if path.contains('{') || methods.get("get").is_none() {
            continue;
        }
        // What is asked of the network is asked from somewhere.
        let asked = match path.as_str() {
            "/_milink/net/dial" => "?from=internet&host=nobody.example",
            "/_milink/net/hosts" | "/_milink/net/dns" | "/_milink/net/doors" => "?from=internet",
            _ => "",
        };
        let url = format!("{}{path}{asked}", stage.ready().arm_url);
        let status = http.get(&url).send().await.expect("an answer").status();
        assert_eq!(status.as_u16(), 200, "{path}");
    }
    let pem = http
        .get(format!("{base}/ca.pem"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(pem.text().await.expect("text"), stage.emulator().ca_pem());
    let metrics = http
        .get(format!("{base}/metrics"))
        .send()
        .await
        .expect("an answer");
    let metrics = metrics.text().await.expect("text");
    assert!(
        metrics.contains("milink_instances{world=\"default\"} 2"),
        "{metrics}"
    );
    // Other emulators' users ask here, and in plain HTTP.
    let plain = stage.ready().arm_url.replace("https://", "http://");
    for path in ["/health", "/_localstack/health", "/_milink/health"] {
        assert_eq!(get(&http, &format!("{plain}{path}")).await["status"], "ok");
    }
}

#[tokio::test]
async fn a_broken_law_makes_it_unhealthy() {
    let stage = Stage::start().await;
    let http = client(&stage);
    let server = stage.emulator().world().read(|world| {
        let server = world.sql_server("sqlserver1").expect("it is there");
        server.id
    });
    // As a defect would: behind the back of every command.
    stage.emulator().world().change(|world, _| {
        let server = world.instances.get_mut(&server).expect("it is there");
        let databases = &mut std::sync::Arc::make_mut(server).databases;
        databases.remove(&milink_core::ids::DatabaseId(2));
    });
    let base = &stage.ready().control_url;
    let health = http.get(format!("{base}/health")).send().await;
    let health = health.expect("an answer");
    assert_eq!(health.status().as_u16(), 503);
    let health: Value = health.json().await.expect("JSON");
    let law = "every instance has its system databases: sqlserver1 has no tempdb";
    assert_eq!(health["brokenLaws"]["default"], law);
    let metrics = http.get(format!("{base}/metrics")).send().await;
    let metrics = metrics.expect("an answer").text().await.expect("text");
    let counted = "milink_broken_laws{world=\"default\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    let info = get(&http, &format!("{base}/info")).await;
    assert_eq!(info["checkInvariants"], "always");
}

#[tokio::test]
async fn bad_requests_are_refused_in_json() {
    let stage = Stage::start().await;
    let http = client(&stage);
    let cases = [
        (Method::GET, "nothing", "", 404, "NotFound"),
        (Method::DELETE, "clock", "", 405, "MethodNotAllowed"),
        (Method::GET, "clock?world=none", "", 404, "NotFound"),
        (Method::GET, "journal?after=x", "", 400, "BadRequest"),
        (Method::PUT, "clock", "{", 400, "BadRequest"),
        (Method::PUT, "clock", r#"{"mode":"odd"}"#, 400, "BadRequest"),
        (
            Method::PUT,
            "clock",
            r#"{"mode":"auto","x":1}"#,
            400,
            "BadRequest",
        ),
        (
            Method::PUT,
            "transitions",
            r#"{"durations":{"nap":"1s"}}"#,
            400,
            "BadRequest",
        ),
        (
            Method::PUT,
            "transitions",
            r#"{"durations":{"redo":1}}"#,
            400,
            "BadRequest",
        ),
        (
            Method::PUT,
            "transitions",
            r#"{"durations":{"redo":"stepped"}}"#,
            400,
            "BadRequest",
        ),
        (Method::POST, "transitions/nap/step", "", 404, "NotFound"),
        (
            Method::POST,
            "transitions/failover/step",
            "",
            409,
            "Conflict",
        ),
        (
            Method::POST,
            "worlds",
            r#"{"name":"a b"}"#,
            400,
            "BadRequest",
        ),
        (
            Method::POST,
            "worlds",
            r#"{"name":"default"}"#,
            409,
            "Conflict",
        ),
        (
            Method::POST,
            "worlds",
            r#"{"name":"x","from":"none"}"#,
            404,
            "NotFound",
        ),
        (
            Method::POST,
            "worlds",
            r#"{"name":"x","from":"default","seed":4}"#,
            400,
            "BadRequest",
        ),
        (
            Method::POST,
            "worlds",
            r#"{"name":"x","topology":"what = 1"}"#,
            400,
            "BadRequest",
        ),
        (
            Method::POST,
            "worlds",
            r#"{"name":"x","topology":"","empty":true}"#,
            400,
            "BadRequest",
        ),
        (Method::POST, "snapshot/none/restore", "", 404, "NotFound"),
        (Method::GET, "explain/none", "", 404, "NotFound"),
        (Method::POST, "faults", "{}", 400, "BadRequest"),
    ];
    for (method, path, body, status, code) in cases {
        let url = format!("{}/{path}", stage.ready().control_url);
        let request = http.request(method.clone(), &url).body(body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{method} {path} {body}");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["error"]["code"], code, "{method} {path} {body}");
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{method} {path} {body}");
    }
    let worlds = get(&http, &format!("{}/worlds", stage.ready().control_url)).await;
    assert_eq!(
        worlds["value"].as_array().map(Vec::len),
        Some(1),
        "nothing was left behind"
    );
}

#[tokio::test]
async fn durations_are_set_by_profile_and_by_name() {
    let stage = Stage::start().await;
    let control = stage.control();
    let set = json!({"profile": "azure", "durations": {"link-connect": "2min"}});
    let set = control
        .put("transitions", &set)
        .await
        .expect("they are set");
    assert_eq!(set["profile"], "azure");
    assert_eq!(
        set["durations"]["link-connect"],
        json!({"length": "2min", "seconds": 120.0, "overridden": true})
    );
    assert_eq!(
        set["durations"]["instance-create"],
        json!({"length": "30min", "seconds": 1800.0, "overridden": false})
    );
    let back = json!({"profile": "instant", "durations": {"link-connect": null}});
    let back = control
        .put("transitions", &back)
        .await
        .expect("they are set");
    assert_eq!(
        back["durations"]["link-connect"],
        json!({"length": "0s", "seconds": 0.0, "overridden": false})
    );
    assert_eq!(
        control.get("transitions").await.expect("they are read"),
        back
    );
}

#[tokio::test]
async fn the_journal_is_read_in_pages() {
    let stage = Stage::start().await;
    let control = stage.control();
    let all = control.get("journal").await.expect("the journal");
    let all = all["events"].as_array().expect("events").clone();
    assert!(all.len() > 3);
    let mut paged = Vec::new();
    let mut after = 0;
    loop {
        let page = control
            .get(&format!("journal?after={after}&limit=2"))
            .await
            .expect("a page");
        paged.extend(page["events"].as_array().expect("events").iter().cloned());
        after = page["last"].as_u64().expect("a number");
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(paged, all);
    let operation = all
        .iter()
        .find_map(|event| event["operation"].as_str())
        .expect("the instance was created by an operation");
    let explained = control
        .get(&format!("explain/{operation}"))
        .await
        .expect("an explanation");
    assert_eq!(
        explained["events"].as_array().map(Vec::len),
        Some(2),
        "{explained}"
    );
}

#[tokio::test]
async fn a_mirroring_port_answers_while_the_endpoint_is_started() {
    let stage = Stage::start().await;
    let loopback = stage.world().read(|world| {
        let server = world.sql_server("sqlserver1").expect("it is there");
        server.as_sql_server().expect("it is one").loopback
    });
    let (ip, port) = loopback.expect("a port is kept for it");
    let mut sql = stage.sql_server().await;
    let create = "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'
        CREATE CERTIFICATE c WITH SUBJECT = N'c'
        CREATE ENDPOINT e STATE = STOPPED AS TCP (LISTENER_PORT = 5022)
            FOR DATABASE_MIRRORING (ROLE = ALL, AUTHENTICATION = CERTIFICATE c, ENCRYPTION = REQUIRED ALGORITHM AES)";
    let answers = || tokio::net::TcpStream::connect((ip, port));
    assert!(answers().await.is_err());
    for (statement, open) in [
        (create, false),
        ("ALTER ENDPOINT e STATE = STARTED", true),
        ("ALTER ENDPOINT e STATE = STOPPED", false),
        ("ALTER ENDPOINT e STATE = STARTED", true),
        ("DROP ENDPOINT e", false),
    ] {
        sql.batch(statement).await.expect(statement);
        // The socket follows the model in its own time.
        let followed = async {
            while answers().await.is_ok() != open {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), followed)
            .await
            .expect(statement);
    }
}

fn client(stage: &Stage) -> Client {
    let ca = reqwest::Certificate::from_pem(stage.emulator().ca_pem().as_bytes());
    Client::builder()
        .tls_certs_only([ca.expect("the authority is good")])
        .build()
        .expect("a client")
}

async fn get(http: &Client, url: &str) -> Value {
    let answer = http.get(url).send().await.expect(url);
    assert_eq!(answer.status().as_u16(), 200, "{url}");
    answer.json().await.expect("JSON")
}

/// What nobody can ask Azure for: the service gives an instance another certificate.
#[tokio::test]
async fn the_service_rotates_a_certificate_on_request() {
    let stage = Stage::start().await;
    let http = client(&stage);
    let base = &stage.ready().control_url;
    let rotate = |server: &str| {
        let url = format!("{base}/servers/{server}/rotate-certificate");
        http.post(url).send()
    };
    let answer = rotate("sqlmi1").await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    let rotated: Value = answer.json().await.expect("JSON");
    assert_eq!(rotated["thumbprint"].as_str().map(str::len), Some(40));
    let journal = get(&http, &format!("{base}/journal?limit=1000")).await;
    assert!(
        journal.to_string().contains("certificateRotated"),
        "{journal}"
    );
    let answer = rotate("sqlserver1").await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 404, "a SQL Server has its own");
}
