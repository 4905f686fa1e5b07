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
/// `values` is walked twice; pass borrowed values or cheap conversions.
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
    let bitmap_bytes = columns.len().div_ceil(8);
    let mut found = 0;
    let mut nulls = 0;
    for value in values.clone() {
        found += 1;
        nulls += usize::from(value.borrow().is_null());
    }
    if found != columns.len() {
        return Err(Error::RowWidth {
            expected: columns.len(),
            found,
        });
    }
    let is_compressed = context.version.has_null_bitmap_rows() && nulls > bitmap_bytes;
    let bitmap_at = out.len() + 1;
    if is_compressed {
        out.put_u8(NULL_BITMAP_ROW);
        out.put_bytes(0, bitmap_bytes);
    } else {
        out.put_u8(ROW);
    }
    for (at, (column, value)) in columns.iter().zip(values).enumerate() {
        let value = value.borrow();
        if is_compressed && value.is_null() {
            if !column.type_info.is_nullable() {
                return Err(Error::NullInFixedColumn {
                    column: column.type_info.name(),
                });
            }
            out[bitmap_at + at / 8] |= 1 << (at % 8);
        } else {
            write_row_value(context, column.type_info, value, out)?;
        }
    }
    Ok(())
}
