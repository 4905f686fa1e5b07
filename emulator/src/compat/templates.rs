//! Templates, roles and the directory: what of them is understood.

use milink_tsql::compat::Support::{self, No, Partly, Yes};

use super::{Page, word};
use crate::arm;

const FEATURES: &[(&str, Support, &str)] = &[
    (
        "deployments at resource groups and at the subscription",
        Yes,
        "incremental, and complete at groups",
    ),
    (
        "deployments at management groups and the tenant",
        No,
        "refused by name",
    ),
    ("validate", Yes, "with the deployments within the template"),
    (
        "whatIf",
        Yes,
        "done to a copy of the world: says what would really come of it; what would be refused is among the diagnostics",
    ),
    ("cancel, exportTemplate, operations", Yes, ""),
    (
        "parameters with allowed values and bounds, nullable ones, secure ones",
        Yes,
        "secure ones are never shown",
    ),
    ("parameters from a key vault", No, "refused by name"),
    (
        "templateLink, parametersLink",
        No,
        "refused by name: nothing is fetched",
    ),
    ("onErrorDeployment", No, "refused by name"),
    ("conditions, children, scopes, dependsOn", Yes, ""),
    (
        "copy of resources, properties, variables and outputs; mode and batchSize",
        Yes,
        "",
    ),
    (
        "nested templates, inner and outer scope",
        Yes,
        "in other groups, too; not in other subscriptions",
    ),
    ("symbolic names (languageVersion 2.0), existing", Yes, ""),
    ("functions of the template's own", Yes, ""),
    ("type definitions, $ref, discriminators", Yes, ""),
    (
        "list functions (listAuthKeys and its like)",
        Yes,
        "where the type has such an action",
    ),
    (
        "Bicep",
        No,
        "az bicep downloads a compiler; use the JSON that it makes",
    ),
    ("conditions of role assignments", No, "refused by name"),
    ("deny assignments, locks, groups of principals", No, ""),
    (
        "Microsoft Graph",
        Partly,
        "reading users and service principals by id and name, as az role assignment asks",
    ),
];

pub(super) fn write(page: &mut Page) {
    page.heading("Templates and roles");
    page.columns(&["what", "", ""]);
    for (name, support, note) in FEATURES {
        page.row(&[*name, word(*support), *note]);
    }
    let (known, unknown) = arm::template_functions();
    page.text(&format!("\nTemplate functions: {}.\n", known.join(", ")));
    page.text(&format!("\nNot: {}.\n", unknown.join(", ")));
}
