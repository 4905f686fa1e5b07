//! FEATUREEXTACK: which of the features asked for the server grants.

use bytes::{BufMut, BytesMut};

const TOKEN: u8 = 0xAE;
const TERMINATOR: u8 = 0xFF;

/// A granted feature. Silence refuses; what has no variant here is never granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureAck {
    /// The token is accepted. Must be sent to a client that logged in with one.
    FedAuth {
        /// The nonce of PRELOGIN back, if there was one.
        nonce: Option<[u8; 32]>,
    },
    /// Collations with UTF-8 may be sent.
    Utf8Support,
}

/// Appends the token. Send it only to a client that set the extension flag.
pub fn encode_feature_acks(acks: &[FeatureAck], out: &mut BytesMut) {
    out.put_u8(TOKEN);
    for ack in acks {
        match ack {
            FeatureAck::FedAuth { nonce } => {
                let nonce = nonce.as_ref().map_or(&[][..], |nonce| nonce);
                put(0x02, nonce, out);
            }
            FeatureAck::Utf8Support => put(0x0A, &[1], out),
        }
    }
    out.put_u8(TERMINATOR);
}

fn put(id: u8, data: &[u8], out: &mut BytesMut) {
    out.put_u8(id);
    out.put_u32_le(data.len() as u32);
    out.put_slice(data);
}
