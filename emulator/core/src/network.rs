//! The network between instances: whether one of them reaches another's mirroring ports now.

use imbl::OrdMap;

use crate::command::Request;
use crate::ids::InstanceId;
use crate::instance::ServiceState;
use crate::refusal::Refusal;
use crate::world::World;

/// What becomes of what one instance sends to another's mirroring ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It arrives.
    Open,
    /// Port 5022 answers, and the ports 11000 to 11999 of the node behind it do not: a managed instance's gateway
    /// takes the connection and nobody goes on from there. To a SQL Server, which has no such ports, it is `Open`.
    GatewayOnly,
    /// Nothing answers. Whoever waits learns it by a timeout.
    Silent,
    /// The machine answers that nobody listens, at once.
    Refused,
}

/// The ways between instances that something blocks. One that is not listed is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    blocked: OrdMap<(InstanceId, InstanceId), Reach>,
}

/// Blocks or opens the way from one instance to another; the way back is another one.
#[derive(Clone, Copy, Debug)]
pub struct SetReach {
    /// Who sends.
    pub from: InstanceId,
    /// To whose mirroring ports.
    pub to: InstanceId,
    /// What becomes of it.
    pub reach: Reach,
}

impl Network {
    /// The ways that are blocked.
    pub fn blocked(&self) -> impl Iterator<Item = (InstanceId, InstanceId, Reach)> + '_ {
        let ways = self.blocked.iter();
        ways.map(|((from, to), reach)| (*from, *to, *reach))
    }

    /// Forgets an instance that is gone.
    pub(crate) fn forget(&mut self, gone: InstanceId) {
        if self
            .blocked
            .keys()
            .any(|(from, to)| *from == gone || *to == gone)
        {
            let left = std::mem::take(&mut self.blocked).into_iter();
            self.blocked = left
                .filter(|((from, to), _)| *from != gone && *to != gone)
                .collect();
        }
    }
}

impl World {
    /// What becomes of what `from` sends to the mirroring ports of `to` now. Everything that depends on the network
    /// asks here: the handshake of a link, its connection, and the connectivity tests of SQL Agent jobs.
    pub fn reachability(&self, from: InstanceId, to: InstanceId) -> Reach {
        if !self.is_running(from) || !self.is_running(to) {
            return Reach::Refused;
        }
        let blocked = self.network.blocked.get(&(from, to)).copied();
        let mut reach = blocked.unwrap_or(Reach::Open);
        if !self.faults.is_empty() {
            reach = reach.max(crate::fault::network::reach(self, from, to));
        }
        match reach {
            Reach::GatewayOnly if !self.is_managed(to) => Reach::Open,
            reach => reach,
        }
    }

    /// What faults make of the way from one instance to another, whatever the port. What [`SetReach`] blocks is only the
    /// way to the mirroring ports.
    pub(crate) fn parted(&self, from: InstanceId, to: InstanceId) -> Reach {
        // An instance takes clients while its groups are not online yet.
        let is_down = |id| {
            let found = self.instance(id);
            found.is_none_or(|found| found.service == ServiceState::Stopped)
        };
        if is_down(from) || is_down(to) {
            return Reach::Refused;
        }
        match self.faults.is_empty() {
            true => Reach::Open,
            false => match crate::fault::network::reach(self, from, to) {
                Reach::GatewayOnly => Reach::Open,
                reach => reach,
            },
        }
    }

    fn is_running(&self, instance: InstanceId) -> bool {
        self.instance(instance)
            .is_some_and(|found| found.service == ServiceState::Running)
    }

    fn is_managed(&self, instance: InstanceId) -> bool {
        self.instance(instance)
            .is_some_and(|found| found.is_managed_instance())
    }
}

impl Request for SetReach {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let way = (self.from, self.to);
        match self.reach {
            Reach::Open => world.network.blocked.remove(&way),
            reach => world.network.blocked.insert(way, reach),
        };
        Ok(())
    }
}
