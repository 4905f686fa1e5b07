//! The statements.

use super::registry;
use crate::ast::{DropKind as D, StatementKind as S};

registry! {
    /// Every statement that the parser knows.
    STATEMENTS;
    /// What is said of a statement.
    statement(S);

    "SELECT" Partly, S::Select(_), "SELECT a, b FROM dbo.t WHERE a > 1 ORDER BY a", "clauses are listed below";
    "INSERT" Partly, S::Insert(_), "INSERT dbo.t (a) OUTPUT inserted.a VALUES (3)", "into linked servers too, by OPENQUERY if that reads one table; BULK INSERT is refused";
    "INSERT BULK" Partly, S::InsertBulk(_), "INSERT BULK dbo.t (a int, b nvarchar(20)) WITH (TABLOCK)", "as drivers send it; constraints that were not checked are still called trusted";
    "UPDATE" Partly, S::Update(_), "UPDATE dbo.t SET b = N'x' WHERE a = 1", "on linked servers, too, by OPENQUERY if that reads one table; no WHERE CURRENT OF there";
    "DELETE" Partly, S::Delete(_), "DELETE FROM dbo.t WHERE a = 1", "on linked servers, too, by OPENQUERY if that reads one table; no WHERE CURRENT OF there";
    "MERGE" Yes, S::Merge(_), "MERGE dbo.t AS x USING (SELECT 1 AS a) AS y ON x.a = y.a WHEN MATCHED THEN UPDATE SET b = N'm';", "";
    "TRUNCATE TABLE" Partly, S::Truncate(_), "TRUNCATE TABLE dbo.i", "no partitions";

    "DECLARE" Yes, S::Declare(_), "DECLARE @a int = 1, @t TABLE (a int)", "";
    "SET @variable" Partly, S::SetVariable(_), "DECLARE @a int; SET @a = 1", "no methods of xml";
    "SET option" Partly, S::SetOption(_), "SET NOCOUNT ON", "options are listed below";
    "BEGIN … END" Yes, S::Block(_), "BEGIN SELECT 1 END", "";
    "IF … ELSE" Yes, S::If(_), "IF 1 = 1 SELECT 1 ELSE SELECT 2", "";
    "WHILE" Yes, S::While(_), "WHILE 1 = 0 SELECT 1", "";
    "BREAK" Yes, S::Break, "WHILE 1 = 1 BREAK", "";
    "CONTINUE" Yes, S::Continue, "DECLARE @i int = 0; WHILE @i < 1 BEGIN SET @i += 1; CONTINUE END", "";
    "TRY … CATCH" Yes, S::TryCatch(_), "BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH", "";
    "THROW" Yes, S::Throw(_), "THROW 50001, N'x', 1", "";
    "RAISERROR" Yes, S::Raiserror(_), "RAISERROR (N'x %d', 10, 1, 5)", "WITH LOG writes nowhere";
    "PRINT" Yes, S::Print(_), "PRINT N'x'", "";
    "GOTO" Yes, S::Goto(_), "GOTO done; done:", "";
    "label:" Yes, S::Label(_), "done:", "";
    "RETURN" Yes, S::Return(_), "RETURN", "";
    "WAITFOR" Partly, S::Waitfor(_), "WAITFOR DELAY '00:00:00'", "DELAY and TIME, by the world's clock; no Service Broker";
    "EXECUTE" Partly, S::Execute(_), "EXECUTE sp_executesql N'SELECT 1'", "AT linked servers too; not AS LOGIN or USER, no RESULT SETS";
    "EXECUTE AS" No, S::ExecuteAs(_), "EXECUTE AS LOGIN = 'sa'", "";
    "REVERT" No, S::Revert, "REVERT", "";
    "USE" Yes, S::Use(_), "USE master", "";
    "KILL" Partly, S::Kill(_), "KILL 32000", "of a session: what it has open is undone and its connection breaks; of a unit of work that is in doubt; no rollback is ever on its way for WITH STATUSONLY";
    "SHUTDOWN" Partly, S::Shutdown { .. }, "WHILE 1 = 0 SHUTDOWN WITH NOWAIT", "what others run ends at once, also without NOWAIT; `milink server start` starts the server again";
    "DBCC" Partly, S::Dbcc(_), "DBCC TRACESTATUS(-1)", "TRACEON, TRACEOFF, TRACESTATUS, SQLPERF(LOGSPACE), CHECKIDENT, and CHECKDB and its kin, which always find a healthy database";
    "CHECKPOINT" Partly, S::Checkpoint(_), "CHECKPOINT", "does nothing: the model has no dirty pages";
    "RECONFIGURE" Partly, S::Reconfigure(_), "RECONFIGURE", "does nothing: configuration is in use at once";

    "BEGIN TRANSACTION" Partly, S::BeginTransaction(_), "BEGIN TRANSACTION; COMMIT", "distributed ones span instances of one world: managed instances that trust each other, or SQL Servers; WITH MARK is taken and marks nothing";
    "COMMIT" Yes, S::Commit(_), "BEGIN TRANSACTION; COMMIT", "";
    "ROLLBACK" Yes, S::Rollback(_), "BEGIN TRANSACTION; ROLLBACK", "";
    "SAVE TRANSACTION" Yes, S::SaveTransaction(_), "BEGIN TRANSACTION; SAVE TRANSACTION p; COMMIT", "";

    "DECLARE CURSOR" Partly, S::DeclareCursor(_), "DECLARE c CURSOR FOR SELECT 1; DEALLOCATE c", "static, keyset, dynamic and fast-forward; SCROLL_LOCKS takes no locks, positioned changes just succeed; views and derived tables give a static cursor; no cursor parameters of procedures";
    "OPEN" Yes, S::OpenCursor(_), "DECLARE c CURSOR LOCAL FOR SELECT 1; OPEN c", "";
    "FETCH" Yes, S::Fetch(_), "DECLARE c CURSOR LOCAL FOR SELECT 1; OPEN c; FETCH NEXT FROM c", "";
    "CLOSE" Yes, S::CloseCursor(_), "DECLARE c CURSOR LOCAL FOR SELECT 1; OPEN c; CLOSE c", "";
    "DEALLOCATE" Yes, S::DeallocateCursor(_), "DECLARE c CURSOR LOCAL FOR SELECT 1; DEALLOCATE c", "";

    "CREATE TABLE" Partly, S::CreateTable(_), "CREATE TABLE dbo.x (a int IDENTITY PRIMARY KEY, b nvarchar(10) NOT NULL DEFAULT N'')", "no partitions, graph tables, FileTables, FILESTREAM, masked or encrypted columns, hash indexes";
    "ALTER TABLE" Partly, S::AlterTable(_), "ALTER TABLE dbo.t ADD c int NULL", "columns, constraints; no partitions, no triggers";
    "CREATE INDEX" Partly, S::CreateIndex(_), "CREATE UNIQUE INDEX x ON dbo.t (b)", "kept and, where unique, enforced; no partitions, no hash indexes";
    "ALTER INDEX" Partly, S::AlterIndex(_), "ALTER INDEX ALL ON dbo.t REBUILD", "REBUILD and REORGANIZE, which have nothing to do; no DISABLE, no SET";
    "DROP INDEX" Yes, S::DropIndex(_), "CREATE INDEX x ON dbo.t (b); DROP INDEX x ON dbo.t", "";
    "CREATE STATISTICS" No, S::CreateStatistics(_), "CREATE STATISTICS s ON dbo.t (a)", "";
    "UPDATE STATISTICS" No, S::UpdateStatistics(_), "UPDATE STATISTICS dbo.t", "";
    "CREATE VIEW" Partly, S::CreateView(_), "CREATE VIEW dbo.v AS SELECT 1 AS a", "for reading; no WITH CHECK OPTION, no indexes on views";
    "CREATE SCHEMA" Yes, S::CreateSchema(_), "CREATE SCHEMA s", "";
    "ALTER SCHEMA" No, S::AlterSchema(_), "ALTER SCHEMA dbo TRANSFER dbo.t", "";
    "CREATE PROCEDURE" Partly, S::CreateProcedure(_), "CREATE PROCEDURE dbo.p AS SELECT 1", "no WITH EXECUTE AS, no numbered or temporary procedures";
    "CREATE FUNCTION" No, S::CreateFunction(_), "CREATE FUNCTION dbo.f() RETURNS int AS BEGIN RETURN 1 END", "";
    "CREATE TRIGGER" No, S::CreateTrigger(_), "CREATE TRIGGER r ON dbo.t AFTER INSERT AS SELECT 1", "";
    "ENABLE TRIGGER" No, S::EnableTrigger(_), "SELECT 1; ENABLE TRIGGER r ON dbo.t", "";
    "CREATE TYPE" No, S::CreateType(_), "CREATE TYPE dbo.y FROM int", "";
    "CREATE SEQUENCE" No, S::Sequence(_), "CREATE SEQUENCE dbo.q", "";
    "CREATE SYNONYM" No, S::CreateSynonym(_), "CREATE SYNONYM dbo.y FOR dbo.t", "";

    "DROP" Partly, S::Drop(_), "DROP TABLE dbo.i", "objects are listed below";

    "CREATE DATABASE" Partly, S::CreateDatabase(_), "CREATE DATABASE db2", "one data file, several log files; no filegroups, attach or snapshots";
    "ALTER DATABASE" Partly, S::AlterDatabase(_), "ALTER DATABASE db1 SET READ_COMMITTED_SNAPSHOT ON", "MODIFY NAME, COLLATE, SET of recovery, state, access (WITH ROLLBACK, NO_WAIT), HADR, compatibility level and the ON/OFF options of sys.databases; ADD LOG FILE and REMOVE FILE; no data files or filegroups";
    "DATABASE ENCRYPTION KEY" Partly, S::DatabaseEncryptionKey(_), "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'; CREATE CERTIFICATE c WITH SUBJECT = N'c'; USE db1; CREATE DATABASE ENCRYPTION KEY WITH ALGORITHM = AES_256 ENCRYPTION BY SERVER CERTIFICATE c", "CREATE, ALTER and DROP with AES and certificates; no asymmetric keys, no Triple DES, no SUSPEND of a scan; nothing is encrypted in earnest";
    "BACKUP" Partly, S::Backup(_), "BACKUP DATABASE db1 TO DISK = N'/var/opt/mssql/data/db1.bak'", "to devices of the world's own. No files, filegroups or tapes";
    "RESTORE" Partly, S::Restore(_), "USE master; BACKUP DATABASE db1 TO DISK = N'/x.bak'; RESTORE DATABASE db2 FROM DISK = N'/x.bak'", "DATABASE, LOG, HEADERONLY, FILELISTONLY and VERIFYONLY of backups of the same world; no files, filegroups or points in time";

    "MASTER KEY" Partly, S::MasterKey(_), "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'", "a password must be said; files are the world's own";
    "CREATE CERTIFICATE" Partly, S::CreateCertificate(_), "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'; CREATE CERTIFICATE c WITH SUBJECT = N'c'", "not from assemblies, executables or PFX; files are the world's own";
    "ALTER CERTIFICATE" Yes, S::AlterCertificate(_), "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'; CREATE CERTIFICATE c WITH SUBJECT = N'c'; ALTER CERTIFICATE c REMOVE PRIVATE KEY", "";
    "BACKUP CERTIFICATE" Partly, S::BackupCertificate(_), "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'; CREATE CERTIFICATE c WITH SUBJECT = N'c'; BACKUP CERTIFICATE c TO FILE = N'/c.cer'", "files are the world's own";
    "CREATE CREDENTIAL" No, S::Credential(_), "CREATE CREDENTIAL c WITH IDENTITY = N'i'", "";
    "CREATE LOGIN" Partly, S::CreateLogin(_), "CREATE LOGIN l WITH PASSWORD = N'Long-enough-1'", "with a password";
    "ALTER LOGIN" Partly, S::AlterLogin(_), "CREATE LOGIN l WITH PASSWORD = N'Long-enough-1'; ALTER LOGIN l DISABLE", "ENABLE, DISABLE and WITH";
    "CREATE USER" Partly, S::CreateUser(_), "CREATE USER u WITHOUT LOGIN", "for a login or without one";
    "ALTER USER" No, S::AlterUser(_), "ALTER USER dbo WITH DEFAULT_SCHEMA = dbo", "";
    "CREATE ROLE" No, S::CreateRole(_), "CREATE ROLE r", "";
    "ALTER ROLE" Partly, S::AlterRole(_), "CREATE LOGIN l WITH PASSWORD = N'Long-enough-1'; ALTER SERVER ROLE sysadmin ADD MEMBER l", "members of the fixed server roles";
    "GRANT, DENY, REVOKE" Partly, S::Permission(_), "USE master; CREATE LOGIN l WITH PASSWORD = N'Long-enough-1'; GRANT VIEW SERVER STATE TO l", "of the server and of endpoints; every login may do everything else";
    "ALTER AUTHORIZATION" No, S::AlterAuthorization(_), "ALTER AUTHORIZATION ON DATABASE::db1 TO sa", "";

    "CREATE, ALTER ENDPOINT" Partly, S::Endpoint(_), "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'; CREATE CERTIFICATE c WITH SUBJECT = N'c'; CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE c, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)", "FOR DATABASE_MIRRORING";
    "CREATE AVAILABILITY GROUP" Partly, S::CreateAvailabilityGroup(_), "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'; CREATE CERTIFICATE c WITH SUBJECT = N'c'; CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE c, ROLE = ALL); CREATE AVAILABILITY GROUP ag WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'sqlserver1' WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC)", "local and distributed; other SQL Servers join (ALTER … JOIN); contained groups have one replica";
    "ALTER AVAILABILITY GROUP" Partly, S::AlterAvailabilityGroup(_), "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'; CREATE CERTIFICATE c WITH SUBJECT = N'c'; CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE c, ROLE = ALL); CREATE AVAILABILITY GROUP ag WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'sqlserver1' WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC); ALTER AVAILABILITY GROUP ag SET (DB_FAILOVER = ON)", "failover between replicas is planned in a Windows cluster and forced elsewhere, never automatic";
}

