//! The feature extension block of LOGIN7. `[MS-TDS]` 2.2.6.4, FeatureExt.

use crate::reader::{Reader, utf16_lossy};
use crate::{Error, Result};

use super::Password;

const TERMINATOR: u8 = 0xFF;
/// There are fewer than twenty defined features; more than this is not a login.
const MAX_FEATURES: usize = 64;

/// The number of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeatureId(pub u8);

impl FeatureId {
    /// Reconnecting with the session's state.
    pub const SESSION_RECOVERY: Self = Self(0x01);
    /// Authentication with a token.
    pub const FED_AUTH: Self = Self(0x02);
    /// Always Encrypted.
    pub const COLUMN_ENCRYPTION: Self = Self(0x04);
    /// Transactions over several databases of Azure.
    pub const GLOBAL_TRANSACTIONS: Self = Self(0x05);
    /// Routing to a read-only replica.
    pub const AZURE_SQL_SUPPORT: Self = Self(0x08);
    /// Sensitivity labels of columns.
    pub const DATA_CLASSIFICATION: Self = Self(0x09);
    /// Collations with UTF-8.
    pub const UTF8_SUPPORT: Self = Self(0x0A);
    /// The client caches the address of a database.
    pub const AZURE_SQL_DNS_CACHING: Self = Self(0x0B);
    /// The json type.
    pub const JSON_SUPPORT: Self = Self(0x0D);
    /// The vector type.
    pub const VECTOR_SUPPORT: Self = Self(0x0E);
    /// Routing with a database name.
    pub const ENHANCED_ROUTING: Self = Self(0x0F);
    /// The client describes itself.
    pub const USER_AGENT: Self = Self(0x10);
}

/// One feature a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureRequest {
    /// Authentication with a token.
    FedAuth(FedAuthRequest),
    /// Any other feature, its data unread.
    Other {
        /// Which one.
        id: FeatureId,
        /// Its data.
        data: Vec<u8>,
    },
}

impl FeatureRequest {
    /// Which feature it is.
    pub fn id(&self) -> FeatureId {
        match self {
            Self::FedAuth(_) => FeatureId::FED_AUTH,
            Self::Other { id, .. } => *id,
        }
    }
}

/// How a client wants to authenticate with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FedAuthRequest {
    /// It already has a token and sends it.
    SecurityToken {
        /// The client saw FEDAUTHREQUIRED in the PRELOGIN answer (options bit 0).
        echo: bool,
        /// The token. Bearer tokens are secrets, so it prints like a password.
        token: Password,
        /// The signed nonce, if PRELOGIN carried one.
        nonce: Option<[u8; 32]>,
    },
    /// It wants FEDAUTHINFO first, then sends a token in a message of its own.
    ActiveDirectory {
        /// The client saw FEDAUTHREQUIRED in the PRELOGIN answer (options bit 0).
        echo: bool,
        /// 1 password, 2 integrated, 3 interactive, later ones undocumented.
        workflow: u8,
    },
}

/// Reads the block. `pointer` holds the real offset of the block within `whole`.
pub(super) fn decode_block(whole: &[u8], pointer: &[u8]) -> Result<Vec<FeatureRequest>> {
    let offset = Reader::new(pointer).u32("LOGIN7 feature extension offset")? as usize;
    let block = whole.get(offset..).ok_or(Error::Malformed {
        field: "LOGIN7 feature extension",
        why: "its offset points outside the message",
    })?;
    let mut block = Reader::new(block);
    let mut features = Vec::new();
    loop {
        let id = block.u8("LOGIN7 feature id")?;
        if id == TERMINATOR {
            return Ok(features);
        }
        if features.len() == MAX_FEATURES {
            return Err(Error::Malformed {
                field: "LOGIN7 feature extension",
                why: "has more features than exist",
            });
        }
        let length = block.u32("LOGIN7 feature length")? as usize;
        let data = block.bytes("LOGIN7 feature data", length)?;
        features.push(match FeatureId(id) {
            FeatureId::FED_AUTH => FeatureRequest::FedAuth(decode_fed_auth(data)?),
            id => FeatureRequest::Other {
                id,
                data: data.to_vec(),
            },
        });
    }
}

fn decode_fed_auth(data: &[u8]) -> Result<FedAuthRequest> {
    let mut data = Reader::new(data);
    let options = data.u8("FEDAUTH options")?;
    let echo = options & 1 != 0;
    match options >> 1 {
        0x01 => {
            let length = data.u32("FEDAUTH token length")? as usize;
            let token = data.bytes("FEDAUTH token", length)?;
            let nonce = match data.left() {
                0 => None,
                _ => Some(data.array("FEDAUTH nonce")?),
            };
            Ok(FedAuthRequest::SecurityToken {
                echo,
                token: utf16_lossy(token).into(),
                nonce,
            })
        }
        0x02 => Ok(FedAuthRequest::ActiveDirectory {
            echo,
            workflow: data.u8("FEDAUTH workflow")?,
        }),
        _ => Err(Error::Malformed {
            field: "FEDAUTH options",
            why: "the library is neither security token nor Active Directory",
        }),
    }
}
