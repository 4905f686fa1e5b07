//! A case as a scenario file: what each action is in T-SQL and ARM, and what must be seen in the end.
//!
//! `milink scenario run FILE` replays it over real sockets. What was refused changed nothing and is left out, but for the last
//! action, which is what the case is about.

mod replicas;

use std::fmt::Write as _;

use crate::action::{
    Above, Action, BackupKind, Certificate, Local, Pair, Place, RESOURCE_GROUP, Side, chosen,
    database_name, server_of,
};
use crate::arm::link_body;
use crate::lab::CLUSTER;
use crate::machine::Story;
use crate::observation::Role;
use crate::reference::{Reference, can_return};
use crate::run::{Law, Runner, Violation};
use crate::topology::Plan;

/// Imports the public root that SQL Server trusts managed instances by.
const TRUST_ROOT: &str = include_str!("../../compat/article/sql/trust-microsoft-root.sql");

/// The text of a scenario file that does what a case did, up to what was wrong.
pub fn text(
    story: &Story,
    actions: &[Action],
    laws: &[Law<'_>],
    seed: &str,
) -> (String, Option<Violation>) {
    let mut writer = Writer::new(&story.plan);
    let mut runner = Runner::new(story);
    let mut violation = None;
    for action in story.beginning.iter().chain(actions) {
        let result = runner.step(action, laws);
        let done = runner.outcomes().last().copied().unwrap_or(false);
        violation = result.err();
        writer.refusal = violation.as_ref().and_then(must_be_refused);
        if done || violation.is_some() {
            writer.action(action, runner.last_value());
        }
        if violation.is_some() {
            break;
        }
    }
    writer.believed(runner.reference());
    if writer.steps.is_empty() {
        writer.action(&Action::Advance(0), None);
    }
    (writer.finish(violation.as_ref(), seed), violation)
}

/// Writes steps.
struct Writer {
    plan: Plan,
    steps: String,
    /// How many certificates each server has made.
    made: Vec<u32>,
    /// Which of them it had last under each name.
    own: Vec<[u32; 2]>,
    /// ARM's half, and SQL Server's, were told to commit synchronously: with both, a commit may wait for the other side.
    synchronous: (bool, bool),
    /// How many statements have been sent whose answer is not waited for.
    later: u32,
    /// The error that the next statement must come to.
    refusal: Option<String>,
}

impl Writer {
    fn new(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            steps: String::new(),
            made: vec![0; plan.servers.len()],
            own: vec![[0; 2]; plan.servers.len()],
            synchronous: (false, false),
            later: 0,
            refusal: None,
        }
    }

    fn action(&mut self, action: &Action, value: Option<i64>) {
        match *action {
            Action::Advance(seconds) => {
                let _ = write!(
                    self.steps,
                    "\n[[step]]\ntitle = \"Advance\"\nadvance = \"{seconds}s\"\n"
                );
            }
            Action::Fault(n, trouble) => {
                self.head(&format!("{action:?}"));
                let (point, instance) = (trouble.point(), Place::Instance(n));
                let _ = writeln!(
                    self.steps,
                    "fault = {{ point = \"{point}\", match = {{ instance = \"{instance}\" }} }}"
                );
            }
            Action::Heal => {
                self.head("Heal");
                self.steps += "fault = \"clear\"\n";
            }
            Action::Restart(n) => {
                self.head(&format!("{action:?}"));
                let server = Place::Server(n);
                let _ = writeln!(self.steps, "server = {{ restart = \"{server}\" }}");
            }
            Action::CreateDatabase(place, n) => {
                let db = database_name(n);
                let sql = format!(
                    "CREATE DATABASE [{db}]\nGO\nUSE [{db}]\nCREATE TABLE dbo.t (a int NOT NULL PRIMARY KEY)\nGO\nUSE master"
                );
                self.sql(place, action, &sql);
            }
            Action::DropDatabase(place, n) => {
                self.sql(
                    place,
                    action,
                    &format!("DROP DATABASE [{}]", database_name(n)),
                );
            }
            Action::Insert(place, n) => {
                let (db, value) = (database_name(n), value.unwrap_or(0));
                let sql = format!("INSERT INTO [{db}].dbo.t (a) VALUES ({value})");
                let waits = self.synchronous == (true, true);
                self.sql_step(place, action, &sql, !waits, &[]);
            }
            Action::UploadCertificate(pair, which) => self.upload(pair, which, action),
            Action::RevokeCertificate(pair, which) => {
                let path = self.uploaded(pair, which);
                self.arm("DELETE", pair.instance, &path, None, &[]);
            }
            Action::StopInstance(n) => self.arm("POST", n, "/stop", None, &[]),
            Action::StartInstance(n) => self.arm("POST", n, "/start", None, &[]),
            Action::DeleteInstance(n) => self.arm("DELETE", n, "", None, &[]),
            Action::DeleteResourceGroup => {
                self.head(&format!("DELETE the resource group {RESOURCE_GROUP}"));
                let path =
                    format!("/subscriptions/${{subscription}}/resourceGroups/{RESOURCE_GROUP}");
                let _ = write!(
                    self.steps,
                    "[step.arm]\nmethod = \"DELETE\"\npath = \"{path}\"\nwait = false\n"
                );
            }
            Action::ImportCertificate(pair) => self.import(pair, action),
            Action::CreateLink(pair, from) if self.plan.several => {
                let body = self.whole(pair, from);
                self.link("PUT", pair, "", Some(body));
            }
            Action::LinkDatabases(pair, bits) => {
                let databases = named(chosen(&self.plan, pair.server(), bits));
                let body = serde_json::json!({ "properties": { "databases": databases } });
                self.link("PATCH", pair, "", Some(body));
            }
            Action::CreateLink(pair, from) => {
                let body = self.body(pair, from);
                self.link("PUT", pair, "", Some(body));
            }
            Action::UpdateLink(pair, sync) => {
                let mode = if sync { "Sync" } else { "Async" };
                self.synchronous.0 |= sync;
                let body = serde_json::json!({ "properties": { "replicationMode": mode } });
                self.link("PATCH", pair, "", Some(body));
            }
            Action::DeleteLink(pair) => self.link("DELETE", pair, "", None),
            Action::LinkFailover(pair, forced) => {
                let kind = if forced {
                    "ForcedAllowDataLoss"
                } else {
                    "Planned"
                };
                let body = serde_json::json!({ "failoverType": kind });
                self.link("POST", pair, "/failover", Some(body));
            }
            Action::SetRole(pair, primary, forced) => {
                let role = if primary { "Primary" } else { "Secondary" };
                let kind = if forced { "Forced" } else { "Planned" };
                let body = serde_json::json!({ "instanceRole": role, "roleChangeType": kind });
                self.link("POST", pair, "/setRole", Some(body));
            }
            Action::Failover(pair) => {
                let sql = format!(
                    "ALTER AVAILABILITY GROUP [{}] FAILOVER",
                    self.plan.link(pair)
                );
                let place = pair.place(Side::Server);
                // The statement answers when it is over, which takes time.
                self.sql_step(place, action, &sql, false, &[]);
            }
            Action::Distributed(server, pair, Above::Failover) => {
                let sql = format!(
                    "ALTER AVAILABILITY GROUP [{}] FAILOVER",
                    self.plan.link(pair)
                );
                self.sql_step(Place::Server(server), action, &sql, false, &[]);
            }
            Action::Replica(server, _, Local::Trust) => self.trust_other(server, action),
            _ => {
                let (n, sql) = self.statement(action);
                self.sql(Place::Server(n), action, &sql);
            }
        }
    }

    /// The statement of an action on SQL Server.
    fn statement(&mut self, action: &Action) -> (u8, String) {
        let alter_database = |n: u8, what: &str| {
            (
                server_of(n),
                format!("ALTER DATABASE [{}] SET {what}", database_name(n)),
            )
        };
        let alter_group = |n: u8, what: &str| {
            (
                server_of(n),
                format!("ALTER AVAILABILITY GROUP [{}] {what}", self.plan.group(n)),
            )
        };
        let alter_link = |pair: Pair, what: &str| {
            (
                pair.server(),
                format!("ALTER AVAILABILITY GROUP [{}] {what}", self.plan.link(pair)),
            )
        };
        match *action {
            Action::Backup(n, kind) => (server_of(n), backup(n, kind)),
            Action::Recovery(n, true) => alter_database(n, "RECOVERY SIMPLE"),
            Action::Recovery(n, false) => alter_database(n, "RECOVERY FULL"),
            Action::Suspend(n, true) => alter_database(n, "HADR SUSPEND"),
            Action::Suspend(n, false) => alter_database(n, "HADR RESUME"),
            Action::HadrOff(n) => alter_database(n, "HADR OFF"),
            Action::CreateCertificate(n, which) => {
                self.made[usize::from(n)] += 1;
                self.own[usize::from(n)][which as usize] = self.made[usize::from(n)];
                (n, create_certificate(which))
            }
            Action::DropCertificate(n, which) => (n, format!("DROP CERTIFICATE {}", which.name())),
            Action::DropImported(pair) => {
                let fqdn = fqdn(pair.instance);
                (pair.server(), format!("DROP CERTIFICATE [{fqdn}]"))
            }
            Action::AuthenticateBy(n, which) => (
                n,
                format!(
                    "ALTER ENDPOINT database_mirroring_endpoint\nFOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE {})",
                    which.name()
                ),
            ),
            Action::CreateEndpoint(n) => (n, CREATE_ENDPOINT.to_owned()),
            Action::TurnEndpoint(n, started) => {
                let state = if started { "STARTED" } else { "STOPPED" };
                (
                    n,
                    format!("ALTER ENDPOINT database_mirroring_endpoint STATE = {state}"),
                )
            }
            Action::DropEndpoint(n) => (n, "DROP ENDPOINT database_mirroring_endpoint".to_owned()),
            Action::TrustRoot(n) => (n, TRUST_ROOT.to_owned()),
            Action::CreateGroup(n, with) => (server_of(n), self.create_group(n, with)),
            Action::DropGroup(n) => (
                server_of(n),
                format!("DROP AVAILABILITY GROUP [{}]", self.plan.group(n)),
            ),
            Action::GrantCreate(n) => alter_group(n, "GRANT CREATE ANY DATABASE"),
            Action::AddDatabase(n) => {
                alter_group(n, &format!("ADD DATABASE [{}]", database_name(n)))
            }
            Action::RemoveDatabase(n) => {
                alter_group(n, &format!("REMOVE DATABASE [{}]", database_name(n)))
            }
            Action::CreateDistributed(pair, from) => {
                (pair.server(), create_distributed(&self.plan, pair, from))
            }
            Action::DropDistributed(pair) => (
                pair.server(),
                format!("DROP AVAILABILITY GROUP [{}]", self.plan.link(pair)),
            ),
            Action::CommitMode(pair, sync) => {
                self.synchronous.1 |= sync;
                alter_link(pair, &commit_mode(&self.plan, pair, sync))
            }
            Action::Replica(server, n, what) => {
                (server, replicas::statement(&self.plan, server, n, what))
            }
            Action::Distributed(server, pair, what) => {
                (server, replicas::above(&self.plan, server, pair, what))
            }
            Action::ForceFailover(pair) => alter_link(pair, "FORCE_FAILOVER_ALLOW_DATA_LOSS"),
            Action::GiveUp(pair) => alter_link(pair, "SET (ROLE = SECONDARY)"),
            other => unreachable!("{other:?} is no statement on SQL Server alone"),
        }
    }

    fn create_group(&self, n: u8, with: bool) -> String {
        let old = self.plan.servers[usize::from(server_of(n))] == crate::topology::Version::Sql2016;
        let clustered = self.plan.replicas.is_some_and(|it| it.cluster);
        let cluster = if old || clustered {
            ""
        } else {
            "WITH (CLUSTER_TYPE = NONE)\n"
        };
        let database = match with {
            true => format!("FOR DATABASE [{}]\n", database_name(n)),
            false => "FOR\n".to_owned(),
        };
        format!(
            "CREATE AVAILABILITY GROUP [{}]\n{cluster}{database}REPLICA ON {}",
            self.plan.group(n),
            replicas::replica(server_of(n)),
        )
    }

    /// The body of a PUT of a link with one database.
    fn body(&self, pair: Pair, from_instance: bool) -> serde_json::Value {
        let (version, policy) = self.versions(pair);
        let mut body = link_body(pair, from_instance, can_return(version, policy));
        if self.plan.replicas.is_some_and(|it| it.listener) {
            let endpoint = format!("TCP://{}:5022", self.plan.address(pair.database));
            body["properties"]["partnerEndpoint"] = endpoint.into();
        }
        body
    }

    /// The body of a PUT of a link with all databases of a server.
    fn whole(&self, pair: Pair, from_instance: bool) -> serde_json::Value {
        let mut body = self.body(pair, from_instance);
        let properties = &mut body["properties"];
        properties["linkMode"] = "MultiDatabase".into();
        properties["instanceAvailabilityGroupName"] = self.plan.instance_group(pair).into();
        properties["partnerAvailabilityGroupName"] = self.plan.group(pair.database).into();
        properties["databases"] = named(self.plan.databases_of(pair.server()));
        body
    }

    fn upload(&mut self, pair: Pair, which: Certificate, action: &Action) {
        let name = which.name();
        let sql = format!("SELECT CERTENCODED(CERT_ID('{name}')) AS PublicKey");
        let place = pair.place(Side::Server);
        self.sql_step(place, action, &sql, true, &[("PublicKey", "PublicKey")]);
        let path = self.uploaded(pair, which);
        let body = serde_json::json!({ "properties": { "publicBlob": "${PublicKey}" } });
        self.arm("PUT", pair.instance, &path, Some(body), &[]);
    }

    fn trust_other(&mut self, server: u8, action: &Action) {
        let (other, name) = (Place::Server(1 - server), Certificate::First.name());
        let sql = format!("SELECT CERTENCODED(CERT_ID('{name}')) AS PublicKey");
        self.sql_step(other, action, &sql, true, &[("PublicKey", "PublicKey")]);
        let sql = format!("CREATE CERTIFICATE [of_{other}] FROM BINARY = ${{PublicKey}}");
        self.sql(Place::Server(server), action, &sql);
    }

    fn uploaded(&self, pair: Pair, which: Certificate) -> String {
        let (place, number) = (
            pair.place(Side::Server),
            self.own[usize::from(pair.server())][which as usize],
        );
        format!("/serverTrustCertificates/{place}_certificate{number}")
    }

    fn import(&mut self, pair: Pair, action: &Action) {
        let path = "/endpointCertificates/DATABASE_MIRRORING";
        self.arm(
            "GET",
            pair.instance,
            path,
            None,
            &[("PublicKey", "/properties/publicBlob")],
        );
        let fqdn = fqdn(pair.instance);
        let sql = format!("CREATE CERTIFICATE [{fqdn}] FROM BINARY = 0x${{PublicKey}}");
        self.sql(pair.place(Side::Server), action, &sql);
    }

    /// What the reference model believes: the roles, and the rows of whoever takes writes.
    fn believed(&mut self, reference: &Reference) {
        for (pair, role) in reference.believed_roles() {
            let word = match role {
                Role::Primary => "Primary",
                Role::Secondary => "Secondary",
                Role::Resolving => continue,
            };
            let path = format!("/distributedAvailabilityGroups/{}", self.plan.link(pair));
            self.arm("GET", pair.instance, &path, None, &[]);
            let _ = write!(
                self.steps,
                "[step.expect.values]\n\"/properties/instanceLinkRole\" = \"{word}\"\n"
            );
        }
        for (pair, role) in reference.believed_halves() {
            let word = match role {
                Role::Primary => "PRIMARY",
                Role::Secondary => "SECONDARY",
                Role::Resolving => "RESOLVING",
            };
            self.head("The views say the same");
            let sql = format!("{ROLE}'{}'", self.plan.link(pair));
            self.batch(pair.place(Side::Server), &sql);
            let _ = writeln!(self.steps, "expect.values.role_desc = \"{word}\"");
        }
        for (place, n, rows) in reference.believed_rows() {
            self.head(&format!("What was committed on {place} is there"));
            let (db, last) = (database_name(n), rows.last().copied().unwrap_or(0));
            let sql = "SELECT COUNT(*) AS n, ISNULL(MAX(a), 0) AS last";
            self.batch(place, &format!("{sql} FROM [{db}].dbo.t"));
            let _ = write!(
                self.steps,
                "expect.values.n = {}\nexpect.values.last = {last}\n",
                rows.len()
            );
        }
    }

    fn link(&mut self, method: &str, pair: Pair, action: &str, body: Option<serde_json::Value>) {
        let path = format!(
            "/distributedAvailabilityGroups/{}{action}",
            self.plan.link(pair)
        );
        self.arm(method, pair.instance, &path, body, &[]);
    }

    /// A request whose operation is not followed: the case lets the time pass itself.
    fn arm(
        &mut self,
        method: &str,
        n: u8,
        path: &str,
        body: Option<serde_json::Value>,
        capture: &[(&str, &str)],
    ) {
        let instance = Place::Instance(n);
        self.head(&format!("{method} {instance}{path}"));
        let _ = write!(
            self.steps,
            "[step.arm]\nmethod = \"{method}\"\npath = \"${{{instance}.id}}{path}\"\nwait = false\n"
        );
        if self.plan.several && path.starts_with("/distributed") {
            // The first one that knows of several databases.
            self.steps += "api-version = \"2025-08-01-preview\"\n";
        }
        if let Some(body) = body {
            let _ = writeln!(self.steps, "body = {}", inline(&body));
        }
        self.capture(capture);
    }

    fn capture(&mut self, capture: &[(&str, &str)]) {
        for (variable, from) in capture {
            let _ = write!(self.steps, "[step.capture]\n{variable} = \"{from}\"\n");
        }
    }

    fn sql(&mut self, place: Place, action: &Action, sql: &str) {
        self.sql_step(place, action, sql, true, &[]);
    }

    fn sql_step(
        &mut self,
        place: Place,
        action: &Action,
        sql: &str,
        answers: bool,
        capture: &[(&str, &str)],
    ) {
        self.head(&format!("{action:?}"));
        self.batch(place, sql);
        if !answers {
            self.later += 1;
            let _ = write!(
                self.steps,
                "session = \"later{}\"\nlater = true\n",
                self.later
            );
        }
        if let Some(number) = self.refusal.take() {
            let _ = writeln!(self.steps, "expect.error = {number}");
        }
        self.capture(capture);
    }

    fn head(&mut self, title: &str) {
        let _ = write!(self.steps, "\n[[step]]\ntitle = {}\n", quoted(title));
    }

    fn batch(&mut self, place: Place, sql: &str) {
        let sql = sql.trim_end();
        let _ = write!(self.steps, "on = \"{place}\"\nsql = '''\n{sql}\n'''\n");
    }

    fn versions(&self, pair: Pair) -> (crate::topology::Version, crate::topology::Policy) {
        let version = self.plan.servers[usize::from(pair.server())];
        (version, self.plan.instances[usize::from(pair.instance)])
    }

    fn finish(self, violation: Option<&Violation>, seed: &str) -> String {
        let what = violation.map_or_else(|| "Nothing is wrong.".to_owned(), ToString::to_string);
        let mut text = format!(
            "name = \"A case of the property tests\"\ndescription = {}\nclock = \"manual\"\ndurations = \"{}\"\n\n[topology]\n",
            quoted(&format!("{what} (seed {seed})")),
            self.plan.pace.text(),
        );
        for (n, version) in (0u8..).zip(&self.plan.servers) {
            let (name, version) = (Place::Server(n), version.text());
            let _ = write!(
                text,
                "\n[[topology.sql_server]]\nname = \"{name}\"\nversion = \"{version}\"\n"
            );
            if self.plan.several {
                text += "multi_database_links = true\n";
            }
            if self.plan.replicas.is_some_and(|it| it.cluster) {
                let _ = writeln!(text, "cluster = \"{CLUSTER}\"");
            }
        }
        for (n, policy) in (0u8..).zip(&self.plan.instances) {
            let (name, policy) = (Place::Instance(n), policy.text());
            let _ = write!(
                text,
                "\n[[topology.managed_instance]]\nname = \"{name}\"\nupdate_policy = \"{policy}\"\n"
            );
        }
        text + &self.steps
    }
}

