//! Api-versions: which ones a type has, and how old one is.

/// A well-formed api-version: a date, and whether it is a preview. Compared by date.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ApiVersion {
    text: String,
}

/// The api-versions of a type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Versions {
    /// Those of Microsoft.Sql since this one.
    Sql(&'static str),
    /// Those of Microsoft.Resources.
    Resources,
    /// Those of subscriptions and tenants.
    Subscriptions,
    /// Any date that Microsoft.Network could have (`arm-contract.md` section 16).
    Network,
    /// Those of private DNS zones.
    PrivateDns,
    /// Any date that Microsoft.Compute could have.
    Compute,
    /// Those of Microsoft.Authorization.
    Authorization,
    /// Those of management locks.
    Locks,
    /// The one of Data Factory.
    DataFactory,
}

const AUTHORIZATION: [&str; 12] = [
    "2015-07-01",
    "2017-10-01-preview",
    "2018-01-01-preview",
    "2018-07-01",
    "2018-09-01-preview",
    "2020-03-01-preview",
    "2020-04-01-preview",
    "2020-08-01-preview",
    "2020-10-01-preview",
    "2021-04-01-preview",
    "2022-04-01",
    "2022-05-01-preview",
];

const LOCKS: [&str; 4] = ["2015-01-01", "2016-09-01", "2017-04-01", "2020-05-01"];

const DATA_FACTORY: [&str; 1] = ["2018-06-01"];

const PRIVATE_DNS: [&str; 4] = ["2018-09-01", "2020-01-01", "2020-06-01", "2024-06-01"];

const SQL: [&str; 28] = [
    "2015-05-01-preview",
    "2017-03-01-preview",
    "2017-10-01-preview",
    "2018-06-01-preview",
    "2019-06-01-preview",
    "2020-02-02-preview",
    "2020-08-01-preview",
    "2020-11-01-preview",
    "2021-02-01-preview",
    "2021-05-01-preview",
    "2021-08-01-preview",
    "2021-11-01",
    "2021-11-01-preview",
    "2022-02-01-preview",
    "2022-05-01-preview",
    "2022-08-01-preview",
    "2022-11-01-preview",
    "2023-02-01-preview",
    "2023-05-01-preview",
    "2023-08-01",
    "2023-08-01-preview",
    "2024-05-01-preview",
    "2024-11-01-preview",
    "2025-01-01",
    "2025-02-01-preview",
    "2025-08-01-preview",
    "2014-04-01",
    "2015-05-01",
];

const RESOURCES: [&str; 30] = [
    "2014-04-01-preview",
    "2015-01-01",
    "2015-11-01",
    "2016-02-01",
    "2016-06-01",
    "2016-07-01",
    "2016-09-01",
    "2017-05-10",
    "2018-02-01",
    "2018-05-01",
    "2019-05-01",
    "2019-05-10",
    "2019-07-01",
    "2019-08-01",
    "2019-10-01",
    "2020-05-01",
    "2020-06-01",
    "2020-07-01",
    "2020-08-01",
    "2020-10-01",
    "2021-01-01",
    "2021-04-01",
    "2022-09-01",
    "2023-07-01",
    "2024-03-01",
    "2024-07-01",
    "2024-11-01",
    "2025-03-01",
    "2025-04-01",
    "2026-06-01",
];

const SUBSCRIPTIONS: [&str; 13] = [
    "2014-04-01",
    "2015-01-01",
    "2015-11-01",
    "2016-02-01",
    "2016-06-01",
    "2018-06-01",
    "2019-06-01",
    "2019-11-01",
    "2020-01-01",
    "2021-01-01",
    "2021-04-01",
    "2022-09-01",
    "2022-12-01",
];

/// What `az vm create` writes a machine's interface at (observed with az 2.91).
const NETWORK_OF_MACHINES: &str = "2015-06-15";
const NETWORK: [&str; 23] = [
    NETWORK_OF_MACHINES,
    "2018-08-01",
    "2019-04-01",
    "2019-11-01",
    "2020-05-01",
    "2020-11-01",
    "2021-02-01",
    "2021-05-01",
    "2021-08-01",
    "2022-01-01",
    "2022-05-01",
    "2022-07-01",
    "2022-11-01",
    "2023-04-01",
    "2023-09-01",
    "2023-11-01",
    "2024-01-01",
    "2024-03-01",
    "2024-05-01",
    "2024-07-01",
    "2025-01-01",
    "2025-07-01",
    "2026-01-01",
];

