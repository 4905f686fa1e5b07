//! Transactions that span instances: who may have one together, and how it ends on all of them or on none.
//!
//! Between managed instances that takes trust and open ports (documented in "Distributed transactions across cloud
//! databases"); between SQL Servers the coordinator of the machines does it, which is taken to be set up.

mod commit;
mod dial;
mod in_doubt;
mod laws;
mod record;

use std::fmt;

pub use commit::{Branch, CommitDistributed, Ending, Enlist};
pub use dial::{Missed, dial};
pub(crate) use dial::{by_name, is_placed, vantage};
pub use in_doubt::{IN_DOUBT, KillUnit, Part};
pub(crate) use in_doubt::{recover, resolve};
pub(crate) use laws::{
    doubts_end, parts_have_sessions, served_sessions_are_there, units_end_alike,
};
pub use record::{PartState, Units};

use crate::azure::TrustScope;
use crate::ids::InstanceId;
use crate::instance::Instance;
use crate::network::Reach;
use crate::path::{Ask, End, Reason, Vantage, evaluate};
use crate::world::World;

/// What keeps two instances from having a transaction together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// One is a managed instance and the other is not: that takes DTC for managed instances, another feature.
    NotManaged,
    /// They do not trust each other.
    NoTrust {
        /// Who asks.
        from: String,
        /// Whom it would have to trust.
        to: String,
    },
    /// The linked server does not name the other by its private name.
    NotPrivateName {
        /// What it names.
        host: String,
        /// What it should.
        fqdn: String,
    },
    /// A port is closed between them, in one direction.
    PortsBlocked {
        /// Who cannot connect.
        from: String,
        /// To whom.
        to: String,
        /// To which port.
        port: u16,
        /// What the evaluator says of it; none is a fault of the network.
        reason: Option<Reason>,
    },
}

/// The ports between managed instances (documented): 5024, and the ends of 11000-12000.
const PORTS: [u16; 3] = [5024, 11_000, 12_000];

impl Obstacle {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotManaged => "stg.not_managed_instances",
            Self::NoTrust { .. } => "stg.no_trust",
            Self::NotPrivateName { .. } => "stg.not_private_name",
            Self::PortsBlocked { .. } => "stg.ports_blocked",
        }
    }

    /// What would remove it.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotManaged => {
                "run the transaction between two managed instances, or between two SQL Servers"
                    .to_owned()
            }
            Self::NoTrust { from, to } => format!(
                "az sql stg create -g <group> -l <region> -n <name> --trust-scope GlobalTransactions -m <id of {from}> <id of {to}>"
            ),
            Self::NotPrivateName { fqdn, .. } => {
                format!("make the linked server with @datasrc = N'{fqdn}'")
            }
            Self::PortsBlocked { from, to, .. } => format!(
                "open TCP 5024 and 11000-12000 from {from} to {to} and back, inbound and outbound; a private endpoint carries 1433 only, so peer the networks"
            ),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        match self {
            Self::NotManaged => f.write_str(": one side is no managed instance"),
            Self::NoTrust { from, to } => {
                write!(
                    f,
                    ": no server trust group with GlobalTransactions has both {from} and {to}"
                )
            }
            Self::NotPrivateName { host, fqdn } => {
                write!(f, ": the linked server names '{host}' instead of '{fqdn}'")
            }
            Self::PortsBlocked {
                from,
                to,
                port,
                reason,
            } => {
                let why = reason.map_or("network", Reason::code);
                write!(f, ": {from} does not reach port {port} of {to} ({why})")
            }
        }
    }
}

/// Whether `from` can take `to`, which it calls `host`, into a transaction.
///
/// # Errors
///
/// The first thing that stands against it.
pub fn can_distribute(
    world: &World,
    from: InstanceId,
    to: InstanceId,
    host: &str,
) -> Result<(), Obstacle> {
    let (Some(one), Some(other)) = (world.instance(from), world.instance(to)) else {
        return Err(Obstacle::NotManaged);
    };
    match (one.is_managed_instance(), other.is_managed_instance()) {
        (false, false) => return open(world, one, other).and_then(|()| open(world, other, one)),
        (true, true) => {}
        _ => return Err(Obstacle::NotManaged),
    }
    let scope = TrustScope::GlobalTransactions;
    if !world.azure.trust.is_effective(from, to, scope) {
        return Err(Obstacle::NoTrust {
            from: one.name.to_string(),
            to: other.name.to_string(),
        });
    }
    let fqdn = other.server_name();
    if !host.trim_end_matches('.').eq_ignore_ascii_case(&fqdn) {
        return Err(Obstacle::NotPrivateName {
            host: host.to_owned(),
            fqdn,
        });
    }
    open(world, one, other)?;
    open(world, other, one)
}

/// Whether one instance gets to the transaction ports of the other.
fn open(world: &World, from: &Instance, to: &Instance) -> Result<(), Obstacle> {
    let blocked = |port, reason| Obstacle::PortsBlocked {
        from: from.name.to_string(),
        to: to.name.to_string(),
        port,
        reason,
    };
    if world.parted(from.id, to.id) != Reach::Open {
        return Err(blocked(PORTS[0], None));
    }
    if !has_network(from) || !has_network(to) {
        return Ok(());
    }
    let vantage = Vantage::Instance(from.name.clone());
    let fqdn = to.server_name();
    for port in PORTS {
        let verdict = evaluate(world, &Ask::new(&vantage, &fqdn, port).trusting());
        match (verdict.reason, verdict.end) {
            (None, Some(End::VnetLocal { .. })) => {}
            (reason, _) => return Err(blocked(port, reason)),
        }
    }
    Ok(())
}

/// Whether an instance is in a network that the evaluator knows.
fn has_network(instance: &Instance) -> bool {
    let managed = instance.as_managed_instance();
    managed.is_some_and(|managed| {
        managed.properties.subnet.is_some() && managed.properties.address.is_some()
    })
}
