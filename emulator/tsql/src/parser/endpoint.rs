//! CREATE ENDPOINT, ALTER ENDPOINT.

use super::{Parsed, Parser};
use crate::ast::{
    EndpointAlgorithm, EndpointAuthentication, EndpointEncryption, EndpointEncryptionLevel,
    EndpointPayload, EndpointRole, EndpointState, EndpointStatement, EndpointTcp, ListenerIp,
    MirroringOptions, StatementKind,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn endpoint(&mut self, alter: bool) -> Parsed<StatementKind> {
        self.expect("ENDPOINT")?;
        let mut endpoint = EndpointStatement {
            alter,
            name: self.identifier()?,
            owner: None,
            state: None,
            tcp: None,
            payload: None,
        };
        if self.eat("AUTHORIZATION") {
            endpoint.owner = Some(self.principal()?);
        }
        if self.eat("STATE") {
            endpoint.state = Some(self.equals_choice(&[
                ("STARTED", EndpointState::Started),
                ("STOPPED", EndpointState::Stopped),
                ("DISABLED", EndpointState::Disabled),
            ])?);
        }
        if self.eat("AS") {
            if self.at("HTTP") {
                return self.unsupported("HTTP endpoints");
            }
            self.expect("TCP")?;
            endpoint.tcp = Some(self.parenthesized(Self::endpoint_tcp)?);
        }
        if self.eat("FOR") {
            endpoint.payload = Some(self.endpoint_payload()?);
        }
        // CREATE needs both halves; ALTER may leave any of them out, but not all.
        let complete = endpoint.tcp.is_some() && endpoint.payload.is_some();
        let changes =
            endpoint.state.is_some() || endpoint.tcp.is_some() || endpoint.payload.is_some();
        if (alter && !changes) || (!alter && !complete) {
            return self.unexpected();
        }
        Ok(StatementKind::Endpoint(Box::new(endpoint)))
    }

    fn endpoint_tcp(&mut self) -> Parsed<EndpointTcp> {
        let mut tcp = EndpointTcp::default();
        self.typed_options("ENDPOINT", |p, name| {
            match name {
                "LISTENER_PORT" => tcp.port = Some(p.equals_integer()?),
                "LISTENER_IP" => {
                    p.expect_kind(TokenKind::Equal)?;
                    tcp.ip = Some(p.listener_ip()?);
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(tcp)
    }

    /// `ALL`, `(10.0.0.4)`, `('::1')`. The lexer sees an IPv4 address as two decimals (`10.0` and `.0`, …), so its text
    /// is taken from the source.
    fn listener_ip(&mut self) -> Parsed<ListenerIp> {
        if self.eat("ALL") {
            return Ok(ListenerIp::All);
        }
        self.parenthesized(|p| {
            if p.at_string() {
                return p.string().map(|text| ListenerIp::Address(text.value));
            }
            let start = p.span();
            while matches!(
                p.kind(),
                TokenKind::Decimal | TokenKind::Integer | TokenKind::Dot
            ) {
                p.advance();
            }
            let address: String = p.span_from(start).text(p.text).split_whitespace().collect();
            let octets: Vec<_> = address.split('.').map(str::parse::<u8>).collect();
            if octets.len() != 4 || octets.iter().any(Result::is_err) {
                return p.unexpected();
            }
            Ok(ListenerIp::Address(address))
        })
    }

    fn endpoint_payload(&mut self) -> Parsed<EndpointPayload> {
        match self.upper().as_str() {
            "DATABASE_MIRRORING" | "DATA_MIRRORING" => {
                self.advance();
                self.parenthesized(|p| p.mirroring_options(true))
                    .map(EndpointPayload::DatabaseMirroring)
            }
            "SERVICE_BROKER" => {
                self.advance();
                if self.at_kind(TokenKind::LeftParen) && self.kind_at(1) == TokenKind::RightParen {
                    self.pos += 2;
                    return Ok(EndpointPayload::ServiceBroker(MirroringOptions::default()));
                }
                self.parenthesized(|p| p.mirroring_options(false))
                    .map(EndpointPayload::ServiceBroker)
            }
            "TSQL" => {
                self.advance();
                self.expect_kind(TokenKind::LeftParen)?;
                self.expect_kind(TokenKind::RightParen)?;
                Ok(EndpointPayload::Tsql)
            }
            "SOAP" => self.unsupported("SOAP endpoints"),
            _ => self.unexpected(),
        }
    }

    fn mirroring_options(&mut self, with_role: bool) -> Parsed<MirroringOptions> {
        let mut options = MirroringOptions::default();
        self.typed_options("ENDPOINT", |p, name| {
            match name {
                "ROLE" if with_role => {
                    options.role = Some(p.equals_choice(&[
                        ("ALL", EndpointRole::All),
                        ("PARTNER", EndpointRole::Partner),
                        ("WITNESS", EndpointRole::Witness),
                    ])?);
                }
                "AUTHENTICATION" => {
                    p.expect_kind(TokenKind::Equal)?;
                    options.authentication = Some(p.endpoint_authentication()?);
                }
                "ENCRYPTION" => {
                    p.expect_kind(TokenKind::Equal)?;
                    options.encryption = Some(p.endpoint_encryption()?);
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(options)
    }

    /// `WINDOWS [method] [CERTIFICATE c]` or `CERTIFICATE c [WINDOWS [method]]`.
    fn endpoint_authentication(&mut self) -> Parsed<Vec<EndpointAuthentication>> {
        let mut methods = Vec::new();
        let (mut windows, mut certificate) = (false, false);
        loop {
            if !windows && self.eat("WINDOWS") {
                windows = true;
                methods.push(if self.eat("NTLM") {
                    EndpointAuthentication::WindowsNtlm
                } else if self.eat("KERBEROS") {
                    EndpointAuthentication::WindowsKerberos
                } else {
                    self.eat("NEGOTIATE");
                    EndpointAuthentication::WindowsNegotiate
                });
            } else if !certificate && self.eat("CERTIFICATE") {
                certificate = true;
                methods.push(EndpointAuthentication::Certificate(self.identifier()?));
            } else if methods.is_empty() {
                return self.unexpected();
            } else {
                return Ok(methods);
            }
        }
    }

    /// `REQUIRED | SUPPORTED [ALGORITHM a [b]]`, `DISABLED`.
    fn endpoint_encryption(&mut self) -> Parsed<EndpointEncryption> {
        let level = self.choice(&[
            ("REQUIRED", EndpointEncryptionLevel::Required),
            ("SUPPORTED", EndpointEncryptionLevel::Supported),
            ("DISABLED", EndpointEncryptionLevel::Disabled),
        ])?;
        let mut algorithms = Vec::new();
        if level != EndpointEncryptionLevel::Disabled && self.eat("ALGORITHM") {
            let known = [
                ("AES", EndpointAlgorithm::Aes),
                ("RC4", EndpointAlgorithm::Rc4),
            ];
            algorithms.push(self.choice(&known)?);
            if self.at_any(&["AES", "RC4"]) {
                algorithms.push(self.choice(&known)?);
            }
        }
        Ok(EndpointEncryption { level, algorithms })
    }
}
