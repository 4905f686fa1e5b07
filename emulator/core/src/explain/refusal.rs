//! Why a request was refused at once.

use super::{Explanation, named};
use crate::doctor::Subject;
use crate::refusal::{
    AzureRefusal, BackupRefusal, DistributedRefusal, EncryptionRefusal, FailoverGroupRefusal,
    FailoverRefusal, GroupRefusal, InstanceRefusal, LinkRefusal, Refusal, ServerRefusal,
};
use crate::world::World;

/// Explains a refusal. The reason is its own words; where more is known, so are facts and a remedy.
pub fn refusal(world: &World, refusal: &Refusal) -> Explanation {
    let explained = Explanation::of(refusal);
    match refusal {
        Refusal::Link(of_link) => link(world, explained, of_link),
        Refusal::Failover(of_failover) => failover(world, explained, of_failover),
        Refusal::Group(of_group) => match group(of_group) {
            Some(step) => explained.remedy(step),
            None => explained,
        },
        Refusal::Azure(of_azure) => azure(world, explained, of_azure),
        Refusal::Backup(of_backup) => backup(explained, of_backup),
        Refusal::Server(of_server) => match of_server {
            ServerRefusal::Stopped { name } => {
                explained.remedy(format!("milink server start {name}"))
            }
            ServerRefusal::Running { .. } => explained,
            ServerRefusal::NotManaged { name } => {
                explained.remedy(format!("milink server stop {name}"))
            }
            ServerRefusal::Managed { .. } => {
                explained
                    .remedy("use the stop, start and failover actions of Resource Manager")
                    .remedy("milink server lose, if its region is to be lost")
            }
        },
        Refusal::Distributed(DistributedRefusal::PartLost { instance }) => explained
            .fact(format!("'{instance}' was restarted, parted from the others by the network, or not trusted any more before it could commit"))
            .remedy("run the transaction again: nothing of it was kept on any instance"),
        Refusal::Distributed(DistributedRefusal::InUse { .. } | DistributedRefusal::NotPrepared { .. }) => {
            explained.remedy("end the session that has it: KILL <session>")
        }
        Refusal::Distributed(DistributedRefusal::Prepared { unit }) => explained
            .remedy(format!("KILL '{unit}' WITH COMMIT, or WITH ROLLBACK: as the other instances have ended it")),
        Refusal::Distributed(DistributedRefusal::NoUnit { .. }) => explained
            .remedy("SELECT transaction_uow FROM sys.dm_tran_active_transactions WHERE transaction_state = 5"),
        Refusal::Encryption(of_encryption) => match encryption(of_encryption) {
            Some(step) => explained.remedy(step),
            None => explained,
        },
        Refusal::Database(_)
        | Refusal::Write(_)
        | Refusal::Security(_)
        | Refusal::Endpoint(_)
        | Refusal::LinkedServer(_)
        | Refusal::Agent(_) => explained,
    }
}

