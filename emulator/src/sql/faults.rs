//! Faults on request, as SQL connections show them.

use std::sync::Arc;
use std::time::Duration;

use milink_core::fault::{About, Failure, FaultPoint, Field, Point, Verdict, login, tds};
use milink_core::instance::Instance;
use milink_tds::token::ServerMessage;

use super::session::EngineSession;
use super::{SqlEndpoint, Target, recorded};
use crate::hub::WorldCell;
use crate::tape::Entry;
use crate::tds::service::{LoginRefusal, LoginRequest, SessionRequest};
use crate::tds::{Cancel, ClientGone, DoneScope, End, ResponseSink};

/// No answer is later than that, whatever was asked for.
const LATEST: Duration = Duration::from_secs(600);

/// How a request goes on that the faults have seen.
pub(super) enum Goes {
    /// As usual.
    On,
    /// It is answered already.
    Answered,
}

impl EngineSession {
    /// What the faults make of a request that has come.
    pub(super) async fn meet_faults(
        &self,
        request: &SessionRequest,
        sink: &mut ResponseSink,
        cancel: &Cancel,
    ) -> Result<Goes, ClientGone> {
        let about = self.about(request);
        let ask = |point| ask(&self.cell, point, &about);
        let tape = self.cell.tape();
        let stalled = match tape.step(self.number, || false).await {
            Some(_turn) if ask(&tds::RESET_BEFORE).is_some() => {
                sink.reset();
                return Err(ClientGone);
            }
            Some(_turn) => ask(&tds::STALLED),
            None => None,
        };
        if let Some(verdict) = stalled
            && !tape.is_replaying()
        {
            let late = verdict.delay().to_std().min(LATEST);
            tokio::select! {
                () = tokio::time::sleep(late) => {}
                () = cancel.cancelled() => return Ok(Goes::Answered),
            }
        }
        let Some(_turn) = tape.step(self.number, || false).await else {
            return Ok(Goes::On);
        };
        if let Some(Verdict::FailAs(said)) = ask(&tds::REFUSED) {
            let is_call = matches!(request, SessionRequest::Rpc { .. });
            refuse(&said, &self.server, is_call, sink);
            return Ok(Goes::Answered);
        }
        match ask(&tds::CUT) {
            Some(Verdict::Cut { bytes }) => sink.cut_after(bytes),
            _ if ask(&tds::RESET_AFTER).is_some() => sink.reset(),
            _ => {}
        }
        Ok(Goes::On)
    }

    fn about(&self, request: &SessionRequest) -> About<'static> {
        let text = recorded::described(&self.server, request).text;
        self.cell.read(|world| {
            let about = About::nothing()
                .at(world, self.life.instance)
                .with(Field::Statement, text);
            let row = world
                .instance(self.life.instance)
                .and_then(|instance| instance.sessions.get(&self.life.session));
            match row {
                Some(row) => about
                    .with(Field::User, row.login.to_string())
                    .with(Field::Program, row.program_name.clone()),
                None => about,
            }
        })
    }
}

impl SqlEndpoint {
    /// Whether a fault at `point` bites a client of this address, of which nothing is known yet.
    pub(super) fn is_struck(&self, point: &'static Point) -> bool {
        if !self.cell.has_faults() {
            return false;
        }
        let instances: Vec<Arc<Instance>> = self.cell.read(|world| match &self.target {
            Target::SqlServer(id, _) => world.instance(*id).into_iter().cloned().collect(),
            // Which instance is meant is said later: a fault of any of them is one of the gateway.
            Target::Gateway { .. } => {
                let all = world.instances.values();
                let managed = all.filter(|instance| instance.is_managed_instance());
                managed.cloned().collect()
            }
            Target::Route { route, .. } => route.instance(world).into_iter().cloned().collect(),
        });
        let names = |managed: bool| {
            let of_kind = |found: &&Arc<Instance>| found.is_managed_instance() == managed;
            let names = instances.iter().filter(of_kind);
            names.map(|found| found.name.to_string()).collect()
        };
        let _turn = self.cell.tape().turn(|| {
            Some(Entry::Struck {
                world: self.cell.name().to_owned(),
                point: point.name.to_owned(),
                servers: names(false),
                instances: names(true),
            })
        });
        is_struck(&self.cell, point, &instances)
    }
}

/// Asks again what the log has of a client of whom nothing was known yet.
pub(crate) fn strike_again(
    cell: &Arc<WorldCell>,
    point: &str,
    servers: &[String],
    instances: &[String],
) -> Result<(), String> {
    let point = FaultPoint::named(point).map_err(|error| error.to_string())?;
    let found: Vec<Arc<Instance>> = cell.read(|world| {
        let servers = servers.iter().filter_map(|name| world.sql_server(name));
        let managed = instances.iter();
        let managed = managed.filter_map(|name| world.managed_instance(name));
        servers.chain(managed).cloned().collect()
    });
    is_struck(cell, point.get(), &found);
    Ok(())
}

fn is_struck(cell: &Arc<WorldCell>, point: &'static Point, instances: &[Arc<Instance>]) -> bool {
    let about = cell.read(|world| {
        let ids = instances.iter().map(|found| found.id);
        ids.fold(About::nothing(), |about, id| about.at(world, id))
    });
    ask(cell, point, &about).is_some()
}

/// Whether a fault refuses a login, and in which words.
pub(super) fn of_login(
    cell: &Arc<WorldCell>,
    instance: &Instance,
    request: &LoginRequest<'_>,
) -> Result<(), LoginRefusal> {
    if !cell.has_faults() {
        return Ok(());
    }
    let login7 = request.login7;
    let about = About::nothing()
        .with(Field::Instance, instance.name.to_string())
        .with(Field::User, login7.user_name.clone())
        .with(Field::Program, login7.app_name.clone())
        .with(Field::Database, login7.database.clone());
    for point in login::all() {
        let Some(Verdict::FailAs(said)) = ask(cell, point, &about) else {
            continue;
        };
        let (number, text) = login::words(point, &login7.database);
        return Err(LoginRefusal::denied(
            said.number.unwrap_or(number),
            said.message.unwrap_or(text),
            &instance.server_name(),
        ));
    }
    Ok(())
}

fn ask(cell: &Arc<WorldCell>, point: &'static Point, about: &About<'static>) -> Option<Verdict> {
    cell.change(|world, _| world.fault_at(point, |_| about.clone()))
}

/// Error 40197 unless another one is asked for: what Azure says of a failure of its own.
fn refuse(said: &Failure, server: &str, is_call: bool, sink: &mut ResponseSink) {
    let text = "The service has encountered an error processing your request. Please try again. Error code 40540.";
    sink.message(&ServerMessage {
        number: said.number.unwrap_or(40_197),
        state: 1,
        class: 16,
        text: said.message.clone().unwrap_or_else(|| text.to_owned()),
        server: server.to_owned(),
        procedure: String::new(),
        line: 1,
    });
    let end = End {
        failed: true,
        ..End::default()
    };
    match is_call {
        true => sink.end_call(end),
        false => sink.end_statement(DoneScope::Batch, end),
    }
}
