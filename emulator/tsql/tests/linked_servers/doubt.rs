//! Distributed transactions that break between the promise to commit and the decision: who sees what, and how it ends.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use milink_core::fault::{self, Point};
use milink_core::time::Span;
use uuid::Uuid;

use crate::town::Town;

const WORK: &str = "SET XACT_ABORT ON; BEGIN TRAN; UPDATE dbo.t SET v = N'here' WHERE id = 1; UPDATE two.db1.dbo.t SET v = N'there' WHERE id = 1";
const DOUBT: &str = "SELECT name, transaction_type, transaction_state, dtc_state FROM sys.dm_tran_active_transactions; SELECT DISTINCT request_session_id, IIF(request_owner_guid IS NULL, 0, 1) AS has_unit FROM sys.dm_tran_locks WHERE request_mode = N'X'; SET LOCK_TIMEOUT 0; UPDATE dbo.t SET id = id WHERE id = 1";

#[test]
fn a_part_that_does_not_hear_of_the_decision_stays_in_doubt() {
    let mut town = Town::new();
    let mut talk = town.linked();
    town.trust(&["mi1", "mi2"]);
    let there = town.ids[1];
    town.fault(&fault::distributed::DECISION_LOST);
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
    let parted = town.fault(&fault::network::PARTITION);
    town.fail_over(1);
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
    town.without(parted);
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
fn wherever_it_breaks_all_sides_end_alike() {
    let cases: [(&'static Point, Expect); 5] = [
        (
            &fault::distributed::VOTE_LOST,
            expect![[r#"
            -- COMMIT
            environment: transaction rolled back
            error 1206/18/1 line 1: The Microsoft Distributed Transaction Coordinator (MS DTC) has cancelled the distributed transaction.
            done None failed
            -- in doubt
            [name nvarchar(32) not null, transaction_type int not null, transaction_state int not null, dtc_state int not null]
            DTCXact | 4 | 5 | 2
            done Select 1
            [request_session_id int not null, has_unit int not null]
            -2 | 1
            done Select 1
            error 1222/16/56 line 1: Lock request time out period exceeded.
            info 3621/10/1 line 1: The statement has been terminated.
            done None failed
            -- recovered, here
            done Update 1
            [v nvarchar(20)]
            one
            done Select 1
            -- recovered, there
            done Update 1
            [v nvarchar(20)]
            one
            done Select 1
        "#]],
        ),
        (
            &fault::distributed::COORDINATOR_UNDECIDED,
            expect![[r#"
            -- COMMIT
            error 6005/20/1 line 1: SHUTDOWN is in progress.
            done None failed
            closed
            -- in doubt
            [name nvarchar(32) not null, transaction_type int not null, transaction_state int not null, dtc_state int not null]
            DTCXact | 4 | 5 | 2
            done Select 1
            [request_session_id int not null, has_unit int not null]
            -2 | 1
            done Select 1
            error 1222/16/56 line 1: Lock request time out period exceeded.
            info 3621/10/1 line 1: The statement has been terminated.
            done None failed
            -- recovered, here
            done Update 1
            [v nvarchar(20)]
            one
            done Select 1
            -- recovered, there
            done Update 1
            [v nvarchar(20)]
            one
            done Select 1
        "#]],
        ),
        (
            &fault::distributed::COORDINATOR_DECIDED,
            expect![[r#"
            -- COMMIT
            error 6005/20/1 line 1: SHUTDOWN is in progress.
            done None failed
            closed
            -- in doubt
            [name nvarchar(32) not null, transaction_type int not null, transaction_state int not null, dtc_state int not null]
            DTCXact | 4 | 5 | 2
            done Select 1
            [request_session_id int not null, has_unit int not null]
            -2 | 1
            done Select 1
            error 1222/16/56 line 1: Lock request time out period exceeded.
            info 3621/10/1 line 1: The statement has been terminated.
            done None failed
            -- recovered, here
            done Update 1
            [v nvarchar(20)]
            here
            done Select 1
            -- recovered, there
            done Update 1
            [v nvarchar(20)]
            there
            done Select 1
        "#]],
        ),
        (
            &fault::distributed::PARTICIPANT_DOWN,
            expect![[r#"
            -- COMMIT
            environment: transaction committed
            done CommitTransaction
            -- in doubt
            [name nvarchar(32) not null, transaction_type int not null, transaction_state int not null, dtc_state int not null]
            DTCXact | 4 | 5 | 5
            done Select 1
            [request_session_id int not null, has_unit int not null]
            -2 | 1
            done Select 1
            error 1222/16/56 line 1: Lock request time out period exceeded.
            info 3621/10/1 line 1: The statement has been terminated.
            done None failed
            -- recovered, here
            done Update 1
            [v nvarchar(20)]
            here
            done Select 1
            -- recovered, there
            done Update 1
            [v nvarchar(20)]
            there
            done Select 1
        "#]],
        ),
        (
            &fault::distributed::DECISION_LOST,
            expect![[r#"
            -- COMMIT
            environment: transaction committed
            done CommitTransaction
            -- in doubt
            [name nvarchar(32) not null, transaction_type int not null, transaction_state int not null, dtc_state int not null]
            DTCXact | 4 | 5 | 2
            done Select 1
            [request_session_id int not null, has_unit int not null]
            -2 | 1
            done Select 1
            error 1222/16/56 line 1: Lock request time out period exceeded.
            info 3621/10/1 line 1: The statement has been terminated.
            done None failed
            -- recovered, here
            done Update 1
            [v nvarchar(20)]
            here
            done Select 1
            -- recovered, there
            done Update 1
            [v nvarchar(20)]
            there
            done Select 1
        "#]],
        ),
    ];
    for (point, expected) in cases {
        let mut town = Town::new();
        let mut talk = town.linked();
        town.trust(&["mi1", "mi2"]);
        town.say(&mut talk, WORK);
        let fault = town.fault(point);
        let mut told = format!("-- COMMIT\n{}", town.say(&mut talk, "COMMIT"));
        town.without(fault);
        let mut there = town.talk(town.ids[1]);
        write!(told, "-- in doubt\n{}", town.say(&mut there, DOUBT)).expect("a string");
        town.pass();
        let mut here = town.talk(town.ids[0]);
        for (name, talk) in [("here", &mut here), ("there", &mut there)] {
            let said = town.say(talk, "SET LOCK_TIMEOUT 0; UPDATE dbo.t SET id = id WHERE id = 1; SELECT v FROM dbo.t WHERE id = 1");
            write!(told, "-- recovered, {name}\n{said}").expect("a string");
        }
        expected.assert_eq(&told);
    }
}

/// A town whose second instance is in doubt, parted from the first one; and the unit of work.
fn in_doubt() -> (Town, String) {
    let mut town = Town::new();
    let mut talk = town.linked();
    town.trust(&["mi1", "mi2"]);
    town.say(&mut talk, WORK);
    town.fault(&fault::distributed::COORDINATOR_UNDECIDED);
    town.say(&mut talk, "COMMIT");
    town.fault(&fault::network::PARTITION);
    let parts = &town
        .lab
        .world
        .instance(town.ids[1])
        .expect("an instance")
        .distributed;
    let unit = parts.values().next().expect("it is in doubt").unit;
    (town, unit.to_string())
}

#[test]
fn a_person_ends_what_is_in_doubt() {
    let (mut town, unit) = in_doubt();
    let mut there = town.talk(town.ids[1]);
    let nobody = Uuid::nil();
    let cases = [
        (
            format!("KILL '{nobody}'"),
            expect![[r#"
            error 6110/16/1 line 1: The distributed transaction with UOW 00000000-0000-0000-0000-000000000000 does not exist.
            done None failed
        "#]],
        ),
        (
            "KILL 'nothing'".to_owned(),
            expect![[r#"
            error 6110/16/1 line 1: The distributed transaction with UOW nothing does not exist.
            done None failed
        "#]],
        ),
        (
            "KILL -2".to_owned(),
            expect![[r#"
            error 6101/16/1 line 1: Session ID -2 is not valid.
            done None failed
        "#]],
        ),
        (
            format!("KILL '{unit}'"),
            expect![[r#"
            error 6113/16/1 line 1: The distributed transaction associated with UOW <unit> is in PREPARE state. Use KILL UOW WITH COMMIT/ROLLBACK syntax to kill the transaction instead.
            done None failed
        "#]],
        ),
        (
            format!("KILL '{unit}' WITH STATUSONLY"),
            expect![[r#"
            error 6121/16/1 line 1: Status report cannot be obtained. Rollback operation for UOW <unit> is not in progress.
            done None failed
        "#]],
        ),
        (
            format!("BEGIN TRAN; KILL '{unit}' WITH COMMIT"),
            expect![[r#"
                environment: transaction begun
                done BeginTransaction in transaction
                error 6115/16/1 line 1: KILL command cannot be used inside user transactions.
                done None failed in transaction
            "#]],
        ),
        (
            format!(
                "IF @@TRANCOUNT > 0 ROLLBACK; KILL '{unit}' WITH COMMIT; SELECT v FROM dbo.t WHERE id = 1"
            ),
            expect![[r#"
                environment: transaction rolled back
                done RollbackTransaction
                done Other
                [v nvarchar(20)]
                there
                done Select 1
            "#]],
        ),
        (
            format!("KILL '{unit}' WITH ROLLBACK"),
            expect![[r#"
            error 6110/16/1 line 1: The distributed transaction with UOW <unit> does not exist.
            done None failed
        "#]],
        ),
        (
            "BEGIN DISTRIBUTED TRAN; UPDATE dbo.t SET v = N'own' WHERE id = 2".to_owned(),
            expect![[r#"
                environment: transaction begun
                done BeginTransaction in transaction
                done Update 1 in transaction
            "#]],
        ),
    ];
    for (text, expected) in cases {
        let said = town
            .say(&mut there, &text)
            .replace(&unit.to_uppercase(), "<unit>");
        expected.assert_eq(&said);
    }
    let parts = &town
        .lab
        .world
        .instance(town.ids[1])
        .expect("an instance")
        .distributed;
    let own = parts.values().next().expect("it is open").unit;
    let mut other = town.talk(town.ids[1]);
    for (text, expected) in [
        (
            format!("KILL '{own}'"),
            expect![[r#"
            error 6117/16/1 line 1: There is a connection associated with the distributed transaction with UOW <own>. First, kill the connection using KILL SPID syntax.
            done None failed
        "#]],
        ),
        (
            format!("KILL '{own}' WITH ROLLBACK"),
            expect![[r#"
            error 6118/16/1 line 1: The distributed transaction associated with UOW <own> is not in PREPARED state. Use KILL UOW to kill the transaction instead.
            done None failed
        "#]],
        ),
    ] {
        let own = own.to_string().to_uppercase();
        let said = town.say(&mut other, &text).replace(&own, "<own>");
        expected.assert_eq(&said);
    }
}

#[test]
fn what_a_service_finds_in_doubt_is_ended_by_its_option() {
    let cases = [
        (
            0,
            expect![[r#"
        [name nvarchar(32) not null, transaction_type int not null, transaction_state int not null, dtc_state int not null]
        DTCXact | 4 | 5 | 5
        done Select 1
        [request_session_id int not null, has_unit int not null]
        -2 | 1
        done Select 1
        error 1222/16/56 line 1: Lock request time out period exceeded.
        info 3621/10/1 line 1: The statement has been terminated.
        done None failed
        [v nvarchar(20)]
        there
        done Select 1
    "#]],
        ),
        (
            1,
            expect![[r#"
        [name nvarchar(32) not null, transaction_type int not null, transaction_state int not null, dtc_state int not null]
        done Select 0
        [request_session_id int not null, has_unit int not null]
        done Select 0
        done Update 1
        [v nvarchar(20)]
        there
        done Select 1
    "#]],
        ),
        (
            2,
            expect![[r#"
        [name nvarchar(32) not null, transaction_type int not null, transaction_state int not null, dtc_state int not null]
        done Select 0
        [request_session_id int not null, has_unit int not null]
        done Select 0
        done Update 1
        [v nvarchar(20)]
        one
        done Select 1
    "#]],
        ),
    ];
    for (option, expected) in cases {
        let (mut town, _) = in_doubt();
        let mut there = town.talk(town.ids[1]);
        town.say(&mut there, &format!("EXEC sp_configure 'show advanced options', 1; RECONFIGURE; EXEC sp_configure 'in-doubt xact resolution', {option}; RECONFIGURE"));
        town.fail_over(1);
        let mut there = town.talk(town.ids[1]);
        town.check(
            &mut there,
            &format!("{DOUBT}; SELECT v FROM dbo.t WITH (NOLOCK) WHERE id = 1"),
            &expected,
        );
    }
}

/// Whatever goes wrong, in whatever order: what leaves one side comes to the other, or stays.
#[test]
fn money_is_neither_made_nor_lost() {
    let points: [Option<&'static Point>; 7] = [
        None,
        Some(&fault::distributed::VOTE_LOST),
        Some(&fault::distributed::COORDINATOR_UNDECIDED),
        Some(&fault::distributed::COORDINATOR_DECIDED),
        Some(&fault::distributed::PARTICIPANT_DOWN),
        Some(&fault::distributed::DECISION_LOST),
        Some(&fault::network::PARTITION),
    ];
    let (mut moved, mut undone, mut doubts) = (0, 0, 0);
    for seed in 0..8_u64 {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut draw = |among: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 33) as usize % among
        };
        let mut town = Town::new();
        let mut talk = town.linked();
        town.trust(&["mi1", "mi2"]);
        let setup = "CREATE TABLE dbo.purse (money int NOT NULL); INSERT dbo.purse VALUES (100)";
        for id in [town.ids[0], town.ids[1]] {
            let mut there = town.talk(id);
            town.say(&mut there, setup);
        }
        let mut before = 100;
        for _ in 0..12 {
            // An instance fails over every 15 minutes at most.
            let later = town.lab.world.now() + Span::minutes(20);
            town.lab.world.advance_to(later);
            town.say(&mut talk, "SET XACT_ABORT ON; BEGIN TRAN; UPDATE dbo.purse SET money -= 1; UPDATE two.db1.dbo.purse SET money += 1");
            let fault = points[draw(points.len())].map(|point| town.fault(point));
            let failed = draw(6);
            if failed < 2 {
                town.fail_over(failed);
            }
            town.say(&mut talk, "COMMIT");
            doubts += town
                .lab
                .world
                .instance(town.ids[1])
                .map_or(0, |found| found.distributed.len());
            if failed >= 2 && draw(4) == 0 {
                town.fail_over(draw(2));
            }
            if let Some(fault) = fault {
                town.without(fault);
            }
            town.pass();
            talk = town.talk(town.ids[0]);
            let mut there = town.talk(town.ids[1]);
            let mut purse = |talk: &mut _| {
                let said = town.say(
                    talk,
                    "SET LOCK_TIMEOUT 0; UPDATE dbo.purse SET money += 0; SELECT money FROM dbo.purse",
                );
                let money = said.lines().find_map(|line| line.parse::<i64>().ok());
                money.unwrap_or_else(|| panic!("seed {seed}: {said}"))
            };
            let (here, other) = (purse(&mut talk), purse(&mut there));
            assert_eq!(here + other, 200, "seed {seed}");
            assert!((before - 1..=before).contains(&here), "seed {seed}");
            moved += before - here;
            undone += i64::from(before == here);
            before = here;
        }
    }
    assert!(
        moved > 10 && undone > 10 && doubts > 10,
        "{moved} {undone} {doubts}"
    );
}
