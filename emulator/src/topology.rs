//! What a world starts with: SQL Servers, managed instances and their surroundings, as a file says or by default.

mod dial;
mod managed_instance;
mod principal;
mod sql_server;
mod transitions;

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use milink_core::azure::fabric::{Peering, WritePeering};
use milink_core::azure::{
    AddressPrefix, ResourceKey, SubnetId, SubnetSettings, WriteResourceGroup, WriteVirtualNetwork,
};
use milink_core::collation::Collation;
use milink_core::command::{AlterDatabase, CreateDatabase, DatabaseChange, Request};
use milink_core::database::RecoveryModel;
use milink_core::durations::{Durations, Profile};
use milink_core::ids::InstanceId;
use milink_core::names::Name;
use milink_core::time::Timestamp;
use milink_core::{Refusal, World};
use serde::{Deserialize, Serialize};

use crate::keys::Keys;

pub use dial::{DialSpec, NameCheckSpec};
pub use managed_instance::{MANAGED_INSTANCE_ADMINISTRATOR, ManagedInstanceSpec};
pub use principal::PrincipalSpec;
pub use sql_server::SqlServerSpec;

/// The contents of a topology file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// The resource group of everything in Azure.
    #[serde(default = "default_group")]
    pub resource_group: String,
    /// The region of everything in Azure.
    #[serde(default = "default_location")]
    pub location: String,
    /// The virtual network of the managed instances.
    #[serde(default)]
    pub network: Network,
    /// SQL Servers.
    #[serde(default, rename = "sql_server")]
    pub sql_servers: Vec<SqlServerSpec>,
    /// Service principals besides the one that owns everything.
    #[serde(default, rename = "principal")]
    pub principals: Vec<PrincipalSpec>,
    /// Managed instances.
    #[serde(default, rename = "managed_instance")]
    pub managed_instances: Vec<ManagedInstanceSpec>,
    /// Ports that stand for places of the model's network.
    #[serde(default)]
    pub dial: Vec<DialSpec>,
    /// How long things take, unless whoever makes the world says it.
    #[serde(default, deserialize_with = "transitions::read", skip_serializing)]
    pub transitions: Option<Durations>,
}

/// A virtual network with one subnet for managed instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct Network {
    pub name: String,
    pub prefix: String,
    pub subnet: String,
    pub subnet_prefix: String,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            name: "milink-vnet".to_owned(),
            prefix: "10.1.0.0/16".to_owned(),
            subnet: "ManagedInstance".to_owned(),
            subnet_prefix: "10.1.0.0/24".to_owned(),
        }
    }
}

impl Default for Topology {
    /// One SQL Server with a database, and one managed instance.
    fn default() -> Self {
        Self {
            sql_servers: vec![SqlServerSpec {
                databases: vec!["db1".to_owned()],
                ..SqlServerSpec::named("sqlserver1")
            }],
            principals: Vec::new(),
            managed_instances: vec![ManagedInstanceSpec::named("sqlmi1")],
            ..Self::empty()
        }
    }
}

impl Topology {
    /// Nothing at all.
    pub fn empty() -> Self {
        Self {
            resource_group: default_group(),
            location: default_location(),
            network: Network::default(),
            sql_servers: Vec::new(),
            principals: Vec::new(),
            managed_instances: Vec::new(),
            dial: Vec::new(),
            transitions: None,
        }
    }

