//! Links through T-SQL: what the statements about availability groups say, on a server that has them.

#[path = "../../core/tests/lab/mod.rs"]
mod lab;

use lab::replicas::{Apart, SECOND};
use lab::{Lab, Step as Without};
use milink_core::World;
use milink_core::availability_group::Role;
use milink_core::certificate::CertificateFacts;
use milink_core::command::{GroupAction, OpenSession, RestartServer, StopServer};
use milink_core::durations::{Profile, Transition};
use milink_core::endpoint::EndpointState;

use milink_core::ids::{DatabaseId, InstanceId, PrincipalId, SessionId};
use milink_core::link::FailoverKind;
use milink_core::names::Name;
use milink_core::network::{Reach, SetReach};
use milink_core::time::{Span, Timestamp};
use milink_core::version::{Build, UpdatePolicy};
use milink_tsql::session::event::Event;
use milink_tsql::session::host::{CertificateRequest, Host};
use milink_tsql::session::{Options, Request, Session, Step, Wait};

struct Here<'a>(&'a mut World);

impl Host for Here<'_> {
    fn snapshot(&mut self) -> World {
        self.0.clone()
    }

    fn attempt(&mut self, change: &mut dyn FnMut(&mut World, Timestamp) -> bool) {
        let now = self.0.now();
        change(self.0, now);
    }

    fn make_certificate(&mut self, _: &CertificateRequest) -> CertificateFacts {
        unreachable!("nothing here makes one")
    }

    fn read_certificate(&mut self, _: &[u8]) -> Result<CertificateFacts, String> {
        Err("not a certificate".to_owned())
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn has_own_thread(&self) -> bool {
        true
    }
}

/// A session in master.
fn session(lab: &mut Lab, instance: InstanceId) -> Session {
    let now = lab.world.now();
    let session = milink_core::session::Session {
        id: SessionId(0),
        login: PrincipalId(1),
        login_name: Name::new("sa"),
        database: DatabaseId(1),
        host_name: "client".into(),
        program_name: "test".into(),
        client_interface: "test".into(),
        client_address: None,
        local_port: 1433,
        encrypted: false,
        login_time: now,
        last_request: now,
        running: false,
        cut: false,
    };
    let id = lab.apply(OpenSession { instance, session });
    Session::new(Options {
        instance,
        session: id,
        login: Name::new("sa"),
        database: DatabaseId(1),
        seed: 1,
    })
}

/// Steps until the batch is over or waits for time; the numbers of the errors.
fn go(session: &mut Session, lab: &mut Lab) -> (Vec<i32>, Option<Wait>) {
    let mut errors = Vec::new();
    loop {
        let mut events = Vec::new();
        let step = session.step(&mut Here(&mut lab.world), &mut events);
        errors.extend(events.iter().filter_map(|event| match event {
            Event::Error(error) => Some(error.number),
            _ => None,
        }));
        match step {
            Step::Continue | Step::Wait(Wait::Thread) => {}
            Step::Finished => return (errors, None),
            Step::Wait(wait) => return (errors, Some(wait)),
        }
    }
}

/// Runs a batch that does not wait.
fn run(lab: &mut Lab, instance: InstanceId, sql: &str) -> Vec<i32> {
    let mut session = session(lab, instance);
    session.start(Request::Batch {
        text: sql.to_owned(),
    });
    let (errors, wait) = go(&mut session, lab);
    assert_eq!(wait, None, "{sql}");
    session.close(&mut Here(&mut lab.world));
    errors
}

#[test]
fn a_planned_failover_ends_with_its_statement() {
    let mut lab = Lab::linked(Profile::Azure);
    let sql = lab.sql;
    let mut session = session(&mut lab, sql);
    let start = |session: &mut Session| {
        session.start(Request::Batch {
            text: "ALTER AVAILABILITY GROUP [DAG_db1] FAILOVER".to_owned(),
        });
    };
    start(&mut session);
    let (errors, wait) = go(&mut session, &mut lab);
    assert!(errors.is_empty() && wait.is_some());
    // Stepping early does no harm.
    assert!(go(&mut session, &mut lab).1.is_some());
    lab.settle();
    assert_eq!(go(&mut session, &mut lab), (vec![], None));
}

