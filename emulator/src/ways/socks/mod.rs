//! A SOCKS5 proxy into the model's network: the user name says from where, and names are resolved as they are there.

mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use milink_core::path::{Reason, Vantage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::SocksFailures;
use crate::emulator::Shared;
use crate::hub::{DEFAULT_WORLD, WorldCell};
use crate::network::{Act, Decision, Target};
use wire::{Credential, Reply, Wrong};

/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client that has been told of a failure may take to go.
const FAREWELL: Duration = Duration::from_secs(2);
/// How many clients are served at a time, of all worlds.
const CLIENTS: usize = 32_767;

/// Serves the proxy of all worlds.
pub(crate) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(CLIENTS));
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((client, _)) => {
                let shared = Arc::clone(&shared);
                clients.spawn(async move {
                    // Whoever breaks off has nobody to tell.
                    let _ = serve(client, &shared).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a client of the proxy");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let asked = timeout(PATIENCE, ask(&mut client, shared)).await??;
    let Some((cell, from, target)) = asked else {
        return Ok(());
    };
    let network = shared.network(&cell);
    let decision = network.decide(&from, &target);
    match reply_for(&decision, shared.config.socks_failures) {
        Some(Reply::Succeeded) => client.write_all(&Reply::Succeeded.bytes()).await?,
        // Without an answer, until the client gives up.
        None => (),
        Some(failure) => {
            network.note(&from, &target, &decision);
            client.write_all(&failure.bytes()).await?;
            client.shutdown().await?;
            // A client that still speaks would be reset, and might not hear the answer.
            let mut rest = [0; 64];
            let gone = async { while matches!(client.read(&mut rest).await, Ok(1..)) {} };
            let _ = timeout(FAREWELL, gone).await;
            return Ok(());
        }
    }
    network.carry_decided(from, target, decision, client).await;
    Ok(())
}

/// From which world and place, and where to; none if the client was told that it cannot be.
async fn ask(
    client: &mut TcpStream,
    shared: &Shared,
) -> io::Result<Option<(Arc<WorldCell>, Vantage, Target)>> {
    let Some(credential) = wire::credential(client).await? else {
        return Ok(None);
    };
    let Some((cell, from, keepalive_seconds)) = place(&credential, shared) else {
        client.write_all(&wire::NOT_WELCOME).await?;
        return Ok(None);
    };
    client.write_all(&wire::WELCOME).await?;
    match wire::request(client).await? {
        Ok((host, port)) => {
            let target = Target {
                keepalive_seconds,
                ..Target::new(host, port)
            };
            Ok(Some((cell, from, target)))
        }
        Err(wrong) => {
            let reply = match wrong {
                Wrong::Command => Reply::CommandNotSupported,
                Wrong::AddressKind => Reply::AddressNotSupported,
                Wrong::Address => Reply::Failed,
            };
            client.write_all(&reply.bytes()).await?;
            Ok(None)
        }
    }
}

/// What a user name stands for: `vm:app`, in the first world, or `vm:app@WORLD`; `vm:app;keepAlive=30` for a client that sends
/// keepalives, which end here. A program that takes `vm:app` for a name and a password means the same.
fn place(
    credential: &Credential,
    shared: &Shared,
) -> Option<(Arc<WorldCell>, Vantage, Option<u32>)> {
    let is_kind = ["vm", "nic", "subnet", "mi", "adf", "onprem"]
        .iter()
        .any(|kind| credential.user.eq_ignore_ascii_case(kind));
    let user = match is_kind {
        true => format!("{}:{}", credential.user, credential.password),
        false => credential.user.clone(),
    };
    let (from, world) = match user.rsplit_once('@') {
        Some((from, world)) => (from, world),
        None => (user.as_str(), DEFAULT_WORLD),
    };
    let (from, keepalive) = keepalive(from)?;
    let cell = shared.hub.named(world).ok()?;
    let from = cell.read(|world| Vantage::parse(world, from)).ok()?;
    Some((cell, from, keepalive))
}

/// A place, and how often its client sends keepalives; none if something else is said of it.
fn keepalive(text: &str) -> Option<(&str, Option<u32>)> {
    let Some((from, option)) = text.split_once(';') else {
        return Some((text, None));
    };
    let (name, seconds) = option.split_once('=')?;
    let seconds = seconds.parse().ok().filter(|seconds| *seconds > 0)?;
    name.eq_ignore_ascii_case("keepAlive")
        .then_some((from, Some(seconds)))
}

/// What the client is told; none if it is to wait in vain.
fn reply_for(decision: &Decision, failures: SocksFailures) -> Option<Reply> {
    let reason = decision.verdict.as_ref().and_then(|verdict| verdict.reason);
    match decision.act {
        Act::Serve(_) => Some(Reply::Succeeded),
        Act::Refuse => Some(Reply::Refused),
        Act::NoName => Some(Reply::HostUnreachable),
        Act::Hold if failures == SocksFailures::Faithful => None,
        Act::Hold => Some(reason.map_or(Reply::TimedOut, failure)),
    }
}

/// The reply that comes nearest to what stops packets.
const fn failure(reason: Reason) -> Reply {
    match reason {
        Reason::DeniedIn | Reason::DeniedOut => Reply::NotAllowed,
        Reason::NoRoute
        | Reason::PeeringNotConnected
        | Reason::PeeringAccessOff
        | Reason::NonTransitive
        | Reason::RouteToNowhere
        | Reason::RouteToAppliance => Reply::NetworkUnreachable,
        _ => Reply::TimedOut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_may_say_that_its_client_sends_keepalives() {
        for (text, expected) in [
            ("vm:app", Some(("vm:app", None))),
            ("vm:app;keepAlive=30", Some(("vm:app", Some(30)))),
            ("vm:rg/app;KEEPALIVE=1", Some(("vm:rg/app", Some(1)))),
            ("vm:app;keepAlive=0", None),
            ("vm:app;keepAlive=-1", None),
            ("vm:app;keepAlive", None),
            ("vm:app;other=1", None),
            ("vm:app;keepAlive=30;keepAlive=30", None),
        ] {
            assert_eq!(keepalive(text), expected, "{text}");
        }
    }
}
