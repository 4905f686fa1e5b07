//! Room for what strangers send: a number of bytes that all of them have together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Room that many share. Clones are the same room.
#[derive(Clone, Debug)]
pub struct Room {
    left: Arc<AtomicUsize>,
}

/// What one of them has of it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    room: Room,
    taken: AtomicUsize,
}

impl Room {
    /// For so many bytes.
    pub(crate) fn of(bytes: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(bytes)),
        }
    }

    /// How many nobody has at the moment.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Nothing yet.
    pub(crate) fn none_of(room: &Room) -> Self {
        Self {
            room: room.clone(),
            taken: AtomicUsize::new(0),
        }
    }

    /// Whether there was room for so many bytes more; if not, none is taken.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let order = Ordering::Relaxed;
        let less = |left: usize| left.checked_sub(bytes);
        let took = self.room.left.fetch_update(order, order, less).is_ok();
        if took {
            self.taken.fetch_add(bytes, order);
        }
        took
    }

    /// How many bytes it has.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Keeps so many bytes at most; another share has the rest.
    pub(crate) fn split_off(&mut self, keep: usize) -> Self {
        let taken = self.taken.get_mut();
        let rest = taken.saturating_sub(keep);
        *taken -= rest;
        Self {
            room: self.room.clone(),
            taken: AtomicUsize::new(rest),
        }
    }

    /// Of which room it is.
    pub(crate) fn room(&self) -> &Room {
        &self.room
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let taken = *self.taken.get_mut();
        self.room.left.fetch_add(taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_full_once_and_empty_again() {
        let room = Room::of(10);
        let mut one = Share::none_of(&room);
        let other = Share::none_of(&room);
        assert!(one.take(7) && !other.take(4) && other.take(3));
        assert_eq!((one.taken(), other.taken(), room.left()), (7, 3, 0));
        let rest = one.split_off(2);
        assert_eq!((one.taken(), rest.taken(), room.left()), (2, 5, 0));
        drop(rest);
        assert_eq!(one.split_off(9).taken(), 0);
        assert_eq!(room.left(), 5);
        drop((one, other));
        assert_eq!(room.left(), 10);
    }
}
