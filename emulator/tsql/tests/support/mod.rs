//! A world with one SQL Server and a clock that stands still, and sessions that talk to it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::collation::Collation;
use milink_core::command::{CreateDatabase, CreateSqlServer, OpenSession, SetCluster};
use milink_core::ids::{DatabaseId, InstanceId, SessionId};
use milink_core::instance::SqlServer;
use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::time::{Span, Timestamp};
use milink_core::value::Value;
use milink_core::version::{Build, Edition};
use milink_tsql::jobs::{Jobs, Pace};
use milink_tsql::memory::Memory;
use milink_tsql::session::event::{Done, Environment, Event};
use milink_tsql::session::host::{CertificateRequest, Host};
use milink_tsql::session::{Argument, Begin, Options, Request, Session, Step, Wait};
use milink_tsql::types::{ExprType, to_display};

/// The world, and the time.
#[derive(Clone)]
pub(crate) struct Lab {
    pub(crate) memory: Memory,
    pub(crate) world: World,
    pub(crate) instance: InstanceId,
    pub(crate) database: DatabaseId,
    /// Certificates that were made here, by their bytes.
    made: BTreeMap<Vec<u8>, CertificateFacts>,
}

/// 2026-03-01 12:00:00 UTC.
const START: Timestamp = Timestamp::from_unix_seconds(1_772_366_400);

impl Lab {
    /// One SQL Server with a database `db1`.
    pub(crate) fn new() -> Self {
        let mut world = World::new(7, uuid::Uuid::from_u128(1), START);
        let server = CreateSqlServer {
            name: Name::new("sqlserver1"),
            server: SqlServer {
                build: Build::SQL_2022_CU13,
                edition: Edition::Developer,
                hadr_enabled: true,
                multi_database_links: false,
                address: Ipv4Addr::new(10, 0, 0, 4),
                host_names: Vec::new(),
                loopback: None,
            },
            collation: Collation::DEFAULT,
            sa_password: "secret".into(),
        };
        let instance = world.apply(START, server).expect("a new server");
        let database = CreateDatabase {
            instance,
            name: Name::new("db1"),
            collation: None,
        };
        let database = world.apply(START, database).expect("a new database");
        Self {
            memory: Memory::of(usize::MAX),
            world,
            instance,
            database,
            made: BTreeMap::new(),
        }
    }

    /// Makes the server a node of a Windows cluster.
    #[allow(dead_code, reason = "not every test binary has clusters")]
    pub(crate) fn join_cluster(&mut self, name: &str) {
        let (now, cluster) = (self.world.now(), Some(Name::new(name)));
        let request = SetCluster {
            instance: self.instance,
            cluster,
        };
        self.world.apply(now, request).expect("a server");
    }

    /// Lets the T-SQL of jobs go on.
    #[allow(dead_code, reason = "not every test binary has jobs")]
    pub(crate) fn run_jobs(&mut self, jobs: &mut Jobs) {
        // Each round, what ended before can begin the next step.
        for _ in 0..10 {
            jobs.go_on(Pace::InTurns, self);
            self.advance(0);
        }
    }

    /// Lets the time pass.
    pub(crate) fn advance(&mut self, milliseconds: i64) {
        let now = self.world.now() + Span::milliseconds(milliseconds);
        self.world.advance_to(now);
    }
}

impl Host for Lab {
    fn snapshot(&mut self) -> World {
        self.world.clone()
    }

    fn attempt(&mut self, change: &mut dyn FnMut(&mut World, Timestamp) -> bool) {
        let now = self.world.now();
        change(&mut self.world, now);
    }

    /// Not a real one: the bytes are the request's.
    fn make_certificate(&mut self, request: &CertificateRequest) -> CertificateFacts {
        let der = format!("{}{}", request.subject, request.serial).into_bytes();
        let mut thumbprint = [0; 20];
        thumbprint[..16].copy_from_slice(&request.serial.to_be_bytes());
        let facts = CertificateFacts {
            der: der.clone().into(),
            thumbprint,
            subject: request.subject.clone(),
            issuer: request.subject.clone(),
            serial: format!("{:032x}", request.serial),
            not_before: request.not_before,
            not_after: request.not_after,
            key_bits: request.key_bits,
        };
        self.made.insert(der, facts.clone());
        facts
    }

