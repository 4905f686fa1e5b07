//! Batches and statements: one variant per statement, each with its own struct.

use super::*;

/// A parsed batch. Its text is the caller's; every span points into it, and the text of a module (CREATE PROCEDURE
/// and the like, which stand alone in their batch) is that whole text.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The statements.
    pub statements: Vec<Statement>,
}

/// A statement with its place in the text (a trailing semicolon is not part of it).
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Where; its line is what `ERROR_LINE` reports.
    pub span: Span,
}

/// Every statement.
#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    /// SELECT
    Select(Box<SelectStatement>),
    /// INSERT
    Insert(Box<InsertStatement>),
    /// INSERT BULK
    InsertBulk(Box<InsertBulkStatement>),
    /// UPDATE
    Update(Box<UpdateStatement>),
    /// DELETE
    Delete(Box<DeleteStatement>),
    /// MERGE
    Merge(Box<MergeStatement>),
    /// TRUNCATE TABLE
    Truncate(Box<TruncateStatement>),

    /// DECLARE of variables
    Declare(Box<DeclareStatement>),
    /// SET @v
    SetVariable(Box<SetVariableStatement>),
    /// SET option
    SetOption(Box<SetOptionStatement>),
    /// BEGIN … END
    Block(Vec<Statement>),
    /// IF
    If(Box<IfStatement>),
    /// WHILE
    While(Box<WhileStatement>),
    /// BREAK
    Break,
    /// CONTINUE
    Continue,
    /// TRY … CATCH
    TryCatch(Box<TryCatchStatement>),
    /// THROW
    Throw(Box<ThrowStatement>),
    /// RAISERROR
    Raiserror(Box<RaiserrorStatement>),
    /// PRINT
    Print(Box<Expr>),
    /// GOTO label
    Goto(Ident),
    /// label:
    Label(Ident),
    /// RETURN `[value]`
    Return(Option<Box<Expr>>),
    /// WAITFOR
    Waitfor(Box<WaitforStatement>),
    /// EXECUTE
    Execute(Box<ExecuteStatement>),
    /// EXECUTE AS
    ExecuteAs(Box<ExecuteAsStatement>),
    /// REVERT
    Revert,
    /// USE
    Use(Box<UseStatement>),
    /// KILL
    Kill(Box<KillStatement>),
    /// SHUTDOWN
    Shutdown {
        /// WITH NOWAIT.
        no_wait: bool,
    },
    /// DBCC
    Dbcc(Box<DbccStatement>),
    /// CHECKPOINT `[n]`
    Checkpoint(Option<Box<Expr>>),
    /// RECONFIGURE; true for WITH OVERRIDE
    Reconfigure(bool),

    /// BEGIN TRANSACTION
    BeginTransaction(Box<BeginTransactionStatement>),
    /// COMMIT
    Commit(Box<CommitStatement>),
    /// ROLLBACK
    Rollback(Box<RollbackStatement>),
    /// SAVE TRANSACTION
    SaveTransaction(Box<SaveTransactionStatement>),

    /// DECLARE c CURSOR
    DeclareCursor(Box<DeclareCursorStatement>),
    /// OPEN
    OpenCursor(CursorRef),
    /// FETCH
    Fetch(Box<FetchStatement>),
    /// CLOSE
    CloseCursor(CursorRef),
    /// DEALLOCATE
    DeallocateCursor(CursorRef),

    /// CREATE TABLE
    CreateTable(Box<CreateTableStatement>),
    /// ALTER TABLE
    AlterTable(Box<AlterTableStatement>),
    /// CREATE INDEX
    CreateIndex(Box<CreateIndexStatement>),
    /// ALTER INDEX
    AlterIndex(Box<AlterIndexStatement>),
    /// DROP INDEX
    DropIndex(Box<DropIndexStatement>),
    /// CREATE STATISTICS
    CreateStatistics(Box<CreateStatisticsStatement>),
    /// UPDATE STATISTICS
    UpdateStatistics(Box<UpdateStatisticsStatement>),
    /// CREATE, ALTER VIEW
    CreateView(Box<CreateViewStatement>),
    /// CREATE SCHEMA
    CreateSchema(Box<CreateSchemaStatement>),
    /// ALTER SCHEMA
    AlterSchema(Box<AlterSchemaStatement>),
    /// CREATE, ALTER PROCEDURE
    CreateProcedure(Box<CreateProcedureStatement>),
    /// CREATE, ALTER FUNCTION
    CreateFunction(Box<CreateFunctionStatement>),
    /// CREATE, ALTER TRIGGER
    CreateTrigger(Box<CreateTriggerStatement>),
    /// ENABLE, DISABLE TRIGGER
    EnableTrigger(Box<EnableTriggerStatement>),
    /// CREATE TYPE
    CreateType(Box<CreateTypeStatement>),
    /// CREATE, ALTER SEQUENCE
    Sequence(Box<SequenceStatement>),
    /// CREATE SYNONYM
    CreateSynonym(Box<CreateSynonymStatement>),
    /// DROP
    Drop(Box<DropStatement>),

    /// CREATE DATABASE
    CreateDatabase(Box<CreateDatabaseStatement>),
    /// ALTER DATABASE
    AlterDatabase(Box<AlterDatabaseStatement>),
    /// CREATE, DROP DATABASE ENCRYPTION KEY
    DatabaseEncryptionKey(Box<DatabaseEncryptionKeyStatement>),
    /// BACKUP DATABASE | LOG
    Backup(Box<BackupStatement>),
    /// RESTORE
    Restore(Box<RestoreStatement>),

    /// MASTER KEY
    MasterKey(Box<MasterKeyStatement>),
    /// CREATE CERTIFICATE
    CreateCertificate(Box<CreateCertificateStatement>),
    /// ALTER CERTIFICATE
    AlterCertificate(Box<AlterCertificateStatement>),
    /// BACKUP CERTIFICATE
    BackupCertificate(Box<BackupCertificateStatement>),
    /// CREATE, ALTER CREDENTIAL
    Credential(Box<CredentialStatement>),
    /// CREATE LOGIN
    CreateLogin(Box<CreateLoginStatement>),
    /// ALTER LOGIN
    AlterLogin(Box<AlterLoginStatement>),
    /// CREATE USER
    CreateUser(Box<CreateUserStatement>),
    /// ALTER USER
    AlterUser(Box<AlterUserStatement>),
    /// CREATE ROLE
    CreateRole(Box<CreateRoleStatement>),
    /// ALTER ROLE
    AlterRole(Box<AlterRoleStatement>),
    /// GRANT, DENY, REVOKE
    Permission(Box<PermissionStatement>),
    /// ALTER AUTHORIZATION
    AlterAuthorization(Box<AlterAuthorizationStatement>),

    /// CREATE, ALTER ENDPOINT
    Endpoint(Box<EndpointStatement>),
    /// CREATE AVAILABILITY GROUP
    CreateAvailabilityGroup(Box<CreateAvailabilityGroupStatement>),
    /// ALTER AVAILABILITY GROUP
    AlterAvailabilityGroup(Box<AlterAvailabilityGroupStatement>),
}
