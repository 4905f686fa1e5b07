//! Every documented way in which a link is not made, or comes to a stand (`link-lifecycle.md` sections 4.4 and 4.5): what is
//! told of it names the cause and what puts it right.

mod lab;

use expect_test::expect;
use lab::{Lab, Step};
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::endpoint::*;
use milink_core::explain::{self, Explanation};
use milink_core::fault::Fault;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::refusal::Refusal;
use milink_core::store::FileSize;
use milink_core::time::Span;
use milink_core::version::Build;
use milink_core::version::UpdatePolicy;

/// What to do so that something is wrong, and what tells of it.
struct Case {
    title: &'static str,
    told: fn() -> Explanation,
}

fn prepared() -> Lab {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab
}

fn linked() -> Lab {
    Lab::linked(Profile::Azure)
}

fn minutes(lab: &mut Lab, count: i64) {
    let end = lab.world.now() + Span::minutes(count);
    lab.world.advance_to(end);
}

fn install(lab: &mut Lab, fault: &str) {
    let mut words = fault.split(' ');
    let fault = Fault::of_words(words.next().expect("a point"), words).expect("a fault");
    let now = lab.world.now();
    lab.world.install_fault(now, fault).expect("it fits");
}

/// What the one link that is not well is told to have.
fn ailing(lab: &Lab) -> Explanation {
    let mut all = explain::ailing(&lab.world);
    assert_eq!(all.len(), 1, "one link is not well");
    all.remove(0).explanation
}

/// A creation that fails: its operation, if that still runs, and the link that is left tell the same.
fn fails(mut lab: Lab) -> Explanation {
    let operation = lab.create_link();
    minutes(&mut lab, 60 * 24 * 7);
    let left = ailing(&lab);
    if let Some(told) = explain::operation(&lab.world, operation) {
        assert_eq!(left.reason, told.reason);
    }
    left
}

fn without(step: Step) -> Explanation {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(Some(step));
    fails(lab)
}

fn refused(lab: &mut Lab, request: impl milink_core::command::Request) -> Explanation {
    let now = lab.world.now();
    let Err(refusal) = lab.world.apply(now, request) else {
        panic!("it is accepted");
    };
    let refusal: Refusal = refusal;
    explain::refusal(&lab.world, &refusal)
}

fn add_log_file(lab: &mut Lab) {
    let file = NewFile {
        name: "log2".into(),
        path: "C:\\log2.ldf".into(),
        size: FileSize::default(),
    };
    lab.apply(AlterDatabase {
        instance: lab.sql,
        name: "db1".into(),
        changes: vec![DatabaseChange::AddLogFile(file)],
    });
}

/// The endpoint stops and starts, so that the partners shake hands anew.
fn shake_hands(lab: &mut Lab) {
    lab.turn_endpoint(EndpointState::Stopped);
    minutes(lab, 1);
    lab.turn_endpoint(EndpointState::Started);
    minutes(lab, 2);
}

