//! Clients that stop half-way, say too much, or speak something else: each costs little, and its own connection only.

use super::*;

/// How many clients are half-way at once.
const HALF_WAY: usize = 600;

/// A PRELOGIN with a version and this encryption.
fn prelogin(encryption: u8) -> Vec<u8> {
    let table = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF];
    [&table[..], &[17, 0, 0, 0, 0, 0, encryption]].concat()
}

fn packet(kind: u8, status: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 8).to_be_bytes();
    [&[kind, status, length[0], length[1], 0, 0, 1, 0][..], body].concat()
}

/// Nobody who logs in waits for those who do not go on.
#[tokio::test]
async fn clients_that_stop_half_way_hold_nobody_up() {
    crate::limits::raise_descriptors();
    let server = Server::start(EncryptionPolicy::LoginOnly).await;
    let login = Login::default().build();
    let hello = packet(18, 1, &prelogin(2));
    let stages = [
        Vec::new(),
        hello[..3].to_vec(),
        hello[..20].to_vec(),
        hello.clone(),
        [&hello[..], &packet(16, 1, &login)[..60]].concat(),
        // A login of many packets that does not end.
        [&hello[..], &packet(16, 0, &[0; 4088]).repeat(20)].concat(),
        // TLS was agreed on, and half of it comes.
        [
            &packet(18, 1, &prelogin(1))[..],
            &packet(18, 1, &[0x16, 3, 1, 2, 0, 1]),
        ]
        .concat(),
        vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3],
    ];
    let mut open = Vec::new();
    for stage in stages.iter().cycle().take(HALF_WAY) {
        let mut raw = Raw::connect(&server).await;
        raw.socket.write_all(stage).await.unwrap();
        open.push(raw);
    }
    for _ in 0..10 {
        Raw::ready(&server).await.is_usable().await;
    }
    drop(open);
    Raw::ready(&server).await.is_usable().await;
}

#[tokio::test]
async fn a_login_that_is_too_long_is_not_read_to_its_end() {
    let server = plain().await;
    let mut raw = Raw::connect(&server).await;
    let piece = packet(16, 0, &[0; 4088]);
    let mut sent = 0;
    // It ends the connection once there is more than any login has; what is still under way does not matter.
    while sent < 4 << 20 && raw.socket.write_all(&piece).await.is_ok() {
        sent += piece.len();
    }
    assert_eq!(raw.message().await, None);
    let mut raw = Raw::connect(&server).await;
    let many = packet(18, 0, &[0; 4088]).repeat(2);
    let _ = raw.socket.write_all(&many).await;
    assert_eq!(raw.message().await, None);
}

