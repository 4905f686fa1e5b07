//! The message a client sends after FEDAUTHINFO: its token. `[MS-TDS]` 2.2.6.3.

use crate::Result;
use crate::login7::Password;
use crate::reader::{Reader, utf16_lossy};

/// A federated authentication token, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FedAuthToken {
    /// The token.
    pub token: Password,
    /// The signed nonce, if PRELOGIN carried one.
    pub nonce: Option<[u8; 32]>,
}

impl FedAuthToken {
    /// Reads the payload of a message of type 8.
    pub fn decode(payload: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(payload);
        let length = reader.u32("FEDAUTH message length")? as usize;
        let mut data = Reader::new(reader.bytes("FEDAUTH message", length)?);
        let token_bytes = data.u32("FEDAUTH token length")? as usize;
        let token = data.bytes("FEDAUTH token", token_bytes)?;
        let nonce = match data.left() {
            0 => None,
            _ => Some(data.array("FEDAUTH nonce")?),
        };
        Ok(Self {
            token: utf16_lossy(token).into(),
            nonce,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_is_read() {
        let message = [8, 0, 0, 0, 4, 0, 0, 0, b'e', 0, b'y', 0];
        let token = FedAuthToken::decode(&message).unwrap();
        assert_eq!(token.token.reveal(), "ey");
        assert_eq!(token.nonce, None);
    }

    #[test]
    fn malformed_tokens_are_refused() {
        for (bytes, words) in [
            (&[][..], "FEDAUTH message length: 4 bytes needed, 0 left"),
            (&[9, 0, 0, 0, 1], "FEDAUTH message: 9 bytes needed, 1 left"),
            (
                &[4, 0, 0, 0, 1, 0, 0, 0],
                "FEDAUTH token: 1 bytes needed, 0 left",
            ),
            (
                &[5, 0, 0, 0, 0, 0, 0, 0, 7],
                "FEDAUTH nonce: 32 bytes needed, 1 left",
            ),
        ] {
            assert_eq!(FedAuthToken::decode(bytes).unwrap_err().to_string(), words);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = FedAuthToken::decode(&bytes);
        }
    }
}