    /// Reads a topology file's text and checks its words.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let topology: Self = toml::from_str(text)?;
        // A trial world says what the model would refuse, before anything is started.
        let mut world = World::new(1, uuid::Uuid::nil(), Timestamp::default());
        topology.provision_sql_servers(&mut world, "Trial-password-1")?;
        principal::provision(&topology.principals, &mut world)?;
        for spec in &topology.managed_instances {
            spec.policy()?;
            collation(spec.collation.as_deref())?;
        }
        Ok(topology)
    }

    /// Makes everything in the world, at once, whatever the world's durations are.
    ///
    /// # Errors
    ///
    /// What the world refuses.
    pub fn provision(
        &self,
        world: &mut World,
        keys: &Keys,
        sa_password: &str,
        administrator_password: &str,
    ) -> anyhow::Result<()> {
        let durations = std::mem::replace(&mut world.durations, Durations::of(Profile::Instant));
        let made = self
            .provision_sql_servers(world, sa_password)
            .and_then(|()| self.provision_azure(world, keys, administrator_password))
            .and_then(|()| principal::provision(&self.principals, world));
        world.durations = durations;
        made
    }

    fn provision_sql_servers(&self, world: &mut World, sa_password: &str) -> anyhow::Result<()> {
        for (number, spec) in self.sql_servers.iter().enumerate() {
            sql_server::provision(world, spec, number, sa_password)
                .with_context(|| format!("SQL Server '{}'", spec.name))?;
        }
        Ok(())
    }

    fn provision_azure(
        &self,
        world: &mut World,
        keys: &Keys,
        password: &str,
    ) -> anyhow::Result<()> {
        if self.managed_instances.is_empty() {
            return Ok(());
        }
        let home = self
            .provision_network(world, &self.location, &self.network)
            .context("the virtual network")?;
        let mut regions = BTreeMap::from([(self.location.as_str(), home)]);
        for spec in &self.managed_instances {
            let region = spec.region.as_deref().unwrap_or(&self.location);
            let subnet = match regions.get(region) {
                Some(subnet) => subnet.clone(),
                None => self
                    .provision_region(world, region, regions.len())
                    .with_context(|| format!("the virtual network in {region}"))?,
            };
            regions.insert(region, subnet.clone());
            self.provision_managed_instance(world, keys, &subnet, spec, password)
                .with_context(|| format!("managed instance '{}'", spec.name))?;
        }
        Ok(())
    }

    /// The network of another region, which hears the file's own and is heard there.
    fn provision_region(
        &self,
        world: &mut World,
        region: &str,
        number: usize,
    ) -> anyhow::Result<SubnetId> {
        let network = Network {
            name: format!("{}-{region}", self.network.name),
            // Next to the default one, 10.1.0.0/16.
            prefix: format!("10.{}.0.0/16", number + 1),
            subnet: self.network.subnet.clone(),
            subnet_prefix: format!("10.{}.0.0/24", number + 1),
        };
        let subnet = self.provision_network(world, region, &network)?;
        let key = |name: &str| ResourceKey {
            group: Name::new(&self.resource_group),
            name: Name::new(name),
        };
        for (near, far) in [
            (&self.network.name, &network.name),
            (&network.name, &self.network.name),
        ] {
            let peering = Peering {
                name: Name::new(&format!("to-{far}")),
                remote: key(far),
                allow_access: true,
                allow_forwarded: false,
                allow_gateway_transit: false,
                use_remote_gateways: false,
                was_connected: false,
            };
            let network = key(near);
            apply(world, WritePeering { network, peering })?;
        }
        Ok(subnet)
    }

    fn provision_network(
        &self,
        world: &mut World,
        location: &str,
        wanted: &Network,
    ) -> anyhow::Result<SubnetId> {
        let group = Name::new(&self.resource_group);
        apply(
            world,
            WriteResourceGroup {
                name: group.clone(),
                location: self.location.clone(),
                tags: Default::default(),
            },
        )?;
        let network = Name::new(&wanted.name);
        let subnet = Name::new(&wanted.subnet);
        let prefix = AddressPrefix::parse(&wanted.subnet_prefix)
            .ok_or_else(|| anyhow!("'{}' is no prefix", wanted.subnet_prefix))?;
        let settings = SubnetSettings::new(prefix).delegated_to_managed_instances();
        apply(
            world,
            WriteVirtualNetwork {
                key: ResourceKey {
                    group: group.clone(),
                    name: network.clone(),
                },
                location: location.to_owned(),
                tags: Default::default(),
                prefixes: vec![wanted.prefix.clone()],
                dns_servers: Vec::new(),
                subnets: Some(vec![(subnet.clone(), settings)]),
            },
        )?;
        Ok(SubnetId {
            group,
            network,
            subnet,
        })
    }
}

fn create_databases(
    world: &mut World,
    instance: InstanceId,
    databases: &[String],
    recovery: Option<RecoveryModel>,
) -> anyhow::Result<()> {
    for name in databases {
        let name = Name::new(name);
        apply(
            world,
            CreateDatabase {
                instance,
                name: name.clone(),
                collation: None,
            },
        )
        .with_context(|| format!("database '{name}'"))?;
        if let Some(recovery) = recovery {
            apply(
                world,
                AlterDatabase {
                    instance,
                    name,
                    changes: vec![DatabaseChange::Recovery(recovery)],
                },
            )?;
        }
    }
    Ok(())
}

/// Applies a request and lets what it starts end, since nothing takes time here.
fn apply<R: Request>(world: &mut World, request: R) -> anyhow::Result<R::Reply> {
    let now = world.now();
    let reply = world
        .apply(now, request)
        .map_err(|refusal: Refusal| anyhow!("the world refuses it: {refusal}"))?;
    world.advance_to(now);
    Ok(reply)
}

fn collation(name: Option<&str>) -> anyhow::Result<Collation> {
    match name {
        None => Ok(Collation::DEFAULT),
        Some(name) => {
            Collation::named(name).ok_or_else(|| anyhow!("'{name}' is no collation known here"))
        }
    }
}

fn default_group() -> String {
    "milink-rg".to_owned()
}

