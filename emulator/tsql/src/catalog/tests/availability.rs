//! What the catalog shows of availability groups and links, on both sides.

use expect_test::{Expect, expect};
use milink_core::availability_group::AvailabilityMode;
use milink_core::command::{AlterAvailabilityGroup, AlterEndpoint, GroupAction, MemberChange};
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::link::{Phase, ReplicationMode, UpdateLink};
use milink_core::names::Name;

use super::lab::{Lab, Step};
use super::{read_everything, show};

fn check(actual: String, expected: Expect) {
    expected.assert_eq(&actual);
}

/// The query of the article that says whether the partners are connected.
const CONNECTION: &[&str] = &[
    "is_local",
    "role_desc",
    "operational_state_desc",
    "connected_state_desc",
    "synchronization_health_desc",
    "last_connect_error_number",
];
const DATABASES: &[&str] = &[
    "is_local",
    "is_primary_replica",
    "synchronization_state_desc",
    "synchronization_health_desc",
    "database_state_desc",
    "last_hardened_lsn",
    "log_send_queue_size",
];

#[test]
fn a_prepared_server_shows_what_the_article_looks_at() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    let show = |database, view, columns| show(&lab.world, lab.sql, database, view, columns);
    check(
        show(
            "master",
            "symmetric_keys",
            &["name", "symmetric_key_id", "algorithm_desc"],
        ),
        expect![[r#"
            ##MS_DatabaseMasterKey## | 101 | AES_256
            ##MS_ServiceMasterKey## | 102 | AES_256
        "#]],
    );
    let columns = [
        "name",
        "certificate_id",
        "pvt_key_encryption_type",
        "subject",
        "key_length",
    ];
    check(
        show("master", "certificates", &columns),
        expect![[r#"
        Cert_sqlserver1_endpoint | 256 | MK | certificate 1 | 2048
        sqlmi1.0123456789ab.database.windows.net | 257 | NA | certificate 2 | 2048
        MicrosoftPKI | 258 | NA | certificate 3 | 2048
    "#]],
    );
    let columns = [
        "name",
        "type_desc",
        "state_desc",
        "role_desc",
        "connection_auth_desc",
        "is_encryption_enabled",
        "encryption_algorithm_desc",
    ];
    check(
        show("master", "database_mirroring_endpoints", &columns),
        expect![[r#"
            database_mirroring_endpoint | DATABASE_MIRRORING | STARTED | ALL | CERTIFICATE | 1 | AES
        "#]],
    );
    let columns = [
        "name",
        "is_distributed",
        "cluster_type_desc",
        "failure_condition_level",
    ];
    check(
        show("master", "availability_groups", &columns),
        expect![[r#"
        AG_db1 | 0 | NONE | 3
        DAG_db1 | 1 | NULL | NULL
    "#]],
    );
    let columns = [
        "replica_server_name",
        "endpoint_url",
        "availability_mode_desc",
        "session_timeout",
    ];
    check(
        show("master", "availability_replicas", &columns),
        expect![[r#"
        sqlserver1 | TCP://10.0.0.4:5022 | SYNCHRONOUS_COMMIT | 10
        AG_db1 | TCP://10.0.0.4:5022 | ASYNCHRONOUS_COMMIT | 20
        AG_db1_MI | tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1] | ASYNCHRONOUS_COMMIT | 20
    "#]],
    );
    let columns = [
        "name",
        "state_desc",
        "recovery_model_desc",
        "log_reuse_wait_desc",
    ];
    check(
        show("master", "databases", &columns),
        expect![[r#"
        master | ONLINE | SIMPLE | NOTHING
        tempdb | ONLINE | SIMPLE | NOTHING
        model | ONLINE | FULL | NOTHING
        msdb | ONLINE | SIMPLE | NOTHING
        db1 | ONLINE | FULL | LOG_BACKUP
    "#]],
    );
    check(
        show(
            "msdb",
            "backupset",
            &["database_name", "type", "is_copy_only", "server_name"],
        ),
        expect![[r#"
            db1 | D | 0 | sqlserver1
        "#]],
    );
    check(
        show("master", "dm_hadr_availability_replica_states", CONNECTION),
        expect![[r#"
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            0 | NULL | NULL | DISCONNECTED | NOT_HEALTHY | NULL
        "#]],
    );
    check(
        show("master", "dm_hadr_database_replica_states", DATABASES),
        expect![[r#"
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001700001 | NULL
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
            0 | 0 | NOT SYNCHRONIZING | NOT_HEALTHY | NULL | NULL | NULL
        "#]],
    );
}

#[test]
fn a_link_shows_on_both_sides_from_seeding_to_synchronizing() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    while !matches!(lab.link().phase, Phase::Seeding) {
        let due = lab.world.next_due().unwrap();
        lab.world.advance_to(due);
    }
    let replicas = |lab: &Lab, id| {
        show(
            &lab.world,
            id,
            "master",
            "dm_hadr_availability_replica_states",
            CONNECTION,
        )
    };
    let databases = |lab: &Lab, id| {
        show(
            &lab.world,
            id,
            "master",
            "dm_hadr_database_replica_states",
            DATABASES,
        )
    };
    let seeding = |lab: &Lab, id| {
        show(
            &lab.world,
            id,
            "master",
            "dm_hadr_automatic_seeding",
            &[
                "is_source",
                "current_state",
                "number_of_attempts",
                "completion_time",
            ],
        ) + &show(
            &lab.world,
            id,
            "master",
            "dm_hadr_physical_seeding_stats",
            &[
                "role_desc",
                "internal_state_desc",
                "local_database_name",
                "remote_machine_name",
            ],
        ) + &show(
            &lab.world,
            id,
            "master",
            "dm_exec_requests",
            &["command", "database_id"],
        )
    };
    read_everything(&lab.world, lab.sql);
    read_everything(&lab.world, lab.mi);
    check(
        seeding(&lab, lab.sql),
        expect![[r#"
        1 | SEEDING | 1 | NULL
        Source | ReadingAndSendingData | db1 | tcp://sqlmi1.0123456789ab.database.windows.net:5022;Server=[sqlmi1]
        VDI_CLIENT_WORKER | 5
    "#]],
    );
    check(
        seeding(&lab, lab.mi),
        expect![[r#"
        0 | SEEDING | 1 | NULL
        Destination | ReceivingAndWritingData | db1 | TCP://10.0.0.4:5022
        VDI_CLIENT_WORKER | 5
    "#]],
    );
    check(
        replicas(&lab, lab.sql),
        expect![[r#"
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        0 | SECONDARY | NULL | CONNECTED | NOT_HEALTHY | NULL
    "#]],
    );
    check(
        databases(&lab, lab.sql),
        expect![[r#"
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001800001 | NULL
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
        0 | 0 | NOT SYNCHRONIZING | NOT_HEALTHY | NULL | NULL | NULL
    "#]],
    );

    lab.settle();
    lab.insert(lab.sql, 1).unwrap();
    read_everything(&lab.world, lab.sql);
    read_everything(&lab.world, lab.mi);
    check(
        databases(&lab, lab.sql),
        expect![[r#"
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
        0 | 0 | SYNCHRONIZING | HEALTHY | NULL | 37000000001800001 | 1
    "#]],
    );
    lab.settle();
    check(
        seeding(&lab, lab.mi),
        expect![[r#"
        0 | COMPLETED | 1 | (time)
        Destination | Success | db1 | TCP://10.0.0.4:5022
    "#]],
    );
    check(
        replicas(&lab, lab.sql),
        expect![[r#"
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        0 | SECONDARY | NULL | CONNECTED | HEALTHY | NULL
    "#]],
    );
    check(
        replicas(&lab, lab.mi),
        expect![[r#"
        1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
        1 | SECONDARY | ONLINE | CONNECTED | HEALTHY | NULL
    "#]],
    );
    check(
        databases(&lab, lab.sql),
        expect![[r#"
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
        0 | 0 | SYNCHRONIZING | HEALTHY | NULL | 37000000001900001 | 0
    "#]],
    );
    check(
        databases(&lab, lab.mi),
        expect![[r#"
        1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
        1 | 0 | SYNCHRONIZING | HEALTHY | ONLINE | 37000000001900001 | NULL
    "#]],
    );
}

#[test]
fn a_broken_connection_and_synchronous_commit_show_on_both_sides() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    let both = |lab: &Lab| {
        let show = |id, view: &str, columns: &[&str]| show(&lab.world, id, "master", view, columns);
        let mut text = String::new();
        for id in [lab.sql, lab.mi] {
            text += &show(id, "dm_hadr_availability_replica_states", CONNECTION);
            text += &show(id, "dm_hadr_database_replica_states", DATABASES);
            let columns = ["is_failover_ready", "is_database_joined"];
            text += &show(id, "dm_hadr_database_replica_cluster_states", &columns);
            let columns = ["primary_replica", "synchronization_health_desc"];
            text += &show(id, "dm_hadr_availability_group_states", &columns);
            text.push('\n');
        }
        text
    };
    let turn = |lab: &mut Lab, state| {
        lab.apply(AlterEndpoint {
            instance: lab.sql,
            name: "database_mirroring_endpoint".into(),
            state: Some(state),
            port: None,
            listener_ip: None,
            role: None,
            authentication: None,
            encryption: None,
        });
    };
    turn(&mut lab, EndpointState::Stopped);
    lab.insert(lab.sql, 1).unwrap();
    check(
        both(&lab),
        expect![[r#"
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            0 | NULL | NULL | DISCONNECTED | NOT_HEALTHY | 35206
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | NULL | NULL
            0 | 0 | NOT SYNCHRONIZING | NOT_HEALTHY | NULL | 37000000001800001 | 1
            1 | 1
            1 | 1
            0 | 1
            sqlserver1 | HEALTHY
            AG_db1 | NOT_HEALTHY

            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | SECONDARY | ONLINE | DISCONNECTED | NOT_HEALTHY | 35206
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001800001 | NULL
            1 | 0 | NOT SYNCHRONIZING | NOT_HEALTHY | ONLINE | 37000000001800001 | NULL
            1 | 1
            0 | 1
            sqlmi1.0123456789ab.database.windows.net | HEALTHY
            AG_db1 | NOT_HEALTHY

        "#]],
    );

    turn(&mut lab, EndpointState::Started);
    lab.settle();
    let now = lab.world.now();
    let update = UpdateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        replication_mode: Some(ReplicationMode::Sync),
        databases: None,
    };
    lab.world.apply(now, update).unwrap();
    let change = MemberChange {
        availability_mode: Some(AvailabilityMode::SynchronousCommit),
        ..MemberChange::default()
    };
    let changes = ["AG_db1", "AG_db1_MI"].map(|member| (Name::new(member), change.clone()));
    lab.apply(AlterAvailabilityGroup {
        instance: lab.sql,
        name: "DAG_db1".into(),
        action: GroupAction::ModifyMembers(changes.to_vec()),
    });
    lab.settle();
    check(
        both(&lab),
        expect![[r#"
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            0 | SECONDARY | NULL | CONNECTED | HEALTHY | 35206
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            0 | 0 | SYNCHRONIZED | HEALTHY | NULL | 37000000001900001 | 0
            1 | 1
            1 | 1
            1 | 1
            sqlserver1 | HEALTHY
            AG_db1 | HEALTHY

            1 | PRIMARY | ONLINE | CONNECTED | HEALTHY | NULL
            1 | SECONDARY | ONLINE | CONNECTED | HEALTHY | 35206
            1 | 1 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            1 | 0 | SYNCHRONIZED | HEALTHY | ONLINE | 37000000001900001 | NULL
            1 | 1
            1 | 1
            sqlmi1.0123456789ab.database.windows.net | HEALTHY
            AG_db1 | HEALTHY

        "#]],
    );
}

#[test]
fn a_link_that_cannot_connect_says_why() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(Some(Step::UploadCertificate));
    lab.create_link();
    lab.settle();
    let columns = [
        "is_local",
        "connected_state_desc",
        "last_connect_error_number",
        "last_connect_error_description",
    ];
    let view = "dm_hadr_availability_replica_states";
    check(
        show(&lab.world, lab.sql, "master", view, &columns),
        expect![[r#"
            1 | CONNECTED | NULL | NULL
            1 | CONNECTED | NULL | NULL
            0 | DISCONNECTED | 35201 | A connection timeout has occurred while attempting to establish a connection to availability replica 'AG_db1_MI' with id [06699985-F309-43E5-86ED-F4F59F79586C]. Either a networking or firewall issue exists, or the endpoint address provided for the replica is not the database mirroring endpoint of the host server instance. (41973: the certificate of SQL Server 'Cert_sqlserver1_endpoint' is not on the managed instance)
        "#]],
    );
    check(
        show(&lab.world, lab.mi, "master", view, &columns),
        expect![[r#"
            1 | CONNECTED | NULL | NULL
            1 | DISCONNECTED | 35201 | A connection timeout has occurred while attempting to establish a connection to availability replica 'AG_db1' with id [B5589B4B-7D95-446B-9F2C-0F2F7ABD7913]. Either a networking or firewall issue exists, or the endpoint address provided for the replica is not the database mirroring endpoint of the host server instance. (41973: the certificate of SQL Server 'Cert_sqlserver1_endpoint' is not on the managed instance)
        "#]],
    );
}
