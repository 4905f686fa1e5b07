//! An emulator of its own for a case: in this process, on free ports, under a clock that only moves when it is told.
//!
//! Blocking, since properties are: an async tool under test is driven by [`Case::block_on`]. Everything ends when the case is
//! dropped.

use std::cell::RefCell;
use std::future::Future;

use milink::Emulator;
use milink::clock::ClockMode;
use milink::topology::{ManagedInstanceSpec, SqlServerSpec, Topology};
use milink_client::model::ReadyFile;
use milink_client::{Arm, Credentials, Login, Sql, SqlAddress};
use milink_core::World;
use milink_core::durations::{Durations, Profile};
use milink_core::time::Span;

use crate::action::{Action, Place};
use crate::lab::{CLUSTER, Lab, Outcome, observe};
use crate::observation::Observation;
use crate::topology::{Pace, Plan};

/// The password of `sa` and of the instances' administrator.
pub const PASSWORD: &str = "Correct-Horse-7-Battery";

/// A running emulator for one case.
pub struct Case {
    plan: Plan,
    lab: RefCell<Lab>,
    emulator: Emulator,
    ready: ReadyFile,
    runtime: tokio::runtime::Runtime,
}

impl Case {
    /// Starts an emulator with the servers and instances of a plan, without databases.
    ///
    /// # Panics
    ///
    /// It cannot be started on free ports of the loopback.
    pub fn start(plan: &Plan) -> Self {
        Self::start_with(plan, topology(plan))
    }

    /// Starts an emulator with a topology of your own; `plan` says what of it is observed.
    ///
    /// # Panics
    ///
    /// It cannot be started on free ports of the loopback.
    pub fn start_with(plan: &Plan, topology: Topology) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("threads can be started");
        let profile = match plan.pace {
            Pace::Instant => Profile::Instant,
            Pace::Fast => Profile::Fast,
            Pace::Azure => Profile::Azure,
        };
        let builder = Emulator::builder()
            .topology(topology)
            .clock(ClockMode::Manual)
            .durations(Durations::of(profile))
            .password(PASSWORD);
        let emulator = runtime
            .block_on(builder.start())
            .expect("the emulator starts on free ports");
        let world = {
            let _guard = runtime.enter();
            emulator.world().snapshot()
        };
        Self {
            plan: plan.clone(),
            lab: RefCell::new(Lab::of(world, plan)),
            ready: emulator.ready(),
            emulator,
            runtime,
        }
    }

    /// Where everything is, and how to get in: what the tool under test is given.
    pub fn ready(&self) -> &ReadyFile {
        &self.ready
    }

    /// The certificate of the authority that the tool has to trust, as PEM.
    pub fn ca_pem(&self) -> &str {
        self.emulator.ca_pem()
    }

    /// Lets something async run to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Does an action to the world itself, without a client: for ground that the tool under test stands on.
    ///
    /// # Errors
    ///
    /// Why it was refused.
    pub fn perform(&self, action: &Action) -> Outcome {
        if let Action::Advance(seconds) = action {
            self.advance(*seconds);
            return Ok(None);
        }
        let _guard = self.runtime.enter();
        let mut lab = self.lab.borrow_mut();
        self.emulator.world().change(|world, _| {
            lab.world = world.clone();
            let outcome = lab.perform(action);
            *world = lab.world.clone();
            outcome
        })
    }

    /// Lets so many seconds pass.
    pub fn advance(&self, seconds: u32) {
        let span = Span::seconds(seconds.into());
        let _guard = self.runtime.enter();
        self.emulator.world().advance(span);
    }

    /// Lets the time pass up to the next thing that happens by itself; says whether there was one.
    pub fn advance_to_next(&self) -> bool {
        let _guard = self.runtime.enter();
        let world = self.emulator.world();
        let due = world.read(World::next_due);
        if let Some(due) = due {
            world.advance_to(due);
        }
        due.is_some()
    }

    /// What can be seen now, to be shown to the [`Reference`](crate::reference::Reference) model.
    pub fn observe(&self) -> Observation {
        observe(&self.world(), &self.plan)
    }

    /// The world as it is now.
    pub fn world(&self) -> World {
        let _guard = self.runtime.enter();
        self.emulator.world().snapshot()
    }

    /// Checks every law of `milink_core::invariants`.
    ///
    /// # Errors
    ///
    /// The law that is broken, and by what.
    pub fn check(&self) -> Result<(), String> {
        milink_core::invariants::check(&self.world())
    }

    /// A client of ARM, logged in as the service principal.
    ///
    /// # Panics
    ///
    /// The authority's certificate cannot be used.
    pub fn arm(&self) -> Arm {
        let credentials = Credentials {
            authority: self.ready.entra_url.clone(),
            tenant: self.ready.tenant_id.clone(),
            client_id: self.ready.client_id.clone(),
            client_secret: self.ready.client_secret.clone(),
        };
        let ca = self.emulator.ca_pem().as_bytes();
        Arm::new(&self.ready.arm_url, Some(ca), credentials).expect("the authority is good")
    }

    /// A session at a server or instance of the plan.
    ///
    /// # Panics
    ///
    /// The login is refused.
    pub fn sql(&self, place: Place) -> Sql {
        let (host, port, server_name, user) = match place {
            Place::Server(n) => {
                let server = &self.ready.sql_servers[usize::from(n)];
                (&server.host, server.port, "localhost", &server.user)
            }
            Place::Instance(n) => {
                let mi = &self.ready.managed_instances[usize::from(n)];
                (&mi.host, mi.port, mi.fqdn.as_str(), &mi.user)
            }
        };
        let address = SqlAddress {
            host: host.clone(),
            port,
            server_name: server_name.to_owned(),
            ca_file: Some(self.ready.ca_file.clone()),
        };
        let login = Login::Password {
            user: user.clone(),
            password: PASSWORD.to_owned(),
        };
        self.block_on(Sql::connect(&address, login, None))
            .expect("the login is accepted")
    }

    /// The ARM id of an instance of the plan.
    pub fn instance_id(&self, n: u8) -> &str {
        &self.ready.managed_instances[usize::from(n)].resource_id
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("ready", &self.ready).finish()
    }
}

/// The topology of a plan.
pub fn topology(plan: &Plan) -> Topology {
    let servers = (0u8..).zip(&plan.servers);
    let instances = (0u8..).zip(&plan.instances);
    Topology {
        sql_servers: servers
            .map(|(n, version)| SqlServerSpec {
                version: version.text().to_owned(),
                multi_database_links: plan.several,
                cluster: plan
                    .replicas
                    .and_then(|replicas| replicas.cluster.then(|| CLUSTER.to_owned())),
                ..SqlServerSpec::named(&Place::Server(n).name())
            })
            .collect(),
        managed_instances: instances
            .map(|(n, policy)| ManagedInstanceSpec {
                update_policy: policy.text().to_owned(),
                ..ManagedInstanceSpec::named(&Place::Instance(n).name())
            })
            .collect(),
        ..Topology::empty()
    }
}
