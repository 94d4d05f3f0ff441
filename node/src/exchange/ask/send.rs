//! Sending a query that is logged until a reply comes or the time is up. What comes is verified here;
//! nobody sees it before it is logged too.

use std::sync::Arc;
use std::time::Duration;

use schemas::answer::Answer;
use schemas::body::Actor;
use schemas::envelope::Envelope;
use schemas::frame::{Frame, FrameKind};
use schemas::key::PublicKey;
use schemas::query::Query;
use schemas::read::Read;
use schemas::refusal::Refusal;
use schemas::time::Timestamp;
use tokio::time::Instant;

use super::super::photographs;
use super::super::steps;
use super::super::verify::{self, Unproven};
use crate::permission::OwnAgency;
use audit_log::entries::exchange::SignedQuery;
use audit_log::release::Released;
use peer::link::{Channel, Dial, LinkError, Reach};
use registry::Peer;
use store::photographs::Images;

/// First pause between attempts; doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(2);
/// How much longer an answer with photographs may take.
const PHOTOGRAPHS: Duration = Duration::from_secs(60);
/// How long an owner is tried whose machine refuses connections: as long as its node may need to
/// start again. Waiting longer than that is waiting for a person.
const RESTART: Duration = Duration::from_secs(3);

/// A query that may leave, and what is needed to check what comes back.
pub(super) struct PendingQuery {
    pub(super) query: Query,
    pub(super) envelope: Envelope,
    pub(super) actor: Actor,
}

impl PendingQuery {
    /// `None` when the owner's message key was revoked: nothing it says would count.
    pub(super) fn of(
        query: Query,
        envelope: Envelope,
        actor: Actor,
        peer: &Peer,
        now: Timestamp,
    ) -> Option<Self> {
        peer.message_key(now)?;
        Some(Self { query, envelope, actor })
    }

    /// As entries speak of it.
    pub(super) fn signed(&self) -> SignedQuery<'_> {
        SignedQuery { query: &self.query, envelope: &self.envelope }
    }
}

/// An answer, verified.
pub(super) struct Verified {
    pub(super) answer: Answer,
    pub(super) pages: Vec<Vec<u8>>,
    pub(super) reads: Vec<Read>,
    /// Bytes of the photographs that followed, in the order of the header.
    pub(super) photographs: Vec<Vec<u8>>,
}

/// What came back, as far as it is proven. With an answer or refusal comes what stood beside it.
pub(super) enum Reply {
    Answer(Envelope, Box<Verified>, Vec<u8>),
    Refusal(Envelope, Box<Refusal>, Vec<u8>),
    Unproven(Option<Envelope>, Unproven),
}

/// Sends queries and receives their replies.
pub(super) struct QuerySender<D> {
    pub(super) agency: OwnAgency,
    pub(super) photographs: Images,
    pub(super) dial: Arc<D>,
    /// How long a reply is waited for.
    pub(super) answer_time: Duration,
}

