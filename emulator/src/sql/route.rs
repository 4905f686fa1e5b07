//! Logins that come through the model's network: the name in them, and where they are sent on to.

use std::sync::Arc;

use milink_core::explain::{self, Explanation};
use milink_core::instance::Instance;
use milink_core::listener_url::ListenerUrl;
use milink_core::path::{End, login_name};
use milink_core::time::Timestamp;
use milink_tds::TdsVersion;
use milink_tds::token::ServerMessage;

use super::SqlEndpoint;
use super::login::{Found, host_of};
use crate::explanations::Refused;
use crate::network::Route;
use crate::tds::service::{LoginAccepted, LoginRefusal, LoginRequest};

/// Severity of error 40532 (guess: undocumented for managed instances).
const CANNOT_OPEN_SERVER_CLASS: u8 = 11;

impl SqlEndpoint {
    /// The instance that a login is for, by the name it gives; else 40532.
    pub(super) fn by_route<'a>(
        &self,
        route: &Route,
        login: &LoginRequest<'a>,
    ) -> Result<Found<'a>, LoginRefusal> {
        let whole = login.login7.user_name.as_str();
        let asked = route.asked(&login.login7.server_name, login.sni);
        let found = self.cell.read(|world| {
            // Clients that do not send the server's name put it behind the user's. A suffix that names no instance is part
            // of the user's name (guess).
            let suffixed = || {
                let (user, suffix) = whole.rsplit_once('@')?;
                let instance = route.admit(world, suffix).ok()?;
                let suffix = login_name(suffix);
                let names_it = instance.name.is(&suffix)
                    || instance.server_name().eq_ignore_ascii_case(&suffix);
                names_it.then(|| (Arc::clone(instance), user))
            };
            let named = || Some((Arc::clone(route.admit(world, asked).ok()?), whole));
            suffixed().or_else(named)
        });
        match found {
            Some((instance, user)) => Ok(Found {
                cell: Arc::clone(&self.cell),
                instance,
                user,
            }),
            None => Err(self.cannot_open_server(asked, asked, Some(route.end()))),
        }
    }

    /// Where the client of an accepted login is to go instead, if it can follow (clients older than TDS 7.4 cannot): where
    /// the group of its database sends readers, or where the gateway sends everybody.
    pub(super) fn redirect(
        &self,
        instance: &Instance,
        login: &LoginRequest<'_>,
        reader: Option<ListenerUrl>,
    ) -> Option<(String, u16)> {
        if login.login7.version < TdsVersion::V7_4 {
            return None;
        }
        let way = self.target.way();
        match reader {
            Some(url) => match way {
                Some(way) => way.lead_on(url.host, url.port),
                None => Some((url.host, url.port)),
            },
            None => way?.redirect(instance),
        }
    }

    /// The host that a client has connected to: a mapped port stands for one, and elsewhere it is what the client says.
    pub(super) fn came_to<'a>(&'a self, login: &LoginRequest<'a>) -> &'a str {
        match self.target.way() {
            Some(way) => &way.target().host,
            None => host_of(&login.login7.server_name),
        }
    }

    /// Has the trace of the network know how a login went.
    pub(super) fn note(
        &self,
        login: &LoginRequest<'_>,
        judged: &Result<LoginAccepted, LoginRefusal>,
    ) {
        let Some(route) = self.target.way() else {
            return;
        };
        let (outcome, redirect) = match judged {
            Ok(accepted) => (Ok(accepted.server_name.as_str()), accepted.routing.as_ref()),
            Err(LoginRefusal::Denied(messages)) => {
                let number = messages.last().map_or(0, |message| message.number);
                (Err(number), None)
            }
            // It comes again.
            Err(LoginRefusal::NeedsToken(_)) => return,
        };
        let redirect = redirect.map(|(host, port)| format!("{host}:{port}"));
        route.note(&login.login7.server_name, outcome, redirect);
    }

    /// 40532, in Azure's words with the name that is `told`; what is to be done is remembered, and goes to the log.
    pub(super) fn cannot_open_server(
        &self,
        asked: &str,
        told: &str,
        end: Option<&End>,
    ) -> LoginRefusal {
        let message =
            format!("Cannot open server \"{told}\" requested by the login.  The login failed.");
        let refused = Refused {
            id: String::new(),
            world: None,
            time: None,
            at: Timestamp::default(),
            server: "gateway".to_owned(),
            asked: format!("login to '{asked}'"),
            code: "40532".to_owned(),
            message: message.clone(),
            explanation: Explanation::default(),
        };
        let mut why = Explanation::default();
        let id = self.cell.explain(refused, |world| {
            why = explain::server_name(world, asked, end);
            why.clone()
        });
        tracing::warn!(
            explain = id,
            reason = why.reason,
            remedy = why.remedy.join("; "),
            "a login for no server of the gateway (40532)"
        );
        LoginRefusal::Denied(vec![ServerMessage {
            number: 40532,
            state: 1,
            class: CANNOT_OPEN_SERVER_CLASS,
            text: message,
            server: String::new(),
            procedure: String::new(),
            line: 1,
        }])
    }
}
