//! COLMETADATA: the columns of a result set.

use bytes::{BufMut, BytesMut};

use super::TokenContext;
use super::text::{put_b_varchar, put_us_varchar};
use crate::types::{TypeInfo, write_type_info};

const TOKEN: u8 = 0x81;
const NO_COLUMNS: u16 = 0xFFFF;

/// One column of a result set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name; empty for an expression without one.
    pub name: String,
    /// Its type. NULLs need a nullable one; see [`TypeInfo::nullable`].
    pub type_info: TypeInfo,
    /// What clients may know about it.
    pub flags: ColumnFlags,
    /// Number of an alias type, 0 for none.
    pub user_type: u32,
}

impl Column {
    /// A column that can hold NULL unless its type cannot.
    pub fn new(name: impl Into<String>, type_info: TypeInfo) -> Self {
        Self {
            name: name.into(),
            type_info,
            flags: ColumnFlags {
                nullable: type_info.is_nullable(),
                ..ColumnFlags::default()
            },
            user_type: 0,
        }
    }
}

/// The flags of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColumnFlags {
    /// May hold NULL.
    pub nullable: bool,
    /// Compares with case.
    pub case_sensitive: bool,
    /// May be updated through the result set.
    pub updatable: bool,
    /// IDENTITY.
    pub identity: bool,
    /// Computed.
    pub computed: bool,
    /// Part of the key of a browse-mode query.
    pub key: bool,
    /// Added by the server, not to be shown.
    pub hidden: bool,
}

impl ColumnFlags {
    pub(super) fn bits(self) -> u16 {
        u16::from(self.nullable)
            | u16::from(self.case_sensitive) << 1
            | u16::from(self.updatable) << 2
            | u16::from(self.identity) << 4
            | u16::from(self.computed) << 5
            | u16::from(self.hidden) << 13
            | u16::from(self.key) << 14
    }
}

/// Appends the description of a result set. Types a client's version does not know are downgraded,
/// and [`super::encode_row`] downgrades values alike.
pub fn encode_columns(context: TokenContext, columns: &[Column], out: &mut BytesMut) {
    out.put_u8(TOKEN);
    if columns.is_empty() {
        out.put_u16_le(NO_COLUMNS);
        return;
    }
    out.put_u16_le(columns.len() as u16);
    for column in columns {
        put_user_type(context, column.user_type, out);
        out.put_u16_le(column.flags.bits());
        let type_info = column.type_info.for_client(context);
        write_type_info(type_info, out);
        if matches!(
            type_info,
            TypeInfo::Text { .. } | TypeInfo::NText { .. } | TypeInfo::Image
        ) {
            put_table_name(context, out);
        }
        put_b_varchar(&column.name, out);
    }
}

/// UserType has four bytes since 7.2.
pub(super) fn put_user_type(context: TokenContext, user_type: u32, out: &mut BytesMut) {
    match context.version.is_at_least_7_2() {
        true => out.put_u32_le(user_type),
        false => out.put_u16_le(user_type as u16),
    }
}

/// The table of a text, ntext or image column, left empty: one part, and no name in it.
fn put_table_name(context: TokenContext, out: &mut BytesMut) {
    if context.version.is_at_least_7_2() {
        out.put_u8(1);
    }
    put_us_varchar("", 0, out);
}
