//! Transparent data encryption: what is refused when, what replicates, and what links ask for.

mod lab;

use lab::{Lab, MASTER, facts};
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::certificate::PrivateKey;
use milink_core::command::*;
use milink_core::database::Database;
use milink_core::doctor::{self, Verdict, Wish};
use milink_core::durations::Profile;
use milink_core::encryption::*;
use milink_core::ids::InstanceId;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::operation::{OperationError, OperationState};
use milink_core::refusal::*;
use milink_core::time::Span;

/// The certificate that protects keys on SQL Server.
const TDE: u8 = 9;
const URI: &str = "https://vault.vault.azure.net/keys/tde/0123456789abcdef0123456789abcdef";

fn database(lab: &Lab, instance: InstanceId) -> &Database {
    let instance = lab.world.instance(instance).unwrap();
    instance.database("db1").unwrap()
}

fn state(lab: &Lab, instance: InstanceId) -> EncryptionState {
    database(lab, instance).encryption_state(lab.world.now())
}

fn ask<R: Request>(lab: &mut Lab, request: R) -> Result<R::Reply, Refusal> {
    let now = lab.world.now();
    let before = lab.world.clone();
    let asked = lab.world.apply(now, request);
    if asked.is_err() {
        assert_eq!(lab.world.instances, before.instances, "refused is undone");
    }
    invariants::check(&lab.world).unwrap();
    asked
}

fn create_certificate(lab: &mut Lab, private_key: PrivateKey) {
    lab.apply(CreateCertificate {
        instance: lab.sql,
        database: MASTER,
        name: "tde".into(),
        owner: None,
        facts: facts(TDE),
        private_key,
        active_for_begin_dialog: true,
    });
}

fn create_key(lab: &mut Lab, instance: InstanceId) -> Result<bool, Refusal> {
    let request = CreateEncryptionKey {
        instance,
        database: database(lab, instance).id,
        algorithm: KeyAlgorithm::Aes256,
        certificate: "tde".into(),
    };
    ask(lab, request)
}

fn switch(lab: &mut Lab, instance: InstanceId, on: bool) -> Result<(), Refusal> {
    let alter = AlterDatabase {
        instance,
        name: "db1".into(),
        changes: vec![DatabaseChange::Encryption(on)],
    };
    ask(lab, alter)
}

fn drop_key(lab: &mut Lab, instance: InstanceId) -> Result<(), Refusal> {
    let database = database(lab, instance).id;
    ask(lab, DropEncryptionKey { instance, database })
}

fn wait(lab: &mut Lab) {
    let end = lab.world.now() + Span::minutes(2);
    lab.world.advance_to(end);
    invariants::check(&lab.world).unwrap();
}

/// Everything the article does, with an encrypted database.
fn encrypted() -> Lab {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    let sql = lab.sql;
    create_certificate(&mut lab, PrivateKey::MasterKey);
    create_key(&mut lab, sql).unwrap();
    switch(&mut lab, sql, true).unwrap();
    lab
}

fn use_vault(lab: &mut Lab) {
    let instance = lab.mi;
    let key = VaultKey { uri: URI.into() };
    let write = WriteServerKey {
        instance,
        name: "vault_tde_1".into(),
        key,
        auto_rotation: false,
    };
    ask(lab, write).unwrap();
    let protector = ProtectorChoice::Vault("vault_tde_1".into());
    protect(lab, protector).unwrap();
}

fn protect(lab: &mut Lab, protector: ProtectorChoice) -> Result<(), Refusal> {
    let request = SetProtector {
        instance: lab.mi,
        protector,
        auto_rotation: false,
    };
    ask(lab, request)
}

fn back_up(lab: &mut Lab) -> Result<BackupReply, Refusal> {
    let request = Backup {
        instance: lab.mi,
        database: "db1".into(),
        kind: BackupKind::Full,
        copy_only: true,
        devices: vec![BackupDevice::Url("https://a/b.bak".into())],
        name: None,
        description: None,
        compressed: false,
        checksums: false,
        user: "x".into(),
    };
    ask(lab, request)
}

