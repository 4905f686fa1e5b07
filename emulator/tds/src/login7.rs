//! LOGIN7: who logs in, how, and what it can do. `[MS-TDS]` 2.2.6.4.

mod feature;

use std::fmt;

use crate::reader::{Reader, utf16_lossy};
use crate::{Error, Result, TdsVersion};

pub use feature::{FeatureId, FeatureRequest, FedAuthRequest};

/// Where the variable data may begin: the fixed part, the offsets and the ClientID.
const TABLE_BYTES_7_1: usize = 86;
const EXTENSION_FLAG: u8 = 0x10;

/// A login, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login7 {
    /// The version to speak.
    pub version: TdsVersion,
    /// The packet size the client would like; 0 leaves it to the server.
    pub packet_size: u32,
    /// Version of the client program.
    pub client_version: u32,
    /// Its process id.
    pub client_pid: u32,
    /// Warn about a change of database (OptionFlags1 0x20).
    pub wants_database_warning: bool,
    /// Warn about a change of language (OptionFlags1 0x80).
    pub wants_language_warning: bool,
    /// A failing initial database is fatal (OptionFlags1 0x40).
    pub database_is_fatal: bool,
    /// Windows authentication is asked for (OptionFlags2 0x80).
    pub integrated_security: bool,
    /// The client says it only reads (TypeFlags 0x20).
    pub read_only_intent: bool,
    /// The client asked for a password change (OptionFlags3 0x01).
    pub changes_password: bool,
    /// Locale of the client.
    pub lcid: u32,
    /// Name of the client's machine.
    pub host_name: String,
    /// Login name.
    pub user_name: String,
    /// Password, already made readable.
    pub password: Password,
    /// Name of the program.
    pub app_name: String,
    /// Name of the server as the client calls it.
    pub server_name: String,
    /// Name of the client library.
    pub library_name: String,
    /// Initial language; empty for the login's own.
    pub language: String,
    /// Initial database; empty for the login's own.
    pub database: String,
    /// Unique id of the client, usually its network address.
    pub client_id: [u8; 6],
    /// Integrated authentication data.
    pub sspi: Vec<u8>,
    /// Database file to attach.
    pub attach_database_file: String,
    /// The password to change to.
    pub new_password: Password,
    /// Feature extensions in the order asked; `None` if the client set no extension flag, and then
    /// no FEATUREEXTACK may be sent.
    pub features: Option<Vec<FeatureRequest>>,
}

/// A password that does not print itself.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Password(String);

impl Password {
    /// The password in the clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "(empty)"
        } else {
            "(hidden)"
        })
    }
}

impl From<String> for Password {
    fn from(clear: String) -> Self {
        Self(clear)
    }
}

impl Login7 {
    /// Reads the payload of a LOGIN7 message.
    pub fn decode(payload: &[u8]) -> Result<Self> {
        let mut fixed = Reader::new(payload);
        let length = fixed.u32("LOGIN7 length")? as usize;
        let whole = payload.get(..length).ok_or(Error::Malformed {
            field: "LOGIN7 length",
            why: "is more than the message holds",
        })?;
        let requested = fixed.u32("LOGIN7 version")?;
        let version = TdsVersion::negotiate(requested)?;
        let packet_size = fixed.u32("LOGIN7 packet size")?;
        let client_version = fixed.u32("LOGIN7 client version")?;
        let client_pid = fixed.u32("LOGIN7 client process id")?;
        let _connection_id = fixed.u32("LOGIN7 connection id")?;
        let [flags1, flags2, type_flags, flags3] = fixed.array("LOGIN7 option flags")?;
        let _time_zone = fixed.u32("LOGIN7 time zone")?;
        let lcid = fixed.u32("LOGIN7 locale")?;

        let mut field = |name| Slot::read(&mut fixed, whole, name);
        let host_name = field("LOGIN7 host name")?;
        let user_name = field("LOGIN7 user name")?;
        let password = field("LOGIN7 password")?;
        let app_name = field("LOGIN7 application name")?;
        let server_name = field("LOGIN7 server name")?;
        let extension = field("LOGIN7 extension")?;
        let library_name = field("LOGIN7 library name")?;
        let language = field("LOGIN7 language")?;
        let database = field("LOGIN7 database")?;
        let client_id = fixed.array("LOGIN7 client id")?;
        let mut field = |name| Slot::read(&mut fixed, whole, name);
        let sspi = field("LOGIN7 SSPI")?;
        let attach_database_file = field("LOGIN7 database file")?;
        let (new_password, long_sspi_bytes) = if version.is_at_least_7_2() {
            let slot = field("LOGIN7 new password")?;
            (slot.password()?, fixed.u32("LOGIN7 long SSPI length")?)
        } else {
            (Password::default(), 0)
        };

        let features = if flags3 & EXTENSION_FLAG != 0 && version.is_at_least_7_2() {
            Some(feature::decode_block(whole, extension.bytes()?)?)
        } else {
            None
        };
        Ok(Self {
            version,
            packet_size,
            client_version,
            client_pid,
            wants_database_warning: flags1 & 0x20 != 0,
            wants_language_warning: flags1 & 0x80 != 0,
            database_is_fatal: flags1 & 0x40 != 0,
            integrated_security: flags2 & 0x80 != 0,
            read_only_intent: type_flags & 0x20 != 0,
            changes_password: flags3 & 0x01 != 0,
            lcid,
            host_name: host_name.text()?,
            user_name: user_name.text()?,
            password: password.password()?,
            app_name: app_name.text()?,
            server_name: server_name.text()?,
            library_name: library_name.text()?,
            language: language.text()?,
            database: database.text()?,
            client_id,
            sspi: sspi.sspi(long_sspi_bytes)?,
            attach_database_file: attach_database_file.text()?,
            new_password,
            features,
        })
    }

