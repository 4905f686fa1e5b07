//! Files in which keys outlive the process: made once, whole or not at all, readable by their owner only.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A directory of key files, or none.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    directory: Option<PathBuf>,
}

impl Cache {
    /// Files in this directory, which is made if it is not there.
    pub(super) fn at(directory: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .with_context(|| format!("cannot make the directory {}", directory.display()))?;
        Ok(Self {
            directory: Some(directory.to_owned()),
        })
    }

    /// Nothing is kept.
    pub(super) fn none() -> Self {
        Self { directory: None }
    }

    /// Where a file is kept.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.directory
            .as_ref()
            .map(|directory| directory.join(name))
    }

    /// The text of a file; if it is not there, it is made.
    ///
    /// Of processes that make it at the same time, one wins and all read what it wrote.
    pub(super) fn get_or_make(
        &self,
        name: &str,
        make: impl FnOnce() -> anyhow::Result<String>,
    ) -> anyhow::Result<String> {
        let Some(path) = self.path(name) else {
            return make();
        };
        if let Some(text) = read(&path)? {
            return Ok(text);
        }
        let text = make()?;
        let written =
            write_new(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        match written {
            true => Ok(text),
            false => read(&path)?.with_context(|| format!("{} comes and goes", path.display())),
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes a file whole under its name, unless one is there already.
fn write_new(path: &Path, text: &str) -> std::io::Result<bool> {
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    // A link, unlike a rename, does not replace what another process has written.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
