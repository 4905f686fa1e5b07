//! What the article prepares, with one step left out: ARM fails with the documented code, and SQL Server's views say why
//! nobody is connected.

use milink_client::Cell;
use milink_scenarios::{Runner, SQL_SERVER_PRIMARY, Scenario, Silent};
use milink_tests::Stage;

const JOIN: &str = "Let the managed instance join the distributed availability group";

/// Steps left out, or changed, and what comes of it.
struct Case {
    /// How their titles begin.
    step: &'static str,
    change: Change,
    /// The step that fails, and the code or number it fails with.
    fails: (&'static str, &'static str),
    /// Whether `sys.dm_hadr_availability_replica_states` of SQL Server has a connection error.
    seen_by_sql_server: bool,
}

enum Change {
    LeaveOut,
    /// Texts of the step's T-SQL.
    Replace(&'static str, &'static str),
}

const CONNECTIVITY: &str = "ManagedInstanceLinkConnectivityIsNotEstablished";
const NOT_ON_INSTANCE: &str = "ManagedInstanceLinkCertificateNotFoundOnManagedInstance";
const NOT_ON_SQL_SERVER: &str = "ManagedInstanceLinkCertificateNotFoundOnSqlServer";

fn cases() -> Vec<Case> {
    let case = |step, change, fails, seen_by_sql_server| Case {
        step,
        change,
        fails,
        seen_by_sql_server,
    };
    vec![
        case(
            "Upload it to the managed instance",
            Change::LeaveOut,
            (JOIN, NOT_ON_INSTANCE),
            true,
        ),
        case(
            "Import it into SQL Server, under the name of the instance's FQDN",
            Change::LeaveOut,
            (JOIN, NOT_ON_SQL_SERVER),
            true,
        ),
        case(
            "Create the endpoint",
            Change::Replace("STATE=STARTED", "STATE=STOPPED"),
            (JOIN, CONNECTIVITY),
            true,
        ),
        case(
            "Create the distributed availability group",
            Change::LeaveOut,
            (JOIN, CONNECTIVITY),
            false,
        ),
        case(
            "Create the distributed availability group",
            Change::Replace(
                "tcp://${ManagedInstanceFQDN}:5022",
                "tcp://nowhere.example:5022",
            ),
            (JOIN, CONNECTIVITY),
            true,
        ),
        // Without its log chain or its endpoint, the group cannot be made at all.
        case(
            "Put the database into full recovery and start its log chain",
            Change::LeaveOut,
            ("Create the availability group", "1475"),
            false,
        ),
        case(
            "Create the master key on SQL Server",
            Change::LeaveOut,
            ("Create the certificate of SQL Server's endpoint", "15581"),
            false,
        ),
        case(
            "Import the root certificate of",
            Change::Replace("EXEC sp_certificate_add_issuer @CERTID", "PRINT @CERTID --"),
            (JOIN, NOT_ON_SQL_SERVER),
            true,
        ),
    ]
}

#[tokio::test]
async fn each_missing_precondition_has_its_own_error() {
    for case in cases() {
        let mut scenario = Scenario::parse(SQL_SERVER_PRIMARY).expect("the article's walk");
        change(&mut scenario, &case);
        let stage = Stage::start_auto().await;
        let mut runner = Runner::new(stage.ready().clone()).expect("the ready file is good");
        let summary = runner.run(&scenario, &mut Silent).await;
        let failure = summary
            .failure()
            .unwrap_or_else(|| panic!("without '{}' it works", case.step));
        let (step, code) = case.fails;
        assert_eq!(failure.title, step, "without '{}': {failure}", case.step);
        assert!(
            failure.what.contains(code),
            "without '{}': {failure}",
            case.step
        );
        if case.seen_by_sql_server {
            sql_server_knows(&stage, case.step).await;
        }
        stage.check_laws();
    }
}

fn change(scenario: &mut Scenario, case: &Case) {
    let meant = |title: &str| title.starts_with(case.step);
    assert!(
        scenario.steps.iter().any(|step| meant(&step.title)),
        "the walk has no step '{}'",
        case.step
    );
    match case.change {
        Change::LeaveOut => scenario.steps.retain(|step| !meant(&step.title)),
        Change::Replace(from, to) => {
            for step in scenario.steps.iter_mut().filter(|step| meant(&step.title)) {
                let milink_scenarios::step::Act::Sql(act) = &mut step.act else {
                    panic!("'{}' is no T-SQL", case.step);
                };
                assert!(act.sql.contains(from), "'{}' has no {from}", case.step);
                act.sql = act.sql.replace(from, to);
            }
        }
    }
    // Steps that only look are not what is tested here.
    for step in &mut scenario.steps {
        if !step.title.starts_with("Wait") {
            step.expect = Default::default();
        }
    }
}

async fn sql_server_knows(stage: &Stage, without: &str) {
    let mut sql = stage.sql_server().await;
    let results = sql
        .batch(
            "SELECT connected_state_desc, last_connect_error_number, last_connect_error_description, \
             last_connect_error_timestamp FROM sys.dm_hadr_availability_replica_states \
             WHERE last_connect_error_number IS NOT NULL",
        )
        .await
        .expect("the view is there");
    let row = results.first().and_then(|result| result.rows.first());
    let row =
        row.unwrap_or_else(|| panic!("without '{without}', SQL Server has no connection error"));
    assert_eq!(
        row[0],
        Cell::Text("DISCONNECTED".into()),
        "without '{without}'"
    );
    assert!(
        matches!(row[1], Cell::Number(number) if number > 0.0),
        "{row:?}"
    );
    assert!(
        matches!(&row[2], Cell::Text(text) if !text.is_empty()),
        "{row:?}"
    );
    assert!(matches!(row[3], Cell::Text(_)), "{row:?}");
}
