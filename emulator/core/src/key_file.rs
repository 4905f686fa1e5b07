//! Private keys and master keys as files carry them.
//!
//! Nothing is encrypted in earnest: a file says whose key it is and by which password it opens. The header of a private
//! key is a PVK file's, so that it looks like one.

/// What a key file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The private key of the certificate with this thumbprint (BACKUP CERTIFICATE … WITH PRIVATE KEY).
    PrivateKey,
    /// The database master key (BACKUP MASTER KEY); its identity is a GUID.
    MasterKey,
}

/// Why a key file does not give its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFileProblem {
    /// It is no such file.
    Invalid,
    /// The password does not open it.
    WrongPassword,
}

/// The first four bytes of a PVK file.
const PVK: [u8; 4] = 0xB0B5_F11E_u32.to_le_bytes();
/// The first four bytes of a master key's file; the product's own format is not published.
const DMK: [u8; 4] = *b"DMK\0";
const HEADER: usize = 24;
const SALT: usize = 16;

/// The bytes of a key file.
pub fn seal(kind: KeyKind, identity: &[u8], password: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + SALT + identity.len());
    bytes.extend_from_slice(&magic(kind));
    // Reserved, the kind of key, "encrypted", and the lengths of what follows.
    for word in [0, 1, 1, SALT as u32, identity.len() as u32] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(&digest(identity, password).to_be_bytes());
    bytes.extend_from_slice(identity);
    bytes
}

/// The identity of the key in a file.
///
/// # Errors
///
/// It is no key file of this kind, or the password is not its own.
pub fn open(kind: KeyKind, bytes: &[u8], password: &str) -> Result<Vec<u8>, KeyFileProblem> {
    if bytes.len() < HEADER + SALT || !bytes.starts_with(&magic(kind)) {
        return Err(KeyFileProblem::Invalid);
    }
    let (salt, identity) = bytes[HEADER..].split_at(SALT);
    if salt != digest(identity, password).to_be_bytes() {
        return Err(KeyFileProblem::WrongPassword);
    }
    Ok(identity.to_vec())
}

fn magic(kind: KeyKind) -> [u8; 4] {
    match kind {
        KeyKind::PrivateKey => PVK,
        KeyKind::MasterKey => DMK,
    }
}

/// FNV-1a in 128 bits: enough to tell passwords apart.
fn digest(identity: &[u8], password: &str) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    const BASIS: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    let bytes = password.bytes().chain([0]).chain(identity.iter().copied());
    bytes.fold(BASIS, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_opens_by_its_own_kind_and_password() {
        let file = seal(KeyKind::PrivateKey, &[7; 20], "secret");
        let cases: [(KeyKind, &[u8], &str, _); 5] = [
            (KeyKind::PrivateKey, &file, "secret", Ok(vec![7; 20])),
            (
                KeyKind::PrivateKey,
                &file,
                "Secret",
                Err(KeyFileProblem::WrongPassword),
            ),
            (
                KeyKind::MasterKey,
                &file,
                "secret",
                Err(KeyFileProblem::Invalid),
            ),
            (
                KeyKind::PrivateKey,
                &file[..39],
                "secret",
                Err(KeyFileProblem::Invalid),
            ),
            (
                KeyKind::PrivateKey,
                b"",
                "secret",
                Err(KeyFileProblem::Invalid),
            ),
        ];
        for (kind, bytes, password, expected) in cases {
            assert_eq!(open(kind, bytes, password), expected, "{kind:?} {password}");
        }
    }

    #[test]
    fn hostile_files_do_not_open() {
        let files =
            [KeyKind::PrivateKey, KeyKind::MasterKey].map(|kind| seal(kind, &[7; 20], "secret"));
        let valid = prop::sample::select(files.to_vec());
        milink_hostile::bytes("key-file", 400, valid, |bytes| {
            for kind in [KeyKind::PrivateKey, KeyKind::MasterKey] {
                // A key that opens is the one that was sealed: nobody else can say by which password.
                if let Ok(identity) = open(kind, bytes, "secret") {
                    assert_eq!(identity, [7; 20]);
                }
            }
        });
    }
}