const ROLE: &str = "\
SELECT rs.role_desc FROM sys.dm_hadr_availability_replica_states AS rs
JOIN sys.availability_groups AS ag ON ag.group_id = rs.group_id
WHERE rs.is_local = 1 AND ag.name = N";

const CREATE_MASTER_KEY: &str = "\
IF NOT EXISTS (SELECT * FROM sys.symmetric_keys WHERE symmetric_key_id = 101)
    CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Str0ng!Passw0rd'
GO";

const CREATE_ENDPOINT: &str = "\
CREATE ENDPOINT database_mirroring_endpoint
    STATE = STARTED
    AS TCP (LISTENER_PORT = 5022, LISTENER_IP = ALL)
    FOR DATABASE_MIRRORING (
        ROLE = ALL, AUTHENTICATION = CERTIFICATE endpoint_certificate, ENCRYPTION = REQUIRED ALGORITHM AES)";

fn create_certificate(which: Certificate) -> String {
    format!(
        "{CREATE_MASTER_KEY}\nCREATE CERTIFICATE {} WITH SUBJECT = 'endpoint', EXPIRY_DATE = '2049-12-31'",
        which.name()
    )
}

fn backup(n: u8, kind: BackupKind) -> String {
    let db = database_name(n);
    let (what, with) = match kind {
        BackupKind::Full => ("DATABASE", ""),
        BackupKind::CopyOnly => ("DATABASE", " WITH COPY_ONLY"),
        BackupKind::Log => ("LOG", ""),
    };
    format!("BACKUP {what} [{db}] TO DISK = N'/var/opt/mssql/backup/{db}.bak'{with}")
}

