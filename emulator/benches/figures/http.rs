//! ARM over TLS: 50 connections that ask for a managed instance as fast as they are answered.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::process::Started;
use crate::report::{Report, percentile};

const CONNECTIONS: usize = 50;
const FOR: Duration = Duration::from_secs(4);

pub(crate) async fn measure(report: &mut Report) {
    let directory = TempDir::new().expect("a directory");
    let started = Started::new(directory.path());
    let text = |name: &str| started.ready[name].as_str().expect("text").to_owned();
    let ca = fs::read(text("caFile")).expect("the authority");
    let authority = text("armUrl").trim_start_matches("https://").to_owned();
    let token = token(&started.ready, &authority, &ca).await;
    let id = started.ready["managedInstances"][0]["resourceId"]
        .as_str()
        .expect("an id");
    let request = format!(
        "GET {id}?api-version=2023-08-01 HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let request: Arc<[u8]> = request.into_bytes().into();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut connection = connect(&authority, &ca).await;
        let request = Arc::clone(&request);
        clients.spawn(async move {
            let mut taken = Vec::new();
            let end = Instant::now() + FOR;
            while Instant::now() < end {
                let begun = Instant::now();
                let (status, _) = ask(&mut connection, &request).await;
                taken.push(begun.elapsed());
                assert_eq!(status, 200);
            }
            taken
        });
    }
    let mut taken = clients.join_all().await.concat();
    let rate = taken.len() as f64 / FOR.as_secs_f64();
    report.rate(
        "ARM GET over TLS, 50 connections, load generator on the same machine",
        rate,
        20_000.0,
    );
    report.time(
        "the same, p99",
        percentile(&mut taken, 99),
        Duration::from_millis(5),
    );
}

async fn token(ready: &Value, authority: &str, ca: &[u8]) -> String {
    let text = |name: &str| ready[name].as_str().expect("text");
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
        text("clientId"),
        text("clientSecret").replace('~', "%7E"),
    );
    let request = format!(
        "POST /{}/oauth2/v2.0/token HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        text("tenantId"),
        form.len(),
    );
    let mut connection = connect(authority, ca).await;
    let (status, body) = ask(&mut connection, request.as_bytes()).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    body["access_token"].as_str().expect("a token").to_owned()
}

async fn connect(authority: &str, ca: &[u8]) -> TlsStream<TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    let der = rustls::pki_types::CertificateDer::from_pem_slice(ca).expect("PEM");
    roots.add(der).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(authority)
        .await
        .expect("the port is open");
    stream.set_nodelay(true).expect("a socket");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .expect("TLS")
}

/// Sends a request, and reads an answer that says its length.
async fn ask(connection: &mut TlsStream<TcpStream>, request: &[u8]) -> (u16, Vec<u8>) {
    connection.write_all(request).await.expect("sent");
    let mut answer = Vec::with_capacity(4096);
    let (head, length) = loop {
        let read = connection.read_buf(&mut answer).await.expect("an answer");
        assert!(read > 0, "the connection ended");
        if let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break (head + 4, content_length(&answer[..head]));
        }
    };
    while answer.len() < head + length {
        let read = connection.read_buf(&mut answer).await.expect("an answer");
        assert!(read > 0, "the connection ended");
    }
    let status = std::str::from_utf8(&answer[9..12])
        .ok()
        .and_then(|text| text.parse().ok());
    (status.unwrap_or_default(), answer.split_off(head))
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    line.and_then(|text| text.trim().parse().ok())
        .expect("a length")
}
