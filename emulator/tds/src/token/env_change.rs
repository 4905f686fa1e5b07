//! ENVCHANGE: something of the session changed that the client must know.

use bytes::{BufMut, BytesMut};

use super::TokenContext;
use super::text::{put_b_varchar, put_counted, put_us_varchar};
use crate::types::Collation;

const TOKEN: u8 = 0xE3;

/// A change, with the new value first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvChange {
    /// The current database.
    Database {
        /// Its name.
        new: String,
        /// The former one.
        old: String,
    },
    /// The language of messages.
    Language {
        /// Its name, such as `us_english`.
        new: String,
        /// The former one.
        old: String,
    },
    /// The packet size, in force after this response.
    PacketSize {
        /// In bytes.
        new: usize,
        /// The former one.
        old: usize,
    },
    /// The collation of the database.
    Collation {
        /// The new one.
        new: Collation,
    },
    /// A transaction began.
    BeginTransaction {
        /// What the client puts into its request headers from now on.
        descriptor: u64,
    },
    /// The transaction was committed.
    CommitTransaction {
        /// The one that ended.
        descriptor: u64,
    },
    /// The transaction was rolled back.
    RollbackTransaction {
        /// The one that ended.
        descriptor: u64,
    },
    /// The transaction of the session ended at the server's own decision.
    TransactionEnded {
        /// The one that ended.
        descriptor: u64,
    },
    /// The session was reset as the client asked.
    ResetConnection,
    /// Log in at another address. Belongs after LOGINACK and before DONE.
    Routing {
        /// Host to connect to.
        host: String,
        /// Its TCP port.
        port: u16,
    },
}

impl EnvChange {
    /// Appends the token. Transaction changes do not exist before 7.2 and are left out there.
    pub fn encode(&self, context: TokenContext, out: &mut BytesMut) {
        let concerns_transactions = matches!(
            self,
            Self::BeginTransaction { .. }
                | Self::CommitTransaction { .. }
                | Self::RollbackTransaction { .. }
                | Self::TransactionEnded { .. }
        );
        if concerns_transactions && !context.version.is_at_least_7_2() {
            return;
        }
        put_counted(TOKEN, out, |out| match self {
            Self::Database { new, old } => put_texts(1, new, old, out),
            Self::Language { new, old } => put_texts(2, new, old, out),
            Self::PacketSize { new, old } => {
                put_texts(4, &new.to_string(), &old.to_string(), out);
            }
            Self::Collation { new } => put_bytes(7, &new.to_bytes(), &[], out),
            Self::BeginTransaction { descriptor } => {
                put_bytes(8, &descriptor.to_le_bytes(), &[], out);
            }
            Self::CommitTransaction { descriptor } => {
                put_bytes(9, &[], &descriptor.to_le_bytes(), out);
            }
            Self::RollbackTransaction { descriptor } => {
                put_bytes(10, &[], &descriptor.to_le_bytes(), out);
            }
            Self::TransactionEnded { descriptor } => {
                put_bytes(17, &[], &descriptor.to_le_bytes(), out);
            }
            Self::ResetConnection => put_bytes(18, &[], &[], out),
            Self::Routing { host, port } => put_routing(host, *port, out),
        });
    }
}

fn put_texts(kind: u8, new: &str, old: &str, out: &mut BytesMut) {
    out.put_u8(kind);
    put_b_varchar(new, out);
    put_b_varchar(old, out);
}

fn put_bytes(kind: u8, new: &[u8], old: &[u8], out: &mut BytesMut) {
    out.put_u8(kind);
    for value in [new, old] {
        out.put_u8(value.len() as u8);
        out.put_slice(value);
    }
}

fn put_routing(host: &str, port: u16, out: &mut BytesMut) {
    const PROTOCOL_TCP: u8 = 0;
    const MAX_HOST_UNITS: usize = 1024;
    out.put_u8(20);
    let at = out.len();
    out.put_u16_le(0);
    out.put_u8(PROTOCOL_TCP);
    out.put_u16_le(port);
    put_us_varchar(host, MAX_HOST_UNITS, out);
    let length = (out.len() - at - 2) as u16;
    out[at..at + 2].copy_from_slice(&length.to_le_bytes());
    out.put_u16_le(0);
}
