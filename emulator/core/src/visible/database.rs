//! Databases and what is in them.

use std::fmt::Write as _;

use data_encoding::HEXUPPER;

use super::{Lines, plain};
use crate::certificate::PrivateKey;
use crate::database::Database;
use crate::instance::Instance;
use crate::sql_type::SqlType;
use crate::store::Table;
use crate::value::Value;
use crate::world::World;

/// Of a table with more rows, the lines are one digest: still compared, no longer told apart.
const MOST_ROWS: usize = 1_000;

pub(super) fn lines(world: &World, instance: &Instance, database: &Database, lines: &mut Lines) {
    let name = format!("{}.{}", instance.name, database.name);
    let copy = database.copy.as_ref().and_then(|copy| {
        let (instance, source) = copy.source;
        let instance = world.instance(instance)?;
        let source = instance.databases.get(&source)?;
        Some(format!(", copy of {}.{}", instance.name, source.name))
    });
    let group = database.group.and_then(|(group, _)| {
        let group = instance.groups.get(&group)?;
        Some(format!(", in group {}", group.name))
    });
    let backed_up = if database.chain.is_started() {
        ", backed up"
    } else {
        ""
    };
    let says = (
        database.state,
        database.recovery_model,
        database.user_access,
        database.read_only,
        database.compatibility_level,
        &database.collation,
        database.suspended,
    );
    lines.add(
        format_args!("database {name}"),
        format_args!(
            "{}{}{}{backed_up}",
            plain(&says),
            copy.unwrap_or_default(),
            group.unwrap_or_default()
        ),
    );
    if !database.is_system() {
        lines.add(format_args!("{name} options"), plain(&database.options));
    }
    objects(&name, database, lines);
    // The system databases' own tables are the same everywhere; what users put there counts.
    for table in database.content.tables.values() {
        of_table(&name, table, lines);
    }
}

fn objects(name: &str, database: &Database, lines: &mut Lines) {
    let content = &database.content;
    for schema in content.schemas.keys() {
        lines.add(format_args!("{name} schema"), schema);
    }
    for user in content.users.values().filter(|user| !user.is_fixed) {
        let login = user.login.as_ref().map_or("none", |login| login.as_str());
        lines.add(
            format_args!("{name} user {}", user.name),
            format_args!("login {login}, role {}", user.is_role),
        );
    }
    for certificate in content.certificates.values() {
        let key = match certificate.private_key {
            PrivateKey::None => "without a private key",
            _ => "with its private key",
        };
        lines.add(
            format_args!("{name} certificate {}", certificate.name),
            format_args!("{} {key}", certificate.facts.subject),
        );
    }
    if let Some(key) = &content.encryption_key {
        let on = if key.on { "on" } else { "off" };
        lines.add(
            format_args!("{name} encryption key"),
            format_args!(
                "{} bits, {}, {on}",
                key.algorithm.bits(),
                key.protector.kind()
            ),
        );
    }
    if content.master_key.is_some() {
        lines.add(format_args!("{name} master key"), "there");
    }
    for module in content.modules.values() {
        lines.add(
            format_args!("{name} {:?} {}.{}", module.kind, module.schema, module.name),
            &module.text,
        );
    }
}

fn of_table(database: &str, table: &Table, lines: &mut Lines) {
    let definition = &table.definition;
    let name = format!("{database}.{}.{}", definition.schema, definition.name);
    let columns = definition.columns.iter().map(|column| {
        let nullable = if column.nullable { "" } else { " NOT NULL" };
        let identity = if column.identity.is_some() {
            " IDENTITY"
        } else {
            ""
        };
        let (column, kind) = (&column.name, column.sql_type);
        format!("{column} {kind}{nullable}{identity}")
    });
    let columns: Vec<String> = columns.collect();
    lines.add(format_args!("table {name}"), columns.join(", "));
    for (kind, primary, columns) in definition
        .keys
        .iter()
        .map(|key| ("key", key.primary, &key.columns))
        .chain(
            definition
                .indexes
                .iter()
                .map(|index| ("index", false, &index.columns)),
        )
    {
        lines.add(
            format_args!("{name} {kind}"),
            format_args!("{columns:?}, primary {primary}"),
        );
    }
    for check in &definition.checks {
        lines.add(format_args!("{name} check"), &check.text);
    }
    let rows = table.scan().map(|(_, row)| of_row(table, row));
    if table.len() <= MOST_ROWS {
        for row in rows {
            lines.add(format_args!("{name} row"), row);
        }
        return;
    }
    // The sum does not depend on the order.
    let digest = rows.fold(0_u64, |sum, row| sum.wrapping_add(hash(row.as_bytes())));
    lines.add(
        format_args!("{name} rows"),
        format_args!("{} of digest {digest:016x}", table.len()),
    );
}

fn of_row(table: &Table, row: &[Value]) -> String {
    let mut text = String::new();
    for (column, value) in table.definition.columns.iter().zip(row) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        let _ = match (column.identity, column.sql_type) {
            (Some(_), _) => write!(text, "{}=#", column.name),
            (_, SqlType::RowVersion) => write!(text, "{}=@", column.name),
            _ => write!(text, "{}={}", column.name, of_value(value)),
        };
    }
    text
}

fn of_value(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bit(bit) => u8::from(*bit).to_string(),
        Value::Int(int) => int.to_string(),
        Value::Decimal(decimal) => format!("{}e-{}", decimal.units, decimal.scale),
        Value::Money(money) => format!("{money}e-4"),
        Value::Float(float) => float.to_string(),
        Value::Str(text) => format!("'{text}'"),
        Value::Bytes(bytes) => format!("0x{}", HEXUPPER.encode(bytes)),
        Value::Guid(_) => "{id}".to_owned(),
        Value::Date(date) => format!("day {}", date.0),
        Value::DateTime(_)
        | Value::SmallDateTime(_)
        | Value::Time(_)
        | Value::DateTime2(..)
        | Value::DateTimeOffset(..) => "{time}".to_owned(),
        Value::Variant(held) => of_value(&held.1),
    }
}

/// FNV-1a: this tells rows apart, it guards nothing.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