fn create_distributed(plan: &Plan, pair: Pair, from_instance: bool) -> String {
    let mut url = format!(
        "tcp://{}:5022;Server=[{}]",
        fqdn(pair.instance),
        Place::Instance(pair.instance)
    );
    if from_instance {
        let _ = write!(url, ";Database=[{}]", database_name(pair.database));
    }
    let member = |group: &str, url: &str| {
        format!(
            "N'{group}' WITH (\n    LISTENER_URL = '{url}', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT,\n    \
             FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC, SESSION_TIMEOUT = 20)"
        )
    };
    let own = format!("TCP://{}:5022", plan.address(pair.database));
    format!(
        "CREATE AVAILABILITY GROUP [{}]\nWITH (DISTRIBUTED)\nAVAILABILITY GROUP ON\n{},\n{}",
        plan.link(pair),
        member(&plan.group(pair.database), &own),
        member(&plan.instance_group(pair), &url),
    )
}

fn commit_mode(plan: &Plan, pair: Pair, sync: bool) -> String {
    let mode = if sync {
        "SYNCHRONOUS_COMMIT"
    } else {
        "ASYNCHRONOUS_COMMIT"
    };
    format!(
        "MODIFY AVAILABILITY GROUP ON\nN'{}' WITH (AVAILABILITY_MODE = {mode}),\nN'{}' WITH (AVAILABILITY_MODE = {mode})",
        plan.group(pair.database),
        plan.instance_group(pair)
    )
}

fn fqdn(n: u8) -> String {
    format!("${{{}.fqdn}}", Place::Instance(n))
}

/// Databases as the body of a link names them.
fn named(databases: impl Iterator<Item = u8>) -> serde_json::Value {
    databases
        .map(|n| serde_json::json!({ "databaseName": database_name(n) }))
        .collect()
}

/// The number of the error that the last action must have come to, where there is one.
fn must_be_refused(violation: &Violation) -> Option<String> {
    let (_, why) = violation.what.split_once("must be refused: ")?;
    let number = why.rsplit_once('(')?.1.trim_end_matches(')');
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| number.to_owned())
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// JSON as an inline value of TOML.
fn inline(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(members) => {
            let members = members.iter();
            let members: Vec<String> = members
                .map(|(name, value)| format!("{name} = {}", inline(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}
