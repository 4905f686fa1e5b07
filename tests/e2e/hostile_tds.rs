//! Bytes that no driver sends end their own connection and no other.

use std::io;
use std::time::Duration;

use milink_client::Sql;
use milink_tests::Stage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PRELOGIN: u8 = 0x12;
const LOGIN: u8 = 0x10;
pub(super) const BATCH: u8 = 0x01;
const RPC: u8 = 0x03;
const TRANSACTION: u8 = 0x0E;
pub(super) const ATTENTION: u8 = 0x06;
const END_OF_MESSAGE: u8 = 1;

/// How long a connection may take to end: plenty for a loaded machine, and none of the server's own timeouts.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is not wrong so far: only the client's end makes it so.
const CUT: [&str; 7] = [
    "nothing",
    "half a header",
    "a length beyond what comes",
    "half TLS",
    "half TLS in a packet",
    "a login that never ends",
    "an attention and then nothing",
];

#[tokio::test]
async fn malformed_beginnings_end_the_connection() {
    let stage = Stage::start().await;
    let mut witness = stage.sql_server().await;
    let mut open = Vec::new();
    for (what, bytes) in beginnings() {
        let mut stream = connect(&stage).await;
        if let Err(error) = ends(&mut stream, &bytes, CUT.contains(&what)).await {
            open.push(format!("{what}: {error}"));
        }
        answers(&mut witness, what).await;
    }
    assert_eq!(open, [""; 0]);
    answers(&mut stage.sql_server().await, "a new login").await;
}

#[tokio::test]
async fn malformed_requests_end_the_connection() {
    let stage = Stage::start().await;
    let mut witness = stage.sql_server().await;
    let mut open = Vec::new();
    for (what, bytes) in requests() {
        let mut stream = login(&stage).await;
        if let Err(error) = ends(&mut stream, &bytes, CUT.contains(&what)).await {
            open.push(format!("{what}: {error}"));
        }
        answers(&mut witness, what).await;
    }
    assert_eq!(open, [""; 0]);
    answers(&mut stage.sql_server().await, "a new login").await;
    let sessions = stage.world().read(|world| {
        world
            .instances
            .values()
            .map(|instance| instance.sessions.len())
            .sum::<usize>()
    });
    assert!(
        sessions <= 3,
        "the sessions of broken connections stay: {sessions}"
    );
}