#[test]
fn a_failover_that_is_called_off_says_so_to_the_session_that_waits_for_it() {
    /// What goes on, what happens meanwhile, the errors that are told, and the roles that come of it.
    type Case = (&'static str, fn(&mut Lab), &'static [i32], (Role, Role));
    const UNREACHABLE: fn(&mut Lab, Reach) = |lab, reach| {
        let (from, to) = (lab.sql, lab.mi);
        lab.apply(SetReach { from, to, reach });
    };
    let cases: [Case; 4] = [
        ("undisturbed", |_| (), &[], (Role::Secondary, Role::Primary)),
        (
            "the partner refuses connections",
            |lab| UNREACHABLE(lab, Reach::Refused),
            &[47514],
            (Role::Primary, Role::Secondary),
        ),
        (
            "the partner falls silent",
            |lab| UNREACHABLE(lab, Reach::Silent),
            &[47514],
            (Role::Primary, Role::Secondary),
        ),
        (
            "the endpoint is stopped",
            |lab| lab.turn_endpoint(EndpointState::Stopped),
            &[47514],
            (Role::Primary, Role::Secondary),
        ),
    ];
    for (case, meanwhile, told, roles) in cases {
        let mut lab = Lab::linked(Profile::Azure);
        let sql = lab.sql;
        let mut session = session(&mut lab, sql);
        session.start(Request::Batch {
            text: "ALTER AVAILABILITY GROUP [DAG_db1] FAILOVER".to_owned(),
        });
        let (errors, Some(Wait::Until(until))) = go(&mut session, &mut lab) else {
            panic!("{case}: the end of the failover is known");
        };
        assert!(errors.is_empty(), "{case}");
        meanwhile(&mut lab);
        lab.world.advance_to(until);
        let (errors, wait) = go(&mut session, &mut lab);
        assert_eq!((errors.as_slice(), wait), (told, None), "{case}");
        assert_eq!(lab.roles(), roles, "{case}");
        let written = lab.insert(sql, 1).is_ok();
        assert_eq!(written, roles.0 == Role::Primary, "{case}");
    }
}

#[test]
fn each_statement_about_a_link_that_cannot_be_has_its_number() {
    type Before = fn(&mut Lab);
    const NOTHING: Before = |_| {};
    const FAILING_OVER: Before = |lab| {
        lab.alter_dag(GroupAction::Failover).unwrap();
    };
    const ON_INSTANCE: Before = |lab| {
        lab.alter_dag(GroupAction::Failover).unwrap();
        lab.settle();
    };
    const AWAY: Before = |lab| lab.turn_endpoint(EndpointState::Stopped);
    const ON_2025: Before = |lab| lab.set_versions(Build::SQL_2025, UpdatePolicy::SqlServer2025);
    const ON_2019: Before = |lab| lab.set_versions(Build::SQL_2019, UpdatePolicy::SqlServer2022);
    const ON_2016: Before = |lab| lab.set_versions(Build::SQL_2016, UpdatePolicy::SqlServer2022);
    const MISMATCH: Before =
        |lab| lab.set_versions(Build::SQL_2022_CU13, UpdatePolicy::AlwaysUpToDate);
    let add_log = "ALTER DATABASE [db1] ADD LOG FILE (NAME = N'log2', FILENAME = N'log2.ldf')";
    let dag = "ALTER AVAILABILITY GROUP [DAG_db1] ";
    let ag = "ALTER AVAILABILITY GROUP [AG_db1] ";
    let modify =
        |what: &str| format!("{dag}MODIFY AVAILABILITY GROUP ON N'AG_db1_MI' WITH ({what})");
    let cases: Vec<(Before, String, Vec<i32>)> = vec![
        (FAILING_OVER, format!("{dag}FAILOVER"), vec![47513]),
        (ON_INSTANCE, format!("{dag}FAILOVER"), vec![47517]),
        (AWAY, format!("{dag}FAILOVER"), vec![47514]),
        (ON_2019, format!("{dag}FAILOVER"), vec![47122]),
        (MISMATCH, format!("{dag}FAILOVER"), vec![41988]),
        (
            NOTHING,
            format!("{dag}FORCE_FAILOVER_ALLOW_DATA_LOSS"),
            vec![41122],
        ),
        (NOTHING, format!("{ag}FAILOVER"), vec![47122]),
        (
            NOTHING,
            format!("{ag}FORCE_FAILOVER_ALLOW_DATA_LOSS"),
            vec![41122],
        ),
        (
            ON_INSTANCE,
            format!("{dag}SET (ROLE = SECONDARY)"),
            vec![41965],
        ),
        (NOTHING, modify("SEEDING_MODE = MANUAL"), vec![47500]),
        (
            FAILING_OVER,
            modify("AVAILABILITY_MODE = SYNCHRONOUS_COMMIT"),
            vec![47512],
        ),
        (
            FAILING_OVER,
            format!("{dag}SET (REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = 1)"),
            vec![47512],
        ),
        (
            NOTHING,
            modify("AVAILABILITY_MODE = SYNCHRONOUS_COMMIT"),
            vec![],
        ),
        (
            NOTHING,
            modify("LISTENER_URL = 'tcp://other:5022;Server=[other]'"),
            vec![],
        ),
        (
            ON_2025,
            modify("LISTENER_URL = 'tcp://other:5022;Server=[other]'"),
            vec![47523],
        ),
        (
            ON_2025,
            format!("{dag}SET (AUTOMATED_BACKUP_PREFERENCE = PRIMARY)"),
            vec![47523],
        ),
        (
            NOTHING,
            format!("{dag}SET (AUTOMATED_BACKUP_PREFERENCE = PRIMARY)"),
            vec![41044],
        ),
        (
            NOTHING,
            format!("{dag}SET (REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = 2)"),
            vec![35248],
        ),
        (
            ON_2019,
            format!("{dag}SET (REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = 1)"),
            vec![102],
        ),
        (NOTHING, format!("{ag}REMOVE DATABASE [db1]"), vec![47520]),
        (NOTHING, add_log.to_owned(), vec![47508, 5069]),
        (ON_2019, add_log.to_owned(), vec![47508, 5069]),
        // Documented: there the statement succeeds, and the link breaks.
        (ON_2016, add_log.to_owned(), vec![]),
        (ON_INSTANCE, add_log.to_owned(), vec![3906, 5069]),
        (
            NOTHING,
            "ALTER DATABASE [db1] ADD FILEGROUP [fs] CONTAINS FILESTREAM".to_owned(),
            vec![47509, 5069],
        ),
        (
            NOTHING,
            "ALTER DATABASE [db1] ADD FILEGROUP [mo] CONTAINS MEMORY_OPTIMIZED_DATA".to_owned(),
            vec![47507, 5069],
        ),
        (
            NOTHING,
            "ALTER DATABASE [db1] ADD FILEGROUP [more]".to_owned(),
            vec![50990],
        ),
        (
            NOTHING,
            "CREATE TABLE [db1].dbo.fast (id INT PRIMARY KEY NONCLUSTERED) WITH (MEMORY_OPTIMIZED = ON)"
                .to_owned(),
            vec![47518],
        ),
        (
            |lab| lab.add_database("db2"),
            format!("{ag}ADD DATABASE [db2]"),
            vec![47503],
        ),
    ];
    for (before, statement, expected) in cases {
        let mut lab = Lab::linked(Profile::Azure);
        before(&mut lab);
        let sql = lab.sql;
        assert_eq!(run(&mut lab, sql, &statement), expected, "{statement}");
    }
}

