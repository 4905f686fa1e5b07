//! However many connections there are, and however many streams each has: all bodies together are bounded.

use tokio::io::{DuplexStream, ReadHalf, WriteHalf};

use super::*;

const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `POST /` with the authority `x`, by the indexes of HPACK's static table.
const HEAD: [u8; 6] = [0x83, 0x84, 0x86, 0x41, 1, b'x'];
/// `:status 200` and `:status 500` in that table.
const OK: u8 = 0x88;
const NO_ROOM: u8 = 0x8E;

/// All of them fit into the window that a connection has from the start.
const PIECE: usize = 7 << 10;
const STREAMS: u32 = 8;

/// A connection with a client that writes frames (RFC 9113, section 4.1).
struct Client {
    from: ReadHalf<DuplexStream>,
    to: WriteHalf<DuplexStream>,
}

impl Client {
    async fn connect(room: &Room) -> Self {
        let (client, server) = tokio::io::duplex(1 << 20);
        let router = Router::new().fallback(length);
        tokio::spawn(speak_http(server, router, PATIENT, room.clone()));
        let (from, to) = tokio::io::split(client);
        let mut client = Self { from, to };
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        client.frame(4, 0, 0, &[]).await;
        client
    }

    /// Begins requests with a piece of a body each, and does not end them.
    async fn begin_all(&mut self) {
        for stream in (0..STREAMS).map(|number| 2 * number + 1) {
            self.frame(HEADERS, END_HEADERS, stream, &HEAD).await;
            self.frame(0, 0, stream, &[7; PIECE]).await;
        }
    }

    async fn end(&mut self, stream: u32) {
        self.frame(0, END_STREAM, stream, &[]).await;
    }

    async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len())
            .expect("it is short")
            .to_be_bytes();
        let stream = stream.to_be_bytes();
        self.send(&[&length[1..], &[kind, flags], &stream, payload].concat())
            .await;
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.to.write_all(bytes).await.expect("the server reads");
    }

    /// The next answer: of which stream, and its status as HPACK has it.
    async fn answer(&mut self) -> (u32, u8) {
        loop {
            let mut header = [0; 9];
            self.from.read_exact(&mut header).await.expect("a frame");
            let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
            let mut payload = vec![0; length as usize];
            self.from.read_exact(&mut payload).await.expect("a frame");
            if header[3] == HEADERS {
                let status = payload.iter().find(|byte| [OK, NO_ROOM].contains(byte));
                let [.., e, f, g, h] = header;
                return (u32::from_be_bytes([e, f, g, h]), *status.expect("a status"));
            }
        }
    }
}

#[tokio::test]
async fn all_bodies_together_are_bounded() {
    let room = Room::of(6 * PIECE + 1);
    let mut one = Client::connect(&room).await;
    one.begin_all().await;
    let mut refused = Vec::new();
    for _ in 6..STREAMS {
        let (stream, status) = one.answer().await;
        assert_eq!(status, NO_ROOM, "stream {stream}");
        refused.push(stream);
    }
    // Another connection has the same room: nothing of it is left.
    let mut other = Client::connect(&room).await;
    other.begin_all().await;
    for _ in 0..STREAMS {
        assert_eq!(other.answer().await.1, NO_ROOM);
    }
    // Who had room is served, and leaves it to others.
    let served: Vec<u32> = (0..STREAMS).map(|number| 2 * number + 1).collect();
    for stream in served
        .into_iter()
        .filter(|stream| !refused.contains(stream))
    {
        one.end(stream).await;
        assert_eq!(one.answer().await, (stream, OK));
    }
    let mut third = Client::connect(&room).await;
    third.begin_all().await;
    for _ in 6..STREAMS {
        assert_eq!(third.answer().await.1, NO_ROOM);
    }
}

#[tokio::test]
async fn a_body_is_bounded() {
    let room = Room::of(usize::MAX);
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let router = Router::new().fallback(length);
    tokio::spawn(speak_http(server, router, PATIENT, room));
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n";
    client.write_all(head.as_bytes()).await.expect("read");
    let (mut from, mut to) = tokio::io::split(client);
    // It is not read to its end, which never comes.
    let sending = async { while to.write_all(&[b'x'; 1 << 16]).await.is_ok() {} };
    let mut answer = [0; 24];
    let ((), read) = tokio::join!(sending, from.read_exact(&mut answer));
    read.expect("it is answered");
    assert_eq!(&answer, b"HTTP/1.1 400 Bad Request");
}
