//! What a case begins with: SQL Servers of some versions, managed instances of some policies, and a pace.
//!
//! Says it in the words of the documentation; what a version may do is the business of [`crate::reference`].

use proptest::prelude::*;

use crate::action::{DATABASES, Pair, group_name, server_of};

/// The servers and instances of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// SQL Servers: `sqlserver1`, `sqlserver2`.
    pub servers: Vec<Version>,
    /// How many databases each SQL Server can have, 1 to [`DATABASES`]; each has its own group and link, unless `several` says
    /// otherwise.
    pub databases: u8,
    /// Managed instances: `sqlmi1`, `sqlmi2`.
    pub instances: Vec<Policy>,
    /// How long things take.
    pub pace: Pace,
    /// SQL Servers are in multiple-database mode: one group and one link for all databases of a server.
    pub several: bool,
    /// The second SQL Server is there for replicas of the first one's groups, and has no databases of its own.
    pub replicas: Option<Replicas>,
}

/// How a group with replicas is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// The servers are nodes of a Windows cluster; otherwise groups have none (CLUSTER_TYPE = NONE).
    pub cluster: bool,
    /// Links name the group's listener; otherwise they name the first server.
    pub listener: bool,
}

/// Versions of SQL Server, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the product's words")]
pub enum Version {
    Sql2016,
    Sql2017,
    Sql2019,
    Sql2022Rtm,
    Sql2022Cu10,
    Sql2022Cu13,
    Sql2022Cu27,
    Sql2025,
    Sql2025Cu9,
}

/// Update policies of managed instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the service's words")]
pub enum Policy {
    Sql2022,
    Sql2025,
    AlwaysUpToDate,
}

/// A profile of durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Nothing takes time.
    Instant,
    /// About a second.
    Fast,
    /// As the service does it.
    Azure,
}

impl Version {
    /// Every version.
    pub const ALL: [Self; 9] = [
        Self::Sql2016,
        Self::Sql2017,
        Self::Sql2019,
        Self::Sql2022Rtm,
        Self::Sql2022Cu10,
        Self::Sql2022Cu13,
        Self::Sql2022Cu27,
        Self::Sql2025,
        Self::Sql2025Cu9,
    ];

    /// The word of a topology file.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Sql2016 => "2016",
            Self::Sql2017 => "2017",
            Self::Sql2019 => "2019",
            Self::Sql2022Rtm => "2022-rtm",
            Self::Sql2022Cu10 => "2022-cu10",
            Self::Sql2022Cu13 => "2022-cu13",
            Self::Sql2022Cu27 => "2022-cu27",
            Self::Sql2025 => "2025",
            Self::Sql2025Cu9 => "2025-cu9",
        }
    }
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Sql2022, Self::Sql2025, Self::AlwaysUpToDate];

    /// ARM's word.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Sql2022 => "SQLServer2022",
            Self::Sql2025 => "SQLServer2025",
            Self::AlwaysUpToDate => "AlwaysUpToDate",
        }
    }
}

impl Pace {
    /// The word of the command line.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Fast => "fast",
            Self::Azure => "azure",
        }
    }
}

impl Plan {
    /// What `milink up` starts with: one SQL Server 2022 and one managed instance that holds databases of 2022.
    pub fn usual(pace: Pace) -> Self {
        Self {
            servers: vec![Version::Sql2022Cu13],
            databases: 1,
            instances: vec![Policy::Sql2022],
            pace,
            several: false,
            replicas: None,
        }
    }

    /// Whether less is predicted: which databases are in a link, or who is primary, is learned instead.
    pub(crate) const fn is_loose(&self) -> bool {
        self.several || self.replicas.is_some()
    }

    /// The servers that have databases of their own.
    pub fn owners(&self) -> usize {
        match self.replicas {
            Some(_) => 1,
            None => self.servers.len(),
        }
    }

    /// Where a database can be, of the SQL Servers.
    pub(crate) fn is_at(&self, server: u8, database: u8) -> bool {
        self.replicas.is_some() || server == server_of(database)
    }

    /// The address that a link calls: a server's, or the listener of its group.
    pub(crate) fn address(&self, database: u8) -> String {
        match self.replicas {
            Some(Replicas { listener: true, .. }) => self.listener(database),
            _ => server_address(server_of(database)),
        }
    }