/// Whatever one byte is changed to, and wherever the stream is cut.
#[tokio::test]
async fn changed_and_cut_streams_end_the_connection() {
    let stage = Stage::start().await;
    let mut witness = stage.sql_server().await;
    let mut whole = packet(PRELOGIN, &prelogin(NOT_SUPPORTED));
    whole.extend(packet(LOGIN, &login7("sa", milink_tests::PASSWORD)));
    whole.extend(packet(BATCH, &batch("SELECT 1")));
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..200 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = (random >> 33) as usize % whole.len();
        let mut bytes = whole.clone();
        match round % 2 {
            0 => bytes[at] ^= ((random >> 20) as u8) | 1,
            _ => bytes.truncate(at),
        }
        let mut stream = connect(&stage).await;
        let ended = ends(&mut stream, &bytes, true).await;
        ended.unwrap_or_else(|error| panic!("round {round}, byte {at}: {error}"));
    }
    answers(&mut witness, "changed streams").await;
    answers(&mut stage.sql_server().await, "a new login").await;
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_holds_nobody_up() {
    let stage = Stage::start().await;
    let mut slow = Vec::new();
    for bytes in [
        packet(PRELOGIN, &prelogin(NOT_SUPPORTED))[..3].to_vec(),
        packet(PRELOGIN, &prelogin(NOT_SUPPORTED))[..20].to_vec(),
        [
            packet(PRELOGIN, &prelogin(ON)),
            vec![PRELOGIN, 1, 0, 60, 0, 0, 0, 0, 0x16, 3, 3],
        ]
        .concat(),
        vec![0x16, 3, 1, 2, 0],
    ] {
        let mut stream = connect(&stage).await;
        stream.write_all(&bytes).await.expect("they are sent");
        slow.push(stream);
    }
    let mut asking = login(&stage).await;
    asking
        .write_all(&packet(BATCH, &batch("SELECT 1"))[..12])
        .await
        .expect("they are sent");
    answers(&mut stage.sql_server().await, "slow writers").await;
    // The rest of the request comes, and is answered.
    asking
        .write_all(&packet(BATCH, &batch("SELECT 1"))[12..])
        .await
        .expect("they are sent");
    let answer = read_message(&mut asking).await.expect("an answer");
    assert_eq!(
        answer.first(),
        Some(&0x81),
        "it begins with columns: {answer:02x?}"
    );
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_nobody_up() {
    let stage = Stage::start().await;
    let mut deaf = login(&stage).await;
    let endless = "SELECT a.message_id, REPLICATE(N'x', 1000) FROM sys.messages a CROSS JOIN sys.messages b CROSS JOIN sys.messages c";
    deaf.write_all(&packet(BATCH, &batch(endless)))
        .await
        .expect("it is sent");
    let mut witness = stage.sql_server().await;
    for _ in 0..20 {
        answers(&mut witness, "a client that does not read").await;
    }
}

/// What System.Transactions and XA resources send for a transaction of their own: nothing is done, and said by name.
#[tokio::test]
async fn a_transaction_of_a_client_s_coordinator_is_refused_by_name() {
    let stage = Stage::start().await;
    let mut stream = login(&stage).await;
    for (request, name) in [
        (0_u16, "TM_GET_DTC_ADDRESS"),
        (1, "TM_PROPAGATE_XACT"),
        (6, "TM_PROMOTE_XACT"),
    ] {
        let body = [all_headers(), request.to_le_bytes().to_vec(), vec![0, 0]].concat();
        let sent = stream.write_all(&packet(TRANSACTION, &body)).await;
        sent.expect("it is sent");
        let answer = read_message(&mut stream).await.expect("an answer");
        assert_eq!(answer.first(), Some(&0xAA), "{name}: {answer:02x?}");
        let said = utf16(name);
        let named = answer.windows(said.len()).any(|part| part == said);
        assert!(named, "{name}: {answer:02x?}");
    }
    // The session is as it was.
    let sent = stream.write_all(&packet(BATCH, &batch("SELECT 1"))).await;
    sent.expect("it is sent");
    let answer = read_message(&mut stream).await.expect("an answer");
    assert_eq!(answer.first(), Some(&0x81), "{answer:02x?}");
    stage.check_laws();
}

fn beginnings() -> Vec<(&'static str, Vec<u8>)> {
    let hello = prelogin(NOT_SUPPORTED);
    let with = |at: usize, value: u8| {
        let mut changed = hello.clone();
        changed[at] = value;
        packet(PRELOGIN, &changed)
    };
    let after_hello = |bytes: Vec<u8>| [packet(PRELOGIN, &hello), bytes].concat();
    let login = login7("sa", milink_tests::PASSWORD);
    let changed_login = |at: usize, value: u8| {
        let mut changed = login.clone();
        changed[at] = value;
        after_hello(packet(LOGIN, &changed))
    };
    vec![
        ("nothing", Vec::new()),
        ("half a header", vec![PRELOGIN, 1, 0]),
        ("a length of 0", vec![PRELOGIN, 1, 0, 0, 0, 0, 0, 0]),
        (
            "a length below the header's",
            vec![PRELOGIN, 1, 0, 7, 0, 0, 0, 0],
        ),
        ("a header alone", vec![PRELOGIN, 1, 0, 8, 0, 0, 0, 0]),
        (
            "a length beyond every packet",
            [
                vec![PRELOGIN, 1, 0xFF, 0xFF, 0, 0, 0, 0],
                vec![0xFF; 70_000],
            ]
            .concat(),
        ),
        (
            "a length beyond what comes",
            [vec![PRELOGIN, 1, 0x10, 0, 0, 0, 0, 0], vec![0; 50]].concat(),
        ),
        ("an unknown type", packet(0x55, &hello)),
        ("an option beyond the end", with(1, 0x7F)),
        ("an option longer than the message", with(3, 0x7F)),
        ("no terminator", packet(PRELOGIN, &[0, 0, 6, 0, 6])),
        (
            "HTTP",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
        (
            "TLS that is none",
            [vec![0x16, 3, 1, 0, 40], vec![0xAA; 40]].concat(),
        ),
        ("half TLS", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]),
        (
            "TLS in a packet that is none",
            [
                packet(PRELOGIN, &prelogin(ON)),
                packet(PRELOGIN, &[0xAA; 60]),
            ]
            .concat(),
        ),
        (
            "half TLS in a packet",
            [
                packet(PRELOGIN, &prelogin(ON)),
                packet(PRELOGIN, &[0x16, 3, 1, 2, 0, 1]),
            ]
            .concat(),
        ),
        (
            "a login where TLS was agreed",
            [packet(PRELOGIN, &prelogin(ON)), packet(LOGIN, &login)].concat(),
        ),
        (
            "a request before the login",
            after_hello(packet(BATCH, &batch("SELECT 1"))),
        ),
        ("an empty login", after_hello(packet(LOGIN, &[]))),
        ("half a login", after_hello(packet(LOGIN, &login[..40]))),
        ("a login whose length lies", changed_login(3, 0x7F)),
        ("a name beyond the login", changed_login(37, 0x7F)),
        ("a name longer than the login", changed_login(39, 0x7F)),
        (
            "a login that never ends",
            after_hello(
                [[LOGIN, 0, 0x10, 0, 0, 0, 1, 0].to_vec(), vec![0; 4088]]
                    .concat()
                    .repeat(64),
            ),
        ),
    ]
}

fn requests() -> Vec<(&'static str, Vec<u8>)> {
    let headers = |total: u32, rest: &[u8]| [total.to_le_bytes().to_vec(), rest.to_vec()].concat();
    let rpc = |body: &[u8]| [headers(22, &all_headers()[4..]), body.to_vec()].concat();
    vec![
        (
            "headers longer than the batch",
            packet(BATCH, &headers(0x7FFF_FFFF, &[0; 30])),
        ),
        (
            "headers shorter than their length",
            packet(BATCH, &headers(1, &[0; 30])),
        ),
        (
            "a header longer than the headers",
            packet(BATCH, &[22, 0, 0, 0, 0xFF, 0xFF, 0, 0, 2, 0, 0, 0]),
        ),
        (
            "half a character",
            packet(BATCH, &[all_headers(), vec![0x41]].concat()),
        ),
        ("an unknown type", packet(0x55, b"what")),
        ("a second login", packet(LOGIN, &login7("sa", "x"))),
        (
            "a procedure number that is none",
            packet(RPC, &rpc(&[0xFF, 0xFF, 0xFE, 0x7F, 0, 0])),
        ),
        (
            "a procedure name beyond the end",
            packet(RPC, &rpc(&[0xF0, 0x7F, 0x41, 0])),
        ),
        (
            "a parameter of no type",
            packet(RPC, &rpc(&[0xFF, 0xFF, 10, 0, 0, 0, 0, 0, 0x01])),
        ),
        (
            "a parameter beyond the end",
            packet(
                RPC,
                &rpc(&[
                    0xFF, 0xFF, 10, 0, 0, 0, 0, 0, 0xE7, 0xFF, 0xFF, 9, 4, 0xD0, 0, 0x34, 0xFE,
                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xE8, 3, 0, 0,
                ]),
            ),
        ),
        (
            "a transaction request that is none",
            packet(TRANSACTION, &[all_headers(), vec![0x77, 0x77]].concat()),
        ),
        (
            "half a transaction request",
            packet(TRANSACTION, &[all_headers(), vec![5]].concat()),
        ),
        ("a length of 0", vec![BATCH, 1, 0, 0, 0, 0, 0, 0]),
        (
            "a packet larger than agreed",
            [vec![BATCH, 1, 0xFF, 0xFF, 0, 0, 0, 0], vec![0; 65_527]].concat(),
        ),
        (
            "another request within one that has not ended",
            [
                vec![BATCH, 0, 0, 12, 0, 0, 1, 0, 0, 0, 0, 0],
                packet(RPC, &rpc(&[])),
            ]
            .concat(),
        ),
        ("an attention and then nothing", packet(ATTENTION, &[])),
    ]
}

async fn connect(stage: &Stage) -> TcpStream {
    let server = &stage.ready().sql_servers[0];
    TcpStream::connect((server.host.as_str(), server.port))
        .await
        .expect("the port is open")
}

/// A session without TLS.
pub(super) async fn login(stage: &Stage) -> TcpStream {
    let mut stream = connect(stage).await;
    stream
        .write_all(&packet(PRELOGIN, &prelogin(NOT_SUPPORTED)))
        .await
        .expect("it is sent");
    read_message(&mut stream).await.expect("a PRELOGIN answer");
    stream
        .write_all(&packet(LOGIN, &login7("sa", milink_tests::PASSWORD)))
        .await
        .expect("it is sent");
    let answer = read_message(&mut stream).await.expect("a login answer");
    assert!(
        answer.contains(&0xAD),
        "the login is acknowledged: {answer:02x?}"
    );
    stream
}

/// Sends the bytes and no more; the server has to end the connection, whatever it says before. What is cut ends with the
/// client's half; what is whole and wrong, the server ends by itself.
async fn ends(stream: &mut TcpStream, bytes: &[u8], cut: bool) -> io::Result<()> {
    // The server may have gone before everything is sent.
    let _ = stream.write_all(bytes).await;
    if cut {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    match read {
        Ok(Err(error)) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
        Ok(_) => Ok(()),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the connection stays open",
        )),
    }
}

