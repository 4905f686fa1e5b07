//! The sessions of a log's SQL clients, taken from turn to turn.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::task::unconstrained;

use super::super::{Login, SqlRequest};
use super::Script;
use crate::emulator::Shared;
use crate::sql;
use crate::tds::service::{SessionRequest, SessionState, SqlSession};
use crate::tds::{Cancel, ResponseSink};

/// Those that are logged in, by the numbers that the log has for them.
#[derive(Default)]
pub(super) struct Clients {
    all: BTreeMap<u64, Client>,
    begun: u64,
}

struct Client {
    mail: Arc<Mutex<Mail>>,
    goes_on: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_over: bool,
}

/// What a client wants of its session.
#[derive(Default)]
struct Mail {
    wishes: VecDeque<Wish>,
    cancel: Arc<Cancel>,
}

enum Wish {
    Request(SessionRequest),
    Reset(bool),
    End,
}

impl Clients {
    /// Logs in again.
    pub(super) fn log_in(&mut self, shared: &Shared, login: &Login) -> Result<(), String> {
        let Some(session) = sql::log_in_again(shared, login)? else {
            // It was refused, as it was before.
            return Ok(());
        };
        self.begun += 1;
        let mail = Arc::new(Mutex::new(Mail::default()));
        let client = Client {
            // Nobody else waits for a turn: it goes on as far as it can.
            goes_on: Box::pin(unconstrained(serve(session, Arc::clone(&mail)))),
            mail,
            is_over: false,
        };
        self.all.insert(self.begun, client);
        Ok(())
    }

    /// Sends a request; its steps are entries of their own.
    pub(super) fn ask(&mut self, request: SqlRequest) -> Result<(), String> {
        let wish = Wish::Request(sql::request_again(&request)?);
        self.send(request.session, wish)
    }

    pub(super) fn reset(&mut self, session: u64, keep: bool) -> Result<(), String> {
        self.send(session, Wish::Reset(keep))
    }

    /// Lets a session take one step.
    pub(super) fn step(&mut self, session: u64, script: &Script) -> Result<(), String> {
        script.permit();
        self.client(session)?.go_on();
        match script.was_taken() {
            true => Ok(()),
            false => Err(format!("session {session} has nothing left to do here")),
        }
    }

    /// Gives up what a session is at.
    pub(super) fn cancel(&mut self, session: u64) -> Result<(), String> {
        let client = self.client(session)?;
        let cancel = Arc::clone(&client.lock().cancel);
        cancel.cancel();
        client.go_on();
        Ok(())
    }

    /// A client leaves; whatever its session was at is over.
    pub(super) fn end(&mut self, session: u64) -> Result<(), String> {
        let mut client = self
            .all
            .remove(&session)
            .ok_or_else(|| format!("there is no session {session}"))?;
        client.lock().wishes.push_back(Wish::End);
        client.go_on();
        Ok(())
    }

    fn send(&mut self, session: u64, wish: Wish) -> Result<(), String> {
        let client = self.client(session)?;
        client.lock().wishes.push_back(wish);
        client.go_on();
        Ok(())
    }

    fn client(&mut self, session: u64) -> Result<&mut Client, String> {
        let client = self.all.get_mut(&session);
        client.ok_or_else(|| format!("there is no session {session}"))
    }
}

impl Client {
    /// As far as it goes without another turn.
    fn go_on(&mut self) {
        if self.is_over {
            return;
        }
        let mut context = Context::from_waker(Waker::noop());
        self.is_over = self.goes_on.as_mut().poll(&mut context).is_ready();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what the client wants; what is answered is compared where it is answered.
async fn serve(mut session: Box<dyn SqlSession>, mail: Arc<Mutex<Mail>>) {
    let mut sink = ResponseSink::to_nobody();
    let lock = || mail.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let wish = std::future::poll_fn(|_| match lock().wishes.pop_front() {
            Some(wish) => Poll::Ready(wish),
            None => Poll::Pending,
        });
        match wish.await {
            Wish::End => return,
            Wish::Reset(keep) => session.reset(keep, &mut sink),
            Wish::Request(request) => {
                let cancel = Arc::new(Cancel::default());
                lock().cancel = Arc::clone(&cancel);
                let is_call = matches!(request, SessionRequest::Rpc { .. });
                sink.begin(is_call, Arc::clone(&cancel));
                let state = session.run(request, &mut sink, &cancel).await;
                let sent = sink.finish().await;
                if state != Ok(SessionState::Open) || sent.is_err() {
                    // Its connection is closed; that it has gone is an entry of its own.
                    std::future::poll_fn(|_| match lock().wishes.pop_front() {
                        Some(Wish::End) => Poll::Ready(()),
                        _ => Poll::Pending,
                    })
                    .await;
                    return;
                }
            }
        }
    }
}
