//! Keys and certificates: the local authority, TLS leaves, the token key, and SQL's certificates.
//!
//! Knows no world. Private keys never leave the process but for the cache directory.

mod cache;
mod facts;
pub(crate) mod roots;
mod rsa;
mod tls;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use milink_core::certificate::CertificateFacts;
use milink_core::time::{Span, Timestamp};
use milink_tsql::session::host::CertificateRequest;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SerialNumber,
};
use rustls::crypto::CryptoProvider;
use time::OffsetDateTime;

use cache::Cache;
pub use tls::LeafResolver;
pub(crate) use tls::certified;

use crate::clock::host_now;
use crate::tape::Tape;

/// How many endpoint certificates of managed instances are remembered.
const REMEMBERED: usize = 10_000;

/// Everything that signs.
pub struct Keys {
    authority: Issuer<'static, KeyPair>,
    authority_der: Vec<u8>,
    authority_pem: String,
    token_pem: String,
    token_public: Vec<u8>,
    provider: Arc<CryptoProvider>,
    cache: Cache,
    endpoint_certificates: Mutex<BTreeMap<String, CertificateFacts>>,
    /// Where what worlds get from here is written down.
    tape: Arc<Tape>,
}

impl Keys {
    /// Keys that are kept in a directory, so that clients can go on trusting them. What is missing there is made.
    ///
    /// # Errors
    ///
    /// The directory cannot be written or holds something that is not a key.
    pub fn kept_in(directory: &Path) -> anyhow::Result<Self> {
        Self::new(Cache::at(directory)?)
    }

    /// Keys that are gone with the process.
    ///
    /// # Errors
    ///
    /// None that a test would see: the random source has failed.
    pub fn in_memory() -> anyhow::Result<Self> {
        Self::new(Cache::none())
    }