registry! {
    /// What DROP can be said of.
    DROPS;
    /// What is said of the DROP of such objects.
    drop(D);

    "DROP TABLE" Yes, D::Table, "DROP TABLE dbo.i", "";
    "DROP SCHEMA" Yes, D::Schema, "DROP SCHEMA IF EXISTS s", "";
    "DROP VIEW" Yes, D::View, "DROP VIEW IF EXISTS dbo.v", "";
    "DROP PROCEDURE" Yes, D::Procedure, "DROP PROCEDURE IF EXISTS dbo.p", "";
    "DROP FUNCTION" Yes, D::Function, "DROP FUNCTION IF EXISTS dbo.f", "";
    "DROP TRIGGER" Yes, D::Trigger, "DROP TRIGGER IF EXISTS dbo.r", "";
    "DROP TYPE" Yes, D::Type, "DROP TYPE IF EXISTS dbo.y", "";
    "DROP SEQUENCE" Yes, D::Sequence, "DROP SEQUENCE IF EXISTS dbo.q", "";
    "DROP SYNONYM" Yes, D::Synonym, "DROP SYNONYM IF EXISTS dbo.y", "";
    "DROP DATABASE" Yes, D::Database, "USE master; DROP DATABASE db1", "";
    "DROP STATISTICS" No, D::Statistics, "DROP STATISTICS dbo.t.s", "";
    "DROP LOGIN" Yes, D::Login, "CREATE LOGIN l WITH PASSWORD = N'Long-enough-1'; DROP LOGIN l", "";
    "DROP USER" Yes, D::User, "CREATE USER u WITHOUT LOGIN; DROP USER u", "";
    "DROP ROLE" No, D::Role | D::ServerRole, "DROP ROLE r", "";
    "DROP CERTIFICATE" Yes, D::Certificate, "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'; CREATE CERTIFICATE c WITH SUBJECT = N'c'; DROP CERTIFICATE c", "";
    "DROP ENDPOINT" Yes, D::Endpoint, "USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'; CREATE CERTIFICATE c WITH SUBJECT = N'c'; CREATE ENDPOINT e AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE c, ROLE = ALL); DROP ENDPOINT e", "";
    "DROP AVAILABILITY GROUP" Yes, D::AvailabilityGroup, "USE master; DROP AVAILABILITY GROUP IF EXISTS ag", "";
    "DROP CREDENTIAL" No, D::Credential | D::DatabaseScopedCredential, "DROP CREDENTIAL c", "";
}
