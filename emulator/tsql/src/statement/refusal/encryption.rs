//! Transparent data encryption, and what is encrypted elsewhere.

use milink_core::refusal::EncryptionRefusal;

use super::refused;
use crate::error::SqlError;

/// The message after 41979, which a link is refused with: a guess, as only ARM's code for it is known.
const OFFERED_BY_LINK: i32 = 41_980;
/// The same of the instance's protector: a guess.
const PROTECTOR_OF_LINK: i32 = 41_981;

pub(super) fn error(refusal: &EncryptionRefusal) -> SqlError {
    use EncryptionRefusal as R;
    match refusal {
        R::SystemDatabase => refused(
            33102,
            "Cannot encrypt a system database. Database encryption operations cannot be performed for 'master', 'model', 'tempdb', 'msdb', or 'resource' databases.",
        ),
        R::Edition => refused(
            33117,
            "Transparent Data Encryption is not available in the edition of this SQL Server instance. See books online for more details on feature support in different SQL Server editions.",
        ),
        R::NotWritable => refused(
            33118,
            "Cannot enable or modify database encryption on a database that is read-only, has read-only files or is not recovered.",
        ),
        R::KeyExists => refused(
            33103,
            "A database encryption key already exists for this database.",
        ),
        R::NoKey => refused(
            33104,
            "A database encryption key does not exist for this database.",
        ),
        R::KeyInUse => refused(
            33105,
            "Cannot drop the database encryption key because it is currently in use. Database encryption needs to be turned off to be able to drop the database encryption key.",
        ),
        R::NoKeySet => refused(
            33106,
            "Cannot change database encryption state because no database encryption key is set.",
        ),
        R::AlreadyOn => refused(
            33107,
            "Cannot enable database encryption because it is already enabled.",
        ),
        R::AlreadyOff => refused(
            33108,
            "Cannot disable database encryption because it is already disabled.",
        ),
        R::ScanRunning => refused(
            33109,
            "Cannot disable database encryption while an encryption, decryption, or key change scan is in progress.",
        ),
        R::ScanInTheWay => refused(
            33110,
            "Cannot change database encryption key while an encryption, decryption, or key change scan is in progress.",
        ),
        R::CertificateUnusable { name } => refused(
            33101,
            format!(
                "Cannot use certificate '{name}', because its private key is not present or it is not protected by the database master key. SQL Server requires the ability to automatically access the private key of the certificate used for this operation."
            ),
        ),
        R::CertificateUsed { name } => refused(
            3716,
            format!(
                "The certificate '{name}' cannot be dropped because it is bound to one or more database encryption key."
            ),
        ),
        R::ProtectorMissing { thumbprint } => missing(thumbprint),
        R::OfferedByLink { .. } => refused(OFFERED_BY_LINK, sentence(refusal)),
        R::ProtectorOfLink { .. } => refused(PROTECTOR_OF_LINK, sentence(refusal)),
        // Only ARM knows of these keys.
        R::ServerKeyNotFound { .. } | R::ServerKeyInUse { .. } => SqlError::unsupported(refusal),
    }
}

/// 33111: what protects a key is not here.
pub(super) fn missing(thumbprint: &[u8; 20]) -> SqlError {
    refused(
        33111,
        format!(
            "Cannot find server certificate with thumbprint '{}'.",
            hexadecimal(thumbprint)
        ),
    )
}

/// 41923: what 33111 is on a managed instance.
pub(super) fn missing_on_managed(thumbprint: &[u8; 20]) -> SqlError {
    refused(
        41923,
        format!(
            "Cannot find server certificate with thumbprint '{}'. Please use PowerShell Cmdlet 'Add-AzureRmSqlManagedInstanceTransparentDataEncryptionCertificate' to create the certificate.",
            hexadecimal(thumbprint)
        ),
    )
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02X}"));
    digits.fold("0x".to_owned(), |text, digits| text + &digits)
}

fn sentence(refusal: &EncryptionRefusal) -> String {
    let text = refusal.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase());
    first
        .into_iter()
        .flatten()
        .chain(letters)
        .chain(['.'])
        .collect()
}
