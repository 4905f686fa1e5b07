-- Full recovery and a first full backup: without them a group refuses the database (1465, 1475).
ALTER DATABASE [<DatabaseName>] SET RECOVERY FULL
GO

BACKUP DATABASE [<DatabaseName>] TO DISK = N'<DiskPath>'
GO
