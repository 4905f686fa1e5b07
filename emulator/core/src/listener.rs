//! Listeners of availability groups: a DNS name and addresses that lead to the primary replica.

use std::net::{IpAddr, Ipv4Addr};

use uuid::Uuid;

use crate::names::Name;

/// A listener of a local group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// `listener_id`.
    pub id: Uuid,
    /// Its DNS name, without a domain.
    pub dns_name: Name,
    /// The port that it takes SQL clients on.
    pub port: u16,
    /// Where it listens.
    pub addresses: Vec<ListenerAddress>,
    /// Whether the addresses come from DHCP.
    pub dhcp: bool,
}

/// An address of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerAddress {
    /// The address.
    pub ip: IpAddr,
    /// Its subnet mask; IPv6 addresses have none.
    pub mask: Option<Ipv4Addr>,
}

impl Listener {
    /// Whether an address is online while `server` is the primary: of several subnets only the primary's is (page "Connect to
    /// an availability group listener"). If it is in none of them, the first is (guess); so is every address of IPv6, in which
    /// the model has no networks (guess).
    pub fn is_online(&self, address: &ListenerAddress, server: Ipv4Addr) -> bool {
        let v4 = || self.addresses.iter().filter(|other| other.ip.is_ipv4());
        let online = v4().find(|other| other.holds(server)).or(v4().next());
        address.ip.is_ipv6() || online.is_some_and(|online| online.ip == address.ip)
    }

    /// Whether it is online at an address while `server` is the primary.
    pub fn is_at(&self, ip: Ipv4Addr, server: Ipv4Addr) -> bool {
        let mut addresses = self.addresses.iter();
        addresses.any(|address| address.ip == ip && self.is_online(address, server))
    }

    /// Whether a host in a URL or a login means this listener: by an address, or by its name with any domain or none
    /// (guess: the model's DNS knows no domains).
    pub fn answers_to(&self, host: &str) -> bool {
        let label = host.split('.').next().unwrap_or(host);
        self.dns_name.is(label)
            || host
                .parse::<IpAddr>()
                .is_ok_and(|ip| self.addresses.iter().any(|address| address.ip == ip))
    }
}

impl ListenerAddress {
    /// Whether its subnet has an address.
    fn holds(&self, ip: Ipv4Addr) -> bool {
        let (IpAddr::V4(own), Some(mask)) = (self.ip, self.mask) else {
            return false;
        };
        u32::from(own) & u32::from(mask) == u32::from(ip) & u32::from(mask)
    }

    /// The length of the subnet's prefix, and its first address, for IPv4.
    pub fn subnet(&self) -> Option<(u32, Ipv4Addr)> {
        let (IpAddr::V4(ip), Some(mask)) = (self.ip, self.mask) else {
            return None;
        };
        let base = Ipv4Addr::from(u32::from(ip) & u32::from(mask));
        Some((u32::from(mask).count_ones(), base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_answers_to_its_name_and_addresses() {
        let address = ListenerAddress {
            ip: Ipv4Addr::new(10, 0, 0, 9).into(),
            mask: Some(Ipv4Addr::new(255, 255, 255, 0)),
        };
        let listener = Listener {
            id: Uuid::nil(),
            dns_name: Name::new("aglistener"),
            port: 1433,
            addresses: vec![address],
            dhcp: false,
        };
        for (host, answers) in [
            ("AGListener", true),
            ("aglistener.contoso.local", true),
            ("10.0.0.9", true),
            ("10.0.0.10", false),
            ("other.aglistener", false),
            ("", false),
        ] {
            assert_eq!(listener.answers_to(host), answers, "{host}");
        }
        let base = Ipv4Addr::new(10, 0, 0, 0);
        assert_eq!(address.subnet(), Some((24, base)));
    }

    #[test]
    fn one_subnet_of_a_listener_is_online() {
        let v4 = |third| ListenerAddress {
            ip: Ipv4Addr::new(10, 0, third, 9).into(),
            mask: Some(Ipv4Addr::new(255, 255, 255, 0)),
        };
        let v6 = ListenerAddress {
            ip: "fd00::9".parse().unwrap(),
            mask: None,
        };
        let listener = Listener {
            id: Uuid::nil(),
            dns_name: Name::new("aglistener"),
            port: 1433,
            addresses: vec![v6, v4(1), v4(2)],
            dhcp: false,
        };
        for (third, online) in [
            (1, [true, true, false]),
            (2, [true, false, true]),
            (3, [true, true, false]),
        ] {
            let server = Ipv4Addr::new(10, 0, third, 4);
            let seen = listener.addresses.iter();
            let seen: Vec<bool> = seen.map(|at| listener.is_online(at, server)).collect();
            assert_eq!(seen, online, "{server}");
            assert_eq!(
                listener.is_at(Ipv4Addr::new(10, 0, 2, 9), server),
                online[2]
            );
        }
    }
}
