//! Serving the conversations that peers open: which frame goes where.
//!
//! Decides only who may talk and how many at once; what is answered is decided in `answer`. An
//! unknown key never gets past its connection; a frame that proves nothing gets an unsigned word
//! and is counted.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::event::exchange::RejectionCause;
use schemas::frame::{Frame, FrameKind};
use schemas::key::PublicKey;
use tokio::sync::mpsc;

use super::NodeContext;
use super::answer::{Answering, Asked, Receipts, Reply, Unserved};
use super::fair_scheduler::{Chance, FairScheduler, Permit};
use super::in_flight::{Full, InFlight};
use super::named_machines::NamedMachines;
use super::not_served::NotServed;
use super::observed::Observer;
use super::rejections::RejectionCounter;
use super::statements::ReconcileServer;
use super::witness::Witnessing;
use super::{cards, consistency, documents, paging, standing, steps};
use crate::config::Bounds;
use crate::permission::OwnAgency;
use audit_log::append::AppendError;
use audit_log::entries::exchange::SignedQuery;
use audit_log::release::Released;
use peer::link::{Channel, Dialler, Host, LinkError};
use registry::{Peer, State};
use store::ReadStore;

/// How long the owner waits for a receipt on the conversation of its answer.
const RECEIPT_WAIT: Duration = Duration::from_secs(20);

/// How long a peer waits for the word that it has asked too much; its substreams are what it pays with.
const FLOODED: Duration = Duration::from_secs(1);

/// Serves peers.
pub struct PeerServer {
    agency: OwnAgency,
    store: Arc<dyn ReadStore>,
    bounds: Bounds,
    answering: Answering,
    receipts: Receipts,
    in_flight: Arc<InFlight>,
    rejections: RejectionCounter,
    observer: Observer,
    witnessing: Witnessing,
    connected: mpsc::Sender<(AgencyId, Dialler)>,
    reconciling: ReconcileServer,
    scheduler: FairScheduler,
    named: NamedMachines,
}

impl PeerServer {
    /// A server of peers that tells `connected` of every peer that connects, and the task that counts
    /// what it rejects until [`Self::finish`].
    pub fn new(
        context: &NodeContext,
        connected: mpsc::Sender<(AgencyId, Dialler)>,
    ) -> (Self, impl Future<Output = ()> + use<>) {
        let (rejections, counting) = RejectionCounter::start(context.agency.clone());
        let server = Self {
            agency: context.agency.clone(),
            store: context.store.clone(),
            bounds: context.bounds,
            answering: Answering::of(context),
            receipts: Receipts::of(context),
            in_flight: Arc::new(InFlight::default()),
            rejections,
            observer: Observer::of(context),
            witnessing: Witnessing::of(context),
            connected,
            reconciling: ReconcileServer::of(context),
            scheduler: FairScheduler::new(context.bounds.refusals_per_minute),
            named: NamedMachines::default(),
        };
        (server, counting)
    }

    /// Logs what was counted and not logged yet: the node stops.
    pub async fn finish(&self) {
        self.rejections.finish().await;
    }

    async fn query<C: Channel>(
        &self,
        peer: &Peer,
        frame: &Frame,
        channel: &mut C,
        turn: (Chance, Permit),
    ) -> Result<(), LinkError> {
        let mut asked = match Asked::open(&self.agency, peer, frame) {
            Ok(asked) => asked,
            Err(not_served) => return self.not_served(peer, not_served, channel).await,
        };
        steps::done("query verified");
        let signed = SignedQuery { query: &asked.query, envelope: &asked.envelope };
        // An alarm that this raises stops what is decided next.
        asked.theirs = match self.observer.beside_query(peer, &frame.beside, signed).await {
            Ok(theirs) => theirs,
            Err(error) => return failed(channel, &Unserved::Log(error)).await,
        };
        steps::done("requester's entry verified");
        let id = &peer.card.value.id;
        let Some(room) = self.scheduler.room(id, paging::largest(&asked.query)).await else {
            let word = "answers to your agency wait to be read; read them, then ask again";
            return channel.send(&Released::failed("busy", word)).await;
        };
        let most = self.bounds.in_flight_per_peer as usize;
        let reply = match InFlight::enter(&self.in_flight, &asked.query, most) {
            Ok(_place) => self.answering.reply(&asked).await,
            Err(Full::SameQuery) => {
                return channel.send(&Released::failed("busy", "this query is being served")).await;
            }
            Err(Full::Peer) => {
                let word = format!(
                    "{most} queries of your agency are being served; ask again when one is done"
                );
                return channel.send(&Released::failed("busy", &word)).await;
            }
        };
        let Reply { appended, awaits_receipt, underway, again } = match reply {
            Ok(reply) => reply,
            Err(error) => return failed(channel, &error).await,
        };
        if again || awaits_receipt.is_none() {
            self.scheduler.strike(id);
        }
        channel.send_all(&appended.release()).await?;
        steps::done("answer sent");
        drop((underway, room, turn));
        let Some(answer) = awaits_receipt else { return Ok(()) };
        // The requester may have logged a rejection instead and send nothing; its conversation is
        // then simply over.
        match tokio::time::timeout(RECEIPT_WAIT, channel.recv()).await {
            Ok(Ok(frame)) if frame.kind == FrameKind::Receipt => {
                let _permit = self.scheduler.permit(id).await;
                self.receipt(peer, &frame, channel, Some(answer)).await
            }
            Ok(Ok(_)) => Err(LinkError::Protocol("expected a receipt".into())),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(LinkError::Lost("no receipt in time".into())),
        }
    }

