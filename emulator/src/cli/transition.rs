//! `milink transition`: how long things take in a world, and stepping what waits for it.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::print;
use super::remote::WorldTarget;

/// `milink transition …`.
#[derive(Debug, Subcommand)]
pub(super) enum TransitionVerb {
    /// List how long things take, and what is on its way
    List {
        /// As the control API has it
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// Set how long a transition takes: 5min, instant, uniform(1s..5s), normal(30s~5s), exponential(10s), polls(3),
    /// stepped, or profile
    Set {
        /// The transition
        name: String,
        /// Its length; `profile` goes back to the profile's
        length: String,
        #[command(flatten)]
        world: WorldTarget,
    },
    /// End now what is on its way through a transition
    Step {
        /// The transition
        name: String,
        #[command(flatten)]
        world: WorldTarget,
    },
}

/// Does a verb about transitions.
pub(super) async fn transition(verb: TransitionVerb) -> anyhow::Result<ExitCode> {
    match verb {
        TransitionVerb::List { json, world } => {
            let answer = world.get("transitions").await?;
            match json {
                true => print(&format!("{answer:#}\n"))?,
                false => print(&table(&answer))?,
            }
        }
        TransitionVerb::Set {
            name,
            length,
            world,
        } => {
            let length = match length.as_str() {
                "profile" => Value::Null,
                length => json!(length),
            };
            let body = json!({"durations": {name: length}});
            world.send("PUT", "transitions", &body).await?;
        }
        TransitionVerb::Step { name, world } => {
            let path = format!("transitions/{name}/step");
            let answer = world.send("POST", &path, &Value::Null).await?;
            print(&format!("stepped {} {name}\n", answer["stepped"]))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![format!("profile {}", text(&answer["profile"]))];
    for (name, shown) in answer["durations"].as_object().into_iter().flatten() {
        let set = if shown["overridden"] == true {
            "  (set)"
        } else {
            ""
        };
        lines.push(format!("  {name:<18} {}{set}", text(&shown["length"])));
    }
    let underway = answer["underway"].as_array();
    for shown in underway.into_iter().flatten() {
        let until = match shown["due"].as_str() {
            Some(due) => format!("until {due}"),
            None => format!("held, looked at {} times", shown["polls"]),
        };
        lines.push(format!(
            "on its way: {} of {}, {until}",
            text(&shown["transition"]),
            text(&shown["of"])
        ));
    }
    lines.join("\n") + "\n"
}
