//! The metadata document that `az cloud register` and SDKs start from.

use serde_json::json;

use super::answer::Answer;
use super::{Arm, Incoming};

/// `GET /metadata/endpoints`: one object since 2022-09-01, an array before.
pub(super) fn endpoints(arm: &Arm, request: &Incoming, api_version: &str) -> Answer {
    let base = request.base();
    let tenant = arm.config.tenant;
    let audiences = [
        "https://management.core.windows.net/",
        "https://management.azure.com/",
    ];
    let authentication = json!({
        "loginEndpoint": base,
        "audiences": audiences,
        "tenant": tenant,
        "identityProvider": "AAD",
    });
    let suffixes = json!({
        "sqlServerHostname": "database.windows.net",
        "storage": "core.windows.net",
        "keyVaultDns": "vault.azure.net",
        "acrLoginServer": "azurecr.io",
    });
    let modern = json!({
        "name": "milink",
        "portal": base,
        "authentication": authentication,
        "graphAudience": "https://graph.windows.net/",
        "graph": "https://graph.windows.net/",
        "microsoftGraphResourceId": format!("{base}/"),
        "resourceManager": base,
        "sqlManagement": base,
        "suffixes": suffixes,
    });
    if api_version < "2022-09-01" && !api_version.is_empty() {
        Answer::ok(&[modern])
    } else {
        Answer::ok(&modern)
    }
}
