//! Messages that no driver sends: whatever comes is a value or an error, soon, and no larger than what came.

use bytes::BytesMut;
use proptest::prelude::*;
use proptest::strategy::Union;

use crate::bulk_load::BulkLoad;
use crate::fed_auth_token::FedAuthToken;
use crate::login7::Login7;
use crate::packet::{MAX_PACKET_BYTES, MIN_PACKET_BYTES, MessageReader};
use crate::prelogin::{EncryptionPolicy, Prelogin, negotiate_encryption};
use crate::rpc_request::RpcRequest;
use crate::sql_batch::SqlBatch;
use crate::transaction_request::TransactionRequest;
use crate::types::tests::any_pair;
use crate::types::{TypeInfo, WireValue, write_type_info, write_value};
use crate::{Error, Limits, TdsVersion};

const CASES: u32 = 300;
const VERSIONS: [TdsVersion; 3] = [TdsVersion::V7_1, TdsVersion::V7_2, TdsVersion::V7_4];

/// Limits that a mutant can reach.
const LOW: Limits = Limits {
    prelogin_bytes: 256,
    login_bytes: 1_024,
    message_bytes: 4_096,
    value_bytes: 512,
    rpc_parameters: 20,
    rpc_calls: 10,
    bulk_values: 100,
    decoded_bytes: 6_000,
};

/// An error says something, and not much of what came.
fn is_told(error: &Error) {
    let words = error.to_string();
    assert!((1..300).contains(&words.len()), "{words}");
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A count of one byte and the text in UTF-16.
fn counted(text: &str) -> Vec<u8> {
    let text: String = text.chars().take(60).collect();
    let bytes = utf16(&text);
    [vec![(bytes.len() / 2) as u8], bytes].concat()
}

fn headers() -> impl Strategy<Value = Vec<u8>> {
    let transaction = [
        22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
    ];
    let traced = [
        48, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 26, 0, 0, 0, 3, 0,
    ];
    let traced = [&traced[..], &[7; 20]].concat();
    prop::sample::select(vec![
        Vec::new(),
        vec![4, 0, 0, 0],
        transaction.to_vec(),
        traced,
    ])
}

fn typed(info: TypeInfo, value: &WireValue<'_>) -> (Vec<u8>, Vec<u8>) {
    let (mut of_type, mut of_value) = (BytesMut::new(), BytesMut::new());
    write_type_info(info, &mut of_type);
    // What does not fit its type is nothing to begin with.
    let _ = write_value(info, value, &mut of_value);
    (of_type.to_vec(), of_value.to_vec())
}

fn call() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        (0..20_u16).prop_map(|id| [[0xFF, 0xFF], id.to_le_bytes()].concat()),
        "[a-zé#.]{0,12}".prop_map(|name| {
            let bytes = utf16(&name);
            [&((bytes.len() / 2) as u16).to_le_bytes(), &bytes[..]].concat()
        }),
    ];
    let parameter =
        ("@?\\PC{0,6}", 0..4_u8, any_pair()).prop_map(|(name, status, (info, value))| {
            let (of_type, of_value) = typed(info, &value);
            [counted(&name), vec![status], of_type, of_value].concat()
        });
    let parameters = prop::collection::vec(parameter, 0..5);
    (name, 0..4_u16, parameters).prop_map(|(name, options, parameters)| {
        [name, options.to_le_bytes().to_vec(), parameters.concat()].concat()
    })
}

fn rpc() -> impl Strategy<Value = Vec<u8>> {
    let separator = prop::sample::select(vec![0xFF_u8, 0xFE, 0x80]);
    (headers(), separator, prop::collection::vec(call(), 1..4))
        .prop_map(|(headers, separator, calls)| [headers, calls.join(&separator)].concat())
}

