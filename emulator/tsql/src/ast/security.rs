//! Master keys, certificates, logins, users, roles, permissions.

use super::{Ident, ObjectName, OptionEntry, Text};

/// Statements about the database master key (and BACKUP / RESTORE of the service master key).
#[derive(Debug, Clone, PartialEq)]
pub enum MasterKeyStatement {
    /// CREATE MASTER KEY [ENCRYPTION BY PASSWORD = '…']
    Create {
        /// The password.
        password: Option<Text>,
    },
    /// ALTER MASTER KEY `[FORCE]` REGENERATE WITH ENCRYPTION BY PASSWORD = '…'
    Regenerate {
        /// FORCE.
        force: bool,
        /// The password.
        password: Text,
    },
    /// ALTER MASTER KEY ADD | DROP ENCRYPTION BY SERVICE MASTER KEY | PASSWORD = '…'
    AlterEncryption {
        /// ADD (true), DROP (false).
        add: bool,
        /// The password; none for SERVICE MASTER KEY.
        password: Option<Text>,
    },
    /// OPEN MASTER KEY DECRYPTION BY PASSWORD = '…'
    Open {
        /// The password.
        password: Text,
    },
    /// CLOSE MASTER KEY
    Close,
    /// DROP MASTER KEY
    Drop,
    /// BACKUP MASTER KEY TO FILE = '…' ENCRYPTION BY PASSWORD = '…'
    Backup {
        /// The file.
        file: Text,
        /// The password.
        password: Text,
    },
    /// RESTORE MASTER KEY FROM FILE = '…' DECRYPTION BY PASSWORD = '…' ENCRYPTION BY PASSWORD = '…' `[FORCE]`
    Restore {
        /// The file.
        file: Text,
        /// The password of the file.
        decryption: Text,
        /// The new password.
        encryption: Text,
        /// FORCE.
        force: bool,
    },
}

/// CREATE CERTIFICATE.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateCertificateStatement {
    /// Its name.
    pub name: Ident,
    /// AUTHORIZATION.
    pub owner: Option<Ident>,
    /// Where it comes from.
    pub source: CertificateSource,
    /// ACTIVE FOR BEGIN_DIALOG.
    pub active_for_begin_dialog: Option<bool>,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum CertificateSource {
    /// [ENCRYPTION BY PASSWORD = '…'] WITH SUBJECT = '…' [, START_DATE, EXPIRY_DATE]
    SelfSigned {
        /// Password of the private key; the master key without one.
        encryption_password: Option<Text>,
        /// SUBJECT
        subject: Text,
        /// START_DATE
        start_date: Option<Text>,
        /// EXPIRY_DATE
        expiry_date: Option<Text>,
    },
    /// FROM FILE = '…' [WITH PRIVATE KEY (…)]
    File {
        /// The path.
        path: Text,
        /// EXECUTABLE FILE.
        executable: bool,
        /// The private key.
        private_key: Option<PrivateKeySpec>,
    },
    /// FROM BINARY = 0x… [WITH PRIVATE KEY (…)]
    Binary {
        /// The hex digits of the DER.
        hex: String,
        /// The private key.
        private_key: Option<PrivateKeySpec>,
    },
}

/// (FILE | BINARY, DECRYPTION BY PASSWORD, ENCRYPTION BY PASSWORD).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PrivateKeySpec {
    /// FILE = '…'
    pub file: Option<Text>,
    /// BINARY = 0x…, hex digits
    pub binary: Option<String>,
    /// DECRYPTION BY PASSWORD
    pub decryption_password: Option<Text>,
    /// ENCRYPTION BY PASSWORD
    pub encryption_password: Option<Text>,
    /// ALGORITHM
    pub algorithm: Option<Text>,
}

/// ALTER CERTIFICATE.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterCertificateStatement {
    /// Its name.
    pub name: Ident,
    /// What is changed.
    pub action: AlterCertificateAction,
}

/// What ALTER CERTIFICATE changes.
#[derive(Debug, Clone, PartialEq)]
pub enum AlterCertificateAction {
    /// REMOVE PRIVATE KEY
    RemovePrivateKey,
    /// WITH PRIVATE KEY (…)
    PrivateKey(PrivateKeySpec),
    /// WITH ACTIVE FOR BEGIN_DIALOG = ON | OFF
    ActiveForBeginDialog(bool),
}

/// BACKUP CERTIFICATE c TO FILE = '…' [WITH PRIVATE KEY (…)].
#[derive(Debug, Clone, PartialEq)]
pub struct BackupCertificateStatement {
    /// Its name.
    pub name: Ident,
    /// The file.
    pub file: Text,
    /// The private key.
    pub private_key: Option<PrivateKeySpec>,
}

/// CREATE LOGIN.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateLoginStatement {
    /// Its name.
    pub name: Ident,
    /// How it proves itself.
    pub source: LoginSource,
    /// SID, DEFAULT_DATABASE, DEFAULT_LANGUAGE, CHECK_EXPIRATION, CHECK_POLICY, CREDENTIAL.
    pub options: Vec<OptionEntry>,
}

