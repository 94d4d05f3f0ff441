//! Whose turn it is: peers share what this node can do, and none takes it from the others.
//!
//! A conversation that a peer opens waits for its turn. Alone, a peer may have many under way; as
//! soon as others are there too, all share a small number equally, so that an honest peer waits
//! behind few, whatever a flood brings. Beside that, two things are bounded for each peer: bytes of
//! answers that it was given and does not read, and what it causes to be logged without a result:
//! refusals, deliveries again, what proves nothing. Nothing here decides what is answered, and
//! nothing here is lost in a crash that matters: everything is counted anew.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemas::agency::AgencyId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

/// Most conversations under way of a peer that is alone.
const ALONE: usize = 64;
/// What all share once there are several.
const TOGETHER: usize = 8;
/// What a peer may always have.
const LEAST: usize = 2;
/// Most in all; beyond it a peer has only [`LEAST`].
const MOST: usize = 128;
/// How long a peer counts as being there after its last conversation.
const THERE: Duration = Duration::from_secs(5);
/// Bytes of answers to one peer that may be under way, in KiB.
const ROOM_KIB: u32 = 64 * 1_024;
/// How long an answer waits for that room.
const ROOM_WAIT: Duration = Duration::from_secs(20);
const MINUTE: Duration = Duration::from_secs(60);

/// Takes and gives turns. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<All>>);

#[derive(Default)]
struct All {
    running: usize,
    lines: HashMap<AgencyId, Line>,
    /// Peers with somebody waiting, the next one first.
    order: VecDeque<AgencyId>,
}

/// What is known of one peer. There are no more of them than cards.
struct Line {
    running: usize,
    waiting: VecDeque<oneshot::Sender<()>>,
    last: Instant,
    room: Arc<Semaphore>,
    /// What had no result in the minute that began then.
    fruitless: (Instant, u32),
}

impl Line {
    fn new(now: Instant) -> Self {
        Self {
            running: 0,
            waiting: VecDeque::new(),
            last: now,
            room: Arc::new(Semaphore::new(ROOM_KIB as usize)),
            fruitless: (now, 0),
        }
    }

    fn is_there(&self, now: Instant) -> bool {
        self.running > 0 || !self.waiting.is_empty() || now.duration_since(self.last) < THERE
    }
}

impl All {
    fn line(&mut self, peer: &AgencyId, now: Instant) -> &mut Line {
        self.lines.entry(peer.clone()).or_insert_with(|| Line::new(now))
    }

    /// How many a peer may have under way now.
    fn share(&self, now: Instant) -> usize {
        let there = self.lines.values().filter(|line| line.is_there(now)).count();
        if there <= 1 { ALONE } else { (TOGETHER / there).max(LEAST) }
    }

    /// Lets begin whoever may, one of each peer after the other.
    fn go_on(&mut self) {
        let now = Instant::now();
        let share = self.share(now);
        let mut looked_at = 0;
        while looked_at < self.order.len() {
            let Some(peer) = self.order.pop_front() else { return };
            let most = if self.running < MOST { share } else { LEAST };
            let Some(line) = self.lines.get_mut(&peer) else { continue };
            if line.running >= most {
                looked_at = looked_at.saturating_add(1);
                self.order.push_back(peer);
                continue;
            }
            let began = line.waiting.pop_front().is_some_and(|next| next.send(()).is_ok());
            if began {
                line.running = line.running.saturating_add(1);
                line.last = now;
                self.running = self.running.saturating_add(1);
                looked_at = 0;
            }
            if !line.waiting.is_empty() {
                self.order.push_back(peer);
            }
        }
    }

    fn ended(&mut self, peer: &AgencyId) {
        self.running = self.running.saturating_sub(1);
        if let Some(line) = self.lines.get_mut(peer) {
            line.running = line.running.saturating_sub(1);
            line.last = Instant::now();
        }
        self.go_on();
    }
}

/// A turn, until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    peer: AgencyId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.all().ended(&self.peer);
    }
}

/// Waits for a turn; gives it back when it is dropped between getting it and taking it.
struct Waiting {
    turns: Turns,
    peer: AgencyId,
    begins: oneshot::Receiver<()>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.begins.close();
        if self.begins.try_recv().is_ok() {
            self.turns.all().ended(&self.peer);
        }
    }
}

impl Turns {
    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The peer's next turn.
    pub(super) async fn take(&self, peer: &AgencyId) -> Turn {
        let (begin, begins) = oneshot::channel();
        {
            let mut all = self.all();
            let line = all.line(peer, Instant::now());
            line.waiting.push_back(begin);
            if line.waiting.len() == 1 {
                all.order.push_back(peer.clone());
            }
            all.go_on();
        }
        let mut waiting = Waiting { turns: self.clone(), peer: peer.clone(), begins };
        // The sender stands in a line and is not dropped before it has sent.
        drop((&mut waiting.begins).await);
        Turn { turns: self.clone(), peer: peer.clone() }
    }

