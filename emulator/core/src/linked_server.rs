//! Linked servers: what an instance calls another data source, how it gets there and as whom. Kept only: statements on them
//! are run by whoever speaks SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::command::Request;
use crate::ids::InstanceId;
use crate::names::Name;
use crate::refusal::{LinkedServerRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::World;

/// A linked server, as `sys.servers` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedServer {
    /// `server_id`; 0 is the instance itself.
    pub id: i32,
    /// Its name.
    pub name: Name,
    /// `@srvproduct`.
    pub product: String,
    /// `@provider`.
    pub provider: String,
    /// `@datasrc`: `host`, `host,port`, `tcp:host,port`.
    pub data_source: String,
    /// `@location`.
    pub location: Option<String>,
    /// `@provstr`.
    pub provider_string: Option<String>,
    /// `@catalog`: the database that its sessions start in.
    pub catalog: Option<String>,
    /// What `sp_serveroption` sets.
    pub options: ServerOptions,
    /// When it last changed.
    pub modified: Timestamp,
    /// Who logs in as whom, by local login; none is everybody who has no mapping of their own.
    pub logins: BTreeMap<Option<Name>, LinkedLogin>,
}

/// The options of a linked server, with the defaults of `sp_addlinkedserver`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// `rpc`: calls from there.
    pub rpc: bool,
    /// `rpc out`: calls to there.
    pub rpc_out: bool,
    /// `data access`: distributed queries.
    pub data_access: bool,
    /// `collation compatible`.
    pub collation_compatible: bool,
    /// `use remote collation`.
    pub use_remote_collation: bool,
    /// `collation name`.
    pub collation_name: Option<String>,
    /// `connect timeout`, in seconds; 0 is the default.
    pub connect_timeout: i64,
    /// `query timeout`, in seconds; 0 is the default.
    pub query_timeout: i64,
    /// `lazy schema validation`.
    pub lazy_schema_validation: bool,
    /// `remote proc transaction promotion`: a call from within a transaction makes it a distributed one.
    pub promotes_calls: bool,
    /// `dist`, `pub`, `sub`: roles in replication, which are kept only.
    pub distributor: bool,
    #[expect(missing_docs, reason = "see above")]
    pub publisher: bool,
    #[expect(missing_docs, reason = "see above")]
    pub subscriber: bool,
}

/// Who a login is on a linked server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedLogin {
    /// As which login; none is the local one with its own password (`@useself`).
    pub remote: Option<(Name, Arc<str>)>,
    /// When it last changed.
    pub modified: Timestamp,
}

/// `sp_addlinkedserver`. The id, the time and the logins in it are replaced.
#[derive(Clone, Debug)]
pub struct AddLinkedServer {
    /// The instance.
    pub instance: InstanceId,
    /// What it is.
    pub server: LinkedServer,
}

/// `sp_serveroption` and `sp_setnetname`: all of what can be changed, at once.
#[derive(Clone, Debug)]
pub struct ChangeLinkedServer {
    /// The instance.
    pub instance: InstanceId,
    /// The linked server.
    pub name: Name,
    /// Its options from now on.
    pub options: ServerOptions,
}

/// `sp_dropserver`.
#[derive(Clone, Debug)]
pub struct DropLinkedServer {
    /// The instance.
    pub instance: InstanceId,
    /// The linked server.
    pub name: Name,
    /// `droplogins`: with the mappings of single logins.
    pub logins: bool,
}

/// `sp_addlinkedsrvlogin`, and `sp_droplinkedsrvlogin` if there is no login any longer.
#[derive(Clone, Debug)]
pub struct MapLinkedLogin {
    /// The instance.
    pub instance: InstanceId,
    /// The linked server.
    pub name: Name,
    /// The local login; none is everybody else.
    pub local: Option<Name>,
    /// As whom; none takes the mapping away.
    pub login: Option<LinkedLogin>,
}

/// How many linked servers an instance keeps: a bound, not a documented limit.
const MOST: usize = 1_000;

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            rpc: false,
            rpc_out: false,
            data_access: true,
            collation_compatible: false,
            use_remote_collation: true,
            collation_name: None,
            connect_timeout: 0,
            query_timeout: 0,
            lazy_schema_validation: false,
            promotes_calls: true,
            distributor: false,
            publisher: false,
            subscriber: false,
        }
    }
}