/// How a login proves itself.
#[derive(Debug, Clone, PartialEq)]
pub enum LoginSource {
    /// WITH PASSWORD
    Password(LoginPassword),
    /// FROM WINDOWS
    Windows,
    /// FROM CERTIFICATE
    Certificate(Ident),
    /// FROM ASYMMETRIC KEY
    AsymmetricKey(Ident),
    /// FROM EXTERNAL PROVIDER
    ExternalProvider,
}

/// A password in CREATE and ALTER LOGIN.
#[derive(Debug, Clone, PartialEq)]
pub enum LoginPassword {
    /// 'text' `[MUST_CHANGE]` `[OLD_PASSWORD = '…']` `[UNLOCK]`
    Plain {
        /// The password.
        value: Text,
        /// MUST_CHANGE.
        must_change: bool,
        /// OLD_PASSWORD, only in ALTER.
        old: Option<Text>,
        /// UNLOCK, only in ALTER.
        unlock: bool,
    },
    /// 0x… HASHED: the hex digits.
    Hashed(String),
}

/// ALTER LOGIN.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterLoginStatement {
    /// Its name.
    pub name: Ident,
    /// What is changed.
    pub action: AlterLoginAction,
}

/// What ALTER LOGIN changes.
#[derive(Debug, Clone, PartialEq)]
pub enum AlterLoginAction {
    /// ENABLE (true), DISABLE (false)
    Enable(bool),
    /// WITH …
    With {
        /// PASSWORD
        password: Option<LoginPassword>,
        /// NAME
        new_name: Option<Ident>,
        /// The other options.
        options: Vec<OptionEntry>,
    },
}

/// CREATE USER.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateUserStatement {
    /// Its name.
    pub name: Ident,
    /// What it stands for.
    pub source: UserSource,
    /// DEFAULT_SCHEMA, SID, DEFAULT_LANGUAGE, ALLOW_ENCRYPTED_VALUE_MODIFICATIONS.
    pub options: Vec<OptionEntry>,
}

/// What a user stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum UserSource {
    /// Nothing said: the login of the same name.
    SameName,
    /// FOR | FROM LOGIN
    Login(Ident),
    /// WITHOUT LOGIN
    WithoutLogin,
    /// WITH PASSWORD (contained)
    Password(Text),
    /// FOR | FROM CERTIFICATE
    Certificate(Ident),
    /// FOR | FROM ASYMMETRIC KEY
    AsymmetricKey(Ident),
    /// FROM EXTERNAL PROVIDER
    ExternalProvider,
}

/// ALTER USER u WITH ….
#[derive(Debug, Clone, PartialEq)]
pub struct AlterUserStatement {
    /// Its name.
    pub name: Ident,
    /// NAME, LOGIN, DEFAULT_SCHEMA, PASSWORD, OLD_PASSWORD, DEFAULT_LANGUAGE.
    pub options: Vec<OptionEntry>,
}

/// CREATE `[SERVER]` ROLE.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateRoleStatement {
    /// SERVER ROLE.
    pub server: bool,
    /// Its name.
    pub name: Ident,
    /// AUTHORIZATION.
    pub owner: Option<Ident>,
}

/// ALTER `[SERVER]` ROLE.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterRoleStatement {
    /// SERVER ROLE.
    pub server: bool,
    /// Its name.
    pub name: Ident,
    /// What is changed.
    pub action: AlterRoleAction,
}

/// What ALTER ROLE changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlterRoleAction {
    /// ADD MEMBER
    AddMember(Ident),
    /// DROP MEMBER
    DropMember(Ident),
    /// WITH NAME =
    Rename(Ident),
}

/// GRANT, DENY, REVOKE.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionStatement {
    /// Which.
    pub action: PermissionAction,
    /// The permissions.
    pub permissions: Vec<Permission>,
    /// ON `[class::]name`.
    pub securable: Option<Securable>,
    /// TO / FROM.
    pub principals: Vec<Ident>,
    /// WITH GRANT OPTION (GRANT) or GRANT OPTION FOR (REVOKE).
    pub grant_option: bool,
    /// CASCADE.
    pub cascade: bool,
    /// AS grantor.
    pub grantor: Option<Ident>,
}

/// GRANT, DENY, REVOKE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionAction {
    /// GRANT
    Grant,
    /// DENY
    Deny,
    /// REVOKE
    Revoke,
}

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The words in upper case, one blank between them: `CREATE ANY DATABASE`, `ALL`.
    pub name: String,
    /// Columns; empty when unsaid.
    pub columns: Vec<Ident>,
}

/// What a permission is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Securable {
    /// The class in upper case (`ENDPOINT`, `DATABASE`, `AVAILABILITY GROUP`, …); OBJECT when unsaid.
    pub class: String,
    /// Its name.
    pub name: ObjectName,
}

/// ALTER AUTHORIZATION ON `[class::]name` TO owner.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterAuthorizationStatement {
    /// What.
    pub securable: Securable,
    /// The new owner; none for SCHEMA OWNER.
    pub owner: Option<Ident>,
}
