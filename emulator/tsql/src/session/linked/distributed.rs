//! Transactions that span this session's instance and those of its linked servers.
//!
//! A local transaction that touches a linked server becomes a distributed one (documented in "BEGIN DISTRIBUTED
//! TRANSACTION"): the other side's session takes part in it, and both end together.

use milink_core::distributed::{
    Branch, CommitDistributed, Ending, Enlist, Obstacle, can_distribute,
};
use milink_core::linked_server::LinkedServer;
use milink_core::names::Name;
use milink_core::refusal::Refusal;

use super::reach;
use crate::error::{Abort, SqlError};
use crate::session::host::Host;
use crate::session::{Failure, Session};

impl Session {
    /// Makes the open transaction a distributed one that the linked server's session takes part in. Nothing is done
    /// outside of a transaction.
    pub(super) fn promote(
        &mut self,
        server: &LinkedServer,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        if self.state.transaction.is_none() {
            return Ok(());
        }
        let connection = self.linked.connections.get(&server.name);
        if connection.is_none_or(|connection| connection.enlisted) {
            return Ok(());
        }
        self.can_promote(server, host)?;
        let unit = self.enlist(None, host);
        let Some(connection) = self.linked.connections.get_mut(&server.name) else {
            return Ok(());
        };
        connection.enlisted = true;
        let session = &mut connection.session;
        session.begin_transaction(None, host, &mut Vec::new());
        // What fails there is undone there as a whole.
        session.state.settings.xact_abort = true;
        session.enlist(unit, host);
        Ok(())
    }

    /// Whether the linked server can take part in a transaction (7391).
    pub(super) fn can_promote(
        &mut self,
        server: &LinkedServer,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some(connection) = self.linked.connections.get(&server.name) else {
            return Ok(());
        };
        let to = connection.instance;
        if to == self.state.instance {
            return Err(
                SqlError::new(3910, 16, "Transaction context in use by another session.")
                    .with_state(2)
                    .into(),
            );
        }
        let world = host.snapshot();
        let (name, _) = server.address();
        let Err(obstacle) = can_distribute(&world, self.state.instance, to, name) else {
            return Ok(());
        };
        let text = match obstacle {
            Obstacle::PortsBlocked { .. } => {
                "Communication with the underlying transaction manager has failed."
            }
            _ => {
                "The partner transaction manager has disabled its support for remote/network transactions."
            }
        };
        let provider = reach::provider(server);
        let error = SqlError::new(
            7391,
            16,
            format!("The operation could not be performed because OLE DB provider \"{provider}\" for linked server \"{}\" was unable to begin a distributed transaction.", server.name),
        )
        .with_state(2);
        Err(Failure {
            error,
            compile: false,
            preceding: vec![reach::says(server, text)],
        })
    }

    /// Marks the open transaction as part of a distributed one.
    pub(in crate::session) fn enlist(
        &mut self,
        unit: Option<uuid::Uuid>,
        host: &mut dyn Host,
    ) -> Option<uuid::Uuid> {
        let branch = self.branch()?;
        let open = self.state.transaction.as_mut()?;
        if open.unit.is_none() {
            let enlist = Enlist { branch, unit };
            let mut made = None;
            host.update(&mut |world, now| {
                if world.instance(branch.instance).is_some() {
                    made = world.apply(now, enlist).ok();
                }
            });
            open.unit = made;
        }
        open.unit
    }

    /// This session's part of its transaction.
    fn branch(&self) -> Option<Branch> {
        Some(Branch {
            instance: self.state.instance,
            session: self.state.session,
            transaction: self.state.transaction_id()?,
        })
    }

    /// The parts of all who take part, without this session's own.
    fn branches(&self, into: &mut Vec<Branch>) {
        let connections = self.linked.connections.values();
        for connection in connections.filter(|connection| connection.enlisted) {
            into.extend(connection.session.branch());
            connection.session.branches(into);
        }
    }

    /// Commits all parts of a distributed transaction, or none; not asked of a local one.
    pub(in crate::session) fn commit_distributed(
        &mut self,
        host: &mut dyn Host,
    ) -> Option<Result<Ending, Refusal>> {
        self.state.transaction.as_ref()?.unit?;
        let mut branches = Vec::new();
        self.branches(&mut branches);
        let commit = CommitDistributed {
            coordinator: self.branch()?,
            branches,
        };
        let mut result = None;
        host.update(&mut |world, now| {
            if world.instance(commit.coordinator.instance).is_some() {
                result = Some(world.apply(now, commit.clone()));
            }
        });
        if matches!(result, Some(Ok(_))) {
            self.part_ended();
        }
        result
    }

    /// The parts on other instances have been ended, or are left to themselves.
    fn part_ended(&mut self) {
        for connection in self.linked.connections.values_mut() {
            if std::mem::take(&mut connection.enlisted) {
                connection.session.state.transaction = None;
                connection.session.part_ended();
            }
        }
    }

    /// The parts on other instances are rolled back.
    pub(in crate::session) fn roll_back_parts(&mut self, host: &mut dyn Host) {
        self.linked.running = None;
        for connection in self.linked.connections.values_mut() {
            if std::mem::take(&mut connection.enlisted) {
                connection.session.roll_back_all(host, &mut Vec::new());
            }
        }
    }

    /// A failure on the other side. If it has undone its part of the transaction there, this part goes, too.
    pub(super) fn of_remote(&self, server: &Name, mut failure: Failure) -> Failure {
        let undone = self
            .linked
            .connections
            .get(server)
            .is_some_and(|connection| {
                let open = &connection.session.state.transaction;
                connection.enlisted && open.as_ref().is_none_or(|open| open.doomed)
            });
        if undone {
            failure.error = failure.error.aborting(Abort::BatchAndTransaction);
        } else if failure.error.abort == Abort::Batch || failure.error.abort == Abort::Connection {
            // It has ended a batch there, not this one.
            failure.error = failure.error.aborting(Abort::Statement);
        }
        failure
    }
}
