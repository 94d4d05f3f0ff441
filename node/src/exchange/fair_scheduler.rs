//! Fair scheduling: peers share what this node can do, and none takes it from the others.
//!
//! A conversation that a peer opens waits for a permit. Alone, a peer may have many under way; as
//! soon as others are there too, all share a small number equally, so that an honest peer waits
//! behind few, whatever a flood brings. Beside that, two things are bounded for each peer: bytes of
//! answers that it was given and does not read, and strikes: what it causes to be logged without a
//! result, such as refusals, deliveries again, and what proves nothing. Whether a conversation will be
//! one of those is known only at its end, so a chance for it is set aside before it begins. Nothing
//! here decides what is answered, and nothing here is lost in a crash that matters: everything is
//! counted anew.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use schemas::agency::AgencyId;
use tokio::sync::{
    Mutex as AsyncMutex, Notify, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot,
};

use peer::minute::MinuteWindow;

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

/// Gives permits, fairly. Cheap to clone.
#[derive(Clone)]
pub(super) struct FairScheduler(Arc<Mutex<All>>);

#[derive(Default)]
struct All {
    /// Strikes of one peer in a minute.
    most_strikes: u32,
    running: usize,
    queues: HashMap<AgencyId, PeerQueue>,
    /// Peers with somebody waiting, the next one first.
    order: VecDeque<AgencyId>,
}

/// What is known of one peer. There are no more of them than cards.
struct PeerQueue {
    running: usize,
    waiting: VecDeque<oneshot::Sender<()>>,
    last: Instant,
    room: Arc<Semaphore>,
    /// What had no result.
    strikes: MinuteWindow,
    /// Conversations that may yet have none.
    chances: u32,
    /// A chance was given back.
    freed: Arc<Notify>,
    /// Whose document is being judged.
    document: Arc<AsyncMutex<()>>,
}

impl PeerQueue {
    fn new(now: Instant) -> Self {
        Self {
            running: 0,
            waiting: VecDeque::new(),
            last: now,
            room: Arc::new(Semaphore::new(ROOM_KIB as usize)),
            strikes: MinuteWindow::new(now),
            chances: 0,
            freed: Arc::default(),
            document: Arc::default(),
        }
    }

    fn is_there(&self, now: Instant) -> bool {
        self.running > 0 || !self.waiting.is_empty() || now.duration_since(self.last) < THERE
    }
}

impl All {
    fn queue(&mut self, peer: &AgencyId, now: Instant) -> &mut PeerQueue {
        self.queues.entry(peer.clone()).or_insert_with(|| PeerQueue::new(now))
    }

    /// How many a peer may have under way now.
    fn share(&self, now: Instant) -> usize {
        let there = self.queues.values().filter(|queue| queue.is_there(now)).count();
        if there <= 1 { ALONE } else { (TOGETHER / there).max(LEAST) }
    }

    /// Gives permits to those that may have one, one of each peer after the other.
    fn go_on(&mut self) {
        let now = Instant::now();
        let share = self.share(now);
        let mut looked_at = 0;
        while looked_at < self.order.len() {
            let Some(peer) = self.order.pop_front() else { return };
            let most = if self.running < MOST { share } else { LEAST };
            let Some(queue) = self.queues.get_mut(&peer) else { continue };
            if queue.running >= most {
                looked_at = looked_at.saturating_add(1);
                self.order.push_back(peer);
                continue;
            }
            let began = queue.waiting.pop_front().is_some_and(|next| next.send(()).is_ok());
            if began {
                queue.running = queue.running.saturating_add(1);
                queue.last = now;
                self.running = self.running.saturating_add(1);
                looked_at = 0;
            }
            if !queue.waiting.is_empty() {
                self.order.push_back(peer);
            }
        }
    }

    fn ended(&mut self, peer: &AgencyId) {
        self.running = self.running.saturating_sub(1);
        if let Some(queue) = self.queues.get_mut(peer) {
            queue.running = queue.running.saturating_sub(1);
            queue.last = Instant::now();
        }
        self.go_on();
    }
}