    fn read_certificate(&mut self, der: &[u8]) -> Result<CertificateFacts, String> {
        let made = self.made.get(der).cloned();
        made.ok_or_else(|| "not a certificate".to_owned())
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn memory(&self) -> Memory {
        self.memory.clone()
    }

    fn has_own_thread(&self) -> bool {
        true
    }
}

/// Steps after which a batch is taken for endless.
const MOST_STEPS: usize = 3_000;

/// A session and how it is shown.
pub(crate) struct Talk {
    session: Session,
    types: Vec<ExprType>,
}

impl Talk {
    /// A new session of `sa` in `db1`.
    pub(crate) fn new(lab: &mut Lab) -> Self {
        Self::of("sa", lab)
    }

    /// A new session of a login in `db1`.
    pub(crate) fn of(login: &str, lab: &mut Lab) -> Self {
        let now = lab.world.now();
        let login = Name::new(login);
        let instance = lab.world.instance(lab.instance).expect("the server");
        let principal = instance.login(login.as_str()).expect("the login").id;
        let open = OpenSession {
            instance: lab.instance,
            session: milink_core::session::Session {
                id: SessionId(0),
                login: principal,
                login_name: login.clone(),
                database: lab.database,
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
            },
        };
        let id = lab.world.apply(now, open).expect("a session");
        Self {
            session: Session::new(Options {
                instance: lab.instance,
                session: id,
                login,
                database: lab.database,
                seed: id.0 as u64,
            }),
            types: Vec::new(),
        }
    }

    /// The session itself.
    #[allow(dead_code, reason = "not every test binary needs it")]
    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Gives the session a request.
    pub(crate) fn start(&mut self, request: Request) {
        self.session.start(request);
    }

    /// Steps until the request is over or waits; what was said, as text.
    pub(crate) fn run(&mut self, lab: &mut Lab) -> String {
        let mut text = String::new();
        for _ in 0..MOST_STEPS {
            let mut events = Vec::new();
            let step = self.session.step(lab, &mut events);
            self.show(&events, &mut text);
            match step {
                Step::Continue => {}
                Step::Finished => {
                    if !self.session.is_open() {
                        text.push_str("closed\n");
                    }
                    return text;
                }
                Step::Wait(wait) => {
                    let from = lab.world.now();
                    let after = |moment: Timestamp| format!("{}", moment.since(from));
                    text.push_str(&match wait {
                        Wait::Until(moment) => format!("waits {}\n", after(moment)),
                        Wait::Thread => "waits for a thread\n".to_owned(),
                        Wait::Change { until: None } => "waits for a change\n".to_owned(),
                        Wait::Change {
                            until: Some(moment),
                        } => {
                            format!("waits for a change, at most {}\n", after(moment))
                        }
                    });
                    return text;
                }
            }
        }
        text.push_str("runs on and on\n");
        text.push_str(&self.cancel(lab));
        text
    }

    /// Ends the request.
    pub(crate) fn cancel(&mut self, lab: &mut Lab) -> String {
        let mut events = Vec::new();
        self.session.cancel(lab, &mut events);
        let mut text = String::new();
        self.show(&events, &mut text);
        text
    }

    /// Resets the session, as a pool does.
    pub(crate) fn reset(&mut self, lab: &mut Lab) -> String {
        let mut events = Vec::new();
        self.session.reset(lab, &mut events, false);
        let mut text = String::new();
        self.show(&events, &mut text);
        text
    }

