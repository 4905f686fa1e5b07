//! Transaction manager requests: begin, commit, roll back, save. `[MS-TDS]` 2.2.6.9.

use crate::all_headers::AllHeaders;
use crate::reader::Reader;
use crate::{Error, Result, TdsVersion};

/// A transaction manager request with its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionRequest {
    /// Its headers.
    pub headers: AllHeaders,
    /// What to do.
    pub action: TransactionAction,
}

/// What a client wants of the transaction manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionAction {
    /// Begin a transaction.
    Begin(Begin),
    /// Commit; with `then`, begin the next one in the same stroke. Every ODBC driver with
    /// autocommit off commits like that.
    Commit {
        /// Name of the transaction; the server ignores it.
        name: String,
        /// The transaction to begin afterwards.
        then: Option<Begin>,
    },
    /// Roll back to the begin or to a save point; with `then`, begin the next one.
    Rollback {
        /// Save point or transaction name; empty for everything.
        name: String,
        /// The transaction to begin afterwards.
        then: Option<Begin>,
    },
    /// Set a save point.
    Save {
        /// Its name.
        name: String,
    },
}

/// How to begin a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// The isolation level to switch to.
    pub isolation: Option<Isolation>,
    /// Name of the transaction; may be empty.
    pub name: String,
}

/// An isolation level by its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// READ UNCOMMITTED.
    ReadUncommitted,
    /// READ COMMITTED.
    ReadCommitted,
    /// REPEATABLE READ.
    RepeatableRead,
    /// SERIALIZABLE.
    Serializable,
    /// SNAPSHOT.
    Snapshot,
}

impl TransactionRequest {
    /// Reads the payload of a message of type 14.
    pub fn decode(payload: &[u8], version: TdsVersion) -> Result<Self> {
        let mut reader = Reader::new(payload);
        let headers = AllHeaders::decode(&mut reader, version)?;
        let action = match reader.u16("transaction request type")? {
            // What System.Transactions and XA resources ask for: the coordinator of this machine, and to join it.
            0 => {
                return Err(Error::Unsupported(
                    "TM_GET_DTC_ADDRESS: a client's distributed transaction",
                ));
            }
            1 => {
                return Err(Error::Unsupported(
                    "TM_PROPAGATE_XACT: a client's distributed transaction",
                ));
            }
            6 => {
                return Err(Error::Unsupported(
                    "TM_PROMOTE_XACT: a client's distributed transaction",
                ));
            }
            5 => TransactionAction::Begin(Begin::decode(&mut reader)?),
            7 => {
                let (name, then) = decode_end(&mut reader)?;
                TransactionAction::Commit { name, then }
            }
            8 => {
                let (name, then) = decode_end(&mut reader)?;
                TransactionAction::Rollback { name, then }
            }
            9 => TransactionAction::Save {
                name: name(&mut reader, "save point name")?,
            },
            _ => {
                return Err(Error::Malformed {
                    field: "transaction request type",
                    why: "is not known",
                });
            }
        };
        Ok(Self { headers, action })
    }
}

impl Begin {
    fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        let isolation = match reader.u8("isolation level")? {
            0 => None,
            1 => Some(Isolation::ReadUncommitted),
            2 => Some(Isolation::ReadCommitted),
            3 => Some(Isolation::RepeatableRead),
            4 => Some(Isolation::Serializable),
            5 => Some(Isolation::Snapshot),
            _ => {
                return Err(Error::Malformed {
                    field: "isolation level",
                    why: "is not known",
                });
            }
        };
        Ok(Self {
            isolation,
            name: name(reader, "transaction name")?,
        })
    }
}

/// A name. Its length is in characters according to `[MS-TDS]`, but tedious and SqlClient count bytes: what does not fit
/// as characters, or fits exactly as bytes, is bytes.
fn name(reader: &mut Reader<'_>, field: &'static str) -> Result<String> {
    let length = usize::from(reader.u8(field)?);
    let counts_bytes = length * 2 > reader.left() || length == reader.left();
    let units = if counts_bytes && length.is_multiple_of(2) {
        length / 2
    } else {
        length
    };
    reader.utf16(field, units)
}

/// The tail that commit and rollback share: name, flags, and if bit 0 is set the next begin.
fn decode_end(reader: &mut Reader<'_>) -> Result<(String, Option<Begin>)> {
    let name = name(reader, "transaction name")?;
    // Some clients leave the flags out when there is nothing to begin.
    if reader.is_empty() {
        return Ok((name, None));
    }
    let flags = reader.u8("transaction flags")?;
    let then = match flags & 1 {
        0 => None,
        _ => Some(Begin::decode(reader)?),
    };
    Ok((name, then))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(request: &[u8]) -> Result<TransactionAction> {
        Ok(TransactionRequest::decode(request, TdsVersion::V7_1)?.action)
    }

    #[test]
    fn requests_of_drivers_are_read() {
        let begin = Begin {
            isolation: None,
            name: String::new(),
        };
        for (bytes, expected) in [
            (
                &[5, 0, 2, 1, b't', 0][..],
                TransactionAction::Begin(Begin {
                    isolation: Some(Isolation::ReadCommitted),
                    name: "t".into(),
                }),
            ),
            // tedious and SqlClient count the name's bytes.
            (
                &[5, 0, 0, 4, b't', 0, b'u', 0],
                TransactionAction::Begin(Begin {
                    isolation: None,
                    name: "tu".into(),
                }),
            ),
            (
                &[7, 0, 4, b't', 0, b'u', 0, 0],
                TransactionAction::Commit {
                    name: "tu".into(),
                    then: None,
                },
            ),
            // What ODBC, mssql-python and python-tds send with autocommit off.
            (
                &[7, 0, 0, 1, 0, 0],
                TransactionAction::Commit {
                    name: String::new(),
                    then: Some(begin.clone()),
                },
            ),
            (
                &[8, 0, 0, 1, 0, 0],
                TransactionAction::Rollback {
                    name: String::new(),
                    then: Some(begin),
                },
            ),
            (
                &[8, 0, 0, 0],
                TransactionAction::Rollback {
                    name: String::new(),
                    then: None,
                },
            ),
            (
                &[9, 0, 1, b's', 0],
                TransactionAction::Save { name: "s".into() },
            ),
        ] {
            assert_eq!(decode(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn malformed_requests_are_refused() {
        for (bytes, words) in [
            (&[][..], "transaction request type: 2 bytes needed, 0 left"),
            (
                &[0, 0, 0, 0],
                "TM_GET_DTC_ADDRESS: a client's distributed transaction is not supported",
            ),
            (
                &[1, 0],
                "TM_PROPAGATE_XACT: a client's distributed transaction is not supported",
            ),
            (
                &[6, 0],
                "TM_PROMOTE_XACT: a client's distributed transaction is not supported",
            ),
            (&[4, 0], "transaction request type: is not known"),
            (&[5, 0, 9, 0], "isolation level: is not known"),
            (&[7, 0, 4, 1], "transaction name: 4 bytes needed, 1 left"),
            (&[7, 0, 0, 1], "isolation level: 1 bytes needed, 0 left"),
        ] {
            assert_eq!(decode(bytes).unwrap_err().to_string(), words);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&bytes);
            let _ = TransactionRequest::decode(&bytes, TdsVersion::V7_4);
        }
    }
}
