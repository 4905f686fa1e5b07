//! What becomes of clients that are slow.

use axum::http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::body::Unread;
use super::*;

mod bodies;

const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(600);
/// Nothing is waited for but what a case shortens.
const PATIENT: Patience = Patience {
    handshake: LONG,
    head: LONG,
    body: LONG,
    sign_of_life: LONG,
};

/// How many bytes the body has; 408 if they did not come in time, 500 if there was no room.
async fn length(body: axum::body::Body) -> (StatusCode, String) {
    match body::read(body).await {
        Ok(bytes) => (StatusCode::OK, bytes.len().to_string()),
        Err(unread) => {
            let status = match unread {
                Unread::TooSlow => StatusCode::REQUEST_TIMEOUT,
                Unread::NoRoom => StatusCode::INTERNAL_SERVER_ERROR,
                Unread::TooLarge | Unread::Broken => StatusCode::BAD_REQUEST,
            };
            (status, format!("{unread:?}"))
        }
    }
}

/// Sends this and then nothing; what the server says until it ends the connection.
async fn said(pieces: &[&[u8]], patience: Patience) -> Vec<u8> {
    // One byte at a time, so that every piece comes in pieces.
    let (client, server) = tokio::io::duplex(1);
    let router = Router::new().fallback(length);
    let serving = tokio::spawn(speak_http(server, router, patience, Room::of(1 << 20)));
    let (mut from, mut to) = tokio::io::split(client);
    let sending = async {
        for piece in pieces {
            // The server may have gone before everything is sent.
            let _ = to.write_all(piece).await;
        }
    };
    let mut answer = Vec::new();
    let reading = tokio::time::timeout(LONG, from.read_to_end(&mut answer));
    let ((), read) = tokio::join!(sending, reading);
    read.expect("it ends").expect("it is read");
    serving.await.expect("the server does not panic");
    answer
}

#[tokio::test]
async fn whoever_is_slow_is_left() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let handshake = Patience {
        handshake: SHORT,
        ..PATIENT
    };
    let head = Patience {
        head: SHORT,
        ..PATIENT
    };
    let body = Patience {
        body: SHORT,
        ..PATIENT
    };
    let sign_of_life = Patience {
        head: SHORT,
        sign_of_life: SHORT,
        ..PATIENT
    };
    let whole = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    let cases: [(&str, &[&[u8]], Patience, &str); 9] = [
        ("nothing", &[], handshake, ""),
        ("a letter", &[b"P"], handshake, ""),
        ("half a preface", &[&preface[..20]], handshake, ""),
        ("half a line", &[b"GET / HT"], head, ""),
        ("half a head", &[b"GET / HTTP/1.1\r\nHost: x\r\n"], head, ""),
        ("nothing more", &[whole], head, "HTTP/1.1 200 OK"),
        (
            "half a body",
            &[&whole[..whole.len() - 1]],
            body,
            "HTTP/1.1 408 Request Timeout",
        ),
        (
            "half a chunk",
            &[b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"],
            body,
            "HTTP/1.1 408 Request Timeout",
        ),
        // SETTINGS, as HTTP/2 begins.
        (
            "no answer to a ping",
            &[preface, &settings],
            sign_of_life,
            "\0\0",
        ),
    ];
    for (what, pieces, patience, begin) in cases {
        let answer = said(pieces, patience).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with(begin), "{what}: {text}");
        assert_eq!(text.is_empty(), begin.is_empty(), "{what}: {text}");
    }
}

/// Being slow with one thing is not being slow with another.
#[tokio::test]
async fn whoever_begins_in_time_is_served() {
    let (mut client, server) = tokio::io::duplex(1 << 10);
    let patience = Patience {
        handshake: SHORT,
        ..PATIENT
    };
    let router = Router::new().fallback(length);
    let serving = tokio::spawn(speak_http(server, router, patience, Room::of(1 << 20)));
    client
        .write_all(b"POST / HTTP/1.1\r\n")
        .await
        .expect("read");
    // Longer than the server would have waited for the beginning.
    tokio::time::timeout(2 * SHORT, client.read_u8())
        .await
        .expect_err("the server waits for the rest");
    let rest = b"Connection: close\r\nContent-Length: 3\r\n\r\nabc";
    client.write_all(rest).await.expect("read");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("it ends");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n3"), "{answer}");
    serving.await.expect("the server does not panic");
}
