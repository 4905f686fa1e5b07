//! What linked servers do not do, by error number.

use expect_test::expect;

use crate::town::Town;

#[test]
fn what_cannot_be_done_is_refused_by_number() {
    let mut town = Town::new();
    let mut talk = town.linked();
    let cases = [
        (
            "SELECT * FROM nowhere.db1.dbo.t",
            expect![[r#"
            error 7202/11/2 line 1: Could not find server 'nowhere' in sys.servers. Verify that the correct server name was specified. If necessary, execute the stored procedure sp_addlinkedserver to add the server to sys.servers.
            done None failed
        "#]],
        ),
        (
            "SELECT * FROM two.db1.dbo.missing",
            expect![[r#"
            error 7314/16/1 line 1: The OLE DB provider "MSOLEDBSQL" for linked server "two" does not contain the table ""db1"."dbo"."missing"". The table either does not exist or the current user does not have permissions on that table.
            done None failed
        "#]],
        ),
        (
            "SELECT * FROM two.nodb.dbo.t",
            expect![[r#"
            error 7314/16/1 line 1: The OLE DB provider "MSOLEDBSQL" for linked server "two" does not contain the table ""nodb"."dbo"."t"". The table either does not exist or the current user does not have permissions on that table.
            done None failed
        "#]],
        ),
        (
            "SELECT * FROM two.db1.dbo.t WITH (UPDLOCK)",
            expect![[r#"
            error 7377/16/1 line 1: Cannot specify an index or locking hint for a remote data source.
            done None failed
        "#]],
        ),
        (
            "SELECT * FROM OPENQUERY(two, 'SELECT nothing FROM t')",
            expect![[r#"
                info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "two" returned message "Deferred prepare could not be completed.".
                error 8180/16/1 line 1: Statement(s) could not be prepared.
                error 207/16/1 line 1: Invalid column name 'nothing'.
                done None failed
            "#]],
        ),
        (
            "SELECT * FROM OPENQUERY(two, 'PRINT 1')",
            expect![[r#"
            error 7357/16/2 line 1: Cannot process the object "PRINT 1". The OLE DB provider "MSOLEDBSQL" for linked server "two" indicates that either the object has no columns or the current user does not have permissions on that object.
            done None failed
        "#]],
        ),
        (
            "SELECT * FROM three.db1.dbo.t",
            expect![[r#"
            waits 10.0 s
            info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "Login timeout expired".
            info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "A network-related or instance-specific error has occurred while establishing a connection to SQL Server. Server is not found or not accessible. Check if instance name is correct and if SQL Server is configured to allow remote connections. For more information see SQL Server Books Online.".
            error 10060/16/1 line 1: TCP Provider: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.
            done None failed
        "#]],
        ),
        (
            "BEGIN TRY EXEC ('SELECT 1/0') AT two END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_MESSAGE() END CATCH",
            expect![[r#"
                [int not null]
                done Select 0
                [int, nvarchar(4000)]
                8134 | Divide by zero error encountered.
                done Select 1
            "#]],
        ),
        (
            "INSERT two.db1.dbo.t VALUES (1, N'again')",
            expect![[r#"
                error 2627/14/1 line 1: Violation of PRIMARY KEY constraint 'PK__t__2D4922B58D5C9897'. Cannot insert duplicate key in object 'dbo.t'. The duplicate key value is (1).
                info 3621/10/1 line 1: The statement has been terminated.
                done None failed
            "#]],
        ),
        (
            "INSERT two.db1.dbo.t OUTPUT inserted.id VALUES (9, N'')",
            expect![[r#"
                error 405/16/1 line 1: A remote table cannot be used as a DML target in a statement which includes an OUTPUT clause or a nested DML statement.
                done None failed
            "#]],
        ),
        (
            "UPDATE two.db1.dbo.t SET v = (SELECT missing FROM dbo.t)",
            expect![[r#"
                error 207/16/1 line 1: Invalid column name 'missing'.
                info 3621/10/1 line 1: The statement has been terminated.
                done None failed
            "#]],
        ),
        (
            "UPDATE two.db1.dbo.t SET v = N'x' FROM two.db1.dbo.t JOIN dbo.nothing AS n ON n.id = t.id",
            expect![[r#"
                error 208/16/1 line 1: Invalid object name 'dbo.nothing'.
                done None failed
            "#]],
        ),
        (
            "DELETE two.db1.dbo.t WHERE id IN (SELECT id FROM nowhere.db1.dbo.t)",
            expect![[r#"
                error 7202/11/2 line 1: Could not find server 'nowhere' in sys.servers. Verify that the correct server name was specified. If necessary, execute the stored procedure sp_addlinkedserver to add the server to sys.servers.
                info 3621/10/1 line 1: The statement has been terminated.
                done None failed
            "#]],
        ),
        (
            "DELETE two.db1.dbo.t OUTPUT deleted.id WHERE id = 1",
            expect![[r#"
                error 405/16/1 line 1: A remote table cannot be used as a DML target in a statement which includes an OUTPUT clause or a nested DML statement.
                done None failed
            "#]],
        ),
        (
            "DELETE OPENQUERY(two, 'SELECT COUNT(*) FROM t'); DELETE OPENQUERY(nowhere, 'SELECT id FROM t')",
            expect![[r#"
                error 50990/16/1 line 1: milink does not support OPENQUERY as a target whose query is more than columns of one table and a condition on them.
                done None failed
            "#]],
        ),
        (
            "DELETE OPENQUERY(nowhere, 'SELECT id FROM t')",
            expect![[r#"
                error 7202/11/2 line 1: Could not find server 'nowhere' in sys.servers. Verify that the correct server name was specified. If necessary, execute the stored procedure sp_addlinkedserver to add the server to sys.servers.
                info 3621/10/1 line 1: The statement has been terminated.
                done None failed
            "#]],
        ),
        (
            "EXEC ('SELECT ? = 1', 7 OUTPUT) AT two",
            expect![[r#"
            error 179/15/1 line 1: Cannot use the OUTPUT option when passing a constant to a stored procedure.
            done None failed
        "#]],
        ),
        (
            "EXEC ('SELECT ? = 1', @n = 7) AT two",
            expect![[r#"
            error 102/15/1 line 1: Incorrect syntax near '='.
            done None failed
        "#]],
        ),
        (
            "EXEC sp_testlinkedserver N'nowhere'",
            expect![[r#"
            error 7202/11/2 line 1 in sp_testlinkedserver: Could not find server 'nowhere' in sys.servers. Verify that the correct server name was specified. If necessary, execute the stored procedure sp_addlinkedserver to add the server to sys.servers.
            done None failed
        "#]],
        ),
        (
            "EXEC sp_serveroption N'two', 'rpc out', 'maybe'",
            expect![[r#"
                error 15600/15/1 line 1 in sp_serveroption: An invalid parameter or option was specified for procedure 'sys.sp_serveroption'.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_serveroption N'nowhere', 'rpc out', 'true'",
            expect![[r#"
                error 15015/16/1 line 1 in sp_serveroption: The server 'nowhere' does not exist. Use sp_helpserver to show available servers.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_addlinkedsrvlogin N'nowhere', 'true'",
            expect![[r#"
                error 15015/16/1 line 1 in sp_addlinkedsrvlogin: The server 'nowhere' does not exist. Use sp_helpserver to show available servers.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_addlinkedsrvlogin N'two', 'perhaps'",
            expect![[r#"
            error 15600/15/1 line 1 in sp_addlinkedsrvlogin: An invalid parameter or option was specified for procedure 'sys.sp_addlinkedsrvlogin'.
            done None failed
        "#]],
        ),
        (
            "MERGE two.db1.dbo.t AS t USING dbo.t AS s ON t.id = s.id WHEN MATCHED THEN DELETE;",
            expect![[r#"
                error 5315/16/1 line 1: The target of a MERGE statement cannot be a remote table, a remote view, or a view over remote tables.
                done None failed
            "#]],
        ),
        (
            "TRUNCATE TABLE two.db1.dbo.t",
            expect![[r#"
            error 50990/16/1 line 1: milink does not support this use of a table of linked server 'two'.
            done None failed
        "#]],
        ),
        (
            "EXEC sp_serveroption N'two', 'rpc out', 'off'; EXEC ('SELECT 1') AT two",
            expect![[r#"
                error 7411/16/1 line 1: Server 'two' is not configured for RPC.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_serveroption N'two', 'data access', 'off'; SELECT * FROM two.db1.dbo.t",
            expect![[r#"
                error 7411/16/1 line 1: Server 'two' is not configured for DATA ACCESS.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_serveroption N'two', 'data access', 'on'; EXEC sp_addlinkedsrvlogin N'two', 'false', NULL, N'sa', N'wrong'; SELECT * FROM two.db1.dbo.t",
            expect![[r#"
                error 18456/14/1 line 1: Login failed for user 'sa'.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_droplinkedsrvlogin N'two', NULL; EXEC sp_testlinkedserver N'two'",
            expect![[r#"
                error 7416/16/1 line 1 in sp_testlinkedserver: Access to the remote server is denied because no login-mapping exists.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_addlinkedserver N'two'; EXEC sp_addlinkedserver N'x', N'SQL Server', N'MSOLEDBSQL'; EXEC sp_addlinkedserver N'x', N'Oracle'; EXEC sp_addlinkedserver N'x', N'', N'MSDASQL'",
            expect![[r#"
                error 15028/16/1 line 1 in sp_addlinkedserver: The server 'two' already exists.
                done None failed
                error 15428/16/1 line 1 in sp_addlinkedserver: You cannot specify a provider or any properties for product 'SQL Server'.
                done None failed
                error 15427/16/1 line 1 in sp_addlinkedserver: You must specify a provider name for unknown product 'Oracle'.
                done None failed
                error 50990/16/1 line 1 in sp_addlinkedserver: milink does not support linked servers with the provider 'MSDASQL'.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_addlinkedsrvlogin N'two', 'false', N'sa', N'sa', N'secret'; EXEC sp_dropserver N'two'",
            expect![[r#"
                error 15190/16/1 line 1 in sp_dropserver: There are still remote logins or linked logins for the server 'two'.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_dropserver N'two', 'droplogins'; EXEC sp_dropserver N'two'",
            expect![[r#"
                error 15015/16/1 line 1 in sp_dropserver: The server 'two' does not exist. Use sp_helpserver to show available servers.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_serveroption N'three', 'nothing', 'on'",
            expect![[r#"
                error 15600/15/1 line 1 in sp_serveroption: An invalid parameter or option was specified for procedure 'sys.sp_serveroption'.
                done None failed
            "#]],
        ),
        (
            "EXEC sp_addlinkedsrvlogin N'three', 'true', N'nobody'",
            expect![[r#"
                error 15007/16/1 line 1 in sp_addlinkedsrvlogin: 'nobody' is not a valid login or you do not have permission.
                done None failed
            "#]],
        ),
    ];
    for (text, expected) in cases {
        town.check(&mut talk, text, &expected);
    }
}

#[test]
fn how_long_is_waited_is_a_setting() {
    let mut town = Town::new();
    let mut talk = town.linked();
    town.check(&mut talk, "EXEC sp_configure 'remote login timeout', 3; RECONFIGURE; EXEC sp_testlinkedserver N'three'", &expect![[r#"
        info 15457/0/1 line 1: Configuration option 'remote login timeout (s)' changed from 10 to 3. Run the RECONFIGURE statement to install.
        done Other
        info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "Login timeout expired".
        info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "A network-related or instance-specific error has occurred while establishing a connection to SQL Server. Server is not found or not accessible. Check if instance name is correct and if SQL Server is configured to allow remote connections. For more information see SQL Server Books Online.".
        error 10060/16/1 line 1 in sp_testlinkedserver: TCP Provider: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.
        done None failed
    "#]]);
    town.check(
        &mut talk,
        "EXEC sp_serveroption N'three', 'connect timeout', '5'; SELECT * FROM three.db1.dbo.t",
        &expect![[r#"
            waits 5.0 s
            info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "Login timeout expired".
            info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "A network-related or instance-specific error has occurred while establishing a connection to SQL Server. Server is not found or not accessible. Check if instance name is correct and if SQL Server is configured to allow remote connections. For more information see SQL Server Books Online.".
            error 10060/16/1 line 1: TCP Provider: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.
            done None failed
        "#]],
    );
    let mut other = town.talk(town.ids[1]);
    town.say(
        &mut other,
        "BEGIN TRAN; UPDATE dbo.t SET v = N'held' WHERE id = 1",
    );
    town.check(&mut talk, "EXEC sp_serveroption N'two', 'query timeout', '7'; UPDATE two.db1.dbo.t SET v = N'late' WHERE id = 1", &expect![[r#"
        waits for a change, at most 7.0 s
        info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "two" returned message "Query timeout expired".
        error 7399/16/1 line 1: The OLE DB provider "MSOLEDBSQL" for linked server "two" reported an error. Execution terminated by the provider because a resource limit was reached.
        info 3621/10/1 line 1: The statement has been terminated.
        done None failed
    "#]]);
}