fn link(world: &World, explained: Explanation, refusal: &LinkRefusal) -> Explanation {
    let instances = || {
        let instances = world.instances.values();
        let managed = instances.filter(|found| found.is_managed_instance());
        managed.map(|found| {
            let databases = found.databases.values();
            let user = databases.filter(|database| !database.is_system());
            let names: Vec<String> = user.map(|database| database.name.to_string()).collect();
            format!("{} has the databases: {}", found.name, names.join(", "))
        })
    };
    let links = || {
        world.links.values().map(|link| {
            format!(
                "link '{}' replicates '{}' with the groups '{}' (instance) and '{}' (partner)",
                link.id.name, link.spec.database, link.spec.instance_group, link.spec.partner_group
            )
        })
    };
    let with = |explained: Explanation, facts: Vec<String>| {
        facts.into_iter().fold(explained, Explanation::fact)
    };
    match refusal {
        LinkRefusal::EmptyRequest => explained.remedy("send a body with properties"),
        LinkRefusal::BadDatabases => {
            explained.remedy("databases: [{\"databaseName\": \"<one name>\"}]")
        }
        LinkRefusal::NoInstanceGroup => explained
            .remedy("instanceAvailabilityGroupName: a new name for the instance's group, as SQL Server's distributed group names it"),
        LinkRefusal::NoPartnerGroup => explained
            .remedy("partnerAvailabilityGroupName: the name of SQL Server's availability group (SELECT name FROM sys.availability_groups)"),
        LinkRefusal::SameGroupNames => explained
            .remedy("give the instance's group another name than SQL Server's, in the distributed group too"),
        LinkRefusal::NoPartnerEndpoint | LinkRefusal::BadPartnerEndpoint => explained
            .remedy("partnerEndpoint: TCP://<address of SQL Server>:<port of its mirroring endpoint>, without ;Server="),
        LinkRefusal::BadSeedingMode => explained.remedy("seedingMode: Automatic"),
        LinkRefusal::BadEnum { parameter, .. } => {
            explained.remedy(format!("use one of the documented values of {parameter}"))
        }
        LinkRefusal::BadName { .. }
        | LinkRefusal::BadMultiDatabaseName { .. }
        | LinkRefusal::NameTooLong { .. } => {
            explained.remedy("choose another name for the link and the distributed group")
        }
        LinkRefusal::BadMembers => with(explained, links().collect())
            .remedy("databases: every database that the link is to have, each once; the list replaces the one before"),
        LinkRefusal::OtherLinkExists { .. } | LinkRefusal::InstanceGroupInUse { .. } => {
            with(explained, links().collect())
                .remedy("use names that no link has, or delete the link that has them")
        }
        LinkRefusal::NameTaken { .. } => with(explained, links().collect())
            .remedy("use other names for the link and the instance's group"),
        LinkRefusal::DatabaseExists { .. } => with(explained, instances().collect())
            .remedy("delete the instance's database of this name first: the link makes its own copy"),
        LinkRefusal::DatabaseNotFound { .. } => with(explained, instances().collect())
            .remedy("with instanceLinkRole Primary the database has to be on the instance"),
        LinkRefusal::DatabaseLinked { .. } => with(explained, links().collect())
            .remedy("delete the other link of the database first"),
        LinkRefusal::InFailoverGroup { instance } => explained
            .fact("message 41982: an instance has links or is in a failover group, and not both")
            .checked(
                &Subject {
                    world,
                    server: None,
                    instance: world.managed_instance(instance).map(AsRef::as_ref),
                    database: None,
                    link: None,
                },
                &["failover-group", "faults"],
            ),
        LinkRefusal::EncryptedByService { database } => explained
            .fact("message 41979: the service-managed key never leaves a managed instance, so that no SQL Server could open the copy")
            .remedy(format!("ALTER DATABASE [{database}] SET ENCRYPTION OFF; and wait until encryption_state of sys.dm_database_encryption_keys is 1"))
            .remedy("or protect the instance's databases with a customer-managed key: az sql mi tde-key set --server-key-type AzureKeyVault --kid <key>"),
        LinkRefusal::TooManyLinks => explained
            .fact(format!("there are {} links", world.links.len()))
            .remedy("delete a link, or use another instance"),
        LinkRefusal::NotFound { .. } => {
            with(explained, links().collect()).remedy("name a link that is there")
        }
        LinkRefusal::InstanceBusy { .. } => {
            explained.remedy("wait until the operation that runs on the instance is over")
        }
        LinkRefusal::Busy { .. } => with(explained, links().collect())
            .remedy("wait until the operation that runs on the link is over"),
        LinkRefusal::NotEmulated { .. } => explained.remedy("COMPAT.md lists what milink does"),
    }
}

fn failover(world: &World, explained: Explanation, refusal: &FailoverRefusal) -> Explanation {
    let checked = |explained: Explanation, group: &str, ids: &[&str]| match named(world, group) {
        Some(link) => explained.checked(&Subject::of_link(world, link), ids),
        None => explained,
    };
    let roles = |explained: Explanation, group: &str| match named(world, group) {
        Some(link) => explained.fact(format!(
            "the managed instance is {} in the link",
            link.role.text()
        )),
        None => explained,
    };
    match refusal {
        FailoverRefusal::NotALink { group } => explained
            .fact(format!("{} links are there", world.links.len()))
            .remedy(format!("create the link first, or ALTER AVAILABILITY GROUP [{group}] FORCE_FAILOVER_ALLOW_DATA_LOSS; for a plain distributed group")),
        FailoverRefusal::NotPrimary { group } => roles(explained, group)
            .remedy("run it on the primary; the secondary can only force it")
            .remedy(format!("on the other side: ALTER AVAILABILITY GROUP [{group}] FAILOVER;")),
        FailoverRefusal::PlannedNotInVersion { group } => {
            checked(explained, group, &["server-version"])
        }
        FailoverRefusal::InProgress { .. } => {
            explained.remedy("wait until the role change is over")
        }
        FailoverRefusal::NotSynchronizing { group } | FailoverRefusal::NotReadable { group } => {
            checked(explained, group, &["link-state", "link-connection", "data-movement"])
        }
        FailoverRefusal::SendQueueTooLarge { group }
        | FailoverRefusal::RedoQueueTooLarge { group } => checked(explained, group, &["lag"])
            .remedy("stop the workload and wait until the secondary has caught up"),
        FailoverRefusal::CannotCatchUp { group } => {
            checked(explained, group, &["lag", "data-movement"])
                .remedy("stop the workload and fail over again")
        }
        FailoverRefusal::DatabaseInaccessible { group } => {
            checked(explained, group, &["link-state"])
        }
        FailoverRefusal::OneWay { group } => checked(explained, group, &["update-policy"])
            .remedy("delete the link: the instance's database becomes an ordinary one"),
        FailoverRefusal::FormatsDiffer { .. } => {
            explained.remedy("use an instance whose update policy is SQL Server's version")
        }
        FailoverRefusal::PlannedToPrimary { group } => roles(explained, group)
            .remedy(format!("start it on SQL Server: ALTER AVAILABILITY GROUP [{group}] FAILOVER; or force it")),
        FailoverRefusal::AlreadyInRole { group } => roles(explained, group),
        FailoverRefusal::FollowsAnother { primary, .. } => {
            explained.remedy(format!("drop the other distributed group, in which '{primary}' is primary, first"))
        }
    }
}

