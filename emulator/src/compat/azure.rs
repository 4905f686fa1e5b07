//! Azure Resource Manager: resource types, verbs and api-versions.

use super::Page;
use crate::arm;

pub(super) fn write(page: &mut Page) {
    page.heading("Azure Resource Manager");
    page.columns(&["resource type", "", "operations", "api-versions"]);
    for served in arm::served() {
        let there = if served.operations.is_empty() {
            "no"
        } else {
            "yes"
        };
        let versions = match served.api_versions.as_slice() {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [newest, .., oldest] => format!("{oldest} to {newest}, {}", served.api_versions.len()),
        };
        page.row(&[
            format!("`{}`", served.resource_type),
            there.to_owned(),
            served.operations.join(", "),
            versions,
        ]);
    }
    page.text(
        "\n`POST …/managedInstances/{name}/tdeCertificates` takes, in base64, the certificate in DER and right behind it its private key, as BACKUP\nCERTIFICATE or CERTENCODED and CERTPRIVATEKEY give them; a PFX, as Azure wants it, is refused, for the model's private keys are no real ones.\nThere is no key vault: a key is its URI, taken as it is, always there and usable, on every SQL Server, too. Unlike Azure's, databases made\non a managed instance are not encrypted unless the topology says `encrypt_new_databases = true`.\n",
    );
    page.text(
        "\nUnknown api-versions get Azure's own error (`--loose` accepts them); unknown members of a body are ignored, as Azure does, and told\nin the journal. Entra gives tokens for client credentials, device codes, passwords and refresh tokens of one tenant.\n",
    );
}
