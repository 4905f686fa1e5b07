//! `If-Match`: a write that is only meant for what its writer has read.

use uuid::Uuid;

use crate::refusal::FactoryRefusal;

/// What a write needs to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Whatever is there, or nothing.
    #[default]
    None,
    /// Anything that is there: `*`.
    There,
    /// Just this state.
    Etag(String),
}

impl Precondition {
    /// Reads `If-Match`.
    pub fn parse(header: Option<&str>) -> Self {
        match header.map(str::trim) {
            None | Some("") => Self::None,
            Some("*") => Self::There,
            Some(etag) => Self::Etag(bare(etag).to_owned()),
        }
    }

    /// Whether an etag that a client sends is this one. Clients quote it as they please.
    pub fn is_same(sent: &str, etag: Uuid) -> bool {
        bare(sent).eq_ignore_ascii_case(&etag.to_string())
    }

    /// Whether what is there is what was meant.
    pub(super) fn check(
        &self,
        resource: impl ToString,
        found: Option<Uuid>,
    ) -> Result<(), FactoryRefusal> {
        let fits = match (self, found) {
            (Self::None, _) | (Self::There, Some(_)) => true,
            (Self::There | Self::Etag(_), None) => false,
            (Self::Etag(wanted), Some(etag)) => Self::is_same(wanted, etag),
        };
        match fits {
            true => Ok(()),
            false => Err(FactoryRefusal::Changed {
                resource: resource.to_string(),
            }),
        }
    }
}

fn bare(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/").trim_matches('"')
}
