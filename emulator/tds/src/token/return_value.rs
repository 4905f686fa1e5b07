//! RETURNVALUE: an output parameter.

use bytes::{BufMut, BytesMut};

use super::col_metadata::put_user_type;
use super::text::put_b_varchar;
use super::{ColumnFlags, TokenContext};
use crate::Result;
use crate::types::{TypeInfo, WireValue, write_parameter_value, write_type_info};

const TOKEN: u8 = 0xAC;
const STATUS_OUTPUT: u8 = 0x01;

/// An output parameter of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct ReturnValue<'a> {
    /// Its position among the parameters of the call, from 0.
    pub ordinal: u16,
    /// Its name with the `@`; may be empty.
    pub name: &'a str,
    /// Its type. A fixed-length type is sent as its nullable twin.
    pub type_info: TypeInfo,
    /// Its value.
    pub value: WireValue<'a>,
}

impl ReturnValue<'_> {
    /// Appends the token; on failure `out` is as it was.
    pub fn encode(&self, context: TokenContext, out: &mut BytesMut) -> Result<()> {
        let start = out.len();
        out.put_u8(TOKEN);
        out.put_u16_le(self.ordinal);
        put_b_varchar(self.name, out);
        out.put_u8(STATUS_OUTPUT);
        put_user_type(context, 0, out);
        let flags = ColumnFlags {
            nullable: true,
            ..ColumnFlags::default()
        };
        out.put_u16_le(flags.bits());
        let type_info = self.type_info.nullable();
        write_type_info(type_info.for_client(context), out);
        let result = write_parameter_value(context, type_info, &self.value, out);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }
}
