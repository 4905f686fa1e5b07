//! CREATE and ALTER ENDPOINT … FOR DATABASE_MIRRORING.

use std::net::Ipv4Addr;

use milink_core::command::{AlterEndpoint, AuthenticationSpec, CreateEndpoint};
use milink_core::endpoint::{
    EncryptionAlgorithm, EndpointEncryption, EndpointRole, EndpointState, WindowsProtocol,
};
use milink_core::ids::PrincipalId;
use milink_core::names::Name;

use super::context::StatementContext;
use crate::ast::{self, EndpointPayload, EndpointStatement, EndpointTcp, ListenerIp};
use crate::error::SqlError;

/// The port of a mirroring endpoint where none is said.
const DEFAULT_PORT: u16 = 5022;

pub(super) fn run(
    statement: &EndpointStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    if context.transaction.is_some() {
        let verb = if statement.alter {
            "ALTER ENDPOINT"
        } else {
            "CREATE ENDPOINT"
        };
        return Err(SqlError::new(
            574,
            16,
            format!("{verb} statement cannot be used inside a user transaction."),
        ));
    }
    let options = match &statement.payload {
        Some(EndpointPayload::DatabaseMirroring(options)) => Some(options),
        Some(EndpointPayload::Tsql) => return Err(SqlError::unsupported("endpoints FOR TSQL")),
        Some(EndpointPayload::ServiceBroker(_)) => {
            return Err(SqlError::unsupported("endpoints FOR SERVICE_BROKER"));
        }
        None => None,
    };
    let name = Name::new(&statement.name.value);
    let state = statement.state.map(|state| match state {
        ast::EndpointState::Started => EndpointState::Started,
        ast::EndpointState::Stopped => EndpointState::Stopped,
        ast::EndpointState::Disabled => EndpointState::Disabled,
    });
    let (port, listener_ip) = address(statement.tcp.as_ref())?;
    let role = options
        .and_then(|options| options.role)
        .map(|role| match role {
            ast::EndpointRole::All => EndpointRole::All,
            ast::EndpointRole::Partner => EndpointRole::Partner,
            ast::EndpointRole::Witness => EndpointRole::Witness,
        });
    let authentication = options
        .and_then(|options| options.authentication.as_deref())
        .map(authentication);
    let encryption = options
        .and_then(|options| options.encryption.as_ref())
        .map(encryption);
    if statement.alter {
        let request = AlterEndpoint {
            instance: context.instance,
            name: name.clone(),
            state,
            port,
            listener_ip,
            role,
            authentication,
            encryption,
        };
        return context.apply(request).map_err(|error| match error.number {
            15151 if error.message.contains("endpoint") => {
                super::refusal::missing("alter", "endpoint", name.as_str())
            }
            _ => error,
        });
    }
    context.apply(CreateEndpoint {
        instance: context.instance,
        name,
        owner: PrincipalId(1),
        state: state.unwrap_or(EndpointState::Stopped),
        port: port.unwrap_or(DEFAULT_PORT),
        listener_ip: listener_ip.flatten(),
        role: role.unwrap_or(EndpointRole::All),
        authentication: authentication.unwrap_or(AuthenticationSpec {
            windows: Some(WindowsProtocol::Negotiate),
            certificate: None,
            windows_first: true,
        }),
        encryption: encryption.unwrap_or(EndpointEncryption::Required(EncryptionAlgorithm::Aes)),
    })?;
    Ok(())
}

type Address = (Option<u16>, Option<Option<Ipv4Addr>>);

fn address(tcp: Option<&EndpointTcp>) -> Result<Address, SqlError> {
    let Some(tcp) = tcp else {
        return Ok((None, None));
    };
    let port = match tcp.port {
        None => None,
        Some(port) => Some(u16::try_from(port).ok().filter(|port| *port >= 1024).ok_or_else(|| {
            SqlError::new(7857, 15, format!("'{port}' is an invalid value for parameter 'LISTENER_PORT'. The port must be between 1024 and 65535."))
        })?),
    };
    let ip = match &tcp.ip {
        None => None,
        Some(ListenerIp::All) => Some(None),
        Some(ListenerIp::Address(text)) => match text.parse::<Ipv4Addr>() {
            Ok(ip) => Some(Some(ip)),
            Err(_) => return Err(SqlError::unsupported(format!("LISTENER_IP = ({text})"))),
        },
    };
    Ok((port, ip))
}

fn authentication(ways: &[ast::EndpointAuthentication]) -> AuthenticationSpec {
    let mut spec = AuthenticationSpec {
        windows: None,
        certificate: None,
        windows_first: false,
    };
    for way in ways {
        let windows = match way {
            ast::EndpointAuthentication::WindowsNegotiate => WindowsProtocol::Negotiate,
            ast::EndpointAuthentication::WindowsNtlm => WindowsProtocol::Ntlm,
            ast::EndpointAuthentication::WindowsKerberos => WindowsProtocol::Kerberos,
            ast::EndpointAuthentication::Certificate(name) => {
                spec.certificate = Some(Name::new(&name.value));
                continue;
            }
        };
        spec.windows = Some(windows);
        spec.windows_first = spec.certificate.is_none();
    }
    spec
}

fn encryption(encryption: &ast::EndpointEncryption) -> EndpointEncryption {
    use ast::EndpointAlgorithm::{Aes, Rc4};
    let algorithm = match encryption.algorithms.as_slice() {
        [Rc4] => EncryptionAlgorithm::Rc4,
        [Aes, Rc4] => EncryptionAlgorithm::AesRc4,
        [Rc4, Aes] => EncryptionAlgorithm::Rc4Aes,
        // AES is the default since SQL Server 2016.
        _ => EncryptionAlgorithm::Aes,
    };
    match encryption.level {
        ast::EndpointEncryptionLevel::Required => EndpointEncryption::Required(algorithm),
        ast::EndpointEncryptionLevel::Supported => EndpointEncryption::Supported(algorithm),
        ast::EndpointEncryptionLevel::Disabled => EndpointEncryption::Disabled,
    }
}