impl LinkedServer {
    /// A SQL Server or managed instance at a data source, as `sp_addlinkedserver` makes it.
    pub fn new(name: Name, data_source: String) -> Self {
        Self {
            id: 0,
            name,
            product: "SQL Server".to_owned(),
            provider: "SQLNCLI".to_owned(),
            data_source,
            location: None,
            provider_string: None,
            catalog: None,
            options: ServerOptions::default(),
            modified: Timestamp::default(),
            logins: BTreeMap::new(),
        }
    }

    /// The host and port that the data source names.
    pub fn address(&self) -> (&str, u16) {
        let source = self.data_source.trim();
        let source = source.strip_prefix("tcp:").unwrap_or(source).trim();
        let (host, port) = match source.split_once(',') {
            Some((host, port)) => (host.trim(), port.trim().parse().ok()),
            None => (source, None),
        };
        let host = host.split_once('\\').map_or(host, |(host, _)| host);
        (host, port.unwrap_or(1433))
    }

    /// As whom a login goes there; none if it may not.
    pub fn login_for(&self, local: &Name) -> Option<&LinkedLogin> {
        let own = self.logins.get(&Some(local.clone()));
        own.or_else(|| self.logins.get(&None))
    }
}

impl Request for AddLinkedServer {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        let name = self.server.name.clone();
        if instance.linked_servers.contains_key(&name) || name.is(&instance.server_name()) {
            return Err(LinkedServerRefusal::Exists {
                name: name.to_string(),
            }
            .into());
        }
        if instance.linked_servers.len() >= MOST {
            return Err(LinkedServerRefusal::TooMany { most: MOST }.into());
        }
        let taken = instance.linked_servers.values().map(|server| server.id);
        let id = taken.max().unwrap_or(0) + 1;
        // A default mapping of every login to itself comes with it (documented).
        let itself = LinkedLogin {
            remote: None,
            modified: now,
        };
        let server = LinkedServer {
            id,
            modified: now,
            logins: BTreeMap::from([(None, itself)]),
            ..self.server
        };
        instance.linked_servers.insert(name, Arc::new(server));
        Ok(())
    }
}

impl Request for ChangeLinkedServer {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let server = find(world, self.instance, &self.name)?;
        server.options = self.options;
        server.modified = now;
        Ok(())
    }
}

impl Request for DropLinkedServer {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let server = find(world, self.instance, &self.name)?;
        if !self.logins && server.logins.keys().any(Option::is_some) {
            return Err(LinkedServerRefusal::HasLogins {
                name: self.name.to_string(),
            }
            .into());
        }
        let instance = world.instance_mut(self.instance);
        instance.linked_servers.remove(&self.name);
        Ok(())
    }
}

impl Request for MapLinkedLogin {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        find(world, self.instance, &self.name)?;
        if let Some(local) = &self.local {
            let instance = world.instance_mut(self.instance);
            if instance.login(local.as_str()).is_none() {
                return Err(LinkedServerRefusal::NoLogin {
                    name: local.to_string(),
                }
                .into());
            }
        }
        let server = find(world, self.instance, &self.name)?;
        match self.login {
            Some(login) => {
                let login = LinkedLogin {
                    modified: now,
                    ..login
                };
                server.logins.insert(self.local, login);
            }
            None if server.logins.remove(&self.local).is_none() => {
                let login = self
                    .local
                    .map_or_else(String::new, |local| local.to_string());
                return Err(LinkedServerRefusal::NoMapping {
                    login,
                    name: self.name.to_string(),
                }
                .into());
            }
            None => {}
        }
        Ok(())
    }
}

fn find<'w>(
    world: &'w mut World,
    instance: InstanceId,
    name: &Name,
) -> Result<&'w mut LinkedServer, Refusal> {
    let found = world.instance_mut(instance).linked_servers.get_mut(name);
    found.map(Arc::make_mut).ok_or_else(|| {
        LinkedServerRefusal::NotFound {
            name: name.to_string(),
        }
        .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sources_name_hosts_and_ports() {
        for (source, host, port) in [
            (
                "mi.zone.database.windows.net",
                "mi.zone.database.windows.net",
                1433,
            ),
            ("tcp:mi.zone, 3342", "mi.zone", 3342),
            ("sql1\\SQLEXPRESS,1500", "sql1", 1500),
            (" sql1 ", "sql1", 1433),
            ("sql1,x", "sql1", 1433),
        ] {
            let server = LinkedServer::new("l".into(), source.to_owned());
            assert_eq!(server.address(), (host, port), "{source}");
        }
    }
}
