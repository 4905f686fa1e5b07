//! The certificate of the authority, where clients can read it.

use std::io::Write as _;
use std::path::PathBuf;

use crate::keys::Keys;

/// The file that clients read the authority from.
pub(super) struct AuthorityFile {
    path: Option<PathBuf>,
    /// Made for this emulator alone, to be removed with it.
    is_own: bool,
}

impl AuthorityFile {
    /// Where the keys keep it, else a temporary file, else none: an empty root has no room for one.
    pub(super) fn of(keys: &Keys) -> Self {
        if let Some(path) = keys.authority_file() {
            return Self {
                path: Some(path),
                is_own: false,
            };
        }
        let name = u64::from_be_bytes(keys.random());
        let path = std::env::temp_dir().join(format!("milink-ca-{name:016x}.pem"));
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| file.write_all(keys.authority_pem().as_bytes()));
        Self {
            path: written.is_ok().then_some(path),
            is_own: true,
        }
    }

    pub(super) fn path(&self) -> String {
        let path = self.path.as_ref().map(|path| path.display().to_string());
        path.unwrap_or_default()
    }
}

impl Drop for AuthorityFile {
    fn drop(&mut self) {
        if let Some(path) = self.path.as_ref().filter(|_| self.is_own) {
            // Whoever removed it first has done the same.
            let _ = std::fs::remove_file(path);
        }
    }
}
