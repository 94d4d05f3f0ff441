//! Stating to a peer what this log says: the signed root first, then what the peer asks to be shown
//! below it.
//!
//! A conversation holds one tree, made once, and shows a place once and only below one that it has
//! shown: so the work that a peer can ask for is bounded by what it has exchanged with this agency.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::statement::session_word::MOST_SESSIONS;
use schemas::statement::tree_path::TreePath;
use schemas::statement::{
    ExchangeRecord, MOST_PLACES, MOST_PLACES_IN_ALL, Narrow, Node, Statement, StatementRequest,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::answer::REVOKED;
use super::super::answer::Unserved;
use super::super::documents::PeerBounds;
use super::super::not_served::NotServed;
use super::reconcile_source::ReconcileSource;
use crate::context::{NodeContext, OwnKeys};
use audit::exchange_tree::{Below, Item, Tree};
use audit_log::append::AppendError;
use audit_log::entries::audit::statement_given;
use audit_log::narrowing::NarrowingToken;
use audit_log::release::Released;
use peer::link::{Channel, LinkError};
use registry::Peer;

/// How long the peer has to ask on.
const WAIT: Duration = Duration::from_secs(20);
/// Most trees held at once.
const MOST_AT_ONCE: usize = 4;

/// States to peers what this log says of the exchanges with them.
pub(in crate::exchange) struct ReconcileServer {
    source: ReconcileSource,
    keys: OwnKeys,
    bounds: PeerBounds,
    slots: Slots,
}

/// To whom something is being stated at this moment.
struct Slots {
    peers: Mutex<HashSet<AgencyId>>,
    places: Arc<Semaphore>,
}

impl Default for Slots {
    fn default() -> Self {
        Self { peers: Mutex::default(), places: Arc::new(Semaphore::new(MOST_AT_ONCE)) }
    }
}

/// The slot of one peer, until it is dropped.
struct Slot<'a> {
    all: &'a Slots,
    peer: AgencyId,
    permit: Option<OwnedSemaphorePermit>,
}

impl Slots {
    /// A slot, unless this peer has one. While others have them all it waits: whether anybody else
    /// compares logs is not told.
    async fn enter(&self, peer: &AgencyId) -> Option<Slot<'_>> {
        let new = {
            let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
            peers.insert(peer.clone())
        };
        let mut slot = new.then(|| Slot { all: self, peer: peer.clone(), permit: None })?;
        let place = tokio::time::timeout(WAIT, self.places.clone().acquire_owned());
        slot.permit = place.await.ok()?.ok();
        slot.permit.is_some().then_some(slot)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.all.peers.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.peer);
    }
}

impl ReconcileServer {
    /// The server of a node.
    pub(in crate::exchange) fn of(context: &NodeContext) -> Self {
        Self {
            source: ReconcileSource::of(context),
            keys: context.keys.clone(),
            bounds: PeerBounds::of(&context.bounds),
            slots: Slots::default(),
        }
    }

    /// States to a peer what this log says of the exchanges with it.
    pub(in crate::exchange) async fn serve<C: Channel>(
        &self,
        peer: &Peer,
        frame: &Frame,
        channel: &mut C,
    ) -> Result<(), NotServed> {
        let (card, agency) = (&peer.card.value, &self.source.agency);
        let envelope = Envelope::parse(&frame.body)?;
        let key = peer
            .key_of(&envelope, agency.clock.now())
            .ok_or_else(|| NotServed::unverifiable(REVOKED))?;
        let request: StatementRequest = envelope.verified_json(Kind::Statement, key)?;
        if request.from != card.id || request.to != agency.id {
            return Err(NotServed::misdirected("a request between others"));
        }
        if request.sessions.len() > MOST_SESSIONS {
            let why = "a request about more sessions than there may be";
            return Err(NotServed::unverifiable(why));
        }
        let Some(_slot) = self.slots.enter(&card.id).await else {
            return Err(NotServed::NotNow("busy", "logs are being compared; try again".into()));
        };
        let (tree, (frames, mut token)) = self.state_to(peer, &envelope, &request).await?;
        channel.send_all(&frames).await?;
        self.show(peer, &tree, &mut token, channel).await
    }

