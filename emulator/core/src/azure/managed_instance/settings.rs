//! What a request says about a managed instance, and which words and numbers the service takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::ManagedInstanceProperties;
use crate::azure::{EntraAdministrator, ResourceKey, SubnetId, Tags};
use crate::refusal::{AzureRefusal, InstanceRefusal};
use crate::version::UpdatePolicy;

/// What a PUT or PATCH says of a managed instance; what is not said stays, or takes its default.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct InstanceSettings {
    pub location: Option<String>,
    pub tags: Option<Tags>,
    pub sku_name: Option<String>,
    pub v_cores: Option<i64>,
    pub storage_gb: Option<i64>,
    /// The subnet's ARM id, as written.
    pub subnet_id: Option<String>,
    pub administrator_login: Option<String>,
    pub password: Option<Arc<str>>,
    pub license_type: Option<String>,
    pub collation: Option<String>,
    pub timezone: Option<String>,
    pub public_data_endpoint: Option<bool>,
    pub proxy_override: Option<String>,
    pub minimal_tls_version: Option<String>,
    pub zone_redundant: Option<bool>,
    pub next_gen: Option<bool>,
    pub backup_redundancy: Option<String>,
    pub maintenance_configuration: Option<String>,
    pub database_format: Option<String>,
    pub hybrid_secondary_usage: Option<String>,
    pub pricing_model: Option<String>,
    /// The type of its identity, and the ids of user-assigned ones.
    pub identity: Option<(String, Vec<String>)>,
    pub administrator: Option<EntraAdministrator>,
    /// `dnsZonePartner`: the instance whose DNS zone it is to have.
    pub dns_zone_partner: Option<ResourceKey>,
}

/// Hardware and tier of a managed instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sku {
    /// Such as `GP_Gen5`.
    pub name: &'static str,
    /// Such as `GeneralPurpose`.
    pub tier: &'static str,
    /// Such as `Gen5`.
    pub family: &'static str,
}

/// A managed identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Which kind.
    pub kind: IdentityType,
    /// The object id of the system-assigned one.
    pub principal_id: Uuid,
    /// User-assigned ones: their ARM ids, with principal and client ids.
    pub user_assigned: BTreeMap<String, (Uuid, Uuid)>,
}

/// Kinds of managed identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum IdentityType {
    SystemAssigned,
    UserAssigned,
    Both,
}

impl Sku {
    /// General Purpose on standard hardware: the default.
    pub const GP_GEN5: Self = Self::new("GP_Gen5", "GeneralPurpose", "Gen5");
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::GP_GEN5,
        Self::new("GP_G8IM", "GeneralPurpose", "Gen8IM"),
        Self::new("GP_G8IH", "GeneralPurpose", "Gen8IH"),
        Self::new("BC_Gen5", "BusinessCritical", "Gen5"),
        Self::new("BC_G8IM", "BusinessCritical", "Gen8IM"),
        Self::new("BC_G8IH", "BusinessCritical", "Gen8IH"),
    ];
    /// The numbers of virtual cores that there are.
    pub const V_CORES: [i64; 8] = [4, 8, 16, 24, 32, 40, 64, 80];

    const fn new(name: &'static str, tier: &'static str, family: &'static str) -> Self {
        Self { name, tier, family }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|sku| sku.name.eq_ignore_ascii_case(name))
    }
}

impl IdentityType {
    /// ARM's word.
    pub const fn text(self) -> &'static str {
        match self {
            Self::SystemAssigned => "SystemAssigned",
            Self::UserAssigned => "UserAssigned",
            Self::Both => "SystemAssigned,UserAssigned",
        }
    }

    fn named(text: &str) -> Option<Self> {
        let text: String = text.split_whitespace().collect();
        [Self::SystemAssigned, Self::UserAssigned, Self::Both]
            .into_iter()
            .find(|kind| kind.text().eq_ignore_ascii_case(&text))
    }
}