#[test]
fn a_synchronous_partner_holds_a_commit_back() {
    let mut lab = Lab::linked(Profile::Azure);
    let sql = lab.sql;
    let errors = run(
        &mut lab,
        sql,
        "ALTER AVAILABILITY GROUP [DAG_db1] MODIFY AVAILABILITY GROUP ON
           N'AG_db1' WITH (AVAILABILITY_MODE = SYNCHRONOUS_COMMIT),
           N'AG_db1_MI' WITH (AVAILABILITY_MODE = SYNCHRONOUS_COMMIT)",
    );
    assert_eq!(errors, Vec::<i32>::new());
    lab.apply(milink_core::link::UpdateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        replication_mode: Some(milink_core::link::ReplicationMode::Sync),
        databases: None,
    });
    lab.settle();
    let latency = Span::seconds(3);
    let overrides = &mut lab.world.durations.overrides;
    overrides.insert(Transition::NetworkLatency, latency.into());
    let mut session = session(&mut lab, sql);
    session.start(Request::Batch {
        text: "INSERT db1.dbo.t VALUES (7)".to_owned(),
    });
    let due = lab.world.now() + latency;
    assert_eq!(go(&mut session, &mut lab).1, Some(Wait::Until(due)));
    lab.world.advance_to(due);
    assert_eq!(go(&mut session, &mut lab), (vec![], None));
}

