//! Places for connections of whom nothing is known yet: handshakes, and sockets that stand idle.
//!
//! A stranger costs a socket and memory for as long as it says nothing. So one machine has a few places,
//! some are kept for machines that are known (by a card, or because they proved who they are before), and
//! when there is none left the oldest idle one goes, of the machine that has most. An honest peer or source
//! thus has a place as long as strangers do not come from as many machines as there are places.

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;

/// Most machines that are remembered as known.
const MOST_KNOWN: usize = 1_024;

/// How many connections have a place.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// In all.
    pub all: usize,
    /// Those of them that only known machines are given.
    pub known: usize,
    /// From one machine; of IPv6 from the network that one machine is given (/64).
    pub from_one: usize,
}

/// Who has a place.
#[derive(Debug)]
pub struct Admission {
    bounds: Places,
    held: Mutex<Held>,
    turned_away: AtomicU64,
    ended: AtomicU64,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    /// By age, the oldest first.
    places: BTreeMap<u64, Place>,
    /// Machines that proved who they are, by when.
    known: HashMap<IpAddr, u64>,
}

#[derive(Debug)]
struct Place {
    machine: IpAddr,
    known: bool,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    ended: AtomicBool,
    busy: AtomicBool,
    waker: AtomicWaker,
}

/// How many connections there are, and what became of others since the node started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionCounts {
    /// That have a place now.
    pub open: u64,
    /// For which there was none.
    pub turned_away: u64,
    /// That stood idle and were ended for the sake of others.
    pub ended: u64,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    admission: Arc<Admission>,
    number: u64,
    state: Arc<State>,
}

/// The machine of an address; of IPv6 the network that one machine is given.
#[must_use]
pub fn machine(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => four.into(),
            None => {
                let [a, b, c, d, ..] = six.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        },
    }
}

impl Held {
    fn known(&self, machine: IpAddr) -> bool {
        self.known.contains_key(&machine)
    }

    /// The oldest place that is idle, among those `of` chooses, of the machine that has most of them.
    fn oldest(&self, of: impl Fn(&Place) -> bool) -> Option<u64> {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for place in self.places.values().filter(|place| of(place)) {
            let count = counts.entry(place.machine).or_default();
            *count = count.saturating_add(1);
        }
        let idle = self.places.iter().filter(|(_, place)| of(place) && !place.is_busy());
        // The first of those with the most: places are in order of age.
        let mut oldest: Option<(u64, usize)> = None;
        for (number, place) in idle {
            let count = counts.get(&place.machine).copied().unwrap_or(0);
            if oldest.is_none_or(|(_, most)| count > most) {
                oldest = Some((*number, count));
            }
        }
        oldest.map(|(number, _)| number)
    }

    fn count(&self, of: impl Fn(&Place) -> bool) -> usize {
        self.places.values().filter(|place| of(place)).count()
    }
}

impl Place {
    fn is_busy(&self) -> bool {
        self.state.busy.load(Ordering::Relaxed)
    }
}

impl Admission {
    /// With so many places.
    #[must_use]
    pub fn new(bounds: Places) -> Arc<Self> {
        let (turned_away, ended) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { bounds, held: Mutex::default(), turned_away, ended })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from there; `known` if a card names it. `None` if there is none.
    #[must_use]
    pub fn admit(self: &Arc<Self>, from: IpAddr, known: bool) -> Option<Seat> {
        let Places { all, known: kept, from_one } = self.bounds;
        let machine = machine(from);
        let mut held = self.held();
        let known = known || held.known(machine);
        let of_machine = |place: &Place| place.machine == machine;
        let stranger = |place: &Place| !place.known;
        if held.count(of_machine) >= from_one {
            let oldest = held.oldest(of_machine);
            self.end(&mut held, oldest)?;
        }
        if known {
            if held.places.len() >= all {
                let oldest = held.oldest(stranger).or_else(|| held.oldest(|_| true));
                self.end(&mut held, oldest)?;
            }
        } else if held.count(stranger) >= all.saturating_sub(kept) {
            let oldest = held.oldest(stranger);
            self.end(&mut held, oldest)?;
        }
        let (number, state) = (held.next, Arc::<State>::default());
        held.next = number.saturating_add(1);
        held.places.insert(number, Place { machine, known, state: state.clone() });
        Some(Seat { admission: self.clone(), number, state })
    }

