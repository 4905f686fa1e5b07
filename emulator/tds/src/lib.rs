//! The server side of the TDS wire protocol, as bytes and messages.
//!
//! Knows packets, logins, requests, tokens and types; knows nothing of SQL, sockets or milink.
//! Every decoder takes bytes a client chose and answers a value or an [`Error`], never a panic;
//! every encoder appends to a [`bytes::BytesMut`] the caller owns.
//!
//! Layout facts come from the open specification `[MS-TDS]` (Tabular Data Stream Protocol); where
//! a driver taught otherwise the comment names the driver.

mod error;
mod limits;
mod reader;
mod version;

pub mod all_headers;
pub mod bulk_load;
pub mod fed_auth_token;
pub mod login7;
pub mod packet;
pub mod prelogin;
pub mod rpc_request;
pub mod sql_batch;
pub mod token;
pub mod transaction_request;
pub mod types;

#[cfg(test)]
mod hostile;

pub use error::{Error, Result};
pub use limits::Limits;
pub use version::TdsVersion;
