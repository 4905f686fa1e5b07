//! A client of raw packets, for what no driver does on demand: attentions, resets, broken bytes.

use std::time::Duration;

use bytes::BytesMut;
use milink_tds::packet::{Message, MessageReader, MessageWriter, PacketType};
use milink_tds::prelogin::EncryptionPolicy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Server;
use crate::room::Room;
use crate::tds::ListenerConfig;

mod hostile;

/// ALL_HEADERS outside a transaction.
const HEADERS: &[u8] = &[
    22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
];
const DONE_ERROR: &str = "DONE 0002";
const DONE_FINAL: &str = "DONE 0000";
const DONE_ATTENTION: &str = "DONE 0020";

struct Raw {
    socket: TcpStream,
    reader: MessageReader,
}

impl Raw {
    async fn connect(server: &Server) -> Self {
        Self {
            socket: TcpStream::connect(server.address).await.unwrap(),
            reader: MessageReader::new(usize::MAX),
        }
    }

    /// Logs in without PRELOGIN, as jTDS does without TLS, and gives the tokens of the answer.
    async fn log_in(server: &Server, login: Login) -> (Self, Vec<String>) {
        let mut raw = Self::connect(server).await;
        raw.send(PacketType::Login7, &login.build()).await;
        let answer = raw.message().await.expect("an answer to the login");
        let answer = tokens(&answer.payload);
        (raw, answer)
    }

    async fn ready(server: &Server) -> Self {
        Self::log_in(server, Login::default()).await.0
    }

    async fn send(&mut self, kind: PacketType, payload: &[u8]) {
        let mut writer = MessageWriter::new(kind, 4096);
        writer.tokens().extend_from_slice(payload);
        let mut packets = BytesMut::new();
        writer.finish(&mut packets);
        self.socket.write_all(&packets).await.unwrap();
    }

    /// Sends a message of one packet with these status bits besides the end bit.
    async fn send_with_status(&mut self, kind: PacketType, status: u8, payload: &[u8]) {
        let length = (payload.len() as u16 + 8).to_be_bytes();
        let header = [kind.number(), status | 1, length[0], length[1], 0, 0, 1, 0];
        self.socket.write_all(&header).await.unwrap();
        self.socket.write_all(payload).await.unwrap();
    }

    async fn batch(&mut self, text: &str) {
        self.send(PacketType::SqlBatch, &batch(text)).await;
    }

    async fn attention(&mut self) {
        self.send(PacketType::Attention, &[]).await;
    }

    /// The next message; `None` if the server closed.
    async fn message(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.reader.poll().unwrap() {
                return Some(message);
            }
            let input = self.reader.input();
            input.reserve(64 * 1024);
            match self.socket.read_buf(input).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    async fn tokens(&mut self) -> Vec<String> {
        tokens(&self.message().await.expect("an answer").payload)
    }

    /// Asserts that the connection answers as if nothing had happened.
    async fn is_usable(&mut self) {
        self.batch("print still").await;
        assert_eq!(self.tokens().await, ["INFO 0", DONE_FINAL]);
    }
}

fn batch(text: &str) -> Vec<u8> {
    [HEADERS, &utf16(text)].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The tokens of a response without rows, each in a word or two.
fn tokens(mut rest: &[u8]) -> Vec<String> {
    let mut tokens = Vec::new();
    while let Some(&token) = rest.first() {
        let short = |at: usize| usize::from(u16::from_le_bytes([rest[at], rest[at + 1]]));
        let number = |at: usize| i32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        let (word, length) = match token {
            0xFD => (format!("DONE {:04X}", short(1)), 13),
            0xFE => (format!("DONEPROC {:04X}", short(1)), 13),
            0xFF => (format!("DONEINPROC {:04X}", short(1)), 13),
            0xAA => (format!("ERROR {}", number(3)), 3 + short(1)),
            0xAB => (format!("INFO {}", number(3)), 3 + short(1)),
            0xE3 => (format!("ENVCHANGE {}", rest[3]), 3 + short(1)),
            0xAD => ("LOGINACK".to_owned(), 3 + short(1)),
            0xAE => {
                let end = rest.iter().position(|&byte| byte == 0xFF);
                ("FEATUREEXTACK".to_owned(), end.expect("a terminator") + 1)
            }
            0xEE => ("FEDAUTHINFO".to_owned(), 5 + number(1) as usize),
            0x79 => (format!("RETURNSTATUS {}", number(1)), 5),
            // One int column without a name, and its row.
            0x81 => ("COLMETADATA".to_owned(), 11),
            0xD1 => ("ROW".to_owned(), 5),
            _ => panic!("token {token:02X} not expected here"),
        };
        tokens.push(word);
        rest = &rest[length..];
    }
    tokens
}

/// A LOGIN7 message of `sa`.
struct Login {
    version: u32,
    packet_size: u32,
    password: &'static str,
    database: &'static str,
    integrated: bool,
    features: Option<&'static [u8]>,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            version: 0x7400_0004,
            packet_size: 4096,
            password: "Pa55word",
            database: "",
            integrated: false,
            features: None,
        }
    }
}

