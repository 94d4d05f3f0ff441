//! Asking peers for what they owe.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::entry_proof::EntryProof;
use schemas::frame::FrameKind;
use schemas::standing::{MOST_ENTRIES, StandingReply, StandingRequest};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::observed::{Observer, asked_of};
use crate::context::{Asked, NodeContext, Reached};
use crate::permission::OwnAgency;
use audit_log::append::AppendError;
use audit_log::entries::exchange::peer_proved;
use audit_log::release::Released;
use peer::link::{Channel, Dial, LinkError, Reach};
use registry::Peer;
use store::{Debt, ReadStore, StoreError};

/// How often it is looked whether somebody owes more than before.
const LOOK: Duration = Duration::from_secs(1);
/// How long after a peer was asked it is asked again for the same.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a peer has to show what one request asks for, and how long requests of one go begin.
const LONGEST: Duration = Duration::from_secs(20);
/// Debts that are asked for in one go; what is left is asked for next.
const AT_ONCE: usize = 2_048;
/// Most bytes of the proofs in one entry, about: its body has room for them.
const LARGEST_ENTRY: usize = 48_000;

/// Why a peer's debts could not be asked for.
#[derive(Debug, thiserror::Error)]
enum CollectError {
    /// The peer cannot be reached, or is heard no more.
    #[error(transparent)]
    Away(LinkError),
    /// It was reached and did not answer as it has to.
    #[error(transparent)]
    Link(LinkError),
    /// It was reached and did not answer in time.
    #[error("nothing was shown in time")]
    Late,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] AppendError),
}

impl From<LinkError> for CollectError {
    fn from(error: LinkError) -> Self {
        if error.was_reached() { Self::Link(error) } else { Self::Away(error) }
    }
}

/// Asks peers for what they owe. Cheap to clone.
#[derive(Clone)]
pub struct Collector {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    observer: Observer,
    asked: Arc<Mutex<HashMap<AgencyId, LastAsked>>>,
}

/// When a peer was asked last.
#[derive(Debug, Clone, Copy)]
struct LastAsked {
    /// Whether it is being asked.
    running: bool,
    at: Instant,
    /// How much it owed then.
    owed: u32,
    reached: Reached,
}