    /// The peer whose node may prove this key now, unless it is blocked.
    fn admitted<'s>(&self, state: &'s State, node: &PublicKey) -> Option<&'s Peer> {
        let peer = state.peer_of_node(node, self.agency.clock.now());
        peer.filter(|peer| peer.blocked.is_none())
    }

    async fn receipt<C: Channel>(
        &self,
        peer: &Peer,
        frame: &Frame,
        channel: &mut C,
        expected: Option<Digest>,
    ) -> Result<(), LinkError> {
        let recorded = self.receipts.serve(peer, frame, expected).await;
        steps::done("receipt logged");
        self.reply(peer, recorded, channel).await
    }

    async fn reply<C: Channel>(
        &self,
        peer: &Peer,
        reply: Result<Released, NotServed>,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        match reply {
            Ok(reply) => channel.send(&reply).await,
            Err(not_served) => self.not_served(peer, not_served, channel).await,
        }
    }

    async fn not_served<C: Channel>(
        &self,
        peer: &Peer,
        not_served: NotServed,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        match not_served {
            NotServed::Rejected(cause, why) => self.reject(peer, cause, why, channel).await,
            NotServed::Refused(why) => {
                let cause = RejectionCause::Unverifiable;
                let failed = Released::failed("refused", &why);
                self.count(peer, cause, why);
                channel.send(&failed).await?;
                Err(LinkError::Protocol("refused".into()))
            }
            NotServed::TooMany(why, until) => {
                self.report(peer, RejectionCause::TooMany, why.clone());
                channel.send(&Released::too_many(&why, until)).await
            }
            NotServed::NotNow(code, why) => channel.send(&Released::failed(code, &why)).await,
            NotServed::Unserved(error) => failed(channel, &error).await,
            NotServed::Link(error) => Err(error),
        }
    }

    /// Counts what a peer caused without a result.
    fn count(&self, peer: &Peer, cause: RejectionCause, why: String) {
        self.scheduler.strike(&peer.card.value.id);
        self.report(peer, cause, why);
    }

    /// Says of a peer in the log what it caused.
    fn report(&self, peer: &Peer, cause: RejectionCause, why: String) {
        let card = &peer.card.value;
        self.rejections.report(&card.node_key, Some(&card.id), cause, why);
    }

    async fn reject<C: Channel>(
        &self,
        peer: &Peer,
        cause: RejectionCause,
        why: String,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        self.count(peer, cause, why);
        let (code, message) = match cause {
            RejectionCause::Misdirected => {
                ("misdirected", "this is addressed to another agency or sent by one")
            }
            _ => ("unverifiable", "this cannot be verified; nothing was released"),
        };
        channel.send(&Released::failed(code, message)).await?;
        Err(LinkError::Protocol(code.into()))
    }
}

/// Says over an unsigned frame why nothing could be done. The cause goes to the operational log.
async fn failed<C: Channel>(channel: &mut C, error: &Unserved) -> Result<(), LinkError> {
    if let Unserved::Busy(word) = error {
        return channel.send(&Released::failed("busy", word)).await;
    }
    tracing::error!(%error, "a peer could not be served");
    let (code, message) = match error {
        Unserved::Log(AppendError::Conflict(_)) => {
            ("busy", "this changed at this moment; try again")
        }
        Unserved::Log(_) => (
            "log_unavailable",
            "this agency's audit log cannot be written; nothing is released until it can",
        ),
        Unserved::Busy(_) | Unserved::Store(_) | Unserved::Images(_) | Unserved::Message(_) => {
            ("unavailable", "this agency's node could not serve this; try again later")
        }
    };
    channel.send(&Released::failed(code, message)).await
}

impl Host for PeerServer {
    fn admits(&self, node: &PublicKey) -> bool {
        self.admitted(&self.agency.registry.state(), node).is_some()
    }