    /// Room for an answer of about so many bytes, until it is dropped; `None` when the peer does not
    /// read what it was given.
    pub(super) async fn room(&self, peer: &AgencyId, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let room = self.all().line(peer, Instant::now()).room.clone();
        let kib = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX).clamp(1, ROOM_KIB);
        let waiting = room.acquire_many_owned(kib);
        tokio::time::timeout(ROOM_WAIT, waiting).await.ok()?.ok()
    }

    /// Counts something of this peer that was logged without a result.
    pub(super) fn fruitless(&self, peer: &AgencyId) {
        self.fruitless_at(peer, Instant::now());
    }

    fn fruitless_at(&self, peer: &AgencyId, now: Instant) {
        let mut all = self.all();
        let (since, count) = &mut all.line(peer, now).fruitless;
        if now.duration_since(*since) >= MINUTE {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
    }

    /// Whether a peer has had as many as `most` of those in this minute.
    pub(super) fn exhausted(&self, peer: &AgencyId, most: u32) -> bool {
        self.exhausted_at(peer, most, Instant::now())
    }

    fn exhausted_at(&self, peer: &AgencyId, most: u32, now: Instant) -> bool {
        let all = self.all();
        all.lines.get(peer).is_some_and(|line| {
            let (since, count) = line.fruitless;
            count >= most && now.duration_since(since) < MINUTE
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn id(text: &str) -> AgencyId {
        text.parse().unwrap()
    }

    /// Turns of `peer` that begin at once, until one would have to wait.
    fn at_once(turns: &Turns, peer: &AgencyId) -> Vec<Turn> {
        std::iter::from_fn(|| turns.take(peer).now_or_never()).collect()
    }

    #[test]
    fn a_peer_alone_has_many_turns_and_shares_them_once_another_comes() {
        let turns = Turns::default();
        let (flooding, honest) = (id("flooding-ca-pd"), id("honest-ca-pd"));
        let flood = at_once(&turns, &flooding);
        assert_eq!(flood.len(), ALONE);
        let begun = at_once(&turns, &honest);
        assert_eq!(begun.len(), TOGETHER / 2, "who comes later waits for nobody");
        drop(flood);
        assert_eq!(at_once(&turns, &flooding).len(), TOGETHER / 2);
        drop(begun);
        let now = Instant::now();
        assert_eq!(turns.all().share(now), TOGETHER / 2);
        assert_eq!(turns.all().share(now + THERE), ALONE, "alone again");
    }

    #[tokio::test]
    async fn whoever_waits_is_served_in_turn_and_who_gives_up_takes_no_place() {
        let turns = Turns::default();
        let (one, two) = (id("one-ca-pd"), id("two-ca-pd"));
        let held = [at_once(&turns, &one), at_once(&turns, &two)];
        let mut waits = std::pin::pin!(turns.take(&one));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(held);
        drop(waits.await);
        assert_eq!(turns.all().running, 0);
        assert!(turns.all().order.is_empty());
    }

    #[test]
    fn many_peers_each_have_the_least() {
        let turns = Turns::default();
        let mut held = Vec::new();
        for n in 0..100 {
            let begun = at_once(&turns, &id(&format!("peer-{n:03}-ca-pd")));
            assert!(begun.len() >= LEAST, "{n}: {}", begun.len());
            held.push(begun);
        }
    }

    #[test]
    fn what_has_no_result_is_bounded_by_the_minute() {
        let (turns, now) = (Turns::default(), Instant::now());
        let (flooding, honest) = (id("flooding-ca-pd"), id("honest-ca-pd"));
        for _ in 0..3 {
            assert!(!turns.exhausted_at(&flooding, 3, now));
            turns.fruitless_at(&flooding, now);
        }
        assert!(turns.exhausted_at(&flooding, 3, now));
        assert!(!turns.exhausted_at(&honest, 3, now));
        assert!(!turns.exhausted_at(&flooding, 3, now + MINUTE * 2));
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_gets_no_more() {
        let turns = Turns::default();
        let (deaf, honest) = (id("deaf-ca-pd"), id("honest-ca-pd"));
        let held = turns.room(&deaf, 64 << 20).await;
        assert!(held.is_some());
        assert!(turns.room(&deaf, 1).now_or_never().is_none());
        assert!(turns.room(&honest, 1).await.is_some());
        drop(held);
        assert!(turns.room(&deaf, 1).await.is_some());
    }
}
