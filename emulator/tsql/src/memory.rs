//! Memory for the rows that statements work with: so many bytes for all sessions of a program together.
//!
//! What rows take is reckoned, not measured: it is the same in every run, and costs a statement that makes few of them nothing
//! but additions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use milink_core::value::{Row, Value};

/// Memory that many sessions share. Clones are the same memory.
#[derive(Clone, Debug)]
pub struct Memory {
    left: Arc<AtomicUsize>,
}

/// What a session has of it, until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Share {
    /// None before it is known whose memory it is: as much as it likes.
    memory: Option<Memory>,
    /// What its rows take.
    held: usize,
    /// What is taken from the memory for them.
    taken: usize,
}

/// What every session may hold, whatever the others do; and how much it takes at a time beyond that.
const PORTION: usize = 1 << 20;
/// What a row takes beside its values: where it stands, its counters, and the event that brings it to the client.
const ROW: usize = 64;

impl Memory {
    /// So many bytes.
    pub fn of(bytes: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(bytes)),
        }
    }

    /// How many nobody has at the moment.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let order = Ordering::Relaxed;
        let less = |left: usize| left.checked_sub(bytes);
        self.left.fetch_update(order, order, less).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Share {
    /// Of this memory from now on.
    pub(crate) fn of(memory: Memory) -> Self {
        Self {
            memory: Some(memory),
            ..Self::default()
        }
    }

    /// Whether it is known whose memory it is.
    pub(crate) fn is_known(&self) -> bool {
        self.memory.is_some()
    }

    /// Holds so many bytes more; false if there are not so many.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        self.held = self.held.saturating_add(bytes);
        self.held <= self.taken + PORTION || self.take_more()
    }

    #[cold]
    fn take_more(&mut self) -> bool {
        let Some(memory) = &self.memory else {
            return true;
        };
        let wanted = (self.held - self.taken).next_multiple_of(PORTION);
        let took = memory.take(wanted);
        if took {
            self.taken += wanted;
        }
        took
    }

    /// How much it holds.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Holds so much, which is no more than it held: the rest is dropped.
    pub(crate) fn fall_to(&mut self, held: usize) {
        self.held = held.min(self.held);
    }

    /// Gives back what was needed on the way only.
    pub(crate) fn trim(&mut self) {
        let needed = self.held.saturating_sub(PORTION).next_multiple_of(PORTION);
        if let Some(memory) = &self.memory
            && needed < self.taken
        {
            memory.give_back(self.taken - needed);
            self.taken = needed;
        }
    }

    /// A statement is over before which it held so much, and whose rows nobody has.
    pub(crate) fn end(&mut self, held: usize) {
        match held {
            0 => self.release(),
            held => self.fall_to(held),
        }
    }

    /// Holds nothing any more, and gives everything back.
    pub(crate) fn release(&mut self) {
        self.held = 0;
        if self.taken > 0
            && let Some(memory) = &self.memory
        {
            memory.give_back(std::mem::take(&mut self.taken));
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}

/// What so many rows of so many values take that are made anew, without what the values refer to.
pub(crate) const fn rows_of(rows: usize, width: usize) -> usize {
    rows.saturating_mul(ROW + width * size_of::<Value>())
}

/// What references to so many rows take.
pub(crate) const fn references(rows: usize) -> usize {
    rows.saturating_mul(size_of::<Row>())
}

/// What a row takes that is computed, with its texts.
pub(crate) fn computed(values: &[Value]) -> usize {
    let texts = values.iter().map(|value| match value {
        Value::Str(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    });
    rows_of(1, values.len()) + texts.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_beyond_a_portion_is_taken_and_given_back() {
        let memory = Memory::of(3 * PORTION);
        let (mut one, mut other) = (Share::of(memory.clone()), Share::of(memory.clone()));
        assert!(one.hold(PORTION) && other.hold(PORTION));
        assert_eq!(memory.left(), 3 * PORTION, "little is free");
        assert!(one.hold(1));
        assert_eq!((memory.left(), one.held()), (PORTION, PORTION + 1));
        assert!(!other.hold(PORTION + 1), "there is not so much");
        one.fall_to(1);
        assert_eq!(memory.left(), PORTION, "until it is released");
        one.release();
        other.release();
        assert!(other.hold(3 * PORTION));
        drop(other);
        assert_eq!(memory.left(), 3 * PORTION);
        let mut one = Share::of(memory.clone());
        assert!(one.hold(3 * PORTION));
        one.fall_to(PORTION + 1);
        one.trim();
        assert_eq!(memory.left(), 2 * PORTION);
        drop(one);
        let mut nobodys = Share::default();
        assert!(nobodys.hold(usize::MAX) && nobodys.hold(1));
    }
}
