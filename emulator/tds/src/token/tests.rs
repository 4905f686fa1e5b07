use bytes::BytesMut;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::reader::Reader;
use crate::types::{Length, TypeInfo, WireValue};
use crate::{Error, Result};

const V7_4: TokenContext = TokenContext {
    version: TdsVersion::V7_4,
    collation: Collation::SQL_LATIN1_GENERAL_CP1_CI_AS,
    utf8: true,
};
const V7_1: TokenContext = TokenContext {
    version: TdsVersion::V7_1,
    ..V7_4
};
const V7_2: TokenContext = TokenContext {
    version: TdsVersion::V7_2,
    ..V7_4
};
const LATIN: Collation = Collation::SQL_LATIN1_GENERAL_CP1_CI_AS;

/// Bytes in hex, runs of UTF-16 ASCII as text, so that the golden text can be read.
fn dump(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut rest = bytes;
    while let Some(&byte) = rest.first() {
        let units = rest
            .chunks(2)
            .take_while(|unit| unit.len() == 2 && unit[1] == 0 && (0x20..0x7F).contains(&unit[0]))
            .count();
        if units >= 2 {
            let text: String = rest[..units * 2]
                .iter()
                .step_by(2)
                .map(|&b| char::from(b))
                .collect();
            out.push_str(&format!("'{text}' "));
            rest = &rest[units * 2..];
        } else {
            out.push_str(&format!("{byte:02X} "));
            rest = &rest[1..];
        }
    }
    out.trim_end().to_owned()
}

fn check(encode: impl FnOnce(&mut BytesMut), expected: Expect) {
    let mut out = BytesMut::new();
    encode(&mut out);
    expected.assert_eq(&dump(&out));
}

#[test]
fn done_has_a_wide_count_since_7_2() {
    let done = Done {
        kind: DoneKind::Statement,
        status: DoneStatus {
            more: true,
            in_transaction: true,
            ..DoneStatus::default()
        },
        command: command::SELECT,
        row_count: Some(3),
    };
    check(
        |out| done.encode(V7_4, out),
        expect!["FD 15 00 C1 00 03 00 00 00 00 00 00 00"],
    );
    check(
        |out| done.encode(V7_1, out),
        expect!["FD 15 00 C1 00 03 00 00 00"],
    );
    check(
        |out| Done::attention().encode(V7_4, out),
        expect!["FD 20 00 00 00 00 00 00 00 00 00 00 00"],
    );
    let failed = Done {
        status: DoneStatus {
            error: true,
            server_error: true,
            ..DoneStatus::default()
        },
        ..Done::last(DoneKind::Procedure)
    };
    check(
        |out| failed.encode(V7_4, out),
        expect!["FE 02 01 00 00 00 00 00 00 00 00 00 00"],
    );
    check(
        |out| Done::last(DoneKind::InProcedure).encode(V7_4, out),
        expect!["FF 00 00 00 00 00 00 00 00 00 00 00 00"],
    );
}

#[test]
fn messages_are_error_or_info_by_class() {
    let mut message = ServerMessage {
        number: 208,
        state: 1,
        class: 16,
        text: "Invalid object name 'x'.".into(),
        server: "sqlmi1".into(),
        procedure: String::new(),
        line: 7,
    };
    check(
        |out| message.encode(V7_4, out),
        expect![
            "AA 4A 00 D0 00 00 00 01 10 18 00 'Invalid object name 'x'.' 06 'sqlmi1' 00 07 00 00 00"
        ],
    );
    message.class = 10;
    message.text = "hi".into();
    check(
        |out| message.encode(V7_1, out),
        expect!["AB 1C 00 D0 00 00 00 01 0A 02 00 'hi' 06 'sqlmi1' 00 07 00"],
    );
    message.text = "x".repeat(100_000);
    message.server = "s".repeat(1000);
    let mut out = BytesMut::new();
    message.encode(V7_4, &mut out);
    assert_eq!(
        usize::from(u16::from_le_bytes([out[1], out[2]])),
        out.len() - 3
    );
}

