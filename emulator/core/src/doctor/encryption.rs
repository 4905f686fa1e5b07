//! What protects an encrypted database, on both sides.

use super::{Check, Subject, Title, thumbprint};
use crate::encryption::Protector;

pub(super) fn protector(subject: &Subject<'_>) -> Check {
    let title = Title(
        "database-encryption",
        "What protects an encrypted database is on both sides",
    );
    let (Some(source), Some(database)) = (subject.source(), subject.source_database()) else {
        return title.unknown("there is no database");
    };
    let name = &database.name;
    let now = subject.world.now();
    let state = database.encryption_state(now).code();
    let evidence = format!("encryption_state_desc = {}", state.1);
    let key = database.content.encryption_key.as_ref();
    let Some(key) = key.filter(|key| key.on || database.is_encrypted(now)) else {
        return title.ok(evidence);
    };
    let print = thumbprint(&key.protector.thumbprint(source));
    let by = format!("its key is protected by {} {print}", key.protector.kind());
    if key.protector == Protector::ServiceManaged {
        return title
            .fail(evidence)
            .and("its key is protected by the service-managed key, which never leaves a managed instance (message 41979)")
            .remedy(format!("ALTER DATABASE [{name}] SET ENCRYPTION OFF;"))
            .remedy("or protect the instance's databases with a customer-managed key: az sql mi tde-key set --server-key-type AzureKeyVault --kid <key>");
    }
    let target = match subject.begins_at_instance() {
        true => subject.server,
        false => subject.instance,
    };
    let Some(target) = target else {
        return title.unknown("the side it goes to is not there").and(by);
    };
    if target.opens(&key.protector) {
        return title
            .ok(evidence)
            .and(by)
            .and(format!("{} can use that", target.name));
    }
    let missing = title
        .fail(evidence)
        .and(by)
        .and(format!("{} does not have that", target.name));
    match (&key.protector, target.is_managed_instance()) {
        (Protector::Vault(key), true) => missing.remedy(format!(
            "az sql mi key create --kid {} {}",
            key.uri,
            subject.az_instance()
        )),
        (_, true) => missing
            .remedy("BACKUP CERTIFICATE <certificate> TO FILE = N'…' WITH PRIVATE KEY (FILE = N'…', ENCRYPTION BY PASSWORD = N'…'); in master of SQL Server")
            .remedy("POST …/tdeCertificates with both in privateBlob (Add-AzSqlManagedInstanceTransparentDataEncryptionCertificate)"),
        (_, false) => missing.remedy(format!(
            "CREATE CERTIFICATE <certificate> FROM FILE = N'…' WITH PRIVATE KEY (FILE = N'…', DECRYPTION BY PASSWORD = N'…'); in master of {}",
            target.name
        )),
    }
}
