//! The lines of a log.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use milink_core::World;
use milink_core::durations::Durations;
use milink_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha1::{Digest as _, Sha1};

use crate::topology::Topology;

/// A line: who takes a turn, or what a turn got from the host, or what was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Entry {
    /// The first line: what was started.
    Start(Box<Start>),
    /// A request of ARM or Entra.
    Arm(ArmRequest),
    /// A request of the control API.
    Control(ControlRequest),
    /// A fault is asked whether it strikes somebody of whom only the address is known.
    Struck {
        /// In which world.
        world: String,
        /// At which point.
        point: String,
        /// The SQL Servers at the address.
        servers: Vec<String>,
        /// The managed instances at the address.
        instances: Vec<String>,
    },
    /// Somebody logs in to an instance.
    Login(Box<Login>),
    /// A session is asked for something.
    Request(SqlRequest),
    /// A session is made as new.
    Reset {
        /// Which.
        session: u64,
        /// Its transaction stays open.
        keep: bool,
    },
    /// A session takes steps of its request, one turn each.
    Step {
        /// Which.
        session: u64,
        /// How many.
        #[serde(default = "once", skip_serializing_if = "is_once")]
        times: u64,
    },
    /// A session's request is given up.
    Cancel {
        /// Which.
        session: u64,
    },
    /// A session ends.
    Gone {
        /// Which.
        session: u64,
    },
    /// Whoever waits for a moment lets the time pass.
    Advance {
        /// In which world.
        world: String,
        /// To then.
        to: Timestamp,
    },
    /// Something comes due in a world whose clock runs.
    Due {
        /// Which.
        world: String,
    },
    /// A world's clock shows this now.
    Time {
        /// Which.
        world: String,
        /// What.
        at: Timestamp,
    },
    /// The host has made something up.
    Given {
        /// What it is for.
        what: String,
        /// The bytes.
        hex: String,
    },
    /// The answer to who has asked last, or of a session.
    Answer(Answer),
    /// Something has changed a world that no log can tell.
    Lost {
        /// Where in the program.
        by: String,
    },
    /// The last line.
    End(End),
}

/// What was started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Start {
    /// The version of milink.
    pub(crate) milink: String,
    pub(crate) seed: u64,
    pub(crate) clock: String,
    pub(crate) durations: Durations,
    pub(crate) topology: Topology,
    pub(crate) sa_password: String,
    pub(crate) administrator_password: String,
    pub(crate) loose: bool,
}

/// A request of ARM, without its token, which would have expired: whose it was is told instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ArmRequest {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) tls: bool,
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claims: Option<Value>,
    pub(crate) body: String,
}

/// A request of the control API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ControlRequest {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: String,
}

/// A login, once it is known which instance is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Login {
    pub(crate) world: String,
    pub(crate) instance: String,
    pub(crate) managed: bool,
    pub(crate) user: String,
    pub(crate) password: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claims: Option<Value>,
    pub(crate) server_name: String,
    pub(crate) database: String,
    pub(crate) host: String,
    pub(crate) program: String,
    pub(crate) library: String,
    pub(crate) read_only: bool,
    pub(crate) encrypted: bool,
    pub(crate) peer: String,
    pub(crate) local: String,
}

/// What a session is asked for: a batch's text, or the message as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SqlRequest {
    pub(crate) session: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) batch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<SqlMessage>,
}

/// A message that is no batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SqlMessage {
    /// The type of its packets.
    pub(crate) kind: u8,
    /// The protocol's version, as LOGIN7 has it.
    pub(crate) version: u32,
    /// For people.
    pub(crate) says: String,
    pub(crate) hex: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Answer {
    /// Of which session, if it is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<u64>,
    /// HTTP's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// What it says, as far as a replay says the same.
    pub(crate) says: Vec<String>,
}

/// What the worlds have come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct End {
    /// The fingerprint of each.
    pub(crate) worlds: BTreeMap<String, String>,
}

/// A digest of all there is to a world.
pub(crate) fn fingerprint(world: &World) -> String {
    struct Digesting(Sha1);

    impl std::fmt::Write for Digesting {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.update(text.as_bytes());
            Ok(())
        }
    }

    let mut digest = Digesting(Sha1::new());
    // Writing into a digest does not fail.
    let _ = write!(digest, "{world:?}");
    HEXLOWER.encode(&digest.0.finalize())
}

fn once() -> u64 {
    1
}

fn is_once(times: &u64) -> bool {
    *times == 1
}