impl<D: Dial> QuerySender<D> {
    /// Sends a query that is logged until a reply comes, with the conversation that it came by.
    ///
    /// # Errors
    /// What stood in the way, in words, once the time is up.
    pub(super) async fn send(
        &self,
        pending: &PendingQuery,
        frames: &[Released],
    ) -> Result<(D::Channel, Reply), String> {
        let mut limit = self.answer_time;
        // What the owner may take to write them comes on top.
        let mut _underway = None;
        if pending.query.images {
            limit = limit.saturating_add(PHOTOGRAPHS);
            _underway = Some(self.photographs.underway_here().await);
        }
        let mut last = "nothing came in time".to_owned();
        let reply = tokio::time::timeout(limit, async {
            let mut pause = FIRST_PAUSE;
            let mut refused_since = None;
            loop {
                match self.attempt(pending, frames).await {
                    Ok(reply) => return Some(reply),
                    Err(error) => {
                        last = advice(&error);
                        if matches!(error, LinkError::Unreachable { at_once: true, .. }) {
                            let since = *refused_since.get_or_insert_with(Instant::now);
                            if since.elapsed() >= RESTART {
                                return None;
                            }
                        } else {
                            refused_since = None;
                        }
                    }
                }
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(LAST_PAUSE);
            }
        })
        .await;
        match reply {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) | Err(_) => Err(last),
        }
    }

    async fn attempt(
        &self,
        pending: &PendingQuery,
        frames: &[Released],
    ) -> Result<(D::Channel, Reply), LinkError> {
        let mut channel = self.dial.open(&self.owner_reach(pending)?).await?;
        channel.send_all(frames).await?;
        steps::done("query sent");
        let first = channel.recv().await?;
        steps::done("reply came");
        let reply = match first.kind {
            FrameKind::Answer => self.answer(pending, first, &mut channel).await?,
            FrameKind::Refusal => self.refusal(pending, first)?,
            FrameKind::Failed => {
                let said =
                    String::from_utf8_lossy(&first.body).chars().take(300).collect::<String>();
                return Err(LinkError::Lost(format!("the owner could not serve it: {said}")));
            }
            _ => return Err(LinkError::Protocol("expected an answer or a refusal".into())),
        };
        Ok((channel, reply))
    }

    async fn answer(
        &self,
        pending: &PendingQuery,
        first: Frame,
        channel: &mut D::Channel,
    ) -> Result<Reply, LinkError> {
        let query = &pending.query;
        let envelope = match Envelope::parse(&first.body) {
            Ok(envelope) => envelope,
            Err(error) => return Ok(Reply::Unproven(None, error.into())),
        };
        let key = self.owner_key(pending, &envelope)?;
        let answer = verify::answer(&envelope, &key, query, pending.envelope.digest());
        let state = self.agency.registry.state();
        let answer = answer.and_then(|answer| {
            let rests = state.rests_on(&answer.basis, &query.from, &query.to);
            rests.map_err(Unproven::Content)?;
            Ok(answer)
        });
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Ok(Reply::Unproven(Some(envelope), error)),
        };
        let mut pages = Vec::with_capacity(answer.pages.len());
        for _ in &answer.pages {
            let page = channel.recv().await?;
            if page.kind != FrameKind::Page {
                return Err(LinkError::Protocol("expected a page".into()));
            }
            pages.push(page.body);
        }
        // Nothing more is read of an answer that does not hold so far.
        let reads = match verify::pages(&answer, &pages, query) {
            Ok(reads) => reads,
            Err(error) => return Ok(Reply::Unproven(Some(envelope), error)),
        };
        Ok(match photographs::receive(channel, &answer).await? {
            Ok(photographs) => {
                steps::done("answer verified");
                let verified = Verified { answer, pages, reads, photographs };
                Reply::Answer(envelope, Box::new(verified), first.beside)
            }
            Err(error) => Reply::Unproven(Some(envelope), error),
        })
    }

    fn refusal(&self, pending: &PendingQuery, first: Frame) -> Result<Reply, LinkError> {
        let envelope = match Envelope::parse(&first.body) {
            Ok(envelope) => envelope,
            Err(error) => return Ok(Reply::Unproven(None, error.into())),
        };
        let key = self.owner_key(pending, &envelope)?;
        let digest = pending.envelope.digest();
        Ok(match verify::refusal(&envelope, &key, &pending.query, digest) {
            Ok(refusal) => Reply::Refusal(envelope, Box::new(refusal), first.beside),
            Err(error) => Reply::Unproven(Some(envelope), error),
        })
    }

    /// How the owner is reached, by its card as it is now: its node may have come to prove another key
    /// since the query was sent.
    fn owner_reach(&self, pending: &PendingQuery) -> Result<Reach, LinkError> {
        let state = self.agency.registry.state();
        let peer = state.peers.get(&pending.query.to);
        peer.map(|peer| Reach::of(peer, self.agency.clock.now()))
            .ok_or_else(|| LinkError::unreachable("no card of the owner is recorded"))
    }

    /// The key that the owner must have signed a reply with, by its card as it is now: it may have
    /// come to name another one since the query was sent.
    fn owner_key(&self, pending: &PendingQuery, reply: &Envelope) -> Result<PublicKey, LinkError> {
        let state = self.agency.registry.state();
        let key = state.peers.get(&pending.query.to);
        let key = key.and_then(|peer| peer.key_of(reply, self.agency.clock.now())).copied();
        key.ok_or_else(|| LinkError::Lost("the owner's reply is signed with a revoked key".into()))
    }
}

/// What went wrong, and what there is to do about it.
fn advice(error: &LinkError) -> String {
    match error {
        LinkError::Unreachable { why, .. } | LinkError::AnotherNode { why } => {
            format!("{why}; see that its node runs and that its card says where")
        }
        error => error.to_string(),
    }
}
