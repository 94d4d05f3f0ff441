//! The machines that cards of peers name: read out of the cards once for each registry, since it is asked
//! of every connection before anything is known of it.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use registry::State;
use schemas::address::host_of;

/// Which machines are named, as of the registry that was looked at last.
#[derive(Default)]
pub(super) struct NamedMachines(Mutex<Option<(u64, HashSet<IpAddr>)>>);

impl NamedMachines {
    /// Whether the card of a peer that is not blocked names this machine.
    pub(super) fn holds(&self, state: &State, ip: IpAddr) -> bool {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*named {
            Some((generation, machines)) if *generation == state.generation() => {
                machines.contains(&ip)
            }
            _ => {
                let open = state.peers.values().filter(|peer| peer.blocked.is_none());
                let addresses = open.flat_map(|peer| &peer.card.value.addresses);
                let machines: HashSet<_> =
                    addresses.filter_map(|address| host_of(address.as_str())).collect();
                let holds = machines.contains(&ip);
                *named = Some((state.generation(), machines));
                holds
            }
        }
    }
}
