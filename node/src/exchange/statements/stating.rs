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
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::statement::place::Place;
use schemas::statement::{
    Line, MOST_PLACES, MOST_PLACES_IN_ALL, Narrow, Node, Statement, StatementRequest,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::answer::Unserved;
use super::super::host::{Desk, REVOKED, failed};
use super::super::rejects::Cause;
use audit::tree::{Below, Item, Tree};
use audit_log::entry::Entry;
use audit_log::narrowing::NarrowingToken;
use audit_log::release::Released;
use peer::link::{Channel, LinkError};
use registry::Peer;

/// How long the peer has to ask on.
const WAIT: Duration = Duration::from_secs(20);
/// Most trees held at once.
const MOST_AT_ONCE: usize = 4;

/// To whom something is being stated at this moment.
pub(in crate::exchange) struct Stating {
    peers: Mutex<HashSet<AgencyId>>,
    places: Arc<Semaphore>,
}

impl Default for Stating {
    fn default() -> Self {
        Self { peers: Mutex::default(), places: Arc::new(Semaphore::new(MOST_AT_ONCE)) }
    }
}

struct Turn<'a> {
    all: &'a Stating,
    peer: AgencyId,
    _permit: OwnedSemaphorePermit,
}

impl Stating {
    /// A place, unless this peer has one or all are taken.
    fn enter(&self, peer: &AgencyId) -> Option<Turn<'_>> {
        let permit = self.places.clone().try_acquire_owned().ok()?;
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let new = peers.insert(peer.clone());
        new.then(|| Turn { all: self, peer: peer.clone(), _permit: permit })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.all.peers.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.peer);
    }
}

impl Desk {
    /// States to a peer what this log says of the exchanges with it.
    pub(in crate::exchange) async fn statement<C: Channel>(
        &self,
        peer: &Peer,
        frame: &Frame,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        let card = &peer.card.value;
        let now = self.context.agency.clock.now();
        let opened = Envelope::parse(&frame.body).map_err(|e| e.to_string()).and_then(|envelope| {
            let key = peer.key_of(&envelope, now).ok_or_else(|| REVOKED.to_owned())?;
            let request =
                envelope.verified_json(Kind::Statement, key).map_err(|e| e.to_string())?;
            Ok::<(Envelope, StatementRequest), String>((envelope, request))
        });
        let (envelope, request) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.reject(peer, Cause::Unverifiable, error, channel).await,
        };
        if request.from != card.id || request.to != self.context.agency.id {
            return self
                .reject(peer, Cause::Misdirected, "a request between others".into(), channel)
                .await;
        }
        let Some(_place) = self.stating.enter(&card.id) else {
            return channel
                .send(&Released::failed("busy", "logs are being compared; try again"))
                .await;
        };
        let (tree, (frames, mut token)) = match self.state_to(peer, &envelope, &request).await {
            Ok(stated) => stated,
            Err(error) => return failed(channel, &error).await,
        };
        channel.send_all(&frames).await?;
        self.show(peer, &tree, &mut token, channel).await
    }

    async fn state_to(
        &self,
        peer: &Peer,
        envelope: &Envelope,
        request: &StatementRequest,
    ) -> Result<(Tree, (Vec<Released>, NarrowingToken)), Unserved> {
        let context = &self.context;
        let id = &peer.card.value.id;
        let tree = context.tree(id, request.since..request.until).await?;
        let root = tree.root();
        let statement = Statement {
            request: envelope.digest(),
            from: context.agency.id.clone(),
            to: id.clone(),
            at: context.agency.clock.now(),
            count: root.count,
            digest: root.digest,
        };
        let signed = Envelope::sign_json(Kind::Statement, &statement, &context.message_key())
            .map_err(|e| Unserved::Message(e.to_string()))?;
        let entry = Entry::new(EntryKind::AuditStated, context.agency.peer_actor(id))
            .with_peer(id)
            .with_envelope(envelope)
            .with_envelope(&signed)
            .with_detail("exchanges", root.count)
            .untyped_releasing(vec![Frame::new(FrameKind::Statement, signed.as_bytes().to_vec())]);
        Ok((tree, context.agency.log.append(entry).await?.release_stating()))
    }

    /// Shows what the peer asks for, until it asks for nothing more.
    async fn show<C: Channel>(
        &self,
        peer: &Peer,
        tree: &Tree,
        token: &mut NarrowingToken,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        let mut open = HashSet::from([Place::all()]);
        let mut left = MOST_PLACES_IN_ALL;
        loop {
            let frame = match tokio::time::timeout(WAIT, channel.recv()).await {
                Ok(frame) => frame?,
                Err(_) => return Err(LinkError::Lost("nothing more was asked for in time".into())),
            };
            let narrow = match serde_json::from_slice::<Narrow>(&frame.body) {
                Ok(narrow) if frame.kind == FrameKind::Narrow => narrow,
                _ => {
                    let why = "not a request to show places".to_owned();
                    return self.reject(peer, Cause::Unverifiable, why, channel).await;
                }
            };
            if narrow.places.is_empty() {
                return Ok(());
            }
            left = left.saturating_sub(narrow.places.len());
            if left == 0 || narrow.places.len() > MOST_PLACES {
                let why = "a request to show more places than there may be".to_owned();
                return self.reject(peer, Cause::Unverifiable, why, channel).await;
            }
            for place in narrow.places {
                if !open.remove(&place) {
                    let why = format!(
                        "a request to show `{place}`, which was not stated or shown already"
                    );
                    return self.reject(peer, Cause::Unverifiable, why, channel).await;
                }
                let node = match self.node(peer, tree, place).await {
                    Ok(node) => node,
                    Err(error) => return failed(channel, &error).await,
                };
                open.extend(node.children.iter().map(|child| child.place.clone()));
                let shown = token
                    .show(&peer.card.value.id, &node)
                    .map_err(|e| LinkError::Protocol(e.to_string()))?;
                channel.send(&shown).await?;
            }
        }
    }

    async fn node(&self, peer: &Peer, tree: &Tree, place: Place) -> Result<Node, Unserved> {
        let items = match tree.below(&place) {
            Below::Places(children) => return Ok(Node { place, children, lines: Vec::new() }),
            Below::Bucket(items) => items,
        };
        let wanted: Vec<&Item> = items.iter().collect();
        let told: HashMap<Digest, Line> =
            self.context.lines_at(&peer.card.value.id, &wanted).await?;
        let same =
            |item: &Item| told.get(&item.key).filter(|line| line.digest() == item.digest).cloned();
        let lines = items.iter().map(same).collect::<Option<Vec<Line>>>();
        let moved = || Unserved::Message("an exchange changed while it was stated".into());
        Ok(Node { place, children: Vec::new(), lines: lines.ok_or_else(moved)? })
    }
}
