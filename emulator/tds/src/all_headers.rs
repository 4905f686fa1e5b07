//! ALL_HEADERS, the prefix of every request since 7.2. `[MS-TDS]` 2.2.5.3.

use crate::reader::Reader;
use crate::{Error, Result, TdsVersion};

const TRANSACTION_DESCRIPTOR: u16 = 2;
const TRACE_ACTIVITY: u16 = 3;

/// The headers of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AllHeaders {
    /// The transaction the request belongs to, as last announced by ENVCHANGE 8; 0 for none.
    pub transaction_descriptor: u64,
    /// How many requests the client has in flight.
    pub outstanding_requests: u32,
    /// GUID and sequence number that correlate client and server traces.
    pub activity: Option<([u8; 16], u32)>,
}

impl AllHeaders {
    /// Takes the headers from the front of a request; at 7.1 there are none.
    pub(crate) fn decode(request: &mut Reader<'_>, version: TdsVersion) -> Result<Self> {
        let mut headers = Self::default();
        if !version.is_at_least_7_2() {
            return Ok(headers);
        }
        let total = request.u32("request headers length")? as usize;
        let mut block = Reader::new(request.bytes(
            "request headers",
            total.checked_sub(4).ok_or(Error::Malformed {
                field: "request headers length",
                why: "is less than its own four bytes",
            })?,
        )?);
        while !block.is_empty() {
            let length = block.u32("request header length")? as usize;
            let mut header = Reader::new(block.bytes(
                "request header",
                length.checked_sub(4).ok_or(Error::Malformed {
                    field: "request header length",
                    why: "is less than its own four bytes",
                })?,
            )?);
            match header.u16("request header type")? {
                TRANSACTION_DESCRIPTOR => {
                    headers.transaction_descriptor = header.u64("transaction descriptor")?;
                    headers.outstanding_requests = header.u32("outstanding request count")?;
                }
                TRACE_ACTIVITY => {
                    headers.activity = Some((
                        header.array("trace activity id")?,
                        header.u32("trace activity sequence")?,
                    ));
                }
                // Query notifications: the documented way to refuse one is not to notify.
                _ => {}
            }
        }
        Ok(headers)
    }
}