fn bulk_load() -> impl Strategy<Value = Vec<u8>> {
    let columns = prop::collection::vec((any_pair(), "\\PC{0,6}"), 1..6);
    (columns, 0..4_usize, any::<bool>()).prop_map(|(columns, rows, bitmap)| {
        let mut bytes = vec![0x81, columns.len() as u8, 0];
        let mut row = match bitmap {
            true => vec![0xD2, 0b10],
            false => vec![0xD1],
        };
        for (at, ((info, value), name)) in columns.iter().enumerate() {
            let (of_type, of_value) = typed(*info, value);
            bytes.extend([0, 0, 0, 0, 9, 0]);
            bytes.extend(of_type);
            bytes.extend(counted(name));
            if !(bitmap && at == 1) {
                row.extend(of_value);
            }
        }
        bytes.extend(row.repeat(rows));
        bytes.extend([0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    })
}

/// LOGIN7 with its fields in any order, and a block of features.
fn login() -> impl Strategy<Value = Vec<u8>> {
    let versions = vec![
        0x7100_0001_u32,
        0x7209_0002,
        0x730B_0003,
        0x7400_0004,
        0x0800_0000,
    ];
    let feature = (0..16_u8, prop::collection::vec(any::<u8>(), 0..12))
        .prop_map(|(id, data)| [&[id][..], &(data.len() as u32).to_le_bytes(), &data].concat());
    let token = "[a-z.]{0,20}".prop_map(|token| {
        let token = utf16(&token);
        let data = [&[3][..], &(token.len() as u32).to_le_bytes(), &token].concat();
        [&[2][..], &(data.len() as u32).to_le_bytes(), &data].concat()
    });
    let features = prop::collection::vec(prop_oneof![feature, token], 0..4);
    let text = || "\\PC{0,8}";
    (
        prop::sample::select(versions),
        any::<[u8; 4]>(),
        prop::collection::vec(text(), 9),
        prop::option::of(features),
    )
        .prop_map(|(version, mut flags, texts, features)| {
            let is_old = version >> 24 == 0x71;
            let table_end = if is_old { 86 } else { 94 };
            flags[3] = if features.is_some() { 0x10 } else { 0 };
            let mut fixed = Vec::new();
            for number in [version, 4096, 7, 4711, 0] {
                fixed.extend(number.to_le_bytes());
            }
            fixed.extend(flags);
            fixed.extend([0, 0, 0, 0, 9, 4, 0, 0]);
            let mut data: Vec<u8> = Vec::new();
            for (at, text) in texts.iter().enumerate() {
                let (bytes, count) = match (at, &features) {
                    (5, Some(_)) => (vec![0; 4], 4),
                    (5, None) => (Vec::new(), 0),
                    _ => (utf16(text), text.encode_utf16().count()),
                };
                fixed.extend(((table_end + data.len()) as u16).to_le_bytes());
                fixed.extend((count as u16).to_le_bytes());
                if (at, features.is_some()) == (5, true) {
                    let behind: usize = texts[6..].iter().map(|text| utf16(text).len()).sum();
                    let place = table_end + data.len() + 4 + behind;
                    data.extend((place as u32).to_le_bytes());
                } else {
                    data.extend(bytes);
                }
            }
            fixed.extend([1, 2, 3, 4, 5, 6]);
            fixed.resize(table_end - 4, 0);
            for feature in features.iter().flatten() {
                data.extend(feature);
            }
            if features.is_some() {
                data.push(0xFF);
            }
            let length = (table_end + data.len()) as u32;
            [&length.to_le_bytes()[..], &fixed, &data].concat()
        })
}

fn prelogin() -> impl Strategy<Value = Vec<u8>> {
    let option = prop_oneof![
        any::<[u8; 6]>().prop_map(|version| (0, version.to_vec())),
        (0..5_u8).prop_map(|encryption| (1, vec![encryption])),
        "[A-Z]{0,8}".prop_map(|name| (2, [name.as_bytes(), &[0]].concat())),
        any::<[u8; 4]>().prop_map(|thread| (3, thread.to_vec())),
        (0..2_u8).prop_map(|mars| (4, vec![mars])),
        any::<[u8; 16]>().prop_map(|trace| (5, trace.to_vec())),
        (0..2_u8).prop_map(|required| (6, vec![required])),
        any::<[u8; 32]>().prop_map(|nonce| (7, nonce.to_vec())),
    ];
    prop::collection::vec(option, 0..6).prop_map(|mut options| {
        options.insert(0, (0, vec![17, 0, 0, 0, 0, 0]));
        let mut place = options.len() * 5 + 1;
        let (mut table, mut data) = (Vec::new(), Vec::new());
        for (id, bytes) in options {
            table.push(id);
            table.extend((place as u16).to_be_bytes());
            table.extend((bytes.len() as u16).to_be_bytes());
            place += bytes.len();
            data.extend(bytes);
        }
        [table, vec![0xFF], data].concat()
    })
}

fn transaction_request() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        (0..6_u8, "[a-z]{0,8}")
            .prop_map(|(level, name)| [&[5, 0, level][..], &counted(&name)].concat()),
        (7..9_u8, "[a-z]{0,8}", 0..6_u8).prop_map(|(kind, name, level)| {
            [
                &[kind, 0][..],
                &counted(&name),
                &[1, level],
                &counted(&name),
            ]
            .concat()
        }),
        "[a-z]{0,8}".prop_map(|name| [&[9, 0][..], &counted(&name)].concat()),
        (0..7_u8).prop_map(|kind| vec![kind, 0, 0, 0]),
    ];
    (headers(), body).prop_map(|(headers, body)| [headers, body].concat())
}

