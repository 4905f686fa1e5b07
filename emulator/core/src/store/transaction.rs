//! Transactions that are open in a database, and the locks they hold.

use super::content::Content;
use super::key::KeyBytes;
use super::op::Op;
use crate::ids::{ObjectId, RowId, SessionId, TransactionId};
use crate::names::Name;
use crate::time::Timestamp;

/// A transaction with changes that are not committed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenTransaction {
    /// Its id.
    pub id: TransactionId,
    /// The session it belongs to.
    pub session: SessionId,
    /// When it first wrote here.
    pub began: Timestamp,
    /// Its changes so far, in order.
    pub ops: Vec<Op>,
    /// The database as this transaction sees it: what is committed, and its own changes on top.
    pub view: Content,
    /// Which state of the committed content `view` was made from.
    pub base: u64,
    /// What it holds exclusively, for its end.
    pub locks: Vec<LockKey>,
    /// Savepoints: a name and how many changes came before it.
    pub savepoints: Vec<(Name, usize)>,
}

/// What a transaction can hold exclusively.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockKey {
    /// A table's definition.
    Object(ObjectId),
    /// A row.
    Row(ObjectId, RowId),
    /// A key value that a row of the transaction has or gave up.
    Key(ObjectId, usize, KeyBytes),
}
