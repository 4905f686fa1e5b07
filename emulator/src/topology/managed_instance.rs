//! `[[managed_instance]]`: a managed instance and its databases.

use anyhow::{Context as _, anyhow};
use milink_core::World;
use milink_core::azure::{InstanceSettings, ResourceKey, SubnetId, WriteManagedInstance};
use milink_core::encryption::SetNewDatabases;
use milink_core::names::Name;
use milink_core::version::UpdatePolicy;
use serde::{Deserialize, Serialize};

use super::{Topology, apply, create_databases};
use crate::keys::Keys;

/// The administrator of managed instances.
pub const MANAGED_INSTANCE_ADMINISTRATOR: &str = "miadmin";

/// A managed instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedInstanceSpec {
    /// Its short name.
    pub name: String,
    /// `SQLServer2022`, `SQLServer2025` or `AlwaysUpToDate`.
    #[serde(default = "default_policy")]
    pub update_policy: String,
    /// The server collation.
    pub collation: Option<String>,
    /// Its region, if it is another than the file's. It has a network there that is peered with the file's, and the DNS zone of the
    /// file's first instance, as a failover group needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Databases.
    #[serde(default)]
    pub databases: Vec<String>,
    /// Whether databases that are made on it are encrypted with the service-managed key, as Azure's are.
    #[serde(default)]
    pub encrypt_new_databases: bool,
}

impl ManagedInstanceSpec {
    /// A managed instance of this name with the policy SQLServer2022, without databases.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            update_policy: default_policy(),
            collation: None,
            region: None,
            databases: Vec::new(),
            encrypt_new_databases: false,
        }
    }

    pub(super) fn policy(&self) -> anyhow::Result<UpdatePolicy> {
        UpdatePolicy::named(&self.update_policy).ok_or_else(|| {
            anyhow!(
                "'{}' is no update policy: say SQLServer2022, SQLServer2025 or AlwaysUpToDate",
                self.update_policy
            )
        })
    }
}

impl Topology {
    /// Makes a managed instance of the file in the file's network.
    pub(super) fn provision_managed_instance(
        &self,
        world: &mut World,
        keys: &Keys,
        subnet: &SubnetId,
        spec: &ManagedInstanceSpec,
        password: &str,
    ) -> anyhow::Result<()> {
        let partner = self.managed_instances.first();
        let partner = partner.filter(|first| spec.region.is_some() && first.name != spec.name);
        let dns_zone_partner = partner.map(|first| ResourceKey {
            group: Name::new(&self.resource_group),
            name: Name::new(&first.name),
        });
        let zone = world.dns_zone_of_new(subnet, dns_zone_partner.as_ref());
        let zone = zone.map_err(|refusal| anyhow!("the world refuses it: {refusal}"))?;
        let fqdn = format!("{}.{zone}.database.windows.net", spec.name);
        let region = spec.region.as_ref().unwrap_or(&self.location);
        let settings = InstanceSettings {
            location: Some(region.clone()),
            dns_zone_partner,
            subnet_id: Some(subnet.to_arm_id(world.subscription)),
            administrator_login: Some(MANAGED_INSTANCE_ADMINISTRATOR.to_owned()),
            password: Some(password.into()),
            database_format: Some(spec.policy()?.text().to_owned()),
            collation: spec.collation.clone(),
            ..InstanceSettings::default()
        };
        apply(
            world,
            WriteManagedInstance {
                group: Name::new(&self.resource_group),
                name: Name::new(&spec.name),
                settings,
                endpoint_certificate: Some(keys.instance_certificate(&fqdn)),
            },
        )?;
        let instance = world
            .managed_instance(&spec.name)
            .map(|instance| instance.id)
            .context("it has not come up")?;
        let encrypted = spec.encrypt_new_databases;
        apply(
            world,
            SetNewDatabases {
                instance,
                encrypted,
            },
        )?;
        create_databases(world, instance, &spec.databases, None)
    }
}

fn default_policy() -> String {
    "SQLServer2022".to_owned()
}
