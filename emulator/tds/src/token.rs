//! What the server says: one file per token. `[MS-TDS]` 2.2.7.
//!
//! Every token appends itself to a buffer, usually [`crate::packet::MessageWriter::tokens`], in the
//! layout of the version that the [`TokenContext`] names.

mod col_metadata;
mod done;
mod env_change;
mod feature_ext_ack;
mod fed_auth_info;
mod login_ack;
mod message;
mod order;
mod return_status;
mod return_value;
mod row;
mod sources;
mod text;

use crate::TdsVersion;
use crate::types::Collation;

pub use col_metadata::{Column, ColumnFlags, encode_columns};
pub use done::{Done, DoneKind, DoneStatus, command};
pub use env_change::EnvChange;
pub use feature_ext_ack::{FeatureAck, encode_feature_acks};
pub use fed_auth_info::FedAuthInfo;
pub use login_ack::LoginAck;
pub use message::{ServerMessage, Severity};
pub use order::encode_order;
pub use return_status::encode_return_status;
pub use return_value::ReturnValue;
pub use row::encode_row;
pub use sources::{ColumnSource, encode_sources};

/// What every encoder must know about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenContext {
    /// The version spoken.
    pub version: TdsVersion,
    /// Collation of text that has none of its own, such as a date written for an old client.
    pub collation: Collation,
    /// The client asked for UTF-8 collations and was granted them.
    pub utf8: bool,
}

impl TokenContext {
    /// A context with the collation that nearly every server has, and without UTF-8.
    pub fn new(version: TdsVersion) -> Self {
        Self {
            version,
            collation: Collation::SQL_LATIN1_GENERAL_CP1_CI_AS,
            utf8: false,
        }
    }
}

#[cfg(test)]
mod tests;
