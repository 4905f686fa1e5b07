//! `milink fault …`: faults on request in a running emulator.

use std::process::ExitCode;

use clap::Subcommand;
use milink_core::fault::{Fault, FaultPoint};
use serde_json::{Value, json};

use super::print;
use super::remote::WorldTarget;
use crate::control::described;

/// `milink fault …`.
#[derive(Debug, Subcommand)]
pub(super) enum FaultVerb {
    /// List where faults can bite; with a name, tell all about it
    Points {
        /// A point such as network.partition, or a family such as network
        name: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List the faults of a world
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// Install a fault: POINT and key=value words, such as arm.throttled method=PUT times=2
    ///
    /// Match: instance link database step method path operation user program statement host (* stands for anything).
    /// When: nth times for until probability. Verdict: verdict=pass|drop|fail|commit-then-fail, delay, status, code,
    /// number, message, retry-after, percent, bytes, to.
    Add {
        /// The point; `milink fault points` lists them
        point: String,
        /// What it matches, when, and what it does
        #[arg(value_name = "KEY=VALUE")]
        words: Vec<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// Remove a fault
    Remove {
        /// Its id
        id: u64,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// Remove every fault of a world
    Clear(WorldTarget),
}

/// Does a verb about faults.
pub(super) async fn fault(verb: FaultVerb) -> anyhow::Result<ExitCode> {
    match verb {
        FaultVerb::Points { name, json } => points(name.as_deref(), json)?,
        FaultVerb::List { json, world } => {
            let answer = world.get("faults").await?;
            match json {
                true => print(&format!("{answer:#}\n"))?,
                false => print(&listed(&answer))?,
            }
        }
        FaultVerb::Add {
            point,
            words,
            json,
            world,
        } => {
            let fault = Fault::of_words(&point, words.iter().map(String::as_str))?;
            let answer = world
                .send("POST", "faults", &serde_json::to_value(fault)?)
                .await?;
            match json {
                true => print(&format!("{answer:#}\n"))?,
                false => print(&format!(
                    "fault {}: {}\n",
                    answer["id"],
                    told(&answer, false)
                ))?,
            }
        }
        FaultVerb::Remove { id, world } => {
            let path = format!("faults/{id}");
            world.send("DELETE", &path, &Value::Null).await?;
        }
        FaultVerb::Clear(world) => {
            world.send("DELETE", "faults", &Value::Null).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the registry, one family of it, or one point.
fn points(name: Option<&str>, json: bool) -> anyhow::Result<()> {
    let all = milink_core::fault::points();
    let of_family: Vec<_> = all
        .filter(|point| name.is_none_or(|name| point.family().eq_ignore_ascii_case(name)))
        .collect();
    if let (Some(name), true) = (name, of_family.is_empty()) {
        let point = FaultPoint::named(name)?.get();
        return match json {
            true => print(&format!("{:#}\n", described(point))),
            false => print(&whole(point)),
        };
    }
    if json {
        let points: Vec<Value> = of_family.into_iter().map(described).collect();
        return print(&format!("{:#}\n", json!(points)));
    }
    let widest = of_family.iter().map(|point| point.name.len()).max();
    let mut family = "";
    let mut text = String::new();
    for point in of_family {
        if point.family() != family {
            if !family.is_empty() {
                text.push('\n');
            }
            family = point.family();
        }
        let width = widest.unwrap_or_default();
        text.push_str(&format!("{:width$}  {}\n", point.name, point.summary));
    }
    print(&text)
}

/// Everything about a point.
fn whole(point: &'static milink_core::fault::Point) -> String {
    let described = described(point);
    let list = |value: &Value| {
        let words = value.as_array().into_iter().flatten();
        let words: Vec<&str> = words.filter_map(Value::as_str).collect();
        words.join(" ")
    };
    let mut text = format!("{}\n  {}\n\n", point.name, point.summary);
    text.push_str(&format!("  match     {}\n", list(&described["match"])));
    text.push_str(&format!("  when      {}\n", list(&described["when"])));
    text.push_str(&format!(
        "  verdict   {} (can {})\n\n",
        verdict(&described["verdict"]),
        list(&described["verdicts"])
    ));
    for (at, what) in point.symptoms {
        text.push_str(&format!("  {at}: {what}\n"));
    }
    text.push_str(&format!("\n  recovery: {}\n", point.recovery));
    text
}

fn listed(answer: &Value) -> String {
    let rules: Vec<&Value> = answer["value"].as_array().into_iter().flatten().collect();
    if rules.is_empty() {
        return "no faults\n".to_owned();
    }
    rules
        .iter()
        .map(|rule| format!("{:>4}  {}\n", rule["id"].to_string(), told(rule, true)))
        .collect()
}

/// `network.partition instance=sqlmi1 for=5m: drop (bitten 2 of 3)`.
fn told(rule: &Value, counted: bool) -> String {
    let mut text = plain(&rule["point"]);
    for part in ["match", "when"] {
        for (key, value) in rule[part].as_object().into_iter().flatten() {
            text.push_str(&format!(" {key}={}", plain(value)));
        }
    }
    text.push_str(&format!(": {}", verdict(&rule["verdict"])));
    if counted {
        text.push_str(&format!(
            " (bitten {} of {}{})",
            rule["bitten"],
            rule["matched"],
            if rule["spent"] == true { ", spent" } else { "" }
        ));
    }
    text
}

/// A verdict in a few words: `delay 5s`, `failAs status=429`.
fn verdict(value: &Value) -> String {
    let Some((kind, of)) = value.as_object().and_then(|object| object.iter().next()) else {
        return plain(value);
    };
    let of = match of {
        Value::Object(parts) => {
            let parts = parts.iter();
            let parts: Vec<String> = parts
                .map(|(key, value)| format!("{key}={}", plain(value)))
                .collect();
            parts.join(" ")
        }
        other => plain(other),
    };
    format!("{kind} {of}").trim_end().to_owned()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