#[test]
fn a_key_is_made_used_and_dropped_in_order() {
    use EncryptionRefusal as R;
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    let sql = lab.sql;
    assert_eq!(switch(&mut lab, sql, true), Err(R::NoKeySet.into()));
    assert_eq!(drop_key(&mut lab, sql), Err(R::NoKey.into()));
    let name = "tde".to_owned();
    let missing = SecurityRefusal::CertificateNotFound { name };
    assert_eq!(create_key(&mut lab, sql), Err(missing.into()));
    create_certificate(&mut lab, PrivateKey::Password("p".into()));
    let name = "tde".to_owned();
    let unusable = R::CertificateUnusable { name };
    assert_eq!(create_key(&mut lab, sql), Err(unusable.into()));
    lab.apply(AlterCertificate {
        instance: sql,
        database: MASTER,
        name: "tde".into(),
        change: CertificateChange::Protect(Some("p".into()), PrivateKey::MasterKey),
    });
    assert_eq!(create_key(&mut lab, sql), Ok(true), "it is not backed up");
    assert_eq!(create_key(&mut lab, sql), Err(R::KeyExists.into()));
    assert_eq!(state(&lab, sql), EncryptionState::Unencrypted);
    assert_eq!(switch(&mut lab, sql, false), Err(R::AlreadyOff.into()));
    switch(&mut lab, sql, true).unwrap();
    assert_eq!(state(&lab, sql), EncryptionState::EncryptionInProgress);
    assert_eq!(switch(&mut lab, sql, true), Err(R::AlreadyOn.into()));
    assert_eq!(switch(&mut lab, sql, false), Err(R::ScanRunning.into()));
    assert_eq!(drop_key(&mut lab, sql), Err(R::KeyInUse.into()));
    let drop = DropCertificate {
        instance: sql,
        database: MASTER,
        name: "tde".into(),
    };
    let name = "tde".to_owned();
    let used = Err(R::CertificateUsed { name }.into());
    assert_eq!(ask(&mut lab, drop.clone()), used);
    wait(&mut lab);
    assert_eq!(state(&lab, sql), EncryptionState::Encrypted);
    let regenerate = AlterEncryptionKey {
        instance: sql,
        database: database(&lab, sql).id,
        change: KeyChange::Regenerate(KeyAlgorithm::Aes128),
    };
    assert_eq!(ask(&mut lab, regenerate.clone()), Ok(false));
    assert_eq!(state(&lab, sql), EncryptionState::KeyChangeInProgress);
    assert_eq!(ask(&mut lab, regenerate), Err(R::ScanInTheWay.into()));
    wait(&mut lab);
    switch(&mut lab, sql, false).unwrap();
    assert_eq!(state(&lab, sql), EncryptionState::DecryptionInProgress);
    assert_eq!(drop_key(&mut lab, sql), Err(R::KeyInUse.into()));
    wait(&mut lab);
    drop_key(&mut lab, sql).unwrap();
    assert_eq!(state(&lab, sql), EncryptionState::NoKey);
    ask(&mut lab, drop).unwrap();
}

#[test]
fn system_databases_and_small_editions_are_not_encrypted() {
    let mut lab = encrypted();
    let request = CreateEncryptionKey {
        instance: lab.sql,
        database: MASTER,
        algorithm: KeyAlgorithm::Aes256,
        certificate: "tde".into(),
    };
    let refused = Err(EncryptionRefusal::SystemDatabase.into());
    assert_eq!(ask(&mut lab, request), refused);
}