const CASES: &[Case] = &[
    Case {
        title: "41962: replication did not start in time",
        told: || without(Step::StartEndpoint),
    },
    Case {
        title: "41973: SQL Server's certificate is not on the instance",
        told: || without(Step::UploadCertificate),
    },
    Case {
        title: "41974: the instance's certificate is not on SQL Server",
        told: || without(Step::ImportCertificate),
    },
    Case {
        title: "41976: the group is missing or named otherwise",
        told: || without(Step::CreateDag),
    },
    Case {
        title: "41986: nothing answers",
        told: || {
            let mut lab = prepared();
            lab::create_link_at(&mut lab, "TCP://10.9.9.9:5022");
            minutes(&mut lab, 10);
            ailing(&lab)
        },
    },
    Case {
        title: "47521: the secondary could not be built",
        told: || {
            let mut lab = prepared();
            install(&mut lab, "seeding.cancelled");
            fails(lab)
        },
    },
    Case {
        title: "41977: the database does not answer",
        told: || {
            let mut lab = prepared();
            lab.apply(CreateLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
                spec: LinkSpec {
                    database: Name::new("db2"),
                    ..Lab::spec()
                },
            });
            minutes(&mut lab, 10);
            ailing(&lab)
        },
    },
    Case {
        title: "1408, 1412: the log was truncated while it was seeded",
        told: || {
            let mut lab = prepared();
            install(&mut lab, "log.truncated-while-seeding");
            fails(lab)
        },
    },
    Case {
        title: "41987: the instance's group is another link's",
        told: || {
            let mut lab = linked();
            let create = CreateLink {
                instance: lab.mi,
                name: "DAG_other".into(),
                spec: LinkSpec {
                    database: Name::new("db2"),
                    ..Lab::spec()
                },
            };
            refused(&mut lab, create)
        },
    },
    Case {
        title: "41982: the instance is in a failover group",
        told: || {
            let mut lab = prepared();
            install(&mut lab, "instance.in-failover-group");
            let create = CreateLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
                spec: Lab::spec(),
            };
            refused(&mut lab, create)
        },
    },
    Case {
        title: "41972: the modes of the sides do not match",
        told: || {
            let mut lab = Lab::new(Profile::Azure);
            lab.set_versions(Build::SQL_2022_CU27, UpdatePolicy::SqlServer2022);
            lab.prepare(Some(Step::CreateDag));
            lab.apply(SetMultiDatabaseLinks {
                instance: lab.sql,
                several: true,
            });
            let fqdn = lab.world.instance(lab.mi).unwrap().server_name();
            lab.create_dag(&format!("tcp://{fqdn}:5022;Server=[sqlmi1]"));
            fails(lab)
        },
    },
    Case {
        title: "41948: the database has several log files",
        told: || {
            let mut lab = prepared();
            add_log_file(&mut lab);
            fails(lab)
        },
    },
    Case {
        title: "41979: the instance's database is encrypted with the service's own key",
        told: || {
            let mut lab = prepared();
            lab.apply(CreateDatabase {
                instance: lab.mi,
                name: "db2".into(),
                collation: None,
            });
            lab.apply(AlterDatabase {
                instance: lab.mi,
                name: "db2".into(),
                changes: vec![DatabaseChange::Encryption(true)],
            });
            let create = CreateLink {
                instance: lab.mi,
                name: "DAG_db2".into(),
                spec: LinkSpec {
                    instance_group: "AG_db2_MI".into(),
                    database: Name::new("db2"),
                    instance_role: LinkRole::Primary,
                    ..Lab::spec()
                },
            };
            refused(&mut lab, create)
        },
    },
    Case {
        title: "41998: the endpoint is not encrypted",
        told: || {
            let mut lab = prepared();
            lab.apply(AlterEndpoint {
                instance: lab.sql,
                name: "database_mirroring_endpoint".into(),
                state: None,
                port: None,
                listener_ip: None,
                role: None,
                authentication: None,
                encryption: Some(EndpointEncryption::Disabled),
            });
            fails(lab)
        },
    },
    Case {
        title: "41971: the partner is unreachable",
        told: || {
            let mut lab = linked();
            install(&mut lab, "network.partition");
            minutes(&mut lab, 2);
            ailing(&lab)
        },
    },
    Case {
        title: "unreachable while it is seeded",
        told: || {
            let mut lab = prepared();
            install(&mut lab, "seeding.fails");
            lab.create_link();
            minutes(&mut lab, 3);
            ailing(&lab)
        },
    },
    Case {
        title: "the endpoint is stopped",
        told: || {
            let mut lab = linked();
            lab.turn_endpoint(EndpointState::Stopped);
            minutes(&mut lab, 1);
            ailing(&lab)
        },
    },
    Case {
        title: "the certificate has expired",
        told: || {
            let mut lab = linked();
            minutes(&mut lab, 60 * 24 * 400);
            shake_hands(&mut lab);
            ailing(&lab)
        },
    },
    Case {
        title: "the certificate is about to expire",
        told: || {
            let mut lab = linked();
            minutes(&mut lab, 60 * 24 * 350);
            ailing(&lab)
        },
    },
    Case {
        title: "the certificate is not known",
        told: || {
            let mut lab = linked();
            install(&mut lab, "certificate.unknown");
            shake_hands(&mut lab);
            ailing(&lab)
        },
    },
    Case {
        title: "the secondary is behind",
        told: || {
            let mut lab = linked();
            install(&mut lab, "replication.redo-lag delay=10m");
            lab.insert(lab.sql, 1).expect("it is written");
            minutes(&mut lab, 5);
            ailing(&lab)
        },
    },
    Case {
        title: "9002: the log is full",
        told: || {
            let mut lab = linked();
            install(&mut lab, "log.full database=db1");
            lab.insert(lab.sql, 1).expect_err("it is full");
            explain::sql_error(&lab.world, lab.sql, 9002, "The transaction log is full.")
        },
    },
    Case {
        title: "35264: data movement is suspended",
        told: || {
            let mut lab = linked();
            install(&mut lab, "replication.suspended-user");
            lab.insert(lab.sql, 1).expect("it is written");
            minutes(&mut lab, 1);
            ailing(&lab)
        },
    },
    Case {
        title: "47508: a feature that an instance lacks is refused",
        told: || {
            let lab = linked();
            explain::sql_error(
                &lab.world,
                lab.sql,
                47508,
                "Adding multiple log files is not supported.",
            )
        },
    },
    Case {
        title: "SQL Server 2016 is not stopped from it, and the link breaks",
        told: || {
            let mut lab = Lab::new(Profile::Azure);
            lab.set_versions(Build::SQL_2016, UpdatePolicy::SqlServer2022);
            lab.prepare(None);
            lab.apply(CreateLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
                spec: LinkSpec {
                    failover_mode: LinkFailoverMode::None,
                    ..Lab::spec()
                },
            });
            minutes(&mut lab, 10);
            add_log_file(&mut lab);
            minutes(&mut lab, 1);
            ailing(&lab)
        },
    },
    Case {
        title: "the service is restarting",
        told: || {
            let mut lab = linked();
            lab.apply(StopServer { instance: lab.sql });
            minutes(&mut lab, 1);
            ailing(&lab)
        },
    },
    Case {
        title: "both sides are primary after a forced failover",
        told: || {
            let mut lab = linked();
            lab.fail_over(FailoverKind::ForcedAllowDataLoss)
                .expect("it is forced");
            minutes(&mut lab, 1);
            ailing(&lab)
        },
    },
    Case {
        title: "SQL Server's half was dropped",
        told: || {
            let mut lab = linked();
            lab.apply(DropAvailabilityGroup {
                instance: lab.sql,
                name: "DAG_db1".into(),
            });
            minutes(&mut lab, 1);
            ailing(&lab)
        },
    },
];