fn packets() -> impl Strategy<Value = Vec<u8>> {
    let kind = Union::new([1_u8, 3, 6, 7, 8, 14, 16, 17, 18].map(Just));
    let piece = prop::collection::vec(any::<u8>(), 0..40);
    let message = (
        kind,
        prop::sample::select(vec![0_u8, 8, 16]),
        prop::collection::vec(piece, 1..4),
    );
    let message = message.prop_map(|(kind, reset, pieces)| {
        let last = pieces.len() - 1;
        let packet = |(at, piece): (usize, &Vec<u8>)| {
            let status = if at == last { 1 } else { 0 } | if at == 0 { reset } else { 0 };
            let length = ((piece.len() + 8) as u16).to_be_bytes();
            [
                &[kind, status, length[0], length[1], 0, 0, at as u8, 0][..],
                piece,
            ]
            .concat()
        };
        pieces
            .iter()
            .enumerate()
            .map(packet)
            .collect::<Vec<_>>()
            .concat()
    });
    prop::collection::vec(message, 1..4).prop_map(|messages| messages.concat())
}

/// How many bytes a value takes besides itself.
fn size(value: &WireValue<'_>) -> usize {
    match value {
        WireValue::Text(text) => text.len(),
        WireValue::Bytes(bytes) => bytes.len(),
        WireValue::Variant(variant) => size(&variant.value),
        _ => 0,
    }
}

/// Each unit of UTF-16 and each byte of a code page is three bytes of UTF-8 at most.
fn is_no_larger<'a>(input: &[u8], values: impl Iterator<Item = &'a WireValue<'static>>) {
    let sum: usize = values.map(size).sum();
    assert!(sum <= 3 * input.len(), "{sum} bytes out of {}", input.len());
}

#[test]
fn packets_are_cut_out_or_refused() {
    milink_hostile::bytes("tds-packet", CASES, packets(), |input| {
        let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut reader = MessageReader::new(64);
            let mut messages = Vec::new();
            for piece in pieces {
                reader.feed(piece);
                loop {
                    match reader.poll() {
                        Ok(Some(message)) => messages.push(message),
                        Ok(None) => break,
                        Err(error) => return (messages, Some(error)),
                    }
                }
                assert!(reader.input().len() < MAX_PACKET_BYTES + piece.len());
            }
            (messages, None)
        };
        let whole = read(&mut [input].into_iter());
        // However it comes, it is the same.
        assert_eq!(whole, read(&mut input.chunks(5)));
        let held: usize = whole.0.iter().map(|message| message.payload.len()).sum();
        assert!(held <= input.len());
        assert!(whole.0.iter().all(|message| message.payload.len() <= 64));
        whole.1.iter().for_each(is_told);
    });
}

#[test]
fn prelogins_are_read_or_refused() {
    milink_hostile::bytes(
        "tds-prelogin",
        CASES,
        prelogin(),
        |input| match Prelogin::decode(input) {
            Ok(prelogin) => {
                for policy in [
                    EncryptionPolicy::PlainOnly,
                    EncryptionPolicy::LoginOnly,
                    EncryptionPolicy::Force,
                ] {
                    let _ = negotiate_encryption(policy, prelogin.encryption);
                }
                assert!(prelogin.instance.len() <= 3 * input.len());
            }
            Err(error) => is_told(&error),
        },
    );
}

#[test]
fn logins_are_read_or_refused() {
    milink_hostile::bytes("tds-login7", CASES, login(), |input| {
        match Login7::decode(input) {
            Ok(login) => {
                let size = login.negotiated_packet_size(4096);
                assert!((MIN_PACKET_BYTES..=MAX_PACKET_BYTES).contains(&size));
                // A part may be told again and again, but there are only so many.
                assert!(format!("{login:?}").len() < 10_000 + 100 * input.len());
            }
            Err(error) => is_told(&error),
        }
    });
}