    /// The name of the listener of a database's group.
    pub(crate) fn listener(&self, database: u8) -> String {
        match self.several {
            true => "listener".to_owned(),
            false => format!("listener{}", database + 1),
        }
    }

    /// The name of the link of a pair, and of the distributed group on both sides. The service demands small letters and
    /// hyphens where a link has several databases.
    pub fn link(&self, pair: Pair) -> String {
        match self.several {
            true => format!("dag-s{}-mi{}", pair.server() + 1, pair.instance + 1),
            false => pair.link(),
        }
    }

    /// The availability group of a database on its SQL Server.
    pub fn group(&self, database: u8) -> String {
        match self.several {
            true => format!("AG_s{}", server_of(database) + 1),
            false => group_name(database),
        }
    }

    /// The availability group of a pair on the instance.
    pub fn instance_group(&self, pair: Pair) -> String {
        match self.several {
            true => format!("AG_s{}_MI{}", pair.server() + 1, pair.instance + 1),
            false => pair.instance_group(),
        }
    }

    /// The databases of a SQL Server.
    pub fn databases_of(&self, server: u8) -> impl Iterator<Item = u8> + Clone + use<> {
        self.databases().filter(move |n| server_of(*n) == server)
    }

    /// The numbers of all databases, those of the first server first.
    pub fn databases(&self) -> impl Iterator<Item = u8> + Clone + use<> {
        let (servers, each) = (self.owners(), self.databases);
        let servers = (0u8..).take(servers);
        servers.flat_map(move |server| (0..each).map(move |n| server * DATABASES + n))
    }

    /// How many databases there can be, and links if each has one.
    pub fn links(&self) -> usize {
        self.owners() * usize::from(self.databases)
    }
}

/// The address of a SQL Server.
pub(crate) fn server_address(server: u8) -> String {
    format!("10.0.0.{}", 4 + server)
}

/// A version of SQL Server; the newest of 2022 most often, to which a failing case shrinks.
pub fn version() -> impl Strategy<Value = Version> {
    prop_oneof![
        3 => Just(Version::Sql2022Cu13),
        4 => proptest::sample::select(Version::ALL.to_vec()),
    ]
}

/// An update policy.
pub fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![
        3 => Just(Policy::Sql2022),
        2 => proptest::sample::select(Policy::ALL.to_vec()),
    ]
}

/// A pace; the service's own most often, since there are more moments between its steps.
pub fn pace() -> impl Strategy<Value = Pace> {
    prop_oneof![4 => Just(Pace::Azure), 1 => Just(Pace::Fast), 1 => Just(Pace::Instant)]
}

/// One or two servers with up to three databases each, one or two instances; sometimes in multiple-database mode, and sometimes
/// the second server is a replica of the first one.
pub fn plan() -> impl Strategy<Value = Plan> {
    let some = |each: BoxedStrategy<_>| {
        prop_oneof![
            3 => each.clone().prop_map(|one| vec![one]),
            1 => (each.clone(), each).prop_map(|(one, two)| vec![one, two]),
        ]
    };
    let servers = some(version().boxed());
    let instances = prop_oneof![
        3 => policy().prop_map(|one| vec![one]),
        1 => (policy(), policy()).prop_map(|(one, two)| vec![one, two]),
    ];
    let databases = prop_oneof![3 => Just(1), 2 => 2..=DATABASES];
    let several = (0..6_u8, any::<bool>()).prop_map(|(which, newest)| (which == 5, newest));
    let replicas = (0..5_u8, any::<bool>(), any::<bool>());
    let replicas = replicas.prop_map(|(which, cluster, listener)| {
        (which == 4).then_some(Replicas { cluster, listener })
    });
    let parts = (servers, databases, instances, pace(), several, replicas);
    parts.prop_map(
        |(mut servers, databases, instances, pace, (several, newest), replicas)| {
            if several {
                // The first versions that have the mode.
                servers.fill(match newest {
                    true => Version::Sql2025Cu9,
                    false => Version::Sql2022Cu27,
                });
            }
            if replicas.is_some() {
                // The first version that has groups without a cluster.
                let version = servers[0].max(Version::Sql2017);
                servers = vec![version; 2];
            }
            Plan {
                servers,
                databases,
                instances,
                pace,
                several,
                replicas,
            }
        },
    )
}
