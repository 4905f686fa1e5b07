//! Endpoint and listener URLs: `TCP://host:port`, with the suffix that marks a link to a managed instance.

/// The parts of an endpoint or listener URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerUrl {
    /// Host name or address, in lower case.
    pub host: String,
    /// The mirroring endpoint's port.
    pub port: u16,
    /// `;Server=[…]`: the managed instance's short name. Its presence marks a link.
    pub server: Option<String>,
    /// `;Database=[…]`: the database, when the managed instance is the initial primary.
    pub database: Option<String>,
}

impl ListenerUrl {
    /// Reads `TCP://host:port[;Server=[mi]][;Database=[db]]`; the scheme and the words in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split(';');
        let address = parts.next()?;
        let scheme = address.get(..6)?;
        if !scheme.eq_ignore_ascii_case("tcp://") {
            return None;
        }
        let (host, port) = address[6..].rsplit_once(':')?;
        let bad_host = |c: char| c.is_whitespace() || matches!(c, '/' | '\\' | '@' | '[' | ']');
        if host.is_empty() || host.contains(bad_host) {
            return None;
        }
        let port = port
            .trim_end_matches('/')
            .parse()
            .ok()
            .filter(|port| *port != 0)?;
        let mut url = Self {
            host: host.to_lowercase(),
            port,
            server: None,
            database: None,
        };
        for part in parts {
            let (word, value) = part.trim().split_once('=')?;
            let value = value
                .trim()
                .strip_prefix('[')?
                .strip_suffix(']')?
                .to_owned();
            match word.trim().to_ascii_lowercase().as_str() {
                "server" => url.server = Some(value),
                "database" => url.database = Some(value),
                _ => return None,
            }
        }
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_the_article_parse_and_bad_ones_do_not() {
        let mi = ListenerUrl::parse(
            "tcp://sqlmi1.73d19f36a420a.database.windows.net:5022;Server=[sqlmi1]",
        );
        assert_eq!(mi.unwrap().server.as_deref(), Some("sqlmi1"));
        let back = ListenerUrl::parse("TCP://h:5022;Server=[mi];Database=[db one]").unwrap();
        assert_eq!(back.database.as_deref(), Some("db one"));
        assert_eq!(
            ListenerUrl::parse("TCP://10.0.0.4:5022").unwrap().host,
            "10.0.0.4"
        );
        for bad in [
            "",
            "10.0.0.4:5022",
            "http://h:1",
            "TCP://h",
            "TCP://h:0",
            "TCP://h:99999",
            "TCP://:5022",
            "TCP://h:1;Server=mi",
            "TCP://é",
        ] {
            assert_eq!(ListenerUrl::parse(bad), None, "{bad}");
        }
    }
}
