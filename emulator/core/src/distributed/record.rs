//! What has become of distributed transactions: the coordinators' logs, and what every part has really done.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use uuid::Uuid;

use crate::ids::{InstanceId, TransactionId};

/// What a part of a distributed transaction has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It waits for the decision.
    InDoubt,
    /// Committed, as decided.
    Committed,
    /// Rolled back, as decided.
    RolledBack,
    /// Ended by a person or by the `in-doubt xact resolution` option, whatever was decided.
    ByHand,
    /// Lost with a change of its database's role.
    Lost,
}

/// The parts of a unit of work.
pub(crate) type Parts = OrdMap<(InstanceId, TransactionId), PartState>;

/// Units of work that somebody has tried to commit, the youngest of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// None costs a world without any nothing.
    known: Option<Arc<Known>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    units: OrdMap<Uuid, Parts>,
    /// In the order in which they came.
    order: Vector<Uuid>,
}

/// How many are remembered; those with a part in doubt are in any case.
const MOST: usize = 1_000;

impl Units {
    /// Notes what a part has come to.
    pub(crate) fn note(
        &mut self,
        unit: Uuid,
        instance: InstanceId,
        transaction: TransactionId,
        state: PartState,
    ) {
        let known = Arc::make_mut(self.known.get_or_insert_default());
        if !known.units.contains_key(&unit) {
            known.order.push_back(unit);
            if known.order.len() > MOST {
                known.forget_oldest();
            }
        }
        let parts = known.units.entry(unit).or_default();
        parts.insert((instance, transaction), state);
    }

    /// Whether the coordinator's log says that a unit was committed.
    pub(crate) fn is_committed_at(&self, unit: Uuid, coordinator: InstanceId) -> bool {
        let parts = self.known.as_ref().and_then(|known| known.units.get(&unit));
        parts.is_some_and(|parts| {
            let mut own = parts.iter().filter(|((at, _), _)| *at == coordinator);
            own.any(|(_, state)| *state == PartState::Committed)
        })
    }

    /// Whether nothing has been noted since the other was this one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.known, &other.known) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Uuid, &Parts)> {
        self.known.iter().flat_map(|known| known.units.iter())
    }
}

impl Known {
    fn forget_oldest(&mut self) {
        for _ in 0..self.order.len() {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            let parts = self.units.get(&oldest);
            let mut states = parts.iter().flat_map(|parts| parts.values());
            if !states.any(|state| *state == PartState::InDoubt) {
                self.units.remove(&oldest);
                return;
            }
            self.order.push_back(oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_ones_are_forgotten_unless_a_part_is_in_doubt() {
        let mut units = Units::default();
        let at = (InstanceId(1), TransactionId(1));
        units.note(Uuid::from_u128(0), at.0, at.1, PartState::InDoubt);
        for unit in 1..=2_000 {
            units.note(Uuid::from_u128(unit), at.0, at.1, PartState::Committed);
        }
        assert_eq!(units.iter().count(), MOST);
        assert!(units.iter().any(|(unit, _)| unit.is_nil()));
        assert!(units.is_committed_at(Uuid::from_u128(2_000), at.0));
        assert!(!units.is_committed_at(Uuid::from_u128(1), at.0));
    }
}
