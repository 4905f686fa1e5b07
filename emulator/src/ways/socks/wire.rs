//! SOCKS5 on the wire (RFC 1928) with a user name (RFC 1929): what a client says before it is let through.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Who a client says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) user: String,
    pub(super) password: String,
}

/// What is told to a client that wants to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Succeeded = 0,
    Failed = 1,
    NotAllowed = 2,
    NetworkUnreachable = 3,
    HostUnreachable = 4,
    Refused = 5,
    TimedOut = 6,
    CommandNotSupported = 7,
    AddressNotSupported = 8,
}

/// What a client wants that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Something else than to connect.
    Command,
    /// Something else than a name or an IPv4 address.
    AddressKind,
    /// A name that is none.
    Address,
}

/// The credential is that of a vantage.
pub(super) const WELCOME: [u8; 2] = [1, 0];
/// It is not.
pub(super) const NOT_WELCOME: [u8; 2] = [1, 1];

const VERSION: u8 = 5;
const USER_NAME: u8 = 2;
const NO_METHOD: u8 = 0xff;

impl Reply {
    /// The reply, with an address that means nothing.
    pub(super) const fn bytes(self) -> [u8; 10] {
        [VERSION, self as u8, 0, 1, 0, 0, 0, 0, 0, 0]
    }
}

/// Offers and reads a user name; none if the client cannot give one, which it has been told.
pub(super) async fn credential<S>(client: &mut S) -> io::Result<Option<Credential>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if client.read_u8().await? != VERSION {
        return Ok(None);
    }
    let methods = string(client).await?;
    if !methods.contains(&USER_NAME) {
        client.write_all(&[VERSION, NO_METHOD]).await?;
        return Ok(None);
    }
    client.write_all(&[VERSION, USER_NAME]).await?;
    if client.read_u8().await? != 1 {
        return Ok(None);
    }
    let (user, password) = (string(client).await?, string(client).await?);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ok(Some(Credential {
        user: text(&user),
        password: text(&password),
    }))
}

/// Reads where to.
pub(super) async fn request<S>(client: &mut S) -> io::Result<Result<(String, u16), Wrong>>
where
    S: AsyncRead + Unpin,
{
    let (version, command) = (client.read_u8().await?, client.read_u8().await?);
    let (_reserved, kind) = (client.read_u8().await?, client.read_u8().await?);
    if version != VERSION {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let host = match kind {
        1 => Ok(Ipv4Addr::from(client.read_u32().await?).to_string()),
        3 => {
            let name = String::from_utf8(string(client).await?);
            let is_name =
                |name: &String| !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic());
            name.ok().filter(is_name).ok_or(Wrong::Address)
        }
        4 => {
            client.read_u128().await?;
            Err(Wrong::AddressKind)
        }
        _ => return Ok(Err(Wrong::AddressKind)),
    };
    let port = client.read_u16().await?;
    Ok(match command {
        1 => host.map(|host| (host, port)),
        _ => Err(Wrong::Command),
    })
}

