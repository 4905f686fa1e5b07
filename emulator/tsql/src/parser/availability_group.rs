//! CREATE and ALTER AVAILABILITY GROUP, local and distributed.

use super::{Parsed, Parser};
use crate::ast::{
    AllowConnections, AlterAvailabilityGroupAction, AlterAvailabilityGroupStatement,
    AutomatedBackupPreference, AvailabilityGroupKind, AvailabilityGroupOptions, AvailabilityMode,
    ClusterType, CreateAvailabilityGroupStatement, DistributedMember, FailoverMode, Ident,
    ListenerAddresses, ListenerSpec, PrimaryRoleOptions, ReplicaSpec, SecondaryRoleOptions,
    SeedingMode, StatementKind, Text,
};
use crate::lexer::TokenKind;

const AVAILABILITY_MODES: &[(&str, AvailabilityMode)] = &[
    ("SYNCHRONOUS_COMMIT", AvailabilityMode::SynchronousCommit),
    ("ASYNCHRONOUS_COMMIT", AvailabilityMode::AsynchronousCommit),
    ("CONFIGURATION_ONLY", AvailabilityMode::ConfigurationOnly),
];
const FAILOVER_MODES: &[(&str, FailoverMode)] = &[
    ("AUTOMATIC", FailoverMode::Automatic),
    ("MANUAL", FailoverMode::Manual),
    ("EXTERNAL", FailoverMode::External),
    ("NONE", FailoverMode::None),
];
const SEEDING_MODES: &[(&str, SeedingMode)] = &[
    ("AUTOMATIC", SeedingMode::Automatic),
    ("MANUAL", SeedingMode::Manual),
];
const CLUSTER_TYPES: &[(&str, ClusterType)] = &[
    ("WSFC", ClusterType::Wsfc),
    ("EXTERNAL", ClusterType::External),
    ("NONE", ClusterType::None),
];
const CONNECTIONS: &[(&str, AllowConnections)] = &[
    ("NO", AllowConnections::No),
    ("READ_ONLY", AllowConnections::ReadOnly),
    ("READ_WRITE", AllowConnections::ReadWrite),
    ("ALL", AllowConnections::All),
];
const ON_OFF: &[(&str, bool)] = &[("ON", true), ("OFF", false)];

const CREATE: &str = "CREATE AVAILABILITY GROUP";
const ALTER: &str = "ALTER AVAILABILITY GROUP";