impl Login {
    fn build(&self) -> Vec<u8> {
        const TABLE_END: usize = 94;
        let password: Vec<u8> = utf16(self.password)
            .iter()
            .map(|byte| byte.rotate_left(4) ^ 0xA5)
            .collect();
        let mut data = Vec::new();
        let mut table = Vec::new();
        let mut slot = |bytes: &[u8], count: usize| {
            table.extend_from_slice(&((TABLE_END + data.len()) as u16).to_le_bytes());
            table.extend_from_slice(&(count as u16).to_le_bytes());
            data.extend_from_slice(bytes);
        };
        slot(&[], 0);
        slot(&utf16("sa"), 2);
        slot(&password, password.len() / 2);
        slot(&[], 0);
        slot(&utf16("canned"), 6);
        // The real offset of the features: behind this pointer and the database.
        let database = utf16(self.database);
        let features_at = TABLE_END + 4 + password.len() + 12 + 4 + database.len();
        slot(&(features_at as u32).to_le_bytes(), 4);
        slot(&[], 0);
        slot(&[], 0);
        slot(&database, database.len() / 2);
        table.extend_from_slice(&[0; 6]);
        table.extend_from_slice(&[0; 16]);
        data.extend_from_slice(self.features.unwrap_or_default());

        let mut login = ((TABLE_END + data.len()) as u32).to_le_bytes().to_vec();
        for field in [self.version, self.packet_size, 0, 0, 0] {
            login.extend_from_slice(&field.to_le_bytes());
        }
        let flags2 = if self.integrated { 0x80 } else { 0 };
        let flags3 = if self.features.is_some() { 0x10 } else { 0 };
        login.extend_from_slice(&[0, flags2, 0, flags3]);
        login.extend_from_slice(&[0; 8]);
        login.extend(table);
        assert_eq!(login.len(), TABLE_END);
        login.extend(data);
        login
    }
}

async fn plain() -> Server {
    Server::start(EncryptionPolicy::PlainOnly).await
}

#[tokio::test]
async fn the_login_response_is_in_the_order_that_drivers_accept() {
    let expected = |middle: &[&'static str]| {
        let head = ["ENVCHANGE 1", "INFO 5701", "ENVCHANGE 7", "ENVCHANGE 2"];
        [
            &head,
            &["INFO 5703", "ENVCHANGE 4", "LOGINACK"][..],
            middle,
            &[DONE_FINAL],
        ]
        .concat()
    };
    let server = plain().await;
    for (login, middle) in [
        (Login::default(), &[][..]),
        (
            Login {
                database: "elsewhere",
                features: Some(&[0x0A, 1, 0, 0, 0, 1, 0x01, 0, 0, 0, 0, 0xFF]),
                ..Login::default()
            },
            &["ENVCHANGE 20", "FEATUREEXTACK"],
        ),
        // Nothing to grant, nothing to say.
        (
            Login {
                features: Some(&[0x01, 0, 0, 0, 0, 0xFF]),
                ..Login::default()
            },
            &[],
        ),
    ] {
        let (_raw, answer) = Raw::log_in(&server, login).await;
        assert_eq!(answer, expected(middle));
    }
}

