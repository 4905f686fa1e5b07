//! Types as the wire describes them, and values as the wire carries them. `[MS-TDS]` 2.2.5.4.
//!
//! [`TypeInfo`] says how bytes are laid out; [`WireValue`] is a value free of layout. Encoding
//! checks that the one fits the other.

mod code_page;
mod collation;
mod decode;
mod downgrade;
mod encode;
mod type_info;
mod value;

pub use code_page::{decode_cp1252, encode_cp1252};
pub use collation::Collation;
pub use type_info::{Length, TypeInfo};
pub use value::{Decimal, Variant, WireValue};

pub(crate) use code_page::put_utf16;
pub(crate) use decode::{read_type_info, read_value};
#[cfg(test)]
pub(crate) use encode::write_value;
pub(crate) use encode::{write_parameter_value, write_row_value, write_type_info};

#[cfg(test)]
pub(crate) mod tests;
