//! Serde types shared by server and client.
