//! Linked servers and transactions that span instances: what sessions say, in a network drawn for them.
//!
//! `mi1` and `mi2` are in one network; `mi3` is in another that is not peered with it, behind a private endpoint.

#[allow(dead_code, reason = "each test binary uses its own part")]
mod support;

use expect_test::{Expect, expect};
use milink_core::azure::fabric::{
    Place, Records, Target, WritePrivateEndpoint, WriteRecordSet, WriteZone, WriteZoneLink,
};
use milink_core::azure::{
    AddressPrefix, DeleteTrustGroup, FailOverManagedInstance, ManagedInstanceProperties,
    ResourceKey, SubnetId, SubnetSettings, Tags, TrustGroupKey, TrustScope, WriteResourceGroup,
    WriteTrustGroup, WriteVirtualNetwork,
};
use milink_core::certificate::CertificateFacts;
use milink_core::collation::Collation;
use milink_core::command::{CreateDatabase, CreateManagedInstance, Request as Ask};
use milink_core::fault::{self, Fault};
use milink_core::ids::InstanceId;
use milink_core::invariants;
use milink_core::names::Name;
use milink_core::time::{Span, Timestamp};
use milink_core::version::UpdatePolicy;
use milink_tsql::session::Request;
use support::{Lab, Talk};

const ZONE: &str = "6d710bcf372b";
const FAR_ZONE: &str = "0a0b0c0d0e0f";

/// The three instances, each with a database `db1` and a table `t` of two rows.
struct Town {
    lab: Lab,
    ids: [InstanceId; 3],
}

impl Town {
    fn new() -> Self {
        let mut town = Self {
            lab: Lab::new(),
            ids: [InstanceId(0); 3],
        };
        town.apply(WriteResourceGroup {
            name: Name::new("rg"),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        });
        town.network(
            "near",
            "10.1.0.0/16",
            &[("mi", "10.1.1.0/24"), ("pe", "10.1.2.0/24")],
        );
        town.network("far", "10.2.0.0/16", &[("mi", "10.2.1.0/24")]);
        for (at, (name, network, zone)) in [
            ("mi1", "near", ZONE),
            ("mi2", "near", ZONE),
            ("mi3", "far", FAR_ZONE),
        ]
        .into_iter()
        .enumerate()
        {
            town.ids[at] = town.instance(name, network, zone);
        }
        for id in town.ids {
            let mut talk = town.talk(id);
            town.say(&mut talk, "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v nvarchar(20)); INSERT dbo.t VALUES (1, N'one'), (2, N'two')");
        }
        town
    }

    fn apply<R: Ask>(&mut self, request: R) -> R::Reply {
        let now = self.lab.world.now();
        let result = self.lab.world.apply(now, request);
        assert_eq!(invariants::check(&self.lab.world), Ok(()));
        result.unwrap_or_else(|refusal| panic!("refused: {refusal}"))
    }

    fn network(&mut self, name: &str, prefix: &str, subnets: &[(&str, &str)]) {
        let subnets = subnets.iter().map(|(name, prefix)| {
            let prefix = AddressPrefix::parse(prefix).expect("a prefix");
            let settings = SubnetSettings::new(prefix);
            let settings = match *name {
                "mi" => settings.delegated_to_managed_instances(),
                _ => settings,
            };
            (Name::new(name), settings)
        });
        self.apply(WriteVirtualNetwork {
            key: key(name),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
            prefixes: vec![prefix.to_owned()],
            dns_servers: Vec::new(),
            subnets: Some(subnets.collect()),
        });
    }

    fn instance(&mut self, name: &str, network: &str, zone: &str) -> InstanceId {
        let mut properties = ManagedInstanceProperties::new(Name::new("rg"), "westeurope");
        properties.subnet = Some(subnet(network, "mi"));
        let id = self.apply(CreateManagedInstance {
            name: Name::new(name),
            dns_zone: zone.to_owned(),
            update_policy: UpdatePolicy::SqlServer2022,
            endpoint_certificate: facts(),
            collation: Collation::DEFAULT,
            administrator: Name::new("sa"),
            password: "secret".into(),
            properties,
        });
        self.apply(CreateDatabase {
            instance: id,
            name: Name::new("db1"),
            collation: None,
        });
        id
    }

