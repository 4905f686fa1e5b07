//! Serde types of the ARM contract, shared by the server that answers with them and the client that reads them.
//!
//! Members are optional where an api-version, a state or the service leaves them out; what is absent is not written.

mod certificate;
mod database;
mod error;
mod link;
mod managed_instance;
mod operation;
mod ready;
mod resource;

pub use certificate::{
    EndpointCertificateProperties, ServerTrustCertificateProperties, TrustedRootCertificate,
};
pub use database::ManagedDatabaseProperties;
pub use error::{ErrorBody, ErrorDetail};
pub use link::{LegacyLinkProperties, LinkDatabase, LinkProperties, PartnerAuthCertValidity};
pub use managed_instance::{
    Administrator, ConnectionState, ManagedInstanceIdentity, ManagedInstanceProperties,
    PrivateEndpointConnection, PrivateEndpointConnectionProperties, ResourceId, Sku,
    UserAssignedIdentity,
};
pub use operation::{AcceptedOperation, OperationStatus};
pub use ready::{ReadyFile, ReadyManagedInstance, ReadySqlServer};
pub use resource::{List, ProxyResource, TrackedResource};
