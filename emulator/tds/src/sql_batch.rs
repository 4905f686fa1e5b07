//! SQLBatch: a batch of statements as text. `[MS-TDS]` 2.2.6.7.

use crate::all_headers::AllHeaders;
use crate::reader::{Reader, utf16_lossy};
use crate::{Error, Result, TdsVersion};

/// A batch, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlBatch {
    /// Its headers.
    pub headers: AllHeaders,
    /// Its text.
    pub text: String,
}

impl SqlBatch {
    /// Reads the payload of a batch message.
    pub fn decode(payload: &[u8], version: TdsVersion) -> Result<Self> {
        let mut reader = Reader::new(payload);
        let headers = AllHeaders::decode(&mut reader, version)?;
        let text = reader.take_rest();
        if !text.len().is_multiple_of(2) {
            return Err(Error::Malformed {
                field: "batch text",
                why: "has an odd number of bytes",
            });
        }
        Ok(Self {
            headers,
            text: utf16_lossy(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The beginning of the example of `[MS-TDS]` 4.4, "SQL Batch Client Request".
    const HEADERS: &[u8] = &[
        0x16, 0x00, 0x00, 0x00, 0x12, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
    ];

    #[test]
    fn the_documented_batch_is_read() {
        let mut payload = HEADERS.to_vec();
        payload.extend_from_slice(b"s\0e\0l\0");
        let batch = SqlBatch::decode(&payload, TdsVersion::V7_4).unwrap();
        assert_eq!(batch.text, "sel");
        assert_eq!(batch.headers.transaction_descriptor, 1 << 56);
        assert_eq!(batch.headers.outstanding_requests, 0);
    }

    #[test]
    fn a_batch_of_7_1_has_no_headers() {
        let batch = SqlBatch::decode(b"g\0o\0", TdsVersion::V7_1).unwrap();
        assert_eq!(batch.text, "go");
        assert_eq!(batch.headers, AllHeaders::default());
    }

    #[test]
    fn malformed_batches_are_refused() {
        let odd = [HEADERS, b"a"].concat();
        for (bytes, words) in [
            (&[][..], "request headers length: 4 bytes needed, 0 left"),
            (
                &[3, 0, 0, 0],
                "request headers length: is less than its own four bytes",
            ),
            (&[9, 0, 0, 0, 1], "request headers: 5 bytes needed, 1 left"),
            (
                &[8, 0, 0, 0, 0, 0, 0, 0],
                "request header length: is less than its own four bytes",
            ),
            (
                &[10, 0, 0, 0, 6, 0, 0, 0, 2, 0],
                "transaction descriptor: 8 bytes needed, 0 left",
            ),
            (&odd, "batch text: has an odd number of bytes"),
        ] {
            let error = SqlBatch::decode(bytes, TdsVersion::V7_4).unwrap_err();
            assert_eq!(error.to_string(), words);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = SqlBatch::decode(&bytes, TdsVersion::V7_1);
            let _ = SqlBatch::decode(&bytes, TdsVersion::V7_4);
        }
    }
}
