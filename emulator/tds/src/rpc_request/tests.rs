use proptest::prelude::*;

use super::*;
use crate::types::{Collation, Length};

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn decode(payload: &[u8], version: TdsVersion) -> Result<Vec<RpcCall>> {
    Ok(RpcRequest::decode(payload, version, &Limits::default())?.calls)
}

/// ALL_HEADERS outside a transaction.
const HEADERS: &[u8] = &[
    22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
];

/// What tiberius sends for `SELECT @P1`: sp_executesql by number, names `stmt` and `params`, and a
/// collation of zeros.
fn sp_executesql() -> Vec<u8> {
    let mut payload = HEADERS.to_vec();
    payload.extend_from_slice(&[0xFF, 0xFF, 10, 0, 0, 0]);
    for (name, text) in [("stmt", "SELECT @P1"), ("params", "@P1 int")] {
        payload.push(name.len() as u8);
        payload.extend(utf16(name));
        payload.extend_from_slice(&[0, 0xE7, 0x40, 0x1F, 0, 0, 0, 0, 0]);
        payload.extend_from_slice(&(text.len() as u16 * 2).to_le_bytes());
        payload.extend(utf16(text));
    }
    payload.push(3);
    payload.extend(utf16("@P1"));
    payload.extend_from_slice(&[0, 0x26, 4, 4, 42, 0, 0, 0]);
    payload
}

#[test]
fn a_parameterised_query_is_read() {
    let calls = decode(&sp_executesql(), TdsVersion::V7_4).unwrap();
    let [call] = &calls[..] else {
        panic!("one call expected: {calls:?}")
    };
    assert_eq!(
        call.procedure,
        Procedure::Known(WellKnownProcedure::ExecuteSql)
    );
    let seen: Vec<_> = call
        .parameters
        .iter()
        .map(|parameter| {
            (
                parameter.name.as_str(),
                parameter.type_info,
                &parameter.value,
            )
        })
        .collect();
    let text = TypeInfo::NVarChar {
        length: Length::Bytes(8000),
        collation: Collation::default(),
    };
    assert_eq!(
        seen,
        [
            ("stmt", text, &WireValue::from("SELECT @P1")),
            ("params", text, &WireValue::from("@P1 int")),
            ("@P1", TypeInfo::IntN, &WireValue::Int(42)),
        ]
    );
}

#[test]
fn two_calls_are_told_apart_at_every_version() {
    for (version, separator, no_exec) in [
        (TdsVersion::V7_1, 0x80, false),
        (TdsVersion::V7_4, 0xFF, false),
        (TdsVersion::V7_4, 0xFE, true),
    ] {
        let mut payload = match version.is_at_least_7_2() {
            true => HEADERS.to_vec(),
            false => Vec::new(),
        };
        payload.extend_from_slice(&[1, 0, b'a', 0, 0, 0]);
        payload.extend_from_slice(&[0, 1, 0x38, 7, 0, 0, 0]);
        payload.push(separator);
        payload.extend_from_slice(&[1, 0, b'b', 0, 3, 0]);
        let calls = decode(&payload, version).unwrap();
        assert_eq!(calls.len(), 2);
        assert_eq!(calls[0].no_exec, no_exec);
        assert!(calls[0].parameters[0].is_output);
        assert_eq!(calls[1].procedure, Procedure::Name("b".into()));
        assert!(calls[1].with_recompile && calls[1].no_metadata);
    }
}