/// Leave to work on one conversation, until it is dropped.
pub(super) struct Permit {
    scheduler: FairScheduler,
    peer: AgencyId,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.scheduler.all().ended(&self.peer);
    }
}

/// Leave to cause something without a result, until it is dropped.
pub(super) struct Chance {
    scheduler: FairScheduler,
    peer: AgencyId,
}

impl Drop for Chance {
    fn drop(&mut self) {
        if let Some(queue) = self.scheduler.all().queues.get_mut(&self.peer) {
            queue.chances = queue.chances.saturating_sub(1);
            queue.freed.notify_waiters();
        }
    }
}

/// Waits for a permit; gives it back when it is dropped between getting it and taking it.
struct Waiting {
    scheduler: FairScheduler,
    peer: AgencyId,
    begins: oneshot::Receiver<()>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.begins.close();
        if self.begins.try_recv().is_ok() {
            self.scheduler.all().ended(&self.peer);
        }
    }
}

impl FairScheduler {
    /// A scheduler under which one peer may have so many strikes in a minute.
    pub(super) fn new(most_strikes: u32) -> Self {
        Self(Arc::new(Mutex::new(All { most_strikes, ..All::default() })))
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The peer's next permit.
    pub(super) async fn permit(&self, peer: &AgencyId) -> Permit {
        let (begin, begins) = oneshot::channel();
        {
            let mut all = self.all();
            let queue = all.queue(peer, Instant::now());
            queue.waiting.push_back(begin);
            if queue.waiting.len() == 1 {
                all.order.push_back(peer.clone());
            }
            all.go_on();
        }
        let mut waiting = Waiting { scheduler: self.clone(), peer: peer.clone(), begins };
        // The sender stands in a queue and is not dropped before it has sent.
        drop((&mut waiting.begins).await);
        Permit { scheduler: self.clone(), peer: peer.clone() }
    }

    /// Room for an answer of about so many bytes, until it is dropped; `None` when the peer does not
    /// read what it was given.
    pub(super) async fn room(&self, peer: &AgencyId, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let room = self.all().queue(peer, Instant::now()).room.clone();
        let kib = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX).clamp(1, ROOM_KIB);
        let waiting = room.acquire_many_owned(kib);
        tokio::time::timeout(ROOM_WAIT, waiting).await.ok()?.ok()
    }

    /// Counts something of this peer that was logged without a result.
    pub(super) fn strike(&self, peer: &AgencyId) {
        self.strike_at(peer, Instant::now());
    }

    fn strike_at(&self, peer: &AgencyId, now: Instant) {
        self.all().queue(peer, now).strikes.add(now);
    }

    /// Leave for one conversation that may have no result; `None` when the peer has had as many of
    /// those in this minute as it may. While others of its conversations may use up what is left, this
    /// one waits for them.
    pub(super) async fn chance(&self, peer: &AgencyId) -> Option<Chance> {
        loop {
            let freed = match self.chance_at(peer, Instant::now()) {
                Ok(chance) => return chance,
                Err(freed) => freed,
            };
            freed.await;
        }
    }

    /// A chance, none for this minute, or when to look again.
    fn chance_at(
        &self,
        peer: &AgencyId,
        now: Instant,
    ) -> Result<Option<Chance>, impl Future<Output = ()> + use<>> {
        let mut all = self.all();
        let most = all.most_strikes;
        let queue = all.queue(peer, now);
        let strikes = queue.strikes.count(now);
        if strikes >= most {
            return Ok(None);
        }
        if strikes.saturating_add(queue.chances) >= most {
            // `notified_owned` counts from its making on, not from its first poll.
            return Err(queue.freed.clone().notified_owned());
        }
        queue.chances = queue.chances.saturating_add(1);
        Ok(Some(Chance { scheduler: self.clone(), peer: peer.clone() }))
    }

