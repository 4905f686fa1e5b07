//! By which way a client connects: by itself, through a proxy, or to addresses that somebody else knows names by.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::IpAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A way to connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// As every program does.
    #[default]
    Direct,
    /// Through a SOCKS5 proxy that resolves the names (RFC 1928, 1929).
    Socks {
        /// The proxy's host and port.
        proxy: (String, u16),
        /// The user's name.
        user: String,
    },
    /// To the addresses that names have here; there are no other names.
    Names(BTreeMap<String, IpAddr>),
}

impl Way {
    /// Connects. A name that nobody has is [`ErrorKind::NotFound`]; what the proxy says is told as a socket would tell it.
    pub(crate) async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        match self {
            Self::Direct => TcpStream::connect((host, port)).await,
            Self::Socks { proxy, user } => {
                let stream = TcpStream::connect((proxy.0.as_str(), proxy.1)).await?;
                introduce(stream, user, host, port).await
            }
            Self::Names(names) => {
                let known = names.get(&host.to_ascii_lowercase()).copied();
                let address = known.or_else(|| host.parse().ok());
                let address = address.ok_or(ErrorKind::NotFound)?;
                TcpStream::connect((address, port)).await
            }
        }
    }
}

async fn introduce(
    mut stream: TcpStream,
    user: &str,
    host: &str,
    port: u16,
) -> io::Result<TcpStream> {
    let length = |text: &str| u8::try_from(text.len()).map_err(|_| ErrorKind::InvalidInput);
    stream.write_all(&[5, 1, 2]).await?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await?;
    if answer != [5, 2] {
        return Err(ErrorKind::Unsupported.into());
    }
    let credential = [&[1, length(user)?][..], user.as_bytes(), &[0]].concat();
    stream.write_all(&credential).await?;
    stream.read_exact(&mut answer).await?;
    if answer[1] != 0 {
        return Err(ErrorKind::PermissionDenied.into());
    }
    let request = [
        &[5, 1, 0, 3, length(host)?][..],
        host.as_bytes(),
        &port.to_be_bytes(),
    ]
    .concat();
    stream.write_all(&request).await?;
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).await?;
    match reply[1] {
        0 => Ok(stream),
        2 | 3 | 6 => Err(ErrorKind::TimedOut.into()),
        4 => Err(ErrorKind::NotFound.into()),
        5 => Err(ErrorKind::ConnectionRefused.into()),
        other => Err(io::Error::other(format!("the proxy says {other}"))),
    }
}
