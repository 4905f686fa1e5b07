//! Rules for the names of ARM resources (`arm-contract.md` section 1).

use crate::refusal::AzureRefusal;

/// Checks the name of a new resource of `kind` (its ARM type).
pub fn check_name(kind: &'static str, name: &str) -> Result<(), AzureRefusal> {
    let length = name.chars().count();
    let fits = match kind {
        "Microsoft.Resources/resourceGroups" => {
            (1..=90).contains(&length)
                && !name.ends_with('.')
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "_-.()".contains(c))
        }
        "Microsoft.Sql/managedInstances" => {
            (1..=63).contains(&length)
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                && !name.starts_with('-')
                && !name.ends_with('-')
                && !name.contains("--")
        }
        "Microsoft.Sql/managedInstances/databases" => {
            (1..=128).contains(&length)
                && !name.ends_with([' ', '.'])
                && name
                    .chars()
                    .all(|c| !c.is_control() && !"<>*%&:\\/?".contains(c))
        }
        "Microsoft.Sql/managedInstances/serverTrustCertificates" => {
            (1..=128).contains(&length)
                && !name.contains('\\')
                && !name.chars().any(char::is_control)
        }
        // A guess: nothing is published but that it has one.
        "Microsoft.Sql/locations/serverTrustGroups" => {
            (1..=128).contains(&length)
                && !name.ends_with([' ', '.'])
                && name
                    .chars()
                    .all(|c| !c.is_control() && !"<>*%&:\\/?#".contains(c))
        }
        "Microsoft.Authorization/locks" => {
            (1..=260).contains(&length)
                && name
                    .chars()
                    .all(|c| !c.is_control() && !"<>%&:\\?/".contains(c))
        }
        "Microsoft.Resources/deployments" => {
            (1..=64).contains(&length)
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "_-.()".contains(c))
        }
        "Microsoft.Network/privateDnsZones" => {
            (2..=34).contains(&name.split('.').count())
                && name.len() <= 253
                && name.split('.').all(|label| {
                    (1..=63).contains(&label.len())
                        && label
                            .chars()
                            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
                })
        }
        "Microsoft.Network/virtualNetworks" => network_name(name, 2, 64),
        "Microsoft.DataFactory/factories"
        | "Microsoft.DataFactory/factories/integrationRuntimes" => {
            (3..=63).contains(&length)
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !name.starts_with('-')
                && !name.ends_with('-')
                && !name.contains("--")
        }
        "Microsoft.DataFactory/factories/managedVirtualNetworks/managedPrivateEndpoints" => {
            let inner = name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
            (1..=127).contains(&length) && inner && !name.starts_with('-') && !name.ends_with('-')
        }
        "Microsoft.DataFactory/factories/linkedservices" => {
            (1..=260).contains(&length)
                && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && !name.contains(['<', '>', '*', '#', '.', '%', '&', ':', '\\', '+', '?', '/'])
        }
        _ => network_name(name, 1, 80),
    };
    if fits {
        return Ok(());
    }
    Err(AzureRefusal::InvalidName {
        kind,
        name: name.to_owned(),
    })
}

/// Letters, digits, `_`, `.` and `-`; begins with a letter or digit, ends with one or with `_`.
fn network_name(name: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_their_types() {
        let cases = [
            ("Microsoft.Resources/resourceGroups", "grüße_(1).x", true),
            ("Microsoft.Resources/resourceGroups", "ends.", false),
            ("Microsoft.Resources/resourceGroups", "a b", false),
            ("Microsoft.Sql/managedInstances", "sqlmi-1", true),
            ("Microsoft.Sql/managedInstances", "SqlMi", false),
            ("Microsoft.Sql/managedInstances", "-x", false),
            ("Microsoft.Sql/managedInstances", "a--b", false),
            ("Microsoft.Sql/managedInstances/databases", "my db", true),
            ("Microsoft.Sql/managedInstances/databases", "db.", false),
            ("Microsoft.Sql/managedInstances/databases", "a/b", false),
            (
                "Microsoft.Sql/managedInstances/serverTrustCertificates",
                "a\\b",
                false,
            ),
            ("Microsoft.Network/privateDnsZones", "a.contoso.com", true),
            ("Microsoft.Network/privateDnsZones", "_sites.local", true),
            ("Microsoft.Network/privateDnsZones", "single", false),
            ("Microsoft.Network/privateDnsZones", "a..com", false),
            ("Microsoft.Network/privateDnsZones", "a.com.", false),
            ("Microsoft.Network/virtualNetworks", "v", false),
            ("Microsoft.Network/virtualNetworks", "vnet_", true),
            ("Microsoft.Network/virtualNetworks/subnets", "s", true),
            ("Microsoft.Network/virtualNetworks/subnets", "s-", false),
            ("Microsoft.DataFactory/factories", "adf-one", true),
            ("Microsoft.DataFactory/factories", "adf--one", false),
            ("Microsoft.DataFactory/factories", "ab", false),
            (
                "Microsoft.DataFactory/factories/linkedservices",
                "My MI 1",
                true,
            ),
            (
                "Microsoft.DataFactory/factories/linkedservices",
                "a.b",
                false,
            ),
        ];
        for (kind, name, fits) in cases {
            assert_eq!(check_name(kind, name).is_ok(), fits, "{kind} {name}");
        }
    }
}
