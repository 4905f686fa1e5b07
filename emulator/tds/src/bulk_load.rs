//! BulkLoadBCP: the rows that a client sends after INSERT BULK. `[MS-TDS]` 2.2.6.1.

use crate::limits::Meter;
use crate::reader::Reader;
use crate::types::{TypeInfo, WireValue, read_type_info, read_value};
use crate::{Error, Limits, Result, TdsVersion};

const COL_METADATA: u8 = 0x81;
const ROW: u8 = 0xD1;
const NULL_BITMAP_ROW: u8 = 0xD2;
const DONE: u8 = 0xFD;
/// Columns of a table; the server's own limit.
const MAX_COLUMNS: u16 = 1024;
/// What follows a text pointer: the time stamp of a text, ntext or image value.
const TEXT_TIMESTAMP_BYTES: usize = 8;

/// Rows with the columns they are of.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkLoad {
    /// The columns in the order of the values.
    pub columns: Vec<BulkColumn>,
    /// The rows, each with a value for every column.
    pub rows: Vec<Vec<WireValue<'static>>>,
    /// How much memory they take.
    pub decoded_bytes: usize,
}

/// One column of the rows. Its flags say nothing that the table does not know better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkColumn {
    /// Its name; drivers may leave it empty, since order counts.
    pub name: String,
    /// Its type.
    pub type_info: TypeInfo,
}

impl BulkLoad {
    /// Reads the payload of a bulk load message, which has no headers.
    pub fn decode(payload: &[u8], version: TdsVersion, limits: &Limits) -> Result<Self> {
        let mut reader = Reader::new(payload);
        let columns = read_columns(&mut reader, version)?;
        let mut rows = Vec::new();
        let mut meter = Meter::new(limits);
        let row_bytes =
            size_of::<Vec<WireValue<'_>>>() + columns.len() * size_of::<WireValue<'_>>();
        loop {
            match reader.u8("bulk load token")? {
                DONE => break,
                token @ (ROW | NULL_BITMAP_ROW) => {
                    let values = (rows.len() + 1) * columns.len();
                    if values > limits.bulk_values {
                        return Err(Error::LimitExceeded {
                            field: "values in one bulk load message",
                            found: values as u64,
                            limit: limits.bulk_values as u64,
                        });
                    }
                    let has_bitmap = token == NULL_BITMAP_ROW;
                    meter.take(row_bytes)?;
                    let row = read_row(&columns, has_bitmap, &mut reader, limits)?;
                    meter.take(row.iter().map(WireValue::heap_bytes).sum())?;
                    rows.push(row);
                }
                _ => {
                    return Err(Error::Malformed {
                        field: "bulk load token",
                        why: "is neither a row nor the end",
                    });
                }
            }
        }
        // Nobody needs the end's counts, and drivers disagree on their widths.
        Ok(Self {
            columns,
            rows,
            decoded_bytes: meter.taken(),
        })
    }
}

fn read_columns(reader: &mut Reader<'_>, version: TdsVersion) -> Result<Vec<BulkColumn>> {
    if reader.u8("bulk load columns")? != COL_METADATA {
        return Err(Error::Malformed {
            field: "bulk load columns",
            why: "are missing",
        });
    }
    let count = reader.u16("bulk load column count")?;
    if count == 0 || count > MAX_COLUMNS {
        return Err(Error::Malformed {
            field: "bulk load column count",
            why: "is not 1 to 1024",
        });
    }
    let mut columns = Vec::with_capacity(count.into());
    for _ in 0..count {
        let _user_type = match version.is_at_least_7_2() {
            true => reader.u32("user type")?,
            false => reader.u16("user type")?.into(),
        };
        let _flags = reader.u16("column flags")?;
        let type_info = read_type_info(reader)?;
        if is_text(type_info) {
            // One part, unlike what the server sends (observed with tedious and FreeTDS).
            let units = reader.u16("table name length")?;
            reader.utf16("table name", units.into())?;
        }
        let name = reader.b_varchar("column name")?;
        columns.push(BulkColumn { name, type_info });
    }
    Ok(columns)
}

fn read_row(
    columns: &[BulkColumn],
    has_bitmap: bool,
    reader: &mut Reader<'_>,
    limits: &Limits,
) -> Result<Vec<WireValue<'static>>> {
    let bitmap = match has_bitmap {
        true => reader.bytes("null bitmap", columns.len().div_ceil(8))?,
        false => &[],
    };
    let mut row = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate() {
        let is_null = bitmap
            .get(at / 8)
            .is_some_and(|bits| bits >> (at % 8) & 1 == 1);
        row.push(match is_null {
            true => WireValue::Null,
            false => read_field(column.type_info, reader, limits)?,
        });
    }
    Ok(row)
}

/// A value as rows have it: those of the old large types come after a pointer, which is what says NULL.
fn read_field(
    info: TypeInfo,
    reader: &mut Reader<'_>,
    limits: &Limits,
) -> Result<WireValue<'static>> {
    if is_text(info) {
        let pointer = reader.u8("text pointer length")?;
        if pointer == 0 {
            return Ok(WireValue::Null);
        }
        reader.bytes("text pointer", usize::from(pointer) + TEXT_TIMESTAMP_BYTES)?;
    }
    read_value(info, reader, limits)
}