const COMPUTE: [&str; 10] = [
    "2017-03-30",
    "2019-12-01",
    "2021-07-01",
    "2022-11-01",
    "2023-09-01",
    "2024-07-01",
    "2024-11-01",
    "2025-04-01",
    "2025-11-01",
    "2026-04-01",
];

impl ApiVersion {
    /// Reads `YYYY-MM-DD` or `YYYY-MM-DD-preview`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let date = text.strip_suffix("-preview").unwrap_or(&text);
        let bytes = date.as_bytes();
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let fits = bytes.len() == 10
            && digits(0..4)
            && bytes[4] == b'-'
            && digits(5..7)
            && bytes[7] == b'-'
            && digits(8..10);
        fits.then_some(Self { text })
    }

    /// The version, in lower case.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is of this date or later; previews count as their date.
    pub(super) fn is_since(&self, date: &str) -> bool {
        &self.text[..10] >= date
    }
}

impl Versions {
    /// Whether the type has this version.
    pub(super) fn contains(self, version: &ApiVersion) -> bool {
        match self {
            Self::Network => {
                let since = version.is_since("2018-08-01");
                (since && !version.as_str().ends_with("-preview"))
                    || version.as_str() == NETWORK_OF_MACHINES
            }
            Self::Compute => {
                !version.as_str().ends_with("-preview") && version.is_since(COMPUTE[0])
            }
            Self::Sql(since) => SQL.contains(&version.as_str()) && version.is_since(&since[..10]),
            Self::Resources => RESOURCES.contains(&version.as_str()),
            Self::Subscriptions => SUBSCRIPTIONS.contains(&version.as_str()),
            Self::PrivateDns => PRIVATE_DNS.contains(&version.as_str()),
            Self::Authorization => AUTHORIZATION.contains(&version.as_str()),
            Self::Locks => LOCKS.contains(&version.as_str()),
            Self::DataFactory => DATA_FACTORY.contains(&version.as_str()),
        }
    }

    /// All versions, newest first.
    pub(super) fn list(self) -> Vec<&'static str> {
        let mut list: Vec<&str> = match self {
            Self::Sql(since) => SQL
                .iter()
                .filter(|version| version[..10] >= since[..10])
                .copied()
                .collect(),
            Self::Resources => RESOURCES.to_vec(),
            Self::Subscriptions => SUBSCRIPTIONS.to_vec(),
            Self::Network => NETWORK.to_vec(),
            Self::PrivateDns => PRIVATE_DNS.to_vec(),
            Self::Compute => COMPUTE.to_vec(),
            Self::Authorization => AUTHORIZATION.to_vec(),
            Self::Locks => LOCKS.to_vec(),
            Self::DataFactory => DATA_FACTORY.to_vec(),
        };
        list.sort_unstable();
        list.reverse();
        list
    }

    /// Whether an unknown version is an error of ARM itself, with its own code.
    pub(super) fn owned_by_arm(self) -> bool {
        matches!(self, Self::Resources | Self::Subscriptions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_dates() {
        for (text, fits) in [
            ("2021-11-01", true),
            ("2021-11-01-Preview", true),
            ("2021-11-1", false),
            ("2021-11-01-alpha", false),
            ("", false),
            ("2021-11-01-preview-preview", false),
        ] {
            assert_eq!(ApiVersion::parse(text).is_some(), fits, "{text}");
        }
    }

    #[test]
    fn a_type_has_the_versions_since_its_first() {
        let version = |text| ApiVersion::parse(text).expect("a version");
        let links = Versions::Sql("2021-05-01-preview");
        assert!(links.contains(&version("2025-08-01-preview")));
        assert!(links.contains(&version("2021-11-01")));
        assert!(!links.contains(&version("2020-11-01-preview")));
        assert!(!links.contains(&version("2024-01-01")));
        assert_eq!(links.list()[0], "2025-08-01-preview");
        assert!(Versions::Network.contains(&version("2030-01-01")));
        assert!(!Versions::Network.contains(&version("2017-01-01")));
    }
}