    /// A private endpoint of `mi3` in `near`, with the name that leads to it.
    fn endpoint(&mut self) {
        self.apply(WritePrivateEndpoint {
            place: place("pe3"),
            subnet: subnet("near", "pe"),
            address: None,
            interface: None,
            connection: Name::new("pe3"),
            target: Target::Instance(Name::new("mi3")),
            group_ids: vec!["managedInstance".to_owned()],
            manual: false,
            message: String::new(),
            may_approve: true,
            by_alias: false,
        });
        let endpoints = &self.lab.world.azure.fabric.private_endpoints;
        let endpoint = endpoints.get(&key("pe3")).expect("it was made");
        let address = endpoint.address;
        let zone = format!("privatelink.{FAR_ZONE}.database.windows.net");
        self.apply(WriteZone {
            place: Place {
                location: "global".to_owned(),
                ..place(&zone)
            },
        });
        self.apply(WriteRecordSet {
            zone: key(&zone),
            name: Name::new("mi3"),
            ttl_seconds: 10,
            records: Records::A(vec![address]),
        });
        self.apply(WriteZoneLink {
            zone: key(&zone),
            name: Name::new("near"),
            network: key("near"),
            registers: false,
            redirects: false,
            tags: Tags::new(),
        });
    }

    fn trust(&mut self, members: &[&str]) {
        self.apply(WriteTrustGroup {
            key: group(),
            location: "westeurope".to_owned(),
            members: members.iter().map(|name| key(name)).collect(),
            scopes: TrustScope::ALL.into_iter().collect(),
        });
        self.pass();
    }

    /// Lets what has been asked for happen.
    fn pass(&mut self) {
        let now = self.lab.world.now() + Span::minutes(5);
        self.lab.world.advance_to(now);
    }

    fn talk(&mut self, instance: InstanceId) -> Talk {
        self.lab.instance = instance;
        let found = self.lab.world.instance(instance).expect("an instance");
        self.lab.database = found.database("db1").expect("it was made").id;
        Talk::new(&mut self.lab)
    }

    fn say(&mut self, talk: &mut Talk, text: &str) -> String {
        talk.start(Request::Batch {
            text: text.to_owned(),
        });
        let mut said = String::new();
        loop {
            let part = talk.run(&mut self.lab);
            assert_eq!(invariants::check(&self.lab.world), Ok(()));
            said += &part;
            if !part
                .lines()
                .last()
                .is_some_and(|line| line.starts_with("waits "))
            {
                return said;
            }
            // A wait that time ends.
            let now = self.lab.world.now() + Span::seconds(60);
            self.lab.world.advance_to(now);
        }
    }

    /// Says `text` and compares.
    fn check(&mut self, talk: &mut Talk, text: &str, expected: &Expect) {
        let said = self.say(talk, text);
        expected.assert_eq(&said);
    }

    /// A session on `mi1`, with linked servers `two` and `three`.
    fn linked(&mut self) -> Talk {
        let mut talk = self.talk(self.ids[0]);
        for (name, host) in [
            ("two", format!("mi2.{ZONE}.database.windows.net")),
            ("three", format!("mi3.{FAR_ZONE}.database.windows.net")),
        ] {
            self.say(&mut talk, &format!(
                "EXEC sp_addlinkedserver @server = N'{name}', @srvproduct = N'', @provider = N'MSOLEDBSQL', @datasrc = N'{host}', @catalog = N'db1';
                 EXEC sp_addlinkedsrvlogin N'{name}', 'false', NULL, N'sa', N'secret';
                 EXEC sp_serveroption N'{name}', 'rpc out', 'true'"
            ));
        }
        talk
    }
}

