//! What the engine needs from the program around it: the world, and certificates.

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::time::Timestamp;

use crate::memory::Memory;

/// The program around a session. The engine itself does no I/O and reads no clock.
pub trait Host {
    /// A consistent copy of the world to read from, with the time advanced to now. Costs little.
    fn snapshot(&mut self) -> World;

    /// Runs `change` with the world itself, alone. The timestamp is now; the world has been advanced to it.
    fn update(&mut self, change: &mut dyn FnMut(&mut World, Timestamp)) {
        self.attempt(&mut |world, now| {
            change(world, now);
            true
        });
    }

    /// The same for what may have to leave the world as it is, and says whether it has changed it: an attempt that came to
    /// nothing wakes nobody who waits for a change, least of all the one who will try again then.
    fn attempt(&mut self, change: &mut dyn FnMut(&mut World, Timestamp) -> bool);

    /// Makes a key pair and a self-signed certificate.
    fn make_certificate(&mut self, request: &CertificateRequest) -> CertificateFacts;

    /// Reads a DER certificate.
    ///
    /// # Errors
    ///
    /// Why the bytes are not a certificate.
    fn read_certificate(&mut self, der: &[u8]) -> Result<CertificateFacts, String>;

    /// Whether the client has asked to cancel; looked at between rows and statements.
    fn is_cancelled(&self) -> bool;

    /// The memory for the rows of statements, which all sessions share.
    fn memory(&self) -> Memory {
        Memory::of(usize::MAX)
    }

    /// Whether this step may take as long as it likes; if not, a heavy one stops early and asks for [`Wait::Thread`].
    ///
    /// [`Wait::Thread`]: super::Wait::Thread
    fn has_own_thread(&self) -> bool;
}

/// What `CREATE CERTIFICATE … WITH SUBJECT` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The subject: an X.500 name, or any text, which becomes the common name.
    pub subject: String,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid to.
    pub not_after: Timestamp,
    /// Bits of the RSA key: 3072 from SQL Server 2022 on, 2048 before.
    pub key_bits: u32,
    /// A number that makes the serial number, from the world's seed.
    pub serial: u128,
}
