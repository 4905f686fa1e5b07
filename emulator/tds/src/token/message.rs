//! ERROR and INFO: what a statement has to say in words.

use bytes::{BufMut, BytesMut};

use super::TokenContext;
use super::text::{put_b_varchar, put_counted, put_us_varchar};

/// Longest text; with two names of 255 the token stays below its 65535 bytes.
const MAX_TEXT_UNITS: usize = 30_000;

/// Whether a message is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Class 10 and below.
    Info,
    /// Class 11 and above.
    Error,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerMessage {
    /// Its number.
    pub number: i32,
    /// Its state.
    pub state: u8,
    /// Its class (severity level); decides between INFO and ERROR.
    pub class: u8,
    /// Its text.
    pub text: String,
    /// Name of the server.
    pub server: String,
    /// Name of the procedure, empty outside of one.
    pub procedure: String,
    /// Line in the batch or procedure.
    pub line: u32,
}

impl ServerMessage {
    /// Which token it becomes.
    pub fn severity(&self) -> Severity {
        match self.class {
            0..=10 => Severity::Info,
            _ => Severity::Error,
        }
    }

    /// Appends the token.
    pub fn encode(&self, context: TokenContext, out: &mut BytesMut) {
        let token = match self.severity() {
            Severity::Error => 0xAA,
            Severity::Info => 0xAB,
        };
        put_counted(token, out, |out| {
            out.put_i32_le(self.number);
            out.put_u8(self.state);
            out.put_u8(self.class);
            put_us_varchar(&self.text, MAX_TEXT_UNITS, out);
            put_b_varchar(&self.server, out);
            put_b_varchar(&self.procedure, out);
            match context.version.is_at_least_7_2() {
                true => out.put_u32_le(self.line),
                false => out.put_u16_le(self.line.min(u16::MAX.into()) as u16),
            }
        });
    }
}