#[test]
fn calls_are_read_or_refused() {
    milink_hostile::bytes("tds-rpc", CASES, rpc(), |input| {
        for version in VERSIONS {
            match RpcRequest::decode(input, version, &LOW) {
                Ok(request) => {
                    assert!(request.decoded_bytes <= LOW.decoded_bytes);
                    let calls = &request.calls;
                    assert!((1..=LOW.rpc_calls).contains(&calls.len()));
                    assert!(
                        calls
                            .iter()
                            .all(|call| call.parameters.len() <= LOW.rpc_parameters)
                    );
                    let parameters = || calls.iter().flat_map(|call| &call.parameters);
                    is_no_larger(input, parameters().map(|parameter| &parameter.value));
                    for parameter in parameters() {
                        // An output parameter goes back as it came.
                        let _ = write_value(
                            parameter.type_info,
                            &parameter.value,
                            &mut BytesMut::new(),
                        );
                    }
                }
                Err(error) => is_told(&error),
            }
        }
    });
}

#[test]
fn bulk_loads_are_read_or_refused() {
    milink_hostile::bytes("tds-bulk-load", CASES, bulk_load(), |input| {
        for version in VERSIONS {
            match BulkLoad::decode(input, version, &LOW) {
                Ok(load) => {
                    assert!(load.decoded_bytes <= LOW.decoded_bytes);
                    assert!(load.rows.len() * load.columns.len() <= LOW.bulk_values);
                    assert!(load.rows.iter().all(|row| row.len() == load.columns.len()));
                    is_no_larger(input, load.rows.iter().flatten());
                }
                Err(error) => is_told(&error),
            }
        }
    });
}

#[test]
fn other_messages_are_read_or_refused() {
    let text = "\\PC{0,30}".prop_map(|text| utf16(&text));
    let batch = (headers(), text).prop_map(|(headers, text)| [headers, text].concat());
    milink_hostile::bytes("tds-batch", CASES, batch, |input| {
        for version in VERSIONS {
            match SqlBatch::decode(input, version) {
                Ok(batch) => assert!(batch.text.len() <= 3 * input.len()),
                Err(error) => is_told(&error),
            }
        }
    });
    milink_hostile::bytes("tds-transaction", CASES, transaction_request(), |input| {
        for version in VERSIONS {
            if let Err(error) = TransactionRequest::decode(input, version) {
                is_told(&error);
            }
        }
    });
    let token = "[a-zA-Z0-9.]{0,40}".prop_map(|token| {
        let token = utf16(&token);
        let length = token.len() as u32;
        [
            &(length + 4).to_le_bytes()[..],
            &length.to_le_bytes(),
            &token,
        ]
        .concat()
    });
    milink_hostile::bytes(
        "tds-fed-auth",
        CASES,
        token,
        |input| match FedAuthToken::decode(input) {
            Ok(token) => assert!(token.token.reveal().len() <= 3 * input.len()),
            Err(error) => is_told(&error),
        },
    );
}

/// What is generated is not refused already before it is changed: nothing would be tried behind the first check.
#[test]
fn what_the_mutants_come_from_is_mostly_valid() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut taken = [0; 5];
    for _ in 0..200 {
        let mut some = |strategy: BoxedStrategy<Vec<u8>>| {
            let tree = strategy.new_tree(&mut runner).expect("there is some");
            proptest::strategy::ValueTree::current(&tree)
        };
        let of = |good: bool| usize::from(good);
        let limits = Limits::default();
        taken[0] += of(Prelogin::decode(&some(prelogin().boxed())).is_ok());
        taken[1] += of(Login7::decode(&some(login().boxed())).is_ok());
        let call = some(rpc().boxed());
        taken[2] += of(VERSIONS
            .iter()
            .any(|version| RpcRequest::decode(&call, *version, &limits).is_ok()));
        taken[3] +=
            of(BulkLoad::decode(&some(bulk_load().boxed()), TdsVersion::V7_4, &limits).is_ok());
        let asked = some(transaction_request().boxed());
        taken[4] += of(VERSIONS
            .iter()
            .any(|version| TransactionRequest::decode(&asked, *version).is_ok()));
    }
    assert!(taken.iter().all(|taken| *taken > 60), "{taken:?}");
}