impl Parser<'_> {
    pub(super) fn create_availability_group(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["AVAILABILITY", "GROUP"])?;
        let name = self.identifier()?;
        let options = if self.eat("WITH") {
            self.parenthesized(|p| p.group_options(CREATE, true))?
        } else {
            AvailabilityGroupOptions::default()
        };
        let kind = if options.distributed {
            self.expect_words(&["AVAILABILITY", "GROUP", "ON"])?;
            let members = self.comma_separated(|p| p.distributed_member(CREATE))?;
            AvailabilityGroupKind::Distributed { members }
        } else {
            self.local_group()?
        };
        Ok(StatementKind::CreateAvailabilityGroup(Box::new(
            CreateAvailabilityGroupStatement {
                name,
                options,
                kind,
            },
        )))
    }

    /// `FOR [DATABASE a, b] REPLICA ON …, … [LISTENER …]`.
    fn local_group(&mut self) -> Parsed<AvailabilityGroupKind> {
        self.expect("FOR")?;
        let databases = if self.eat("DATABASE") {
            self.identifier_list()?
        } else {
            Vec::new()
        };
        self.expect_words(&["REPLICA", "ON"])?;
        let replicas = self.comma_separated(|p| p.replica_spec(CREATE))?;
        let listener = if self.eat("LISTENER") {
            Some(self.new_listener()?)
        } else {
            None
        };
        Ok(AvailabilityGroupKind::Local {
            databases,
            replicas,
            listener,
        })
    }

    /// `create` allows the words that shape a new group; without it, ROLE is allowed.
    fn group_options(&mut self, what: &str, create: bool) -> Parsed<AvailabilityGroupOptions> {
        let mut options = AvailabilityGroupOptions::default();
        self.typed_options(what, |p, name| p.group_option(&mut options, name, create))?;
        Ok(options)
    }

    fn group_option(
        &mut self,
        options: &mut AvailabilityGroupOptions,
        name: &str,
        create: bool,
    ) -> Parsed<bool> {
        match name {
            "AUTOMATED_BACKUP_PREFERENCE" => {
                options.automated_backup_preference = Some(self.equals_choice(&[
                    ("PRIMARY", AutomatedBackupPreference::Primary),
                    ("SECONDARY_ONLY", AutomatedBackupPreference::SecondaryOnly),
                    ("SECONDARY", AutomatedBackupPreference::Secondary),
                    ("NONE", AutomatedBackupPreference::None),
                ])?);
            }
            "FAILURE_CONDITION_LEVEL" => {
                options.failure_condition_level = Some(self.equals_integer()?)
            }
            "HEALTH_CHECK_TIMEOUT" => options.health_check_timeout = Some(self.equals_integer()?),
            "DB_FAILOVER" => options.db_failover = Some(self.equals_choice(ON_OFF)?),
            "DTC_SUPPORT" => {
                options.dtc_support =
                    Some(self.equals_choice(&[("PER_DB", true), ("NONE", false)])?);
            }
            "REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT" => {
                options.required_synchronized_secondaries_to_commit = Some(self.equals_integer()?);
            }
            "WRITE_LEASE_VALIDITY" => options.write_lease_validity = Some(self.equals_integer()?),
            "CLUSTER_CONNECTION_OPTIONS" => {
                options.cluster_connection_options = Some(self.equals_text()?)
            }
            "CLUSTER_TYPE" if create => {
                options.cluster_type = Some(self.equals_choice(CLUSTER_TYPES)?)
            }
            "BASIC" if create => options.basic = true,
            "DISTRIBUTED" if create => options.distributed = true,
            "CONTAINED" if create => {
                options.contained = true;
                if self.at_kind(TokenKind::LeftParen) {
                    self.parenthesized(|p| p.expect("REUSE_SYSTEM_DATABASES"))?;
                    options.reuse_system_databases = true;
                }
            }
            "REUSE_SYSTEM_DATABASES" if create && options.contained => {
                options.reuse_system_databases = true
            }
            "ROLE" if !create => {
                self.equals_choice(&[("SECONDARY", ())])?;
                options.role_secondary = true;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `'server' WITH (…)`.
    fn replica_spec(&mut self, what: &str) -> Parsed<ReplicaSpec> {
        let mut replica = ReplicaSpec {
            server: self.string()?,
            endpoint_url: None,
            availability_mode: None,
            failover_mode: None,
            seeding_mode: None,
            backup_priority: None,
            session_timeout: None,
            primary_role: None,
            secondary_role: None,
        };
        self.expect("WITH")?;
        self.parenthesized(|p| {
            p.typed_options(what, |p, name| p.replica_option(&mut replica, name))
        })?;
        Ok(replica)
    }

    fn replica_option(&mut self, replica: &mut ReplicaSpec, name: &str) -> Parsed<bool> {
        match name {
            "ENDPOINT_URL" => replica.endpoint_url = Some(self.equals_text()?),
            "AVAILABILITY_MODE" => {
                replica.availability_mode = Some(self.equals_choice(AVAILABILITY_MODES)?)
            }
            "FAILOVER_MODE" => replica.failover_mode = Some(self.equals_choice(FAILOVER_MODES)?),
            "SEEDING_MODE" => replica.seeding_mode = Some(self.equals_choice(SEEDING_MODES)?),
            "BACKUP_PRIORITY" => replica.backup_priority = Some(self.equals_integer()?),
            "SESSION_TIMEOUT" => replica.session_timeout = Some(self.equals_integer()?),
            "PRIMARY_ROLE" => replica.primary_role = Some(self.parenthesized(Self::primary_role)?),
            "SECONDARY_ROLE" => {
                replica.secondary_role = Some(self.parenthesized(Self::secondary_role)?)
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn primary_role(&mut self) -> Parsed<PrimaryRoleOptions> {
        let mut role = PrimaryRoleOptions::default();
        self.typed_options("PRIMARY_ROLE", |p, name| {
            match name {
                "ALLOW_CONNECTIONS" => role.allow_connections = Some(p.equals_choice(CONNECTIONS)?),
                "READ_ONLY_ROUTING_LIST" => {
                    p.expect_kind(TokenKind::Equal)?;
                    role.read_only_routing_list = Some(p.routing_list()?);
                }
                "READ_WRITE_ROUTING_URL" => role.read_write_routing_url = Some(p.equals_text()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(role)
    }

    /// `NONE`, `('a', 'b')`, `(('a', 'b'), 'c')`.
    fn routing_list(&mut self) -> Parsed<Vec<Vec<Text>>> {
        if self.eat("NONE") {
            return Ok(Vec::new());
        }
        self.parenthesized(|p| {
            if p.eat("NONE") {
                return Ok(Vec::new());
            }
            p.comma_separated(|p| {
                if p.at_kind(TokenKind::LeftParen) {
                    p.parenthesized(|p| p.comma_separated(Self::string))
                } else {
                    p.string().map(|server| vec![server])
                }
            })
        })
    }

    fn secondary_role(&mut self) -> Parsed<SecondaryRoleOptions> {
        let mut role = SecondaryRoleOptions::default();
        self.typed_options("SECONDARY_ROLE", |p, name| {
            match name {
                "ALLOW_CONNECTIONS" => role.allow_connections = Some(p.equals_choice(CONNECTIONS)?),
                "READ_ONLY_ROUTING_URL" => role.read_only_routing_url = Some(p.equals_text()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(role)
    }

    /// `'group' WITH (…)` of a distributed availability group.
    fn distributed_member(&mut self, what: &str) -> Parsed<DistributedMember> {
        let mut member = DistributedMember {
            group: self.string()?,
            listener_url: None,
            availability_mode: None,
            failover_mode: None,
            seeding_mode: None,
            session_timeout: None,
        };
        self.expect("WITH")?;
        self.parenthesized(|p| {
            p.typed_options(what, |p, name| {
                match name {
                    "LISTENER_URL" => member.listener_url = Some(p.equals_text()?),
                    "AVAILABILITY_MODE" => {
                        member.availability_mode = Some(p.equals_choice(AVAILABILITY_MODES)?)
                    }
                    "FAILOVER_MODE" => {
                        member.failover_mode = Some(p.equals_choice(FAILOVER_MODES)?)
                    }
                    "SEEDING_MODE" => member.seeding_mode = Some(p.equals_choice(SEEDING_MODES)?),
                    "SESSION_TIMEOUT" => member.session_timeout = Some(p.equals_integer()?),
                    _ => return Ok(false),
                }
                Ok(true)
            })
        })?;
        Ok(member)
    }

    pub(super) fn alter_availability_group(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["AVAILABILITY", "GROUP"])?;
        let name = self.identifier()?;
        let action = self.alter_group_action()?;
        Ok(StatementKind::AlterAvailabilityGroup(Box::new(
            AlterAvailabilityGroupStatement { name, action },
        )))
    }

    fn alter_group_action(&mut self) -> Parsed<AlterAvailabilityGroupAction> {
        use AlterAvailabilityGroupAction as Action;
        let verb = self.upper();
        let action = match verb.as_str() {
            "SET" => {
                self.advance();
                return self
                    .parenthesized(|p| p.group_options(ALTER, false))
                    .map(Action::Set);
            }
            "ADD" | "MODIFY" | "REMOVE" | "RESTART" => {
                self.advance();
                return self.alter_group_part(&verb);
            }
            "JOIN" => {
                self.advance();
                return self.join_group();
            }
            "GRANT" | "DENY" => {
                self.advance();
                self.expect_words(&["CREATE", "ANY", "DATABASE"])?;
                return Ok(if verb == "GRANT" {
                    Action::GrantCreateAnyDatabase
                } else {
                    Action::DenyCreateAnyDatabase
                });
            }
            "FAILOVER" => Action::Failover,
            "FORCE_FAILOVER_ALLOW_DATA_LOSS" => Action::ForceFailoverAllowDataLoss,
            "OFFLINE" => Action::Offline,
            _ => return self.unexpected(),
        };
        self.advance();
        Ok(action)
    }

    /// `ADD | MODIFY | REMOVE | RESTART` of `DATABASE | REPLICA ON | LISTENER | AVAILABILITY GROUP ON`.
    fn alter_group_part(&mut self, verb: &str) -> Parsed<AlterAvailabilityGroupAction> {
        use AlterAvailabilityGroupAction as Action;
        let part = self.upper();
        match (verb, part.as_str()) {
            ("ADD" | "REMOVE", "DATABASE") => {
                self.advance();
                let databases: Vec<Ident> = self.identifier_list()?;
                Ok(if verb == "ADD" {
                    Action::AddDatabase(databases)
                } else {
                    Action::RemoveDatabase(databases)
                })
            }
            ("REMOVE", "REPLICA") => {
                self.expect_words(&["REPLICA", "ON"])?;
                self.comma_separated(Self::string)
                    .map(Action::RemoveReplica)
            }
            ("ADD" | "MODIFY", "REPLICA") => {
                self.expect_words(&["REPLICA", "ON"])?;
                let replicas = self.comma_separated(|p| p.replica_spec(ALTER))?;
                Ok(if verb == "ADD" {
                    Action::AddReplica(replicas)
                } else {
                    Action::ModifyReplica(replicas)
                })
            }
            ("MODIFY", "AVAILABILITY") => {
                self.expect_words(&["AVAILABILITY", "GROUP", "ON"])?;
                self.comma_separated(|p| p.distributed_member(ALTER))
                    .map(Action::ModifyDistributed)
            }
            ("ADD", "LISTENER") => {
                self.advance();
                self.new_listener().map(Action::AddListener)
            }
            ("MODIFY", "LISTENER") => {
                self.advance();
                self.changed_listener().map(Action::ModifyListener)
            }
            ("RESTART", "LISTENER") => {
                self.advance();
                self.string().map(Action::RestartListener)
            }
            ("REMOVE", "LISTENER") => {
                self.advance();
                self.string().map(Action::RemoveListener)
            }
            _ => self.unexpected(),
        }
    }

    fn join_group(&mut self) -> Parsed<AlterAvailabilityGroupAction> {
        use AlterAvailabilityGroupAction as Action;
        if self.eat_words(&["AVAILABILITY", "GROUP", "ON"]) {
            return self
                .comma_separated(|p| p.distributed_member(ALTER))
                .map(Action::JoinDistributed);
        }
        if !self.at("WITH") {
            return Ok(Action::Join(None));
        }
        self.advance();
        self.parenthesized(|p| {
            let mut cluster_type = None;
            p.typed_options(ALTER, |p, name| {
                if name == "CLUSTER_TYPE" {
                    cluster_type = Some(p.equals_choice(CLUSTER_TYPES)?);
                }
                Ok(name == "CLUSTER_TYPE")
            })?;
            Ok(Action::Join(cluster_type))
        })
    }

    /// `'name' ( WITH DHCP [ON (…)] | WITH IP ( (…), (…) ) [, PORT = n] )`.
    fn new_listener(&mut self) -> Parsed<ListenerSpec> {
        let dns_name = self.string()?;
        self.parenthesized(|p| {
            p.expect("WITH")?;
            let addresses = if p.eat("DHCP") {
                let subnet = if p.eat("ON") {
                    Some(p.parenthesized(|p| {
                        let subnet = p.string()?;
                        p.expect_kind(TokenKind::Comma)?;
                        Ok((subnet, p.string()?))
                    })?)
                } else {
                    None
                };
                ListenerAddresses::Dhcp(subnet)
            } else {
                p.expect("IP")?;
                ListenerAddresses::Static(p.parenthesized(|p| p.comma_separated(Self::ip_address))?)
            };
            let port = if p.eat_kind(TokenKind::Comma) {
                Some(p.listener_port()?)
            } else {
                None
            };
            Ok(ListenerSpec {
                dns_name,
                addresses,
                port,
            })
        })
    }

    /// `'name' ( ADD IP (…) | PORT = n )`.
    fn changed_listener(&mut self) -> Parsed<ListenerSpec> {
        let dns_name = self.string()?;
        self.parenthesized(|p| {
            let (addresses, port) = if p.eat_words(&["ADD", "IP"]) {
                (ListenerAddresses::Static(vec![p.ip_address()?]), None)
            } else {
                (ListenerAddresses::Unchanged, Some(p.listener_port()?))
            };
            Ok(ListenerSpec {
                dns_name,
                addresses,
                port,
            })
        })
    }

    fn listener_port(&mut self) -> Parsed<i64> {
        self.expect("PORT")?;
        self.equals_integer()
    }

    /// `('10.0.0.1', '255.255.255.0')`, `('2001:db8::1')`.
    fn ip_address(&mut self) -> Parsed<(Text, Option<Text>)> {
        self.parenthesized(|p| {
            let address = p.string()?;
            let mask = if p.eat_kind(TokenKind::Comma) {
                Some(p.string()?)
            } else {
                None
            };
            Ok((address, mask))
        })
    }
}
