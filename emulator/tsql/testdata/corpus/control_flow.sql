DECLARE @a int = 1, @b nvarchar(max) = N'x', @c decimal(18, 2), @d AS datetime2(7)
GO
DECLARE @t TABLE (id int IDENTITY(1, 1) PRIMARY KEY, name sysname NOT NULL UNIQUE, n AS id * 2, CHECK (id > 0))
GO
DECLARE @t AS TABLE (a int, b varchar(10) DEFAULT 'x' INDEX ix (b)), @n int
GO
SET @a = 1 SET @a += 2 SET @a -= 3 SET @a *= 4 SET @a /= 5 SET @a %= 6 SET @a &= 7 SET @a |= 8 SET @a ^= 9
GO
SET @rows = (SELECT COUNT(*) FROM sys.objects)
GO
IF @a = 1 SELECT 1 ELSE SELECT 2
GO
IF EXISTS (SELECT 1 FROM sys.tables WHERE name = 't') BEGIN PRINT 'yes' END ELSE IF @a IS NULL PRINT 'null' ELSE BEGIN PRINT 'no'; END
GO
IF 1 = 1 PRINT 'a'; ELSE PRINT 'b';
GO
IF (@a > 1 AND (@b = 'x' OR NOT (@c BETWEEN 1 AND 2))) OR @d IS NOT NULL RETURN
GO
WHILE @i < 10
BEGIN
    SET @i = @i + 1
    IF @i = 5 CONTINUE
    IF @i = 7 BREAK
    PRINT @i
END
GO
WHILE 1 = 1 BREAK
GO
BEGIN TRY
    SELECT 1 / 0
END TRY
BEGIN CATCH
    SELECT ERROR_NUMBER(), ERROR_SEVERITY(), ERROR_STATE(), ERROR_LINE(), ERROR_PROCEDURE(), ERROR_MESSAGE();
    THROW
END CATCH
GO
BEGIN TRY BEGIN TRY THROW 50001, 'inner', 1 END TRY BEGIN CATCH ;THROW END CATCH END TRY BEGIN CATCH END CATCH;
GO
THROW 51000, N'The record does not exist.', 1;
GO
DECLARE @n int = 50005, @m nvarchar(100) = 'msg', @s int = 1;
THROW @n, @m, @s;
GO
RAISERROR ('Hello %s, %d', 16, 1, 'x', 5)
RAISERROR (50005, 10, 1) WITH NOWAIT
RAISERROR (@msg, @sev, @state) WITH LOG, NOWAIT
RAISERROR (N'%*.*s', 10, -1, 7, 3, N'abcde') WITH SETERROR
GO
PRINT 'a' + CAST(1 AS varchar(10)) + CHAR(13)
PRINT N'Unicode'
PRINT (@cmd)
GO
GOTO done
SELECT 1
done:
SELECT 2
again: SELECT 3
GO
RETURN
GO
RETURN 1 + 2
GO
RETURN (SELECT 1)
GO
RETURN -1;
SELECT 1
GO
WAITFOR DELAY '00:00:01.500'
WAITFOR TIME '23:59'
WAITFOR DELAY @d
GO
EXEC sp_who
EXEC dbo.p 1, 'two', N'three', 4.5, -6, 0x07, NULL, DEFAULT, @x, @@SPID
EXEC @rc = dbo.p @a = 1, @b = @x OUTPUT, @c = DEFAULT, @d OUT
EXECUTE master.dbo.xp_cmdshell 'dir', no_output
EXEC [other].[db1]..[p];
EXEC @name 1, @b = 2
GO
EXEC ('SELECT 1')
EXEC (N'SELECT ' + @x + N' FROM t')
EXECUTE ('SELECT ?', 1, @b OUTPUT) AT linked
EXEC ('SELECT 1') AS LOGIN = 'sa'
EXEC ('SELECT 1') AS USER = 'dbo' AT linked
GO
EXEC sp_executesql @stmt = N'SELECT @a', @params = N'@a int', @a = 1
GO
EXEC p WITH RECOMPILE
EXEC p 1 WITH RESULT SETS ((a int NOT NULL, b nvarchar(10) NULL), (c date))
EXEC p WITH RESULT SETS UNDEFINED
EXEC p WITH RECOMPILE, RESULT SETS NONE
GO
sp_help 'dbo.t'
GO
sp_databases
GO
[dbo].[p] @a = 1, @b = 2
SELECT 1
GO
EXEC p;2 1
GO
DECLARE @CERTID int
SELECT @CERTID = CERT_ID('MicrosoftPKI')
EXEC sp_certificate_add_issuer @CERTID, N'*.database.windows.net'
GO
SELECT @a = 1, @b += 2, @c = (SELECT MAX(x) FROM t)
GO
DECLARE @x xml = '<a/>'
SET @x.modify('delete /a')
SELECT @x.value('(/a)[1]', 'int'), @x.query('/a').value('.', 'nvarchar(10)'), @x.exist('/a')
GO
BEGIN SELECT 1; BEGIN ; ; SELECT 2 END; END
GO
;;; SELECT 1 ;;
GO
/* nothing
   to /* run */ here */
-- at all
GO
BEGIN
    WITH c AS (SELECT 1 AS n) SELECT n FROM c
END
GO
IF 1 = 1 WITH c AS (SELECT 1 AS n) SELECT n FROM c
GO
