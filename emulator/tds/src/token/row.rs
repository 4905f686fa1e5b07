//! ROW and NBCROW: the values of one row.

use std::borrow::Borrow;

use bytes::{BufMut, BytesMut};

use super::{Column, TokenContext};
use crate::types::{WireValue, write_row_value};
use crate::{Error, Result};

const ROW: u8 = 0xD1;
const NULL_BITMAP_ROW: u8 = 0xD2;

/// Appends one row. With several NULLs, and a client that knows it, the compressed form is chosen.
/// On failure `out` is as it was, so that an error token can follow.
///
/// `values` may be walked twice; pass borrowed values or cheap conversions.
pub fn encode_row<'v, I>(
    context: TokenContext,
    columns: &[Column],
    values: I,
    out: &mut BytesMut,
) -> Result<()>
where
    I: IntoIterator<Item: Borrow<WireValue<'v>>, IntoIter: Clone>,
{
    let start = out.len();
    let result = write_row(context, columns, values.into_iter(), out);
    if result.is_err() {
        out.truncate(start);
    }
    result
}

fn write_row<'v>(
    context: TokenContext,
    columns: &[Column],
    values: impl Iterator<Item: Borrow<WireValue<'v>>> + Clone,
    out: &mut BytesMut,
) -> Result<()> {
    let start = out.len();
    out.put_u8(ROW);
    let (mut found, mut nulls) = (0, 0);
    for value in values.clone() {
        let value = value.borrow();
        if let Some(column) = columns.get(found) {
            write_row_value(context, column.type_info, value, out)?;
        }
        found += 1;
        nulls += usize::from(value.is_null());
    }
    if found != columns.len() {
        return Err(Error::RowWidth {
            expected: columns.len(),
            found,
        });
    }
    // Most rows have few NULLs, so they are written once.
    if nulls <= columns.len().div_ceil(8) || !context.version.has_null_bitmap_rows() {
        return Ok(());
    }
    out.truncate(start);
    write_compressed(context, columns, values, out)
}

fn write_compressed<'v>(
    context: TokenContext,
    columns: &[Column],
    values: impl Iterator<Item: Borrow<WireValue<'v>>>,
    out: &mut BytesMut,
) -> Result<()> {
    let bitmap_at = out.len() + 1;
    out.put_u8(NULL_BITMAP_ROW);
    out.put_bytes(0, columns.len().div_ceil(8));
    for (at, (column, value)) in columns.iter().zip(values).enumerate() {
        let value = value.borrow();
        if !value.is_null() {
            write_row_value(context, column.type_info, value, out)?;
        } else if column.type_info.is_nullable() {
            out[bitmap_at + at / 8] |= 1 << (at % 8);
        } else {
            return Err(Error::NullInFixedColumn {
                column: column.type_info.name(),
            });
        }
    }
    Ok(())
}