    /// Ends one for the sake of another; `None` if there is none to end, and the other is turned away.
    fn end(&self, held: &mut Held, number: Option<u64>) -> Option<()> {
        let place = number.and_then(|number| held.places.remove(&number));
        let Some(place) = place else {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        place.state.ended.store(true, Ordering::Release);
        place.state.waker.wake();
        self.ended.fetch_add(1, Ordering::Relaxed);
        Some(())
    }

    /// Somebody proved there who they are.
    pub fn knows(&self, from: IpAddr) {
        let mut held = self.held();
        let now = held.next;
        held.next = now.saturating_add(1);
        if held.known.len() >= MOST_KNOWN
            && let Some(oldest) = held.known.iter().min_by_key(|(_, when)| **when)
        {
            let oldest = *oldest.0;
            held.known.remove(&oldest);
        }
        held.known.insert(machine(from), now);
    }

    /// What is counted.
    #[must_use]
    pub fn counts(&self) -> AdmissionCounts {
        AdmissionCounts {
            open: self.held().places.len() as u64,
            turned_away: self.turned_away.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
        }
    }
}

impl Seat {
    /// While something is being served there it is not idle, and does not end for the sake of others.
    pub fn set_busy(&self, busy: bool) {
        self.state.busy.store(busy, Ordering::Relaxed);
    }

    /// Who waits until it ends for the sake of others.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(self.state.clone())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.admission.held().places.remove(&self.number);
    }
}

/// Tells when a place is taken away. One at a time can wait.
#[derive(Debug, Clone)]
pub struct Watch(Arc<State>);

impl Watch {
    /// Ready once the place is taken away.
    pub fn poll_ended(&self, cx: &Context<'_>) -> Poll<()> {
        if self.0.ended.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        self.0.waker.register(cx.waker());
        if self.0.ended.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whether it is taken away.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Acquire)
    }

    /// Ends once the place is taken away.
    pub async fn ended(&self) {
        poll_fn(|cx| self.poll_ended(cx)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn places(all: usize, known: usize, from_one: usize) -> Arc<Admission> {
        Admission::new(Places { all, known, from_one })
    }

    #[test]
    fn one_machine_has_its_places_and_its_oldest_idle_one_goes() {
        let admission = places(100, 10, 3);
        let mine: Vec<Seat> =
            (0..3).map(|_| admission.admit(ip("192.0.2.1"), false).expect("a place")).collect();
        mine[0].set_busy(true);
        let fourth = admission.admit(ip("192.0.2.1"), false).expect("a place");
        let ended: Vec<bool> = mine.iter().map(|seat| seat.watch().has_ended()).collect();
        assert_eq!(ended, [false, true, false], "the oldest that serves nothing");
        for seat in [&mine[2], &fourth] {
            seat.set_busy(true);
        }
        assert!(admission.admit(ip("192.0.2.1"), false).is_none(), "all of them are served");
        assert!(admission.admit(ip("192.0.2.2"), false).is_some());
        assert_eq!(admission.counts().turned_away, 1);
    }

    #[test]
    fn strangers_leave_places_for_whom_is_known_and_make_room_by_the_machine_that_has_most() {
        let admission = places(8, 2, 4);
        let strangers: Vec<Seat> = (0..6)
            .map(|n| admission.admit(ip(&format!("192.0.2.{}", n / 4)), false).expect("a place"))
            .collect();
        let new = admission.admit(ip("192.0.2.9"), false).expect("a place");
        let ended: Vec<bool> = strangers.iter().map(|seat| seat.watch().has_ended()).collect();
        assert_eq!(ended, [true, false, false, false, false, false]);
        let peers: Vec<Seat> = (0..2)
            .map(|n| admission.admit(ip(&format!("198.51.100.{n}")), true).expect("a place"))
            .collect();
        assert_eq!(admission.counts().open, 8);
        let third = admission.admit(ip("198.51.100.7"), true).expect("a stranger's place");
        assert!(![&new, &third, &peers[0], &peers[1]].iter().any(|seat| seat.watch().has_ended()));
        drop(peers);
        admission.knows(ip("203.0.113.5"));
        assert!(admission.admit(ip("203.0.113.5"), false).is_some(), "seen before");
    }

    #[test]
    fn a_network_of_ipv6_is_one_machine_and_a_mapped_address_is_its_own() {
        assert_eq!(machine(ip("2001:db8::1")), machine(ip("2001:db8::ffff:1")));
        assert_ne!(machine(ip("2001:db8::1")), machine(ip("2001:db8:0:1::1")));
        assert_eq!(machine(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }

    #[tokio::test]
    async fn who_waits_hears_that_the_place_is_taken_away() {
        let admission = places(1, 0, 1);
        let seat = admission.admit(ip("192.0.2.1"), false).expect("a place");
        let watch = seat.watch();
        let waiting = tokio::spawn(async move { watch.ended().await });
        tokio::task::yield_now().await;
        let _next = admission.admit(ip("192.0.2.2"), false).expect("a place");
        waiting.await.expect("it hears");
    }
}
