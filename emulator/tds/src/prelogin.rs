//! PRELOGIN: versions and the decision whether to encrypt. `[MS-TDS]` 2.2.6.5.

use bytes::{BufMut, BytesMut};

use crate::reader::Reader;
use crate::{Error, Result};

const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const INSTANCE: u8 = 2;
const THREAD_ID: u8 = 3;
const MARS: u8 = 4;
const FED_AUTH_REQUIRED: u8 = 6;
const NONCE: u8 = 7;
const TERMINATOR: u8 = 0xFF;

/// The ENCRYPTION byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Can encrypt, wants only the login encrypted.
    Off,
    /// Wants everything encrypted.
    On,
    /// Cannot encrypt.
    NotSupported,
    /// Insists on encryption.
    Required,
    /// TLS came first (TDS 8.0), so there is nothing to decide. go-mssqldb says so; ODBC and tedious
    /// say `Required` there.
    Strict,
}

impl Encryption {
    fn from_number(number: u8) -> Result<Self> {
        match number {
            0 => Ok(Self::Off),
            1 => Ok(Self::On),
            2 => Ok(Self::NotSupported),
            3 => Ok(Self::Required),
            4 => Ok(Self::Strict),
            _ => Err(Error::Malformed {
                field: "PRELOGIN encryption",
                why: "is none of off, on, not supported, required, strict (client certificates are not supported)",
            }),
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::On => 1,
            Self::NotSupported => 2,
            Self::Required => 3,
            Self::Strict => 4,
        }
    }
}

/// What the server wants of the clients that reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionPolicy {
    /// There is no certificate; nothing can be encrypted.
    PlainOnly,
    /// The login is always encrypted if the client can, the rest if it asks. SQL Server's default.
    LoginOnly,
    /// Everything is encrypted. Azure's rule.
    Force,
}

/// How a connection goes on after the PRELOGIN answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionOutcome {
    /// No TLS at all.
    Plain,
    /// TLS for the LOGIN7 message, then clear.
    LoginOnly,
    /// TLS to the end.
    Full,
    /// The client cannot encrypt and the server insists: the connection closes after the answer.
    Refused,
}

/// The byte to answer, and how the connection goes on.
///
/// The table was measured with drivers: FreeTDS with `encryption=off` says *not supported* and
/// yet lets itself be upgraded, so *not supported* against a server that forces is answered
/// *required* and TLS is still expected.
pub fn negotiate_encryption(
    policy: EncryptionPolicy,
    client: Encryption,
) -> (Encryption, EncryptionOutcome) {
    use {Encryption as E, EncryptionOutcome as O, EncryptionPolicy as P};
    match (policy, client) {
        (P::PlainOnly, E::Required | E::Strict) => (E::NotSupported, O::Refused),
        (P::PlainOnly, E::Off | E::On | E::NotSupported) => (E::NotSupported, O::Plain),
        (P::LoginOnly, E::Off) => (E::Off, O::LoginOnly),
        (P::LoginOnly, E::NotSupported) => (E::NotSupported, O::Plain),
        (P::LoginOnly | P::Force, E::On | E::Required | E::Strict) => (E::On, O::Full),
        (P::Force, E::Off) => (E::On, O::Full),
        (P::Force, E::NotSupported) => (E::Required, O::Full),
    }
}

/// What a client says before it logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prelogin {
    /// Client version: major, minor, build, sub-build.
    pub version: (u8, u8, u16, u16),
    /// Its wish about encryption; a client that is silent wants none.
    pub encryption: Encryption,
    /// The instance it thinks it talks to; often empty or `MSSQLServer`.
    pub instance: String,
    /// It would like several requests at once on one connection.
    pub mars: bool,
    /// It can authenticate with a token and asks whether it must.
    pub fed_auth_required: Option<bool>,
    /// Random bytes that a federated login must sign.
    pub nonce: Option<[u8; 32]>,
}