/// What puts right what an availability group was refused for.
fn group(refusal: &GroupRefusal) -> Option<String> {
    Some(match refusal {
        GroupRefusal::HadrDisabled => {
            "enable Always On (mssql-conf set hadr.hadrenabled 1) and restart SQL Server".to_owned()
        }
        GroupRefusal::NoEndpoint => "CREATE ENDPOINT … FOR DATABASE_MIRRORING first".to_owned(),
        GroupRefusal::NotFullRecovery { database } => {
            format!("ALTER DATABASE [{database}] SET RECOVERY FULL; and take a full backup")
        }
        GroupRefusal::NoLogChain { database } => {
            format!(
                "BACKUP DATABASE [{database}] TO DISK = N'…'; a COPY_ONLY backup does not count"
            )
        }
        GroupRefusal::NoLocalReplica { server, .. } => {
            format!("REPLICA ON N'{server}': the name is @@SERVERNAME")
        }
        GroupRefusal::DatabaseNotFound { database } => format!("CREATE DATABASE [{database}];"),
        GroupRefusal::AutoClose { database } => {
            format!("ALTER DATABASE [{database}] SET AUTO_CLOSE OFF;")
        }
        GroupRefusal::DatabaseReadOnly { database } => {
            format!("ALTER DATABASE [{database}] SET READ_WRITE;")
        }
        GroupRefusal::NotMultiUser { database } => {
            format!("ALTER DATABASE [{database}] SET MULTI_USER;")
        }
        GroupRefusal::DatabaseElsewhere {
            database, other, ..
        } => {
            format!("ALTER AVAILABILITY GROUP [{other}] REMOVE DATABASE [{database}];")
        }
        GroupRefusal::NoneNeedsManualFailover => "FAILOVER_MODE = MANUAL".to_owned(),
        GroupRefusal::NoCluster { .. } => "WITH (CLUSTER_TYPE = NONE)".to_owned(),
        _ => return None,
    })
}

fn azure(world: &World, explained: Explanation, refusal: &AzureRefusal) -> Explanation {
    match refusal {
        AzureRefusal::Instance(InstanceRefusal::HasLink { link })
        | AzureRefusal::InUse { by: link, .. } => {
            explained.remedy(format!("delete '{link}' first"))
        }
        AzureRefusal::DatabaseInLink { name } | AzureRefusal::DatabaseReplicated { name } => {
            let mut links = world.links.values();
            let link = links.find(|link| link.spec.database.is(name));
            let link = link.map_or_else(String::new, |link| link.id.name.to_string());
            explained.remedy(format!("delete link '{link}' first"))
        }
        AzureRefusal::FailoverGroup(of_group) => failover_group(world, explained, of_group),
        AzureRefusal::CertificateExists { name } => explained.remedy(format!(
            "nothing needs to be done: '{name}' is this certificate"
        )),
        AzureRefusal::UpdatePolicyLowered => {
            explained.remedy("create another instance with the older policy")
        }
        AzureRefusal::InstanceBusy { .. } => {
            explained.remedy("wait until the operation that runs on the instance is over")
        }
        AzureRefusal::ResourceGroupNotFound { .. } => {
            let groups = world.azure.resource_groups.keys();
            let names: Vec<String> = groups.map(ToString::to_string).collect();
            explained
                .fact(format!("the resource groups are: {}", names.join(", ")))
                .remedy("az group create --name <name> --location <region>")
        }
        _ => explained,
    }
}