#[tokio::test]
async fn refused_logins_are_told_why() {
    let server = plain().await;
    for (login, expected) in [
        (
            Login {
                password: "wrong",
                ..Login::default()
            },
            "ERROR 18456",
        ),
        (
            Login {
                integrated: true,
                ..Login::default()
            },
            "ERROR 18452",
        ),
    ] {
        let (mut raw, answer) = Raw::log_in(&server, login).await;
        assert_eq!(answer, [expected, DONE_ERROR]);
        assert_eq!(raw.message().await, None);
    }
    // Too old a client gets its error in its own, narrower layout.
    let mut raw = Raw::connect(&server).await;
    let login = Login {
        version: 0x7000_0000,
        ..Login::default()
    };
    raw.send(PacketType::Login7, &login.build()).await;
    let answer = raw.message().await.unwrap().payload;
    assert_eq!(answer[..1], [0xAA]);
    assert_eq!(answer[answer.len() - 9..][..3], [0xFD, 2, 0]);
    assert_eq!(raw.message().await, None);
}

#[tokio::test]
async fn a_client_without_a_token_is_told_where_to_get_one() {
    let server = plain().await;
    for (token, expected) in [("good token", "LOGINACK"), ("bad token", "ERROR 18456")] {
        let login = Login {
            password: "",
            features: Some(&[0x02, 2, 0, 0, 0, 0x05, 0x01, 0xFF]),
            ..Login::default()
        };
        let (mut raw, answer) = Raw::log_in(&server, login).await;
        assert_eq!(answer, ["FEDAUTHINFO"]);
        let token = utf16(token);
        let mut message = (token.len() as u32 + 4).to_le_bytes().to_vec();
        message.extend_from_slice(&(token.len() as u32).to_le_bytes());
        message.extend(token);
        raw.send(PacketType::FedAuthToken, &message).await;
        assert!(raw.tokens().await.contains(&expected.to_owned()));
    }
}

#[tokio::test]
async fn the_packet_size_changes_after_the_login_response() {
    let server = plain().await;
    let mut raw = Raw::connect(&server).await;
    let login = Login {
        packet_size: 512,
        ..Login::default()
    };
    raw.send(PacketType::Login7, &login.build()).await;
    let mut header = [0; 8];
    raw.socket.peek(&mut header).await.unwrap();
    assert_eq!(
        header[1], 1,
        "the login response is one packet of the default size"
    );
    raw.message().await.unwrap();
    raw.batch("rows 100").await;
    let mut packet = [0; 512];
    raw.socket.read_exact(&mut packet).await.unwrap();
    assert_eq!(
        packet[..6],
        [4, 0, 2, 0, 0, 51],
        "full packets, with the session id"
    );
}

#[tokio::test]
async fn an_attention_ends_a_request_that_waits() {
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    raw.batch("wait").await;
    raw.attention().await;
    assert_eq!(raw.tokens().await, [DONE_FINAL]);
    assert_eq!(raw.tokens().await, [DONE_ATTENTION]);
    raw.is_usable().await;
}

#[tokio::test]
async fn an_attention_is_heard_while_the_client_does_not_read() {
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    raw.batch("rows 2000000000").await;
    // Something of the result has come, so the rest is on its way.
    raw.socket.readable().await.unwrap();
    raw.attention().await;
    let result = raw.message().await.unwrap().payload;
    assert_eq!(tokens(&result[result.len() - 13..]), [DONE_FINAL]);
    assert_eq!(raw.tokens().await, [DONE_ATTENTION]);
    raw.is_usable().await;
}

#[tokio::test]
async fn an_attention_that_comes_too_late_is_acknowledged_once() {
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    raw.batch("print word").await;
    assert_eq!(raw.tokens().await, ["INFO 0", DONE_FINAL]);
    raw.attention().await;
    assert_eq!(raw.tokens().await, [DONE_ATTENTION]);
    raw.is_usable().await;
}

#[tokio::test]
async fn a_request_that_comes_early_waits_its_turn() {
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    raw.batch("print one").await;
    raw.batch("error 16").await;
    assert_eq!(raw.tokens().await, ["INFO 0", DONE_FINAL]);
    assert_eq!(raw.tokens().await, ["ERROR 50000", DONE_ERROR]);
}

