//! HTTP/2 as no client speaks it: floods that cost their sender nothing cost nobody else anything.

use std::time::Duration;

use milink_tests::Stage;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a connection may take to end: plenty for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a flood repeats itself.
const MANY: u32 = 20_000;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The head of `GET / HTTP/2` or of a POST, by the indexes of HPACK's static table, with the authority `x`.
fn head(method: u8) -> Vec<u8> {
    vec![method, 0x84, 0x86, 0x41, 1, b'x']
}
const GET: u8 = 0x82;
const POST: u8 = 0x83;

/// The identifier of a client's nth stream.
fn nth(number: u32) -> u32 {
    2 * number + 1
}

/// What a client sends after the preface and its settings, and whether the server has to end the connection because of it.
fn floods() -> Vec<(&'static str, Vec<u8>, bool)> {
    let many = |each: &dyn Fn(u32) -> Vec<u8>| (0..MANY).flat_map(each).collect::<Vec<u8>>();
    let get = |number| frame(HEADERS, END_STREAM | END_HEADERS, nth(number), &head(GET));
    let post = |number| frame(HEADERS, END_HEADERS, nth(number), &head(POST));
    // A header that is not indexed: `a: yyy…`.
    let mut long = vec![0, 1, b'a', 0x7F, 0x81, 0x7F];
    long.extend([b'y'; 16_000]);
    vec![
        (
            "requests that are taken back",
            many(&|number| [get(number), frame(RESET, 0, nth(number), &[0, 0, 0, 8])].concat()),
            true,
        ),
        ("requests without a body that is due", many(&post), false),
        (
            "settings",
            many(&|_| frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1])),
            false,
        ),
        ("pings", many(&|_| frame(PING, 0, 0, &[7; 8])), false),
        (
            "a head without an end",
            [
                frame(HEADERS, 0, 1, &head(GET)),
                many(&|_| frame(CONTINUATION, 0, 1, &[])),
                (0..2_000)
                    .flat_map(|_| frame(CONTINUATION, 0, 1, &long))
                    .collect(),
            ]
            .concat(),
            true,
        ),
        (
            "bodies in pieces of nothing",
            [post(0), many(&|_| frame(DATA, 0, 1, &[]))].concat(),
            true,
        ),
        (
            "a window beyond every bound",
            many(&|_| frame(WINDOW_UPDATE, 0, 0, &0x7FFF_FFFF_u32.to_be_bytes())),
            true,
        ),
        (
            "a window that never opens",
            [
                frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]),
                (0..200).flat_map(get).collect(),
            ]
            .concat(),
            false,
        ),
        (
            "a stream of the server's",
            frame(HEADERS, END_STREAM | END_HEADERS, 2, &head(GET)),
            true,
        ),
        (
            "a frame of 16 MB",
            vec![0xFF, 0xFF, 0xFF, DATA, 0, 0, 0, 0, 1],
            true,
        ),
        (
            "an index that no table has",
            frame(
                HEADERS,
                END_STREAM | END_HEADERS,
                1,
                &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            ),
            true,
        ),
    ]
}

#[tokio::test]
async fn floods_hold_nobody_up() {
    let stage = Stage::start().await;
    let address = stage
        .ready()
        .arm_url
        .trim_start_matches("https://")
        .to_owned();
    let mut open = Vec::new();
    for (what, flood, ends) in floods() {
        let mut stream = TcpStream::connect(&address)
            .await
            .expect("the port is open");
        let begin = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        stream.write_all(&begin).await.expect("it is sent");
        let (mut from, mut to) = stream.into_split();
        let reading = tokio::spawn(async move {
            let mut answer = Vec::new();
            // A reset is an end, too.
            let _ = from.read_to_end(&mut answer).await;
            answer
        });
        // The server may have gone before everything is sent; as long as it stays, it reads.
        let sent = tokio::time::timeout(PATIENCE, to.write_all(&flood)).await;
        assert!(sent.is_ok(), "{what}: the server does not read");
        if ends {
            let answer = tokio::time::timeout(PATIENCE, reading).await;
            let answer = answer.unwrap_or_else(|_| panic!("{what}: the connection stays open"));
            let answer = answer.expect("it is read");
            assert!(answer.len() < 1 << 20, "{what}: {} bytes", answer.len());
        } else {
            // It may stay, and then there are many of its kind.
            open.push(to);
        }
        crate::hostile_http::works(&stage).await;
    }
}