impl InstanceSettings {
    /// Puts everything that can be changed later into `properties`. `guid` makes ids of identities.
    pub(super) fn put_into(
        &self,
        properties: &mut ManagedInstanceProperties,
        mut guid: impl FnMut() -> Uuid,
    ) -> Result<(), AzureRefusal> {
        if let Some(tags) = &self.tags {
            properties.tags.clone_from(tags);
        }
        if let Some(name) = &self.sku_name {
            properties.sku = Sku::named(name)
                .ok_or_else(|| InstanceRefusal::InvalidSku { sku: name.clone() })?;
        }
        if let Some(cores) = self.v_cores {
            if !Sku::V_CORES.contains(&cores) {
                return Err(invalid("vCores", cores));
            }
            properties.v_cores = cores;
        }
        if let Some(storage) = self.storage_gb {
            if !(32..=16_384).contains(&storage) || storage % 32 != 0 {
                return Err(InstanceRefusal::InvalidStorageSize { gigabytes: storage }.into());
            }
            properties.storage_gb = storage;
        }
        if let Some(license) = &self.license_type {
            let word = ["LicenseIncluded", "BasePrice"]
                .into_iter()
                .find(|word| word.eq_ignore_ascii_case(license));
            let word = word.ok_or_else(|| InstanceRefusal::InvalidLicenseType {
                license: license.clone(),
            })?;
            word.clone_into(&mut properties.license_type);
        }
        set_bool(
            &mut properties.public_data_endpoint,
            self.public_data_endpoint,
        );
        set_bool(&mut properties.zone_redundant, self.zone_redundant);
        match self.next_gen {
            // Only General Purpose has a next generation; that there is no way back is a guess.
            Some(true) if properties.sku.tier != "GeneralPurpose" => {
                return Err(invalid("isGeneralPurposeV2", true));
            }
            Some(false) if properties.next_gen => {
                return Err(invalid("isGeneralPurposeV2", false));
            }
            next_gen => set_bool(&mut properties.next_gen, next_gen),
        }
        set(
            &mut properties.proxy_override,
            "proxyOverride",
            &self.proxy_override,
            &["Proxy", "Redirect", "Default"],
        )?;
        set(
            &mut properties.minimal_tls_version,
            "minimalTlsVersion",
            &self.minimal_tls_version,
            &["None", "1.0", "1.1", "1.2", "1.3"],
        )?;
        set(
            &mut properties.backup_redundancy,
            "requestedBackupStorageRedundancy",
            &self.backup_redundancy,
            &["Geo", "Local", "Zone", "GeoZone"],
        )?;
        set(
            &mut properties.hybrid_secondary_usage,
            "hybridSecondaryUsage",
            &self.hybrid_secondary_usage,
            &["Active", "Passive"],
        )?;
        set(
            &mut properties.pricing_model,
            "pricingModel",
            &self.pricing_model,
            &["Regular", "Freemium"],
        )?;
        if let Some(id) = &self.maintenance_configuration {
            properties.maintenance_configuration = Some(id.clone());
        }
        if let Some((kind, user_assigned)) = &self.identity {
            properties.identity = if kind.eq_ignore_ascii_case("None") {
                None
            } else {
                let kind =
                    IdentityType::named(kind).ok_or_else(|| invalid("identity.type", kind))?;
                let old = properties
                    .identity
                    .as_ref()
                    .map(|identity| identity.principal_id);
                let ids = user_assigned
                    .iter()
                    .map(|id| (id.clone(), (guid(), guid())));
                let user_assigned = ids.collect();
                let principal_id = old.unwrap_or_else(&mut guid);
                Some(Identity {
                    kind,
                    principal_id,
                    user_assigned,
                })
            };
        }
        if let Some(administrator) = &self.administrator {
            administrator.check()?;
            properties.administrator = Some(administrator.clone());
        }
        Ok(())
    }

    /// `databaseFormat`, if it is said.
    pub(super) fn policy(&self) -> Result<Option<UpdatePolicy>, AzureRefusal> {
        let Some(text) = &self.database_format else {
            return Ok(None);
        };
        let policy = UpdatePolicy::named(text).ok_or_else(|| invalid("databaseFormat", text))?;
        Ok(Some(policy))
    }

    /// The subnet, if one is said: it must be one of this subscription.
    pub(super) fn subnet(&self, subscription: Uuid) -> Result<Option<SubnetId>, AzureRefusal> {
        let Some(id) = &self.subnet_id else {
            return Ok(None);
        };
        let (of, subnet) = SubnetId::parse(id)
            .ok_or_else(|| InstanceRefusal::InvalidSubnetId { id: id.clone() })?;
        if !of.eq_ignore_ascii_case(&subscription.to_string()) {
            return Err(InstanceRefusal::SubnetOfOtherSubscription.into());
        }
        Ok(Some(subnet))
    }

    /// The password, if one is said: 16 to 128 characters, of three classes, without the login name.
    pub(super) fn check_password(&self, login: &str) -> Result<(), AzureRefusal> {
        let Some(password) = &self.password else {
            return Ok(());
        };
        let length = password.encode_utf16().count();
        if length < 16 {
            return Err(InstanceRefusal::PasswordTooShort.into());
        }
        if length > 128 {
            return Err(InstanceRefusal::PasswordTooLong.into());
        }
        let classes: [fn(char) -> bool; 4] = [
            char::is_lowercase,
            char::is_uppercase,
            char::is_numeric,
            |c| !c.is_alphanumeric(),
        ];
        let found = classes.iter().filter(|class| password.chars().any(class));
        let names_login =
            !login.is_empty() && password.to_lowercase().contains(&login.to_lowercase());
        if found.count() < 3 || names_login {
            return Err(InstanceRefusal::PasswordNotComplex.into());
        }
        Ok(())
    }
}

fn set(
    target: &mut String,
    parameter: &str,
    value: &Option<String>,
    words: &[&str],
) -> Result<(), AzureRefusal> {
    if let Some(value) = value {
        let word = words.iter().find(|word| word.eq_ignore_ascii_case(value));
        let word = word.ok_or_else(|| invalid(parameter, value))?;
        (*word).clone_into(target);
    }
    Ok(())
}

fn set_bool(target: &mut bool, value: Option<bool>) {
    if let Some(value) = value {
        *target = value;
    }
}

pub(super) fn invalid(parameter: &str, value: impl ToString) -> AzureRefusal {
    AzureRefusal::InvalidParameter {
        parameter: parameter.to_owned(),
        value: value.to_string(),
    }
}
