//! SERVERPROPERTY and CONNECTIONPROPERTY.

use milink_core::instance::{Instance, InstanceKind};
use milink_core::sql_type::SqlType;
use milink_core::value::Value;
use milink_core::version::{Build, UpdatePolicy};

use super::argument::text;
use super::{MetadataFunction, function};
use crate::catalog::cell::variant;
use crate::catalog::column::VARIANT;
use crate::catalog::databases::default_directory;
use crate::catalog::{Cell, Scope};

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function("serverproperty", (1, 1), VARIANT, |scope, args| {
        let name = text(args, 0).unwrap_or_default();
        Ok(server_property(scope, &name.to_lowercase()))
    }),
    function("connectionproperty", (1, 1), VARIANT, |scope, args| {
        let name = text(args, 0).unwrap_or_default();
        Ok(connection_property(scope, &name.to_lowercase()))
    }),
    function(
        "fulltextserviceproperty",
        (1, 1),
        SqlType::Int,
        |_, args| {
            // Full-text search is not installed.
            let known = [
                "isfulltextinstalled",
                "loadosresources",
                "resourceusage",
                "verifysignature",
                "connecttimeout",
            ];
            let name = text(args, 0).unwrap_or_default().to_lowercase();
            Ok(known.contains(&name.as_str()).then_some(0).cell())
        },
    ),
];

/// A build with what the product calls it.
struct Release {
    build: Build,
    level: &'static str,
    update: Option<&'static str>,
    article: Option<&'static str>,
}

const RELEASES: [Release; 8] = [
    release(Build::SQL_2016, "SP3", None, Some("KB5014242")),
    release(Build::SQL_2017, "RTM", Some("CU31"), Some("KB5050533")),
    release(
        Build::new(14, 3456, 2),
        "RTM",
        Some("CU31"),
        Some("KB5016884"),
    ),
    release(Build::SQL_2019, "RTM", Some("CU20"), Some("KB5024276")),
    release(Build::SQL_2022_RTM, "RTM", None, None),
    release(Build::SQL_2022_CU10, "RTM", Some("CU10"), Some("KB5031778")),
    release(Build::SQL_2022_CU13, "RTM", Some("CU13"), Some("KB5036432")),
    release(Build::SQL_2025, "RTM", None, None),
];

const fn release(
    build: Build,
    level: &'static str,
    update: Option<&'static str>,
    article: Option<&'static str>,
) -> Release {
    Release {
        build,
        level,
        update,
        article,
    }
}

/// The product level, update and article of a build; one that is not listed counts as the original release.
pub(in crate::catalog) fn release_of(
    build: Build,
) -> (&'static str, Option<&'static str>, Option<&'static str>) {
    let found = RELEASES.iter().find(|release| release.build == build);
    found.map_or(("RTM", None, None), |release| {
        (release.level, release.update, release.article)
    })
}

/// What the product calls the machine of an instance.
fn machine_name(instance: &Instance) -> String {
    match &instance.kind {
        InstanceKind::SqlServer(_) => {
            let name = instance.name.as_str();
            name.split('\\').next().unwrap_or(name).to_owned()
        }
        InstanceKind::ManagedInstance(managed) => managed.node_name.clone(),
    }
}

