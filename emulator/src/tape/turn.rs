//! Whose turn it is: one thread's at a time.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};

use super::{Entry, Tape};

thread_local! {
    static CURRENT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The turn that this thread has.
pub(super) fn current() -> Option<u64> {
    CURRENT.get()
}

/// A turn, until it is dropped. It stays on its thread.
#[must_use = "the turn is over when this is dropped"]
pub(crate) struct Turn<'a> {
    is_own: bool,
    _held: Option<MutexGuard<'a, ()>>,
    _here: std::marker::PhantomData<*const ()>,
}

impl<'a> Turn<'a> {
    /// Nobody counts turns, or this thread has one.
    pub(super) fn none() -> Self {
        Self {
            is_own: false,
            _held: None,
            _here: std::marker::PhantomData,
        }
    }

    pub(super) fn begin(number: u64, held: Option<MutexGuard<'a, ()>>) -> Self {
        CURRENT.set(Some(number));
        Self {
            is_own: true,
            _held: held,
            _here: std::marker::PhantomData,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_own {
            CURRENT.set(None);
        }
    }
}

/// A future that takes a turn whenever it goes on; one that does not wait takes one.
pub(crate) struct InTurn<F> {
    tape: Arc<Tape>,
    entry: Option<Entry>,
    inner: Pin<Box<F>>,
}

impl<F: Future> InTurn<F> {
    /// `entry` begins the first turn.
    pub(crate) fn new(tape: Arc<Tape>, entry: Option<Entry>, inner: F) -> Self {
        Self {
            tape,
            entry,
            inner: Box::pin(inner),
        }
    }
}

impl<F: Future> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let entry = &mut this.entry;
        let _turn = this.tape.turn(|| entry.take());
        this.inner.as_mut().poll(context)
    }
}
