//! RETURNSTATUS: what a procedure returned.

use bytes::{BufMut, BytesMut};

const TOKEN: u8 = 0x79;

/// Appends the token.
pub fn encode_return_status(status: i32, out: &mut BytesMut) {
    out.put_u8(TOKEN);
    out.put_i32_le(status);
}
