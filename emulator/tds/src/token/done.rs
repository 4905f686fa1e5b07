//! DONE, DONEPROC, DONEINPROC: the end of a statement, a procedure, a statement of a procedure.

use bytes::{BufMut, BytesMut};

use super::TokenContext;

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoneKind {
    /// A statement of a batch.
    Statement,
    /// A procedure.
    Procedure,
    /// A statement inside a procedure.
    InProcedure,
}

/// The status bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DoneStatus {
    /// More of the response follows. The last DONE of a response must not have it.
    pub more: bool,
    /// The statement failed.
    pub error: bool,
    /// A transaction is open.
    pub in_transaction: bool,
    /// Acknowledges an attention.
    pub attention: bool,
    /// The failure was so severe that results before it are void.
    pub server_error: bool,
}

/// Statement numbers that DONE carries in its command field.
pub mod command {
    /// SELECT.
    pub const SELECT: u16 = 0xC1;
    /// INSERT.
    pub const INSERT: u16 = 0xC3;
    /// DELETE.
    pub const DELETE: u16 = 0xC4;
    /// UPDATE.
    pub const UPDATE: u16 = 0xC5;
    /// ROLLBACK.
    pub const ROLLBACK: u16 = 0xD2;
    /// BEGIN TRANSACTION.
    pub const BEGIN_TRANSACTION: u16 = 0xD4;
    /// COMMIT.
    pub const COMMIT: u16 = 0xD5;
    /// Rows after INSERT BULK.
    pub const BULK_INSERT: u16 = 0xF0;
    /// MERGE.
    pub const MERGE: u16 = 0x117;
    /// EXECUTE, and the end of a procedure.
    pub const EXECUTE: u16 = 0xE0;
}

/// The end of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Of what.
    pub kind: DoneKind,
    /// How.
    pub status: DoneStatus,
    /// Number of the statement, see [`command`]; 0 for one without.
    pub command: u16,
    /// Rows, for statements that count them and only while NOCOUNT is off.
    pub row_count: Option<u64>,
}

impl Done {
    /// The end of a response that has nothing more to say.
    pub fn last(kind: DoneKind) -> Self {
        Self {
            kind,
            status: DoneStatus::default(),
            command: 0,
            row_count: None,
        }
    }

    /// The acknowledgement of an attention, a message of its own.
    pub fn attention() -> Self {
        Self {
            status: DoneStatus {
                attention: true,
                ..DoneStatus::default()
            },
            ..Self::last(DoneKind::Statement)
        }
    }

    /// Appends the token. Before 7.2 the count has four bytes, and is cut to what fits.
    pub fn encode(&self, context: TokenContext, out: &mut BytesMut) {
        out.put_u8(match self.kind {
            DoneKind::Statement => 0xFD,
            DoneKind::Procedure => 0xFE,
            DoneKind::InProcedure => 0xFF,
        });
        let status = self.status;
        out.put_u16_le(
            u16::from(status.more)
                | u16::from(status.error) << 1
                | u16::from(status.in_transaction) << 2
                | u16::from(self.row_count.is_some()) << 4
                | u16::from(status.attention) << 5
                | u16::from(status.server_error) << 8,
        );
        out.put_u16_le(self.command);
        let rows = self.row_count.unwrap_or(0);
        match context.version.is_at_least_7_2() {
            true => out.put_u64_le(rows),
            false => out.put_u32_le(rows.min(u32::MAX.into()) as u32),
        }
    }
}
