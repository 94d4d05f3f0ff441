//! Signed documents that peers send: agreements and what is said of them, written requests and what
//! is said of them, corrections of reads, and the policies by which peers decide.
//!
//! A document is taken in only when its signature, its sender and its addressee fit and it fits
//! what is recorded; it is acknowledged only once its entry is durable. The same document again is
//! acknowledged again and changes nothing. What one peer may leave behind is bounded by `documents/bounds.rs`.

mod agreements;
mod bounds;
mod corrections;
mod policies;
mod requests;

use ::agreements::DocumentError;
use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::envelope::{Envelope, EnvelopeError, Kind};
use schemas::frame::Frame;
use schemas::key::PublicKey;
use schemas::time::Timestamp;

use super::not_served::NotServed;
use crate::config::Bounds;
use crate::permission::{NotActed, OwnAgency};
use audit_log::acknowledgement::Acknowledgement;
use audit_log::append::{Appended, AuditLog};
use audit_log::arrived::Arrived;
use audit_log::entry::Entry;
use audit_log::release::Released;
pub(super) use bounds::PeerBounds;
use registry::{Peer, State};
use store::ReadStore;

/// Why a document makes no entry.
enum NoEntry {
    /// It is recorded already.
    Known,
    /// It is not taken in.
    Unfit(NotServed),
}

impl NoEntry {
    /// It proves nothing.
    fn misfit(why: impl std::fmt::Display) -> Self {
        Self::Unfit(NotServed::unverifiable(why))
    }

    /// Its sender signed it, and it is not taken in.
    fn refused(why: impl std::fmt::Display) -> Self {
        Self::Unfit(NotServed::Refused(why.to_string()))
    }

    /// It does not fit what is recorded here; the sender may send it again later. What stands between
    /// others is not told from what is not there.
    fn not_now(why: impl std::fmt::Display) -> Self {
        Self::Unfit(NotServed::not_now(why))
    }
}

impl From<EnvelopeError> for NoEntry {
    fn from(error: EnvelopeError) -> Self {
        Self::misfit(error)
    }
}

impl From<DocumentError> for NoEntry {
    fn from(error: DocumentError) -> Self {
        // It is read only once its signature is verified.
        Self::refused(error)
    }
}

/// Takes in a document of a peer and acknowledges it.
pub(super) async fn serve(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    bounds: &Bounds,
    peer: &Peer,
    frame: &Frame,
) -> Result<Released, NotServed> {
    let envelope = Envelope::parse(&frame.body)?;
    match record(agency, store, PeerBounds::of(bounds), peer, &envelope).await? {
        Some(appended) => Ok(appended.acknowledge(Acknowledgement::Document)),
        None => acknowledge_again(&agency.log, &envelope).await,
    }
}

/// Says of a receipt or a document that came again that it is recorded, if it is.
pub(super) async fn acknowledge_again(
    log: &AuditLog,
    envelope: &Envelope,
) -> Result<Released, NotServed> {
    let known = log.already_recorded(envelope).await?;
    known.map(Released::acknowledged_again).ok_or_else(|| {
        NotServed::not_now("what was recorded changed at this moment; send this again")
    })
}

/// Records what a peer signed and sent as a file.
///
/// # Errors
/// One sentence: why it is not recorded.
pub(crate) async fn record_from_file(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    peer: &Peer,
    envelope: &Envelope,
) -> Result<(), String> {
    let recorded = record(agency, store, PeerBounds::NONE, peer, envelope).await;
    recorded.map(drop).map_err(|error| error.to_string())
}

