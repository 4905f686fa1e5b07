//! Connection strings of SqlClient, as far as they say where to connect and as whom.

use std::sync::Arc;

/// Where to connect, and as whom.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlConnection {
    /// The server as it was written: `tcp:host,port`, `host\instance`.
    pub server: String,
    /// The database; the login's own if it is empty.
    pub database: String,
    /// How the client proves who it is.
    pub authentication: Authentication,
    /// The user.
    pub user: String,
    /// Its password.
    pub password: Option<Arc<str>>,
    /// Whether the certificate's name is checked.
    pub validates: bool,
    /// The name that is expected in the certificate, if it is not the host's.
    pub certificate_host: Option<String>,
    /// `ApplicationIntent=ReadOnly`.
    pub reads_only: bool,
}

/// How a client proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// Name and password.
    Sql,
    /// Something that is known, and not emulated.
    Other(String),
}

/// The longest connection string that is read.
const LONGEST: usize = 8_192;
/// The port where none is said.
pub(super) const USUAL_PORT: u16 = 1433;

/// Keywords that say nothing of interest here (documented, "SqlConnection.ConnectionString"), without blanks.
const IGNORED: [&str; 22] = [
    "app",
    "applicationname",
    "asynchronousprocessing",
    "commandtimeout",
    "connectiontimeout",
    "connecttimeout",
    "timeout",
    "connectretrycount",
    "connectretryinterval",
    "connectionlifetime",
    "loadbalancetimeout",
    "currentlanguage",
    "maxpoolsize",
    "minpoolsize",
    "multipleactiveresultsets",
    "multisubnetfailover",
    "packetsize",
    "persistsecurityinfo",
    "pooling",
    "typesystemversion",
    "workstationid",
    "wsid",
];

impl SqlConnection {
    /// A connection to a server as nobody.
    pub fn to(server: &str) -> Self {
        Self {
            server: server.to_owned(),
            database: String::new(),
            authentication: Authentication::Sql,
            user: String::new(),
            password: None,
            validates: false,
            certificate_host: None,
            reads_only: false,
        }
    }

    /// Takes what it does not say from what is kept: the password, or all of it.
    pub(super) fn complete(&mut self, kept: &Result<Self, String>) {
        match kept {
            Ok(kept) if self.server.is_empty() => self.clone_from(kept),
            Ok(kept) if self.password.is_none() => self.password.clone_from(&kept.password),
            Ok(_) | Err(_) => {}
        }
    }

    /// Reads a connection string. The client that reads it in a factory does not encrypt unless it is told to, and then does
    /// not look at the certificate (documented default of `System.Data.SqlClient`).
    ///
    /// # Errors
    ///
    /// Says what is wrong with it, as the client does.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut read = Self::to("");
        let (mut encrypts, mut trusts, mut by_windows) = (false, false, false);
        for (keyword, value) in pairs(text)? {
            let flag = || match value.to_ascii_lowercase().as_str() {
                "true" | "yes" | "mandatory" | "strict" | "sspi" => Ok(true),
                "false" | "no" | "optional" => Ok(false),
                _ => Err(format!("Invalid value for key '{keyword}'.")),
            };
            match folded(&keyword).as_str() {
                "datasource" | "server" | "address" | "addr" | "networkaddress" => {
                    read.server.clone_from(&value);
                }
                "initialcatalog" | "database" => read.database.clone_from(&value),
                "userid" | "uid" | "user" => read.user.clone_from(&value),
                "password" | "pwd" => read.password = Some(value.as_str().into()),
                "encrypt" => encrypts = flag()?,
                "trustservercertificate" => trusts = flag()?,
                "hostnameincertificate" => read.certificate_host = Some(value.clone()),
                "integratedsecurity" | "trustedconnection" => by_windows = flag()?,
                "authentication" => read.authentication = Authentication::parse(&value),
                "applicationintent" => read.reads_only = folded(&value) == "readonly",
                known if IGNORED.contains(&known) => {}
                _ => return Err(format!("Keyword not supported: '{keyword}'.")),
            }
        }
        if by_windows {
            read.authentication = Authentication::Other("Windows".to_owned());
        }
        read.validates = encrypts && !trusts;
        Ok(read)
    }

    /// The host and port that are dialled.
    ///
    /// # Errors
    ///
    /// The port is none.
    pub fn address(&self) -> Result<(String, u16), String> {
        let server = self.server.trim();
        let plain = ["tcp:", "np:", "lpc:", "admin:"]
            .iter()
            .find_map(|prefix| strip(server, prefix))
            .unwrap_or(server);
        let (host, port) = match plain.split_once(',') {
            None => (plain, USUAL_PORT),
            Some((host, port)) => match port.trim().parse() {
                Ok(port) => (host, port),
                Err(_) => return Err(format!("Invalid port in data source '{server}'.")),
            },
        };
        // A named instance on another port would need its browser, which nothing here has.
        let host = host.split('\\').next().unwrap_or(host);
        match host.trim() {
            "" => Err("The data source is empty.".to_owned()),
            "." | "(local)" => Ok(("localhost".to_owned(), port)),
            host => Ok((host.to_owned(), port)),
        }
    }
}

