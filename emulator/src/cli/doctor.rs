//! `milink doctor` and `milink explain`: what would stop a link, and why something was refused.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::print;
use super::remote::WorldTarget;

/// `milink doctor`.
#[derive(Args, Debug)]
pub(super) struct DoctorArguments {
    /// The SQL Server
    #[arg(long)]
    server: Option<String>,
    /// The managed instance
    #[arg(long)]
    instance: Option<String>,
    /// The database
    #[arg(long)]
    database: Option<String>,
    /// As the control API has it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    world: WorldTarget,
}

/// `milink explain`.
#[derive(Args, Debug)]
pub(super) struct ExplainArguments {
    /// What the header x-milink-explain says, an operation's id, or the name of a link that is not well; the newest of them if it is left out
    id: Option<String>,
    /// As the control API has it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    world: WorldTarget,
}

/// Examines a world; fails if something stops a link.
pub(super) async fn doctor(arguments: DoctorArguments) -> anyhow::Result<ExitCode> {
    let wishes = [
        ("server", &arguments.server),
        ("instance", &arguments.instance),
        ("database", &arguments.database),
    ];
    let wishes: Vec<String> = wishes
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", encoded(value.as_deref()?))))
        .collect();
    let path = format!(
        "worlds/{}/doctor?{}",
        arguments.world.world(),
        wishes.join("&")
    );
    let answer = arguments.world.target().get(&path).await?;
    match arguments.json {
        true => print(&format!("{answer:#}\n"))?,
        false => print(&tree(&answer))?,
    }
    let sick = answer["fails"] == true || !answer["brokenLaw"].is_null();
    Ok(if sick {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Says why something was refused.
pub(super) async fn explain(arguments: ExplainArguments) -> anyhow::Result<ExitCode> {
    let target = arguments.world.target();
    let answer = match &arguments.id {
        Some(id) => target.get(&format!("explain/{}", encoded(id))).await?,
        None => {
            let path = format!("explain?limit=1&world={}", arguments.world.world());
            let latest = target.get(&path).await?;
            match latest["value"].get(0) {
                Some(newest) => newest.clone(),
                None if arguments.json => {
                    print("null\n")?;
                    return Ok(ExitCode::SUCCESS);
                }
                None => {
                    print("nothing was refused, and nothing failed\n")?;
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
    };
    match arguments.json {
        true => print(&format!("{answer:#}\n"))?,
        false => print(&told(&answer))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The checks as a tree, those that came out badly with what was found and what to do.
fn tree(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut lines = vec![format!(
        "world {}, {} ({} clock)",
        text(&answer["world"]),
        text(&answer["now"]),
        text(&answer["clock"])
    )];
    if let Some(law) = answer["brokenLaw"].as_str() {
        lines.push(format!("a law of the world is broken: {law}"));
    }
    for report in answer["reports"].as_array().into_iter().flatten() {
        let link = match report["link"].as_str() {
            Some(link) => format!("link {link}"),
            None => "no link yet".to_owned(),
        };
        lines.push(format!(
            "{link}: SQL Server {}, managed instance {}, database {}",
            text(&report["server"]),
            text(&report["instance"]),
            text(&report["database"])
        ));
        for check in report["checks"].as_array().into_iter().flatten() {
            let verdict = text(&check["verdict"]);
            if verdict == "not-applicable" {
                continue;
            }
            lines.push(format!("  [{verdict:^7}] {}", text(&check["title"])));
            for found in check["evidence"].as_array().into_iter().flatten() {
                lines.push(format!("            {}", text(found)));
            }
            if verdict == "fail" || verdict == "warn" {
                for step in check["remedy"].as_array().into_iter().flatten() {
                    lines.push(format!("         -> {}", text(step)));
                }
            }
        }
    }
    lines.join("\n") + "\n"
}

fn told(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut lines = vec![text(&answer["id"])];
    if let Some(asked) = answer["asked"].as_str() {
        lines.push(format!(
            "{} answered {} to {asked}",
            text(&answer["server"]),
            text(&answer["code"])
        ));
        lines.push(text(&answer["message"]));
    }
    if let Some(reason) = answer["reason"].as_str() {
        lines.push(format!("because {reason}"));
    }
    let list = |name: &str, mark: &str| -> Vec<String> {
        let values = answer[name].as_array().into_iter().flatten();
        values
            .map(|value| format!("  {mark} {}", text(value)))
            .collect()
    };
    lines.extend(list("facts", "-"));
    lines.extend(list("remedy", "->"));
    for event in answer["events"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  {}  {}",
            text(&event["time"]),
            text(&event["event"])
        ));
    }
    lines.join("\n") + "\n"
}

/// A value for a URL.
pub(super) fn encoded(value: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    value
        .bytes()
        .map(|byte| match plain(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}
