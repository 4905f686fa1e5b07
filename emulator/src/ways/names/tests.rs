use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use expect_test::expect;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use milink_core::World;
use milink_core::azure::fabric::{MailExchange, Records, ServiceLocation};
use milink_core::path::Vantage;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use super::answer::{Transport, answer};
use super::{Model, NameServer};
use crate::clock::ClockMode;
use crate::hub::{Hub, WorldSpec};
use crate::ways::sample::{HOST, PRIVATE_ZONE, approve, record_set, town, zone};

mod hostile;

fn world() -> World {
    let mut world = town();
    approve(&mut world);
    zone(&mut world, "site.example", "app-vnet", "db", "10.9.1.4");
    let text = Records::Txt(vec![vec!["one".to_owned(), "two".to_owned()]]);
    record_set(&mut world, "site.example", "note", text);
    let alias = Records::Cname(Some("db.site.example".to_owned()));
    record_set(&mut world, "site.example", "alias", alias);
    for (name, other) in [("self", "self"), ("hen", "egg"), ("egg", "hen")] {
        let alias = Records::Cname(Some(format!("{other}.site.example")));
        record_set(&mut world, "site.example", name, alias);
    }
    let many = (1..=20).map(|last| Ipv4Addr::new(10, 9, 0, last)).collect();
    record_set(&mut world, "site.example", "many", Records::A(many));
    world
}