impl Prelogin {
    /// Reads the payload of a PRELOGIN message.
    pub fn decode(payload: &[u8]) -> Result<Self> {
        let mut prelogin = Self {
            version: (0, 0, 0, 0),
            encryption: Encryption::NotSupported,
            instance: String::new(),
            mars: false,
            fed_auth_required: None,
            nonce: None,
        };
        let mut table = Reader::new(payload);
        let mut is_first = true;
        loop {
            let option = table.u8("PRELOGIN option")?;
            if option == TERMINATOR {
                break;
            }
            let offset = table.u16_be("PRELOGIN option offset")?;
            let length = table.u16_be("PRELOGIN option length")?;
            if is_first && option != VERSION {
                return Err(Error::Malformed {
                    field: "PRELOGIN",
                    why: "its first option is not VERSION",
                });
            }
            is_first = false;
            let data = payload
                .get(offset.into()..usize::from(offset) + usize::from(length))
                .ok_or(Error::Malformed {
                    field: "PRELOGIN option",
                    why: "its offset and length point outside the message",
                })?;
            prelogin.take_option(option, data)?;
        }
        if is_first {
            return Err(Error::Malformed {
                field: "PRELOGIN",
                why: "has no option",
            });
        }
        Ok(prelogin)
    }

    fn take_option(&mut self, option: u8, data: &[u8]) -> Result<()> {
        let mut data = Reader::new(data);
        match option {
            VERSION => {
                self.version = (
                    data.u8("PRELOGIN version")?,
                    data.u8("PRELOGIN version")?,
                    data.u16_be("PRELOGIN version")?,
                    data.u16_be("PRELOGIN version")?,
                );
            }
            ENCRYPTION => {
                self.encryption = Encryption::from_number(data.u8("PRELOGIN encryption")?)?;
            }
            INSTANCE => {
                let bytes = data.take_rest();
                let end = bytes.iter().position(|&byte| byte == 0);
                let name = &bytes[..end.unwrap_or(bytes.len())];
                self.instance = String::from_utf8_lossy(name).into_owned();
            }
            MARS => self.mars = data.peek().is_some_and(|byte| byte != 0),
            FED_AUTH_REQUIRED => {
                self.fed_auth_required = Some(data.u8("PRELOGIN federated authentication")? != 0);
            }
            NONCE => self.nonce = Some(data.array("PRELOGIN nonce")?),
            // THREADID and TRACEID are for the client's own logs; later options may be ignored.
            _ => {}
        }
        Ok(())
    }
}

/// The server's answer. It travels in a packet of type 4, not 18.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreloginResponse {
    /// Server version: major, minor, build, sub-build.
    pub version: (u8, u8, u16, u16),
    /// From [`negotiate_encryption`].
    pub encryption: Encryption,
    /// `Some` only if the client sent the option.
    pub fed_auth_required: Option<bool>,
}

