//! Having peers cosign the head of this log: from time to time, and at once when a peer's card has ended
//! keys, so that what was signed with them is proven to have been there before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use schemas::agency::AgencyId;
use schemas::card::Revocation;
use tokio::time::Instant;

use super::Node;
use super::schedule::{JobError, Work};
use registry::State;

/// How long a peer has to cosign, or to show heads.
const LONGEST: Duration = Duration::from_secs(20);
/// With how many co-parties heads of others' logs are exchanged in a round.
const CO_PARTIES: usize = 8;

impl Node {
    /// Exchanges with some co-parties, others each time, the heads that are kept of others' logs; with
    /// how many.
    pub async fn exchange_heads(&self) -> usize {
        let state = self.context.agency.registry.state();
        let me = &self.context.agency.id;
        let with: Vec<_> = state
            .peers
            .values()
            .filter(|peer| peer.blocked.is_none())
            .filter(|peer| !state.co_parties(me, &peer.card.value.id).is_empty())
            .collect();
        let first = self.head_rounds.fetch_add(1, Ordering::Relaxed).wrapping_mul(CO_PARTIES);
        let turns = with.iter().cycle().skip(first.checked_rem(with.len()).unwrap_or(0));
        let shown = turns.take(with.len().min(CO_PARTIES)).map(async |peer| {
            let exchanged = self.witnessing.exchange_heads(self.peers.as_ref(), peer);
            match tokio::time::timeout(LONGEST, exchanged).await {
                Ok(Ok(())) => true,
                Ok(Err(error)) => {
                    tracing::debug!(peer.id = %peer.card.value.id, %error, "heads were not exchanged");
                    false
                }
                Err(_) => false,
            }
        });
        futures::future::join_all(shown).await.into_iter().filter(|done| *done).count()
    }

    /// Has every peer that nothing stands against prove what it has shown of its log, and cosign the
    /// head of this one; how many did.
    pub async fn have_cosigned_by_all(&self) -> usize {
        let state = self.context.agency.registry.state();
        let peers = state.peers.values().filter(|peer| {
            peer.blocked.is_none() && state.alarm_about(&peer.card.value.id).is_none()
        });
        let asked = peers.map(async |peer| {
            let dial = self.peers.as_ref();
            let asked = async {
                self.witnessing.prove_observed(dial, peer).await?;
                self.witnessing.have_cosigned(dial, peer).await
            };
            match tokio::time::timeout(LONGEST, asked).await {
                Ok(Ok(_)) => true,
                Ok(Err(error)) => {
                    tracing::debug!(peer.id = %peer.card.value.id, %error, "a head was not cosigned");
                    false
                }
                Err(_) => false,
            }
        });
        futures::future::join_all(asked).await.into_iter().filter(|done| *done).count()
    }
}

/// When peers are asked.
pub(super) struct Cosigning {
    node: Arc<Node>,
    every: Duration,
    due: Instant,
    /// The registry that was looked at last, and which keys had ended by it.
    generation: u64,
    ended: BTreeMap<AgencyId, Vec<Revocation>>,
}

impl Cosigning {
    /// First after `first`, then `every` so often.
    pub(super) fn new(node: &Arc<Node>, first: Duration, every: Duration) -> Self {
        let state = node.context.agency.registry.state();
        let due = Instant::now() + first.min(every);
        let (generation, ended) = (state.generation(), ended(&state));
        Self { node: node.clone(), every, due, generation, ended }
    }

    /// Whether keys have ended since this was asked last.
    fn keys_ended(&mut self) -> bool {
        let state = self.node.context.agency.registry.state();
        if self.generation == state.generation() {
            return false;
        }
        self.generation = state.generation();
        let now = ended(&state);
        std::mem::replace(&mut self.ended, now) != self.ended
    }
}

fn ended(state: &State) -> BTreeMap<AgencyId, Vec<Revocation>> {
    let cards = state.peers.values().map(|peer| &peer.card.value);
    let ending = cards.filter(|card| !card.revocations.is_empty());
    ending.map(|card| (card.id.clone(), card.revocations.clone())).collect()
}

#[async_trait]
impl Work for Cosigning {
    async fn run(&mut self) -> Result<(), JobError> {
        if self.keys_ended() || Instant::now() >= self.due {
            self.node.have_cosigned_by_all().await;
            self.node.exchange_heads().await;
            self.due = Instant::now() + self.every;
        }
        Ok(())
    }
}