    fn knows(&self, ip: IpAddr) -> bool {
        self.named.holds(&self.agency.registry.state(), ip)
    }

    fn turned_away(&self, node: &PublicKey) {
        let state = self.agency.registry.state();
        match state.peer_of_node(node, self.agency.clock.now()) {
            Some(peer) => {
                let cause = if peer.blocked.is_some() {
                    RejectionCause::Blocked
                } else {
                    RejectionCause::TooMany
                };
                let id = &peer.card.value.id;
                self.rejections.report(node, Some(id), cause, "connection closed".into());
            }
            None => self.rejections.report(
                node,
                None,
                RejectionCause::UnknownKey,
                "connection closed".into(),
            ),
        }
    }

    fn connected(&self, node: &PublicKey, dialler: Dialler) {
        let state = self.agency.registry.state();
        if let Some(peer) = state.peer_of_node(node, self.agency.clock.now()) {
            // A full queue loses only a hint: cards also travel by the regular round.
            drop(self.connected.try_send((peer.card.value.id.clone(), dialler)));
        }
    }

    async fn serve<C: Channel>(
        &self,
        node: &PublicKey,
        opening: Frame,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        let id = self
            .admitted(&self.agency.registry.state(), node)
            .map(|peer| peer.card.value.id.clone());
        let Some(id) = id else {
            self.turned_away(node);
            return Err(LinkError::Protocol("no longer admitted".into()));
        };
        // What it may cause without a result is set aside before any work, and free again after it.
        let Some(chance) = self.scheduler.chance(&id).await else {
            let why = "more refused, repeated or unverifiable in a minute than it may";
            self.rejections.report(node, Some(&id), RejectionCause::TooMany, why.into());
            tokio::time::sleep(FLOODED).await;
            let word =
                "too much of your agency was refused, repeated or unverifiable; go on in a minute";
            return channel.send(&Released::failed("busy", word)).await;
        };
        let permit = self.scheduler.permit(&id).await;
        steps::done("frame came");
        // As it is now, when its turn has come.
        let state = self.agency.registry.state();
        let Some(peer) = self.admitted(&state, node) else {
            self.turned_away(node);
            return Err(LinkError::Protocol("no longer admitted".into()));
        };
        if matches!(opening.kind, FrameKind::Card | FrameKind::Statement | FrameKind::Heads) {
            // Rare between honest peers, and each may leave something behind.
            self.scheduler.strike(&id);
        }
        match opening.kind {
            FrameKind::Query => self.query(peer, &opening, channel, (chance, permit)).await,
            FrameKind::Receipt => self.receipt(peer, &opening, channel, None).await,
            FrameKind::Card => {
                let reply = cards::serve(&self.witnessing, peer, &opening).await;
                self.reply(peer, reply, channel).await
            }
            FrameKind::Document => {
                // One after the other: each is judged upon what those before it have left.
                let _alone = self.scheduler.document(&id).await;
                let (agency, store) = (&self.agency, self.store.as_ref());
                let reply = documents::serve(agency, store, &self.bounds, peer, &opening).await;
                if matches!(&reply, Err(NotServed::TooMany(..))) {
                    self.scheduler.strike(&id);
                }
                self.reply(peer, reply, channel).await
            }
            FrameKind::Statement => {
                // A long conversation, which has a bound of its own.
                drop((chance, permit));
                match self.reconciling.serve(peer, &opening, channel).await {
                    Ok(()) => Ok(()),
                    Err(not_served) => self.not_served(peer, not_served, channel).await,
                }
            }
            FrameKind::Witness => {
                let reply = self.witnessing.serve(peer, &opening).await;
                if !matches!(&reply, Ok((_, true))) {
                    // A log that grows is cosigned as often as it asks.
                    self.scheduler.strike(&id);
                }
                self.reply(peer, reply.map(|(reply, _)| reply), channel).await
            }
            FrameKind::Consistency => {
                let reply = consistency::serve(&self.agency.log, &opening).await;
                self.reply(peer, reply, channel).await
            }
            FrameKind::Heads => {
                let reply = self.witnessing.serve_heads(peer, &opening).await;
                self.reply(peer, reply, channel).await
            }
            FrameKind::Standing => {
                let reply = standing::serve(&self.agency.log, peer, &opening).await;
                if let Ok((_, false)) = &reply {
                    // It asks for what this log does not have.
                    self.scheduler.strike(&id);
                }
                self.reply(peer, reply.map(|(reply, _)| reply), channel).await
            }
            _ => {
                self.reject(
                    peer,
                    RejectionCause::Unverifiable,
                    "a frame that opens nothing".into(),
                    channel,
                )
                .await
            }
        }
    }
}