    fn show(&mut self, events: &[Event], text: &mut String) {
        for event in events {
            let line = match event {
                Event::Columns(columns) => {
                    self.types = columns.iter().map(|column| column.ty).collect();
                    let shown: Vec<String> = columns
                        .iter()
                        .map(|column| {
                            let nullable = if column.ty.nullable { "" } else { " not null" };
                            format!("{} {}{nullable}", column.name, column.ty.sql)
                                .trim()
                                .to_owned()
                        })
                        .collect();
                    format!("[{}]", shown.join(", "))
                }
                Event::Sources(sources) => show_sources(sources),
                Event::Row(row) => {
                    // The wire has no way to send such a value.
                    let fits =
                        |(value, ty): (&Value, &ExprType)| ty.nullable || *value != Value::Null;
                    assert!(
                        row.len() == self.types.len() && row.iter().zip(&self.types).all(fits),
                        "{row:?} in columns {:?}",
                        self.types
                    );
                    let shown: Vec<String> = row
                        .iter()
                        .zip(&self.types)
                        .map(|(value, ty)| show_value(value, ty))
                        .collect();
                    shown.join(" | ")
                }
                Event::Done(done) => show_done(done),
                Event::Info(info) => format!(
                    "info {}/{}/{} line {}: {}",
                    info.number, info.severity, info.state, info.line, info.message
                ),
                Event::Error(error) => format!(
                    "error {}/{}/{} line {}{}: {}",
                    error.number,
                    error.severity,
                    error.state,
                    error.line,
                    error
                        .procedure
                        .as_ref()
                        .map_or_else(String::new, |name| format!(" in {name}")),
                    error.message
                ),
                Event::Environment(change) => match change {
                    Environment::Database { new, old } => {
                        format!("environment: database {old} -> {new}")
                    }
                    Environment::Collation(collation) => {
                        format!("environment: collation {collation}")
                    }
                    Environment::Language { new, old } => {
                        format!("environment: language {old} -> {new}")
                    }
                    Environment::TransactionBegun(_) => "environment: transaction begun".to_owned(),
                    Environment::TransactionCommitted(_) => {
                        "environment: transaction committed".to_owned()
                    }
                    Environment::TransactionRolledBack(_) => {
                        "environment: transaction rolled back".to_owned()
                    }
                    Environment::Reset => "environment: reset".to_owned(),
                },
                Event::ReturnStatus(status) => format!("return {status}"),
                Event::Output(output) => format!(
                    "output {} {} {} = {}",
                    output.ordinal,
                    output.name,
                    output.ty.sql,
                    show_value(&output.value, &output.ty)
                ),
            };
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
}

/// An argument of a call: `[>][@name] type value`.
pub(crate) fn argument(line: &str) -> Argument {
    let (output, line) = match line.strip_prefix('>') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (name, rest) = line.split_once(' ').expect("a name, or a blank");
    let (ty, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let (sql, value) = value(ty, text);
    Argument {
        name: name.to_owned(),
        ty: ExprType::new(sql),
        value,
        output,
        default: false,
    }
}

/// The rows of a bulk load: values of these types, with a `|` between them.
pub(crate) fn rows(types: &[&str], body: &str) -> Request {
    let row = |line: &str| {
        let texts = line.split('|').zip(types);
        texts
            .map(|(text, ty)| match text {
                "NULL" => Value::Null,
                text => value(ty, text).1,
            })
            .collect()
    };
    Request::Rows {
        types: types
            .iter()
            .map(|ty| ExprType::new(value(ty, "0").0))
            .collect(),
        rows: body.lines().map(row).collect(),
    }
}

fn value(ty: &str, text: &str) -> (SqlType, Value) {
    match ty {
        "int" => (SqlType::Int, Value::Int(text.parse().expect("a number"))),
        "null" => (SqlType::Int, Value::Null),
        "text" => (SqlType::nvarchar(4000), Value::str(text)),
        other => panic!("no type {other}"),
    }
}

/// A transaction request; `name` is the savepoint's.
pub(crate) fn transaction(action: &str, name: &str) -> Request {
    let (action, next) = match action.strip_suffix("+next") {
        Some(action) => (action, Some(Begin::default())),
        None => (action, None),
    };
    let name = name.to_owned();
    match action {
        "begin" => Request::Begin(Begin::default()),
        "commit" => Request::Commit {
            name,
            begin_next: next,
        },
        "rollback" => Request::Rollback {
            name,
            begin_next: next,
        },
        "save" => Request::Save { name },
        other => panic!("no action {other}"),
    }
}

fn show_done(done: &Done) -> String {
    let rows = done
        .rows
        .map_or_else(String::new, |rows| format!(" {rows}"));
    let failed = if done.failed { " failed" } else { "" };
    let open = if done.in_transaction {
        " in transaction"
    } else {
        ""
    };
    format!("done {:?}{rows}{failed}{open}", done.command)
}

fn show_value(value: &Value, ty: &ExprType) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        other => to_display(other, ty),
    }
}

/// A cursor's tables, and for each column the table, and a letter for key, expression and hidden.
fn show_sources(sources: &milink_tsql::session::event::Sources) -> String {
    let tables: Vec<String> = sources.tables.iter().map(|it| it.join(".")).collect();
    let columns: Vec<String> = sources
        .columns
        .iter()
        .map(|column| {
            let mut text = column.table.to_string();
            text.extend(column.key.then_some('k'));
            text.extend(column.expression.then_some('x'));
            text.extend(column.hidden.then_some('h'));
            if let Some(name) = &column.base_name {
                text.push_str(&format!("={name}"));
            }
            text
        })
        .collect();
    format!("from ({}) {}", tables.join(", "), columns.join(" "))
}
