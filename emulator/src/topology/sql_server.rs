//! `[[sql_server]]`: a SQL Server and its databases.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use milink_core::World;
use milink_core::command::{CreateSqlServer, SetCluster};
use milink_core::database::RecoveryModel;
use milink_core::instance::SqlServer;
use milink_core::link::SetMultiDatabaseLinks;
use milink_core::names::Name;
use milink_core::version::{Build, Edition};
use serde::{Deserialize, Serialize};

use super::{apply, collation, create_databases};

/// A SQL Server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlServerSpec {
    /// `@@SERVERNAME`.
    pub name: String,
    /// `2016`, `2017`, `2019`, `2022`, `2022-rtm`, `2022-cu10`, `2022-cu27`, `2025`, `2025-cu9` or four numbers.
    #[serde(default = "default_version")]
    pub version: String,
    /// `enterprise`, `enterprise-core`, `developer`, `standard` or `express`.
    #[serde(default = "default_edition")]
    pub edition: String,
    /// Its address in the model's network; the first is 10.0.0.4, the next 10.0.0.5 and so on.
    pub address: Option<Ipv4Addr>,
    /// DNS names of the address; by default its name in `contoso.local`.
    pub host_names: Option<Vec<String>>,
    /// Whether Always On is enabled.
    #[serde(default = "yes")]
    pub hadr: bool,
    /// Whether its links have several databases each, as `sp_multidb_milink` decides, or one.
    #[serde(default)]
    pub multi_database_links: bool,
    /// The Windows cluster that it is a node of; without one, groups are of cluster type NONE or EXTERNAL.
    pub cluster: Option<String>,
    /// The server collation.
    pub collation: Option<String>,
    /// Databases, in full recovery and without a backup.
    #[serde(default)]
    pub databases: Vec<String>,
}

impl SqlServerSpec {
    /// A SQL Server 2022 of this name, without databases.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: default_version(),
            edition: default_edition(),
            address: None,
            host_names: None,
            hadr: true,
            multi_database_links: false,
            cluster: None,
            collation: None,
            databases: Vec::new(),
        }
    }
}

/// Makes the SQL Server; `number` says which it is in the file.
pub(super) fn provision(
    world: &mut World,
    spec: &SqlServerSpec,
    number: usize,
    sa_password: &str,
) -> anyhow::Result<()> {
    let build = Build::named(&spec.version)
        .ok_or_else(|| anyhow!("'{}' is no version of SQL Server", spec.version))?;
    let address = match spec.address {
        Some(address) => address,
        None => Ipv4Addr::from(
            u32::from(Ipv4Addr::new(10, 0, 0, 4)) + u32::try_from(number).unwrap_or(0),
        ),
    };
    if world.instances.values().any(|other| {
        other
            .as_sql_server()
            .is_some_and(|server| server.address == address)
    }) {
        bail!("the address {address} is another SQL Server's");
    }
    let host_names = spec
        .host_names
        .clone()
        .unwrap_or_else(|| vec![format!("{}.contoso.local", spec.name.to_lowercase())]);
    let instance = apply(
        world,
        CreateSqlServer {
            name: Name::new(&spec.name),
            server: SqlServer {
                build,
                edition: edition(&spec.edition)?,
                hadr_enabled: spec.hadr,
                multi_database_links: false,
                address,
                host_names,
                loopback: None,
            },
            collation: collation(spec.collation.as_deref())?,
            sa_password: Arc::from(sa_password),
        },
    )?;
    if spec.multi_database_links {
        let several = true;
        apply(world, SetMultiDatabaseLinks { instance, several })?;
    }
    if let Some(cluster) = &spec.cluster {
        let cluster = Some(Name::new(cluster));
        apply(world, SetCluster { instance, cluster })?;
    }
    create_databases(world, instance, &spec.databases, Some(RecoveryModel::Full))
}

fn edition(text: &str) -> anyhow::Result<Edition> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "enterprise" => Edition::Enterprise,
        "enterprise-core" => Edition::EnterpriseCore,
        "developer" => Edition::Developer,
        "standard" => Edition::Standard,
        "express" => Edition::Express,
        _ => bail!(
            "'{text}' is no edition: say enterprise, enterprise-core, developer, standard or express"
        ),
    })
}

fn default_version() -> String {
    "2022".to_owned()
}

fn default_edition() -> String {
    "developer".to_owned()
}

fn yes() -> bool {
    true
}