#[test]
fn environment_changes() {
    for (change, expected) in [
        (
            EnvChange::Database {
                new: "db1".into(),
                old: "master".into(),
            },
            expect!["E3 15 00 01 03 'db1' 06 'master'"],
        ),
        (
            EnvChange::Language {
                new: "us_english".into(),
                old: String::new(),
            },
            expect!["E3 17 00 02 0A 'us_english' 00"],
        ),
        (
            EnvChange::PacketSize {
                new: 8000,
                old: 4096,
            },
            expect!["E3 13 00 04 04 '8000' 04 '4096'"],
        ),
        (
            EnvChange::Collation { new: LATIN },
            expect!["E3 08 00 07 05 09 04 D0 00 34 00"],
        ),
        (
            EnvChange::BeginTransaction { descriptor: 1 },
            expect!["E3 0B 00 08 08 01 00 00 00 00 00 00 00 00"],
        ),
        (
            EnvChange::CommitTransaction { descriptor: 1 },
            expect!["E3 0B 00 09 00 08 01 00 00 00 00 00 00 00"],
        ),
        (
            EnvChange::RollbackTransaction { descriptor: 1 },
            expect!["E3 0B 00 0A 00 08 01 00 00 00 00 00 00 00"],
        ),
        (
            EnvChange::TransactionEnded { descriptor: 1 },
            expect!["E3 0B 00 11 00 08 01 00 00 00 00 00 00 00"],
        ),
        (EnvChange::ResetConnection, expect!["E3 03 00 12 00 00"]),
        (
            EnvChange::Routing {
                host: "host".into(),
                port: 11000,
            },
            expect!["E3 12 00 14 0D 00 00 F8 2A 04 00 'host' 00 00"],
        ),
    ] {
        check(|out| change.encode(V7_4, out), expected);
    }
    check(
        |out| EnvChange::BeginTransaction { descriptor: 1 }.encode(V7_1, out),
        expect![""],
    );
}

#[test]
fn login_tokens() {
    let ack = LoginAck {
        program: "Microsoft SQL Server".into(),
        version: (16, 0, 4135),
    };
    check(
        |out| ack.encode(V7_4, out),
        expect!["AD 32 00 01 74 00 00 04 14 'Microsoft SQL Server' 10 00 10 27"],
    );
    let acks = [FeatureAck::FedAuth { nonce: None }, FeatureAck::Utf8Support];
    check(
        |out| encode_feature_acks(&acks, out),
        expect!["AE 02 00 00 00 00 0A 01 00 00 00 01 FF"],
    );
    let info = FedAuthInfo {
        sts_url: "https://s".into(),
        service_principal: "spn".into(),
    };
    check(
        |out| info.encode(out),
        expect![
            "EE 2E 00 00 00 02 00 00 00 01 12 00 00 00 16 00 00 00 02 06 00 00 00 28 00 00 00 'https://sspn'"
        ],
    );
}

#[test]
fn procedure_tokens() {
    check(
        |out| encode_return_status(-6, out),
        expect!["79 FA FF FF FF"],
    );
    check(
        |out| encode_order(&[1, 2], out),
        expect!["A9 04 00 01 00 02 00"],
    );
    let handle = ReturnValue {
        ordinal: 0,
        name: "@h",
        type_info: TypeInfo::Int,
        value: WireValue::Int(1),
    };
    check(
        |out| handle.encode(V7_4, out).unwrap(),
        expect!["AC 00 00 02 '@h' 01 00 00 00 00 01 00 26 04 04 01 00 00 00"],
    );
    check(
        |out| handle.encode(V7_1, out).unwrap(),
        expect!["AC 00 00 02 '@h' 01 00 00 01 00 26 04 04 01 00 00 00"],
    );
}