/// Each attention that is heard is acknowledged, at most; the next request is answered as ever.
#[tokio::test]
async fn floods_of_attentions_are_survived() {
    const FLOOD: usize = 5_000;
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    let flood = packet(6, 1, &[]).repeat(FLOOD);
    let (mut from, mut to) = raw.socket.split();
    let last = {
        let payload = batch("print still");
        packet(1, 1, &payload)
    };
    let sending = async {
        to.write_all(&flood).await.unwrap();
        to.write_all(&last).await.unwrap();
    };
    let mut reader = MessageReader::new(usize::MAX);
    let reading = async {
        let mut acknowledged = 0;
        loop {
            while let Some(message) = reader.poll().unwrap() {
                match tokens(&message.payload).as_slice() {
                    [one] if one == DONE_ATTENTION => acknowledged += 1,
                    [info, done] => {
                        assert_eq!([info, done], ["INFO 0", DONE_FINAL]);
                        return acknowledged;
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert!(
                from.read_buf(reader.input()).await.unwrap() > 0,
                "it is closed"
            );
        }
    };
    let ((), acknowledged) = tokio::join!(sending, reading);
    assert!((1..=FLOOD).contains(&acknowledged), "{acknowledged}");
    raw.is_usable().await;
}

/// Several requests at once on one connection (MARS) were not agreed on: their frames (SMP) are no packets.
#[tokio::test]
async fn frames_of_several_requests_end_the_connection() {
    let server = plain().await;
    let mut witness = Raw::ready(&server).await;
    // SYN of the first session.
    let syn = [0x53, 1, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0];
    for before in [Vec::new(), packet(1, 0, &batch("print x")[..12])] {
        let mut raw = Raw::ready(&server).await;
        raw.socket.write_all(&before).await.unwrap();
        raw.socket.write_all(&syn).await.unwrap();
        assert_eq!(raw.message().await, None);
        witness.is_usable().await;
    }
}

/// Half of a pair of surrogates is no character: it becomes the sign for that, and nothing else is lost.
#[tokio::test]
async fn text_that_is_no_utf_16_is_read() {
    let server = plain().await;
    let mut raw = Raw::ready(&server).await;
    for unit in [0xD800_u16, 0xDFFF, 0xFFFF, 0] {
        let text = [utf16("print a"), unit.to_le_bytes().to_vec()].concat();
        raw.send(PacketType::SqlBatch, &[HEADERS, &text].concat())
            .await;
        assert_eq!(raw.tokens().await, ["INFO 0", DONE_FINAL], "{unit:04x}");
    }
    // And half a character is none: the rest of what is sent means nothing any more.
    raw.send(
        PacketType::SqlBatch,
        &[&batch("print a")[..], &[0x41]].concat(),
    )
    .await;
    assert_eq!(raw.tokens().await, ["ERROR 4002", DONE_ERROR]);
    assert_eq!(raw.message().await, None);
}

/// A server whose clients have so much room together.
async fn with_room(bytes: usize) -> (Server, Room) {
    let room = Room::of(bytes);
    let config = ListenerConfig {
        room: room.clone(),
        ..ListenerConfig::default()
    };
    let server = Server::start_with(EncryptionPolicy::PlainOnly, config).await;
    (server, room)
}

/// A batch that prints, in a message of so many bytes.
fn long_batch(bytes: usize) -> Vec<u8> {
    batch(&format!("print a{}", " ".repeat(bytes / 2)))
}

fn packets(payload: &[u8]) -> Vec<u8> {
    let mut writer = MessageWriter::new(PacketType::SqlBatch, 4096);
    writer.tokens().extend_from_slice(payload);
    let mut packets = BytesMut::new();
    writer.finish(&mut packets);
    packets.to_vec()
}

/// What does not fit is read past and refused; who has room is served, and nobody's connection ends.
#[tokio::test]
async fn all_requests_together_are_bounded() {
    const ROOM: usize = 4 << 20;
    const NO_ROOM: [&str; 2] = ["ERROR 701", DONE_ERROR];
    let (server, room) = with_room(ROOM).await;
    let mut half_way = Raw::ready(&server).await;
    let mut other = Raw::ready(&server).await;
    let long = packets(&long_batch(1 << 20));
    let (first, rest) = long.split_at(long.len() - 100_000);
    half_way.socket.write_all(first).await.unwrap();
    while room.left() > ROOM - (800 << 10) {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        other.send(PacketType::SqlBatch, &long_batch(4 << 20)).await;
        assert_eq!(other.tokens().await, NO_ROOM);
        other.is_usable().await;
    }
    half_way.socket.write_all(rest).await.unwrap();
    assert_eq!(half_way.tokens().await, ["INFO 0", DONE_FINAL]);
    // A wish to begin anew is not lost with the request that it came with.
    let mut first = true;
    for packet in packets(&long_batch(5 << 20)).chunks_mut(4096) {
        packet[1] |= u8::from(std::mem::take(&mut first)) << 3;
        other.socket.write_all(packet).await.unwrap();
    }
    let told = other.tokens().await;
    assert_eq!(told, ["ENVCHANGE 18", "ERROR 701", DONE_ERROR]);
    // All of it is given back.
    other.send(PacketType::SqlBatch, &long_batch(1 << 20)).await;
    assert_eq!(other.tokens().await, ["INFO 0", DONE_FINAL]);
    other.is_usable().await;
    half_way.is_usable().await;
    assert_eq!(room.left(), ROOM);
}

/// A parameter or a value of a byte or two is a hundred once it is read.
#[tokio::test]
async fn floods_of_parameters_and_rows_find_no_room() {
    const ROOM: usize = 4 << 20;
    let (server, room) = with_room(ROOM).await;
    let mut raw = Raw::ready(&server).await;
    let call = [&[1, 0, b'p', 0, 0, 0][..], &[0, 0, 0x32, 1].repeat(2_100)].concat();
    let calls: Vec<u8> = [&[0xFF][..], &call].concat().repeat(60);
    // A column that is bit NOT NULL.
    let columns = [0x81, 1, 0, 0, 0, 0, 0, 8, 0, 0x32, 1, b'b', 0];
    let rows = [&columns[..], &[0xD1, 1].repeat(300_000), &[0xFD], &[0; 12]].concat();
    for (kind, payload) in [
        (PacketType::Rpc, [HEADERS, &calls[1..]].concat()),
        (PacketType::BulkLoad, rows),
    ] {
        assert!(payload.len() < 1 << 20, "as it comes, it has room");
        raw.send(kind, &payload).await;
        assert_eq!(raw.tokens().await, ["ERROR 701", DONE_ERROR], "{kind:?}");
        raw.is_usable().await;
    }
    assert_eq!(room.left(), ROOM);
}

#[tokio::test]
async fn a_login_without_room_is_told_so() {
    let (server, room) = with_room(10_000).await;
    let mut raw = Raw::connect(&server).await;
    raw.send(PacketType::Prelogin, &prelogin(2)).await;
    raw.message().await.expect("an answer to PRELOGIN");
    let long = packet(16, 0, &[0; 4088]).repeat(20);
    raw.socket.write_all(&long).await.unwrap();
    raw.socket.write_all(&packet(16, 1, &[])).await.unwrap();
    let answer = raw.message().await.expect("a refusal").payload;
    let number = i32::from_le_bytes(answer[3..7].try_into().unwrap());
    assert_eq!((answer[0], number), (0xAA, 17803));
    Raw::ready(&server).await.is_usable().await;
    drop(raw);
    while room.left() < 10_000 {
        tokio::task::yield_now().await;
    }
}