fn key(name: &str) -> ResourceKey {
    ResourceKey {
        group: Name::new("rg"),
        name: Name::new(name),
    }
}

fn group() -> TrustGroupKey {
    TrustGroupKey {
        location: "westeurope".to_owned(),
        resource: key("stg"),
    }
}

fn place(name: &str) -> Place {
    Place {
        key: key(name),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
    }
}

fn subnet(network: &str, name: &str) -> SubnetId {
    SubnetId {
        group: Name::new("rg"),
        network: Name::new(network),
        subnet: Name::new(name),
    }
}

fn facts() -> CertificateFacts {
    CertificateFacts {
        der: vec![1; 8].into(),
        thumbprint: [1; 20],
        subject: "c".to_owned(),
        issuer: "c".to_owned(),
        serial: "01".to_owned(),
        not_before: Timestamp::from_unix_seconds(1_700_000_000),
        not_after: Timestamp::from_unix_seconds(1_900_000_000),
        key_bits: 2048,
    }
}

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
            "UPDATE two.db1.dbo.t SET v = (SELECT 1)",
            expect![[r#"
            error 50990/16/1 line 1: milink does not support an UPDATE or DELETE on a linked server that reads subqueries or tables of another one.
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
fn a_transaction_spans_instances_that_trust_each_other() {
    let mut town = Town::new();
    let mut talk = town.linked();
    let work = "SET XACT_ABORT ON; BEGIN DISTRIBUTED TRANSACTION; UPDATE dbo.t SET v = N'here' WHERE id = 1; UPDATE two.db1.dbo.t SET v = N'there' WHERE id = 1; ";
    let look = "IF @@TRANCOUNT > 0 ROLLBACK; SELECT v FROM dbo.t WHERE id = 1; SELECT v FROM two.db1.dbo.t WHERE id = 1";
    // A linked server is reached without trust; a transaction with it is not.
    town.check(&mut talk, &format!("{work} COMMIT"), &expect![[r#"
        environment: transaction begun
        done BeginTransaction in transaction
        done Update 1 in transaction
        info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "two" returned message "The partner transaction manager has disabled its support for remote/network transactions.".
        error 7391/16/2 line 1: The operation could not be performed because OLE DB provider "MSOLEDBSQL" for linked server "two" was unable to begin a distributed transaction.
        environment: transaction rolled back
        done None failed
    "#]]);
    town.check(
        &mut talk,
        look,
        &expect![[r#"
        [v nvarchar(20)]
        one
        done Select 1
        [v nvarchar(20)]
        one
        done Select 1
    "#]],
    );
    town.trust(&["mi1", "mi2"]);
    town.check(&mut talk, &format!("{work} SELECT is_local, is_enlisted FROM sys.dm_tran_session_transactions; SELECT name, transaction_type, dtc_state FROM sys.dm_tran_active_transactions; ROLLBACK"), &expect![[r#"
        environment: transaction begun
        done BeginTransaction in transaction
        done Update 1 in transaction
        done Update 1 in transaction
        [is_local bit not null, is_enlisted bit not null]
        0 | 1
        done Select 1 in transaction
        [name nvarchar(32) not null, transaction_type int not null, dtc_state int not null]
        DTCXact | 4 | 1
        done Select 1 in transaction
        environment: transaction rolled back
        done RollbackTransaction
    "#]]);
    town.check(
        &mut talk,
        look,
        &expect![[r#"
        [v nvarchar(20)]
        one
        done Select 1
        [v nvarchar(20)]
        one
        done Select 1
    "#]],
    );
    town.check(
        &mut talk,
        &format!("{work} SAVE TRANSACTION s"),
        &expect![[r#"
            environment: transaction begun
            done BeginTransaction in transaction
            done Update 1 in transaction
            done Update 1 in transaction
            error 627/16/1 line 1: Cannot use SAVE TRANSACTION within a distributed transaction.
            environment: transaction rolled back
            done None failed
        "#]],
    );
    town.check(&mut talk, "IF @@TRANCOUNT > 0 ROLLBACK; SET XACT_ABORT OFF; BEGIN TRAN; UPDATE two.db1.dbo.t SET v = N'no' WHERE id = 1; ROLLBACK", &expect![[r#"
        environment: transaction begun
        done BeginTransaction in transaction
        error 7395/16/2 line 1: Unable to start a nested transaction for OLE DB provider "MSOLEDBSQL" for linked server "two". A nested transaction was required because the XACT_ABORT option was set to OFF.
        info 3621/10/1 line 1: The statement has been terminated.
        done None failed in transaction
        environment: transaction rolled back
        done RollbackTransaction
    "#]]);
    town.check(
        &mut talk,
        &format!("{work} COMMIT; SELECT @@TRANCOUNT"),
        &expect![[r#"
            environment: transaction begun
            done BeginTransaction in transaction
            done Update 1 in transaction
            done Update 1 in transaction
            environment: transaction committed
            done CommitTransaction
            [int not null]
            0
            done Select 1
        "#]],
    );
    town.check(
        &mut talk,
        look,
        &expect![[r#"
        [v nvarchar(20)]
        here
        done Select 1
        [v nvarchar(20)]
        there
        done Select 1
    "#]],
    );
    // Whoever else reads there waits for the end.
    let mut other = town.talk(town.ids[1]);
    town.say(
        &mut talk,
        "SET XACT_ABORT ON; BEGIN TRAN; DELETE two.db1.dbo.t WHERE id = 2",
    );
    town.check(
        &mut other,
        "SET LOCK_TIMEOUT 0; DELETE dbo.t WHERE id = 2",
        &expect![[r#"
            error 1222/16/56 line 1: Lock request time out period exceeded.
            info 3621/10/1 line 1: The statement has been terminated.
            done None failed
        "#]],
    );
    town.check(
        &mut talk,
        "EXEC ('INSERT dbo.t VALUES (1, N''twice'')') AT two; SELECT @@TRANCOUNT",
        &expect![[r#"
            error 2627/14/1 line 1: Violation of PRIMARY KEY constraint 'PK__t__2D4922B58D5C9897'. Cannot insert duplicate key in object 'dbo.t'. The duplicate key value is (1).
            environment: transaction rolled back
            done None failed
        "#]],
    );
    town.check(
        &mut talk,
        "SELECT @@TRANCOUNT; SELECT id FROM two.db1.dbo.t",
        &expect![[r#"
            [int not null]
            0
            done Select 1
            [id int not null]
            1
            2
            done Select 2
        "#]],
    );
    // The other side goes down before the commit: nothing is kept anywhere.
    town.say(&mut talk, &work.replace("here", "lost"));
    let failover = FailOverManagedInstance {
        instance: town.ids[1],
        readable_secondary: false,
    };
    let mut backup = town.talk(town.ids[1]);
    town.say(
        &mut backup,
        "BACKUP DATABASE db1 TO URL = N'https://x.blob.core.windows.net/c/b.bak' WITH COPY_ONLY",
    );
    town.apply(failover);
    town.pass();
    town.check(&mut talk, "COMMIT", &expect![[r#"
        environment: transaction rolled back
        error 1206/18/1 line 1: The Microsoft Distributed Transaction Coordinator (MS DTC) has cancelled the distributed transaction.
        done None failed
    "#]]);
    town.check(
        &mut talk,
        look,
        &expect![[r#"
        [v nvarchar(20)]
        here
        done Select 1
        [v nvarchar(20)]
        there
        done Select 1
    "#]],
    );
}

#[test]
fn trust_lingers_until_a_failover_and_a_private_endpoint_is_not_enough() {
    let mut town = Town::new();
    let mut talk = town.linked();
    let work = |server: &str| {
        format!("SET XACT_ABORT ON; BEGIN TRAN; DELETE {server}.db1.dbo.t WHERE id = 9; COMMIT")
    };
    town.check(
        &mut talk,
        "SELECT COUNT(*) FROM three.db1.dbo.t",
        &expect![[r#"
            waits 10.0 s
            info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "Login timeout expired".
            info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "A network-related or instance-specific error has occurred while establishing a connection to SQL Server. Server is not found or not accessible. Check if instance name is correct and if SQL Server is configured to allow remote connections. For more information see SQL Server Books Online.".
            error 10060/16/1 line 1: TCP Provider: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.
            done None failed
        "#]],
    );
    town.endpoint();
    town.check(
        &mut talk,
        "SELECT COUNT(*) FROM three.db1.dbo.t",
        &expect![[r#"
            [int]
            2
            done Select 1
        "#]],
    );
    town.trust(&["mi1", "mi2", "mi3"]);
    town.check(&mut talk, &work("three"), &expect![[r#"
        environment: transaction begun
        done BeginTransaction in transaction
        info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "Communication with the underlying transaction manager has failed.".
        error 7391/16/2 line 1: The operation could not be performed because OLE DB provider "MSOLEDBSQL" for linked server "three" was unable to begin a distributed transaction.
        environment: transaction rolled back
        done None failed
    "#]]);
    town.check(
        &mut talk,
        "IF @@TRANCOUNT > 0 ROLLBACK; INSERT dbo.t (id) EXEC ('SELECT 30') AT three",
        &expect![[r#"
            info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "three" returned message "Communication with the underlying transaction manager has failed.".
            error 7391/16/2 line 1: The operation could not be performed because OLE DB provider "MSOLEDBSQL" for linked server "three" was unable to begin a distributed transaction.
            done None failed
        "#]],
    );
    town.check(&mut talk, "EXEC sp_serveroption N'three', 'remote proc transaction promotion', 'off'; INSERT dbo.t (id) EXEC ('SELECT 30') AT three", &expect![[r#"
        done Insert 1
    "#]]);
    town.check(
        &mut talk,
        &work("two"),
        &expect![[r#"
        environment: transaction begun
        done BeginTransaction in transaction
        done Delete 0 in transaction
        environment: transaction committed
        done CommitTransaction
    "#]],
    );
    town.apply(DeleteTrustGroup { key: group() });
    town.pass();
    town.check(
        &mut talk,
        &work("two"),
        &expect![[r#"
        environment: transaction begun
        done BeginTransaction in transaction
        done Delete 0 in transaction
        environment: transaction committed
        done CommitTransaction
    "#]],
    );
    let explained = |town: &Town, number, message: &str| {
        let found = milink_core::explain::sql_error(&town.lab.world, town.ids[0], number, message);
        format!("{}\n{}\n", found.facts.join("\n"), found.remedy.join("\n"))
    };
    town.apply(FailOverManagedInstance {
        instance: town.ids[1],
        readable_secondary: false,
    });
    town.pass();
    town.check(&mut talk, &work("two"), &expect![[r#"
        environment: transaction begun
        done BeginTransaction in transaction
        info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "two" returned message "The partner transaction manager has disabled its support for remote/network transactions.".
        error 7391/16/2 line 1: The operation could not be performed because OLE DB provider "MSOLEDBSQL" for linked server "two" was unable to begin a distributed transaction.
        environment: transaction rolled back
        done None failed
    "#]]);
    let message = |server: &str| {
        format!(
            "The operation could not be performed because OLE DB provider \"MSOLEDBSQL\" for linked server \"{server}\" was unable to begin a distributed transaction."
        )
    };
    expect![[r#"
        stg.no_trust: no server trust group with GlobalTransactions has both mi1 and mi2
        az sql stg create -g <group> -l <region> -n <name> --trust-scope GlobalTransactions -m <id of mi1> <id of mi2>
    "#]].assert_eq(&explained(&town, 7391, &message("two")));
    town.trust(&["mi1", "mi3"]);
    expect![[r#"
        stg.ports_blocked: mi1 does not reach port 5024 of mi3 (pe.port_not_carried)
        open TCP 5024 and 11000-12000 from mi1 to mi3 and back, inbound and outbound; a private endpoint carries 1433 only, so peer the networks
    "#]].assert_eq(&explained(&town, 7391, &message("three")));
}

#[test]
fn a_part_that_does_not_hear_of_the_decision_stays_in_doubt() {
    let mut town = Town::new();
    let mut talk = town.linked();
    town.trust(&["mi1", "mi2"]);
    let there = town.ids[1];
    let now = town.lab.world.now();
    let faults = [
        &fault::distributed::DECISION_LOST,
        &fault::network::PARTITION,
    ];
    let install = |town: &mut Town, at: usize| {
        let fault = Fault::at(faults[at]);
        town.lab.world.install_fault(now, fault).expect("a fault")
    };
    install(&mut town, 0);
    town.check(&mut talk, "SET XACT_ABORT ON; BEGIN TRAN; UPDATE dbo.t SET v = N'here' WHERE id = 1; UPDATE two.db1.dbo.t SET v = N'there' WHERE id = 1; COMMIT; SELECT @@TRANCOUNT", &expect![[r#"
        environment: transaction begun
        done BeginTransaction in transaction
        done Update 1 in transaction
        done Update 1 in transaction
        environment: transaction committed
        done CommitTransaction
        [int not null]
        0
        done Select 1
    "#]]);
    let mut other = town.talk(there);
    let look = "SET LOCK_TIMEOUT 0; SELECT DISTINCT request_session_id FROM sys.dm_tran_locks WHERE request_mode = N'X'; UPDATE dbo.t SET id = id WHERE id = 1";
    town.check(
        &mut other,
        look,
        &expect![[r#"
        [request_session_id int not null]
        -2
        done Select 1
        error 1222/16/56 line 1: Lock request time out period exceeded.
        info 3621/10/1 line 1: The statement has been terminated.
        done None failed
    "#]],
    );
    // While nothing comes through, not even a restart gives the rows free.
    let parted = install(&mut town, 1);
    let failover = FailOverManagedInstance {
        instance: there,
        readable_secondary: false,
    };
    town.apply(failover);
    town.pass();
    let mut other = town.talk(there);
    town.check(
        &mut other,
        look,
        &expect![[r#"
        [request_session_id int not null]
        -2
        done Select 1
        error 1222/16/56 line 1: Lock request time out period exceeded.
        info 3621/10/1 line 1: The statement has been terminated.
        done None failed
    "#]],
    );
    let now = town.lab.world.now();
    town.lab
        .world
        .remove_fault(now, parted)
        .expect("it is there");
    town.pass();
    town.check(
        &mut other,
        "SELECT v FROM dbo.t WHERE id = 1",
        &expect![[r#"
        [v nvarchar(20)]
        there
        done Select 1
    "#]],
    );
}

#[test]
fn what_an_instance_left_open_elsewhere_ends_with_it() {
    let mut town = Town::new();
    let mut talk = town.linked();
    town.trust(&["mi1", "mi2"]);
    let work = "SET XACT_ABORT ON; BEGIN TRAN; UPDATE two.db1.dbo.t SET v = N'lost' WHERE id = 1";
    town.say(&mut talk, work);
    let failover = FailOverManagedInstance {
        instance: town.ids[0],
        readable_secondary: false,
    };
    town.apply(failover);
    town.pass();
    let mut other = town.talk(town.ids[1]);
    let look = "SET LOCK_TIMEOUT 0; UPDATE dbo.t SET id = id WHERE id = 1; SELECT v FROM dbo.t WHERE id = 1; SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE host_name = N'mi1'";
    town.check(
        &mut other,
        look,
        &expect![[r#"
        done Update 1
        [v nvarchar(20)]
        one
        done Select 1
        [int]
        0
        done Select 1
    "#]],
    );
}
