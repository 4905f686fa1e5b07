//! Steps that are done again until what is expected comes.

use serde::Deserialize;

/// How a step is repeated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Until {
    /// The pause between two tries, in seconds of the server's time, which the runner lets pass.
    #[serde(default = "default_pause")]
    pub every_seconds: u32,
    /// How many times it is tried.
    #[serde(default = "default_tries")]
    pub tries: u32,
    /// A pointer into the body that says how far it is, such as `42%`.
    #[serde(default)]
    pub progress: Option<String>,
}

const fn default_pause() -> u32 {
    5
}

const fn default_tries() -> u32 {
    500
}