/// A length, and so many bytes.
async fn string<S>(client: &mut S) -> io::Result<Vec<u8>>
where
    S: AsyncRead + Unpin,
{
    let length = client.read_u8().await?;
    let mut bytes = vec![0; usize::from(length)];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of the bytes of a client that then closes: what it was told, and what it asked for.
    async fn talk(bytes: &[u8]) -> (Vec<u8>, String) {
        let (mut near, mut far) = tokio::io::duplex(1 << 15);
        far.write_all(bytes).await.unwrap();
        far.shutdown().await.unwrap();
        let outcome = match credential(&mut near).await {
            Err(error) => format!("{:?}", error.kind()),
            Ok(None) => "turned away".to_owned(),
            Ok(Some(who)) => match request(&mut near).await {
                Err(error) => format!("{} {:?}", who.user, error.kind()),
                Ok(asked) => format!("{} {asked:?}", who.user),
            },
        };
        drop(near);
        let mut told = Vec::new();
        far.read_to_end(&mut told).await.unwrap();
        (told, outcome)
    }

    #[tokio::test]
    async fn clients_say_all_kinds_of_things() {
        let hello = [&[5, 2, 0, 2][..], b"\x01\x06vm:app\x00"].concat();
        let then = |rest: &[u8]| [&hello[..], rest].concat();
        let cases: [(&str, Vec<u8>, &[u8], &str); 18] = [
            ("nothing", vec![], &[], "UnexpectedEof"),
            (
                "SOCKS4",
                vec![4, 1, 0, 80, 1, 2, 3, 4, 0],
                &[],
                "turned away",
            ),
            (
                "HTTP",
                b"CONNECT x:1 HTTP/1.1\r\n\r\n".to_vec(),
                &[],
                "turned away",
            ),
            (
                "methods that do not come",
                vec![5, 9, 0],
                &[],
                "UnexpectedEof",
            ),
            ("no methods", vec![5, 0], &[5, 0xff], "turned away"),
            (
                "nobody in particular",
                vec![5, 1, 0],
                &[5, 0xff],
                "turned away",
            ),
            ("Kerberos", vec![5, 1, 1], &[5, 0xff], "turned away"),
            (
                "a credential of another kind",
                vec![5, 1, 2, 7, 0, 0],
                &[5, 2],
                "turned away",
            ),
            (
                "half a name",
                vec![5, 1, 2, 1, 9, b'v'],
                &[5, 2],
                "UnexpectedEof",
            ),
            (
                "a name and no more",
                hello.clone(),
                &[5, 2],
                "vm:app UnexpectedEof",
            ),
            (
                "an address",
                then(&[5, 1, 0, 1, 10, 9, 1, 4, 5, 0x99]),
                &[5, 2],
                "vm:app Ok((\"10.9.1.4\", 1433))",
            ),
            (
                "a name",
                then(b"\x05\x01\x00\x03\x03mi1\x05\x99"),
                &[5, 2],
                "vm:app Ok((\"mi1\", 1433))",
            ),
            (
                "an empty name",
                then(&[5, 1, 0, 3, 0, 5, 0x99]),
                &[5, 2],
                "vm:app Err(Address)",
            ),
            (
                "a name with a line",
                then(b"\x05\x01\x00\x03\x03a\nb\x05\x99"),
                &[5, 2],
                "vm:app Err(Address)",
            ),
            (
                "IPv6",
                then(&[&[5, 1, 0, 4][..], &[0; 16], &[5, 0x99]].concat()),
                &[5, 2],
                "vm:app Err(AddressKind)",
            ),
            (
                "an unknown kind",
                then(&[5, 1, 0, 9, 1]),
                &[5, 2],
                "vm:app Err(AddressKind)",
            ),
            (
                "to be connected to",
                then(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]),
                &[5, 2],
                "vm:app Err(Command)",
            ),
            (
                "another version",
                then(&[4, 1, 0, 1, 0, 0, 0, 0, 0, 0]),
                &[5, 2],
                "vm:app InvalidData",
            ),
        ];
        for (what, bytes, told, outcome) in cases {
            let found = talk(&bytes).await;
            assert_eq!(found, (told.to_vec(), outcome.to_owned()), "{what}");
        }
    }

    #[test]
    fn hostile_bytes_are_read_or_refused() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let text = || prop::collection::vec(any::<u8>(), 0..12);
        let counted = |bytes: Vec<u8>| [vec![bytes.len() as u8], bytes].concat();
        let place = prop_oneof![
            any::<[u8; 4]>().prop_map(|address| [&[1][..], &address].concat()),
            "[a-z.]{1,20}".prop_map(move |name| [vec![3], counted(name.into_bytes())].concat()),
            any::<[u8; 16]>().prop_map(|address| [&[4][..], &address].concat()),
        ];
        let whole = (text(), text(), 1..4_u8, place, any::<[u8; 2]>());
        let whole = whole.prop_map(move |(user, password, command, place, port)| {
            let who = [vec![1], counted(user), counted(password)].concat();
            [&[5, 2, 0, 2][..], &who, &[5, command, 0], &place, &port].concat()
        });
        milink_hostile::bytes("socks", 400, whole, |input| {
            let (told, outcome) = runtime.block_on(talk(input));
            assert!(
                [&[][..], &[5, 0xff], &[5, 2]].contains(&&told[..]),
                "{told:?}"
            );
            // A name that was taken is one that can be looked up.
            if let Some((_, asked)) = outcome.split_once("Ok(Ok((\"") {
                assert!(!asked.starts_with('"'), "{outcome}");
            }
        });
    }
}