impl Authentication {
    /// What a service or a connection string calls it.
    pub fn parse(text: &str) -> Self {
        match folded(text).as_str() {
            "" | "sql" | "basic" | "sqlpassword" | "sqlauthentication" => Self::Sql,
            _ => Self::Other(text.to_owned()),
        }
    }
}

/// A connection string without what is secret in it; none if it cannot be read.
pub fn without_password(text: &str) -> Option<String> {
    let pairs = pairs(text).ok()?;
    let shown = pairs
        .iter()
        .filter(|(keyword, _)| !["password", "pwd"].contains(&folded(keyword).as_str()));
    // Blanks around a value are no part of it, unless it is quoted.
    let is_plain = |value: &str| !value.contains([';', '\'', '"', '=']) && value.trim() == value;
    let shown: Vec<String> = shown
        .map(|(keyword, value)| match is_plain(value) {
            true => format!("{keyword}={value}"),
            false => format!("{keyword}=\"{}\"", value.replace('"', "\"\"")),
        })
        .collect();
    Some(shown.join(";"))
}

/// The keywords and values. A value may be quoted, and a quote in it doubled.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let broken = |at: usize| {
        format!(
            "Format of the initialization string does not conform to specification starting at index {at}."
        )
    };
    if text.len() > LONGEST {
        return Err("The connection string is too long.".to_owned());
    }
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
        if rest.is_empty() {
            return Ok(found);
        }
        let at = text.len() - rest.len();
        let (keyword, after) = rest.split_once('=').ok_or_else(|| broken(at))?;
        let keyword = keyword.trim();
        if keyword.is_empty() || keyword.contains(';') {
            return Err(broken(at));
        }
        let after = after.trim_start();
        let (value, end) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => quoted(after, quote).ok_or_else(|| broken(at))?,
            _ => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), end)
            }
        };
        rest = after[end..].trim_start();
        if !rest.is_empty() && !rest.starts_with(';') {
            return Err(broken(text.len() - rest.len()));
        }
        found.push((keyword.to_owned(), value));
    }
}

/// A quoted value, and where it ends.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        if c != quote {
            value.push(c);
        } else if rest.next_if(|(_, next)| *next == quote).is_some() {
            value.push(quote);
        } else {
            return Some((value, at + 1));
        }
    }
    None
}

fn folded(keyword: &str) -> String {
    let letters = keyword.chars().filter(|c| !c.is_whitespace() && *c != '_');
    letters.flat_map(char::to_lowercase).collect()
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start
        .eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_are_read() {
        let read = SqlConnection::parse(
            "Data Source=tcp:mi1.z.database.windows.net,1434;Initial Catalog=db1;Integrated Security=False;User ID=u;Password='a;b''c';Connect Timeout=30;",
        )
        .expect("reads");
        assert_eq!(read.database, "db1");
        assert_eq!(read.password.as_deref(), Some("a;b'c"));
        assert!(!read.validates);
        assert_eq!(
            read.address(),
            Ok(("mi1.z.database.windows.net".to_owned(), 1434))
        );
        let read = SqlConnection::parse("Server = h\\inst; Encrypt=yes; UID=x; PWD=\"p\"");
        let read = read.expect("reads");
        assert!(read.validates);
        assert_eq!(read.address(), Ok(("h".to_owned(), 1433)));
    }

    #[test]
    fn what_is_wrong_is_said_as_the_client_does() {
        for (text, error) in [
            ("Server=h;Colour=red", "Keyword not supported: 'Colour'."),
            (
                "Server=h;nonsense",
                "Format of the initialization string does not conform to specification starting at index 9.",
            ),
            (
                "Server='h",
                "Format of the initialization string does not conform to specification starting at index 0.",
            ),
            ("Encrypt=maybe", "Invalid value for key 'Encrypt'."),
        ] {
            assert_eq!(SqlConnection::parse(text).err().as_deref(), Some(error));
        }
        let to = |server| SqlConnection::to(server).address().err();
        assert_eq!(to(",1433").as_deref(), Some("The data source is empty."));
        assert_eq!(
            to("h,many").as_deref(),
            Some("Invalid port in data source 'h,many'.")
        );
    }

    #[test]
    fn passwords_are_left_out() {
        let shown = without_password("Server=h;Password=secret;User ID='a;b';pwd=x");
        assert_eq!(shown.as_deref(), Some("Server=h;User ID=\"a;b\""));
        assert_eq!(without_password("Server='"), None);
    }
}
