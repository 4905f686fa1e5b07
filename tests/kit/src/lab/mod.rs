//! The core under test: a world made as a plan says, to which actions are done as commands.
//!
//! No sockets, no keys, no clock: a step takes microseconds.

mod commands;
mod observe;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use milink_core::World;
use milink_core::azure::{ManagedInstanceProperties, WriteResourceGroup};
use milink_core::certificate::CertificateFacts;
use milink_core::collation::Collation;
use milink_core::command::{CreateManagedInstance, CreateSqlServer, Request, SetCluster};
use milink_core::durations::{Durations, Profile};
use milink_core::ids::InstanceId;
use milink_core::instance::SqlServer;
use milink_core::refusal::Refusal;
use milink_core::time::{Span, Timestamp};
use milink_core::version::{Build, Edition, UpdatePolicy};

use crate::action::{Action, Place, RESOURCE_GROUP};
use crate::topology::{Pace, Plan};

pub use observe::observe;

/// Where the instances are.
const REGION: &str = "westeurope";
/// The Windows cluster of the servers, if they are in one.
pub(crate) const CLUSTER: &str = "wsfc";
/// When a world begins.
const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

/// A world, and what is needed to ask it for something.
#[derive(Clone, Debug, PartialEq)]
pub struct Lab {
    /// The world.
    pub world: World,
    plan: Arc<Plan>,
    servers: Vec<InstanceId>,
    instances: Vec<InstanceId>,
    /// How many certificates each server has made.
    made: Vec<u32>,
    /// Which of them it had last under each name; 0 if none.
    own: Vec<[u32; 2]>,
    /// The names of the instances' hosts, which are known when they are gone.
    fqdns: Vec<String>,
    next_value: i64,
}

/// Why an action came to nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// The world says no.
    World(Refusal),
    /// There is nothing to do it to: a client would be refused before it comes to the world.
    Nothing(&'static str),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::World(refusal)
    }
}

/// What came of an action that was accepted: the value that was written, if it wrote one.
pub type Outcome = Result<Option<i64>, Refused>;

impl Lab {
    /// A world in which nothing has been done.
    pub fn new(plan: &Plan, seed: u64) -> Self {
        let mut world = World::new(seed, uuid::Uuid::nil(), START);
        world.durations = Durations::of(match plan.pace {
            Pace::Instant => Profile::Instant,
            Pace::Fast => Profile::Fast,
            Pace::Azure => Profile::Azure,
        });
        let servers = (0u8..).zip(&plan.servers);
        let servers: Vec<InstanceId> = servers
            .map(|(n, version)| {
                let build = Build::named(version.text()).expect("a version of the plan");
                create(&mut world, sql_server(n, build, plan.several))
            })
            .collect();
        if plan.replicas.is_some_and(|replicas| replicas.cluster) {
            for instance in &servers {
                let node = SetCluster {
                    instance: *instance,
                    cluster: Some(CLUSTER.into()),
                };
                let set = world.apply(START, node);
                set.expect("a server can be a node of a cluster");
            }
        }
        let group = WriteResourceGroup {
            name: RESOURCE_GROUP.into(),
            location: REGION.to_owned(),
            tags: BTreeMap::new(),
        };
        let made = world.apply(START, group);
        made.expect("a world begins without groups");
        let instances = (0u8..).zip(&plan.instances);
        let instances: Vec<InstanceId> = instances
            .map(|(n, policy)| {
                let policy = UpdatePolicy::named(policy.text()).expect("a policy of the plan");
                create(&mut world, managed_instance(n, policy))
            })
            .collect();
        Self {
            made: vec![0; servers.len()],
            own: vec![[0; 2]; servers.len()],
            fqdns: fqdns(&world, &instances),
            plan: Arc::new(plan.clone()),
            world,
            servers,
            instances,
            next_value: 1,
        }
    }

