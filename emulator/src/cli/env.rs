//! `milink env`: what a shell has to export so that its az, sqlcmd and scripts meet the emulator.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use milink_model::ReadyFile;

use super::print;
use super::remote::WorldTarget;

/// The flags of `milink env`.
#[derive(Args, Debug)]
pub(super) struct EnvArguments {
    /// For which shell
    #[arg(long, default_value = "sh")]
    shell: Shell,
    #[command(flatten)]
    world: WorldTarget,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Sh,
    Fish,
    Powershell,
}

/// Prints the exports.
pub(super) async fn env(arguments: EnvArguments) -> anyhow::Result<ExitCode> {
    let ready = arguments
        .world
        .target()
        .ready(arguments.world.world())
        .await?;
    let mut text = String::new();
    for (name, value) in variables(&ready) {
        text += &match arguments.shell {
            Shell::Sh => format!("export {name}='{}'\n", value.replace('\'', r"'\''")),
            Shell::Fish => format!("set -gx {name} '{}'\n", value.replace('\'', r"\'")),
            Shell::Powershell => format!("$env:{name} = '{}'\n", value.replace('\'', "''")),
        };
    }
    text += &format!(
        "# Once for az:\n# az cloud register --name milink --endpoint-resource-manager {arm}\n\
         # az cloud set --name milink\n# az login --service-principal -u {client} -p '{secret}' --tenant {tenant}\n",
        arm = ready.arm_url,
        client = ready.client_id,
        secret = ready.client_secret,
        tenant = ready.tenant_id,
    );
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Everything that is exported.
pub(super) fn variables(ready: &ReadyFile) -> Vec<(&'static str, String)> {
    let mut variables = az_variables(ready);
    variables.extend(sql_variables(ready));
    variables
}

/// What az needs to trust the emulator and to keep out of the user's own configuration (observed with az 2.91).
pub(super) fn az_variables(ready: &ReadyFile) -> Vec<(&'static str, String)> {
    let text = |text: &str| text.to_owned();
    vec![
        (
            "AZURE_CONFIG_DIR",
            az_directory(ready).display().to_string(),
        ),
        ("REQUESTS_CA_BUNDLE", ready.ca_file.clone()),
        ("AZURE_CORE_INSTANCE_DISCOVERY", text("false")),
        ("AZURE_CORE_COLLECT_TELEMETRY", text("no")),
        ("AZURE_CORE_SURVEY_MESSAGE", text("no")),
        ("AZURE_CORE_LOGIN_EXPERIENCE_V2", text("off")),
        ("AZURE_EXTENSION_USE_DYNAMIC_INSTALL", text("no")),
    ]
}

/// A directory for az's configuration, one for each emulator.
pub(super) fn az_directory(ready: &ReadyFile) -> PathBuf {
    let port = ready.arm_url.rsplit(':').next().unwrap_or_default();
    let base = Path::new(&ready.ca_file)
        .parent()
        .map_or_else(std::env::temp_dir, Path::to_owned);
    base.join(format!("az-{port}-{}", ready.world))
}

fn sql_variables(ready: &ReadyFile) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("MILINK_ARM_URL", ready.arm_url.clone()),
        ("MILINK_CA_FILE", ready.ca_file.clone()),
        ("MILINK_SUBSCRIPTION_ID", ready.subscription_id.clone()),
        ("MILINK_TENANT_ID", ready.tenant_id.clone()),
        ("MILINK_CLIENT_ID", ready.client_id.clone()),
        ("MILINK_CLIENT_SECRET", ready.client_secret.clone()),
        ("MILINK_RESOURCE_GROUP", ready.resource_group.clone()),
    ];
    if let Some(server) = ready.sql_servers.first() {
        variables.extend([
            ("SQLCMDSERVER", format!("{},{}", server.host, server.port)),
            ("SQLCMDUSER", server.user.clone()),
            ("SQLCMDPASSWORD", server.password.clone()),
        ]);
    }
    if let Some(instance) = ready.managed_instances.first() {
        let address = format!("{},{}", instance.host, instance.port);
        variables.extend([
            ("MILINK_MI_SERVER", address),
            ("MILINK_MI_FQDN", instance.fqdn.clone()),
            ("MILINK_MI_USER", instance.user.clone()),
            ("MILINK_MI_PASSWORD", instance.password.clone()),
            ("MILINK_MI_RESOURCE_ID", instance.resource_id.clone()),
        ]);
    }
    variables
}