#[test]
fn columns_are_described_for_every_version() {
    let columns = [
        Column {
            flags: ColumnFlags {
                identity: true,
                ..ColumnFlags::default()
            },
            ..Column::new("id", TypeInfo::Int)
        },
        Column::new("body", TypeInfo::nvarchar(u16::MAX, LATIN)),
        Column::new("", TypeInfo::DateTime2 { scale: 7 }),
    ];
    check(
        |out| encode_columns(V7_4, &columns, out),
        expect![
            "81 03 00 00 00 00 00 10 00 38 02 'id' 00 00 00 00 01 00 E7 FF FF 09 04 D0 00 34 04 'body' 00 00 00 00 01 00 2A 07 00"
        ],
    );
    check(
        |out| encode_columns(V7_2, &columns, out),
        expect![
            "81 03 00 00 00 00 00 10 00 38 02 'id' 00 00 00 00 01 00 E7 FF FF 09 04 D0 00 34 04 'body' 00 00 00 00 01 00 E7 36 00 09 04 D0 00 34 00"
        ],
    );
    check(
        |out| encode_columns(V7_1, &columns, out),
        expect![
            "81 03 00 00 00 10 00 38 02 'id' 00 00 01 00 63 FE FF FF 7F 09 04 D0 00 34 00 00 04 'body' 00 00 01 00 E7 36 00 09 04 D0 00 34 00"
        ],
    );
    check(|out| encode_columns(V7_4, &[], out), expect!["81 FF FF"]);
    let text = [Column::new("t", TypeInfo::Text { collation: LATIN })];
    check(
        |out| encode_columns(V7_4, &text, out),
        expect!["81 01 00 00 00 00 00 01 00 23 FF FF FF 7F 09 04 D0 00 34 01 00 00 01 74 00"],
    );
}

#[test]
fn rows_are_written_for_every_version() {
    let columns = [
        Column::new("id", TypeInfo::Int),
        Column::new("body", TypeInfo::nvarchar(u16::MAX, LATIN)),
        Column::new("day", TypeInfo::Date),
    ];
    let row = [
        WireValue::Int(1),
        WireValue::from("ab"),
        WireValue::Date(738_944),
    ];
    let encode = |context, row: &[WireValue<'_>], out: &mut BytesMut| {
        encode_row(context, &columns, row, out).unwrap();
    };
    check(
        |out| encode(V7_4, &row, out),
        expect!["D1 01 00 00 00 04 00 00 00 00 00 00 00 04 00 00 00 'ab' 00 00 00 00 03 80 46 0B"],
    );
    check(
        |out| encode(V7_2, &row, out),
        expect![
            "D1 01 00 00 00 04 00 00 00 00 00 00 00 04 00 00 00 'ab' 00 00 00 00 14 00 '2024-02-29'"
        ],
    );
    check(
        |out| encode(V7_1, &row, out),
        expect![
            "D1 01 00 00 00 10 64 75 6D 6D 79 20 74 65 78 74 70 74 72 00 00 00 64 75 6D 6D 79 54 53 00 04 00 00 00 'ab' 14 00 '2024-02-29'"
        ],
    );
    let nulls = [WireValue::Int(1), WireValue::Null, WireValue::Null];
    check(
        |out| encode(V7_4, &nulls, out),
        expect!["D2 06 01 00 00 00"],
    );
    check(
        |out| encode(V7_2, &nulls, out),
        expect!["D1 01 00 00 00 FF FF FF FF FF FF FF FF FF FF"],
    );
    check(
        |out| encode(V7_1, &nulls, out),
        expect!["D1 01 00 00 00 00 FF FF"],
    );
}

#[test]
fn a_date_inside_a_variant_is_text_for_an_old_client() {
    let columns = [Column::new("v", TypeInfo::Variant)];
    let row = [WireValue::Variant(Box::new(crate::types::Variant {
        type_info: TypeInfo::Date,
        value: WireValue::Date(0),
    }))];
    check(
        |out| encode_row(V7_2, &columns, &row, out).unwrap(),
        expect!["D1 1D 00 00 00 E7 07 09 04 D0 00 34 14 00 '0001-01-01'"],
    );
}

#[test]
fn utf8_is_nvarchar_for_a_client_without_it() {
    let columns = [Column::new(
        "",
        TypeInfo::varchar(3, Collation::LATIN1_GENERAL_100_CI_AS_SC_UTF8),
    )];
    let row = [WireValue::from("é")];
    for (utf8, expected) in [
        (
            true,
            expect!["81 01 00 00 00 00 00 01 00 A7 03 00 09 04 D0 24 00 00 D1 02 00 C3 A9"],
        ),
        (
            false,
            expect!["81 01 00 00 00 00 00 01 00 E7 06 00 09 04 D0 00 34 00 D1 02 00 E9 00"],
        ),
    ] {
        let context = TokenContext { utf8, ..V7_4 };
        check(
            |out| {
                encode_columns(context, &columns, out);
                encode_row(context, &columns, &row, out).unwrap();
            },
            expected,
        );
    }
}