async fn answers(sql: &mut Sql, after: &str) {
    let asked = tokio::time::timeout(PATIENCE, sql.batch("SELECT 40 + 2 AS n"));
    let results = asked
        .await
        .unwrap_or_else(|_| panic!("no answer after {after}"));
    let results = results.unwrap_or_else(|error| panic!("after {after}: {error}"));
    assert_eq!(results[0].rows[0][0].to_string(), "42", "after {after}");
}

async fn read_message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut header = [0; 8];
        stream.read_exact(&mut header).await?;
        let mut body = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]])) - 8];
        stream.read_exact(&mut body).await?;
        message.extend(body);
        if header[1] & END_OF_MESSAGE != 0 {
            return Ok(message);
        }
    }
}

/// One packet that is a whole message; larger ones are not needed here.
pub(super) fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 8)
        .expect("a small message")
        .to_be_bytes();
    let mut packet = vec![kind, END_OF_MESSAGE, length[0], length[1], 0, 0, 1, 0];
    packet.extend(body);
    packet
}

const NOT_SUPPORTED: u8 = 2;
const ON: u8 = 1;

/// PRELOGIN with a version and this encryption.
fn prelogin(encryption: u8) -> Vec<u8> {
    let mut message = vec![0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF];
    message.extend([17, 0, 0, 0, 0, 0, encryption]);
    message
}

