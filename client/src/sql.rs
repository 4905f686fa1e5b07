//! SQL over TDS: batches in, result sets or the server's error out.

use std::fmt;

use tiberius::{AuthMethod, Client, ColumnData, Config, EncryptionLevel, FromSql};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use crate::Error;

/// Where a SQL server is.
#[derive(Clone, Debug)]
pub struct SqlAddress {
    /// Where to connect.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The server's name: what its certificate must say, and what a gateway routes by.
    pub server_name: String,
    /// The CA to trust, in a PEM file; none trusts any certificate.
    pub ca_file: Option<String>,
}

/// Who logs in.
#[derive(Clone, Debug)]
pub enum Login {
    /// A SQL login.
    Password {
        /// Its name.
        user: String,
        /// Its password.
        password: String,
    },
    /// An Entra access token.
    Token(String),
}

/// A connection.
#[derive(Debug)]
pub struct Sql {
    client: Client<Compat<TcpStream>>,
}

/// A result set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultSet {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A value in a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// Any number or bit.
    Number(f64),
    /// Any text, GUID or date, as text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// An error of the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Msg {number}, Level {class}, State {state}: {message}")]
pub struct ServerError {
    /// Its number.
    pub number: u32,
    /// Its severity.
    pub class: u8,
    /// Its state.
    pub state: u8,
    /// Its text.
    pub message: String,
}

impl Sql {
    /// Connects and logs in, with everything encrypted.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, its certificate is not trusted, or it refuses the login.
    pub async fn connect(
        address: &SqlAddress,
        login: Login,
        database: Option<&str>,
    ) -> Result<Self, Error> {
        let broken = |error: std::io::Error| Error::Connection(error.to_string());
        let stream = TcpStream::connect((address.host.as_str(), address.port))
            .await
            .map_err(broken)?;
        enter(stream, address, login, database).await.map_err(error)
    }

    /// Runs one batch; the result sets come in order.
    ///
    /// # Errors
    ///
    /// The server's first error, or the connection's.
    pub async fn batch(&mut self, text: &str) -> Result<Vec<ResultSet>, Error> {
        use tiberius::QueryItem;
        let mut stream = self.client.simple_query(text).await.map_err(error)?;
        let mut results: Vec<ResultSet> = Vec::new();
        while let Some(item) = next(&mut stream).await? {
            match item {
                QueryItem::Metadata(metadata) => {
                    let columns = metadata
                        .columns()
                        .iter()
                        .map(|column| column.name().to_owned())
                        .collect();
                    results.push(ResultSet {
                        columns,
                        rows: Vec::new(),
                    });
                }
                QueryItem::Row(row) => {
                    let cells = row.cells().map(|(_, data)| cell(data)).collect();
                    if let Some(result) = results.last_mut() {
                        result.rows.push(cells);
                    }
                }
            }
        }
        Ok(results)
    }
}

impl ResultSet {
    /// The position of a column, by its name in any case.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|name| name.eq_ignore_ascii_case(column))
    }

    /// A column of the first row.
    pub fn first(&self, column: &str) -> Option<&Cell> {
        self.rows.first()?.get(self.position(column)?)
    }
}

/// As a person writes it: NULL, numbers without a needless point, bytes as `0x…`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Bytes(bytes) => {
                f.write_str("0x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }
    }
}

/// Logs in on a connection that is there.
pub(crate) async fn enter(
    stream: TcpStream,
    address: &SqlAddress,
    login: Login,
    database: Option<&str>,
) -> Result<Sql, tiberius::error::Error> {
    stream.set_nodelay(true)?;
    let mut config = Config::new();
    config.host(&address.server_name);
    config.port(address.port);
    config.application_name("milink");
    config.encryption(EncryptionLevel::Required);
    match &address.ca_file {
        Some(file) => config.trust_cert_ca(file),
        None => config.trust_cert(),
    }
    if let Some(database) = database {
        config.database(database);
    }
    config.authentication(match login {
        Login::Password { user, password } => AuthMethod::sql_server(user, password),
        Login::Token(token) => AuthMethod::aad_token(token),
    });
    let client = Client::connect(config, stream.compat_write()).await?;
    Ok(Sql { client })
}

async fn next(
    stream: &mut tiberius::QueryStream<'_>,
) -> Result<Option<tiberius::QueryItem>, Error> {
    use std::future::poll_fn;
    use std::pin::Pin;
    let item =
        poll_fn(|context| futures_core::Stream::poll_next(Pin::new(&mut *stream), context)).await;
    item.transpose().map_err(error)
}

fn cell(data: &ColumnData<'static>) -> Cell {
    let number = |number: Option<f64>| number.map_or(Cell::Null, Cell::Number);
    match data {
        ColumnData::U8(n) => number(n.map(f64::from)),
        ColumnData::I16(n) => number(n.map(f64::from)),
        ColumnData::I32(n) => number(n.map(f64::from)),
        ColumnData::I64(n) => n.map_or(Cell::Null, |n| Cell::Text(n.to_string())),
        ColumnData::F32(n) => number(n.map(f64::from)),
        ColumnData::F64(n) => number(*n),
        ColumnData::Bit(bit) => number(bit.map(|bit| f64::from(u8::from(bit)))),
        ColumnData::String(text) => text
            .as_ref()
            .map_or(Cell::Null, |text| Cell::Text(text.to_string())),
        ColumnData::Guid(guid) => guid.map_or(Cell::Null, |guid| {
            Cell::Text(guid.to_string().to_uppercase())
        }),
        ColumnData::Binary(bytes) => bytes
            .as_ref()
            .map_or(Cell::Null, |bytes| Cell::Bytes(bytes.to_vec())),
        ColumnData::Numeric(n) => n.as_ref().map_or(Cell::Null, |n| Cell::Text(n.to_string())),
        ColumnData::Xml(xml) => xml
            .as_ref()
            .map_or(Cell::Null, |xml| Cell::Text(xml.to_string())),
        other => date(other),
    }
}

/// Dates in ISO form, in UTC where they carry an offset.
fn date(data: &ColumnData<'static>) -> Cell {
    use tiberius::time::chrono::NaiveDateTime;
    match <NaiveDateTime as FromSql>::from_sql(data) {
        Ok(Some(moment)) => Cell::Text(format!("{moment:?}")),
        Ok(None) => Cell::Null,
        Err(_) => Cell::Text(format!("{data:?}")),
    }
}

pub(crate) fn error(error: tiberius::error::Error) -> Error {
    match error {
        tiberius::error::Error::Server(token) => Error::Sql(ServerError {
            number: token.code(),
            class: token.class(),
            state: token.state(),
            message: token.message().to_owned(),
        }),
        other => Error::Connection(other.to_string()),
    }
}
