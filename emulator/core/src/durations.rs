//! How long things take: a profile, and single transitions set by name.

mod length;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use length::Length;

use crate::time::Span;

/// The sets of durations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Nothing takes time.
    Instant,
    /// Deploying, connecting and seeding take about a second.
    #[default]
    Fast,
    /// As documented or recorded from the real service.
    Azure,
}

/// Something that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transition {
    /// A managed instance is created.
    InstanceCreate,
    /// A managed instance is changed.
    InstanceUpdate,
    /// A managed instance is deleted.
    InstanceDelete,
    /// A managed instance is stopped.
    InstanceStop,
    /// A managed instance is started.
    InstanceStart,
    /// A managed instance fails over to another node.
    InstanceFailover,
    /// A managed database is created or deleted.
    DatabaseCreate,
    /// A virtual network or subnet is written.
    NetworkWrite,
    /// Interactive authoring of an integration runtime is switched.
    InteractiveAuthoring,
    /// A resource group is deleted.
    GroupDelete,
    /// A partner certificate is uploaded or deleted.
    CertificateWrite,
    /// A server trust group is written or deleted.
    TrustGroupWrite,
    /// A failover group is written or deleted; that its databases are copied comes after it.
    FailoverGroupWrite,
    /// From accepting a link to the first handshake between the partners.
    LinkConnect,
    /// How long a link may try to connect before it fails (documented: 5 minutes).
    LinkInitTimeout,
    /// From the handshake to the start of seeding.
    SeedingStart,
    /// The least that seeding takes, whatever the size.
    SeedingMinimum,
    /// From the end of seeding to a readable database: recovery.
    Recovery,
    /// From a readable database until the replica has caught up.
    CatchUp,
    /// A link is dropped.
    LinkDelete,
    /// The replication mode is changed.
    LinkUpdate,
    /// A planned failover: closing the primary, catching up, changing the roles.
    Failover,
    /// How long a planned failover waits for the secondary to catch up before it is called off.
    FailoverTimeout,
    /// The side that gave up goes back to the common point.
    Revert,
    /// From a commit on the primary until the secondary has hardened it.
    NetworkLatency,
    /// From hardened to redone.
    Redo,
    /// From a change on a managed instance until the service backs the log up.
    LogBackup,
    /// Reconnecting after the partner can be reached again.
    Reconnect,
    /// From the start of a server until its availability groups are online.
    ServerStart,
    /// What a step of a SQL Server Agent job takes before its command: a process starts.
    JobStep,
    /// All pages of a database are encrypted, decrypted or encrypted anew.
    EncryptionScan,
}

impl Transition {
    /// Every transition, in the order they are shown.
    pub const ALL: [Self; 24] = [
        Self::InstanceCreate,
        Self::InstanceUpdate,
        Self::InstanceDelete,
        Self::DatabaseCreate,
        Self::NetworkWrite,
        Self::InteractiveAuthoring,
        Self::GroupDelete,
        Self::CertificateWrite,
        Self::TrustGroupWrite,
        Self::FailoverGroupWrite,
        Self::LinkConnect,
        Self::LinkInitTimeout,
        Self::SeedingStart,
        Self::SeedingMinimum,
        Self::Recovery,
        Self::CatchUp,
        Self::LinkDelete,
        Self::LinkUpdate,
        Self::Failover,
        Self::Revert,
        Self::NetworkLatency,
        Self::Redo,
        Self::Reconnect,
        Self::EncryptionScan,
    ];

    /// Whether it can take `length`. How long log travels is computed, never waited for: that is always a span. How far
    /// a scan is follows from the time, too.
    pub const fn takes(self, length: Length) -> bool {
        match self {
            Self::NetworkLatency | Self::Redo => matches!(length, Length::Fixed(_)),
            Self::EncryptionScan => !length.is_held(),
            _ => true,
        }
    }
}

/// The durations of a world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    /// The profile that answers where nothing else is said.
    pub profile: Profile,
    /// Single transitions.
    pub overrides: BTreeMap<Transition, Length>,
    /// Bytes per second of seeding; none asks the profile.
    pub seeding_bytes_per_second: Option<u64>,
}

impl Durations {
    /// A profile with nothing changed.
    pub fn of(profile: Profile) -> Self {
        Self {
            profile,
            ..Self::default()
        }
    }

    /// How long `transition` takes: a span, or a rule.
    pub fn length(&self, transition: Transition) -> Length {
        match self.overrides.get(&transition) {
            Some(length) => *length,
            None => Length::Fixed(self.profile_span(transition)),
        }
    }

