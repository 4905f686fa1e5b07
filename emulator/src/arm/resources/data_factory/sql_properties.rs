//! The properties of linked services for SQL: read into a connection, and shown without what is secret in them.

use milink_core::azure::data_factory::{
    Authentication, LinkedServiceKind, SqlConnection, without_password,
};
use milink_core::names::Name;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::arm::body::Object;
use crate::arm::error::ArmError;
use crate::arm::resources::references;

/// What the properties of a linked service say.
pub(super) struct SqlProperties {
    pub(super) kind: LinkedServiceKind,
    pub(super) runtime: Option<Name>,
    pub(super) connection: Result<SqlConnection, String>,
    /// `encryptedCredential`: the password that the service keeps.
    pub(super) credential: Option<Uuid>,
    /// The properties without secrets.
    pub(super) shown: Value,
}

/// What is shown instead of a secret.
const MASK: &str = "**********";
const SECRETS: [&str; 3] = [
    "password",
    "servicePrincipalKey",
    "servicePrincipalCredential",
];
/// Settings of the client that change nothing here.
const IGNORED: [&str; 18] = [
    "connectTimeout",
    "connectRetryCount",
    "connectRetryInterval",
    "loadBalanceTimeout",
    "commandTimeout",
    "integratedSecurity",
    "failoverPartner",
    "maxPoolSize",
    "minPoolSize",
    "multipleActiveResultSets",
    "multiSubnetFailover",
    "packetSize",
    "pooling",
    "servicePrincipalId",
    "servicePrincipalCredentialType",
    "tenant",
    "azureCloudType",
    "credential",
];

/// Reads `properties`; `raw` is the same object, to be shown.
pub(super) fn read(properties: &Object<'_>, raw: &Value) -> Result<SqlProperties, ArmError> {
    let kind = properties.string("type")?;
    let kind = kind.ok_or_else(|| references::missing("properties.type"))?;
    let kind = LinkedServiceKind::parse(&kind)
        .ok_or_else(|| ArmError::not_emulated(&format!("A linked service of type '{kind}'")))?;
    properties.ignore(&["description", "annotations", "version"]);
    if properties
        .object("parameters")?
        .is_some_and(|given| !given.is_empty())
    {
        return Err(ArmError::not_emulated("Parameters of a linked service"));
    }
    let runtime = match properties.object("connectVia")? {
        None => None,
        Some(reference) => {
            reference.ignore(&["type", "parameters"]);
            let name = reference.string("referenceName")?;
            let name = name.ok_or_else(|| references::missing("connectVia.referenceName"))?;
            Some(Name::new(&name))
        }
    };
    let inner = properties.object("typeProperties")?;
    let inner = inner.ok_or_else(|| references::missing("typeProperties"))?;
    let connection = connection(&inner)?;
    let credential = inner.string("encryptedCredential")?;
    Ok(SqlProperties {
        kind,
        runtime,
        connection,
        credential: credential.and_then(|text| Uuid::parse_str(&text).ok()),
        shown: without_secrets(raw),
    })
}

fn connection(inner: &Object<'_>) -> Result<Result<SqlConnection, String>, ArmError> {
    inner.ignore(&IGNORED);
    if inner.object("alwaysEncryptedSettings")?.is_some() {
        return Err(ArmError::not_emulated(
            "Always Encrypted of a linked service",
        ));
    }
    let connection = match secret(inner, "connectionString")? {
        // As it was shown: the service has the rest.
        Some(text) if text == MASK => Ok(SqlConnection::to("")),
        Some(text) => {
            no_expression(&text)?;
            SqlConnection::parse(&text)
        }
        None => Ok(by_parts(inner)?),
    };
    let Ok(mut connection) = connection else {
        return Ok(connection);
    };
    if let Some(user) = inner.string("userName")? {
        connection.user = user;
    }
    if let Some(password) = secret(inner, "password")?.filter(|text| text != MASK) {
        connection.password = Some(password.into());
    }
    if let Some(kind) = inner.string("authenticationType")? {
        connection.authentication = Authentication::parse(&kind);
    }
    Ok(Ok(connection))
}

/// The newer form: a property for each part. Its client encrypts, and looks at the certificate (documented).
fn by_parts(inner: &Object<'_>) -> Result<SqlConnection, ArmError> {
    let server = inner.string("server")?;
    let server = server.ok_or_else(|| references::missing("connectionString"))?;
    no_expression(&server)?;
    let mut connection = SqlConnection::to(&server);
    connection.database = inner.string("database")?.unwrap_or_default();
    let encrypts = match inner.value("encrypt") {
        None | Some(Value::Bool(true)) => true,
        Some(Value::Bool(false)) => false,
        Some(value) => match value
            .as_str()
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "mandatory" | "strict" | "true" => true,
            "optional" | "false" => false,
            other => return Err(references::invalid("encrypt", other)),
        },
    };
    let trusts = inner.boolean("trustServerCertificate")?.unwrap_or(false);
    connection.validates = encrypts && !trusts;
    connection.certificate_host = inner.string("hostNameInCertificate")?;
    let intent = inner.string("applicationIntent")?.unwrap_or_default();
    connection.reads_only = intent.eq_ignore_ascii_case("ReadOnly");
    Ok(connection)
}

/// A text, plain or as a `SecureString`.
fn secret(inner: &Object<'_>, name: &str) -> Result<Option<String>, ArmError> {
    if !matches!(inner.value(name), Some(Value::Object(_))) {
        return inner.string(name);
    }
    let secret = inner.object_or_empty(name)?;
    let kind = secret.string("type")?.unwrap_or_default();
    match kind.to_ascii_lowercase().as_str() {
        "securestring" => secret.string("value"),
        _ => {
            secret.ignore_all();
            Err(ArmError::not_emulated(&format!("'{name}' as '{kind}'")))
        }
    }
}

fn no_expression(text: &str) -> Result<(), ArmError> {
    match text.contains("@{") {
        true => Err(ArmError::not_emulated("An expression in a linked service")),
        false => Ok(()),
    }
}

fn without_secrets(raw: &Value) -> Value {
    let mut shown = raw.clone();
    let members = shown.as_object_mut().into_iter().flatten();
    let inner = members
        .filter(|(name, _)| name.eq_ignore_ascii_case("typeProperties"))
        .find_map(|(_, value)| value.as_object_mut());
    let Some(inner) = inner else {
        return shown;
    };
    inner.retain(|name, _| !name.eq_ignore_ascii_case("encryptedCredential"));
    for (name, value) in inner.iter_mut() {
        if SECRETS
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(name))
        {
            *value = masked(value);
        } else if name.eq_ignore_ascii_case("connectionString") {
            *value = match value.as_str() {
                Some(text) => json!(without_password(text).unwrap_or_else(|| MASK.to_owned())),
                None => masked(value),
            };
        }
    }
    shown
}

fn masked(value: &Value) -> Value {
    match value {
        Value::Object(_) => json!({ "type": "SecureString", "value": MASK }),
        _ => json!(MASK),
    }
}
