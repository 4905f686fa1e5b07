//! The two public roots under which Azure's certificates are issued: public facts, as their authorities publish them.
//! The emulator's own certificates are issued under them in name only.

/// A root authority's certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root {
    /// Its subject, most general part first.
    pub(crate) subject: &'static str,
    /// The certificate.
    pub(crate) der: &'static [u8],
}

/// The roots that SQL Server must import and trust for `*.database.windows.net` (page "Configure link with scripts").
pub(crate) const ROOTS: [Root; 2] = [
    Root {
        subject: "C=US, O=Microsoft Corporation, CN=Microsoft RSA Root Certificate Authority 2017",
        der: include_bytes!("roots/microsoft-rsa-root-2017.der"),
    },
    Root {
        subject: "C=US, O=DigiCert Inc, OU=www.digicert.com, CN=DigiCert Global Root G2",
        der: include_bytes!("roots/digicert-global-root-g2.der"),
    },
];

#[cfg(test)]
mod tests {
    use milink_core::certificate::PUBLIC_ROOTS;

    use super::*;
    use crate::keys::facts;

    #[test]
    fn the_roots_are_the_ones_that_the_core_knows() {
        for (root, thumbprint) in ROOTS.iter().zip(PUBLIC_ROOTS) {
            let facts = facts::read(root.der).expect("a certificate");
            assert_eq!(facts.thumbprint, thumbprint, "{}", root.subject);
            assert_eq!(facts.subject, root.subject);
            assert_eq!(facts.issuer, root.subject);
        }
    }
}
