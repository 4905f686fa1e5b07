//! The log of a database: every change in the order of commit. A replica is a cursor into it.

use std::sync::Arc;

use imbl::OrdMap;

use super::op::Op;
use crate::ids::TransactionId;
use crate::lsn::Lsn;
use crate::time::Timestamp;

/// The log.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    entries: OrdMap<Lsn, Arc<LogEntry>>,
    next: Lsn,
    used_bytes: u64,
    /// The size at which writers get 9002.
    pub limit_bytes: u64,
}

/// One transaction's end, a checkpoint or a backup mark.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// Where the transaction's first record stands.
    pub first: Lsn,
    /// Where it was committed: the entry's place in the log.
    pub lsn: Lsn,
    /// The start of the next block, which is what a replica that hardened this entry reports.
    pub end: Lsn,
    /// When it was written.
    pub time: Timestamp,
    /// Whose it is.
    pub transaction: TransactionId,
    /// What happened.
    pub kind: LogKind,
    /// The space it takes.
    pub bytes: u32,
}

/// What a log entry says.
#[derive(Clone, Debug, PartialEq)]
pub enum LogKind {
    /// A committed transaction's changes, in order.
    Commit(Arc<[Op]>),
    /// Identity values that were handed out for rows that are not committed: used up, whatever becomes of the rows.
    Identity(Arc<[Op]>),
    /// A transaction that was rolled back: it took log space and changed nothing.
    Abort,
    /// A checkpoint.
    Checkpoint,
    /// A backup's mark.
    Backup,
}

impl LogKind {
    /// The changes that redo makes of it, in order.
    pub fn ops(&self) -> &[Op] {
        match self {
            Self::Commit(ops) | Self::Identity(ops) => ops,
            Self::Abort | Self::Checkpoint | Self::Backup => &[],
        }
    }
}

/// Sectors of 512 bytes in one virtual log file.
const VLF_SECTORS: u32 = 131_072;
/// Where a new database's log begins.
const FIRST: Lsn = Lsn {
    vlf: 37,
    block: 16,
    slot: 1,
};
/// What a log may grow to unless it is told otherwise: 2 GiB.
const LIMIT_BYTES: u64 = 2 << 30;
/// Header and commit records of a transaction.
const TRANSACTION_BYTES: u32 = 200;

impl Default for Log {
    fn default() -> Self {
        Self {
            entries: OrdMap::new(),
            next: FIRST,
            used_bytes: 0,
            limit_bytes: LIMIT_BYTES,
        }
    }
}

impl Log {
    /// Where the next record will stand: after everything written so far.
    pub fn end(&self) -> Lsn {
        self.next
    }

    /// Bytes in use.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// Whether `bytes` more still fit.
    pub fn has_room(&self, bytes: u64) -> bool {
        self.used_bytes.saturating_add(bytes) <= self.limit_bytes
    }

    /// The space that a transaction of these operations takes.
    pub fn bytes_for(ops: &[Op]) -> u32 {
        ops.iter().fold(TRANSACTION_BYTES, |sum, op| {
            sum.saturating_add(op.log_bytes())
        })
    }

    /// The first entry still held.
    pub fn first(&self) -> Option<&Arc<LogEntry>> {
        self.entries.get_min().map(|(_, entry)| entry)
    }

    /// The last entry written and still held.
    pub fn last(&self) -> Option<&Arc<LogEntry>> {
        self.entries.get_max().map(|(_, entry)| entry)
    }

    /// The entries at or after `from`, in order.
    pub fn from(&self, from: Lsn) -> impl Iterator<Item = &Arc<LogEntry>> + '_ {
        self.entries.range(from..).map(|(_, entry)| entry)
    }

    /// Whether every entry from `from` on is still held, so that a replica there can go on.
    pub fn reaches_back_to(&self, from: Lsn) -> bool {
        from >= self.first().map_or(self.next, |entry| entry.first)
    }

    /// Writes an entry and returns it.
    pub fn append(
        &mut self,
        now: Timestamp,
        transaction: TransactionId,
        kind: LogKind,
    ) -> Arc<LogEntry> {
        let (bytes, records) = (Self::bytes_for(kind.ops()), kind.ops().len());
        let first = self.next;
        let slot = u16::try_from(records + 2).unwrap_or(u16::MAX);
        let lsn = Lsn { slot, ..first };
        let mut end = Lsn {
            block: first.block + bytes.div_ceil(512),
            ..first
        };
        if end.block >= VLF_SECTORS {
            end = Lsn {
                vlf: first.vlf + 1,
                block: 16,
                slot: 1,
            };
        }
        let entry = Arc::new(LogEntry {
            first,
            lsn,
            end,
            time: now,
            transaction,
            kind,
            bytes,
        });
        self.entries.insert(lsn, Arc::clone(&entry));
        self.used_bytes += u64::from(bytes);
        self.next = end;
        entry
    }

    /// Takes over an entry of the primary's log.
    pub fn receive(&mut self, entry: &Arc<LogEntry>) {
        self.entries.insert(entry.lsn, Arc::clone(entry));
        self.used_bytes += u64::from(entry.bytes);
        self.next = entry.end;
    }

    /// Starts a copy of a log at `at`, with nothing before it.
    pub fn starting_at(at: Lsn) -> Self {
        Self {
            next: at,
            ..Self::default()
        }
    }

    /// Goes back to `at`: what was written from there on is undone, and the log goes on there.
    pub fn rewind_to(&mut self, at: Lsn) {
        while let Some((lsn, entry)) = self.entries.get_max() {
            if entry.end <= at {
                break;
            }
            let (lsn, bytes) = (*lsn, entry.bytes);
            self.entries.remove(&lsn);
            self.used_bytes = self.used_bytes.saturating_sub(u64::from(bytes));
        }
        self.next = at;
    }

    /// Drops what stands before `before`, and frees its space.
    pub fn truncate(&mut self, before: Lsn) {
        while let Some((lsn, entry)) = self.entries.get_min() {
            if entry.end > before {
                break;
            }
            let (lsn, bytes) = (*lsn, entry.bytes);
            self.entries.remove(&lsn);
            self.used_bytes = self.used_bytes.saturating_sub(u64::from(bytes));
        }
    }
}
