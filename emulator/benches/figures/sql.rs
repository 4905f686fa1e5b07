//! TDS, with the driver tiberius: logins, round trips, a join of views, rows.

use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use crate::process::Started;
use crate::report::{Report, median};

/// The password of `sa`.
pub(crate) const PASSWORD: &str = "Correct-Horse-7-Battery";

const ROWS: usize = 200_000;

/// What monitoring asks for: four views, joined by their ids.
const JOIN: &str = "SELECT ag.name, ar.replica_server_name, rs.role_desc, drs.synchronization_state_desc \
    FROM sys.availability_groups ag \
    JOIN sys.availability_replicas ar ON ar.group_id = ag.group_id \
    JOIN sys.dm_hadr_availability_replica_states rs ON rs.replica_id = ar.replica_id \
    LEFT JOIN sys.dm_hadr_database_replica_states drs ON drs.replica_id = ar.replica_id";

pub(crate) async fn measure(report: &mut Report) {
    let directory = TempDir::new().expect("a directory");
    let started = Started::new(directory.path());
    let mut logins = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        let client = connect(&started.ready).await;
        logins.push(begun.elapsed());
        drop(client);
    }
    report.time(
        "TDS login without TLS",
        median(&mut logins),
        Duration::from_millis(2),
    );
    let mut client = connect(&started.ready).await;
    let round_trip = times(&mut client, "SELECT 1", 2_000).await;
    report.time(
        "`SELECT 1`, round trip",
        round_trip,
        Duration::from_micros(100),
    );
    for batch in SETUP {
        run(&mut client, batch).await;
    }
    assert_eq!(run(&mut client, JOIN).await, 1, "the group has a replica");
    let join = times(&mut client, JOIN, 500).await;
    report.time(
        "join of 4 views, round trip",
        join,
        Duration::from_micros(500),
    );
    let begun = Instant::now();
    let rows = run(&mut client, "SELECT a, b, c, d, e FROM master.dbo.many").await;
    assert_eq!(rows, ROWS, "every row came");
    let rate = rows as f64 / begun.elapsed().as_secs_f64();
    report.rate("rows of 5 columns streamed to one client", rate, 500_000.0);
}

/// A group to look at, and rows to read.
const SETUP: &[&str] = &[
    "BACKUP DATABASE db1 TO DISK = N'/db1.bak'",
    "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Long-enough-1'",
    "CREATE CERTIFICATE c WITH SUBJECT = N'c'",
    "CREATE ENDPOINT e STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (ROLE = ALL, AUTHENTICATION = CERTIFICATE c, ENCRYPTION = REQUIRED ALGORITHM AES)",
    "CREATE AVAILABILITY GROUP ag WITH (CLUSTER_TYPE = NONE) FOR DATABASE db1 REPLICA ON N'sqlserver1' WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC)",
    "CREATE TABLE master.dbo.many (a int NOT NULL PRIMARY KEY, b bigint NULL, c nvarchar(40) NULL, d datetime2 NULL, e decimal(18, 4) NULL)",
    "INSERT master.dbo.many SELECT value, value * 1000, CONCAT(N'row number ', value), DATEADD(second, value, '2020-01-01'), value / 4.0 FROM GENERATE_SERIES(1, 200000)",
];

type Session = Client<Compat<TcpStream>>;

async fn connect(ready: &Value) -> Session {
    let server = &ready["sqlServers"][0];
    let port = server["port"]
        .as_u64()
        .and_then(|port| u16::try_from(port).ok())
        .expect("a port");
    let mut config = Config::new();
    config.host("127.0.0.1");
    config.port(port);
    config.encryption(EncryptionLevel::NotSupported);
    config.authentication(AuthMethod::sql_server("sa", PASSWORD));
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("the port is open");
    stream.set_nodelay(true).expect("a socket");
    Client::connect(config, stream.compat_write())
        .await
        .expect("a session")
}

/// Runs a batch and counts its rows.
async fn run(client: &mut Session, batch: &str) -> usize {
    let stream = client
        .simple_query(batch)
        .await
        .unwrap_or_else(|error| panic!("{batch}: {error}"));
    let results = stream
        .into_results()
        .await
        .unwrap_or_else(|error| panic!("{batch}: {error}"));
    results.iter().map(Vec::len).sum()
}

/// The median of so many round trips.
async fn times(client: &mut Session, batch: &str, count: usize) -> Duration {
    let mut taken = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        run(client, batch).await;
        taken.push(begun.elapsed());
    }
    median(&mut taken)
}