fn server_property(scope: &Scope<'_>, name: &str) -> Value {
    let instance = scope.instance;
    let build = instance.build();
    let (level, update, article) = release_of(build);
    let number = |number: i64| variant(SqlType::Int, number);
    if let Some(managed) = instance.as_managed_instance() {
        match name {
            // What the update policy calls itself (documentation: "update policy").
            "productupdatetype" => {
                return words(Some(match managed.update_policy {
                    UpdatePolicy::AlwaysUpToDate => "Continuous",
                    _ => "CU",
                }));
            }
            "productlevel" => return words(Some("RTM")),
            "productupdatelevel" | "productupdatereference" | "productbuildtype" => {
                return Value::Null;
            }
            "edition" => return words(Some("SQL Azure")),
            "editionid" => return variant(SqlType::BigInt, 1_674_378_470_i64),
            "engineedition" => return number(8),
            _ => {}
        }
    }
    let edition = instance.as_sql_server().map(|server| server.edition);
    match name {
        "buildclrversion" => words(Some("v4.0.30319")),
        "collation" => words(Some(instance.collation.name())),
        "collationid" => number(872_468_488),
        "comparisonstyle" => number(196_609),
        "computernamephysicalnetbios" | "machinename" => words(Some(&machine_name(instance))),
        "edition" => words(edition.map(|edition| edition.text())),
        "editionid" => variant(SqlType::BigInt, edition.map(|edition| edition.id())),
        "engineedition" => variant(SqlType::Int, edition.map(|edition| edition.engine())),
        "filestreamconfiguredlevel" | "filestreameffectivelevel" => number(0),
        "filestreamsharename" => words(None),
        "hadrmanagerstatus" => number(i64::from(instance.is_hadr_enabled())),
        "instancedefaultbackuppath" if instance.is_managed_instance() || build.major >= 15 => {
            path(&default_directory(instance).replace("DATA", "Backup"))
        }
        "instancedefaultdatapath" | "instancedefaultlogpath" => path(&default_directory(instance)),
        "instancename" => words(instance.name.as_str().split_once('\\').map(|name| name.1)),
        "isadvancedanalyticsinstalled"
        | "isbigdatacluster"
        | "isexternalauthenticationonly"
        | "isexternalgovernanceenabled"
        | "isfulltextinstalled"
        | "isintegratedsecurityonly"
        | "isclustered"
        | "islocaldb"
        | "ispolybaseinstalled"
        | "isserversuspendedforsnapshotbackup"
        | "issingleuser"
        | "istempdbmetadatamemoryoptimized" => number(0),
        "ishadrenabled" => number(i64::from(instance.is_hadr_enabled())),
        "isxtpsupported" => number(1),
        "lcid" => number(1033),
        "licensetype" => words(Some("DISABLED")),
        "pathseparator" => words(Some(if instance.is_managed_instance() {
            "/"
        } else {
            "\\"
        })),
        "processid" => number(4000 + i64::from(instance.id.0)),
        "productbuild" => words(Some(&build.build.to_string())),
        "productbuildtype" => Value::Null,
        "productlevel" => words(Some(level)),
        "productmajorversion" => words(Some(&build.major.to_string())),
        "productminorversion" => words(Some(&build.minor.to_string())),
        "productupdatelevel" => words(update),
        "productupdatereference" => words(article),
        "productupdatetype" => Value::Null,
        "productversion" => words(Some(&build.to_string())),
        "resourcelastupdatedatetime" => variant(SqlType::DateTime, instance.started),
        "resourceversion" => words(Some(&format!(
            "{}.{:02}.{}",
            build.major, build.minor, build.build
        ))),
        "servername" => words(Some(&instance.server_name())),
        "sqlcharset" => variant(SqlType::TinyInt, 1),
        "sqlcharsetname" => words(Some("iso_1")),
        "sqlsortorder" => variant(SqlType::TinyInt, 52),
        "sqlsortordername" => words(Some("nocase_iso")),
        "suspendeddatabasecount" => number(0),
        _ => Value::Null,
    }
}

fn connection_property(scope: &Scope<'_>, name: &str) -> Value {
    let session = scope.instance.sessions.get(&scope.session);
    let address = session.and_then(|session| session.client_address);
    let text = |text: &str| variant(SqlType::nvarchar(40), text);
    match name {
        "net_transport" | "physical_net_transport" => text("TCP"),
        "protocol_type" => text("TSQL"),
        "auth_scheme" => text("SQL"),
        "local_net_address" => variant(SqlType::varchar(48), "127.0.0.1"),
        "local_tcp_port" => variant(SqlType::Int, session.map(|session| session.local_port)),
        "client_net_address" => variant(
            SqlType::varchar(48),
            address.map(|address| address.0.to_string()),
        ),
        _ => Value::Null,
    }
}

fn words(text: Option<&str>) -> Value {
    variant(SqlType::nvarchar(128), text)
}

fn path(text: &str) -> Value {
    variant(SqlType::nvarchar(512), text)
}