    async fn state_to(
        &self,
        peer: &Peer,
        envelope: &Envelope,
        request: &StatementRequest,
    ) -> Result<(Tree, (Vec<Released>, NarrowingToken)), NotServed> {
        let agency = &self.source.agency;
        let id = &peer.card.value.id;
        // Both envelopes are kept for good, so they count among what it leaves behind.
        let room = |bytes: usize| {
            self.bounds.room(&agency.log.counters(), id, (bytes, false), agency.clock.now())
        };
        room(envelope.as_bytes().len())?;
        let signed = request.since..request.until;
        let (tree, _) = self.source.tree(id, signed.clone()).await?;
        let root = tree.root();
        let statement = Statement {
            request: envelope.digest(),
            from: agency.id.clone(),
            to: id.clone(),
            at: agency.clock.now(),
            count: root.count,
            digest: root.digest,
            sessions: self.source.sessions_told(id, &signed, &request.sessions).await?,
        };
        let key = self.keys.message_key(agency);
        let signed = Envelope::sign_json(Kind::Statement, &statement, &key)
            .map_err(|e| Unserved::Message(e.to_string()))?;
        room(envelope.as_bytes().len().saturating_add(signed.as_bytes().len()))?;
        let entry = statement_given(id, root.count, [envelope, &signed], self.bounds.day);
        match agency.log.append(entry).await {
            Ok(appended) => Ok((tree, appended.release_stating())),
            Err(AppendError::Conflict(_)) => {
                Err(NotServed::not_now("more of this agency came in at this moment; try again"))
            }
            Err(error) => Err(Unserved::from(error).into()),
        }
    }

    /// Shows what the peer asks for, until it asks for nothing more.
    async fn show<C: Channel>(
        &self,
        peer: &Peer,
        tree: &Tree,
        token: &mut NarrowingToken,
        channel: &mut C,
    ) -> Result<(), NotServed> {
        let mut open = HashSet::from([TreePath::all()]);
        let mut left = MOST_PLACES_IN_ALL;
        loop {
            let frame = match tokio::time::timeout(WAIT, channel.recv()).await {
                Ok(frame) => frame?,
                Err(_) => {
                    return Err(LinkError::Lost("nothing more was asked for in time".into()).into());
                }
            };
            let narrow = match serde_json::from_slice::<Narrow>(&frame.body) {
                Ok(narrow) if frame.kind == FrameKind::Narrow => narrow,
                _ => return Err(NotServed::unverifiable("not a request to show places")),
            };
            if narrow.places.is_empty() {
                return Ok(());
            }
            left = left.saturating_sub(narrow.places.len());
            if left == 0 || narrow.places.len() > MOST_PLACES {
                let why = "a request to show more places than there may be";
                return Err(NotServed::unverifiable(why));
            }
            for place in narrow.places {
                if !open.remove(&place) {
                    let why = format!(
                        "a request to show `{place}`, which was not stated or shown already"
                    );
                    return Err(NotServed::unverifiable(why));
                }
                let node = self.node(peer, tree, place).await?;
                open.extend(node.children.iter().map(|child| child.place.clone()));
                let shown = token
                    .show(&peer.card.value.id, &node)
                    .map_err(|e| LinkError::Protocol(e.to_string()))?;
                channel.send(&shown).await?;
            }
        }
    }

    async fn node(&self, peer: &Peer, tree: &Tree, place: TreePath) -> Result<Node, Unserved> {
        let items = match tree.below(&place) {
            Below::Places(children) => return Ok(Node { place, children, lines: Vec::new() }),
            Below::Bucket(items) => items,
        };
        let wanted: Vec<&Item> = items.iter().collect();
        let told: HashMap<Digest, ExchangeRecord> =
            self.source.lines_at(&peer.card.value.id, &wanted).await?;
        let same =
            |item: &Item| told.get(&item.key).filter(|line| line.digest() == item.digest).cloned();
        let lines = items.iter().map(same).collect::<Option<Vec<ExchangeRecord>>>();
        let moved = || Unserved::Busy("an exchange changed while it was stated; ask again");
        Ok(Node { place, children: Vec::new(), lines: lines.ok_or_else(moved)? })
    }
}