#[test]
fn malformed_calls_are_refused() {
    let with = |tail: &[u8]| [HEADERS, tail].concat();
    let parameter = |tail: &[u8]| with(&[&[0xFF, 0xFF, 10, 0, 0, 0, 0, 0], tail].concat());
    for (bytes, words) in [
        (with(&[]), "procedure name length: 2 bytes needed, 0 left"),
        (
            with(&[0xFE, 0xFF, 1]),
            "procedure name length: is more than 1046",
        ),
        (with(&[0xFF, 0xFF, 99, 0]), "procedure id: is not known"),
        (
            with(&[2, 0, b'a', 0]),
            "procedure name: 4 bytes needed, 2 left",
        ),
        (
            with(&[0xFF, 0xFF, 10, 0, 0, 0, 0, 8]),
            "an Always Encrypted parameter is not supported",
        ),
        (parameter(&[0x99]), "data type 0x99 is not known"),
        (
            parameter(&[0xF3]),
            "a table-valued parameter is not supported",
        ),
        (
            parameter(&[0xF4]),
            "a parameter of type json is not supported",
        ),
        (
            parameter(&[0xF1, 1]),
            "xml with a schema collection is not supported",
        ),
        (
            parameter(&[0x26, 3]),
            "integer length: is none that the type allows",
        ),
        (
            parameter(&[0x26, 4, 3, 0, 0, 0]),
            "value length: is none that the type allows",
        ),
        (
            parameter(&[0x26, 4, 8, 0, 0, 0, 0, 0, 0, 0, 1]),
            "value length: is none that the type allows",
        ),
        (
            parameter(&[0x6A, 17, 39, 0]),
            "decimal type: precision and scale are out of range",
        ),
        (
            parameter(&[0x6A, 17, 5, 6]),
            "decimal type: precision and scale are out of range",
        ),
        (parameter(&[0x29, 8]), "time scale: is more than 7"),
        (
            parameter(&[0x28, 3, 0xFF, 0xFF, 0xFF]),
            "date: is after 9999-12-31",
        ),
        (
            parameter(&[0x29, 0, 3, 0xFF, 0xFF, 0xFF]),
            "time: is 24 hours or more",
        ),
        (
            parameter(&[0xE7, 0x41, 0x1F]),
            "type length: is none that the type allows",
        ),
        (
            parameter(&[0xE7, 4, 0, 0, 0, 0, 0, 0, 3, 0, 1, 2, 3]),
            "value: is UTF-16 with an odd number of bytes",
        ),
        (
            parameter(&[0xE7, 4, 0, 0, 0, 0, 0, 0, 9, 0, 1, 2, 3]),
            "value: 9 bytes needed, 3 left",
        ),
        (
            parameter(&[
                0xA5, 0xFF, 0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0,
            ]),
            "value length: is not the sum of the chunks",
        ),
        (
            parameter(&[0xA5, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0x10]),
            "parameter value length: 1152921504606846976 is above the limit of 33554432",
        ),
        (
            parameter(&[
                0xA5, 0xFF, 0xFF, 0xFE, 255, 255, 255, 255, 255, 255, 255, 9, 0, 0, 0, 7,
            ]),
            "chunk: 9 bytes needed, 1 left",
        ),
        (
            parameter(&[0x62, 0x49, 0x1F, 0, 0, 2, 0, 0, 0, 0xF1, 0]),
            "sql_variant base type: cannot be stored in a sql_variant",
        ),
        (
            parameter(&[0x62, 0x49, 0x1F, 0, 0, 2, 0, 0, 0, 0x29, 1]),
            "sql_variant properties: 1 bytes needed, 0 left",
        ),
    ] {
        let error = decode(&bytes, TdsVersion::V7_4).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
}

/// Four bytes of a parameter are a hundred once it is read.
#[test]
fn what_calls_take_once_they_are_read_is_limited() {
    let call = [&[1, 0, b'a', 0, 0, 0][..], &[0, 0, 0x32, 1].repeat(100)].concat();
    let within = |decoded_bytes| {
        let limits = Limits {
            decoded_bytes,
            ..Limits::default()
        };
        RpcRequest::decode(&call, TdsVersion::V7_1, &limits).map(|request| request.decoded_bytes)
    };
    let taken = size_of::<RpcCall>() + 100 * size_of::<RpcParameter>();
    assert!(taken > 10 * call.len(), "{taken}");
    assert_eq!(within(taken), Ok(taken));
    assert_eq!(within(taken - 1), Err(Error::NoRoom));
    assert!(Error::NoRoom.is_recoverable());
}

#[test]
fn counts_are_limited() {
    let limits = Limits {
        rpc_parameters: 2,
        rpc_calls: 2,
        ..Limits::default()
    };
    let call = [&[1, 0, b'a', 0, 0, 0][..], &[0, 0, 0x32, 1].repeat(3)].concat();
    let error = RpcRequest::decode(&call, TdsVersion::V7_1, &limits).unwrap_err();
    assert!(error.is_recoverable());
    assert_eq!(
        error.to_string(),
        "parameters of one procedure call: 3 is above the limit of 2"
    );
    let calls = [1, 0, b'a', 0, 0, 0, 0x80].repeat(3);
    let error = RpcRequest::decode(&calls, TdsVersion::V7_1, &limits).unwrap_err();
    assert_eq!(
        error.to_string(),
        "procedure calls in one request: 3 is above the limit of 2"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = decode(&bytes, TdsVersion::V7_1);
        let _ = decode(&[HEADERS, &bytes].concat(), TdsVersion::V7_4);
    }

    #[test]
    fn arbitrary_parameters_never_panic(
        token in prop::sample::select(vec![
            0x1F_u8, 0x22, 0x23, 0x24, 0x26, 0x28, 0x29, 0x2A, 0x2B, 0x30, 0x32, 0x34, 0x38, 0x3A,
            0x3B, 0x3C, 0x3D, 0x3E, 0x62, 0x63, 0x68, 0x6A, 0x6C, 0x6D, 0x6E, 0x6F, 0x7A, 0x7F,
            0xA5, 0xA7, 0xAD, 0xAF, 0xE7, 0xEF, 0xF1,
        ]),
        bytes in proptest::collection::vec(prop_oneof![0_u8..20, any::<u8>()], 0..60),
    ) {
        let head = [1, 0, b'a', 0, 0, 0, 0, 0, token];
        let _ = decode(&[&head, &bytes[..]].concat(), TdsVersion::V7_1);
    }

    #[test]
    fn a_damaged_call_never_panics(at in 0_usize..100, with in any::<[u8; 3]>()) {
        let mut payload = sp_executesql();
        for (byte, new) in payload.iter_mut().skip(at).zip(with) {
            *byte = new;
        }
        let _ = decode(&payload, TdsVersion::V7_4);
    }
}