fn query(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    let name = format!("{}.", name.trim_end_matches('.'));
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn ask(world: &World, from: &str, message: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let from = Vantage::parse(world, from).ok();
    answer(world, from.as_ref(), &Some, message, transport)
}

fn told(reply: &Message) -> String {
    let mut text = format!("{:?}", reply.metadata.response_code);
    if reply.metadata.truncation {
        text.push_str(" truncated");
    }
    for record in &reply.answers {
        let _ = write!(text, " {} {}", record.record_type(), record.data);
    }
    for record in &reply.authorities {
        let _ = write!(text, " ({} {})", record.record_type(), record.name);
    }
    text
}

#[test]
fn a_vantage_hears_what_its_network_hears() {
    let world = world();
    let cases = [
        ("vm:vm-app", HOST, RecordType::A),
        (
            "vm:vm-app",
            "MI1.6d710bcf372b.Database.Windows.net.",
            RecordType::A,
        ),
        ("internet", HOST, RecordType::A),
        ("mi:mi1", HOST, RecordType::A),
        ("vm:vm-app", HOST, RecordType::AAAA),
        ("vm:vm-app", HOST, RecordType::CNAME),
        ("vm:vm-app", HOST, RecordType::ANY),
        ("vm:vm-app", HOST, RecordType::MX),
        (
            "vm:vm-app",
            "_model.mi1.6d710bcf372b.database.windows.net",
            RecordType::TXT,
        ),
        (
            "vm:vm-app",
            "_model.mi9.6d710bcf372b.database.windows.net",
            RecordType::TXT,
        ),
        (
            "vm:vm-app",
            "mi9.6d710bcf372b.database.windows.net",
            RecordType::A,
        ),
        (
            "vm:vm-app",
            "mi9.privatelink.6d710bcf372b.database.windows.net",
            RecordType::AAAA,
        ),
        ("vm:vm-app", PRIVATE_ZONE, RecordType::A),
        ("vm:vm-app", PRIVATE_ZONE, RecordType::SOA),
        ("vm:vm-app", "alias.site.example", RecordType::A),
        ("vm:vm-app", "alias.site.example", RecordType::CNAME),
        ("vm:vm-app", "self.site.example", RecordType::A),
        ("vm:vm-app", "hen.site.example", RecordType::A),
        ("vm:vm-app", "egg.site.example", RecordType::AAAA),
        ("vm:vm-app", "hen.site.example", RecordType::TXT),
        ("vm:vm-app", "hen.site.example", RecordType::CNAME),
        ("vm:vm-app", "note.site.example", RecordType::TXT),
        ("vm:vm-app", "note.site.example", RecordType::A),
        ("internet", "note.site.example", RecordType::TXT),
        ("internet", "db.site.example", RecordType::A),
        ("vm:vm-app", "www.example.com", RecordType::A),
        ("vm:vm-app", "notsite.example", RecordType::A),
        ("vm:vm-app", "windows.net", RecordType::A),
        ("vm:vm-app", ".", RecordType::NS),
        ("vm:vm-app", "4.1.9.10.in-addr.arpa", RecordType::PTR),
        ("vm:gone", HOST, RecordType::A),
    ];
    let mut text = String::new();
    for (from, name, kind) in cases {
        let asked = query(name, kind);
        let reply = ask(&world, from, &asked.to_vec().unwrap(), Transport::Udp).unwrap();
        let reply = Message::from_vec(&reply).unwrap();
        assert_eq!((reply.metadata.id, &reply.queries), (7, &asked.queries));
        assert!(!reply.metadata.recursion_available);
        assert!(reply.answers.iter().all(|record| record.ttl == 0));
        let _ = writeln!(text, "{from} {name} {kind}: {}", told(&reply));
    }
    expect![[r#"
        vm:vm-app mi1.6d710bcf372b.database.windows.net A: NoError CNAME mi1.privatelink.6d710bcf372b.database.windows.net. A 10.9.1.4
        vm:vm-app MI1.6d710bcf372b.Database.Windows.net. A: NoError CNAME mi1.privatelink.6d710bcf372b.database.windows.net. A 10.9.1.4
        internet mi1.6d710bcf372b.database.windows.net A: NoError CNAME mi1.privatelink.6d710bcf372b.database.windows.net. A 10.1.1.254
        mi:mi1 mi1.6d710bcf372b.database.windows.net A: NoError CNAME mi1.privatelink.6d710bcf372b.database.windows.net. A 10.1.1.254
        vm:vm-app mi1.6d710bcf372b.database.windows.net AAAA: NoError CNAME mi1.privatelink.6d710bcf372b.database.windows.net. (SOA database.windows.net.)
        vm:vm-app mi1.6d710bcf372b.database.windows.net CNAME: NoError CNAME mi1.privatelink.6d710bcf372b.database.windows.net.
        vm:vm-app mi1.6d710bcf372b.database.windows.net ANY: NoError CNAME mi1.privatelink.6d710bcf372b.database.windows.net. A 10.9.1.4
        vm:vm-app mi1.6d710bcf372b.database.windows.net MX: NoError CNAME mi1.privatelink.6d710bcf372b.database.windows.net. (SOA database.windows.net.)
        vm:vm-app _model.mi1.6d710bcf372b.database.windows.net TXT: NoError TXT 10.9.1.4
        vm:vm-app _model.mi9.6d710bcf372b.database.windows.net TXT: NXDomain (SOA database.windows.net.)
        vm:vm-app mi9.6d710bcf372b.database.windows.net A: NXDomain (SOA database.windows.net.)
        vm:vm-app mi9.privatelink.6d710bcf372b.database.windows.net AAAA: NXDomain (SOA privatelink.6d710bcf372b.database.windows.net.)
        vm:vm-app privatelink.6d710bcf372b.database.windows.net A: NoError (SOA privatelink.6d710bcf372b.database.windows.net.)
        vm:vm-app privatelink.6d710bcf372b.database.windows.net SOA: NoError SOA milink.invalid. milink.invalid. 1 60 60 60 0
        vm:vm-app alias.site.example A: NoError CNAME db.site.example. A 10.9.1.4
        vm:vm-app alias.site.example CNAME: NoError CNAME db.site.example.
        vm:vm-app self.site.example A: ServFail
        vm:vm-app hen.site.example A: ServFail
        vm:vm-app egg.site.example AAAA: ServFail
        vm:vm-app hen.site.example TXT: ServFail
        vm:vm-app hen.site.example CNAME: NoError CNAME egg.site.example.
        vm:vm-app note.site.example TXT: NoError TXT onetwo
        vm:vm-app note.site.example A: NoError (SOA site.example.)
        internet note.site.example TXT: NXDomain (SOA site.example.)
        internet db.site.example A: NXDomain (SOA site.example.)
        vm:vm-app www.example.com A: Refused
        vm:vm-app notsite.example A: Refused
        vm:vm-app windows.net A: Refused
        vm:vm-app . NS: Refused
        vm:vm-app 4.1.9.10.in-addr.arpa PTR: Refused
        vm:gone mi1.6d710bcf372b.database.windows.net A: Refused
    "#]].assert_eq(&text);
}

#[test]
fn records_of_every_kind_are_answered_as_they_are_written() {
    let mut world = world();
    let site = "site.example";
    zone(&mut world, "9.10.in-addr.arpa", "app-vnet", "x", "10.9.9.9");
    let name = |name: &str| name.to_owned();
    let mails = [(20, "b.site.example."), (10, "a.site.example")];
    let mails = mails.map(|(preference, exchange)| MailExchange {
        preference,
        exchange: name(exchange),
    });
    let service = ServiceLocation {
        priority: 1,
        weight: 5,
        port: 1433,
        target: name("db.site.example"),
    };
    let six = ["fd00::9", "2001:db8::1"].map(|text| text.parse().unwrap());
    for (zone, at, records) in [
        (site, "db", Records::Aaaa(six.to_vec())),
        (site, "@", Records::Mx(mails.to_vec())),
        (site, "_sql._tcp", Records::Srv(vec![service])),
        (
            "9.10.in-addr.arpa",
            "4.1",
            Records::Ptr(vec![name("db.site.example"), name("other.site.example")]),
        ),
        (site, "*", Records::Txt(vec![vec![name("any")]])),
        (site, "empty", Records::Mx(Vec::new())),
    ] {
        record_set(&mut world, zone, at, records);
    }
    let cases = [
        ("vm:vm-app", "db.site.example", RecordType::AAAA),
        ("vm:vm-app", "alias.site.example", RecordType::AAAA),
        ("vm:vm-app", "db.site.example", RecordType::A),
        ("vm:vm-app", "site.example", RecordType::MX),
        ("vm:vm-app", "_SQL._tcp.site.example", RecordType::SRV),
        ("vm:vm-app", "4.1.9.10.in-addr.arpa", RecordType::PTR),
        ("vm:vm-app", "5.1.9.10.in-addr.arpa", RecordType::PTR),
        ("internet", "4.1.9.10.in-addr.arpa", RecordType::PTR),
        ("internet", "site.example", RecordType::MX),
        ("vm:vm-app", "nobody.site.example", RecordType::TXT),
        ("vm:vm-app", "empty.site.example", RecordType::TXT),
        ("vm:vm-app", "db.site.example", RecordType::TXT),
        ("vm:vm-app", "db.site.example", RecordType::CAA),
    ];
    let mut text = String::new();
    for (from, name, kind) in cases {
        let asked = query(name, kind).to_vec().unwrap();
        let reply = ask(&world, from, &asked, Transport::Udp).unwrap();
        let reply = Message::from_vec(&reply).unwrap();
        let _ = writeln!(text, "{from} {name} {kind}: {}", told(&reply));
    }
    expect![[r#"
        vm:vm-app db.site.example AAAA: NoError AAAA fd00::9 AAAA 2001:db8::1
        vm:vm-app alias.site.example AAAA: NoError CNAME db.site.example. AAAA fd00::9 AAAA 2001:db8::1
        vm:vm-app db.site.example A: NoError A 10.9.1.4
        vm:vm-app site.example MX: NoError MX 20 b.site.example. MX 10 a.site.example.
        vm:vm-app _SQL._tcp.site.example SRV: NoError SRV 1 5 1433 db.site.example.
        vm:vm-app 4.1.9.10.in-addr.arpa PTR: NoError PTR db.site.example. PTR other.site.example.
        vm:vm-app 5.1.9.10.in-addr.arpa PTR: NXDomain (SOA 9.10.in-addr.arpa.)
        internet 4.1.9.10.in-addr.arpa PTR: NXDomain (SOA 9.10.in-addr.arpa.)
        internet site.example MX: NoError (SOA site.example.)
        vm:vm-app nobody.site.example TXT: NoError TXT any
        vm:vm-app empty.site.example TXT: NoError TXT any
        vm:vm-app db.site.example TXT: NoError (SOA site.example.)
        vm:vm-app db.site.example CAA: NoError (SOA site.example.)
    "#]]
    .assert_eq(&text);
}

#[test]
fn addresses_are_told_as_they_lead_there() {
    let world = world();
    let from = Vantage::parse(&world, "vm:vm-app").unwrap();
    let told = |model: Ipv4Addr| Some(Ipv4Addr::new(127, 64, 0, model.octets()[3]));
    let ask = |name: &str, kind| {
        let asked = query(name, kind).to_vec().unwrap();
        let reply = answer(&world, Some(&from), &told, &asked, Transport::Udp).unwrap();
        let reply = Message::from_vec(&reply).unwrap();
        reply
            .answers
            .into_iter()
            .map(|record| record.data)
            .collect::<Vec<RData>>()
    };
    let address = |text: &str| RData::A(hickory_proto::rr::rdata::A(text.parse().unwrap()));
    assert_eq!(
        ask("db.site.example", RecordType::A),
        [address("127.64.0.4")]
    );
    assert_eq!(
        ask("_model.db.site.example", RecordType::A),
        [address("10.9.1.4")]
    );
}

#[test]
fn what_is_too_long_for_a_datagram_comes_by_tcp() {
    let world = world();
    let mut asked = query("many.site.example", RecordType::A);
    asked.add_query(Query::query(
        Name::from_ascii("many.site.example").unwrap(),
        RecordType::A,
    ));
    asked.queries.truncate(1);
    let mut length = |edns: Option<u16>, transport| {
        asked.edns = edns.map(|size| {
            let mut edns = Edns::new();
            edns.set_max_payload(size);
            edns
        });
        let reply = ask(&world, "vm:vm-app", &asked.to_vec().unwrap(), transport).unwrap();
        let reply = Message::from_vec(&reply).unwrap();
        assert_eq!(reply.edns.is_some(), edns.is_some());
        (reply.answers.len(), reply.metadata.truncation)
    };
    // Twenty addresses are the most that a record set holds, and fit: compression makes them short.
    assert_eq!(length(None, Transport::Udp), (20, false));
    assert_eq!(length(Some(4096), Transport::Udp), (20, false));
    assert_eq!(length(Some(0), Transport::Tcp), (20, false));
}

#[test]
fn no_message_is_too_odd() {
    let world = world();
    let good = query(HOST, RecordType::A).to_vec().unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut message = good.clone();
        message[at..at + bytes.len()].copy_from_slice(bytes);
        message
    };
    let header = |questions: u16| {
        let mut message = vec![0, 7, 1, 0];
        message.extend(questions.to_be_bytes());
        message.extend([0; 6]);
        message
    };
    let one = |name: &[u8]| [&header(1)[..], name, &[0, 1, 0, 1]].concat();
    let mut other_class = query(HOST, RecordType::A);
    other_class.queries[0].set_query_class(DNSClass::CH);
    let mut newer = query(HOST, RecordType::A);
    let mut edns = Edns::new();
    edns.set_version(1);
    newer.set_edns(edns);
    let long_label = [&[63][..], &[b'a'; 63], &[0]].concat();
    let long_name = [&[&[63][..], &[b'a'; 63]].concat().repeat(4)[..], &[0]].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("half a header", good[..11].to_vec()),
        ("a header only", good[..12].to_vec()),
        ("half a question", good[..20].to_vec()),
        ("without its class", good[..good.len() - 2].to_vec()),
        ("an answer", with(2, &[0x81])),
        ("a notification", with(2, &[0x21])),
        ("an unknown kind of message", with(2, &[0x79])),
        ("no question", header(0)),
        ("many questions", with(4, &[0xff, 0xff])),
        ("answers in a question", with(6, &[0, 1])),
        ("a name that leads to itself", one(&[0xc0, 12])),
        (
            "two names that lead to each other",
            one(&[0xc0, 14, 0xc0, 12]),
        ),
        ("a name that leads outside", one(&[0xff, 0xff])),
        ("a name that ends in the header", one(&[1, b'a', 0xc0, 0])),
        ("a label of an unknown kind", one(&[0x80, 1, 0])),
        ("the longest label", one(&long_label)),
        ("a name that is too long", one(&long_name)),
        ("bytes that are no letters", one(&[3, 0xff, 0, b'.', 0])),
        (
            "a dot in a label",
            one(&[&[3, b'a', b'.', b'b'][..], &[0]].concat()),
        ),
        ("another class", other_class.to_vec().unwrap()),
        ("a newer EDNS", newer.to_vec().unwrap()),
        ("something behind", [&good[..], &[0; 64]].concat()),
        ("too much behind", [&good[..], &[0; 5000]].concat()),
    ];
    let mut text = String::new();
    for (what, message) in &cases {
        let reply = ask(&world, "vm:vm-app", message, Transport::Udp);
        let outcome = match reply {
            None => "dropped".to_owned(),
            Some(reply) => {
                let reply = Message::from_vec(&reply).unwrap();
                assert_eq!(reply.metadata.id, 7, "{what}");
                assert_eq!(reply.metadata.message_type, MessageType::Response);
                format!("{:?}", reply.metadata.response_code)
            }
        };
        let _ = writeln!(text, "{what}: {outcome}");
    }
    expect![[r#"
        nothing: dropped
        half a header: dropped
        a header only: FormErr
        half a question: FormErr
        without its class: FormErr
        an answer: dropped
        a notification: NotImp
        an unknown kind of message: NotImp
        no question: FormErr
        many questions: FormErr
        answers in a question: FormErr
        a name that leads to itself: FormErr
        two names that lead to each other: FormErr
        a name that leads outside: FormErr
        a name that ends in the header: Refused
        a label of an unknown kind: FormErr
        the longest label: Refused
        a name that is too long: FormErr
        bytes that are no letters: Refused
        a dot in a label: Refused
        another class: Refused
        a newer EDNS: BADSIG
        something behind: NoError
        too much behind: FormErr
    "#]]
    .assert_eq(&text);
}

#[test]
fn every_damaged_question_is_survived() {
    let world = world();
    let mut good = query(HOST, RecordType::A);
    good.set_edns(Edns::new());
    let good = good.to_vec().unwrap();
    let mut answered = 0;
    for at in 0..good.len() {
        for byte in [0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff] {
            let mut message = good.clone();
            message[at] = byte;
            let reply = ask(&world, "vm:vm-app", &message, Transport::Udp);
            if let Some(reply) = reply {
                assert!(reply.len() <= 1_232 && Message::from_vec(&reply).is_ok());
                answered += 1;
            }
        }
        let _ = ask(&world, "vm:vm-app", &good[..at], Transport::Tcp);
    }
    assert!(answered > good.len(), "most of it is answered");
    assert_eq!(ResponseCode::NoError.low(), 0);
}

/// A world of its own, served to `vm:vm-app`.
async fn served() -> NameServer {
    let hub = Hub::new();
    let cell = hub.create(WorldSpec {
        name: "names".to_owned(),
        subscription: uuid::Uuid::from_u128(7),
        seed: 1,
        clock: ClockMode::Manual,
        durations: milink_core::durations::Durations::default(),
        start: milink_core::time::Timestamp::from_unix_seconds(1_770_000_000),
    });
    let cell = cell.unwrap();
    cell.change(|kept, _| *kept = world());
    let ip = Ipv4Addr::LOCALHOST.into();
    let server = NameServer::open(cell, "vm:vm-app", Arc::new(Model), ip, 0).await;
    server.unwrap()
}

#[tokio::test]
async fn both_protocols_answer_at_one_port() {
    let server = served().await;
    let asked = query(HOST, RecordType::A).to_vec().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.address()).await.unwrap();
    let mut buffer = [0; 2_000];
    // What is too long is answered as well, and what is nothing is not: the next answer is that of the next question.
    socket
        .send(&[&asked[..], &[0; 8_000]].concat())
        .await
        .unwrap();
    let length = socket.recv(&mut buffer).await.unwrap();
    let reply = Message::from_vec(&buffer[..length]).unwrap();
    assert_eq!(reply.metadata.response_code, ResponseCode::FormErr);
    socket.send(&[]).await.unwrap();
    socket.send(&asked).await.unwrap();
    let length = socket.recv(&mut buffer).await.unwrap();
    let by_udp = buffer[..length].to_vec();
    assert_eq!(Message::from_vec(&by_udp).unwrap().answers.len(), 2);

    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    for _ in 0..2 {
        let framed = [
            &u16::try_from(asked.len()).unwrap().to_be_bytes()[..],
            &asked,
        ]
        .concat();
        // In two parts, as TCP may deliver it.
        stream.write_all(&framed[..5]).await.unwrap();
        stream.write_all(&framed[5..]).await.unwrap();
        let length = stream.read_u16().await.unwrap();
        let mut reply = vec![0; usize::from(length)];
        stream.read_exact(&mut reply).await.unwrap();
        assert_eq!(reply, by_udp);
    }
    stream.write_all(&[0xff, 0xff]).await.unwrap();
    assert_eq!(
        stream.read(&mut buffer).await.unwrap(),
        0,
        "too long to be read"
    );

    let address = server.address();
    drop(server);
    let again = TcpStream::connect(address).await;
    assert!(again.is_err(), "it is gone with its owner");
}
