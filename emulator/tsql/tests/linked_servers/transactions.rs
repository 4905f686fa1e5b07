//! Transactions that span instances, and what they need.

use expect_test::expect;
use milink_core::azure::{DeleteTrustGroup, FailOverManagedInstance, SetTrustLingering};
use milink_core::instance::ServiceState;

use crate::town::{Town, group};

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
    let mut backup = town.talk(town.ids[1]);
    town.say(
        &mut backup,
        "BACKUP DATABASE db1 TO URL = N'https://x.blob.core.windows.net/c/b.bak' WITH COPY_ONLY",
    );
    town.fail_over(1);
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
    town.fail_over(1);
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
fn what_an_instance_left_open_elsewhere_ends_with_it() {
    let mut town = Town::new();
    let mut talk = town.linked();
    town.trust(&["mi1", "mi2"]);
    let work = "SET XACT_ABORT ON; BEGIN TRAN; UPDATE two.db1.dbo.t SET v = N'lost' WHERE id = 1";
    town.say(&mut talk, work);
    town.fail_over(0);
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

#[test]
fn an_instance_that_fails_over_is_there_again_at_once() {
    let mut town = Town::new();
    let mut talk = town.linked();
    town.say(&mut talk, "SET XACT_ABORT ON");
    town.trust(&["mi1", "mi2"]);
    let work = "BEGIN TRAN; UPDATE two.db1.dbo.t SET v = N'new' WHERE id = 1";
    town.say(&mut talk, work);
    let before = town.lab.world.stops();
    town.apply(FailOverManagedInstance {
        instance: town.ids[1],
        readable_secondary: false,
    });
    // As soon as it has moved; its availability groups are not online yet.
    while town.lab.world.stops() == before {
        let next = town
            .lab
            .world
            .next_due()
            .expect("the failover is on its way");
        town.lab.world.advance_to(next);
    }
    let state = town
        .lab
        .world
        .instance(town.ids[1])
        .expect("an instance")
        .service;
    assert_eq!(state, ServiceState::Starting);
    town.check(
        &mut talk,
        "SELECT v FROM two.db1.dbo.t WHERE id = 1",
        &expect![[r#"
            info 7412/10/1 line 1: OLE DB provider "MSOLEDBSQL" for linked server "two" returned message "Communication link failure".
            error 10054/16/1 line 1: TCP Provider: An existing connection was forcibly closed by the remote host.
            environment: transaction rolled back
            done None failed
        "#]],
    );
    town.check(
        &mut talk,
        "IF @@TRANCOUNT > 0 ROLLBACK; SELECT v FROM two.db1.dbo.t WHERE id = 1",
        &expect![[r#"
            [v nvarchar(20)]
            one
            done Select 1
        "#]],
    );
    town.check(
        &mut talk,
        &format!("{work}; COMMIT; SELECT v FROM two.db1.dbo.t WHERE id = 1"),
        &expect![[r#"
            environment: transaction begun
            done BeginTransaction in transaction
            done Update 1 in transaction
            environment: transaction committed
            done CommitTransaction
            [v nvarchar(20)]
            new
            done Select 1
        "#]],
    );
}

#[test]
fn trust_that_ends_on_the_way_ends_the_transaction() {
    let mut town = Town::new();
    let mut talk = town.linked();
    town.trust(&["mi1", "mi2"]);
    town.apply(SetTrustLingering { lingers: false });
    town.say(&mut talk, "SET XACT_ABORT ON; BEGIN TRAN; UPDATE dbo.t SET v = N'here' WHERE id = 1; UPDATE two.db1.dbo.t SET v = N'there' WHERE id = 1");
    town.apply(DeleteTrustGroup { key: group() });
    town.pass();
    town.check(&mut talk, "COMMIT", &expect![[r#"
        environment: transaction rolled back
        error 1206/18/1 line 1: The Microsoft Distributed Transaction Coordinator (MS DTC) has cancelled the distributed transaction.
        done None failed
    "#]]);
    town.check(
        &mut talk,
        "SELECT v FROM dbo.t WHERE id = 1; SELECT v FROM two.db1.dbo.t WHERE id = 1",
        &expect![[r#"
            [v nvarchar(20)]
            one
            done Select 1
            [v nvarchar(20)]
            one
            done Select 1
        "#]],
    );
}