#[test]
fn an_encrypted_database_needs_its_certificate_on_the_instance() {
    let mut lab = encrypted();
    let (sql, mi) = (lab.sql, lab.mi);
    let check = |lab: &Lab| {
        let reports = doctor::examine(&lab.world, &Wish::default()).unwrap();
        let mut checks = reports[0].checks.iter();
        let check = checks.find(|check| check.id == "database-encryption");
        check.unwrap().verdict
    };
    assert_eq!(check(&lab), Verdict::Fail);
    let operation = lab.create_link();
    lab.settle();
    let missing = LinkError::TdeProtectorNotOnInstance {
        database: "db1".to_owned(),
        thumbprint: "09".repeat(20),
    };
    let OperationState::Failed { error, .. } = lab.outcome(operation) else {
        panic!("{:?}", lab.outcome(operation));
    };
    assert_eq!(*error, OperationError::Link(missing));
    lab.apply(UploadTdeCertificate {
        instance: mi,
        thumbprint: [TDE; 20],
    });
    assert_eq!(check(&lab), Verdict::Ok);
    let operation = lab.create_link();
    lab.settle();
    let outcome = lab.outcome(operation);
    assert!(matches!(outcome, OperationState::Succeeded { .. }));
    assert_eq!(state(&lab, mi), EncryptionState::Encrypted);
    // It is switched on the primary only, and shows on both sides.
    let refused = switch(&mut lab, mi, false);
    assert!(matches!(refused, Err(Refusal::Database(_))));
    switch(&mut lab, sql, false).unwrap();
    wait(&mut lab);
    assert_eq!(state(&lab, mi), EncryptionState::Unencrypted);
}

#[test]
fn redo_stands_at_a_key_that_the_copy_cannot_open() {
    let mut lab = Lab::linked(Profile::Azure);
    let (sql, mi) = (lab.sql, lab.mi);
    create_certificate(&mut lab, PrivateKey::MasterKey);
    create_key(&mut lab, sql).unwrap();
    switch(&mut lab, sql, true).unwrap();
    wait(&mut lab);
    lab.insert(sql, 7).unwrap();
    wait(&mut lab);
    assert_eq!(state(&lab, mi), EncryptionState::Unencrypted);
    assert!(database(&lab, mi).unredone().next().is_some());
    let reports = doctor::examine(&lab.world, &Wish::default()).unwrap();
    assert!(reports[0].fails());
    lab.apply(UploadTdeCertificate {
        instance: mi,
        thumbprint: [TDE; 20],
    });
    wait(&mut lab);
    assert_eq!(state(&lab, mi), EncryptionState::Encrypted);
    assert!(database(&lab, mi).unredone().next().is_none());
}

#[test]
fn an_instance_encrypts_by_itself_and_the_service_keeps_the_key() {
    let mut lab = Lab::new(Profile::Azure);
    let mi = lab.mi;
    let new = |lab: &mut Lab| {
        lab.apply(CreateDatabase {
            instance: mi,
            name: "db1".into(),
            collation: None,
        });
    };
    new(&mut lab);
    assert_eq!(state(&lab, mi), EncryptionState::NoKey, "the default");
    switch(&mut lab, mi, true).unwrap();
    let service = BackupRefusal::ServiceManagedKey {
        database: "db1".to_owned(),
    };
    assert_eq!(back_up(&mut lab), Err(service.clone().into()));
    wait(&mut lab);
    switch(&mut lab, mi, false).unwrap();
    assert_eq!(back_up(&mut lab), Err(service.into()), "it is decrypted");
    wait(&mut lab);
    let left = BackupRefusal::EncryptionKeyLeft {
        database: "db1".to_owned(),
    };
    assert_eq!(back_up(&mut lab), Err(left.into()));
    drop_key(&mut lab, mi).unwrap();
    back_up(&mut lab).unwrap();
    switch(&mut lab, mi, true).unwrap();
    use_vault(&mut lab);
    back_up(&mut lab).unwrap();
    let delete = DeleteServerKey {
        instance: mi,
        name: "vault_tde_1".into(),
    };
    let name = "vault_tde_1".to_owned();
    let used = Err(EncryptionRefusal::ServerKeyInUse { name }.into());
    assert_eq!(ask(&mut lab, delete.clone()), used);
    protect(&mut lab, ProtectorChoice::Service).unwrap();
    assert_eq!(ask(&mut lab, delete.clone()), Ok(true));
    assert_eq!(ask(&mut lab, delete), Ok(false));
    let name = "vault_tde_1".to_owned();
    let unknown = Err(EncryptionRefusal::ServerKeyNotFound { name }.into());
    let choice = ProtectorChoice::Vault("vault_tde_1".into());
    assert_eq!(protect(&mut lab, choice), unknown);
    lab.apply(DropDatabase {
        instance: mi,
        name: "db1".into(),
        session: None,
    });
    let encrypted = true;
    lab.apply(SetNewDatabases {
        instance: mi,
        encrypted,
    });
    new(&mut lab);
    assert_eq!(state(&lab, mi), EncryptionState::Encrypted);
}