fn default_location() -> String {
    "westeurope".to_owned()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use milink_core::version::{Build, UpdatePolicy};

    use super::*;

    #[test]
    fn a_file_says_only_what_differs() {
        let topology = Topology::parse(
            r#"
            location = "northeurope"
            [[sql_server]]
            name = "one"
            databases = ["a", "b"]
            [[sql_server]]
            name = "two"
            version = "2019"
            [[sql_server]]
            name = "three"
            version = "2025-cu9"
            multi_database_links = true
            [[managed_instance]]
            name = "mi"
            update_policy = "AlwaysUpToDate"
            "#,
        )
        .unwrap();
        let keys = Keys::in_memory().unwrap();
        let mut world = World::new(1, uuid::Uuid::nil(), Timestamp::default());
        topology
            .provision(&mut world, &keys, "Password-12345678", "Password-12345678")
            .unwrap();
        let two = world.sql_server("two").unwrap().as_sql_server().unwrap();
        assert_eq!(two.address, Ipv4Addr::new(10, 0, 0, 5));
        assert_eq!(two.build, Build::SQL_2019);
        assert!(world.sql_server("one").unwrap().database("B").is_some());
        let several = |name: &str| {
            let server = world.sql_server(name).unwrap().as_sql_server().unwrap();
            server.multi_database_links
        };
        assert_eq!((several("one"), several("three")), (false, true));
        let instance = world.managed_instance("mi").unwrap();
        let mi = instance.as_managed_instance().unwrap();
        assert_eq!(mi.update_policy, UpdatePolicy::AlwaysUpToDate);
        assert_eq!(mi.endpoint_certificate.subject, instance.server_name());
    }

    #[test]
    fn what_is_wrong_in_a_file_is_named() {
        let cases = [
            ("nonsense = 1", "nonsense"),
            ("[[sql_server]]\nname = 'a'\nversion = '2008'", "2008"),
            ("[[sql_server]]\nname = 'a'\nedition = 'web'", "web"),
            (
                "[[sql_server]]\nname = 'a'\ncollation = 'klingon'",
                "klingon",
            ),
            (
                "[[sql_server]]\nname = 'a'\n[[sql_server]]\nname = 'A'",
                "'A'",
            ),
            (
                "[[sql_server]]\nname = 'a'\n[[sql_server]]\nname = 'b'\naddress = '10.0.0.4'",
                "10.0.0.4",
            ),
            (
                "[[sql_server]]\nname = 'a'\nmulti_database_links = 'yes'",
                "multi_database_links",
            ),
            (
                "[[sql_server]]\nname = 'a'\nversion = '2019'\nmulti_database_links = true",
                "Multiple-database link mode",
            ),
            (
                "[[sql_server]]\nname = 'a'\nmulti_database_link = true",
                "multi_database_link",
            ),
            (
                "[[managed_instance]]\nname = 'a'\nupdate_policy = 'never'",
                "never",
            ),
            (
                "[[managed_instance]]\nupdate_policy = 'AlwaysUpToDate'",
                "name",
            ),
        ];
        for (text, named) in cases {
            let error = format!("{:#}", Topology::parse(text).unwrap_err());
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn hostile_files_are_read_or_refused() {
        let whole = r#"
            resource_group = "rg"
            location = "northeurope"
            [network]
            name = "vnet"
            prefix = "10.1.0.0/16"
            subnet = "mi"
            subnet_prefix = "10.1.0.0/24"
            [[sql_server]]
            name = "one"
            version = "16.0.4120.1"
            edition = "standard"
            address = "10.0.0.9"
            host_names = ["one.contoso.local"]
            hadr = false
            multi_database_links = true
            cluster = "wsfc"
            collation = "Latin1_General_100_CI_AS_SC_UTF8"
            databases = ["a", "b"]
            [[managed_instance]]
            name = "mi"
            update_policy = "AlwaysUpToDate"
            databases = ["c"]
            [[principal]]
            name = "reader"
            secret = "s"
            role = "Reader"
            [[dial]]
            from = "internet"
            host = "mi.database.windows.net"
            port = 3342
            name_check = "strict"
            keep_alive_seconds = 30
            [transitions]
            link-connect = "uniform(1s..90s)"
        "#;
        let words = [
            "[[sql_server]]",
            "[[managed_instance]]",
            "[network]",
            "name = \"\"",
            "databases",
            "-1",
            "1e400",
            "nan",
            "\"\"\"",
            "{ a = 1 }",
            "[]",
            "2020-01-01",
            "0.0.0.0",
            "255.255.255.255",
            "10.0.0.0/0",
            "true",
            "exponential(0s)",
            "uniform(9s..1s)",
            "polls(4294967295)",
            "99999999h",
        ];
        milink_hostile::text(
            "topology",
            300,
            proptest::strategy::Just(whole.to_owned()),
            &words,
            |text| {
                if let Err(error) = Topology::parse(text) {
                    assert!(!format!("{error:#}").is_empty());
                }
            },
        );
    }
}
