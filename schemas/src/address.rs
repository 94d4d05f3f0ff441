//! Addresses at which nodes are reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest address of a card, in bytes: an IPv6 address with its port has at most 54.
pub const LONGEST: usize = 64;

/// Whether `text` is a multiaddress that peers can dial: the IP address of one machine and a port of
/// TCP, as `/ip4/203.0.113.5/tcp/7420`, and nothing else.
#[must_use]
pub fn is_dialable(text: &str) -> bool {
    let mut parts = text.split('/');
    let machine = match (parts.next(), parts.next(), parts.next()) {
        (Some(""), Some("ip4"), Some(ip)) => ip
            .parse::<Ipv4Addr>()
            .is_ok_and(|ip| !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast()),
        (Some(""), Some("ip6"), Some(ip)) => {
            ip.parse::<Ipv6Addr>().is_ok_and(|ip| !ip.is_unspecified() && !ip.is_multicast())
        }
        _ => false,
    };
    let (Some("tcp"), Some(port), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    machine && text.len() <= LONGEST && digits && port.parse::<u16>().is_ok_and(|port| port != 0)
}

/// The machine of an address that peers can dial.
#[must_use]
pub fn host_of(text: &str) -> Option<IpAddr> {
    let mut parts = text.split('/').skip(1);
    match (parts.next()?, parts.next()?) {
        ("ip4", ip) => ip.parse().ok().map(IpAddr::V4),
        ("ip6", ip) => ip.parse().ok().map(IpAddr::V6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{host_of, is_dialable};

    #[test]
    fn an_address_names_its_machine() {
        assert_eq!(host_of("/ip4/203.0.113.5/tcp/7420"), "203.0.113.5".parse().ok());
        assert_eq!(host_of("/ip6/2001:db8::5/tcp/7420"), "2001:db8::5".parse().ok());
        assert_eq!(host_of("/dns4/node.example/tcp/7420"), None);
        assert_eq!(host_of(""), None);
    }

    #[test]
    fn only_an_address_of_one_machine_can_be_dialled() {
        for (text, dialable) in [
            ("/ip4/203.0.113.5/tcp/7420", true),
            ("/ip4/127.0.0.1/tcp/7420", true),
            ("/ip6/2001:db8::5/tcp/7420", true),
            ("/ip4/203.0.113.5/udp/7420/quic-v1", false),
            ("/ip4/0.0.0.0/tcp/7420", false),
            ("/ip6/::/tcp/7420", false),
            ("/ip4/203.0.113.5/tcp/0", false),
            ("/ip4/203.0.113.5/udp/7420", false),
            ("/ip4/203.0.113.5", false),
            ("/dns4/node.example/tcp/7420", false),
            ("203.0.113.5:7420", false),
            ("", false),
            ("/ip4/203.0.113.5/tcp/+7420", false),
            ("/ip4/203.0.113.5/tcp/74200", false),
            ("/ip4/203.0.113.5/tcp/7420/", false),
            ("/ip4/255.255.255.255/tcp/7420", false),
            ("/ip6/ff02::1/tcp/7420", false),
            ("//ip4/203.0.113.5/tcp/7420", false),
            ("/ip6/2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/tcp/65535", true),
            ("/ip4/203.0.113.5/tcp/00000000000000000000000000000000000007420", false),
        ] {
            assert_eq!(is_dialable(text), dialable, "{text}");
        }
    }
}
