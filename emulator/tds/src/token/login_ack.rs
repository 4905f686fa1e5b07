//! LOGINACK: who let the client in.

use bytes::{BufMut, BytesMut};

use super::TokenContext;
use super::text::{put_b_varchar, put_counted};

const TOKEN: u8 = 0xAD;
const INTERFACE_TSQL: u8 = 1;

/// The acknowledgement of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAck {
    /// Name of the program, `Microsoft SQL Server` for every driver's sake.
    pub program: String,
    /// Its version: major, minor, build.
    pub version: (u8, u8, u16),
}

impl LoginAck {
    /// Appends the token.
    pub fn encode(&self, context: TokenContext, out: &mut BytesMut) {
        put_counted(TOKEN, out, |out| {
            out.put_u8(INTERFACE_TSQL);
            out.put_u32(context.version.number());
            put_b_varchar(&self.program, out);
            let (major, minor, build) = self.version;
            out.put_u8(major);
            out.put_u8(minor);
            out.put_u16(build);
        });
    }
}