#[tokio::test]
async fn reset_and_ignore_bits_are_obeyed() {
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    let begin = [HEADERS, &[5, 0, 0, 0]].concat();
    let commit_and_begin = [HEADERS, &[7, 0, 0, 1, 0, 0]].concat();
    raw.send(PacketType::TransactionManager, &begin).await;
    assert_eq!(raw.tokens().await, ["ENVCHANGE 8", "DONE 0004"]);
    raw.send(PacketType::TransactionManager, &commit_and_begin)
        .await;
    assert_eq!(
        raw.tokens().await,
        ["ENVCHANGE 9", "ENVCHANGE 8", "DONE 0004"]
    );
    let nothing = batch("nothing");
    raw.send_with_status(PacketType::SqlBatch, 0x10, &nothing)
        .await;
    assert_eq!(raw.tokens().await, ["ENVCHANGE 18", "DONE 0004"]);
    raw.send_with_status(PacketType::SqlBatch, 0x08, &nothing)
        .await;
    assert_eq!(raw.tokens().await, ["ENVCHANGE 18", DONE_FINAL]);
    raw.send_with_status(PacketType::SqlBatch, 0x02, &batch("error 20"))
        .await;
    assert_eq!(raw.tokens().await, [DONE_FINAL]);
    raw.is_usable().await;
}

#[tokio::test]
async fn a_call_ends_with_doneproc_and_everything_before_says_more() {
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    let mut call = [HEADERS, &[0xFF, 0xFF, 10, 0, 0, 0]].concat();
    call.extend_from_slice(&[0, 0, 0xE7, 100, 0, 0, 0, 0, 0, 0, 16, 0]);
    call.extend(utf16("select 1"));
    let two_calls = [&call[..], &[0xFF], &call[HEADERS.len()..]].concat();
    let one = ["COLMETADATA", "ROW", "DONEINPROC 0011", "RETURNSTATUS 0"];
    raw.send(PacketType::Rpc, &two_calls).await;
    assert_eq!(
        raw.tokens().await,
        [&one[..], &["DONEPROC 0001"], &one, &["DONEPROC 0000"]].concat()
    );
}

#[tokio::test]
async fn what_is_not_supported_is_refused_and_what_is_malformed_ends_the_connection() {
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    let table_parameter = [HEADERS, &[1, 0, b'p', 0, 0, 0, 0, 0, 0xF3]].concat();
    raw.send(PacketType::Rpc, &table_parameter).await;
    assert_eq!(raw.tokens().await, ["ERROR 8009", DONE_ERROR]);
    raw.is_usable().await;
    raw.send(PacketType::SqlBatch, &[1, 2, 3]).await;
    assert_eq!(raw.tokens().await, ["ERROR 4002", DONE_ERROR]);
    assert_eq!(raw.message().await, None);

    let mut raw = Raw::ready(&server).await;
    raw.send(PacketType::BulkLoad, &[0x81]).await;
    assert_eq!(raw.tokens().await, ["ERROR 4002", DONE_ERROR]);
    assert_eq!(raw.message().await, None);

    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[18, 1, 0, 7, 0, 0, 1, 0],
        &[1, 1, 0, 8, 0, 0, 1, 0],
        &[0x16, 3, 1, 0, 1, 0],
    ] {
        let mut raw = Raw::connect(&server).await;
        raw.socket.write_all(bytes).await.unwrap();
        assert_eq!(raw.message().await, None, "{bytes:?}");
    }
}

#[tokio::test]
async fn a_server_that_forces_encryption_hears_no_login_in_clear() {
    let server = Server::start(EncryptionPolicy::Force).await;
    let mut raw = Raw::connect(&server).await;
    raw.send(PacketType::Login7, &Login::default().build())
        .await;
    assert_eq!(raw.message().await, None);
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed() {
    let config = ListenerConfig {
        max_connections: 1,
        ..ListenerConfig::default()
    };
    let server = Server::start_with(EncryptionPolicy::PlainOnly, config).await;
    let mut first = Raw::ready(&server).await;
    let mut second = Raw::connect(&server).await;
    assert_eq!(second.message().await, None);
    first.is_usable().await;
}

#[tokio::test]
async fn a_client_that_does_not_log_in_is_closed() {
    let config = ListenerConfig {
        login_timeout: Duration::from_millis(1),
        ..ListenerConfig::default()
    };
    let server = Server::start_with(EncryptionPolicy::PlainOnly, config).await;
    let mut raw = Raw::connect(&server).await;
    assert_eq!(raw.message().await, None);
}

#[tokio::test]
async fn shutting_down_closes_every_connection() {
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    drop(server);
    assert_eq!(raw.message().await, None);
}
