//! Whether a login of an instance gets to a linked server: the way there, and the login that is used.
//!
//! Texts are the provider's, as messages 7412 and following wrap them.

use std::sync::Arc;

use milink_core::World;
use milink_core::distributed::{Missed, dial};
use milink_core::ids::{DatabaseId, InstanceId};
use milink_core::instance::Instance;
use milink_core::linked_server::LinkedServer;
use milink_core::names::Name;
use milink_core::path::Symptom;
use milink_core::principal::{Login, LoginKind};

use crate::error::SqlError;

/// Who answers, and as whom.
pub(crate) struct Reached {
    pub(crate) instance: InstanceId,
    pub(crate) life: u32,
    pub(crate) login: Arc<Login>,
    pub(crate) database: DatabaseId,
}

/// Why nobody does.
pub(crate) struct NotReached {
    pub(crate) error: SqlError,
    /// What the client is told before.
    pub(crate) preceding: Vec<SqlError>,
    /// It takes as long as a connection is waited for until this is known.
    pub(crate) silent: bool,
}

/// The linked server of a name (7202).
pub(crate) fn server(instance: &Instance, name: &str) -> Result<Arc<LinkedServer>, SqlError> {
    let found = instance.linked_servers.get(&Name::new(name));
    found.cloned().ok_or_else(|| unknown(name))
}

/// 7202.
pub(crate) fn unknown(name: &str) -> SqlError {
    SqlError::new(
        7202,
        11,
        format!(
            "Could not find server '{name}' in sys.servers. Verify that the correct server name was specified. If necessary, execute the stored procedure sp_addlinkedserver to add the server to sys.servers."
        ),
    )
    .with_state(2)
}

/// The provider's name as messages show it: the native client of old is another name of today's (documented in
/// "Create linked servers").
pub(crate) fn provider(server: &LinkedServer) -> &str {
    match server.provider.to_ascii_uppercase().starts_with("SQLNCLI") {
        true => "MSOLEDBSQL",
        false => &server.provider,
    }
}

/// 7412: what the provider says.
pub(crate) fn says(server: &LinkedServer, text: &str) -> SqlError {
    let (provider, name) = (provider(server), &server.name);
    SqlError::new(
        7412,
        10,
        format!(
            "OLE DB provider \"{provider}\" for linked server \"{name}\" returned message \"{text}\"."
        ),
    )
}

/// 7399: a remote request took too long.
pub(crate) fn timed_out(server: &Name) -> SqlError {
    SqlError::new(
        7399,
        16,
        format!(
            "The OLE DB provider \"MSOLEDBSQL\" for linked server \"{server}\" reported an error. Execution terminated by the provider because a resource limit was reached."
        ),
    )
}

/// Tries the way and the login.
pub(crate) fn reach(
    world: &World,
    from: &Instance,
    local: &Name,
    server: &LinkedServer,
) -> Result<Reached, NotReached> {
    let (host, port) = server.address();
    let found = dial(world, from.id, host, port).map_err(|missed| not_there(server, missed))?;
    let refuse = |error| NotReached {
        error,
        preceding: Vec::new(),
        silent: false,
    };
    let Some(instance) = world.instance(found) else {
        return Err(not_there(server, Missed::NotSql));
    };
    let login = login(from, instance, local, server).map_err(refuse)?;
    let wanted = match &server.catalog {
        Some(catalog) => catalog.as_str(),
        None => login.default_database.as_str(),
    };
    let cannot_open = || {
        refuse(SqlError::new(
            4060,
            11,
            format!("Cannot open database \"{wanted}\" requested by the login. The login failed."),
        ))
    };
    let database = instance.database(wanted).ok_or_else(cannot_open)?;
    let opens = instance
        .check_readable(database)
        .and_then(|()| instance.check_connection(database, false));
    if opens.is_err() {
        return Err(cannot_open());
    }
    Ok(Reached {
        instance: instance.id,
        life: instance.life,
        database: database.id,
        login,
    })
}