/// Records what a peer signed; `None` when it is recorded already.
async fn record(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    bounds: PeerBounds,
    peer: &Peer,
    envelope: &Envelope,
) -> Result<Option<Appended>, NotServed> {
    if envelope.kind() == Kind::Correction {
        return corrections::record(agency, store, bounds, peer, envelope).await;
    }
    if envelope.kind() == Kind::Adherence {
        agreements::look_at_parties(agency, peer, envelope).await?;
    }
    let judge = |state: &State, now: Timestamp| {
        let document = Document { agency, bounds, peer, envelope, now };
        match document.entry(state) {
            // Both sides are told of a proposal that is refused.
            Err(NoEntry::Unfit(NotServed::Refused(why))) => {
                // What a day may leave behind holds for refusals too: beyond it only the peer is told.
                let entry = document.room_today().is_ok().then(|| document.refusal(state, &why));
                entry
                    .flatten()
                    .map(|entry| (entry, Some(why.clone())))
                    .ok_or_else(|| NoEntry::refused(why))
            }
            judged => Ok((judged?, None)),
        }
    };
    match agency.act_or(judge).await {
        Ok((_, Some(why))) => Err(NotServed::Refused(why)),
        acted => recorded(acted.map(|(appended, _)| (appended, ()))),
    }
}

/// What became of a document that was judged.
fn recorded(
    acted: Result<(Appended, ()), NotActed<NoEntry>>,
) -> Result<Option<Appended>, NotServed> {
    match acted {
        Ok((appended, ())) => Ok(Some(appended)),
        Err(NotActed::Judged(NoEntry::Known)) => Ok(None),
        Err(NotActed::Judged(NoEntry::Unfit(why))) => Err(why),
        Err(NotActed::Log(error)) => Err(error.into()),
        Err(NotActed::Contended) => {
            Err(NotServed::not_now("the registry is being changed; send this again"))
        }
    }
}

/// A document as it is judged.
struct Document<'a> {
    agency: &'a OwnAgency,
    bounds: PeerBounds,
    peer: &'a Peer,
    envelope: &'a Envelope,
    now: Timestamp,
}

impl Document<'_> {
    /// The entry that records it.
    fn entry(&self, state: &State) -> Result<Entry, NoEntry> {
        match self.envelope.kind() {
            Kind::Agreement => self.agreement(state),
            Kind::Adherence => self.adherence(state),
            Kind::Notice => self.notice(state),
            Kind::Request => self.request(state),
            Kind::Decision => self.decision(state),
            Kind::Withdrawal => self.withdrawal(state),
            Kind::Policy => self.policy(state),
            Kind::Card
            | Kind::Query
            | Kind::Answer
            | Kind::Refusal
            | Kind::Receipt
            | Kind::Correction
            | Kind::Statement
            | Kind::Transfer
            | Kind::Evidence
            | Kind::Attestation => Err(NoEntry::misfit("no document")),
        }
    }

    fn card(&self) -> &Card {
        &self.peer.card.value
    }

    /// This agency.
    fn own_id(&self) -> &AgencyId {
        &self.agency.id
    }

    /// There is something of it to record, and room for it today.
    fn not_yet_in(&self, state: &State) -> Result<(), NoEntry> {
        if state.records(self.envelope) { Err(NoEntry::Known) } else { self.room_today() }
    }

    /// Its peer has left less behind today than it may.
    fn room_today(&self) -> Result<(), NoEntry> {
        let counters = self.agency.log.counters();
        let room = self.bounds.document(&counters, &self.card().id, self.envelope, self.now);
        room.map_err(NoEntry::Unfit)
    }

    /// The document as the log takes it in.
    fn arrived<'d>(&'d self, state: &'d State) -> Arrived<'d> {
        let (from, envelope) = (&self.card().id, self.envelope);
        Arrived { state, from, envelope, most: self.bounds.day }
    }

    /// Its text, signed with the peer's agency key.
    fn signed_by_agency(&self, kind: Kind) -> Result<String, NoEntry> {
        self.signed(kind, &self.card().agency_key)
    }

    /// Its text, signed with the peer's message key.
    fn signed_by_node(&self, kind: Kind) -> Result<String, NoEntry> {
        let key = self.peer.key_of(self.envelope, self.now).unwrap_or(&self.card().message_key);
        self.signed(kind, key)
    }

    fn signed(&self, kind: Kind, key: &PublicKey) -> Result<String, NoEntry> {
        if !self.card().in_force(key, self.now) {
            return Err(NoEntry::misfit("it is signed with a revoked key"));
        }
        String::from_utf8(self.envelope.verified(kind, key)?.to_vec())
            .map_err(|_| NoEntry::refused("it is not UTF-8"))
    }
}