/// What has to be done before a database's encryption can be changed so.
fn encryption(refusal: &EncryptionRefusal) -> Option<String> {
    Some(match refusal {
        EncryptionRefusal::NoKey | EncryptionRefusal::NoKeySet => {
            "CREATE DATABASE ENCRYPTION KEY WITH ALGORITHM = AES_256 ENCRYPTION BY SERVER CERTIFICATE <certificate>; in the database".to_owned()
        }
        EncryptionRefusal::KeyInUse => {
            "ALTER DATABASE … SET ENCRYPTION OFF; and wait until encryption_state of sys.dm_database_encryption_keys is 1".to_owned()
        }
        EncryptionRefusal::ScanRunning | EncryptionRefusal::ScanInTheWay => {
            "wait until percent_complete of sys.dm_database_encryption_keys is 0 again".to_owned()
        }
        EncryptionRefusal::CertificateUsed { .. } => {
            "ALTER DATABASE ENCRYPTION KEY ENCRYPTION BY SERVER CERTIFICATE <another>; or drop the key".to_owned()
        }
        EncryptionRefusal::OfferedByLink { .. } | EncryptionRefusal::ProtectorOfLink { .. } => {
            "use a customer-managed key, or delete the link first".to_owned()
        }
        EncryptionRefusal::ServerKeyNotFound { .. } => {
            "az sql mi key create --kid <key> first".to_owned()
        }
        EncryptionRefusal::ServerKeyInUse { .. } => {
            "az sql mi tde-key set with another key first".to_owned()
        }
        _ => return None,
    })
}

fn failover_group(
    world: &World,
    explained: Explanation,
    refusal: &FailoverGroupRefusal,
) -> Explanation {
    use FailoverGroupRefusal as R;
    let groups = world.failover_groups().map(|view| {
        format!(
            "failover group '{}': primary {}, secondary {}, {}",
            view.group.name, view.primary.name, view.secondary.name, view.state
        )
    });
    let explained = groups.fold(explained, |explained, group| explained.fact(group));
    match refusal {
        R::OnSecondary => explained.remedy("ask in the region and resource group of the primary"),
        R::OnPrimary => explained.remedy("ask in the region and resource group of the secondary"),
        R::HasLink { instance } => explained
            .fact("an instance has links or is in a failover group, and not both")
            .remedy(format!("delete the links of '{instance}' first")),
        R::SecondaryNotEmpty { database } => explained.remedy(format!(
            "drop database '{database}': the secondary gets copies of the primary's databases"
        )),
        R::NoWay { .. } => explained.remedy(
            "peer the two networks, both ways, and let their security groups pass ports 5022 and 11000-11999",
        ),
        R::Differs { what: "DNS zone" } => explained.remedy(
            "create the secondary anew, with dnsZonePartner: a zone cannot be changed later",
        ),
        R::SameRegion | R::WrongPartnerRegion => {
            explained.remedy("name an instance in another region, and that region")
        }
        R::NotSeeded { .. } => explained.remedy("wait until the state is CATCH_UP"),
        R::NotSynchronized { .. } => explained
            .remedy("let both instances reach each other, and wait until the state is CATCH_UP")
            .remedy("or fail over by force, which loses what the secondary does not have"),
        R::Busy { .. } | R::InstanceBusy { .. } => {
            explained.remedy("wait until the operation that runs is over")
        }
        R::InstanceIn { group } => explained.remedy(format!("delete failover group '{group}' first")),
        _ => explained,
    }
}

fn backup(explained: Explanation, refusal: &BackupRefusal) -> Explanation {
    match refusal {
        BackupRefusal::NoFullBackup { .. } => {
            explained.remedy("BACKUP DATABASE … first: it starts the log chain")
        }
        BackupRefusal::ServiceManagedKey { database } => explained.remedy(format!(
            "ALTER DATABASE [{database}] SET ENCRYPTION OFF; and DROP DATABASE ENCRYPTION KEY; in it, or protect the instance's databases with a customer-managed key"
        )),
        BackupRefusal::EncryptionKeyLeft { database } => explained.remedy(format!(
            "USE [{database}]; DROP DATABASE ENCRYPTION KEY;"
        )),
        BackupRefusal::ProtectorMissing { .. } => explained.remedy(
            "bring the certificate with its private key here first: CREATE CERTIFICATE … FROM FILE WITH PRIVATE KEY, or tdeCertificates on a managed instance",
        ),
        BackupRefusal::FileInUse { .. } | BackupRefusal::NoSuchFile { .. } => explained
            .remedy("RESTORE FILELISTONLY FROM … says which files are in the backup")
            .remedy("RESTORE DATABASE … WITH MOVE N'<logical name>' TO N'<another path>'"),
        BackupRefusal::SeveralLogFiles => explained
            .remedy("ALTER DATABASE … REMOVE FILE on the source, and take the backup again"),
        _ => explained,
    }
}
