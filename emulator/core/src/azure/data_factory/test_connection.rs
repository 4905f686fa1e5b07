//! Testing a connection: what somebody who designs in a factory gets told.
//!
//! The request is not in the published definitions; that, its answer and the code are from tools that use it
//! (`arm-contract.md` section 18). The way is `path`'s; here are the login and the words.

use super::connection_string::USUAL_PORT;
use super::runtime::touch;
use super::sign_in::{ServerError, sign_in};
use super::{AUTO_RESOLVE, Authentication, Factory, SqlConnection, linked_service, writable};
use crate::azure::ResourceKey;
use crate::command::Request;
use crate::event::EventKind;
use crate::ids::InstanceId;
use crate::names::Name;
use crate::path::{
    Ask, End, Reason, Symptom, Vantage, Verdict, admit, certificate_fits, evaluate_interactively,
};
use crate::refusal::{AzureRefusal, FactoryRefusal, Refusal};
use crate::world::World;

/// POST `testConnectivity`.
#[derive(Clone, Debug)]
pub struct TestConnection {
    /// The factory.
    pub factory: ResourceKey,
    /// What is tested.
    pub subject: Subject,
}

/// What is tested.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A linked service of the factory.
    Named(Name),
    /// One that is only tried.
    Given {
        /// `connectVia`.
        runtime: Option<Name>,
        /// How it connects; or what is wrong with its connection string.
        connection: Result<SqlConnection, String>,
        /// The linked service whose password it has, if it says none.
        password_of: Option<Name>,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TestedConnection {
    /// What went wrong.
    pub error: Option<ConnectionError>,
    /// From where it was tried.
    pub from: Vantage,
    /// The way; none if it came to none.
    pub verdict: Option<Verdict>,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionError {
    /// The number that the service gives it.
    pub code: u32,
    /// The service's words around the driver's.
    pub message: String,
}

/// The service's number for `SqlFailedToConnect` (observed).
const FAILED_TO_CONNECT: u32 = 22_300;
/// Its number for a connection string that the driver does not take (guess).
const INVALID_CONNECTION_STRING: u32 = 22_302;
/// Its number for a self-hosted runtime without a node (guess).
const RUNTIME_OFFLINE: u32 = 2_010;

impl Request for TestConnection {
    type Reply = TestedConnection;

    fn apply(self, world: &mut World) -> Result<TestedConnection, Refusal> {
        let factory = writable(world, &self.factory)?;
        let (runtime, connection) = self.subject.read(factory)?;
        let from = Vantage::Runtime(self.factory.clone(), runtime.clone());
        let failed = |error, verdict| {
            Ok(TestedConnection {
                error: Some(error),
                from: from.clone(),
                verdict,
            })
        };
        if factory.seat_of(&runtime).is_none() {
            let message = format!(
                "The Self-hosted Integration Runtime '{runtime}' is offline: no node is registered."
            );
            let code = RUNTIME_OFFLINE;
            return failed(ConnectionError { code, message }, None);
        }
        if !factory.tries(world, &runtime) {
            let runtime = runtime.to_string();
            return Err(FactoryRefusal::InteractiveOff { runtime }.into());
        }
        let invalid = |message| ConnectionError {
            code: INVALID_CONNECTION_STRING,
            message,
        };
        let connection = match connection {
            Ok(connection) => connection,
            Err(message) => return failed(invalid(message), None),
        };
        if let Authentication::Other(what) = &connection.authentication {
            return Err(AzureRefusal::NotEmulated {
                what: format!("Testing a connection with {what} authentication"),
            }
            .into());
        }
        let (host, port) = match connection.address() {
            Ok(address) => address,
            Err(message) => return failed(invalid(message), None),
        };
        touch(world, &self.factory, &runtime);
        let validates = connection.validates && connection.certificate_host.is_none();
        let ask = Ask {
            validates,
            ..Ask::new(&from, &host, port)
        };
        let mut verdict = evaluate_interactively(world, &ask);
        // The certificate is looked at before the login, but by another name than the host's.
        if let (true, Some(wanted), Some(end)) = (
            connection.validates,
            &connection.certificate_host,
            verdict.end.clone(),
        ) && !end_fits(world, &end, wanted)
        {
            verdict.object(Reason::CertificateName);
        }
        let error = answered(world, &connection, &host, &verdict);
        let message = match (&error, verdict.symptom) {
            (Some(error), _) => Some(told_by_server(error)),
            (None, Some(symptom)) => Some(told_by_driver(symptom).to_owned()),
            (None, None) => None,
        };
        world.record(EventKind::ConnectionTested {
            factory: self.factory.name.to_string(),
            runtime: runtime.to_string(),
            server: connection.server.clone(),
            succeeded: message.is_none(),
        });
        let error = message.map(|message| ConnectionError {
            code: FAILED_TO_CONNECT,
            message: in_envelope(&connection, &message),
        });
        Ok(TestedConnection {
            error,
            from,
            verdict: Some(verdict),
        })
    }
}

impl Subject {
    /// The runtime from which it connects, and how.
    fn read(
        self,
        factory: &Factory,
    ) -> Result<(Name, Result<SqlConnection, String>), FactoryRefusal> {
        let named = |name: &Name| {
            let found = factory.linked_services.get(name);
            found.ok_or_else(|| FactoryRefusal::EntityNotFound {
                kind: "linkedservices",
                name: name.to_string(),
            })
        };
        let (runtime, connection) = match self {
            Self::Named(name) => {
                let service = named(&name)?;
                (service.runtime.clone(), service.connection.clone())
            }
            Self::Given {
                runtime,
                mut connection,
                password_of,
            } => {
                let stored = password_of.and_then(|name| factory.linked_services.get(&name));
                if let (Ok(connection), Some(stored)) = (&mut connection, stored) {
                    connection.complete(&stored.connection);
                }
                let runtime = linked_service::known_runtime(factory, runtime.as_ref())?;
                (runtime, connection)
            }
        };
        Ok((runtime.unwrap_or_else(|| AUTO_RESOLVE.into()), connection))
    }
}

/// What the server says, if the client gets as far as to hear it.
fn answered(
    world: &mut World,
    connection: &SqlConnection,
    host: &str,
    verdict: &Verdict,
) -> Option<ServerError> {
    match verdict.reason {
        Some(Reason::HostRequired | Reason::HostMismatch) => {
            Some(ServerError::cannot_open_server(host))
        }
        // The first login succeeds or fails before the client is sent on.
        None | Some(Reason::RedirectUnreachable) => {
            let instance = logged_into(world, host, verdict.end.as_ref()?)?;
            sign_in(world, instance, connection).err()
        }
        Some(_) => None,
    }
}

/// The server that a login at the end of a way is for. A gateway goes by the name.
fn logged_into(world: &World, host: &str, end: &End) -> Option<InstanceId> {
    let found = match end {
        End::SqlServer {
            server,
            port: USUAL_PORT,
        } => world.sql_server(server),
        _ => admit(world, end, host).ok(),
    };
    found.map(|instance| instance.id)
}

fn end_fits(world: &World, end: &End, wanted: &str) -> bool {
    let instance = end.instance().and_then(|name| world.managed_instance(name));
    instance.is_none_or(|instance| certificate_fits(instance, wanted))
}

/// Observed; the same for whatever went wrong.
fn in_envelope(connection: &SqlConnection, message: &str) -> String {
    let SqlConnection {
        server,
        database,
        user,
        ..
    } = connection;
    format!(
        "Cannot connect to SQL Database. Please contact SQL server team for further support. Server: '{server}', Database: '{database}', User: '{user}'. Check the linked service configuration is correct, and make sure the SQL Database firewall allows the integration runtime to access. {message}"
    )
}

fn told_by_server(error: &ServerError) -> String {
    let ServerError {
        number,
        class,
        state,
        text,
    } = error;
    format!("{text},SqlErrorNumber={number},Class={class},State={state},")
}

/// What SqlClient says (`network.md` section 11.1).
fn told_by_driver(symptom: Symptom) -> &'static str {
    match symptom {
        Symptom::TcpTimeout => {
            "A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server was not found or was not accessible. Verify that the instance name is correct and that SQL Server is configured to allow remote connections. (provider: TCP Provider, error: 0 - A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.)"
        }
        Symptom::TcpRefused => {
            "A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server was not found or was not accessible. Verify that the instance name is correct and that SQL Server is configured to allow remote connections. (provider: TCP Provider, error: 0 - No connection could be made because the target machine actively refused it.)"
        }
        Symptom::TcpReset => {
            "A connection was successfully established with the server, but then an error occurred during the pre-login handshake. (provider: TCP Provider, error: 0 - An existing connection was forcibly closed by the remote host.)"
        }
        Symptom::Dns => {
            "A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server was not found or was not accessible. Verify that the instance name is correct and that SQL Server is configured to allow remote connections. (provider: TCP Provider, error: 0 - No such host is known.)"
        }
        Symptom::Tls => {
            "A connection was successfully established with the server, but then an error occurred during the pre-login handshake. (provider: SSL Provider, error: 0 - The target principal name is incorrect.)"
        }
        Symptom::Login40532 => "The login failed.",
        Symptom::NotTried => "Nothing was tried.",
    }
}
