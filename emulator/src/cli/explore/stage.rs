//! Worlds for the runs: copies of one base world, each with its own addresses, variables and directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use milink_client::Control;
use milink_model::ReadyFile;
use serde_json::{Value, json};

use crate::calls::{Shown, Strike};
use crate::cli::{az, env};

/// An emulator and the world that every run begins as a copy of.
pub(super) struct Stage {
    control: Arc<Control>,
    pub(super) base: World,
    /// Where the programs' files are; it goes with this.
    directory: Directory,
    with_az: bool,
    forks: AtomicUsize,
}

/// A world that programs run in.
pub(super) struct World {
    control: Arc<Control>,
    ready: ReadyFile,
    directory: PathBuf,
}

/// How often it is asked whether a call that is held has come.
const ASK: Duration = Duration::from_millis(20);

impl Stage {
    /// Makes the base world, as a copy of `from` (`WORLD` or `WORLD@SNAPSHOT`) or of the ready file's world.
    pub(super) async fn open(
        ready: ReadyFile,
        from: Option<String>,
        with_az: bool,
    ) -> anyhow::Result<Self> {
        let ca = fs::read(&ready.ca_file).with_context(|| {
            format!("cannot read the emulator's certificate '{}'", ready.ca_file)
        })?;
        let control = Arc::new(Control::new(&ready.control_url, Some(&ca))?);
        let directory = Directory::new()?;
        let from = from.unwrap_or_else(|| ready.world.clone());
        let (world, snapshot) = match from.split_once('@') {
            Some((world, snapshot)) => (world, Some(snapshot)),
            None => (from.as_str(), None),
        };
        let name = format!("explore-{}", std::process::id());
        let base = World::make(&control, &directory.0, &name, world, snapshot).await?;
        if with_az {
            az::set_up(&base.ready).await?;
        }
        Ok(Self {
            control,
            base,
            directory,
            with_az,
            forks: AtomicUsize::new(0),
        })
    }

    /// A copy of the base world.
    pub(super) async fn fork(&self) -> anyhow::Result<World> {
        let number = self.forks.fetch_add(1, Ordering::Relaxed);
        let base = &self.base.ready;
        let name = format!("{}-{number}", base.world);
        let world = World::make(&self.control, &self.directory.0, &name, &base.world, None).await?;
        if self.with_az {
            let (from, to) = (env::az_directory(base), env::az_directory(&world.ready));
            copy_login(&from, &to, base, &world.ready)
                .with_context(|| format!("cannot copy az's configuration to {}", to.display()))?;
        }
        Ok(world)
    }

    /// Drops the base world.
    pub(super) async fn close(&self) {
        self.base.leave().await;
    }
}

impl World {
    async fn make(
        control: &Arc<Control>,
        directory: &Path,
        name: &str,
        from: &str,
        snapshot: Option<&str>,
    ) -> anyhow::Result<Self> {
        let mut body = json!({"name": name, "from": from});
        if let Some(snapshot) = snapshot {
            body["snapshot"] = snapshot.into();
        }
        let made = control.post("worlds", &body).await;
        let ready: ReadyFile =
            serde_json::from_value(made.with_context(|| format!("cannot copy world '{from}'"))?)?;
        let directory = directory.join(name);
        fs::create_dir(&directory)?;
        fs::write(
            directory.join("ready.json"),
            serde_json::to_string_pretty(&ready)?,
        )?;
        Ok(Self {
            control: Arc::clone(control),
            ready,
            directory,
        })
    }

    /// What a program finds in its environment: all that `milink env` exports, and where this world is.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let ready = &self.ready;
        let exported = env::variables(ready);
        let mut variables: BTreeMap<String, String> = exported
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let path = |path: &Path| path.display().to_string();
        let own = [
            ("MILINK_URL", ready.control_url.clone()),
            ("MILINK_WORLD", ready.world.clone()),
            (
                "MILINK_READY_FILE",
                path(&self.directory.join("ready.json")),
            ),
            ("TMPDIR", path(&self.directory)),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        if let Ok(program) = std::env::current_exe() {
            variables.insert("MILINK".to_owned(), path(&program));
        }
        variables
    }

    /// Records calls from now on, and strikes one.
    pub(super) async fn record(&self, strike: Option<Strike>) -> anyhow::Result<()> {
        let body = json!({"record": true, "strike": strike});
        self.control.put(&self.path("calls"), &body).await?;
        Ok(())
    }

    /// Lets all calls pass.
    pub(super) async fn record_no_longer(&self) -> anyhow::Result<()> {
        let body = json!({"record": false});
        self.control.put(&self.path("calls"), &body).await?;
        Ok(())
    }

    /// The calls since the recording began.
    pub(super) async fn calls(&self) -> anyhow::Result<Shown> {
        let shown = self.control.get(&self.path("calls")).await?;
        Ok(serde_json::from_value(shown)?)
    }

    /// Waits until the call that is to be struck has come.
    pub(super) async fn struck(&self) {
        // An emulator that answers no more will be noticed by whoever asks next.
        while !self.calls().await.is_ok_and(|shown| shown.struck) {
            tokio::time::sleep(ASK).await;
        }
    }

    /// What a user can see of it once it is quiet.
    pub(super) async fn state(&self) -> anyhow::Result<Vec<String>> {
        let path = self.path("state?settle=true");
        let state: Value = self.control.get(&path).await?;
        let lines = state["lines"].as_array();
        let lines = lines.ok_or_else(|| anyhow!("the emulator tells no state"))?;
        Ok(lines
            .iter()
            .map(|line| line.as_str().unwrap_or_default().to_owned())
            .collect())
    }

    /// Drops the world, and what the programs have written for it.
    pub(super) async fn drop_it(self) {
        self.leave().await;
    }

    async fn leave(&self) {
        // What cannot be removed does not change what was found.
        let _ = self
            .control
            .delete(&format!("worlds/{}", self.ready.world))
            .await;
        let _ = fs::remove_dir_all(&self.directory);
        let _ = fs::remove_dir_all(env::az_directory(&self.ready));
    }

    fn path(&self, what: &str) -> String {
        format!("worlds/{}/{what}", self.ready.world)
    }
}

/// Copies az's configuration for another world: only the subscription differs.
fn copy_login(from: &Path, to: &Path, base: &ReadyFile, world: &ReadyFile) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_login(&entry.path(), &target, base, world)?;
        } else if kind.is_file() {
            let bytes = fs::read(entry.path())?;
            match String::from_utf8(bytes) {
                Ok(text) => {
                    let text = text.replace(&base.subscription_id, &world.subscription_id);
                    fs::write(target, text)?;
                }
                Err(binary) => fs::write(target, binary.as_bytes())?,
            }
        }
    }
    Ok(())
}

/// A directory of our own, removed with this.
struct Directory(PathBuf);

impl Directory {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("milink-explore-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
