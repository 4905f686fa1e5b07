//! Who is examined: a SQL Server, a managed instance, a database, and the link between them if there is one.

use crate::database::Database;
use crate::instance::{Instance, ManagedInstance, SqlServer};
use crate::link::{Link, LinkRole, Phase};
use crate::names::Name;
use crate::world::World;

/// Whom to examine; what is not said is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The SQL Server.
    pub server: Option<String>,
    /// The managed instance, by its short name.
    pub instance: Option<String>,
    /// The database.
    pub database: Option<String>,
}

/// Who is examined. Any of them can be missing: that is a finding too.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The world.
    pub world: &'a World,
    /// The SQL Server.
    pub server: Option<&'a Instance>,
    /// The managed instance.
    pub instance: Option<&'a Instance>,
    /// The database.
    pub database: Option<Name>,
    /// The link.
    pub link: Option<&'a Link>,
}

/// How many links that could be are examined at most: every SQL Server with every instance and database.
const MOST: usize = 100;

/// The subjects of a wish.
pub(crate) fn subjects<'a>(world: &'a World, wish: &Wish) -> Result<Vec<Subject<'a>>, String> {
    let server = match &wish.server {
        None => None,
        Some(name) => Some(
            world
                .sql_server(name)
                .ok_or_else(|| format!("there is no SQL Server '{name}'"))?,
        ),
    };
    let instance = match &wish.instance {
        None => None,
        Some(name) => Some(
            world
                .managed_instance(name)
                .ok_or_else(|| format!("there is no managed instance '{name}'"))?,
        ),
    };
    let of_links: Vec<Subject<'a>> = world
        .links
        .values()
        .map(|link| Subject::of_link(world, link))
        .filter(|subject| {
            let is = |wanted: Option<&Instance>, found: Option<&Instance>| {
                wanted.is_none_or(|wanted| found.is_some_and(|found| found.id == wanted.id))
            };
            is(server.map(AsRef::as_ref), subject.server)
                && is(instance.map(AsRef::as_ref), subject.instance)
                && wish.database.as_ref().is_none_or(|wanted| {
                    subject
                        .database
                        .as_ref()
                        .is_some_and(|name| name.is(wanted))
                })
        })
        .collect();
    if !of_links.is_empty() {
        return Ok(of_links);
    }
    let of_kind = |managed, chosen: Option<&'a std::sync::Arc<Instance>>| -> Vec<&'a Instance> {
        match chosen {
            Some(chosen) => vec![chosen],
            None => world
                .instances
                .values()
                .map(AsRef::as_ref)
                .filter(|found: &&Instance| found.is_managed_instance() == managed)
                .collect(),
        }
    };
    let servers = or_none(of_kind(false, server));
    let instances = or_none(of_kind(true, instance));
    let mut subjects = Vec::new();
    for server in &servers {
        for instance in &instances {
            for database in databases(*server, *instance, wish) {
                subjects.push(Subject {
                    world,
                    server: *server,
                    instance: *instance,
                    database,
                    link: None,
                });
            }
        }
    }
    subjects.truncate(MOST);
    Ok(subjects)
}

fn or_none<T>(found: Vec<T>) -> Vec<Option<T>> {
    match found.is_empty() {
        true => vec![None],
        false => found.into_iter().map(Some).collect(),
    }
}

/// The wished database, else the user databases of SQL Server, else those of the instance.
fn databases(
    server: Option<&Instance>,
    instance: Option<&Instance>,
    wish: &Wish,
) -> Vec<Option<Name>> {
    if let Some(wished) = &wish.database {
        return vec![Some(Name::new(wished))];
    }
    let of = |instance: Option<&Instance>| -> Vec<Name> {
        let databases = instance
            .into_iter()
            .flat_map(|found| found.databases.values());
        let user = databases.filter(|database| !database.is_system());
        user.map(|database| database.name.clone()).collect()
    };
    let found = of(server);
    or_none(match found.is_empty() {
        true => of(instance),
        false => found,
    })
}

impl<'a> Subject<'a> {
    /// The sides of a link.
    pub(crate) fn of_link(world: &'a World, link: &'a Link) -> Self {
        let partner = link.partner.or_else(|| crate::link::addressed(world, link));
        Self {
            world,
            server: partner
                .and_then(|partner| world.instance(partner))
                .map(AsRef::as_ref),
            instance: world.instance(link.id.instance).map(AsRef::as_ref),
            database: Some(link.spec.database.clone()),
            link: Some(link),
        }
    }

    pub(super) fn sql_server(&self) -> Option<(&'a Instance, &'a SqlServer)> {
        let server = self.server?;
        Some((server, server.as_sql_server()?))
    }

    pub(super) fn managed_instance(&self) -> Option<(&'a Instance, &'a ManagedInstance)> {
        let instance = self.instance?;
        Some((instance, instance.as_managed_instance()?))
    }

