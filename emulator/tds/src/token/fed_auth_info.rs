//! FEDAUTHINFO: where a client gets the token it must send.

use bytes::{BufMut, BytesMut};

use crate::types::put_utf16;

const TOKEN: u8 = 0xEE;
const STS_URL: u8 = 1;
const SERVICE_PRINCIPAL: u8 = 2;

/// Where to get a token, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FedAuthInfo {
    /// Address of the token service, tenant included.
    pub sts_url: String,
    /// The resource the token must be for, `https://database.windows.net/`.
    pub service_principal: String,
}

impl FedAuthInfo {
    /// Appends the token.
    pub fn encode(&self, out: &mut BytesMut) {
        const OPTION_BYTES: usize = 9;
        let mut data = BytesMut::new();
        let mut lengths = [0; 2];
        for (length, text) in lengths
            .iter_mut()
            .zip([&self.sts_url, &self.service_principal])
        {
            let start = data.len();
            put_utf16(text, &mut data);
            *length = data.len() - start;
        }
        // Offsets count from the option count, right behind the token's length.
        let table_bytes = 4 + 2 * OPTION_BYTES;
        out.put_u8(TOKEN);
        out.put_u32_le((table_bytes + data.len()) as u32);
        out.put_u32_le(2);
        let mut offset = table_bytes;
        for (id, length) in [STS_URL, SERVICE_PRINCIPAL].into_iter().zip(lengths) {
            out.put_u8(id);
            out.put_u32_le(length as u32);
            out.put_u32_le(offset as u32);
            offset += length;
        }
        out.put_slice(&data);
    }
}