impl PreloginResponse {
    /// Appends the payload. MARS is always answered *no*.
    pub fn encode(&self, out: &mut BytesMut) {
        let (major, minor, build, sub_build) = self.version;
        let version = {
            let [b0, b1] = build.to_be_bytes();
            let [s0, s1] = sub_build.to_be_bytes();
            [major, minor, b0, b1, s0, s1]
        };
        let encryption = [self.encryption.number()];
        let fed_auth = self.fed_auth_required.map(|required| [u8::from(required)]);
        let mut options: Vec<(u8, &[u8])> = vec![
            (VERSION, &version),
            (ENCRYPTION, &encryption),
            (INSTANCE, &[0]),
            (THREAD_ID, &[]),
            (MARS, &[0]),
        ];
        if let Some(fed_auth) = &fed_auth {
            options.push((FED_AUTH_REQUIRED, fed_auth));
        }
        let mut offset = options.len() * 5 + 1;
        for (option, data) in &options {
            out.put_u8(*option);
            out.put_u16(offset as u16);
            out.put_u16(data.len() as u16);
            offset += data.len();
        }
        out.put_u8(TERMINATOR);
        for (_, data) in &options {
            out.extend_from_slice(data);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of `[MS-TDS]` 4.1, "Pre-Login Request".
    const REQUEST: &[u8] = &[
        0x00, 0x00, 0x1A, 0x00, 0x06, 0x01, 0x00, 0x20, 0x00, 0x01, 0x02, 0x00, 0x21, 0x00, 0x01,
        0x03, 0x00, 0x22, 0x00, 0x04, 0x04, 0x00, 0x26, 0x00, 0x01, 0xFF, 0x09, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x01, 0x00, 0xB8, 0x0D, 0x00, 0x00, 0x01,
    ];

    #[test]
    fn the_documented_request_is_read() {
        assert_eq!(
            Prelogin::decode(REQUEST).unwrap(),
            Prelogin {
                version: (9, 0, 0, 0),
                encryption: Encryption::On,
                instance: String::new(),
                mars: true,
                fed_auth_required: None,
                nonce: None,
            }
        );
    }

    #[test]
    fn the_answer_has_offsets_from_the_start_of_the_table() {
        let mut out = BytesMut::new();
        PreloginResponse {
            version: (12, 0, 2000, 8),
            encryption: Encryption::Off,
            fed_auth_required: Some(true),
        }
        .encode(&mut out);
        assert_eq!(
            out[..],
            [
                0, 0, 31, 0, 6, 1, 0, 37, 0, 1, 2, 0, 38, 0, 1, 3, 0, 39, 0, 0, 4, 0, 39, 0, 1, 6,
                0, 40, 0, 1, 0xFF, 12, 0, 0x07, 0xD0, 0, 8, 0, 0, 0, 1
            ]
        );
        let read = Prelogin::decode(&out).unwrap();
        assert_eq!(read.version, (12, 0, 2000, 8));
        assert_eq!(read.fed_auth_required, Some(true));
        assert!(!read.mars);
    }

    #[test]
    fn the_negotiation_table_is_whole() {
        use {Encryption as E, EncryptionOutcome as O, EncryptionPolicy as P};
        for (policy, rows) in [
            (
                P::PlainOnly,
                [
                    (E::NotSupported, O::Plain),
                    (E::NotSupported, O::Plain),
                    (E::NotSupported, O::Plain),
                    (E::NotSupported, O::Refused),
                    (E::NotSupported, O::Refused),
                ],
            ),
            (
                P::LoginOnly,
                [
                    (E::Off, O::LoginOnly),
                    (E::On, O::Full),
                    (E::NotSupported, O::Plain),
                    (E::On, O::Full),
                    (E::On, O::Full),
                ],
            ),
            (
                P::Force,
                [
                    (E::On, O::Full),
                    (E::On, O::Full),
                    (E::Required, O::Full),
                    (E::On, O::Full),
                    (E::On, O::Full),
                ],
            ),
        ] {
            let clients = [E::Off, E::On, E::NotSupported, E::Required, E::Strict];
            for (client, expected) in clients.into_iter().zip(rows) {
                assert_eq!(
                    negotiate_encryption(policy, client),
                    expected,
                    "{policy:?} {client:?}"
                );
            }
        }
    }

    #[test]
    fn malformed_requests_are_refused() {
        for (bytes, words) in [
            (&[][..], "PRELOGIN option: 1 bytes needed, 0 left"),
            (&[0xFF], "PRELOGIN: has no option"),
            (
                &[1, 0, 6, 0, 1, 0xFF, 0],
                "PRELOGIN: its first option is not VERSION",
            ),
            (
                &[0, 0, 6, 0, 6],
                "PRELOGIN option: its offset and length point outside the message",
            ),
            (
                &[0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
                "PRELOGIN option: its offset and length point outside the message",
            ),
            (
                &[0, 0, 6, 0, 2, 0xFF, 9, 0],
                "PRELOGIN version: 2 bytes needed, 0 left",
            ),
            (
                &[0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 9, 0, 0, 0, 0, 0, 0x80],
                "PRELOGIN encryption: is none of off, on, not supported, required, strict \
                 (client certificates are not supported)",
            ),
        ] {
            assert_eq!(Prelogin::decode(bytes).unwrap_err().to_string(), words);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Prelogin::decode(&bytes);
        }
    }
}