    /// Whether the database comes from the managed instance.
    pub(super) fn begins_at_instance(&self) -> bool {
        match self.link {
            Some(link) => link.spec.instance_role == LinkRole::Primary,
            None => {
                let has = |instance: Option<&Instance>| {
                    let name = self.database.as_ref();
                    let found = instance.zip(name);
                    found.is_some_and(|(on, name)| on.database(name.as_str()).is_some())
                };
                !has(self.server) && has(self.instance)
            }
        }
    }

    /// The side where the database comes from.
    pub(super) fn source(&self) -> Option<&'a Instance> {
        match self.begins_at_instance() {
            true => self.instance,
            false => self.server,
        }
    }

    /// The database where it comes from.
    pub(super) fn source_database(&self) -> Option<&'a Database> {
        let name = self.database.as_ref()?;
        self.source()?.database(name.as_str()).map(AsRef::as_ref)
    }

    /// Whether the copy is under way or there: what had to be absent before need not be any more.
    pub(super) fn is_under_way(&self) -> bool {
        self.link.is_some_and(|link| {
            !matches!(
                link.phase,
                Phase::Initiating | Phase::Connected | Phase::Failed { .. }
            )
        })
    }

    /// The names that the link's groups have, or would have: distributed, SQL Server's, the instance's.
    pub(super) fn group_names(&self) -> Option<GroupNames> {
        if let Some(link) = self.link {
            return Some(GroupNames {
                distributed: link.id.name.clone(),
                partner: link.spec.partner_group.clone(),
                instance: link.spec.instance_group.clone(),
            });
        }
        let server = self.server?;
        let (instance, _) = self.managed_instance()?;
        let fqdn = instance.server_name();
        server.groups.values().find_map(|group| {
            let pair = group.as_distributed()?;
            let url = crate::listener_url::ListenerUrl::parse(&pair.remote().listener_url)?;
            let meant = url.host.eq_ignore_ascii_case(&fqdn)
                || url.server.is_some_and(|name| instance.name.is(&name));
            let holds = self.database.as_ref().is_none_or(|database| {
                let local = server.group(pair.local().group.as_str());
                let local = local.and_then(|local| local.as_local());
                local.is_some_and(|local| {
                    local.databases.is_empty()
                        || local
                            .databases
                            .iter()
                            .any(|member| member.name == *database)
                })
            });
            (meant && holds).then(|| GroupNames {
                distributed: group.name.clone(),
                partner: pair.local().group.clone(),
                instance: pair.remote().group.clone(),
            })
        })
    }

    /// The database's name for statements.
    pub(super) fn database_word(&self) -> String {
        let name = self.database.as_ref();
        name.map_or_else(|| "db1".to_owned(), ToString::to_string)
    }

    /// The FQDN of the instance for statements.
    pub(super) fn fqdn(&self) -> String {
        let instance = self.instance;
        instance.map_or_else(|| "<managed instance>".to_owned(), Instance::server_name)
    }

    /// Where SQL Server's endpoint is.
    pub(super) fn partner_endpoint(&self) -> String {
        match self.sql_server() {
            Some((server, of_server)) => {
                let endpoint = server.endpoint.as_ref();
                let port = endpoint.map_or(5022, |endpoint| endpoint.port);
                format!("TCP://{}:{port}", of_server.address)
            }
            None => "TCP://<address of SQL Server>:5022".to_owned(),
        }
    }

    /// The command that creates the link, as az 2.91 takes it.
    pub(super) fn az_create_link(&self) -> String {
        let names = self.group_names();
        let word = |of: fn(&GroupNames) -> &Name, otherwise: &str| {
            let name = names.as_ref().map(of);
            name.map_or_else(|| otherwise.to_owned(), ToString::to_string)
        };
        let role = match self.begins_at_instance() {
            true => "Primary",
            false => "Secondary",
        };
        format!(
            "az sql mi link create {} -n {} --instance-ag-name {} --partner-ag-name {} --partner-endpoint {} --instance-link-role {role} --databases \"[{{database-name:{}}}]\"",
            self.az_instance(),
            word(|names| &names.distributed, "<link>"),
            word(|names| &names.instance, "<group on the instance>"),
            word(|names| &names.partner, "<group on SQL Server>"),
            self.partner_endpoint(),
            self.database_word(),
        )
    }

    /// `-g … --mi …` for az.
    pub(crate) fn az_instance(&self) -> String {
        match self.managed_instance() {
            Some((instance, mi)) => {
                format!("-g {} --mi {}", mi.properties.resource_group, instance.name)
            }
            None => "-g <group> --mi <managed instance>".to_owned(),
        }
    }
}

/// The names of a link's three groups.
#[derive(Clone, Debug)]
pub(super) struct GroupNames {
    pub(super) distributed: Name,
    pub(super) partner: Name,
    pub(super) instance: Name,
}
