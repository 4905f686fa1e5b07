//! What the hops of a way do to a connection that takes it: forget it once it has been silent for too long, and put a header
//! before its first bytes.

use std::net::Ipv4Addr;

use serde::Serialize;

use super::verdict::{Hop, Reason};
use crate::azure::fabric::Connection;
use crate::time::Span;

/// How long a private link service remembers a silent connection, whatever its load balancer is told. Documented as about five
/// minutes, four in the article's own words (guess: between both).
pub const SERVICE_REMEMBERS: Span = Span::seconds(270);

/// The first bytes of a header of the PROXY protocol, version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, and a connection of somebody else's.
const PROXY: u8 = 0x21;
/// TCP over IPv4.
const TCP4: u8 = 0x11;
/// Azure's own part of the header (documented in "What is Azure Private Link service?").
const AZURE: u8 = 0xEE;
/// The identifier of the private endpoint's connection, in that part.
const LINK_IDENTIFIER: u8 = 0x01;

/// What forgets a silent connection first on a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Idle {
    /// After how many seconds without a packet.
    pub seconds: u32,
    /// What the failure is called.
    pub reason: Reason,
    /// What forgets it: `pls` or `lb`.
    pub hop: &'static str,
    /// Which.
    pub id: String,
}

/// What a private link service with the PROXY protocol puts before the bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxyHeader {
    /// The consumer's address.
    pub source: Ipv4Addr,
    /// The private endpoint's address (guess: the one that the consumer has dialled).
    pub destination: Ipv4Addr,
    /// The port of the private endpoint.
    pub port: u16,
    /// What the private link service lists the connection by.
    pub link_identifier: u32,
}

impl Idle {
    pub(super) fn of_service(hop: &Hop) -> Self {
        Self::new(SERVICE_REMEMBERS, Reason::ServiceForgets, hop)
    }

    /// A load balancer forgets quietly, or resets both sides (documented in "Load Balancer TCP Reset and Idle Timeout").
    pub(super) fn of_balancer(minutes: u32, resets: bool, hop: &Hop) -> Self {
        let after = Span::seconds(i64::from(minutes) * 60);
        let reason = match resets {
            true => Reason::BalancerResets,
            false => Reason::BalancerForgets,
        };
        Self::new(after, reason, hop)
    }

    fn new(after: Span, reason: Reason, hop: &Hop) -> Self {
        Self {
            seconds: u32::try_from(after.as_seconds()).unwrap_or(u32::MAX),
            reason,
            hop: hop.hop,
            id: hop.id.clone(),
        }
    }

    /// How long a connection may be silent.
    pub fn span(&self) -> Span {
        Span::seconds(i64::from(self.seconds))
    }

    /// Whether both sides are told; else packets are lost without a word.
    pub fn resets(&self) -> bool {
        self.reason == Reason::BalancerResets
    }

    /// Whether a connection survives on which nothing is sent for `silent`.
    pub fn keeps(&self, silent: Span) -> bool {
        silent < self.span()
    }
}

impl ProxyHeader {
    pub(super) fn of(connection: &Connection, source: Ipv4Addr, to: (Ipv4Addr, u16)) -> Self {
        Self {
            source,
            destination: to.0,
            port: to.1,
            link_identifier: connection.link_identifier(),
        }
    }

    /// The header as it is sent, of a client that has come from `source_port`.
    pub fn bytes(&self, source_port: u16) -> Vec<u8> {
        let identifier = self.link_identifier.to_le_bytes();
        let own = [&[LINK_IDENTIFIER][..], &identifier].concat();
        let vector = [&[AZURE, 0, 5][..], &own].concat();
        let addresses = [
            &self.source.octets()[..],
            &self.destination.octets(),
            &source_port.to_be_bytes(),
            &self.port.to_be_bytes(),
        ];
        let body = [addresses.concat(), vector].concat();
        let length = u16::try_from(body.len()).expect("twenty bytes");
        [&SIGNATURE[..], &[PROXY, TCP4], &length.to_be_bytes(), &body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_as_the_protocol_has_it() {
        let header = ProxyHeader {
            source: Ipv4Addr::new(10, 9, 0, 4),
            destination: Ipv4Addr::new(10, 9, 1, 4),
            port: 1433,
            link_identifier: 0x0102_0304,
        };
        let expected = [
            &b"\r\n\r\n\x00\r\nQUIT\n"[..],
            // Version 2 and PROXY; IPv4 and TCP; twenty bytes.
            &[0x21, 0x11, 0, 20],
            &[10, 9, 0, 4],
            &[10, 9, 1, 4],
            &[0xC0, 0x01],
            &[0x05, 0x99],
            // Azure's part: five bytes, of which the last four are the identifier, its least byte first.
            &[0xEE, 0, 5, 1, 4, 3, 2, 1],
        ];
        assert_eq!(header.bytes(0xC001), expected.concat());
    }
}