#[test]
fn a_row_that_fails_leaves_nothing_behind() {
    let columns = [
        Column::new("a", TypeInfo::IntN),
        Column::new("b", TypeInfo::Int),
        Column::new("c", TypeInfo::IntN),
    ];
    let mut out = BytesMut::from(&b"before"[..]);
    let int = WireValue::Int(1);
    for (row, error) in [
        (
            vec![int.clone()],
            Error::RowWidth {
                expected: 3,
                found: 1,
            },
        ),
        (
            vec![int.clone(), WireValue::Null, int.clone()],
            Error::NullInFixedColumn { column: "int" },
        ),
        (
            vec![WireValue::Null, WireValue::Null, int.clone()],
            Error::NullInFixedColumn { column: "int" },
        ),
        (
            vec![int.clone(), int.clone(), WireValue::from("x")],
            Error::TypeMismatch {
                value: "text",
                column: "int",
            },
        ),
    ] {
        assert_eq!(encode_row(V7_4, &columns, &row, &mut out), Err(error));
        assert_eq!(out[..], *b"before");
    }
}

/// Reads rows of int and nvarchar columns as a client would.
fn read_row(columns: &[Column], bytes: &[u8]) -> Result<Vec<WireValue<'static>>> {
    let mut reader = Reader::new(bytes);
    let bitmap = match reader.u8("token")? {
        0xD2 => reader.bytes("bitmap", columns.len().div_ceil(8))?,
        _ => &[],
    };
    let mut row = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let is_null = bitmap
            .get(at / 8)
            .is_some_and(|byte| byte >> (at % 8) & 1 == 1);
        row.push(match column.type_info {
            _ if is_null => WireValue::Null,
            TypeInfo::IntN => match reader.u8("int length")? {
                0 => WireValue::Null,
                _ => WireValue::Int(reader.i32("int")?),
            },
            _ => match reader.u16("text length")? {
                0xFFFF => WireValue::Null,
                bytes => WireValue::Text(reader.utf16("text", usize::from(bytes) / 2)?.into()),
            },
        });
    }
    assert!(reader.is_empty());
    Ok(row)
}

fn any_cell() -> impl Strategy<Value = (Column, WireValue<'static>)> {
    let text = TypeInfo::NVarChar {
        length: Length::Bytes(8000),
        collation: LATIN,
    };
    prop_oneof![
        Just((TypeInfo::IntN, WireValue::Null)),
        Just((text, WireValue::Null)),
        any::<i32>().prop_map(|int| (TypeInfo::IntN, WireValue::Int(int))),
        any::<String>().prop_map(move |value| (text, WireValue::Text(value.into()))),
    ]
    .prop_map(|(type_info, value)| (Column::new("", type_info), value))
}

proptest! {
    #[test]
    fn a_client_reads_the_row_that_was_written(
        cells in proptest::collection::vec(any_cell(), 1..20),
        is_old in any::<bool>(),
    ) {
        let (columns, row): (Vec<_>, Vec<_>) = cells.into_iter().unzip();
        let context = if is_old { V7_2 } else { V7_4 };
        let mut out = BytesMut::new();
        encode_row(context, &columns, &row, &mut out).unwrap();
        prop_assert_eq!(read_row(&columns, &out).unwrap(), row);
    }
}

#[test]
fn sources_of_a_cursor_name_tables_and_columns() {
    let columns = [
        ColumnSource {
            table: 1,
            key: true,
            ..ColumnSource::default()
        },
        ColumnSource {
            table: 1,
            base_name: Some("n"),
            ..ColumnSource::default()
        },
        ColumnSource {
            expression: true,
            hidden: true,
            ..ColumnSource::default()
        },
    ];
    let tables = [vec!["dbo".to_owned(), "t1".to_owned()]];
    check(
        |out| encode_sources(&tables, &columns, out),
        expect!["A4 0F 00 02 03 00 'dbo' 02 00 't1' A5 0C 00 01 01 08 02 01 20 01 6E 00 03 00 14"],
    );
    check(
        |out| encode_sources(&[], &columns[2..], out),
        expect!["A5 03 00 01 00 14"],
    );
    // More than the tokens can hold is left out.
    let long = ColumnSource {
        base_name: Some("a name"),
        ..ColumnSource::default()
    };
    check(
        |out| encode_sources(&[], &vec![long; 8_000], out),
        expect![""],
    );
}
