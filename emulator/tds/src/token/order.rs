//! ORDER: the columns a result set is sorted by.

use bytes::{BufMut, BytesMut};

use super::text::put_counted;

const TOKEN: u8 = 0xA9;
/// What fits into the length of the token; no ORDER BY is longer.
const MAX_COLUMNS: usize = 4096;

/// Appends the token: ordinals from 1, in the order of the sort.
pub fn encode_order(ordinals: &[u16], out: &mut BytesMut) {
    put_counted(TOKEN, out, |out| {
        for ordinal in ordinals.iter().take(MAX_COLUMNS) {
            out.put_u16_le(*ordinal);
        }
    });
}
