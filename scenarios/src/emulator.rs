//! The emulator that scenarios are run in: each gets a world of its own, and prepared states are made once and copied.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use milink_client::{Control, Error};
use milink_model::ReadyFile;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::file::Scenario;
use crate::library;
use crate::load::Trial;
use crate::report::Silent;
use crate::runner::{Runner, read_ca};
use crate::variables::Variables;

/// What a scenario gets where its file says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The clock.
    pub clock: String,
    /// How long things take.
    pub durations: String,
    /// The seed of ids.
    pub seed: u64,
}

/// An emulator that is up.
#[derive(Debug)]
pub struct Emulator {
    ca: Vec<u8>,
    control: Arc<Control>,
    settings: Settings,
    /// What the names of this run's worlds begin with, so that several runs do not disturb each other.
    prefix: String,
    next: AtomicU64,
    worlds: Mutex<BTreeSet<String>>,
    prepared: Mutex<BTreeMap<String, Making>>,
}

/// A world that is ready for a scenario's first step.
#[derive(Debug)]
pub struct Stage {
    /// Its name.
    pub world: String,
    pub(crate) runner: Runner,
}

/// A prepared state: a world to copy, and the variables that its steps have filled.
#[derive(Clone, Debug)]
struct Prepared {
    world: String,
    variables: Variables,
}

/// A prepared state that somebody makes, or has made, or could not.
type Making = Arc<OnceCell<Result<Prepared, String>>>;

/// What a world begins as.
#[derive(Clone, Debug, PartialEq)]
struct Ground {
    clock: String,
    durations: Option<String>,
    seed: u64,
    topology: String,
}

/// What there is to start with where no file says anything, whatever the emulator was started with.
const TOPOLOGY: &str = r#"
[[sql_server]]
name = "sqlserver1"
databases = ["db1"]
[[managed_instance]]
name = "sqlmi1"
"#;

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: "auto".to_owned(),
            durations: "fast".to_owned(),
            seed: 1,
        }
    }
}

impl Emulator {
    /// The emulator that a ready file describes.
    ///
    /// # Errors
    ///
    /// It does not answer, or its CA file cannot be read.
    pub async fn reach(ready: &ReadyFile, settings: Settings) -> Result<Self, Error> {
        let ca = read_ca(ready)?;
        let control = Arc::new(Control::new(&ready.control_url, Some(&ca))?);
        control.get("health").await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let moment = now.map_or(0, |now| now.as_nanos());
        Ok(Self {
            ca,
            control,
            settings,
            prefix: format!("run-{:x}", moment & 0xffff_ffff_ffff),
            next: AtomicU64::new(1),
            worlds: Mutex::default(),
            prepared: Mutex::default(),
        })
    }

    /// Makes the world that a trial begins with.
    ///
    /// # Errors
    ///
    /// Says what cannot be made, or which step of a prepared state failed.
    pub async fn stage(&self, trial: &Trial) -> Result<Stage, String> {
        let scenario = &trial.scenario;
        let mut own = Variables::default();
        if let Some(case) = &trial.case {
            for (name, value) in &case.variables {
                own.set(name, value.0.as_str());
            }
        }
        for (name, value) in &scenario.variables {
            own.set_if_absent(name, value);
        }
        let given = match &scenario.given {
            None => None,
            Some(name) => Some(State::find(&own.fill(name), scenario)?),
        };
        let ground = self.ground(scenario, given.as_ref(), &own);
        let (ready, brought) = match given {
            None => (self.make(ground.body()).await?, Variables::default()),
            Some(state) => {
                let prepared = self.prepare(&state, &ground, &own).await?;
                let ready = self.make(fork(&prepared.world)).await?;
                (ready, prepared.variables)
            }
        };
        let world = ready.world.clone();
        let mut runner = self.runner(ready)?;
        for (name, value) in brought.iter().chain(own.iter()) {
            runner.variables_mut().set(name, value);
        }
        if let Some(case) = &trial.case {
            runner.set_case(&case.name);
        }
        for fault in &scenario.faults {
            let fault = serde_json::to_value(fault).map_err(|error| error.to_string())?;
            let fault = runner.variables().fill_json(&fault);
            self.control
                .post(&runner.about("faults"), &fault)
                .await
                .map_err(|error| format!("the fault {fault}: {error}"))?;
        }
        Ok(Stage { world, runner })
    }

    /// Drops a world that was made for a trial.
    pub async fn drop_world(&self, world: &str) {
        lock(&self.worlds).remove(world);
        // One that is gone already is what was wanted.
        let _ = self.control.delete(&format!("worlds/{world}")).await;
    }

    /// Leaves a world where it is when this run ends.
    pub fn keep_world(&self, world: &str) {
        lock(&self.worlds).remove(world);
    }

    /// Drops all worlds of this run.
    pub async fn close(&self) {
        let worlds: Vec<String> = lock(&self.worlds).iter().cloned().collect();
        for world in worlds {
            self.drop_world(&world).await;
        }
    }

    fn runner(&self, ready: ReadyFile) -> Result<Runner, String> {
        Runner::with(ready, &self.ca, Arc::clone(&self.control)).map_err(|error| error.to_string())
    }

