-- What drivers, sqlcmd and management tools send by themselves, written down from traces and their public sources.
set ansi_nulls on
set ansi_null_dflt_on on
set ansi_padding on
set ansi_warnings on
set arithabort on
set concat_null_yields_null on
set cursor_close_on_commit off
set datefirst 7
set dateformat mdy
set implicit_transactions off
set language us_english
set numeric_roundabort off
set quoted_identifier on
set textsize 2147483647
set transaction isolation level read committed
set xact_abort off
GO
SET QUOTED_IDENTIFIER OFF SET TEXTSIZE 4096
GO
SELECT 1 AS [Result]
GO
select @@spid;
select SERVERPROPERTY('ProductLevel');
GO
SELECT ISNULL(SESSIONPROPERTY ('ANSI_NULLS'), 0), ISNULL(SESSIONPROPERTY ('QUOTED_IDENTIFIER'), 0)
GO
DECLARE @edition sysname;
SET @edition = cast(SERVERPROPERTY(N'EDITION') as sysname);
SELECT case when @edition = N'SQL Azure' then 2 else 1 end as 'DatabaseEngineType',
SERVERPROPERTY('EngineEdition') AS DatabaseEngineEdition,
SERVERPROPERTY('ProductVersion') AS ProductVersion,
@@MICROSOFTVERSION AS MicrosoftVersion;
select host_platform from sys.dm_os_host_info
if @edition = N'SQL Azure'
  select 'TCP' as ConnectionProtocol
else
  exec ('select CONVERT(nvarchar(40),CONNECTIONPROPERTY(''net_transport'')) as ConnectionProtocol')
GO
SELECT
dtb.name AS [Name],
dtb.database_id AS [ID],
CAST(case when dtb.name in ('master','model','msdb','tempdb') then 1 else dtb.is_distributor end AS bit) AS [IsSystemObject],
CAST(has_dbaccess(dtb.name) AS bit) AS [IsAccessible],
ISNULL((select top 1 1 from sys.filegroups as fg where fg.[type] = 'FX'), 0) AS [HasMemoryOptimizedObjects]
FROM
master.sys.databases AS dtb
WHERE
(CAST(case when dtb.name in ('master','model','msdb','tempdb') then 1 else dtb.is_distributor end AS bit)=0)
ORDER BY
[Name] ASC
GO
create table #SVer(ID int,  Name  sysname, Internal_Value int, Value nvarchar(512))
insert #SVer exec master.dbo.xp_msver
if exists (select 1 from #SVer where Name = N'ProductVersion')
begin
    select Value from #SVer
end
drop table #SVer
GO
begin try
declare @HasAG bit
select @HasAG = cast(SERVERPROPERTY(N'IsHadrEnabled') as bit)
if (@HasAG is null or @HasAG <> 1) begin raiserror('off', 16, 1) with nowait end
end try
begin catch
select -1 as [Status], error_message() as [Message]
end catch
GO
SELECT
AG.name AS [Name],
ISNULL(AG.automated_backup_preference, 4) AS [AutomatedBackupPreference],
ISNULL(arstates2.role, 3) AS [LocalReplicaRole],
ISNULL(agstates.primary_replica, '') AS [PrimaryReplicaServerName],
(CASE WHEN (AG.basic_features IS NOT NULL AND AG.is_distributed = 0) THEN 1 ELSE 0 END) AS [B]
FROM
master.sys.availability_groups AS AG
LEFT OUTER JOIN master.sys.dm_hadr_availability_group_states as agstates ON AG.group_id = agstates.group_id
INNER JOIN master.sys.availability_replicas AS AR2 ON AG.group_id = AR2.group_id
INNER JOIN master.sys.dm_hadr_availability_replica_states AS arstates2 ON AR2.replica_id = arstates2.replica_id AND arstates2.is_local = 1
WHERE (AG.name=@_msparam_0)and(ISNULL(arstates2.role, 3)=1)
ORDER BY [Name] ASC
GO
exec sp_executesql N'SELECT name FROM sys.databases WHERE (name=@_msparam_0)',N'@_msparam_0 nvarchar(4000)',@_msparam_0=N'db1'
GO
IF OBJECT_ID(N'dbo.__EFMigrationsHistory') IS NULL
BEGIN
    CREATE TABLE [__EFMigrationsHistory] (
        [MigrationId] nvarchar(150) NOT NULL,
        [ProductVersion] nvarchar(32) NOT NULL,
        CONSTRAINT [PK___EFMigrationsHistory] PRIMARY KEY ([MigrationId])
    );
END;
GO
IF SERVERPROPERTY('EngineEdition') <> 5
BEGIN
    ALTER DATABASE [db1] SET READ_COMMITTED_SNAPSHOT ON;
END;
GO
SET IMPLICIT_TRANSACTIONS OFF;
SET NOCOUNT ON;
INSERT INTO [Blogs] ([Name], [Url])
OUTPUT INSERTED.[Id]
VALUES (@p0, @p1);
GO
SET NOCOUNT ON;
MERGE [Blogs] USING (
VALUES (@p0, 0),
(@p1, 1)) AS i ([Name], _Position) ON 1=0
WHEN NOT MATCHED THEN
INSERT ([Name])
VALUES (i.[Name])
OUTPUT INSERTED.[Id], i._Position;
GO
SELECT TOP(@p) [b].[Id], [t].[c] FROM [Blogs] AS [b] LEFT JOIN ( SELECT COUNT(*) AS [c], [p].[BlogId] FROM [Posts] AS [p] GROUP BY [p].[BlogId] ) AS [t] ON [b].[Id] = [t].[BlogId] WHERE [b].[Name] LIKE @q ESCAPE N'\' ORDER BY (SELECT 1) OFFSET @s ROWS FETCH NEXT @n ROWS ONLY
GO
select s.name, t.name from sys.tables t inner join sys.schemas s on s.schema_id=t.schema_id where t.type='U' and not exists(select * from sys.extended_properties ep where ep.major_id=t.object_id and ep.minor_id=0 and ep.name=N'microsoft_database_tools_support')
GO
BACKUP DATABASE [db1] TO  DISK = N'/var/opt/mssql/data/db1.bak' WITH NOFORMAT, NOINIT,  NAME = N'db1-Full Database Backup', SKIP, NOREWIND, NOUNLOAD,  STATS = 10
GO
USE [master]
ALTER DATABASE [db1] SET SINGLE_USER WITH ROLLBACK IMMEDIATE
RESTORE DATABASE [db1] FROM  DISK = N'/var/opt/mssql/data/db1.bak' WITH  FILE = 1,  NOUNLOAD,  REPLACE,  STATS = 5
ALTER DATABASE [db1] SET MULTI_USER
GO
EXEC master.dbo.sp_addlinkedserver @server = N'R', @srvproduct=N'SQL Server'
EXEC sys.sp_addextendedproperty @name=N'x', @value=N'y' , @level0type=N'SCHEMA',@level0name=N'dbo'
GO
WAITFOR DELAY '00:00:05';
DECLARE @deadline datetime2 = DATEADD(SECOND, 60, SYSUTCDATETIME())
WHILE SYSUTCDATETIME() < @deadline AND NOT EXISTS (SELECT 1 FROM sys.dm_hadr_database_replica_states WHERE is_local = 0 AND synchronization_state = 2)
    WAITFOR DELAY '00:00:01'
GO
