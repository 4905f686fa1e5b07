//! Records in the words of ARM: one member of a record set's properties for each kind.

use std::str::FromStr;

use milink_core::azure::fabric::{MailExchange, RecordKind, Records, ServiceLocation};
use serde_json::{Value, json};

use crate::arm::body::Object;
use crate::arm::error::ArmError;
use crate::arm::resources::references::{invalid, missing};

/// The records in a request, if it speaks of them.
pub(super) fn read(kind: RecordKind, properties: &Object<'_>) -> Result<Option<Records>, ArmError> {
    let all = |member| properties.objects(member);
    Ok(match kind {
        RecordKind::A => {
            let found = all("aRecords")?;
            each(found, |one| parsed(one, "ipv4Address"))?.map(Records::A)
        }
        RecordKind::Aaaa => {
            let found = all("aaaaRecords")?;
            each(found, |one| parsed(one, "ipv6Address"))?.map(Records::Aaaa)
        }
        RecordKind::Cname => {
            let Some(record) = properties.object("cnameRecord")? else {
                return Ok(None);
            };
            let name = record.string("cname")?.filter(|name| !name.is_empty());
            Some(Records::Cname(name))
        }
        RecordKind::Mx => each(all("mxRecords")?, mail)?.map(Records::Mx),
        RecordKind::Ptr => each(all("ptrRecords")?, |one| text(one, "ptrdname"))?.map(Records::Ptr),
        RecordKind::Srv => each(all("srvRecords")?, service)?.map(Records::Srv),
        RecordKind::Txt => {
            let texts = |one: &Object<'_>| Ok(one.strings("value")?.unwrap_or_default());
            each(all("txtRecords")?, texts)?.map(Records::Txt)
        }
    })
}

/// Puts records among the properties of their set.
pub(super) fn show(records: &Records, properties: &mut Value) {
    let (member, shown): (_, Vec<Value>) = match records {
        Records::A(all) => {
            let all = all
                .iter()
                .map(|one| json!({ "ipv4Address": one.to_string() }));
            ("aRecords", all.collect())
        }
        Records::Aaaa(all) => {
            let all = all
                .iter()
                .map(|one| json!({ "ipv6Address": one.to_string() }));
            ("aaaaRecords", all.collect())
        }
        Records::Cname(name) => {
            if let Some(name) = name {
                properties["cnameRecord"] = json!({ "cname": name });
            }
            return;
        }
        Records::Mx(all) => {
            let all = all.iter();
            let all =
                all.map(|one| json!({ "preference": one.preference, "exchange": one.exchange }));
            ("mxRecords", all.collect())
        }
        Records::Ptr(all) => {
            let all = all.iter().map(|one| json!({ "ptrdname": one }));
            ("ptrRecords", all.collect())
        }
        Records::Srv(all) => {
            let all = all.iter().map(|one| {
                json!({
                    "priority": one.priority,
                    "weight": one.weight,
                    "port": one.port,
                    "target": one.target,
                })
            });
            ("srvRecords", all.collect())
        }
        Records::Txt(all) => {
            let all = all.iter().map(|one| json!({ "value": one }));
            ("txtRecords", all.collect())
        }
    };
    properties[member] = json!(shown);
}

fn each<T>(
    found: Option<Vec<Object<'_>>>,
    read: impl Fn(&Object<'_>) -> Result<T, ArmError>,
) -> Result<Option<Vec<T>>, ArmError> {
    found.map(|all| all.iter().map(read).collect()).transpose()
}

fn parsed<T: FromStr>(record: &Object<'_>, member: &str) -> Result<T, ArmError> {
    let text = record.string(member)?.unwrap_or_default();
    text.parse().map_err(|_| invalid(member, &text))
}

fn text(record: &Object<'_>, member: &str) -> Result<String, ArmError> {
    record.string(member)?.ok_or_else(|| missing(member))
}

fn number(record: &Object<'_>, member: &str) -> Result<u16, ArmError> {
    let value = record.integer(member)?.ok_or_else(|| missing(member))?;
    u16::try_from(value).map_err(|_| invalid(member, &value.to_string()))
}

fn mail(record: &Object<'_>) -> Result<MailExchange, ArmError> {
    Ok(MailExchange {
        preference: number(record, "preference")?,
        exchange: text(record, "exchange")?,
    })
}

fn service(record: &Object<'_>) -> Result<ServiceLocation, ArmError> {
    Ok(ServiceLocation {
        priority: number(record, "priority")?,
        weight: number(record, "weight")?,
        port: number(record, "port")?,
        target: text(record, "target")?,
    })
}