    /// What the scenario's world begins as: what its file says, else what its prepared state says, else the settings.
    fn ground(&self, scenario: &Scenario, given: Option<&State>, own: &Variables) -> Ground {
        let files: Vec<&Scenario> = std::iter::once(scenario)
            .chain(given.into_iter().flat_map(State::chain))
            .collect();
        let said =
            |part: fn(&Scenario) -> Option<&String>| files.iter().find_map(|file| part(file));
        let topology = files.iter().find_map(|file| file.topology.as_ref());
        let has_transitions = topology.is_some_and(|table| table.contains_key("transitions"));
        Ground {
            clock: own.fill(said(|file| file.clock.as_ref()).unwrap_or(&self.settings.clock)),
            // A topology that says how long things take is heard where no file does.
            durations: said(|file| file.durations.as_ref())
                .or((!has_transitions).then_some(&self.settings.durations))
                .map(|durations| own.fill(durations)),
            seed: files
                .iter()
                .find_map(|file| file.seed)
                .unwrap_or(self.settings.seed),
            topology: topology
                .map_or_else(|| TOPOLOGY.to_owned(), |table| own.fill(&table.to_string())),
        }
    }

    /// The prepared state, made now if it is asked for the first time.
    async fn prepare(
        &self,
        state: &State,
        ground: &Ground,
        own: &Variables,
    ) -> Result<Prepared, String> {
        let key = format!(
            "{ground:?} {} {:?}",
            state.scenario.path.display(),
            state.asked(own)
        );
        let cell = Arc::clone(lock(&self.prepared).entry(key).or_default());
        // Several scenarios may want it at once; one of them makes it. Boxed: a state is built on another.
        let made = Box::pin(self.make_state(state, ground, own));
        cell.get_or_init(|| made).await.clone()
    }

    async fn make_state(
        &self,
        state: &State,
        ground: &Ground,
        own: &Variables,
    ) -> Result<Prepared, String> {
        let (ready, brought) = match &state.given {
            None => (self.make(ground.body()).await?, Variables::default()),
            Some(before) => {
                let prepared = self.prepare(before, ground, own).await?;
                (self.make(fork(&prepared.world)).await?, prepared.variables)
            }
        };
        let world = ready.world.clone();
        let mut runner = self.runner(ready)?;
        let standing = runner.variables().clone();
        for (name, value) in brought.iter() {
            runner.variables_mut().set(name, value);
        }
        for (name, value) in state.asked(own).iter() {
            runner.variables_mut().set(name, value);
        }
        let summary = runner.run(&state.scenario, &mut Silent).await;
        if let Some(failure) = summary.failure() {
            let name = &state.scenario.name;
            return Err(format!("the prepared state '{name}': {failure}"));
        }
        // Ids and ports are the copy's own.
        let variables = runner
            .variables()
            .iter()
            .filter(|(name, _)| standing.get(name).is_none())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Prepared { world, variables })
    }

    async fn make(&self, mut body: Map<String, Value>) -> Result<ReadyFile, String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", self.prefix);
        body.insert("name".to_owned(), json!(name));
        // Ports of its own could not be reached in a container.
        body.insert("ports".to_owned(), json!("shared"));
        lock(&self.worlds).insert(name);
        let made = self
            .control
            .post("worlds", &Value::Object(body))
            .await
            .map_err(|error| format!("the world cannot be made: {error}"))?;
        serde_json::from_value(made).map_err(|error| error.to_string())
    }
}

impl Ground {
    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("clock".to_owned(), json!(self.clock));
        body.insert("durations".to_owned(), json!(self.durations));
        body.insert("seed".to_owned(), json!(self.seed));
        body.insert("topology".to_owned(), json!(self.topology));
        body
    }
}

fn fork(world: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("from".to_owned(), json!(world));
    body
}

/// A prepared state's file, and the one it is built on.
struct State {
    scenario: Scenario,
    given: Option<Box<Self>>,
}

/// How many states may be built on each other.
const DEEPEST: usize = 16;

impl State {
    fn find(name: &str, from: &Scenario) -> Result<Self, String> {
        Self::find_at(name, from, 0)
    }

    fn find_at(name: &str, from: &Scenario, depth: usize) -> Result<Self, String> {
        if depth == DEEPEST {
            return Err(format!("'{name}' is built on itself"));
        }
        let named = library::find(name, Some(&from.path))?;
        let scenario =
            Scenario::read(&named.text, named.place.as_ref()).map_err(|error| error.to_string())?;
        let given = match &scenario.given {
            None => None,
            Some(before) => Some(Box::new(Self::find_at(before, &scenario, depth + 1)?)),
        };
        Ok(Self { scenario, given })
    }

    /// This file and those it is built on, nearest first.
    fn chain(&self) -> impl Iterator<Item = &Scenario> {
        std::iter::successors(Some(self), |state| state.given.as_deref())
            .map(|state| &state.scenario)
    }

    /// What a scenario says about the variables of this state: those that any of its files declares.
    fn asked(&self, own: &Variables) -> Variables {
        self.chain()
            .flat_map(|file| file.variables.keys())
            .filter_map(|name| Some((name.clone(), own.fill(own.get(name)?))))
            .collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