/// The login that the mapping leads to.
fn login(
    from: &Instance,
    to: &Instance,
    local: &Name,
    server: &LinkedServer,
) -> Result<Arc<Login>, SqlError> {
    let failed = |name: &str| SqlError::new(18456, 14, format!("Login failed for user '{name}'."));
    let Some(mapping) = server.login_for(local) else {
        return Err(SqlError::new(
            7416,
            16,
            "Access to the remote server is denied because no login-mapping exists.",
        ));
    };
    let (name, password) = match &mapping.remote {
        Some((name, password)) => (name.clone(), Some(Arc::clone(password))),
        // The local login goes as itself: with its own password, or with its token.
        None => {
            let own = from.login(local.as_str());
            match own.map(|own| &own.kind) {
                Some(LoginKind::Sql { password }) => (local.clone(), Some(Arc::clone(password))),
                Some(LoginKind::External) => (local.clone(), None),
                _ => return Err(failed(local.as_str())),
            }
        }
    };
    let found = to.login(name.as_str()).filter(|login| !login.disabled);
    let fits = |login: &&Arc<Login>| match (&login.kind, &password) {
        (LoginKind::Sql { password }, Some(given)) => password == given,
        (LoginKind::External, None) => true,
        _ => false,
    };
    found
        .filter(fits)
        .cloned()
        .ok_or_else(|| failed(name.as_str()))
}

/// What a client of the provider is told when nobody answers.
fn not_there(server: &LinkedServer, missed: Missed) -> NotReached {
    if let Missed::NotAvailable(_) = missed {
        // As other clients of the gateway hear it.
        let host = server.address().0;
        let text = format!(
            "Database 'master' on server '{host}' is not currently available.  Please retry the connection later.  If the problem persists, contact customer support."
        );
        return NotReached {
            error: SqlError::new(40613, 16, text),
            preceding: Vec::new(),
            silent: false,
        };
    }
    let Missed::Path(symptom) = missed else {
        return NotReached {
            error: SqlError::new(
                7303,
                16,
                format!(
                    "Cannot initialize the data source object of OLE DB provider \"{}\" for linked server \"{}\".",
                    provider(server),
                    server.name
                ),
            ),
            preceding: vec![says(server, "Client unable to establish connection.")],
            silent: false,
        };
    };
    let (number, text) = match symptom {
        Symptom::TcpTimeout => (
            10060,
            "TCP Provider: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.",
        ),
        Symptom::TcpRefused => (
            10061,
            "TCP Provider: No connection could be made because the target machine actively refused it.",
        ),
        Symptom::TcpReset => (
            10054,
            "TCP Provider: An existing connection was forcibly closed by the remote host.",
        ),
        Symptom::Dns => (11001, "TCP Provider: No such host is known."),
        Symptom::Tls => (
            -2_146_893_022,
            "SSL Provider: The target principal name is incorrect.",
        ),
        // Only data factories refuse to try.
        Symptom::NotTried => (10061, "TCP Provider: Nothing was tried."),
        Symptom::Login40532 => (
            40532,
            "Cannot open server requested by the login. The login failed.",
        ),
    };
    let (host, _) = server.address();
    let text = match symptom {
        Symptom::Login40532 => format!(
            "Cannot open server \"{}\" requested by the login. The login failed.",
            host.split('.').next().unwrap_or(host)
        ),
        _ => text.to_owned(),
    };
    let preceding = match symptom {
        Symptom::Login40532 => Vec::new(),
        _ => vec![
            says(server, "Login timeout expired"),
            says(
                server,
                "A network-related or instance-specific error has occurred while establishing a connection to SQL Server. Server is not found or not accessible. Check if instance name is correct and if SQL Server is configured to allow remote connections. For more information see SQL Server Books Online.",
            ),
        ],
    };
    NotReached {
        error: SqlError::new(number, 16, text),
        preceding,
        silent: symptom == Symptom::TcpTimeout,
    }
}