fn is_text(info: TypeInfo) -> bool {
    matches!(
        info,
        TypeInfo::Text { .. } | TypeInfo::NText { .. } | TypeInfo::Image
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Collation;

    /// int NOT NULL `a`, nvarchar(10) `b`, text `c`.
    fn columns() -> Vec<u8> {
        let mut bytes = vec![COL_METADATA, 3, 0];
        bytes.extend([0, 0, 0, 0, 8, 0, 0x38, 1, b'a', 0]);
        bytes.extend([
            0, 0, 0, 0, 9, 0, 0xE7, 20, 0, 9, 4, 0xD0, 0, 0x34, 1, b'b', 0,
        ]);
        bytes.extend([0, 0, 0, 0, 9, 0, 0x23, 0xFF, 0xFF, 0xFF, 0x7F]);
        bytes.extend([9, 4, 0xD0, 0, 0x34, 1, 0, b't', 0, 1, b'c', 0]);
        bytes
    }

    fn with(rows: &[&[u8]]) -> Vec<u8> {
        let mut bytes = columns();
        rows.iter().for_each(|row| bytes.extend(*row));
        bytes.extend([DONE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<BulkLoad> {
        BulkLoad::decode(bytes, TdsVersion::V7_4, &Limits::default())
    }

    fn text_field(text: &[u8]) -> Vec<u8> {
        let mut bytes = vec![16];
        bytes.extend([0; 24]);
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text);
        bytes
    }

    #[test]
    fn rows_come_with_and_without_a_bitmap_of_nulls() {
        let mut first = vec![ROW, 7, 0, 0, 0, 4, 0, b'h', 0, b'i', 0];
        first.extend(text_field(b"long"));
        let second = [ROW, 8, 0, 0, 0, 0xFF, 0xFF, 0];
        let third = [NULL_BITMAP_ROW, 0b110, 9, 0, 0, 0];
        let load = decode(&with(&[&first, &second, &third])).unwrap();
        let names: Vec<_> = load.columns.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(matches!(
            load.columns[2].type_info,
            TypeInfo::Text { collation } if collation == Collation::from_bytes([9, 4, 0xD0, 0, 0x34])
        ));
        assert_eq!(load.rows[0][0], WireValue::Int(7));
        assert_eq!(load.rows[0][1].as_text(), Some("hi"));
        assert_eq!(load.rows[0][2].as_text(), Some("long"));
        for (row, number) in load.rows[1..].iter().zip([8, 9]) {
            assert_eq!(
                row[..],
                [WireValue::Int(number), WireValue::Null, WireValue::Null]
            );
        }
    }

    #[test]
    fn what_is_cut_short_or_out_of_place_is_named() {
        let whole = with(&[&[ROW, 8, 0, 0, 0, 0xFF, 0xFF, 0]]);
        let end = whole.len() - 12;
        for length in 0..end {
            let error = decode(&whole[..length]).expect_err("is cut short");
            assert!(
                matches!(error, Error::Truncated { .. }),
                "{length}: {error}"
            );
        }
        assert!(decode(&whole[..end]).is_ok());
        for (bytes, field) in [
            (vec![ROW], "bulk load columns"),
            (vec![COL_METADATA, 0, 0], "bulk load column count"),
            (vec![COL_METADATA, 1, 4], "bulk load column count"),
            (with(&[&[0xAA]]), "bulk load token"),
        ] {
            let error = decode(&bytes).expect_err(field);
            assert!(error.to_string().contains(field), "{error}");
        }
    }

    #[test]
    fn what_the_rows_take_once_they_are_read_is_limited() {
        let row: &[u8] = &[NULL_BITMAP_ROW, 0b110, 9, 0, 0, 0];
        let load = |decoded_bytes| {
            let limits = Limits {
                decoded_bytes,
                ..Limits::default()
            };
            let load = BulkLoad::decode(&with(&[row; 100]), TdsVersion::V7_4, &limits);
            load.map(|load| load.decoded_bytes)
        };
        let taken = load(usize::MAX).unwrap();
        assert!(taken > 10 * 100 * row.len(), "{taken}");
        assert_eq!(load(taken), Ok(taken));
        assert_eq!(load(taken - 1), Err(Error::NoRoom));
    }

    #[test]
    fn a_message_has_so_many_values_at_most() {
        let limits = Limits {
            bulk_values: 5,
            ..Limits::default()
        };
        let row: &[u8] = &[NULL_BITMAP_ROW, 0b110, 9, 0, 0, 0];
        let load = |rows: &[&[u8]]| BulkLoad::decode(&with(rows), TdsVersion::V7_4, &limits);
        assert!(load(&[row]).is_ok());
        assert!(matches!(
            load(&[row, row]),
            Err(Error::LimitExceeded { found: 6, .. })
        ));
    }
}
