//! What the control API says of the network, for people.

use serde_json::Value;

/// A text, or what stands for none.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A list of texts, one a line.
pub(super) fn lines(values: &Value) -> String {
    list(values)
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Name, hops, outcome, and what to do.
pub(super) fn verdict(heading: &str, verdict: &Value) -> String {
    let mut lines = vec![heading.to_owned()];
    lines.push(format!("  name  {}", names(&verdict["resolved"])));
    let path = verdict["path"].as_array().map_or(&[][..], Vec::as_slice);
    let kinds: Vec<String> = path.iter().map(|hop| text(&hop["hop"])).collect();
    let width = kinds.iter().map(String::len).max().unwrap_or(0);
    for (number, (hop, kind)) in path.iter().zip(&kinds).enumerate() {
        let state = hop["state"].as_str().map(|state| format!("  {state}"));
        lines.push(format!(
            "  {:>4}  {kind:width$}  {}{}",
            number + 1,
            text(&hop["id"]),
            state.unwrap_or_default()
        ));
    }
    if let Some(end) = end(&verdict["end"]) {
        lines.push(format!("   end  {end}"));
    }
    match verdict["reason"].as_str() {
        None => lines.push("reachable".to_owned()),
        Some(reason) => lines.push(format!(
            "not reachable: {reason} (the client sees {})",
            text(&verdict["symptom"])
        )),
    }
    if let Some(hint) = verdict["hint"].as_str() {
        lines.push(format!("  -> {hint}"));
    }
    if verdict["redirect"].is_object() {
        let redirect = &verdict["redirect"];
        lines.push(format!(
            "  then redirected to {}:{}",
            text(&redirect["host"]),
            redirect["port"]
        ));
    }
    if verdict["idle"].is_object() {
        let idle = &verdict["idle"];
        lines.push(format!(
            "  forgotten by {} {} after {} seconds of silence ({})",
            text(&idle["hop"]),
            text(&idle["id"]),
            idle["seconds"],
            text(&idle["reason"])
        ));
    }
    let latent = list(&verdict["latent"]);
    if !latent.is_empty() {
        lines.push(format!("  and after that: {}", latent.join(", ")));
    }
    lines.extend(
        list(&verdict["warnings"])
            .iter()
            .map(|warning| format!("  warning: {warning}")),
    );
    for branch in verdict["branches"].as_array().into_iter().flatten() {
        let outcome = branch["reason"].as_str().unwrap_or("reachable");
        lines.push(format!("  by {}: {outcome}", text(&branch["selector"])));
    }
    lines.join("\n") + "\n"
}

/// What a name came to.
pub(super) fn resolved(resolved: &Value) -> String {
    names(resolved) + "\n"
}

/// Lines of a hosts file.
pub(super) fn hosts(answer: &Value) -> String {
    let hosts = answer["hosts"].as_array().into_iter().flatten();
    let lines: String = hosts
        .map(|host| format!("{:<15} {}\n", text(&host["address"]), text(&host["name"])))
        .collect();
    match answer["addresses"].as_str() {
        Some("model") => format!("# addresses of the model: nothing here answers at them\n{lines}"),
        _ => lines,
    }
}

/// Where to connect to.
pub(super) fn dialled(answer: &Value) -> String {
    let address = format!("{}:{}\n", text(&answer["host"]), text(&answer["port"]));
    match answer["mode"].as_str() {
        Some("hole") => address + "nothing answers there\n",
        Some("closed") => address + "it refuses\n",
        _ => address,
    }
}

/// One line for each connection.
pub(super) fn trace(answer: &Value) -> String {
    let entries = answer["connections"].as_array().into_iter().flatten();
    let told: String = entries
        .map(|entry| {
            let login = &entry["login"];
            let outcome = match (entry["reason"].as_str(), &login["error"]) {
                (Some(reason), _) => format!("{reason} ({})", text(&entry["symptom"])),
                (None, Value::Number(number)) => {
                    format!("reached; the login was refused: {number}")
                }
                (None, _) => "reached".to_owned(),
            };
            format!(
                "{}  {} -> {}:{}  {outcome}\n",
                text(&entry["time"]),
                text(&entry["from"]),
                text(&entry["host"]),
                text(&entry["port"])
            )
        })
        .collect();
    match told.is_empty() {
        true => "no connection was made yet\n".to_owned(),
        false => told,
    }
}

/// `mi1.x is mi1.y is 10.9.1.4 (vnet:app)`.
fn names(resolved: &Value) -> String {
    let mut names = vec![text(&resolved["name"])];
    names.extend(list(&resolved["chain"]));
    let view = text(&resolved["view"]);
    let outcome = if resolved["addresses"].is_array() {
        list(&resolved["addresses"]).join(" or ")
    } else if let Some(zone) = resolved["noName"]["zone"].as_str() {
        format!("not in the zone {zone}")
    } else if resolved.get("noName").is_some() {
        "no name of this world".to_owned()
    } else if let Some(server) = resolved["noServer"].as_str() {
        format!("unknown, for no server answers at {server}")
    } else {
        "without an address".to_owned()
    };
    if names.last() != Some(&outcome) {
        names.push(outcome);
    }
    format!("{} ({view})", names.join(" is "))
}

/// What answers at the end.
fn end(end: &Value) -> Option<String> {
    let instance = || text(&end["instance"]);
    Some(match end["kind"].as_str()? {
        "vnetLocal" => format!("managed instance {}, by its own network", instance()),
        "privateEndpoint" => format!(
            "managed instance {}, by private endpoint {}",
            instance(),
            text(&end["endpoint"])
        ),
        "public" => format!("managed instance {}, by its public endpoint", instance()),
        "sqlServer" => format!("SQL Server {}", text(&end["server"])),
        "machine" => format!("a program on machine {}", text(&end["machine"])),
        other => other.to_owned(),
    })
}

fn list(values: &Value) -> Vec<String> {
    values.as_array().into_iter().flatten().map(text).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::expect;
    use milink_core::azure::fabric::Records;
    use milink_core::path::{Ask, Vantage, evaluate, resolve_from};
    use serde_json::json;

    use super::*;
    use crate::ways::sample::{HOST, PRIVATE_ZONE, approve, record_set, surround, town};

    #[test]
    fn verdicts_are_told_hop_by_hop() {
        let mut world = town();
        let mut told = String::new();
        let mut ask = |world: &milink_core::World, from: &str, host: &str, port: u16| {
            let vantage = Vantage::parse(world, from).unwrap();
            let found = evaluate(world, &Ask::new(&vantage, host, port));
            let heading = format!("{from} -> {host}:{port}");
            told.push_str(&verdict(&heading, &json!(found)));
        };
        ask(&world, "vm:vm-app", "10.9.1.4", 1433);
        approve(&mut world);
        surround(&mut world);
        ask(&world, "vm:vm-app", HOST, 1433);
        ask(&world, "onprem:office", "10.9.1.4", 1433);
        ask(&world, "internet", "nobody.example", 1433);
        expect![[r#"
            vm:vm-app -> 10.9.1.4:1433
              name  10.9.1.4 (literal)
                 1  pe  pe-mi1  Pending
            not reachable: pe.pending (the client sees tcp_timeout)
              -> approve the connection pe-mi1-88b894e1-401e-425b-b86c-9a98359e0b62 of private endpoint pe-mi1
            vm:vm-app -> mi1.6d710bcf372b.database.windows.net:1433
              name  mi1.6d710bcf372b.database.windows.net is mi1.privatelink.6d710bcf372b.database.windows.net is 10.9.1.4 (vnet:app-vnet)
                 1  pe  pe-mi1  Approved
                 2  mi  mi1
               end  managed instance mi1, by private endpoint pe-mi1
            reachable
            onprem:office -> 10.9.1.4:1433
              name  10.9.1.4 (literal)
                 1  gateway  app-vnet
                 2  pe       pe-mi1  Approved
                 3  mi       mi1
               end  managed instance mi1, by private endpoint pe-mi1
            not reachable: tls.name_mismatch (the client sees tls)
              -> '10.9.1.4' is not in the certificate: use the instance's own name, or do not check the certificate
              and after that: tds.host_required
            internet -> nobody.example:1433
              name  nobody.example is no name of this world (public)
            not reachable: dns.nxdomain (the client sees dns)
              -> check the name 'nobody.example': no instance or record of this world has it
        "#]].assert_eq(&told);
    }

    #[test]
    fn names_are_told_with_what_they_lead_over() {
        let mut world = town();
        approve(&mut world);
        record_set(
            &mut world,
            PRIVATE_ZONE,
            "note",
            Records::Txt(vec![vec!["x".to_owned()]]),
        );
        let cases = [
            ("vm:vm-app", HOST),
            ("internet", HOST),
            (
                "vm:vm-app",
                "mi9.privatelink.6d710bcf372b.database.windows.net",
            ),
            (
                "vm:vm-app",
                "note.privatelink.6d710bcf372b.database.windows.net",
            ),
            ("vm:vm-app", "10.9.1.4"),
            ("internet", "nobody.example"),
        ];
        let mut told = String::new();
        for (from, host) in cases {
            let vantage = Vantage::parse(&world, from).unwrap();
            let found = json!(resolve_from(&world, &vantage, host));
            let _ = write!(told, "{from}: {}", resolved(&found));
        }
        expect![[r#"
            vm:vm-app: mi1.6d710bcf372b.database.windows.net is mi1.privatelink.6d710bcf372b.database.windows.net is 10.9.1.4 (vnet:app-vnet)
            internet: mi1.6d710bcf372b.database.windows.net is mi1.privatelink.6d710bcf372b.database.windows.net is 10.1.1.254 (public)
            vm:vm-app: mi9.privatelink.6d710bcf372b.database.windows.net is not in the zone privatelink.6d710bcf372b.database.windows.net (vnet:app-vnet)
            vm:vm-app: note.privatelink.6d710bcf372b.database.windows.net is without an address (vnet:app-vnet)
            vm:vm-app: 10.9.1.4 (literal)
            internet: nobody.example is no name of this world (public)
        "#]].assert_eq(&told);
    }
}