fn create_from_instance(lab: &mut Lab) -> Result<milink_core::ids::OperationId, Refusal> {
    let create = CreateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        spec: LinkSpec {
            instance_role: LinkRole::Primary,
            ..Lab::spec()
        },
    };
    ask(lab, create)
}

#[test]
fn the_services_key_does_not_leave_an_instance() {
    let mut lab = Lab::linked_from_instance(Profile::Azure);
    let mi = lab.mi;
    let by_link = EncryptionRefusal::OfferedByLink {
        database: "db1".to_owned(),
    };
    assert_eq!(switch(&mut lab, mi, true), Err(by_link.into()));
    use_vault(&mut lab);
    switch(&mut lab, mi, true).unwrap();
    wait(&mut lab);
    let sql = lab.sql;
    assert_eq!(state(&lab, sql), EncryptionState::Encrypted);
    let by_protector = EncryptionRefusal::ProtectorOfLink {
        database: "db1".to_owned(),
    };
    let service = protect(&mut lab, ProtectorChoice::Service);
    assert_eq!(service, Err(by_protector.into()));
    switch(&mut lab, mi, false).unwrap();
    wait(&mut lab);
    protect(&mut lab, ProtectorChoice::Service).unwrap();
}

#[test]
fn a_link_from_an_instance_begins_with_what_can_leave_it() {
    let mut lab = Lab::linked_from_instance(Profile::Azure);
    let (mi, sql) = (lab.mi, lab.sql);
    let now = lab.world.now();
    let delete = DeleteLink {
        instance: mi,
        name: "DAG_db1".into(),
    };
    lab.world.apply(now, delete).unwrap();
    lab.settle();
    wait(&mut lab);
    switch(&mut lab, mi, true).unwrap();
    wait(&mut lab);
    let service = LinkRefusal::EncryptedByService {
        database: "db1".to_owned(),
    };
    assert_eq!(create_from_instance(&mut lab), Err(service.clone().into()));
    switch(&mut lab, mi, false).unwrap();
    assert_eq!(create_from_instance(&mut lab), Err(service.into()));
    wait(&mut lab);
    create_from_instance(&mut lab).unwrap();
    assert!(database(&lab, sql).content.encryption_key.is_none());
}

#[test]
fn an_encrypted_backup_needs_what_protects_its_key() {
    let mut lab = encrypted();
    let url = || BackupDevice::Url("https://a/sql.bak".into());
    let back_up = Backup {
        instance: lab.sql,
        database: "db1".into(),
        kind: BackupKind::Full,
        copy_only: true,
        devices: vec![url()],
        name: None,
        description: None,
        compressed: false,
        checksums: false,
        user: "x".into(),
    };
    lab.apply(back_up);
    let restore = Restore {
        instance: lab.mi,
        database: "db1".into(),
        log: false,
        devices: vec![url()],
        file: 1,
        recovery: true,
        replace: false,
        moves: Vec::new(),
        session: milink_core::ids::SessionId(51),
    };
    let missing = BackupRefusal::ProtectorMissing {
        thumbprint: [TDE; 20],
        managed: true,
    };
    assert_eq!(
        ask(&mut lab, restore.clone()).map(|_| ()),
        Err(missing.into())
    );
    let (instance, thumbprint) = (lab.mi, [TDE; 20]);
    lab.apply(UploadTdeCertificate {
        instance,
        thumbprint,
    });
    ask(&mut lab, restore).unwrap();
    assert!(database(&lab, lab.mi).is_encrypted(lab.world.now()));
}