    /// Does it. What is refused has changed nothing.
    ///
    /// # Errors
    ///
    /// Why it was refused.
    pub fn perform(&mut self, action: &Action) -> Outcome {
        // Some actions are several commands: all of them or none.
        let before = commands::is_several(action).then(|| self.clone());
        let outcome = self.attempt(action);
        if let (Err(_), Some(before)) = (&outcome, before) {
            *self = before;
        }
        if outcome.is_ok() {
            // What takes no time is done before the next action.
            self.world.advance_to(self.world.now());
        }
        outcome
    }

    /// A world that is there already, made as the plan says.
    pub fn of(world: World, plan: &Plan) -> Self {
        let find = |place: Place| match place {
            Place::Server(_) => world.sql_server(&place.name()),
            Place::Instance(_) => world.managed_instance(&place.name()),
        };
        let id = |place| find(place).map_or(InstanceId(0), |found| found.id);
        let servers = (0u8..).take(plan.servers.len()).map(Place::Server);
        let instances = (0u8..).take(plan.instances.len()).map(Place::Instance);
        let servers = servers.map(id).collect();
        let instances: Vec<InstanceId> = instances.map(id).collect();
        Self {
            fqdns: fqdns(&world, &instances),
            plan: Arc::new(plan.clone()),
            servers,
            instances,
            made: vec![0; plan.servers.len()],
            own: vec![[0; 2]; plan.servers.len()],
            next_value: 1,
            world,
        }
    }

    /// How many values were written so far.
    pub fn values_written(&self) -> i64 {
        self.next_value - 1
    }

    fn apply<R: Request>(&mut self, request: R) -> Result<R::Reply, Refused> {
        let now = self.world.now();
        Ok(self.world.apply(now, request)?)
    }
}

fn fqdns(world: &World, instances: &[InstanceId]) -> Vec<String> {
    let fqdn = |id: &InstanceId| world.instance(*id).map(|found| found.server_name());
    instances
        .iter()
        .map(|id| fqdn(id).unwrap_or_default())
        .collect()
}

fn create<R: Request<Reply = InstanceId>>(world: &mut World, request: R) -> InstanceId {
    let made = world.apply(START, request);
    made.expect("the names of a plan are all different")
}

fn sql_server(n: u8, build: Build, several: bool) -> CreateSqlServer {
    let name = format!("sqlserver{}", n + 1);
    CreateSqlServer {
        server: SqlServer {
            build,
            edition: Edition::Developer,
            hadr_enabled: true,
            multi_database_links: several,
            address: Ipv4Addr::new(10, 0, 0, 4 + n),
            host_names: vec![format!("{name}.contoso.local")],
            loopback: None,
        },
        name: name.into(),
        collation: Collation::DEFAULT,
        sa_password: "x".into(),
    }
}

fn managed_instance(n: u8, update_policy: UpdatePolicy) -> CreateManagedInstance {
    CreateManagedInstance {
        name: format!("sqlmi{}", n + 1).into(),
        dns_zone: "0123456789ab".into(),
        update_policy,
        endpoint_certificate: facts(100 + n, 0),
        collation: Collation::DEFAULT,
        administrator: "miadmin".into(),
        password: "x".into(),
        properties: ManagedInstanceProperties::new(RESOURCE_GROUP.into(), REGION),
    }
}

/// The facts of some certificate: those of different owners, or made later, differ.
fn facts(owner: u8, made: u32) -> CertificateFacts {
    let mut thumbprint = [owner; 20];
    thumbprint[..4].copy_from_slice(&made.to_be_bytes());
    CertificateFacts {
        der: thumbprint.to_vec().into(),
        thumbprint,
        subject: format!("certificate {owner}.{made}"),
        issuer: format!("certificate {owner}.{made}"),
        serial: format!("{owner:02x}{made:02x}"),
        not_before: START - Span::minutes(60),
        not_after: START + Span::minutes(60 * 24 * 365 * 5),
        key_bits: 2048,
    }
}
