//! The network namespace's own interface and routes, asked of the kernel by netlink.

use std::io;
use std::net::Ipv4Addr;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

/// The number of `lo` in a network namespace.
const LOOPBACK: u32 = 1;
const NEW_LINK: u16 = 16;
const NEW_ROUTE: u16 = 24;
/// Attributes of a route: where it leads to, and through what.
const DESTINATION: u16 = 1;
const INTERFACE: u16 = 4;
/// Wants an answer.
const REQUEST: u16 = 1 | 4;
/// Makes something that is not there.
const CREATE: u16 = 0x400;
/// The kind of an answer: an error, or 0.
const ERROR: u16 = 2;

/// Brings `lo` up, and sends there whatever is for no address of this machine. What comes back from `lo` is for somebody else then,
/// and dropped: the kernel passes nothing on. So nothing answers, as where no packet arrives.
pub(super) fn swallow_everything() -> io::Result<()> {
    let up = [
        &[0_u8, 0, 0, 0][..],
        &LOOPBACK.to_ne_bytes(),
        // The flag "up", and that it is to change.
        &1_u32.to_ne_bytes(),
        &1_u32.to_ne_bytes(),
    ];
    ask(NEW_LINK, REQUEST, &up.concat())?;
    // IPv4, any address, the main table, made at start, scope of the link, to somebody.
    let route = [2_u8, 0, 0, 0, 254, 3, 253, 1, 0, 0, 0, 0];
    ask(
        NEW_ROUTE,
        REQUEST | CREATE,
        &[&route[..], &through()].concat(),
    )
}

/// Makes an address one of this machine.
pub(super) fn take_address(address: Ipv4Addr) -> io::Result<()> {
    // IPv4, one address, the local table, made at start, scope of the host, local.
    let route = [2_u8, 32, 0, 0, 255, 3, 254, 2, 0, 0, 0, 0];
    let to = [
        &8_u16.to_ne_bytes()[..],
        &DESTINATION.to_ne_bytes(),
        &address.octets(),
    ];
    let body = [&route[..], &to.concat(), &through()].concat();
    ask(NEW_ROUTE, REQUEST | CREATE, &body)
}

/// The attribute that names the interface of a route.
fn through() -> Vec<u8> {
    [
        &8_u16.to_ne_bytes()[..],
        &INTERFACE.to_ne_bytes(),
        &LOOPBACK.to_ne_bytes(),
    ]
    .concat()
}

fn ask(kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    // No protocol is that of routes.
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let length = u32::try_from(16 + body.len()).map_err(io::Error::other)?;
    let message = [
        &length.to_ne_bytes()[..],
        &kind.to_ne_bytes(),
        &flags.to_ne_bytes(),
        &1_u32.to_ne_bytes(),
        &0_u32.to_ne_bytes(),
        body,
    ];
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, &message.concat(), SendFlags::empty(), &kernel)?;
    let mut answer = [0_u8; 1024];
    let (length, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    let answer = &answer[..length];
    let is_error = answer.get(4..6) == Some(&ERROR.to_ne_bytes()[..]);
    let code = answer.get(16..20).and_then(|bytes| bytes.try_into().ok());
    match code.map(i32::from_ne_bytes) {
        Some(0) if is_error => Ok(()),
        Some(code) if is_error => Err(io::Error::from_raw_os_error(code.saturating_neg())),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