    /// How long `transition` usually takes: of a distribution the mean, of what ends by hand or by polls for ever. What
    /// really happens takes [`World::span`](crate::World::span).
    pub fn span(&self, transition: Transition) -> Span {
        match self.overrides.get(&transition) {
            Some(length) => length.usual(),
            None => self.profile_span(transition),
        }
    }

    fn profile_span(&self, transition: Transition) -> Span {
        match self.profile {
            Profile::Instant => Span::ZERO,
            Profile::Fast => fast(transition),
            Profile::Azure => azure(transition),
        }
    }

    /// How fast seeding goes from one instance, to all who are seeded from it; none means it takes no time for its size.
    pub fn seeding_rate(&self) -> Option<u64> {
        self.seeding_bytes_per_second.or(match self.profile {
            Profile::Instant => None,
            // A new database's 8 MiB in under half a second.
            Profile::Fast => Some(20 << 20),
            Profile::Azure => Some(AZURE_SEEDING_BYTES_PER_SECOND),
        })
    }
}

/// The documentation's example rate of one link: 84 GB an hour. Links that seed from one instance at the same time share
/// it.
const AZURE_SEEDING_BYTES_PER_SECOND: u64 = 84_000_000_000 / 3600;

fn fast(transition: Transition) -> Span {
    use Transition as T;
    Span::milliseconds(match transition {
        T::InstanceCreate
        | T::InstanceUpdate
        | T::InstanceDelete
        | T::InstanceStop
        | T::InstanceStart
        | T::InstanceFailover => 200,
        T::DatabaseCreate
        | T::NetworkWrite
        | T::InteractiveAuthoring
        | T::GroupDelete
        | T::CertificateWrite
        | T::TrustGroupWrite
        | T::FailoverGroupWrite => 20,
        T::LinkConnect => 100,
        T::LinkInitTimeout | T::FailoverTimeout => 3_000,
        T::SeedingStart => 50,
        T::SeedingMinimum => 300,
        T::Recovery => 50,
        T::CatchUp => 100,
        T::LogBackup => 10_000,
        T::LinkDelete | T::LinkUpdate | T::Reconnect | T::Failover | T::Revert | T::ServerStart => {
            100
        }
        T::JobStep => 20,
        T::EncryptionScan => 100,
        T::NetworkLatency => 1,
        T::Redo => 0,
    })
}

/// Recorded from the service (`arm-contract.md` section 2.1) or documented; the rest are guesses.
fn azure(transition: Transition) -> Span {
    use Transition as T;
    match transition {
        T::InstanceCreate => Span::minutes(30),
        T::InstanceUpdate => Span::minutes(4),
        T::InstanceDelete => Span::minutes(10),
        // Documented: about 5 and 20 minutes, and under a minute without a connection.
        T::InstanceStop => Span::minutes(5),
        T::InstanceStart => Span::minutes(20),
        T::InstanceFailover => Span::minutes(1),
        T::DatabaseCreate => Span::seconds(30),
        T::NetworkWrite => Span::seconds(5),
        // Documented to take minutes.
        T::InteractiveAuthoring => Span::minutes(2),
        T::GroupDelete => Span::minutes(2),
        T::CertificateWrite => Span::seconds(10),
        // A guess: it was not recorded.
        T::TrustGroupWrite => Span::seconds(30),
        // A guess.
        T::FailoverGroupWrite => Span::minutes(2),
        T::LinkConnect => Span::seconds(45),
        // That a failover waits as long as a new link does is a guess.
        T::LinkInitTimeout | T::FailoverTimeout => Span::minutes(5),
        T::SeedingStart => Span::seconds(10),
        T::SeedingMinimum => Span::minutes(2),
        T::Recovery => Span::seconds(20),
        T::CatchUp => Span::seconds(30),
        T::LinkDelete => Span::seconds(20),
        T::LinkUpdate => Span::seconds(15),
        T::Failover => Span::seconds(30),
        T::Revert => Span::seconds(20),
        T::NetworkLatency => Span::milliseconds(5),
        T::Redo => Span::milliseconds(1),
        T::Reconnect => Span::seconds(10),
        // Documented: about every 10 minutes.
        T::LogBackup => Span::minutes(10),
        T::ServerStart => Span::seconds(15),
        // A guess: PowerShell takes seconds to start.
        T::JobStep => Span::seconds(2),
        // A guess: it depends on the size, and a small database takes seconds.
        T::EncryptionScan => Span::seconds(20),
    }
}
