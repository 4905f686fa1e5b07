//! Rows of linked servers, read and written.

use expect_test::expect;

use crate::town::Town;

#[test]
fn rows_of_another_instance_are_read_and_written() {
    let mut town = Town::new();
    let mut talk = town.linked();
    let cases = [
        (
            "SELECT * FROM two.db1.dbo.t ORDER BY id DESC",
            expect![[r#"
            [id int not null, v nvarchar(20)]
            2 | two
            1 | one
            done Select 2
        "#]],
        ),
        (
            "SELECT l.v, r.v FROM dbo.t l JOIN two.db1.dbo.t AS r ON r.id = l.id WHERE r.id = 2",
            expect![[r#"
                [v nvarchar(20), v nvarchar(20)]
                two | two
                done Select 1
            "#]],
        ),
        (
            "IF EXISTS (SELECT 1 FROM two.db1..t WHERE id = 1) PRINT (SELECT MAX(v) FROM two.db1.dbo.t WITH (NOLOCK))",
            expect![[r#"
                info 0/0/1 line 1: two
            "#]],
        ),
        (
            "SELECT q.n FROM OPENQUERY(two, 'SELECT COUNT(*) AS n FROM t') AS q",
            expect![[r#"
                [n int]
                2
                done Select 1
            "#]],
        ),
        (
            "INSERT two.db1.dbo.t (id, v) SELECT id + 10, v FROM dbo.t; INSERT INTO two.db1.dbo.t VALUES (20, N'x' + 'y'), (21, NULL); SELECT * FROM two.db1.dbo.t",
            expect![[r#"
                done Insert 2
                done Insert 2
                [id int not null, v nvarchar(20)]
                1 | one
                2 | two
                11 | one
                12 | two
                20 | xy
                21 | NULL
                done Select 6
            "#]],
        ),
        (
            "DECLARE @v nvarchar(20) = N'new'; UPDATE two.db1.dbo.t SET v = @v WHERE id > 10; UPDATE r SET r.v = UPPER(r.v) FROM two.db1.dbo.t AS r WHERE r.id = 1; DELETE FROM two.db1.dbo.t WHERE id IN (20, 21); SELECT @@ROWCOUNT; SELECT id, v FROM two.db1.dbo.t",
            expect![[r#"
                done Update 4
                done Update 1
                done Delete 2
                [int not null]
                2
                done Select 1
                [id int not null, v nvarchar(20)]
                1 | ONE
                2 | two
                11 | new
                12 | new
                done Select 4
            "#]],
        ),
        (
            "EXEC ('SELECT v FROM dbo.t WHERE id = ? AND N''?'' = N''?''', 2) AT two; EXEC ('PRINT N''there''; SELECT DB_NAME()') AT two",
            expect![[r#"
                [v nvarchar(20)]
                two
                done Select 1
                info 0/0/1 line 1: there
                [nvarchar(128)]
                db1
                done Select 1
            "#]],
        ),
        (
            "DECLARE @n int, @s int; EXEC @s = two.db1.sys.sp_executesql N'SELECT @n = COUNT(*) FROM dbo.t', N'@n int OUTPUT', @n = @n OUTPUT; SELECT @n, @s",
            expect![[r#"
                done Other
                [int, int]
                4 | 0
                done Select 1
            "#]],
        ),
        (
            "CREATE TABLE #r (v nvarchar(20)); INSERT #r SELECT v FROM OPENQUERY(two, 'SELECT v FROM db1.dbo.t WHERE id = 2'); SELECT * FROM #r",
            expect![[r#"
                done Other
                done Insert 1
                [v nvarchar(20)]
                two
                done Select 1
            "#]],
        ),
        (
            "SELECT name, data_source, is_linked, is_rpc_out_enabled FROM sys.servers ORDER BY server_id; SELECT server_id, local_principal_id, uses_self_credential, remote_name FROM sys.linked_logins",
            expect![[r#"
                [name nvarchar(128) not null, data_source nvarchar(4000), is_linked bit not null, is_rpc_out_enabled bit not null]
                mi1.6d710bcf372b.database.windows.net | mi1.6d710bcf372b.database.windows.net | 0 | 1
                two | mi2.6d710bcf372b.database.windows.net | 1 | 1
                three | mi3.0a0b0c0d0e0f.database.windows.net | 1 | 1
                done Select 3
                [server_id int not null, local_principal_id int, uses_self_credential bit not null, remote_name nvarchar(128)]
                0 | 0 | 1 | NULL
                2 | 0 | 0 | sa
                1 | 0 | 0 | sa
                done Select 3
            "#]],
        ),
    ];
    for (text, expected) in cases {
        town.check(&mut talk, text, &expected);
    }
    let there = town.ids[1];
    let sessions = town
        .lab
        .world
        .instance(there)
        .expect("an instance")
        .sessions
        .len();
    assert_eq!(sessions, 1, "connections end with their statements");
}

#[test]
fn rows_are_limited_defaulted_and_told_to_variables() {
    let mut town = Town::new();
    let mut talk = town.linked();
    let cases = [
        (
            "EXEC ('CREATE TABLE dbo.d (id int NOT NULL DEFAULT 7, v nvarchar(20) DEFAULT N''none'', w int)') AT two",
            expect![[r#"
                done Other
            "#]],
        ),
        (
            "DECLARE @n int = 2; INSERT TOP (@n) two.db1.dbo.d (id) VALUES (1), (2), (3); INSERT TOP (50) PERCENT INTO two.db1.dbo.d (id) SELECT id + 10 FROM dbo.t; SELECT * FROM two.db1.dbo.d",
            expect![[r#"
                done Insert 2
                done Insert 1
                [id int not null, v nvarchar(20), w int]
                1 | none | NULL
                2 | none | NULL
                11 | none | NULL
                done Select 3
            "#]],
        ),
        (
            "INSERT TOP ((SELECT COUNT(*) FROM dbo.t) - 1) two.db1.dbo.d (id) EXEC ('SELECT 20 UNION ALL SELECT 21'); SELECT id FROM two.db1.dbo.d WHERE id > 19",
            expect![[r#"
                done Insert 1
                [id int not null]
                20
                done Select 1
            "#]],
        ),
        (
            "DELETE two.db1.dbo.d; INSERT two.db1.dbo.d DEFAULT VALUES; INSERT TOP (0) two.db1.dbo.d DEFAULT VALUES; INSERT two.db1.dbo.d VALUES (1, DEFAULT, 1), (DEFAULT, N'two', DEFAULT); SELECT * FROM two.db1.dbo.d",
            expect![[r#"
                done Delete 4
                done Insert 1
                done Insert 0
                done Insert 2
                [id int not null, v nvarchar(20), w int]
                7 | none | NULL
                1 | none | 1
                7 | two | NULL
                done Select 3
            "#]],
        ),
        (
            "DECLARE @was nvarchar(20), @now nvarchar(20), @sum int = 0; UPDATE two.db1.dbo.t SET @was = v, @now = v = v + N'!', @sum = @sum + id WHERE id = 2; SELECT @was AS was, @now AS now, @sum AS total",
            expect![[r#"
                done Update 1
                [was nvarchar(20), now nvarchar(20), total int]
                two | two! | 2
                done Select 1
            "#]],
        ),
        (
            "DECLARE @v nvarchar(20) = N'before', @n int; SELECT @v = v FROM two.db1.dbo.t WHERE id = 1; SET @n = (SELECT COUNT(*) FROM two.db1.dbo.t); UPDATE two.db1.dbo.t SET @v = v WHERE id = 99; SELECT @v AS v, @n AS n",
            expect![[r#"
                done Update 0
                [v nvarchar(20), n int]
                one | 2
                done Select 1
            "#]],
        ),
        (
            "INSERT TOP (-1) two.db1.dbo.d (id) VALUES (1)",
            expect![[r#"
                error 1060/15/1 line 1: The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.
                done None failed
            "#]],
        ),
        (
            "EXEC ('SELECT ?', DEFAULT) AT two",
            expect![[r#"
            error 156/15/1 line 1: Incorrect syntax near the keyword 'DEFAULT'.
            done None failed
        "#]],
        ),
    ];
    for (text, expected) in cases {
        town.check(&mut talk, text, &expected);
    }
}

#[test]
fn statements_mix_what_is_here_and_there() {
    let mut town = Town::new();
    let mut talk = town.linked();
    town.endpoint();
    let cases = [
        // Read here and there, written there.
        (
            "INSERT dbo.t VALUES (3, N'three'); UPDATE two.db1.dbo.t SET v = (SELECT MAX(v) FROM dbo.t) WHERE id IN (SELECT id FROM dbo.t WHERE id < 2); SELECT id, v FROM two.db1.dbo.t",
            expect![[r#"
                done Insert 1
                done Update 1
                [id int not null, v nvarchar(20)]
                1 | two
                2 | two
                done Select 2
            "#]],
        ),
        (
            "UPDATE r SET v = l.v + N'!' FROM two.db1.dbo.t AS r JOIN dbo.t AS l ON l.id = r.id WHERE l.id = 2; SELECT id, v FROM two.db1.dbo.t",
            expect![[r#"
                done Update 1
                [id int not null, v nvarchar(20)]
                1 | two
                2 | two!
                done Select 2
            "#]],
        ),
        (
            "DECLARE @keys TABLE (id int); INSERT @keys VALUES (2), (9); CREATE TABLE #v (v nvarchar(20)); INSERT #v VALUES (N'from #v'); UPDATE two.db1.dbo.t SET v = (SELECT v FROM #v) WHERE id IN (SELECT id FROM @keys); SELECT id, v FROM two.db1.dbo.t",
            expect![[r#"
                done Insert 2
                done Other
                done Insert 1
                done Update 1
                [id int not null, v nvarchar(20)]
                1 | two
                2 | from #v
                done Select 2
            "#]],
        ),
        // A third one, and the target itself, in subqueries.
        (
            "UPDATE two.db1.dbo.t SET v = (SELECT COUNT(*) FROM three.db1.dbo.t AS x WHERE x.id <= r.id) FROM two.db1.dbo.t AS r WHERE EXISTS (SELECT 1 FROM two.db1.dbo.t AS own WHERE own.id > r.id); SELECT id, v FROM two.db1.dbo.t",
            expect![[r#"
                done Update 1
                [id int not null, v nvarchar(20)]
                1 | 1
                2 | from #v
                done Select 2
            "#]],
        ),
        (
            "WITH k AS (SELECT id FROM dbo.t WHERE id > 1) DELETE two.db1.dbo.t WHERE id IN (SELECT id FROM k); SELECT id, v FROM two.db1.dbo.t",
            expect![[r#"
                done Delete 1
                [id int not null, v nvarchar(20)]
                1 | 1
                done Select 1
            "#]],
        ),
        (
            "WITH k AS (SELECT id, v FROM dbo.t WHERE id > 1) INSERT two.db1.dbo.t SELECT id, v FROM k; SELECT id, v FROM two.db1.dbo.t",
            expect![[r#"
                done Insert 2
                [id int not null, v nvarchar(20)]
                1 | 1
                2 | two
                3 | three
                done Select 3
            "#]],
        ),
        // Written here.
        (
            "UPDATE l SET v = r.v FROM dbo.t AS l JOIN two.db1.dbo.t AS r ON r.id = l.id JOIN three.db1.dbo.t AS x ON x.id = r.id WHERE l.id = 1; DELETE dbo.t WHERE id NOT IN (SELECT id FROM three.db1.dbo.t); SELECT id, v FROM dbo.t",
            expect![[r#"
                done Update 1
                done Delete 1
                [id int not null, v nvarchar(20)]
                1 | 1
                2 | two
                done Select 2
            "#]],
        ),
        (
            "SELECT a.id, a.v, b.v AS w INTO dbo.copied FROM two.db1.dbo.t AS a LEFT JOIN three.db1.dbo.t AS b ON b.id = a.id; SELECT * FROM dbo.copied ORDER BY id",
            expect![[r#"
                done Select 3
                [id int not null, v nvarchar(20), w nvarchar(20)]
                1 | 1 | one
                2 | two | two
                3 | three | NULL
                done Select 3
            "#]],
        ),
        (
            "SELECT id, v INTO #copied FROM OPENQUERY(three, 'SELECT id, v FROM t'); SELECT COUNT(*) FROM #copied",
            expect![[r#"
                done Select 2
                [int]
                2
                done Select 1
            "#]],
        ),
        (
            "CREATE VIEW dbo.both AS SELECT id, v FROM dbo.t UNION ALL SELECT id, v FROM two.db1.dbo.t",
            expect![[r#"
                done Other
            "#]],
        ),
        (
            "SELECT id, COUNT(*) FROM dbo.both GROUP BY id ORDER BY id",
            expect![[r#"
                [id int not null, int]
                1 | 2
                2 | 2
                3 | 1
                done Select 3
            "#]],
        ),
        // By what a query returns.
        (
            "INSERT OPENQUERY(two, 'SELECT id, v FROM dbo.t WHERE 1 = 0') VALUES (30, N'thirty'); INSERT INTO OPENQUERY(two, 'SELECT * FROM db1.dbo.t') (id) SELECT 31; SELECT id, v FROM two.db1.dbo.t WHERE id > 29",
            expect![[r#"
                done Insert 1
                done Insert 1
                [id int not null, v nvarchar(20)]
                30 | thirty
                31 | NULL
                done Select 2
            "#]],
        ),
        (
            "UPDATE OPENQUERY(two, 'SELECT v FROM db1.dbo.t WHERE id = 30') SET v = N'changed'; DELETE OPENQUERY(two, 'SELECT id FROM dbo.t WHERE id > 29') WHERE id IN (SELECT id + 30 FROM dbo.t); SELECT id, v FROM two.db1.dbo.t WHERE id > 29",
            expect![[r#"
                done Update 1
                done Delete 1
                [id int not null, v nvarchar(20)]
                30 | changed
                done Select 1
            "#]],
        ),
        // Calls that give something back.
        (
            "DECLARE @n int, @v nvarchar(20); EXEC (N'SELECT ? = COUNT(*), ? = MAX(v) FROM dbo.t WHERE id > ?', @n OUTPUT, @v OUTPUT, 1) AT two; SELECT @n, @v",
            expect![[r#"
                done Other
                [int, nvarchar(20)]
                3 | two
                done Select 1
            "#]],
        ),
        (
            "DECLARE @n int; EXEC [two].[db1].[sys].[sp_executesql] N'SET @n = @a + 1', N'@a int, @n int OUTPUT', @a = 4, @n = @n OUTPUT; SELECT @n; EXEC two.master..sp_executesql N'SELECT DB_NAME()'; EXEC two...sp_executesql N'SELECT DB_NAME()'; EXEC two.nodb.sys.sp_executesql N'SELECT 1'",
            expect![[r#"
                done Other
                [int]
                5
                done Select 1
                [nvarchar(128)]
                master
                done Select 1
                [nvarchar(128)]
                db1
                done Select 1
                error 911/16/1 line 1: Database 'nodb' does not exist. Make sure that the name is entered correctly.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_testlinkedserver N'two'; EXEC sp_testlinkedserver [three]; EXEC sp_linkedservers",
            expect![[r#"
                [SRV_NAME nvarchar(128) not null, SRV_PROVIDERNAME nvarchar(128), SRV_PRODUCT nvarchar(128), SRV_DATASOURCE nvarchar(4000), SRV_PROVIDERSTRING nvarchar(4000), SRV_LOCATION nvarchar(4000), SRV_CAT nvarchar(128)]
                mi1.6d710bcf372b.database.windows.net | SQLNCLI | SQL Server | mi1.6d710bcf372b.database.windows.net | NULL | NULL | NULL
                three | MSOLEDBSQL |  | mi3.0a0b0c0d0e0f.database.windows.net | NULL | NULL | db1
                two | MSOLEDBSQL |  | mi2.6d710bcf372b.database.windows.net | NULL | NULL | db1
                done Select 3
            "#]],
        ),
        (
            "EXEC sp_helplinkedsrvlogin N'two'; EXEC sp_addlinkedsrvlogin @rmtsrvname = N'two', @useself = N'True'; EXEC sp_helplinkedsrvlogin N'two'; SELECT COUNT(*) FROM two.db1.dbo.t; EXEC sp_addlinkedsrvlogin @rmtsrvname = N'two', @useself = N'False', @locallogin = N'sa', @rmtuser = N'sa', @rmtpassword = N'secret'; EXEC sp_helplinkedsrvlogin N'two', N'sa'",
            expect![[r#"
                [Linked Server nvarchar(128) not null, Local Login nvarchar(128), Is Self Mapping bit not null, Remote Login nvarchar(128)]
                two | NULL | 0 | sa
                done Select 1
                [Linked Server nvarchar(128) not null, Local Login nvarchar(128), Is Self Mapping bit not null, Remote Login nvarchar(128)]
                two | NULL | 1 | NULL
                done Select 1
                [int]
                4
                done Select 1
                [Linked Server nvarchar(128) not null, Local Login nvarchar(128), Is Self Mapping bit not null, Remote Login nvarchar(128)]
                two | sa | 0 | sa
                done Select 1
            "#]],
        ),
    ];
    for (text, expected) in cases {
        town.check(&mut talk, text, &expected);
    }
}
