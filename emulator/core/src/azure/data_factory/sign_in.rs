//! What a server answers to a login that has reached it: nothing, or the error that the client is told.

use super::SqlConnection;
use crate::command::{LogError, Request};
use crate::database::DatabaseState;
use crate::ids::InstanceId;
use crate::instance::{Instance, ServiceState};
use crate::world::World;

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerError {
    pub(super) number: i32,
    pub(super) class: u8,
    pub(super) state: u8,
    pub(super) text: String,
}

impl ServerError {
    fn new(number: i32, class: u8, text: String) -> Self {
        Self {
            number,
            class,
            state: 1,
            text,
        }
    }

    /// The gateway knows no instance of the name (`network.md` section 11.2).
    pub(super) fn cannot_open_server(host: &str) -> Self {
        let is_address = host.parse::<std::net::IpAddr>().is_ok();
        let name = match is_address {
            true => host,
            false => host.split('.').next().unwrap_or(host),
        };
        Self::new(
            40532,
            11,
            format!("Cannot open server \"{name}\" requested by the login.  The login failed."),
        )
    }
}

/// Logs in and out again; a failure is written to the server's error log.
pub(super) fn sign_in(
    world: &mut World,
    instance: InstanceId,
    connection: &SqlConnection,
) -> Result<(), ServerError> {
    let Some(found) = world.instance(instance) else {
        return Ok(());
    };
    let password = connection.password.as_deref().unwrap_or_default();
    let judged = judge(found, connection, password);
    if let Err((error, Some(reason))) = &judged {
        let lines = [
            format!(
                "Error: {}, Severity: {}, State: {}.",
                error.number, error.class, reason.0
            ),
            format!("{} Reason: {}", error.text, reason.1),
        ];
        for text in lines {
            // What cannot be logged is not worth a refusal.
            let _ = LogError { instance, text }.apply(world);
        }
    }
    judged.map_err(|(error, _)| error)
}

type Judged = Result<(), (ServerError, Option<(u8, &'static str)>)>;

fn judge(instance: &Instance, connection: &SqlConnection, password: &str) -> Judged {
    let server = instance.server_name();
    if instance.service == ServiceState::Stopped {
        let text = format!(
            "Database 'master' on server '{server}' is not currently available.  Please retry the connection later.  If the problem persists, contact customer support."
        );
        return Err((ServerError::new(40613, 17, text), None));
    }
    let user = &connection.user;
    let login = instance.check_password(user, password).map_err(|failure| {
        let text = format!("Login failed for user '{user}'.");
        (ServerError::new(18456, 14, text), Some(failure.told()))
    })?;
    let wanted = match connection.database.as_str() {
        "" => login.default_database.as_str(),
        named => named,
    };
    let cannot_open = || {
        let text =
            format!("Cannot open database \"{wanted}\" requested by the login. The login failed.");
        (ServerError::new(4060, 11, text), None)
    };
    let database = instance.database(wanted);
    let database = database.filter(|database| {
        matches!(
            database.state,
            DatabaseState::Online | DatabaseState::Emergency
        )
    });
    let database = database.ok_or_else(cannot_open)?;
    let access = instance.check_connection(database, connection.reads_only);
    access.map_err(|_| cannot_open())
}