#[test]
fn each_documented_failure_names_its_cause_and_its_remedy() {
    let mut told = String::new();
    for case in CASES {
        let Explanation {
            reason,
            facts,
            remedy,
        } = (case.told)();
        assert!(!reason.is_empty() && !facts.is_empty(), "{}", case.title);
        assert!(!remedy.is_empty(), "{} has no remedy", case.title);
        let (facts, remedy) = (facts.join("\n    because "), remedy.join("\n    do "));
        told.push_str(&format!(
            "{}\n  {reason}\n    because {facts}\n    do {remedy}\n",
            case.title
        ));
    }
    expect![[r#"
        41962: replication did not start in time
          replication did not start within 5 minutes
            because message 41962: replication did not start in time, for the reason that was found last
            because The endpoint is started: fail: state_desc of 'database_mirroring_endpoint' is Stopped
            do ALTER ENDPOINT [database_mirroring_endpoint] STATE = STARTED;
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        41973: SQL Server's certificate is not on the instance
          the certificate of SQL Server 'Cert_sqlserver1_endpoint' is not on the managed instance
            because message 41973: the managed instance does not know the certificate that SQL Server's endpoint shows
            because The managed instance has the certificate of SQL Server's endpoint: fail: SQL Server's endpoint shows 'Cert_sqlserver1_endpoint', thumbprint 0x0101010101010101010101010101010101010101; uploaded to the instance: none
            do on SQL Server: USE master; SELECT CERTENCODED(CERT_ID(N'Cert_sqlserver1_endpoint'));
            do az sql mi partner-cert create -g milink-rg --mi sqlmi1 -n Cert_sqlserver1_endpoint --public-blob 0x…
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        41974: the instance's certificate is not on SQL Server
          SQL Server has no certificate named 'sqlmi1.0123456789ab.database.windows.net' with the managed instance's public key
            because message 41974: SQL Server does not know the certificate that the managed instance shows
            because SQL Server has the managed instance's certificate, named like its FQDN: fail: the instance's certificate has the thumbprint 0x0202020202020202020202020202020202020202; sys.certificates of master has no 'sqlmi1.0123456789ab.database.windows.net'
            do on the managed instance: EXEC sp_get_endpoint_certificate 4;
            do on SQL Server: USE master; CREATE CERTIFICATE [sqlmi1.0123456789ab.database.windows.net] FROM BINARY = 0x<EndpointCertificatePublicKey>;
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        41976: the group is missing or named otherwise
          availability group 'DAG_db1' at endpoint 'TCP://10.0.0.4:5022' is not responding
            because message 41976: the endpoint answers, and has no such availability group, or one with other names
            because SQL Server has its half of the distributed availability group: fail: expected 'DAG_db1', as the link is named; SQL Server has none
            do CREATE AVAILABILITY GROUP [DAG_db1] WITH (DISTRIBUTED) AVAILABILITY GROUP ON N'AG_db1' WITH (LISTENER_URL = 'TCP://10.0.0.4:5022', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC, SESSION_TIMEOUT = 20), N'AG_db1_MI' WITH (LISTENER_URL = 'tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1]', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC);
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        41986: nothing answers
          replication did not start within 5 minutes
            because message 41962: replication did not start in time, for the reason that was found last
            because The endpoint listens where the partner looks for it: fail: the partner endpoint is 'TCP://10.9.9.9:5022'; the SQL Servers are sqlserver1 at 10.0.0.4
            do delete link 'DAG_db1' and create it with the address and the mirroring port of SQL Server
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        47521: the secondary could not be built
          seeding of database 'db1' was cancelled
            because the copy was cancelled, and the half-made database is gone
            because The link is made: fail: replicaState 'LinkCreationError' since 2023-11-14T22:16:15Z; seeding of database 'db1' was cancelled
            because fault 1 since 2023-11-14T22:13:20Z: seeding.cancelled: A seeding run is cancelled at its end: the link is not made. It has bitten 1 times
            do put right what failed above, and create the link again:
            do az sql mi link delete -g milink-rg --mi sqlmi1 -n DAG_db1 -y
            do az sql mi link create -g milink-rg --mi sqlmi1 -n DAG_db1 --instance-ag-name AG_db1_MI --partner-ag-name AG_db1 --partner-endpoint TCP://10.0.0.4:5022 --instance-link-role Secondary --databases "[{database-name:db1}]"
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
            do milink fault remove 1
            do Remove the fault, delete the link and create it again.
        41977: the database does not answer
          the target database does not answer
            because message 41977: the partners are connected, and the database is not where it should be
            because The database is there: fail: sqlserver1 has no database 'db2'; it has 'db1'
            because SQL Server has the link's availability group: fail: 'AG_db1' has the databases 'db1', and not 'db2'
            do CREATE DATABASE [db2];
            do ALTER AVAILABILITY GROUP [AG_db1] ADD DATABASE [db2];
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        1408, 1412: the log was truncated while it was seeded
          the log of database 'db1' does not reach back to the point that both sides have
            because message 1412: without the common part of the log only a new copy brings the sides together
            because The link is made: fail: replicaState 'LinkCreationError' since 2023-11-14T22:16:15Z; the log of database 'db1' does not reach back to the point that both sides have
            because fault 1 since 2023-11-14T22:13:20Z: log.truncated-while-seeding: When the copy is complete, the primary no longer has the log that was written meanwhile (1408, 1412). It has bitten 1 times
            do put right what failed above, and create the link again:
            do az sql mi link delete -g milink-rg --mi sqlmi1 -n DAG_db1 -y
            do az sql mi link create -g milink-rg --mi sqlmi1 -n DAG_db1 --instance-ag-name AG_db1_MI --partner-ag-name AG_db1 --partner-endpoint TCP://10.0.0.4:5022 --instance-link-role Secondary --databases "[{database-name:db1}]"
            do delete the link, drop the other half, and create it again
            do milink fault remove 1
            do Remove the fault, delete the link and create it again: the documentation says it must be recreated.
        41987: the instance's group is another link's
          availability group 'AG_db1_MI' is used by another link of the instance
            because link 'DAG_db1' replicates 'db1' with the groups 'AG_db1_MI' (instance) and 'AG_db1' (partner)
            do use names that no link has, or delete the link that has them
        41982: the instance is in a failover group
          managed instance 'sqlmi1' is in a failover group, and can have no links
            because message 41982: an instance has links or is in a failover group, and not both
            because The managed instance is in no failover group: fail: 'sqlmi1' is in one
            because No fault on request is at work: fail: fault 1 since 2023-11-14T22:13:20Z: instance.in-failover-group: The managed instance counts as a member of a failover group: no link can be begun on it (41982). It has bitten 1 times
            do take the instance out of its failover group, or link another one
            do milink fault remove 1
            do Remove the fault, as if the failover group had been deleted, and create the link again.
        41972: the modes of the sides do not match
          SQL Server is in multiple-database link mode, and the link is not
            because message 41972: links of one SQL Server have one database each, or several each (sp_multidb_milink)
            because SQL Server's version and edition can have a link: fail: build 16.0.4290.1, Developer Edition (64-bit); SQL Server is in the other mode: its links have one database each, or several
            do remove all its links, EXEC sys.sp_multidb_milink 0; and create them again
            do remove all links, EXEC sys.sp_multidb_milink 0 or 1, and create them again in that mode
        41948: the database has several log files
          database 'db1' has several log files
            because message 41948: a database of a managed instance has one log file, so that a second one cannot be replicated; SQL Server 2016 lets a linked database have it, and the link breaks
            because The database has one log file: fail: besides the first one it has log2
            because The link is made: fail: replicaState 'LinkInitError' since 2023-11-14T22:14:05Z; database 'db1' has several log files
            do ALTER DATABASE [db1] REMOVE FILE [log2];
            do put right what failed above, and create the link again:
            do az sql mi link delete -g milink-rg --mi sqlmi1 -n DAG_db1 -y
            do az sql mi link create -g milink-rg --mi sqlmi1 -n DAG_db1 --instance-ag-name AG_db1_MI --partner-ag-name AG_db1 --partner-endpoint TCP://10.0.0.4:5022 --instance-link-role Secondary --databases "[{database-name:db1}]"
            do a link that was never in step is asked for again then; one that has broken is deleted, with its copy and SQL Server's half, and created again
        41979: the instance's database is encrypted with the service's own key
          database 'db2' is encrypted with the service-managed key, which cannot leave the instance
            because message 41979: the service-managed key never leaves a managed instance, so that no SQL Server could open the copy
            do ALTER DATABASE [db2] SET ENCRYPTION OFF; and wait until encryption_state of sys.dm_database_encryption_keys is 1
            do or protect the instance's databases with a customer-managed key: az sql mi tde-key set --server-key-type AzureKeyVault --kid <key>
        41998: the endpoint is not encrypted
          the endpoint at 'TCP://10.0.0.4:5022' does not encrypt with AES
            because message 41998: a link has to be encrypted, with AES
            because The endpoint encrypts with AES: fail: ENCRYPTION = DISABLED
            do ALTER ENDPOINT [database_mirroring_endpoint] FOR DATABASE_MIRRORING (ENCRYPTION = REQUIRED ALGORITHM AES);
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        41971: the partner is unreachable
          nothing answers at 'TCP://10.0.0.4:5022'
            because message 41986: the connection failed, or nothing answered for long; no SQL Server of this address answers
            because Each side reaches the other's mirroring ports: fail: sqlserver1 to sqlmi1: nothing answers, sqlmi1 to sqlserver1: nothing answers
            because fault 1 since 2023-11-14T22:17:05Z: network.partition: Nothing comes through between the partners, either way; as failAs, connections are refused at once. It has bitten 1 times
            do let both sides reach each other's port 5022: check firewalls, routes and name resolution
            do from SQL Server: Test-NetConnection sqlmi1.0123456789ab.database.windows.net -Port 5022
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
            do milink fault remove 1
            do Remove the fault: the partners reconnect by themselves (35202, 35266), and what was committed meanwhile is sent; seeding starts anew.
        unreachable while it is seeded
          seeding has failed: seeding of database 'db1' failed
            because sys.dm_hadr_automatic_seeding: 1 attempts, the last one failed: seeding of database 'db1' failed; it starts anew by itself
            because fault 1 since 2023-11-14T22:13:20Z: seeding.fails: A seeding run fails at its end and starts anew. It has bitten 1 times
            do milink fault remove 1
            do Remove the fault, or give it 'times': the next attempt succeeds.
        the endpoint is stopped
          the database mirroring endpoint at 'TCP://10.0.0.4:5022' is not started
            because message 35250: the machine is there, and no started mirroring endpoint listens at this port
            because The endpoint is started: fail: state_desc of 'database_mirroring_endpoint' is Stopped
            do ALTER ENDPOINT [database_mirroring_endpoint] STATE = STARTED;
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        the certificate has expired
          the certificate 'Cert_sqlserver1_endpoint' of SQL Server is expired or not yet valid
            because message 28035: the certificate is only looked at in a handshake, so that a connection that stood went on
            because The endpoint's certificate is valid now: fail: 'Cert_sqlserver1_endpoint', thumbprint 0x0101010101010101010101010101010101010101, valid from 2023-11-14T21:13:20Z to 2024-11-13T22:13:20Z; it is 2024-12-18T22:20:05Z now
            do CREATE CERTIFICATE [<new>] WITH SUBJECT = N'<new>', EXPIRY_DATE = N'<later>';
            do upload its public key: az sql mi partner-cert create -g milink-rg --mi sqlmi1 -n <new> --public-blob 0x…
            do ALTER ENDPOINT [database_mirroring_endpoint] FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE [<new>]);
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
        the certificate is about to expire
          a certificate will expire; the next handshake after that fails
            because No certificate of the link expires soon: warn: SQL Server's 'Cert_sqlserver1_endpoint' until 2024-11-13T22:13:20Z, the instance's until 2024-11-13T22:13:20Z
            do create a new certificate, upload it to the instance, and only then ALTER ENDPOINT … AUTHENTICATION = CERTIFICATE
        the certificate is not known
          the certificate of SQL Server 'Cert_sqlserver1_endpoint' is not on the managed instance
            because message 41973: the managed instance does not know the certificate that SQL Server's endpoint shows
            because The managed instance has the certificate of SQL Server's endpoint: ok: SQL Server's endpoint shows 'Cert_sqlserver1_endpoint', thumbprint 0x0101010101010101010101010101010101010101; it was uploaded as 'Cert_sqlserver1_endpoint'
            because fault 1 since 2023-11-14T22:17:05Z: certificate.unknown: The managed instance does not know SQL Server's endpoint certificate (41973). It has bitten 1 times
            do a link that has failed stays as it is: delete it and create it again, or PUT it again; a connection that was lost comes back by itself
            do milink fault remove 1
            do Remove the fault, as if the certificate had been rotated; a link that has failed is asked for again.
        the secondary is behind
          the secondary is far behind; synchronous commits wait for it
            because The secondary is not far behind: warn: 0 ms behind, 0 bytes to send; redo 5 min 0 s behind, 304 bytes
            because fault 1 since 2023-11-14T22:17:05Z: replication.redo-lag: The secondary redoes what it has hardened this much later. It has bitten 1 times
            do see that the partners are connected and data movement goes on
            do milink fault remove 1
            do Remove the fault: the queue is redone.
        9002: the log is full
          The transaction log is full.
            because No fault on request is at work: fail: fault 1 since 2023-11-14T22:17:05Z: log.full: A write to the database fails with 9002: the transaction log is full. It has bitten 1 times
            do milink fault remove 1
            do Remove the fault, as if space had been made; writers try again.
            do free the log: BACKUP LOG once the secondary has caught up, or drop what holds it
        35264: data movement is suspended
          data movement is suspended (message 35264)
            because Data movement is not suspended: fail: suspended on the secondary: User
            because fault 1 since 2023-11-14T22:17:05Z: replication.suspended-user: Somebody has suspended the secondary database (SUSPEND_FROM_USER). It has bitten 1 times
            do ALTER DATABASE [db1] SET HADR RESUME;
            do milink fault remove 1
            do Remove the fault; on SQL Server, ALTER DATABASE … SET HADR RESUME; a managed instance resumes by itself.
        47508: a feature that an instance lacks is refused
          Adding multiple log files is not supported.
            because link 'DAG_db1' replicates 'db1' to a managed instance, which cannot have it
            do leave it out, or delete the link first
        SQL Server 2016 is not stopped from it, and the link breaks
          database 'db1' has several log files
            because message 41948: a database of a managed instance has one log file, so that a second one cannot be replicated; SQL Server 2016 lets a linked database have it, and the link breaks
            because The database has one log file: fail: besides the first one it has log2
            because The link is made: fail: replicaState 'LinkCreationError' since 2023-11-14T22:23:20.005Z; database 'db1' has several log files
            do ALTER DATABASE [db1] REMOVE FILE [log2];
            do put right what failed above, and create the link again:
            do az sql mi link delete -g milink-rg --mi sqlmi1 -n DAG_db1 -y
            do az sql mi link create -g milink-rg --mi sqlmi1 -n DAG_db1 --instance-ag-name AG_db1_MI --partner-ag-name AG_db1 --partner-endpoint TCP://10.0.0.4:5022 --instance-link-role Secondary --databases "[{database-name:db1}]"
            do a link that was never in step is asked for again then; one that has broken is deleted, with its copy and SQL Server's half, and created again
        the service is restarting
          SQL Server 'sqlserver1' is stopped
            because the partners connect by themselves when it runs again; its role is kept
            do milink server start sqlserver1
        both sides are primary after a forced failover
          a forced failover has split the sides: both are primary
            because The link is made: fail: replicaState 'LinkSynchronizing' since 2023-11-14T22:17:05Z; a forced failover has split the sides: both are primary
            do back up the side whose data is to be lost
            do there: ALTER AVAILABILITY GROUP [DAG_db1] SET (ROLE = SECONDARY);
        SQL Server's half was dropped
          the partner dropped its half of the link
            because one half of the link is gone; the other one is an orphan that holds its log until it is dropped
            because SQL Server has its half of the distributed availability group: fail: expected 'DAG_db1', as the link is named; SQL Server has none
            do CREATE AVAILABILITY GROUP [DAG_db1] WITH (DISTRIBUTED) AVAILABILITY GROUP ON N'AG_db1' WITH (LISTENER_URL = 'TCP://10.0.0.4:5022', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC, SESSION_TIMEOUT = 20), N'AG_db1_MI' WITH (LISTENER_URL = 'tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1]', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC);
            do delete the link, drop the other half, and create it again
    "#]].assert_eq(&told);
}

#[test]
fn a_link_that_is_well_has_nothing_to_explain() {
    for lab in [linked(), prepared(), Lab::linked(Profile::Fast)] {
        assert_eq!(explain::ailing(&lab.world), []);
    }
    let mut lab = prepared();
    lab.create_link();
    while let Some(due) = lab.world.next_due() {
        assert_eq!(explain::ailing(&lab.world), [], "on its way at {due}");
        lab.world.advance_to(due);
        if lab.status().replica_state == "LinkSynchronizing" {
            break;
        }
    }
}
