//! The connection of a private endpoint to what it leads to: asked for, approved, rejected, cut.
//!
//! It is one fact with two faces: the consumer's endpoint shows it, and the provider's resource lists it.

use uuid::Uuid;

use crate::azure::ResourceKey;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal};

/// A connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its name on the provider's side.
    pub name: Name,
    /// Its name on the consumer's side.
    pub consumer_name: Name,
    /// Makes the provider's name unique.
    pub guid: Uuid,
    /// What it leads to.
    pub target: Target,
    /// Whether the consumer named a private link service by its alias.
    pub by_alias: bool,
    /// `groupIds`: `managedInstance`, or nothing for a private link service.
    pub group_ids: Vec<String>,
    /// Whether it was asked for by hand (`manualPrivateLinkServiceConnections`).
    pub manual: bool,
    /// `requestMessage`.
    pub request_message: String,
    /// Where it stands.
    pub status: ConnectionStatus,
    /// `description`.
    pub description: String,
    /// Whether it has ever been approved.
    pub was_approved: bool,
}

/// What a private endpoint leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A managed instance.
    Instance(Name),
    /// A private link service.
    Service(ResourceKey),
}

/// `privateLinkServiceConnectionState.status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum ConnectionStatus {
    Pending,
    Approved,
    Rejected,
    Disconnected,
}

/// What a provider says to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum Review {
    Approved,
    Rejected,
}

/// Whether a managed instance's connection can be reviewed again. The generic text of the platform lets a provider change
/// its mind; the SQL provider's contract lists an error for it (guess: the contract wins).
const INSTANCE_REVIEWS_AGAIN: bool = false;
/// Between the endpoint's name and the GUID in the name of a managed instance's connection (observed).
const INSTANCE_CONNECTION_SEPARATOR: char = '-';
/// The same for a private link service (observed).
const SERVICE_CONNECTION_SEPARATOR: char = '.';

impl ConnectionStatus {
    /// As ARM writes it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::Disconnected => "Disconnected",
        }
    }
}

impl Connection {
    /// What the endpoint `name` asks for.
    pub(in crate::azure) fn new(
        endpoint: &str,
        guid: Uuid,
        consumer_name: Name,
        target: Target,
        asked: Asked,
    ) -> Self {
        let separator = match target {
            Target::Instance(_) => INSTANCE_CONNECTION_SEPARATOR,
            Target::Service(_) => SERVICE_CONNECTION_SEPARATOR,
        };
        let (status, description) = match asked.approved {
            true => (ConnectionStatus::Approved, "Auto-approved".to_owned()),
            false => (ConnectionStatus::Pending, asked.message.clone()),
        };
        Self {
            name: Name::new(&format!("{endpoint}{separator}{guid}")),
            consumer_name,
            guid,
            target,
            by_alias: asked.by_alias,
            group_ids: asked.group_ids,
            manual: asked.manual,
            request_message: asked.message,
            status,
            description,
            was_approved: asked.approved,
        }
    }

    /// What tells it from other connections in a PROXY header (guess: any number that stays does).
    pub fn link_identifier(&self) -> u32 {
        self.guid.as_fields().0
    }

    /// Whether the provider has it, too.
    pub fn is_listed(&self) -> bool {
        self.status != ConnectionStatus::Disconnected
    }

    /// The provider approves or rejects it.
    pub(super) fn review(&mut self, review: Review, text: String) -> Result<(), AzureRefusal> {
        let again = match self.target {
            Target::Instance(_) => INSTANCE_REVIEWS_AGAIN,
            Target::Service(_) => true,
        };
        if self.status != ConnectionStatus::Pending && !again {
            return Err(FabricRefusal::ConnectionNotPending {
                name: self.name.to_string(),
            }
            .into());
        }
        self.status = match review {
            Review::Approved => {
                self.was_approved = true;
                ConnectionStatus::Approved
            }
            Review::Rejected => ConnectionStatus::Rejected,
        };
        self.description = text;
        Ok(())
    }

    /// The provider's side is gone; only the consumer still shows it.
    pub(super) fn cut(&mut self) {
        self.status = ConnectionStatus::Disconnected;
        self.description = "Connection was removed by the provider".to_owned();
    }
}

/// How a connection was asked for.
#[derive(Clone, Debug)]
pub(in crate::azure) struct Asked {
    pub(in crate::azure) manual: bool,
    pub(in crate::azure) by_alias: bool,
    pub(in crate::azure) approved: bool,
    pub(in crate::azure) message: String,
    pub(in crate::azure) group_ids: Vec<String>,
}
