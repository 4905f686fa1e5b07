//! A database on an instance: its state, its content, its log, and who is writing in it.

use std::sync::Arc;

use imbl::OrdMap;
use uuid::Uuid;

use crate::collation::Collation;
use crate::ids::{DatabaseId, GroupDatabaseId, GroupId, InstanceId, TransactionId};
use crate::lsn::Lsn;
use crate::names::Name;
use crate::store::{Content, LockKey, Log, LogEntry, OpenTransaction};
use crate::time::Timestamp;

/// A database.
#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    /// `database_id`.
    pub id: DatabaseId,
    /// Its name.
    pub name: Name,
    /// `database_guid`: the same on every replica.
    pub guid: Uuid,
    /// `recovery_fork_guid`: changes with a forced failover or a restore.
    pub recovery_fork: Uuid,
    /// `service_broker_guid`.
    pub broker_guid: Uuid,
    /// When it was created here.
    pub created: Timestamp,
    /// Its default collation.
    pub collation: Collation,
    /// `compatibility_level`, such as 160.
    pub compatibility_level: u8,
    /// FULL, BULK_LOGGED or SIMPLE.
    pub recovery_model: RecoveryModel,
    /// ONLINE, RESTORING and so on.
    pub state: DatabaseState,
    /// MULTI_USER and so on.
    pub user_access: UserAccess,
    /// SET READ_ONLY.
    pub read_only: bool,
    /// The switches of `ALTER DATABASE … SET`.
    pub options: DatabaseOptions,
    /// What is committed.
    pub content: Content,
    /// Counts committed changes of `content`.
    pub version: u64,
    /// The log.
    pub log: Log,
    /// Transactions that have written here and are not over.
    pub transactions: OrdMap<TransactionId, Arc<OpenTransaction>>,
    /// Who holds what.
    pub locks: OrdMap<LockKey, TransactionId>,
    /// The chain of backups.
    pub chain: BackupChain,
    /// The local availability group it is in.
    pub group: Option<(GroupId, GroupDatabaseId)>,
    /// Set if this is a secondary: a copy that follows another database's log.
    pub copy: Option<SecondaryCopy>,
    /// Set while data movement is suspended.
    pub suspended: Option<SuspendReason>,
}

/// Where a secondary stands in its primary's log.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondaryCopy {
    /// The instance and database it follows.
    pub source: (InstanceId, DatabaseId),
    /// The end of the last block received and hardened (the start of the next one).
    pub hardened: Lsn,
    /// When that was.
    pub hardened_time: Timestamp,
    /// The last record redone.
    pub redone: Lsn,
    /// When that was.
    pub redone_time: Timestamp,
    /// The last transaction's commit redone, and when the primary committed it.
    pub committed: Option<(Lsn, Timestamp)>,
}

/// What backups have been taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupChain {
    /// The last full backup that was not copy-only: it starts the log chain.
    pub last_full: Option<Lsn>,
    /// When that was.
    pub last_full_time: Option<Timestamp>,
    /// `last_log_backup_lsn`: the start of the next log backup.
    pub last_log: Option<Lsn>,
    /// When the last log backup was.
    pub last_log_time: Option<Timestamp>,
}

impl BackupChain {
    /// Whether a full backup has started the log chain.
    pub fn is_started(&self) -> bool {
        self.last_full.is_some()
    }
}

/// `recovery_model`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum RecoveryModel {
    Full,
    BulkLogged,
    Simple,
}

/// `state` of `sys.databases`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum DatabaseState {
    Online,
    Restoring,
    Recovering,
    RecoveryPending,
    Suspect,
    Emergency,
    Offline,
}

/// `user_access` of `sys.databases`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum UserAccess {
    MultiUser,
    SingleUser,
    RestrictedUser,
}

/// Why data movement is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum SuspendReason {
    User,
    Partner,
    Redo,
    Capture,
    Apply,
    Restart,
    Undo,
    Revalidation,
    XrfUpdate,
}

/// The ON/OFF switches of `ALTER DATABASE … SET` that `sys.databases` shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the options' names")]
pub struct DatabaseOptions {
    pub auto_close: bool,
    pub auto_shrink: bool,
    pub auto_create_stats_off: bool,
    pub auto_update_stats_off: bool,
    pub auto_update_stats_async: bool,
    pub ansi_null_default: bool,
    pub ansi_nulls: bool,
    pub ansi_padding: bool,
    pub ansi_warnings: bool,
    pub arithabort: bool,
    pub concat_null_yields_null: bool,
    pub numeric_roundabort: bool,
    pub quoted_identifier: bool,
    pub recursive_triggers: bool,
    pub cursor_close_on_commit: bool,
    pub local_cursor_default: bool,
    pub allow_snapshot_isolation: bool,
    pub read_committed_snapshot: bool,
    pub trustworthy: bool,
    pub db_chaining: bool,
    pub parameterization_forced: bool,
    pub broker_enabled: bool,
    pub query_store: bool,
}

impl Database {
    /// Whether this is master, tempdb, model or msdb.
    pub fn is_system(&self) -> bool {
        self.id.0 <= 4
    }

    /// Whether it is a copy that follows another database.
    pub fn is_secondary(&self) -> bool {
        self.copy.is_some()
    }

    /// What a secondary has hardened and not yet redone.
    pub fn unredone(&self) -> impl Iterator<Item = &Arc<LogEntry>> + '_ {
        let redone = self.copy.as_ref().map(|copy| copy.redone);
        let from = redone.unwrap_or_else(|| self.log.end());
        self.log.from(from).filter(move |entry| entry.lsn > from)
    }

    /// The content that a transaction sees; what is committed if it has not written here.
    pub fn view(&self, transaction: Option<TransactionId>) -> Content {
        let Some(open) = transaction.and_then(|id| self.transactions.get(&id)) else {
            return self.content.clone();
        };
        if open.base == self.version {
            return open.view.clone();
        }
        let mut view = self.content.clone();
        for op in &open.ops {
            view.apply(op);
        }
        view
    }

    /// Bytes of the data file: what is in it, and the eight megabytes a new one starts with.
    pub fn data_file_bytes(&self) -> u64 {
        const INITIAL: u64 = 8 << 20;
        INITIAL + self.content.data_bytes().next_multiple_of(64 << 10)
    }
}

impl Database {
    /// Bytes of the log file: what is in use, and the eight megabytes a new one starts with.
    pub fn log_file_bytes(&self) -> u64 {
        const INITIAL: u64 = 8 << 20;
        const GROWTH: u64 = 64 << 20;
        let beyond = self.log.used_bytes().saturating_sub(INITIAL);
        INITIAL + beyond.next_multiple_of(GROWTH)
    }
}

impl RecoveryModel {
    /// `recovery_model_desc`.
    pub const fn desc(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::BulkLogged => "BULK_LOGGED",
            Self::Simple => "SIMPLE",
        }
    }
}
