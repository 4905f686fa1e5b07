//! TABNAME and COLINFO: the tables that the columns of a cursor's result set come from. `[MS-TDS]` 2.2.7.3 and
//! 2.2.7.24.

use bytes::{BufMut, BytesMut};

use super::text::{put_b_varchar, put_us_varchar};

const TABLE_NAMES: u8 = 0xA4;
const COLUMN_INFO: u8 = 0xA5;

const EXPRESSION: u8 = 0x04;
const KEY: u8 = 0x08;
const HIDDEN: u8 = 0x10;
const DIFFERENT_NAME: u8 = 0x20;

/// A table name has four parts at most.
const MAX_PARTS: usize = 4;
/// The longest part of a name.
const MAX_PART_UNITS: usize = 128;

/// Where a column of a result set comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColumnSource<'n> {
    /// The table, from 1; 0 is none.
    pub table: u8,
    /// It is an expression.
    pub expression: bool,
    /// It is part of the key of its table.
    pub key: bool,
    /// The server has added it.
    pub hidden: bool,
    /// Its name in the table, if the result shows another one.
    pub base_name: Option<&'n str>,
}

/// Appends both tokens: the tables, each by the parts of its name, and a source for every column, in order. What does
/// not fit is left out, tokens and all: clients do without.
pub fn encode_sources(tables: &[Vec<String>], columns: &[ColumnSource<'_>], out: &mut BytesMut) {
    let (mut names, mut infos) = (BytesMut::new(), BytesMut::new());
    for parts in tables {
        let parts = &parts[..parts.len().min(MAX_PARTS)];
        names.put_u8(parts.len() as u8);
        for part in parts {
            put_us_varchar(part, MAX_PART_UNITS, &mut names);
        }
    }
    for (at, column) in columns.iter().enumerate() {
        // The counter wraps, and clients go by the order.
        infos.put_u8((at + 1) as u8);
        infos.put_u8(column.table);
        let name = column.base_name;
        infos.put_u8(
            flag(column.expression, EXPRESSION)
                | flag(column.key, KEY)
                | flag(column.hidden, HIDDEN)
                | flag(name.is_some(), DIFFERENT_NAME),
        );
        if let Some(name) = name {
            put_b_varchar(name, &mut infos);
        }
    }
    let lengths = (u16::try_from(names.len()), u16::try_from(infos.len()));
    let (Ok(names_length), Ok(infos_length)) = lengths else {
        return;
    };
    // A result that comes from no table has no names (observed with SQL Server 2025).
    if !tables.is_empty() {
        out.put_u8(TABLE_NAMES);
        out.put_u16_le(names_length);
        out.extend_from_slice(&names);
    }
    out.put_u8(COLUMN_INFO);
    out.put_u16_le(infos_length);
    out.extend_from_slice(&infos);
}

const fn flag(is_set: bool, bit: u8) -> u8 {
    if is_set { bit } else { 0 }
}