impl Collector {
    /// The collector of a node.
    #[must_use]
    pub fn of(context: &NodeContext) -> Self {
        Self {
            agency: context.agency.clone(),
            store: context.store.clone(),
            observer: Observer::of(context),
            asked: Arc::default(),
        }
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<AgencyId, LastAsked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Peers to be asked now: those that owe more than when they were asked last, or were asked a while
    /// ago.
    fn due(&self) -> Vec<Peer> {
        let counters = self.agency.log.counters();
        let state = self.agency.registry.state();
        let mut asked = self.asked();
        asked.retain(|id, last| last.running || counters.unproven.contains_key(id));
        let now = Instant::now();
        let owing = counters.unproven.iter().filter(|(_, owed)| **owed > 0);
        owing
            .filter_map(|(id, owed)| {
                let peer = state.peers.get(id).filter(|peer| peer.blocked.is_none())?;
                // What it cannot show now, a person looks into first.
                if state.alarm_about(id).is_some() {
                    return None;
                }
                let last = asked.entry(id.clone()).or_insert(LastAsked {
                    running: false,
                    at: now,
                    owed: 0,
                    reached: Reached::default(),
                });
                let due = *owed > last.owed || now.duration_since(last.at) >= AGAIN;
                if last.running || !due {
                    return None;
                }
                *last = LastAsked { running: true, at: now, owed: *owed, ..*last };
                Some(peer.clone())
            })
            .collect()
    }

    /// Asks `peer` for what it owes, and counts the time if it was reached and owes it still.
    async fn ask<D: Dial>(&self, dial: &D, peer: &Peer) {
        let id = &peer.card.value.id;
        let done = self.collect(dial, peer).await.unwrap_or_else(|error| {
            tracing::debug!(peer.id = %id, %error, "what is owed was not shown");
            match error {
                CollectError::Link(_) | CollectError::Late => Asked::Lacked,
                CollectError::Away(_) | CollectError::Store(_) | CollectError::Log(_) => {
                    Asked::Unasked
                }
            }
        });
        let owed = self.agency.log.counters().unproven.get(id).copied().unwrap_or(0);
        let mut seconds = 0;
        if let Some(last) = self.asked().get_mut(id) {
            last.running = false;
            last.owed = owed.min(last.owed);
            seconds = last.reached.asked(done, Instant::now());
        }
        if owed > 0 && seconds > 0 {
            let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
            if let Err(error) = self.agency.log.left_unproven(id, seconds).await {
                tracing::warn!(peer.id = %id, %error, "how long its log is unproven was not kept");
            }
        }
    }

    /// Has `peer` show what it owes, and records what it shows. The peer alone is held to a time: what
    /// it has shown is recorded to the end, once.
    async fn collect<D: Dial>(&self, dial: &D, peer: &Peer) -> Result<Asked, CollectError> {
        let id = &peer.card.value.id;
        let until = Instant::now() + LONGEST;
        let (mut after, mut asked, mut done) = (None, 0, Asked::Showed);
        while asked < AT_ONCE {
            let debts = self.store.debts(id, after, AT_ONCE as u32).await?;
            let Some(last) = debts.last() else { break };
            after = Some(last.entry);
            let debts: Vec<Debt> = debts.into_iter().filter(|debt| !debt.waived).collect();
            for debts in debts.chunks(MOST_ENTRIES) {
                if asked >= AT_ONCE || Instant::now() >= until {
                    return Ok(done);
                }
                asked += debts.len();
                let proofs = match self.shown(dial, peer, debts).await {
                    // The link broke, perhaps before the peer heard of it: it is asked once more, over
                    // another connection.
                    Err(
                        CollectError::Away(LinkError::Silent)
                        | CollectError::Link(LinkError::Lost(_)),
                    ) => self.shown(dial, peer, debts).await?,
                    shown => shown?,
                };
                let paid = self.observer.paid(peer, proofs, debts).await?;
                if paid.iter().map(|(_, paid)| paid.len()).sum::<usize>() < debts.len() {
                    done = Asked::Lacked;
                }
                for part in in_parts(paid) {
                    let entry = peer_proved(self.agency.node_actor(), id, part);
                    drop(self.agency.log.append(entry).await?);
                }
            }
        }
        Ok(done)
    }

    /// What a peer shows in time when it is asked for these.
    async fn shown<D: Dial>(
        &self,
        dial: &D,
        peer: &Peer,
        debts: &[Debt],
    ) -> Result<Vec<EntryProof>, CollectError> {
        let shown = tokio::time::timeout(LONGEST, self.show(dial, peer, debts)).await;
        Ok(shown.map_err(|_| CollectError::Late)??)
    }

    async fn show<D: Dial>(
        &self,
        dial: &D,
        peer: &Peer,
        debts: &[Debt],
    ) -> Result<Vec<EntryProof>, LinkError> {
        // What several debts are of is asked for once.
        let entries: BTreeSet<_> = debts.iter().map(asked_of).collect();
        let request = StandingRequest { entries: entries.into_iter().collect() };
        let reach = Reach::of(peer, self.agency.clock.now());
        let mut channel = dial.open(&reach).await?;
        channel.send(&Released::standing_asked(&request)).await?;
        let frame = channel.recv().await?;
        if frame.kind != FrameKind::Standing {
            return Err(LinkError::Protocol("expected proofs of entries".into()));
        }
        channel.finish();
        let reply: StandingReply = serde_json::from_slice(&frame.body)
            .map_err(|e| LinkError::Protocol(format!("proofs that cannot be read: {e}")))?;
        if reply.proofs.len() > request.entries.len() {
            return Err(LinkError::Protocol("more proofs than were asked for".into()));
        }
        Ok(reply.proofs)
    }
}

/// Proofs in parts, each of which fits an entry.
fn in_parts(paid: Vec<(EntryProof, Vec<Debt>)>) -> Vec<Vec<(EntryProof, Vec<Debt>)>> {
    let mut parts: Vec<Vec<_>> = Vec::new();
    let mut room = 0;
    for one in paid {
        let size = serde_json::to_vec(&one.0).map_or(LARGEST_ENTRY, |json| json.len());
        match parts.last_mut().filter(|_| size <= room) {
            Some(part) => part.push(one),
            None => {
                parts.push(vec![one]);
                room = LARGEST_ENTRY;
            }
        }
        room = room.saturating_sub(size);
    }
    parts
}

/// Asks peers for what they owe until `stop`. One that is slow or silent keeps back no other.
pub async fn collect_until<D: Dial>(collector: Collector, dial: Arc<D>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        for peer in collector.due() {
            let (collector, dial) = (collector.clone(), dial.clone());
            tokio::spawn(async move { collector.ask(dial.as_ref(), &peer).await });
        }
    }
}
