//! Connections that come to nothing, by the machine they come from.
//!
//! A handshake costs more than anything else that a stranger can ask for. A machine that has made many
//! of them for nothing in a minute is heard once a second until the minute is over, before any
//! handshake: an honest agency behind the same address still gets through.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use crate::admission;
use crate::minute::MinuteWindow;

/// Connections of one machine that may come to nothing in a minute.
const FREE: u32 = 30;
/// How often a machine beyond that is heard.
const EVERY: Duration = Duration::from_secs(1);
/// Most machines kept apart; further ones are bounded by the handshakes at once alone.
const MOST: usize = 4_096;

struct Machine {
    failed: u32,
    heard: Instant,
}

pub(super) struct HandshakeLimiter {
    window: MinuteWindow,
    machines: HashMap<IpAddr, Machine>,
}

impl HandshakeLimiter {
    pub(super) fn new(now: Instant) -> Self {
        Self { window: MinuteWindow::new(now), machines: HashMap::new() }
    }

    /// Whether a connection from there may begin its handshake.
    pub(super) fn allows(&mut self, from: &Multiaddr, now: Instant) -> bool {
        self.forget(now);
        let machine = machine(from).and_then(|machine| self.machines.get_mut(&machine));
        let Some(machine) = machine else { return true };
        if machine.failed <= FREE {
            return true;
        }
        let may = now.duration_since(machine.heard) >= EVERY;
        if may {
            machine.heard = now;
        }
        may
    }

    /// A connection from there came to nothing.
    pub(super) fn failed(&mut self, from: &Multiaddr, now: Instant) {
        self.forget(now);
        let Some(machine) = machine(from) else { return };
        if self.machines.len() >= MOST && !self.machines.contains_key(&machine) {
            return;
        }
        let machine = self.machines.entry(machine).or_insert(Machine { failed: 0, heard: now });
        machine.failed = machine.failed.saturating_add(1);
    }

    fn forget(&mut self, now: Instant) {
        if self.window.is_over(now) {
            *self = Self::new(now);
        }
    }
}

/// The machine of an address, as it is told apart everywhere.
fn machine(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(admission::machine(ip.into())),
        Protocol::Ip6(ip) => Some(admission::machine(ip.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_limiter_for_nothing_again_and_again_is_heard_once_a_second_for_a_minute() {
        let start = Instant::now();
        let mut limiter = HandshakeLimiter::new(start);
        let (one, other): (Multiaddr, Multiaddr) = (
            "/ip4/203.0.113.5/tcp/4001".parse().unwrap(),
            "/ip4/203.0.113.6/tcp/4001".parse().unwrap(),
        );
        for _ in 0..FREE {
            assert!(limiter.allows(&one, start));
            limiter.failed(&one, start);
        }
        assert!(limiter.allows(&one, start));
        limiter.failed(&one, start);
        assert!(!limiter.allows(&one, start));
        assert!(limiter.allows(&other, start), "another machine is not held to it");
        assert!(limiter.allows(&one, start + EVERY));
        assert!(!limiter.allows(&one, start + EVERY));
        assert!(limiter.allows(&one, start + crate::minute::MINUTE), "forgotten after a minute");
        assert!(limiter.allows(&one, start + crate::minute::MINUTE));
    }

    #[test]
    fn machines_of_one_ipv6_network_are_one() {
        let start = Instant::now();
        let mut limiter = HandshakeLimiter::new(start);
        for n in 0..=FREE {
            limiter.failed(&format!("/ip6/2001:db8::{n:x}/tcp/4001").parse().unwrap(), start);
        }
        assert!(!limiter.allows(&"/ip6/2001:db8::ffff/tcp/4001".parse().unwrap(), start));
    }

    #[test]
    fn machines_of_mapped_addresses_are_told_apart() {
        let start = Instant::now();
        let mut limiter = HandshakeLimiter::new(start);
        let mapped = |ip: &str| format!("/ip6/::ffff:{ip}/tcp/4001").parse().unwrap();
        for _ in 0..=FREE {
            limiter.failed(&mapped("203.0.113.5"), start);
        }
        assert!(!limiter.allows(&"/ip4/203.0.113.5/tcp/4001".parse().unwrap(), start));
        assert!(limiter.allows(&mapped("203.0.113.6"), start));
    }
}
