//! CREATE, ALTER DATABASE.

use super::{Expr, Ident, OptionEntry, Text};

/// CREATE DATABASE.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateDatabaseStatement {
    /// Its name.
    pub name: Ident,
    /// CONTAINMENT = NONE | PARTIAL.
    pub containment: Option<Ident>,
    /// ON `[PRIMARY]` files, each a list of NAME, FILENAME, SIZE, MAXSIZE, FILEGROWTH.
    pub files: Vec<Vec<OptionEntry>>,
    /// LOG ON files.
    pub log_files: Vec<Vec<OptionEntry>>,
    /// COLLATE.
    pub collation: Option<Ident>,
    /// WITH options.
    pub options: Vec<OptionEntry>,
    /// FOR ATTACH, FOR ATTACH_REBUILD_LOG, AS SNAPSHOT OF, AS COPY OF.
    pub source: Option<CreateDatabaseSource>,
}

/// Where a new database comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateDatabaseSource {
    /// FOR ATTACH
    Attach,
    /// FOR ATTACH_REBUILD_LOG
    AttachRebuildLog,
    /// AS SNAPSHOT OF
    SnapshotOf(Ident),
}

/// ALTER DATABASE.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterDatabaseStatement {
    /// The database; none for CURRENT.
    pub database: Option<Ident>,
    /// What is changed.
    pub action: AlterDatabaseAction,
}

/// What ALTER DATABASE changes.
#[derive(Debug, Clone, PartialEq)]
pub enum AlterDatabaseAction {
    /// MODIFY NAME = name
    ModifyName(Ident),
    /// COLLATE name
    Collate(Ident),
    /// SET …
    Set {
        /// The options.
        options: Vec<DatabaseOption>,
        /// WITH ROLLBACK … | NO_WAIT.
        termination: Option<Termination>,
    },
    /// ADD FILE, ADD LOG FILE
    AddFiles {
        /// True for LOG FILE.
        log: bool,
        /// The files.
        files: Vec<Vec<OptionEntry>>,
        /// TO FILEGROUP.
        filegroup: Option<Ident>,
    },
    /// REMOVE FILE
    RemoveFile(Ident),
    /// MODIFY FILE
    ModifyFile(Vec<OptionEntry>),
    /// ADD FILEGROUP
    AddFilegroup {
        /// Which.
        name: Ident,
        /// CONTAINS FILESTREAM, CONTAINS MEMORY_OPTIMIZED_DATA
        contents: FilegroupContents,
    },
    /// REMOVE FILEGROUP
    RemoveFilegroup(Ident),
    /// MODIFY FILEGROUP name option
    ModifyFilegroup {
        /// Which.
        name: Ident,
        /// DEFAULT, READ_ONLY …
        option: String,
    },
}

/// What a filegroup is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilegroupContents {
    /// Rows.
    Rows,
    /// CONTAINS FILESTREAM
    FileStream,
    /// CONTAINS MEMORY_OPTIMIZED_DATA
    MemoryOptimizedData,
}

/// One option of ALTER DATABASE … SET.
#[derive(Debug, Clone, PartialEq)]
pub enum DatabaseOption {
    /// RECOVERY
    Recovery(RecoveryModel),
    /// ONLINE, OFFLINE, EMERGENCY
    State(DatabaseState),
    /// SINGLE_USER, RESTRICTED_USER, MULTI_USER
    UserAccess(UserAccess),
    /// READ_ONLY (true), READ_WRITE (false)
    ReadOnly(bool),
    /// HADR
    Hadr(HadrOption),
    /// COMPATIBILITY_LEVEL = n
    CompatibilityLevel(u32),
    /// An option that is ON or OFF: upper-case name.
    Switch {
        /// AUTO_CLOSE, READ_COMMITTED_SNAPSHOT …
        name: String,
        /// ON.
        on: bool,
    },
    /// PAGE_VERIFY, PARAMETERIZATION, TARGET_RECOVERY_TIME, QUERY_STORE (…), …: known name, generic value.
    Other(OptionEntry),
}

/// Recovery models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryModel {
    /// FULL
    Full,
    /// BULK_LOGGED
    BulkLogged,
    /// SIMPLE
    Simple,
}

/// Database states one can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseState {
    /// ONLINE
    Online,
    /// OFFLINE
    Offline,
    /// EMERGENCY
    Emergency,
}

/// Who may use a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAccess {
    /// SINGLE_USER
    SingleUser,
    /// RESTRICTED_USER
    RestrictedUser,
    /// MULTI_USER
    MultiUser,
}

/// SET HADR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HadrOption {
    /// AVAILABILITY GROUP = name
    AvailabilityGroup(Ident),
    /// OFF
    Off,
    /// SUSPEND
    Suspend,
    /// RESUME
    Resume,
}

/// What happens to other users' transactions.
#[derive(Debug, Clone, PartialEq)]
pub enum Termination {
    /// WITH ROLLBACK IMMEDIATE
    RollbackImmediate,
    /// WITH ROLLBACK AFTER n `[SECONDS]`
    RollbackAfter(Box<Expr>),
    /// WITH NO_WAIT
    NoWait,
}

/// CREATE/ALTER/DROP DATABASE ENCRYPTION KEY.
#[derive(Debug, Clone, PartialEq)]
pub enum DatabaseEncryptionKeyStatement {
    /// CREATE … WITH ALGORITHM = a ENCRYPTION BY SERVER CERTIFICATE c
    Create {
        /// The algorithm in upper case.
        algorithm: String,
        /// The server certificate.
        certificate: Ident,
    },
    /// ALTER … REGENERATE WITH ALGORITHM = a
    Regenerate {
        /// The algorithm in upper case.
        algorithm: String,
    },
    /// ALTER … ENCRYPTION BY SERVER CERTIFICATE c
    Protect {
        /// The server certificate.
        certificate: Ident,
    },
    /// DROP
    Drop,
}

/// A credential for backups to URL: CREATE, ALTER [DATABASE SCOPED] CREDENTIAL.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialStatement {
    /// True for ALTER.
    pub alter: bool,
    /// DATABASE SCOPED.
    pub database_scoped: bool,
    /// Its name.
    pub name: Ident,
    /// IDENTITY.
    pub identity: Text,
    /// SECRET.
    pub secret: Option<Text>,
}