/// LOGIN7 of TDS 7.4.
fn login7(user: &str, password: &str) -> Vec<u8> {
    const FIXED: usize = 94;
    let scrambled = utf16(password)
        .iter()
        .map(|byte| byte.rotate_left(4) ^ 0xA5)
        .collect();
    let fields: [Vec<u8>; 9] = [
        utf16("host"),
        utf16(user),
        scrambled,
        utf16("hostile"),
        utf16("server"),
        Vec::new(),
        utf16("library"),
        Vec::new(),
        Vec::new(),
    ];
    let mut login = vec![0; 4];
    login.extend(0x7400_0004_u32.to_le_bytes());
    login.extend(4096_u32.to_le_bytes());
    login.extend([0; 12]);
    login.extend([0xE0, 0x03, 0, 0]);
    login.extend([0; 8]);
    let mut data: Vec<u8> = Vec::new();
    for field in &fields {
        login.extend(
            u16::try_from(FIXED + data.len())
                .expect("short")
                .to_le_bytes(),
        );
        login.extend(u16::try_from(field.len() / 2).expect("short").to_le_bytes());
        data.extend(field);
    }
    // The client's id, then SSPI, the file to attach and the new password, all empty, and the long SSPI length.
    login.extend([0; 6]);
    for _ in 0..3 {
        login.extend(
            u16::try_from(FIXED + data.len())
                .expect("short")
                .to_le_bytes(),
        );
        login.extend([0; 2]);
    }
    login.extend([0; 4]);
    assert_eq!(login.len(), FIXED);
    login.extend(data);
    let length = u32::try_from(login.len()).expect("short").to_le_bytes();
    login[..4].copy_from_slice(&length);
    login
}

fn all_headers() -> Vec<u8> {
    let mut headers = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0];
    headers.extend([0; 8]);
    headers.extend([1, 0, 0, 0]);
    headers
}

fn batch(text: &str) -> Vec<u8> {
    [all_headers(), utf16(text)].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