    fn new(cache: Cache) -> anyhow::Result<Self> {
        let authority_key = cache.get_or_make("ca.key", || {
            Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem())
        })?;
        let authority_key =
            KeyPair::from_pem(&authority_key).context("the cached ca.key is no key")?;
        let params = authority_params();
        let authority_pem =
            cache.get_or_make("ca.pem", || Ok(params.self_signed(&authority_key)?.pem()))?;
        let (_, pem) = x509_parser::pem::parse_x509_pem(authority_pem.as_bytes())
            .context("the cached ca.pem is no certificate")?;
        let token_pem = cache.get_or_make("token.key", || {
            Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem())
        })?;
        let token = KeyPair::from_pem(&token_pem).context("the cached token.key is no key")?;
        rsa::prepare(&cache);
        Ok(Self {
            authority: Issuer::new(params, authority_key),
            authority_der: pem.contents,
            authority_pem,
            token_public: token.public_key_raw().to_vec(),
            token_pem,
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            cache,
            endpoint_certificates: Mutex::default(),
            tape: Tape::off(),
        })
    }

    /// The same keys, and what worlds get of them goes through an input log.
    pub(crate) fn with_tape(self, tape: Arc<Tape>) -> Self {
        Self { tape, ..self }
    }

    /// Bytes nobody can guess, for a world: a replay gets the same.
    pub(crate) fn random_for_world<const N: usize>(&self) -> [u8; N] {
        let given = self.tape.given("random", || self.random::<N>().to_vec());
        given.try_into().unwrap_or([0; N])
    }

    /// A certificate that a world gets.
    fn certificate(&self, make: impl FnOnce() -> Vec<u8>) -> CertificateFacts {
        let der = self.tape.given("certificate", make);
        // Only a damaged log has another one.
        facts::read(&der).unwrap_or_else(|_| facts::unreadable(&der))
    }

    /// The authority's certificate, for clients to trust.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// The authority's certificate, in DER.
    pub fn authority_der(&self) -> &[u8] {
        &self.authority_der
    }

    /// Where the authority's certificate is kept, if it is.
    pub fn authority_file(&self) -> Option<PathBuf> {
        self.cache.path("ca.pem")
    }

    /// The key that signs tokens: PKCS #8 in PEM, and the public point.
    pub fn token_key(&self) -> (&str, &[u8]) {
        (&self.token_pem, &self.token_public)
    }

    /// The cryptography that TLS uses.
    pub fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// Bytes nobody can guess.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.provider
            .secure_random
            .fill(&mut bytes)
            .expect("the host has a random source");
        bytes
    }

    /// A TLS leaf for these names, signed by the authority.
    fn leaf(&self, names: &[String]) -> anyhow::Result<(Vec<u8>, KeyPair)> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names)?;
        let now = host_now();
        params.not_before = moment(now - Span::minutes(24 * 60));
        // Apple's clients refuse leaves that live longer than 825 days.
        params.not_after = moment(now + Span::minutes(800 * 24 * 60));
        params.distinguished_name = name_of(&[(DnType::CommonName, &names[0])]);
        params.serial_number = Some(serial(u128::from_be_bytes(self.random())));
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.authority)?;
        Ok((certificate.der().to_vec(), key))
    }

    /// `CREATE CERTIFICATE … WITH SUBJECT`: self-signed, by a key made in advance.
    pub fn make_certificate(&self, request: &CertificateRequest) -> CertificateFacts {
        let mut params = CertificateParams::default();
        params.not_before = moment(request.not_before);
        params.not_after = moment(request.not_after);
        params.serial_number = Some(serial(request.serial));
        params.distinguished_name = subject_name(&request.subject);
        self.certificate(|| {
            let key = rsa::key(request.key_bits, &self.cache);
            let certificate = params
                .self_signed(&*key)
                .expect("any text can be a common name, and the key is ours");
            certificate.der().to_vec()
        })
    }

    /// The certificate of a managed instance's mirroring endpoint. The same FQDN gives the same one.
    ///
    /// The issuer is named like one of Azure's issuing authorities (a guess at which).
    pub fn instance_certificate(&self, fqdn: &str) -> CertificateFacts {
        let mut made = self
            .endpoint_certificates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = made.get(fqdn) {
            return facts.clone();
        }
        let facts = self.issue(fqdn, &facts::sha1(fqdn.as_bytes()), host_now());
        if made.len() >= REMEMBERED {
            made.pop_first();
        }
        made.insert(fqdn.to_owned(), facts.clone());
        facts
    }

    /// The certificate that follows another one of a managed instance, valid from `now` on.
    pub fn next_instance_certificate(
        &self,
        fqdn: &str,
        before: &[u8; 20],
        now: Timestamp,
    ) -> CertificateFacts {
        self.issue(fqdn, &facts::sha1(before), now)
    }

    /// A certificate for an FQDN; `mark` makes its serial number.
    fn issue(&self, fqdn: &str, mark: &[u8; 20], now: Timestamp) -> CertificateFacts {
        self.certificate(|| self.issued(fqdn, mark, now))
    }

    fn issued(&self, fqdn: &str, mark: &[u8; 20], now: Timestamp) -> Vec<u8> {
        let key = rsa::key(2048, &self.cache);
        let mut issuer = CertificateParams::default();
        issuer.distinguished_name = name_of(&[
            (DnType::CountryName, "US"),
            (DnType::OrganizationName, "Microsoft Corporation"),
            (DnType::CommonName, "Microsoft Azure RSA TLS Issuing CA 08"),
        ]);
        issuer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let mut number = [0; 16];
        number.copy_from_slice(&mark[..16]);
        let mut params = CertificateParams::default();
        params.not_before = moment(now - Span::minutes(24 * 60));
        params.not_after = moment(now + Span::minutes(365 * 24 * 60));
        params.serial_number = Some(serial(u128::from_be_bytes(number)));
        params.distinguished_name = name_of(&[(DnType::CommonName, fqdn)]);
        let certificate = params
            .signed_by(&*key, &Issuer::from_params(&issuer, &*key))
            .expect("an FQDN can be a common name, and the key is ours");
        certificate.der().to_vec()
    }

    /// Reads any DER certificate.
    ///
    /// # Errors
    ///
    /// Why the bytes are not one.
    pub fn read_certificate(&self, der: &[u8]) -> Result<CertificateFacts, String> {
        facts::read(der)
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(2024, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 1, 1);
    params.distinguished_name = name_of(&[
        (DnType::OrganizationName, "milink"),
        (DnType::CommonName, "milink local authority"),
    ]);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A subject as `WITH SUBJECT` has it: an X.500 name, or else any text as the common name.
fn subject_name(subject: &str) -> DistinguishedName {
    let parts: Option<Vec<(DnType, &str)>> = subject
        .split(',')
        .map(|part| {
            let (word, value) = part.split_once('=')?;
            let kind = match word.trim().to_ascii_uppercase().as_str() {
                "CN" => DnType::CommonName,
                "O" => DnType::OrganizationName,
                "OU" => DnType::OrganizationalUnitName,
                "C" => DnType::CountryName,
                "L" => DnType::LocalityName,
                "S" | "ST" => DnType::StateOrProvinceName,
                _ => return None,
            };
            Some((kind, value.trim()))
        })
        .collect();
    match parts {
        Some(parts) => name_of(&parts),
        None => name_of(&[(DnType::CommonName, subject)]),
    }
}

fn name_of(parts: &[(DnType, &str)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (kind, text) in parts {
        name.push(kind.clone(), *text);
    }
    name
}

/// Positive and never short, as X.509 wants serial numbers.
fn serial(number: u128) -> SerialNumber {
    let number = number & !(1 << 127) | 1 << 126;
    SerialNumber::from_slice(&number.to_be_bytes())
}

/// A moment as certificates have it: whole seconds. Years before 1970 are 1970.
fn moment(at: Timestamp) -> OffsetDateTime {
    let seconds = u64::try_from(at.unix_seconds()).unwrap_or(0);
    OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests;
