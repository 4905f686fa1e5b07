//! Keys, certificates, principals, permissions and endpoints.

use milink_core::refusal::{EndpointRefusal, SecurityRefusal};

use super::refused;
use crate::error::SqlError;

/// The number of a repeated `sp_certificate_add_issuer`: the text is known, the number is a guess.
const ISSUER_REPEATED: i32 = 47_527;
/// CLOSE MASTER KEY "only succeeds when the key was opened in the current session" (page "CLOSE MASTER KEY"); the
/// number is a guess.
const KEY_NOT_OPEN: i32 = 15_315;
/// ALTER MASTER KEY that asks for what is so already; the number and the texts are guesses.
const MASTER_KEY_ENCRYPTION: i32 = 15_558;
/// ALTER CERTIFICATE … WITH PRIVATE KEY (FILE = …) over a private key; the number and the text are guesses.
const PRIVATE_KEY_EXISTS: i32 = 15_535;

pub(super) fn error(refusal: &SecurityRefusal) -> SqlError {
    use SecurityRefusal as R;
    match refusal {
        R::MasterKeyExists => refused(
            15578,
            "There is already a master key in the database. Please drop it before performing this statement.",
        ),
        R::NoMasterKey => refused(
            15581,
            "Please create a master key in the database or open the master key in the session before performing this operation.",
        ),
        R::MasterKeyInUse { what } => refused(
            15580,
            format!("Cannot drop master key because {what} is encrypted by it."),
        ),
        R::WrongMasterKeyPassword => refused(
            15313,
            "The key is not encrypted using the specified decryptor.",
        ),
        R::OldMasterKeyClosed => refused(
            15329,
            "The current master key cannot be decrypted. If this is a database master key, you should attempt to open it in the session before performing this operation. The FORCE option can be used to ignore this error and continue the operation but the data encrypted by the old master key will be lost.",
        ),
        R::MasterKeyNotOpen => refused(
            KEY_NOT_OPEN,
            "The key '##MS_DatabaseMasterKey##' is not open. Please open the key before using it.",
        ),
        R::ServerEncryptionAlready { wanted: true } => refused(
            MASTER_KEY_ENCRYPTION,
            "The master key is already encrypted by the service master key.",
        ),
        R::ServerEncryptionAlready { wanted: false } => refused(
            MASTER_KEY_ENCRYPTION,
            "The master key is not encrypted by the service master key.",
        ),
        R::MasterKeyPasswordExists => refused(
            MASTER_KEY_ENCRYPTION,
            "The master key cannot be encrypted by this password: it is already, or it has as many passwords as it can.",
        ),
        R::LastMasterKeyPassword => refused(
            MASTER_KEY_ENCRYPTION,
            "The last password of the master key cannot be dropped.",
        ),
        R::PrivateKeyExists { name } => refused(
            PRIVATE_KEY_EXISTS,
            format!("The certificate '{name}' already has a private key."),
        ),
        R::OtherPrivateKey { .. } => refused(
            15474,
            "Invalid private key. The private key does not match the public key of the certificate.",
        ),
        R::WrongPrivateKeyPassword => refused(15465, "The private key password is invalid."),
        R::CertificateExists { name } => refused(
            15232,
            format!(
                "A certificate with name '{name}' already exists or this certificate already has been added to the database."
            ),
        ),
        R::CertificateNotFound { name } => not_found("certificate", name),
        R::CertificateInUse { .. } => refused(
            15352,
            "The certificate cannot be dropped because one or more entities are either signed or encrypted using it.",
        ),
        R::NoPrivateKey { name } => refused(
            15246,
            format!(
                "Cannot dump the private key of certificate '{name}' because the private key cannot be found."
            ),
        ),
        R::IssuerExists { name, dns } => refused(
            ISSUER_REPEATED,
            format!(
                "The certificate '{name}' has been already added as a trusted issuer for DNS name '{dns}'."
            ),
        ),
        R::LoginNotFound { name } => not_found("login", name),
        R::UserNotFound { name } => not_found("user", name),
        R::LoginExists { name } => refused(
            15025,
            format!("The server principal '{name}' already exists."),
        ),
        R::UserExists { name } => refused(
            15023,
            format!("User, group, or role '{name}' already exists in the current database."),
        ),
        R::LoginInUse { name } => refused(
            15434,
            format!("Could not drop login '{name}' as the user is currently logged in."),
        ),
        R::LoginHasUser { .. } => refused(
            15063,
            "The login already has an account under a different user name.",
        ),
        R::PrincipalFixed { name } => {
            refused(15150, format!("Cannot drop the principal '{name}'."))
        }
        R::WeakPassword => refused(
            15118,
            "Password validation failed. The password does not meet the operating system policy requirements because it is not complex enough.",
        ),
    }
}

pub(super) fn endpoint_error(refusal: &EndpointRefusal) -> SqlError {
    use EndpointRefusal as R;
    match refusal {
        R::MirroringEndpointExists { .. } => refused(
            7862,
            "An endpoint of the requested type already exists.  Only one endpoint of this type is supported.  Use ALTER ENDPOINT or DROP the existing endpoint and execute the CREATE ENDPOINT statement.",
        ),
        R::Exists { name } => refused(15025, format!("The endpoint '{name}' already exists.")),
        R::NotFound { name } => not_found("endpoint", name),
        R::CertificateUnusable { certificate, .. } => refused(
            28055,
            format!(
                "The certificate '{certificate}' is not valid for endpoint authentication. The certificate must have a private key encrypted with the database master key and current UTC date has to be between the certificate start date and the certificate expiration date."
            ),
        ),
        R::ReservedName { name } => {
            refused(7869, format!("The endpoint name '{name}' is reserved."))
        }
        R::Managed => refused(
            40510,
            "Statement 'ENDPOINT' is not supported in this version of SQL Server.",
        ),
    }
}

/// 15151, for whatever cannot be found.
pub(in crate::statement) fn not_found(kind: &str, name: &str) -> SqlError {
    missing("find", kind, name)
}

/// 15151 with the statement's verb: `Cannot drop the login 'x', because …`.
pub(in crate::statement) fn missing(verb: &str, kind: &str, name: &str) -> SqlError {
    refused(
        15151,
        format!(
            "Cannot {verb} the {kind} '{name}', because it does not exist or you do not have permission."
        ),
    )
}