#[test]
fn each_statement_about_a_replica_that_cannot_be_has_its_number() {
    type Begin = fn() -> Lab;
    const APART: Begin = || Lab::with_second(Profile::Fast, None);
    const WITHOUT_TRUST: Begin =
        || Lab::with_second(Profile::Fast, Some(Apart::CertificateOnFirst));
    const JOINED: Begin = || Lab::replicated(Profile::Fast);
    const ALONE: Begin = || {
        let mut lab = JOINED();
        lab.apply(StopServer { instance: lab.sql });
        lab
    };
    let ag = "ALTER AVAILABILITY GROUP [AG_db1] ";
    let join = || format!("{ag}JOIN WITH (CLUSTER_TYPE = NONE)");
    let hadr = |group: &str| format!("ALTER DATABASE db9 SET HADR AVAILABILITY GROUP = [{group}]");
    let restored = |sql: String| format!("CREATE DATABASE db9; {sql}");
    let cases: Vec<(Begin, String, Vec<i32>)> = vec![
        (APART, join(), vec![]),
        (APART, format!("{ag}JOIN"), vec![47100]),
        (
            APART,
            "ALTER AVAILABILITY GROUP [other] JOIN WITH (CLUSTER_TYPE = NONE)".to_owned(),
            vec![47106],
        ),
        (WITHOUT_TRUST, join(), vec![47106]),
        (JOINED, join(), vec![41042]),
        (JOINED, format!("{ag}ADD DATABASE [db1]"), vec![41190]),
        (JOINED, format!("{ag}SET (DB_FAILOVER = ON)"), vec![]),
        (JOINED, "INSERT db1.dbo.t VALUES (1)".to_owned(), vec![3906]),
        (JOINED, "DROP DATABASE db1".to_owned(), vec![3752]),
        (JOINED, restored(hadr("AG_db1")), vec![35281, 5069]),
        (JOINED, restored(hadr("none")), vec![15151, 5069]),
        (
            JOINED,
            "ALTER DATABASE db1 SET HADR AVAILABILITY GROUP = [AG_db1]".to_owned(),
            vec![],
        ),
        (ALONE, restored(hadr("AG_db1")), vec![35250, 5069]),
    ];
    for (begin, statement, expected) in cases {
        let mut lab = begin();
        assert_eq!(run(&mut lab, SECOND, &statement), expected, "{statement}");
    }
}

#[test]
fn sql_server_2016_has_no_cluster_type() {
    for (build, expected) in [(Build::SQL_2016, vec![102]), (Build::SQL_2017, vec![])] {
        let mut lab = Lab::new(Profile::Azure);
        lab.set_versions(build, UpdatePolicy::SqlServer2022);
        lab.prepare(Some(Without::CreateDag));
        let sql = lab.sql;
        let create = "CREATE AVAILABILITY GROUP [AG_x] WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'sqlserver1'
            WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', FAILOVER_MODE = MANUAL,
            AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, SEEDING_MODE = AUTOMATIC)";
        assert_eq!(run(&mut lab, sql, create), expected, "{build}");
    }
}

/// Three identity values are handed out, two of them for rows that come to nothing; what the next one is on the other side
/// after a failover, and here after a restart in the middle of a transaction.
#[test]
fn identity_values_outlive_what_they_were_handed_out_for() {
    const CREATE: &str =
        "USE db1; CREATE TABLE counted (id int IDENTITY PRIMARY KEY, n int CHECK (n > 1))";
    const USED: &str = "USE db1; INSERT counted DEFAULT VALUES;
        BEGIN TRAN; INSERT counted DEFAULT VALUES; ROLLBACK;
        BEGIN TRY INSERT counted (n) VALUES (1) END TRY BEGIN CATCH END CATCH";
    const TELL_NEXT: &str = "USE db1; INSERT counted DEFAULT VALUES;
        DECLARE @next int = 60000 + SCOPE_IDENTITY(); THROW @next, 'the next one', 1";
    let mut lab = Lab::linked(Profile::Azure);
    let (sql, mi) = (lab.sql, lab.mi);
    assert_eq!(run(&mut lab, sql, CREATE), vec![]);
    lab.settle();
    assert_eq!(run(&mut lab, sql, USED), vec![]);
    let before = lab.world.clone();

    let mut waiting = session(&mut lab, sql);
    let text = "ALTER AVAILABILITY GROUP [DAG_db1] FAILOVER".to_owned();
    waiting.start(Request::Batch { text });
    assert!(go(&mut waiting, &mut lab).1.is_some());
    lab.settle();
    assert_eq!(run(&mut lab, mi, TELL_NEXT), [60_004]);

    // What has not arrived is lost with the rows, and handed out again.
    lab.world = before.clone();
    lab.fail_over(FailoverKind::ForcedAllowDataLoss)
        .expect("it is forced");
    assert_eq!(run(&mut lab, mi, TELL_NEXT), [60_001]);

    lab.world = before;
    let mut open = session(&mut lab, sql);
    let text = "USE db1; BEGIN TRAN; INSERT counted DEFAULT VALUES".to_owned();
    open.start(Request::Batch { text });
    assert_eq!(go(&mut open, &mut lab), (vec![], None));
    lab.apply(RestartServer { instance: sql });
    lab.settle();
    assert_eq!(run(&mut lab, sql, TELL_NEXT), [60_005]);
}
