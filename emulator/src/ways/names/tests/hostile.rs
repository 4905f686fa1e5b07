//! Messages that no resolver sends.

use proptest::prelude::*;

use super::*;

#[test]
fn messages_are_answered_or_dropped() {
    let world = world();
    let names = vec![
        HOST,
        PRIVATE_ZONE,
        "_model.mi1.6d710bcf372b.database.windows.net",
        "alias.site.example",
        "hen.site.example",
        "many.site.example",
        "note.site.example",
        "example.com",
        "",
    ];
    let kinds = vec![
        RecordType::A,
        RecordType::AAAA,
        RecordType::ANY,
        RecordType::CNAME,
        RecordType::SOA,
        RecordType::TXT,
    ];
    let asked = (
        prop::sample::select(names),
        prop::sample::select(kinds),
        any::<bool>(),
    );
    let messages = asked.prop_map(|(name, kind, newer)| {
        let mut message = query(name, kind);
        if newer {
            message.set_edns(Edns::new());
        }
        message.to_vec().expect("a message")
    });
    milink_hostile::bytes("dns", 400, messages, |input| {
        for (transport, most) in [(Transport::Udp, 1_232), (Transport::Tcp, 65_535)] {
            for from in ["vm:vm-app", "internet", "nowhere"] {
                let Some(reply) = ask(&world, from, input, transport) else {
                    continue;
                };
                assert!(reply.len() <= most, "{} bytes", reply.len());
                assert_eq!(reply[..2], input[..2], "the answer has the question's id");
                let reply = Message::from_vec(&reply).expect("what is answered can be read");
                assert_eq!(reply.metadata.message_type, MessageType::Response);
            }
        }
    });
}