    /// The leave to have a document judged, of which a peer has one.
    pub(super) async fn document(&self, peer: &AgencyId) -> OwnedMutexGuard<()> {
        let one = self.all().queue(peer, Instant::now()).document.clone();
        one.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn id(text: &str) -> AgencyId {
        text.parse().unwrap()
    }

    /// FairScheduler of `peer` that begin at once, until one would have to wait.
    fn at_once(scheduler: &FairScheduler, peer: &AgencyId) -> Vec<Permit> {
        std::iter::from_fn(|| scheduler.permit(peer).now_or_never()).collect()
    }

    #[test]
    fn a_peer_alone_has_many_permits_and_shares_them_once_another_comes() {
        let scheduler = FairScheduler::new(3);
        let (flooding, honest) = (id("flooding-ca-pd"), id("honest-ca-pd"));
        let flood = at_once(&scheduler, &flooding);
        assert_eq!(flood.len(), ALONE);
        let begun = at_once(&scheduler, &honest);
        assert_eq!(begun.len(), TOGETHER / 2, "who comes later waits for nobody");
        drop(flood);
        assert_eq!(at_once(&scheduler, &flooding).len(), TOGETHER / 2);
        drop(begun);
        let now = Instant::now();
        assert_eq!(scheduler.all().share(now), TOGETHER / 2);
        assert_eq!(scheduler.all().share(now + THERE), ALONE, "alone again");
    }

    #[tokio::test]
    async fn those_that_wait_are_served_in_turn_and_those_that_give_up_take_no_place() {
        let scheduler = FairScheduler::new(3);
        let (one, two) = (id("one-ca-pd"), id("two-ca-pd"));
        let held = [at_once(&scheduler, &one), at_once(&scheduler, &two)];
        let mut waits = std::pin::pin!(scheduler.permit(&one));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(held);
        drop(waits.await);
        assert_eq!(scheduler.all().running, 0);
        assert!(scheduler.all().order.is_empty());
    }

    #[test]
    fn many_peers_each_have_the_least() {
        let scheduler = FairScheduler::new(3);
        let mut held = Vec::new();
        for n in 0..100 {
            let begun = at_once(&scheduler, &id(&format!("peer-{n:03}-ca-pd")));
            assert!(begun.len() >= LEAST, "{n}: {}", begun.len());
            held.push(begun);
        }
    }

    #[test]
    fn what_has_no_result_is_bounded_by_the_minute_with_many_at_once_too() {
        let (scheduler, now) = (FairScheduler::new(3), Instant::now());
        let (flooding, honest) = (id("flooding-ca-pd"), id("honest-ca-pd"));
        let chance = |peer, at| scheduler.chance_at(peer, at).map_err(drop);
        let begun: Vec<_> = (0..3).map(|_| chance(&flooding, now)).collect();
        assert!(begun.iter().all(|chance| matches!(chance, Ok(Some(_)))));
        assert!(chance(&flooding, now).is_err(), "what is left may be used up by those");
        assert!(matches!(chance(&honest, now), Ok(Some(_))));
        drop(begun);
        for _ in 0..3 {
            assert!(matches!(chance(&flooding, now), Ok(Some(_))), "nothing came of them");
            scheduler.strike_at(&flooding, now);
        }
        assert!(matches!(chance(&flooding, now), Ok(None)));
        assert!(matches!(chance(&flooding, now + peer::minute::MINUTE * 2), Ok(Some(_))));
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_gets_no_more() {
        let scheduler = FairScheduler::new(3);
        let (deaf, honest) = (id("deaf-ca-pd"), id("honest-ca-pd"));
        let held = scheduler.room(&deaf, 64 << 20).await;
        assert!(held.is_some());
        assert!(scheduler.room(&deaf, 1).now_or_never().is_none());
        assert!(scheduler.room(&honest, 1).await.is_some());
        drop(held);
        assert!(scheduler.room(&deaf, 1).await.is_some());
    }
}
