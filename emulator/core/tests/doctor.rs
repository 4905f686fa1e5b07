//! The documented preparation, step by step: what `doctor` says after each, and what `explain` says when one is missing.

mod lab;

use expect_test::{Expect, expect};
use lab::{Lab, MASTER, START, Step, UploadTrustCertificate, facts};
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::certificate::{CertificateFacts, PUBLIC_ROOTS, PrivateKey};
use milink_core::command::*;
use milink_core::database::RecoveryModel;
use milink_core::doctor::{Report, Verdict, Wish, examine};
use milink_core::durations::Profile;
use milink_core::endpoint::*;
use milink_core::explain;
use milink_core::fault::Fault;
use milink_core::ids::PrincipalId;
use milink_core::operation::OperationState;
use milink_core::refusal::{LinkRefusal, Refusal};
use milink_core::time::Span;

fn report(lab: &Lab) -> Report {
    let mut reports = examine(&lab.world, &Wish::default()).unwrap();
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

/// A step of the article, and what it does.
type Article = (&'static str, fn(&mut Lab));

const ARTICLE: &[Article] = &[
    ("nothing yet", |_| {}),
    ("create a database in simple recovery", |lab| {
        lab.apply(CreateDatabase {
            instance: lab.sql,
            name: "db1".into(),
            collation: None,
        });
        lab.apply(AlterDatabase {
            instance: lab.sql,
            name: "db1".into(),
            changes: vec![DatabaseChange::Recovery(RecoveryModel::Simple)],
        });
    }),
    ("create the master key", |lab| {
        lab.apply(CreateMasterKey {
            instance: lab.sql,
            database: MASTER,
            password: "p".into(),
        });
    }),
    ("put the database into full recovery", |lab| {
        lab.apply(AlterDatabase {
            instance: lab.sql,
            name: "db1".into(),
            changes: vec![DatabaseChange::Recovery(RecoveryModel::Full)],
        });
    }),
    ("take a copy-only backup", |lab| back_up(lab, true)),
    ("take a full backup", |lab| back_up(lab, false)),
    ("create the certificate of the endpoint", |lab| {
        certificate(
            lab,
            "Cert_sqlserver1_endpoint",
            facts(1),
            PrivateKey::MasterKey,
        );
    }),
    ("create the endpoint, stopped", |lab| {
        lab.apply(CreateEndpoint {
            instance: lab.sql,
            name: "database_mirroring_endpoint".into(),
            owner: PrincipalId(1),
            state: EndpointState::Stopped,
            port: 5022,
            listener_ip: None,
            role: EndpointRole::All,
            authentication: AuthenticationSpec {
                windows: None,
                certificate: Some("Cert_sqlserver1_endpoint".into()),
                windows_first: false,
            },
            encryption: EndpointEncryption::Required(EncryptionAlgorithm::Aes),
        });
    }),
    ("start the endpoint", |lab| {
        lab.apply(AlterEndpoint {
            instance: lab.sql,
            name: "database_mirroring_endpoint".into(),
            state: Some(EndpointState::Started),
            port: None,
            listener_ip: None,
            role: None,
            authentication: None,
            encryption: None,
        });
    }),
    ("upload its certificate to the instance", |lab| {
        lab.apply(UploadTrustCertificate {
            instance: lab.mi,
            name: "Cert_sqlserver1_endpoint".into(),
            facts: facts(1),
        });
    }),
    ("import the instance's certificate", |lab| {
        let fqdn = lab.fqdn.clone();
        certificate(lab, &fqdn, facts(2), PrivateKey::None);
    }),
    ("import a root", |lab| {
        let root = CertificateFacts {
            thumbprint: PUBLIC_ROOTS[0],
            ..facts(3)
        };
        certificate(lab, "MicrosoftPKI", root, PrivateKey::None);
    }),
    ("trust the root", |lab| {
        let master = lab.world.instance(lab.sql).unwrap().master();
        let root = master.content.certificate("MicrosoftPKI").unwrap().id;
        lab.apply(AddCertificateIssuer {
            instance: lab.sql,
            certificate: root,
            dns: "*.database.windows.net".into(),
        });
    }),
    ("create the availability group", |lab| {
        lab.create_group(vec!["db1".into()]);
    }),
    ("create the distributed group with a wrong URL", |lab| {
        lab.create_dag("tcp://sqlmi1:5022;Server=[sqlmi1]");
    }),
    ("create it anew with the right one", |lab| {
        lab.apply(DropAvailabilityGroup {
            instance: lab.sql,
            name: "DAG_db1".into(),
        });
        let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
        lab.create_dag(&url);
    }),
    ("create the link", |lab| {
        lab.create_link();
    }),
    ("wait until it is in step", |lab| {
        lab.settle();
    }),
    ("drop SQL Server's half", |lab| {
        lab.apply(DropAvailabilityGroup {
            instance: lab.sql,
            name: "DAG_db1".into(),
        });
        lab.settle();
    }),
];

fn back_up(lab: &mut Lab, copy_only: bool) {
    lab.apply(Backup {
        instance: lab.sql,
        database: "db1".into(),
        kind: BackupKind::Full,
        copy_only,
        devices: vec![BackupDevice::Disk("/var/opt/mssql/db1.bak".into())],
        name: None,
        description: None,
        compressed: false,
        checksums: false,
        user: "sa".into(),
    });
}

fn certificate(lab: &mut Lab, name: &str, facts: CertificateFacts, private_key: PrivateKey) {
    lab.apply(CreateCertificate {
        instance: lab.sql,
        database: MASTER,
        name: name.into(),
        owner: None,
        facts,
        private_key,
        active_for_begin_dialog: true,
    });
}

#[test]
fn each_step_of_the_article_puts_its_checks_right() {
    let mut lab = Lab::new(Profile::Fast);
    let mut before = std::collections::BTreeMap::new();
    let mut told = String::new();
    for (title, step) in ARTICLE {
        step(&mut lab);
        told.push_str(&format!("{title}\n"));
        for check in report(&lab).checks {
            let new = (check.verdict, check.evidence.clone());
            let old = before.insert(check.id, check.verdict);
            if old != Some(new.0) {
                let (verdict, evidence) = (check.verdict.text(), check.evidence.join("; "));
                told.push_str(&format!("  {verdict:<14} {}: {evidence}\n", check.id));
            }
            assert!(
                check.verdict != Verdict::Fail || !check.remedy.is_empty(),
                "{} fails without a remedy after '{title}'",
                check.id
            );
        }
    }
    expect![[r#"
        nothing yet
          ok             server-version: build 16.0.4125.3, Developer Edition (64-bit)
          ok             hadr: SERVERPROPERTY('IsHadrEnabled') = 1
          fail           master-key: sys.symmetric_keys of master has no row with symmetric_key_id 101
          warn           trace-flags: off: 1800, 9567; a link works without them
          ok             server-name: @@SERVERNAME = 'sqlserver1'
          ok             collation: SQL Server SQL_Latin1_General_CP1_CI_AS, managed instance SQL_Latin1_General_CP1_CI_AS
          unknown        database: no database is named
          unknown        database-eligible: there is no database
          unknown        log-files: there is no database
          unknown        recovery-model: there is no database
          unknown        full-backup: there is no database
          unknown        database-group: there is no database
          unknown        database-encryption: there is no database
          fail           endpoint: sys.database_mirroring_endpoints is empty
          unknown        endpoint-started: SQL Server has no database mirroring endpoint
          unknown        endpoint-address: SQL Server has no database mirroring endpoint
          unknown        endpoint-encryption: SQL Server has no database mirroring endpoint
          unknown        endpoint-authentication: SQL Server has no database mirroring endpoint
          unknown        endpoint-certificate: the endpoint has no certificate
          unknown        certificate-on-instance: SQL Server's endpoint has no certificate
          fail           instance-certificate: the instance's certificate has the thumbprint 0x0202020202020202020202020202020202020202; sys.certificates of master has no 'sqlmi1.0123456789ab.database.windows.net'
          fail           issuer: Microsoft RSA Root Certificate Authority 2017 is not imported; DigiCert Global Root G2 is not imported
          ok             certificate-expiry: the instance's until 2024-11-13T22:13:20Z
          ok             instance-state: state 'Ready'
          ok             update-policy: databaseFormat 'SQLServer2022', SQL Server 16.0.4125.3; databases can come back to SQL Server
          ok             link-limit: 0 of 100 links
          ok             failover-group: it is in none
          unknown        target-database: no database is named
          not-applicable network-security-group: the instance is in no subnet
          ok             network: sqlserver1 to sqlmi1: open, sqlmi1 to sqlserver1: open
          fail           availability-group: SQL Server has none; none of them has 'db1'
          not-applicable create-database: the copy is made on the managed instance
          fail           distributed-group: SQL Server has none; none of them leads to this managed instance
          unknown        listener-url: SQL Server's half of the distributed group is not there
          unknown        link-resource: there is no distributed group to join yet
          ok             faults: none is installed that is about these servers
          not-applicable link-state: there is no link yet
          not-applicable link-connection: there is no link yet
          not-applicable data-movement: there is no link yet
          not-applicable lag: there is no link yet
          unknown        log-held: there is no database
        create a database in simple recovery
          ok             database: 'db1' is database 5 of sqlserver1
          ok             database-eligible: ONLINE, READ_WRITE, MULTI_USER
          ok             log-files: it has one
          fail           recovery-model: recovery_model_desc = SIMPLE
          fail           full-backup: msdb.dbo.backupset has no full backup of 'db1' that is not COPY_ONLY, and 0 that are
          ok             database-group: 'db1' is in no availability group
          ok             database-encryption: encryption_state_desc = NONE
          ok             target-database: databases of sqlmi1: none
          ok             log-held: 0 bytes of log in use
        create the master key
          ok             master-key: ##MS_DatabaseMasterKey## of 2023-11-14T22:13:20Z
        put the database into full recovery
          ok             recovery-model: recovery_model_desc = FULL
        take a copy-only backup
        take a full backup
          ok             full-backup: the last one was at 2023-11-14T22:13:20Z
        create the certificate of the endpoint
        create the endpoint, stopped
          ok             endpoint: 'database_mirroring_endpoint' on port 5022
          fail           endpoint-started: state_desc of 'database_mirroring_endpoint' is Stopped
          ok             endpoint-address: it listens on all addresses, port 5022
          ok             endpoint-encryption: REQUIRED, Aes
          ok             endpoint-authentication: certificate 'Cert_sqlserver1_endpoint'
          ok             endpoint-certificate: 'Cert_sqlserver1_endpoint', thumbprint 0x0101010101010101010101010101010101010101, valid from 2023-11-14T21:13:20Z to 2024-11-13T22:13:20Z
          fail           certificate-on-instance: SQL Server's endpoint shows 'Cert_sqlserver1_endpoint', thumbprint 0x0101010101010101010101010101010101010101; uploaded to the instance: none
        start the endpoint
          ok             endpoint-started: state_desc of 'database_mirroring_endpoint' is Started
        upload its certificate to the instance
          ok             certificate-on-instance: SQL Server's endpoint shows 'Cert_sqlserver1_endpoint', thumbprint 0x0101010101010101010101010101010101010101; it was uploaded as 'Cert_sqlserver1_endpoint'
        import the instance's certificate
          ok             instance-certificate: 'sqlmi1.0123456789ab.database.windows.net', thumbprint 0x0202020202020202020202020202020202020202
        import a root
        trust the root
          ok             issuer: 'MicrosoftPKI' is Microsoft RSA Root Certificate Authority 2017, issuer for *.database.windows.net
        create the availability group
          ok             availability-group: 'AG_db1' has 'db1'
        create the distributed group with a wrong URL
          ok             distributed-group: 'DAG_db1' is on 'AG_db1' (here) and 'AG_db1_MI'; it is PRIMARY here
          fail           listener-url: LISTENER_URL of 'AG_db1_MI' is 'tcp://sqlmi1:5022;Server=[sqlmi1]'; it has to be 'tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1]'
          fail           link-resource: sqlmi1 has no link 'DAG_db1': SQL Server's half is alone, and its log is kept for a partner that is not there
        create it anew with the right one
          ok             listener-url: LISTENER_URL of 'AG_db1_MI' is 'tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1]'
        create the link
          ok             link-resource: link 'DAG_db1' of 2023-11-14T22:13:20Z
          warn           link-state: replicaState 'CreatingLink' since 2023-11-14T22:13:20Z; it is on its way
          unknown        link-connection: they have not tried yet
          ok             data-movement: is_suspended = 0
        wait until it is in step
          not-applicable target-database: the link has copied it
          ok             link-state: replicaState 'LinkSynchronizing' since 2023-11-14T22:13:20.7Z
          ok             link-connection: since 2023-11-14T22:13:20.1Z
          ok             lag: 0 ms behind, 0 bytes to send
        drop SQL Server's half
          fail           distributed-group: expected 'DAG_db1', as the link is named; SQL Server has none
          unknown        listener-url: SQL Server's half of the distributed group is not there
          fail           link-connection: connected_state_desc = DISCONNECTED; the last error was at 2023-11-14T22:13:20.7Z: the partner dropped its half of the link; a handshake now would fail: availability group 'DAG_db1' at endpoint 'TCP://10.0.0.4:5022' is not responding
    "#]].assert_eq(&told);
}

#[test]
fn the_remedies_are_statements_and_commands() {
    let lab = Lab::new(Profile::Fast);
    let mut told = String::new();
    for check in report(&lab).checks {
        for step in check.remedy {
            told.push_str(&format!("{}: {step}\n", check.id));
        }
    }
    expect![[r#"
        master-key: USE master; CREATE MASTER KEY ENCRYPTION BY PASSWORD = '<strong password>';
        trace-flags: add the startup parameters -T1800 and -T9567 and restart SQL Server
        trace-flags: or until the next start: DBCC TRACEON (1800, 9567, -1);
        endpoint: CREATE ENDPOINT database_mirroring_endpoint STATE=STARTED AS TCP (LISTENER_PORT=5022, LISTENER_IP=ALL) FOR DATABASE_MIRRORING (ROLE=ALL, AUTHENTICATION=CERTIFICATE [Cert_sqlserver1_endpoint], ENCRYPTION=REQUIRED ALGORITHM AES);
        instance-certificate: on the managed instance: EXEC sp_get_endpoint_certificate 4;
        instance-certificate: on SQL Server: USE master; CREATE CERTIFICATE [sqlmi1.0123456789ab.database.windows.net] FROM BINARY = 0x<EndpointCertificatePublicKey>;
        issuer: CREATE CERTIFICATE [MicrosoftPKI] FROM FILE = N'<Microsoft RSA Root Certificate Authority 2017 as a .cer file>';
        issuer: DECLARE @CERTID int = CERT_ID('MicrosoftPKI'); EXEC sp_certificate_add_issuer @CERTID, N'*.database.windows.net';
        availability-group: CREATE AVAILABILITY GROUP [AG_db1] WITH (CLUSTER_TYPE = NONE) FOR DATABASE [db1] REPLICA ON N'sqlserver1' WITH (ENDPOINT_URL = 'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC);
        distributed-group: CREATE AVAILABILITY GROUP [DAG_db1] WITH (DISTRIBUTED) AVAILABILITY GROUP ON N'AG_db1' WITH (LISTENER_URL = 'TCP://10.0.0.4:5022', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC, SESSION_TIMEOUT = 20), N'AG_db1_MI' WITH (LISTENER_URL = 'tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1]', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC);
    "#]].assert_eq(&told);
}

/// Brings a laboratory to where something is wrong.
type Prepare = Box<dyn Fn(&mut Lab)>;

/// What is wrong, what ARM's operation fails with, and the words for it.
fn cases() -> Vec<(&'static str, Prepare, Expect)> {
    let without = |step| -> Prepare { Box::new(move |lab| lab.prepare(Some(step))) };
    vec![
        (
            "upload",
            without(Step::UploadCertificate),
            expect![[r#"
                the certificate of SQL Server 'Cert_sqlserver1_endpoint' is not on the managed instance
                  because message 41973: the managed instance does not know the certificate that SQL Server's endpoint shows
                  because The managed instance has the certificate of SQL Server's endpoint: fail: SQL Server's endpoint shows 'Cert_sqlserver1_endpoint', thumbprint 0x0101010101010101010101010101010101010101; uploaded to the instance: none
                  because DistributedAvailabilityGroupsLinkCreate of 'Microsoft.Sql/managedInstances/sqlmi1/distributedAvailabilityGroups/DAG_db1' failed at 2023-11-14T22:13:20.1Z
                  do on SQL Server: USE master; SELECT CERTENCODED(CERT_ID(N'Cert_sqlserver1_endpoint'));
                  do az sql mi partner-cert create -g milink-rg --mi sqlmi1 -n Cert_sqlserver1_endpoint --public-blob 0x…
                  do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
            "#]],
        ),
        (
            "import",
            without(Step::ImportCertificate),
            expect![[r#"
            SQL Server has no certificate named 'sqlmi1.0123456789ab.database.windows.net' with the managed instance's public key
              because message 41974: SQL Server does not know the certificate that the managed instance shows
              because SQL Server has the managed instance's certificate, named like its FQDN: fail: the instance's certificate has the thumbprint 0x0202020202020202020202020202020202020202; sys.certificates of master has no 'sqlmi1.0123456789ab.database.windows.net'
              because DistributedAvailabilityGroupsLinkCreate of 'Microsoft.Sql/managedInstances/sqlmi1/distributedAvailabilityGroups/DAG_db1' failed at 2023-11-14T22:13:20.1Z
              do on the managed instance: EXEC sp_get_endpoint_certificate 4;
              do on SQL Server: USE master; CREATE CERTIFICATE [sqlmi1.0123456789ab.database.windows.net] FROM BINARY = 0x<EndpointCertificatePublicKey>;
              do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        "#]],
        ),
        (
            "roots",
            without(Step::TrustRoots),
            expect![[r#"
            SQL Server does not trust the issuer of the certificate of 'sqlmi1.0123456789ab.database.windows.net'
              because message 41974: the imported certificate is the right one, and SQL Server does not trust who issued it
              because SQL Server trusts the issuer of the managed instance's certificate: fail: 'MicrosoftPKI' is Microsoft RSA Root Certificate Authority 2017, registered as issuer for none; DigiCert Global Root G2 is not imported
              because DistributedAvailabilityGroupsLinkCreate of 'Microsoft.Sql/managedInstances/sqlmi1/distributedAvailabilityGroups/DAG_db1' failed at 2023-11-14T22:13:20.1Z
              do DECLARE @CERTID int = CERT_ID('MicrosoftPKI'); EXEC sp_certificate_add_issuer @CERTID, N'*.database.windows.net';
              do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        "#]],
        ),
        (
            "endpoint",
            without(Step::StartEndpoint),
            expect![[r#"
            replication did not start within 1 minutes
              because message 41962: replication did not start in time, for the reason that was found last
              because The endpoint is started: fail: state_desc of 'database_mirroring_endpoint' is Stopped
              because DistributedAvailabilityGroupsLinkCreate of 'Microsoft.Sql/managedInstances/sqlmi1/distributedAvailabilityGroups/DAG_db1' failed at 2023-11-14T22:13:23.1Z
              do ALTER ENDPOINT [database_mirroring_endpoint] STATE = STARTED;
              do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        "#]],
        ),
        (
            "group",
            without(Step::CreateDag),
            expect![[r#"
                availability group 'DAG_db1' at endpoint 'TCP://10.0.0.4:5022' is not responding
                  because message 41976: the endpoint answers, and has no such availability group, or one with other names
                  because SQL Server has its half of the distributed availability group: fail: expected 'DAG_db1', as the link is named; SQL Server has none
                  because DistributedAvailabilityGroupsLinkCreate of 'Microsoft.Sql/managedInstances/sqlmi1/distributedAvailabilityGroups/DAG_db1' failed at 2023-11-14T22:13:23.1Z
                  do CREATE AVAILABILITY GROUP [DAG_db1] WITH (DISTRIBUTED) AVAILABILITY GROUP ON N'AG_db1' WITH (LISTENER_URL = 'TCP://10.0.0.4:5022', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC, SESSION_TIMEOUT = 20), N'AG_db1_MI' WITH (LISTENER_URL = 'tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1]', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC);
                  do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
            "#]],
        ),
        (
            "wrong name",
            Box::new(|lab| {
                lab.prepare(Some(Step::ImportCertificate));
                certificate(lab, "sqlmi1", facts(2), PrivateKey::None);
            }),
            expect![[r#"
                SQL Server has no certificate named 'sqlmi1.0123456789ab.database.windows.net' with the managed instance's public key
                  because message 41974: SQL Server does not know the certificate that the managed instance shows
                  because SQL Server has the managed instance's certificate, named like its FQDN: fail: the instance's certificate has the thumbprint 0x0202020202020202020202020202020202020202; it was imported as 'sqlmi1'; the name has to be 'sqlmi1.0123456789ab.database.windows.net'
                  because DistributedAvailabilityGroupsLinkCreate of 'Microsoft.Sql/managedInstances/sqlmi1/distributedAvailabilityGroups/DAG_db1' failed at 2023-11-14T22:13:20.1Z
                  do DROP CERTIFICATE [sqlmi1];
                  do on the managed instance: EXEC sp_get_endpoint_certificate 4;
                  do on SQL Server: USE master; CREATE CERTIFICATE [sqlmi1.0123456789ab.database.windows.net] FROM BINARY = 0x<EndpointCertificatePublicKey>;
                  do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
            "#]],
        ),
        (
            "expired",
            Box::new(|lab| {
                lab.prepare(None);
                lab.world.advance_to(START + Span::minutes(60 * 24 * 400));
            }),
            expect![[r#"
                the certificate 'Cert_sqlserver1_endpoint' of SQL Server is expired or not yet valid
                  because message 28035: the certificate is only looked at in a handshake, so that a connection that stood went on
                  because The endpoint's certificate is valid now: fail: 'Cert_sqlserver1_endpoint', thumbprint 0x0101010101010101010101010101010101010101, valid from 2023-11-14T21:13:20Z to 2024-11-13T22:13:20Z; it is 2024-12-18T22:13:20.1Z now
                  because DistributedAvailabilityGroupsLinkCreate of 'Microsoft.Sql/managedInstances/sqlmi1/distributedAvailabilityGroups/DAG_db1' failed at 2024-12-18T22:13:20.1Z
                  do CREATE CERTIFICATE [<new>] WITH SUBJECT = N'<new>', EXPIRY_DATE = N'<later>';
                  do upload its public key: az sql mi partner-cert create -g milink-rg --mi sqlmi1 -n <new> --public-blob 0x…
                  do ALTER ENDPOINT [database_mirroring_endpoint] FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE [<new>]);
                  do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
            "#]],
        ),
    ]
}

#[test]
fn a_link_that_fails_says_which_fact_it_failed_for() {
    for (title, prepare, expected) in cases() {
        let mut lab = Lab::new(Profile::Fast);
        prepare(&mut lab);
        let operation = lab.create_link();
        lab.settle();
        let failed = matches!(lab.outcome(operation), OperationState::Failed { .. });
        assert!(failed, "{title} is no reason to fail");
        let explained = explain::operation(&lab.world, operation).unwrap();
        expected.assert_eq(&format!(
            "{}\n  because {}\n  do {}\n",
            explained.reason,
            explained.facts.join("\n  because "),
            explained.remedy.join("\n  do ")
        ));
    }
}

#[test]
fn a_refusal_is_explained_by_what_is_there() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_link();
    lab.settle();
    let refused: Refusal = LinkRefusal::NotFound {
        name: "DAG".to_owned(),
    }
    .into();
    let explained = explain::refusal(&lab.world, &refused);
    expect![[r#"
        Explanation {
            reason: "link 'DAG' was not found",
            facts: [
                "link 'DAG_db1' replicates 'db1' with the groups 'AG_db1_MI' (instance) and 'AG_db1' (partner)",
            ],
            remedy: [
                "name a link that is there",
            ],
        }"#]].assert_eq(&format!("{explained:#?}"));
}

#[test]
fn faults_at_work_are_told_with_what_ends_them() {
    let mut lab = Lab::linked(Profile::Fast);
    let faults = |lab: &Lab| {
        let check = report(lab).checks.into_iter().find(|it| it.id == "faults");
        check.expect("it is among the checks")
    };
    assert_eq!(faults(&lab).verdict, Verdict::Ok);
    let install = |lab: &mut Lab, point: &str, instance: &str| {
        let fault = Fault::named(point).unwrap().on(instance);
        let now = lab.world.now();
        lab.world.install_fault(now, fault).unwrap();
    };
    install(&mut lab, "network.partition", "somebody-else");
    assert_eq!(faults(&lab).verdict, Verdict::Ok, "it is about others");
    install(&mut lab, "certificate.expired", "sqlmi1");
    assert_eq!(faults(&lab).verdict, Verdict::Warn, "it has not shown yet");
    install(&mut lab, "network.partition", "sqlmi1");
    let found = faults(&lab);
    assert_eq!(found.verdict, Verdict::Fail);
    assert_eq!(found.evidence.len(), 2);
    assert!(
        found.evidence[1].contains("network.partition")
            && found.evidence[1].contains("bitten 1 times"),
        "{:?}",
        found.evidence
    );
    assert!(found.remedy.contains(&"milink fault remove 3".to_owned()));
    lab.world.clear_faults(lab.world.now());
    assert_eq!(faults(&lab).verdict, Verdict::Ok);
}