    /// The federated authentication request among the features.
    pub fn fed_auth(&self) -> Option<&FedAuthRequest> {
        self.features
            .iter()
            .flatten()
            .find_map(|feature| match feature {
                FeatureRequest::FedAuth(request) => Some(request),
                _ => None,
            })
    }

    /// True if the client asked for this feature.
    pub fn requests(&self, id: FeatureId) -> bool {
        self.features
            .iter()
            .flatten()
            .any(|feature| feature.id() == id)
    }

    /// The packet size to use after the login response: the client's wish within the protocol's
    /// bounds, `default` if it has none.
    pub fn negotiated_packet_size(&self, default: usize) -> usize {
        match self.packet_size as usize {
            0 => default,
            wish => wish.clamp(
                crate::packet::MIN_PACKET_BYTES,
                crate::packet::MAX_PACKET_BYTES,
            ),
        }
    }
}

/// One (offset, count) pair of the table.
#[derive(Clone, Copy)]
struct Slot<'a> {
    name: &'static str,
    whole: &'a [u8],
    offset: usize,
    count: usize,
}

impl<'a> Slot<'a> {
    fn read(fixed: &mut Reader<'_>, whole: &'a [u8], name: &'static str) -> Result<Self> {
        Ok(Self {
            name,
            whole,
            offset: fixed.u16(name)?.into(),
            count: fixed.u16(name)?.into(),
        })
    }

    fn take(self, bytes: usize) -> Result<&'a [u8]> {
        // Drivers leave any offset in an empty slot.
        if bytes == 0 {
            return Ok(&[]);
        }
        if self.offset < TABLE_BYTES_7_1 {
            return Err(Error::Malformed {
                field: self.name,
                why: "its offset points into the fixed part",
            });
        }
        self.whole
            .get(self.offset..self.offset + bytes)
            .ok_or(Error::Malformed {
                field: self.name,
                why: "its offset and length point outside the message",
            })
    }

    /// The count is in bytes.
    fn bytes(self) -> Result<&'a [u8]> {
        self.take(self.count)
    }

    /// The count is in UTF-16 code units.
    fn text(self) -> Result<String> {
        Ok(utf16_lossy(self.take(self.count * 2)?))
    }

    /// The client swapped the nibbles of each byte, then XORed 0xA5.
    fn password(self) -> Result<Password> {
        let clear: Vec<u8> = self
            .take(self.count * 2)?
            .iter()
            .map(|byte| (byte ^ 0xA5).rotate_left(4))
            .collect();
        Ok(Password(utf16_lossy(&clear)))
    }

    /// A count of 65535 says that the real one is in the long field.
    fn sspi(self, long_bytes: u32) -> Result<Vec<u8>> {
        let bytes = match (self.count, long_bytes) {
            (0xFFFF, long) if long > 0 => long as usize,
            (count, _) => count,
        };
        if bytes > self.whole.len() {
            return Err(Error::Malformed {
                field: self.name,
                why: "its length is more than the message holds",
            });
        }
        Ok(self.take(bytes)?.to_vec())
    }
}

#[cfg(test)]
mod tests;
