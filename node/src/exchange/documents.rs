//! Cards and signed documents that peers send.
//!
//! A document is taken in only when its signature, its sender and its addressee fit and it fits
//! what is recorded; it is acknowledged only once its entry is durable. The same document again is
//! acknowledged again and changes nothing.

use agreements::agreement::{Act, Adherence, Agreement, Notice};
use agreements::approval::unrecordable;
use agreements::request::{Request, Ruling, Verdict, Withdrawal};
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::Frame;
use schemas::key::PublicKey;
use schemas::witness::Greeting;

use super::answer::Unserved;
use super::host::{Desk, failed};
use super::rejects::Cause;
use crate::context::NodeContext;
use audit_log::acknowledgement::Acknowledgement;
use audit_log::append::{AppendError, Appended, Moved};
use audit_log::entry::{Entry, Guard};
use audit_log::release::Released;
use peer::link::{Channel, LinkError};
use registry::{Alarm, Change, Peer, State};
use schemas::alarm::AlarmKind;

/// What becomes of a document.
enum Verdicted {
    /// It is recorded already.
    Known,
    /// It is to be recorded so.
    New(Box<Entry>),
}

/// Why a document is not taken in.
pub(super) enum Unfit {
    /// It proves nothing.
    Unverifiable(String),
    /// It does not fit what is recorded here; the sender may send it again later.
    NotNow(String),
}

impl From<schemas::envelope::EnvelopeError> for Unfit {
    fn from(error: schemas::envelope::EnvelopeError) -> Self {
        Self::Unverifiable(error.to_string())
    }
}

impl From<agreements::DocumentError> for Unfit {
    fn from(error: agreements::DocumentError) -> Self {
        Self::Unverifiable(error.to_string())
    }
}

/// How often an act is tried again because the registry moved meanwhile.
pub(super) const TRIES: u32 = 8;

impl Desk {
    pub(super) async fn document<C: Channel>(
        &self,
        peer: &Peer,
        frame: &Frame,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        let envelope = match Envelope::parse(&frame.body) {
            Ok(envelope) => envelope,
            Err(error) => {
                return self.reject(peer, Cause::Unverifiable, error.to_string(), channel).await;
            }
        };
        match self.context.take_in(peer, &envelope).await {
            Ok(Some(appended)) => {
                channel.send(&appended.acknowledge(Acknowledgement::Document)).await
            }
            Ok(None) => self.acknowledge_again(&envelope, channel).await,
            Err(Ok(Unfit::Unverifiable(why))) => {
                self.reject(peer, Cause::Unverifiable, why, channel).await
            }
            Err(Ok(Unfit::NotNow(why))) => channel.send(&Released::failed("not_now", &why)).await,
            Err(Err(error)) => failed(channel, &error).await,
        }
    }

    /// A peer shows its card and is shown one's own.
    pub(super) async fn card<C: Channel>(
        &self,
        peer: &Peer,
        frame: &Frame,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        if let Err(error) = self.context.card_shown(peer, frame).await {
            return self.reject(peer, Cause::Unverifiable, error, channel).await;
        }
        match self.context.agency.log.own_card(&peer.card.value.id).await {
            Ok(Some(own)) => channel.send(own.frame()).await,
            Ok(None) => {
                channel.send(&Released::failed("unavailable", "this node has no card")).await
            }
            Err(error) => failed(channel, &Unserved::Store(error)).await,
        }
    }
}

pub(crate) fn notice_kind(act: Act) -> EntryKind {
    match act {
        Act::Suspend => EntryKind::AgreementSuspended,
        Act::Resume => EntryKind::AgreementResumed,
        Act::Withdraw => EntryKind::AgreementWithdrawn,
    }
}

impl NodeContext {
    /// Records what a peer signed and sent as a file.
    ///
    /// # Errors
    /// One sentence: why it is not recorded.
    pub(crate) async fn take_in_file(
        &self,
        peer: &Peer,
        envelope: &Envelope,
    ) -> Result<(), String> {
        match self.take_in(peer, envelope).await {
            Ok(_) => Ok(()),
            Err(Ok(Unfit::Unverifiable(why) | Unfit::NotNow(why))) => Err(why),
            Err(Err(error)) => Err(error.to_string()),
        }
    }

    /// Records what a peer signed; `None` when it is recorded already.
    async fn take_in(
        &self,
        peer: &Peer,
        envelope: &Envelope,
    ) -> Result<Option<Appended>, Result<Unfit, Unserved>> {
        if envelope.kind() == Kind::Correction {
            return self.take_in_correction(peer, envelope).await;
        }
        for _ in 0..TRIES {
            let state = self.agency.registry.state();
            let entry = match self.examine(&state, peer, envelope).map_err(Ok)? {
                Verdicted::Known => return Ok(None),
                Verdicted::New(entry) => entry,
            };
            let guard = Guard { generation: Some(state.generation()), ..Guard::default() };
            match self.agency.log.append(entry.guarded(guard)).await {
                Err(AppendError::Moved(Moved::Registry)) => {}
                appended => return appended.map(Some).map_err(|e| Err(Unserved::Log(e))),
            }
        }
        Err(Ok(Unfit::NotNow("the registry is being changed; send this again".into())))
    }

    fn examine(&self, state: &State, peer: &Peer, envelope: &Envelope) -> Result<Verdicted, Unfit> {
        let card = &peer.card.value;
        let me = &self.agency.id;
        let misfit = |why: &str| Unfit::Unverifiable(why.to_owned());
        let fresh = |kind: EntryKind, change: Change| {
            Entry::new(kind, self.agency.peer_actor(&card.id))
                .with_peer(&card.id)
                .with_envelope(envelope)
                .untyped_changing(change)
        };
        let signed = |kind: Kind, key: &PublicKey| -> Result<String, Unfit> {
            if !card.in_force(key, self.agency.clock.now()) {
                return Err(misfit("it is signed with a revoked key"));
            }
            String::from_utf8(envelope.verified(kind, key)?.to_vec())
                .map_err(|_| misfit("it is not UTF-8"))
        };
        let message_key =
            peer.key_of(envelope, self.agency.clock.now()).unwrap_or(&card.message_key);
        let exact = envelope.to_text();
        let entry = match envelope.kind() {
            Kind::Agreement => {
                let body = signed(Kind::Agreement, &card.agency_key)?;
                let agreement = Agreement::from_toml("agreement", &body)?;
                if !agreement.parties.contains(me) || !agreement.parties.contains(&card.id) {
                    return Err(misfit("an agreement between others"));
                }
                if let Some(reasons) = unrecordable(&state.facts(&agreement.parties)) {
                    let said: Vec<_> =
                        reasons.as_slice().iter().map(|reason| reason.message.as_str()).collect();
                    return Err(misfit(&said.join("; ")));
                }
                if state.requests.contains_key(&agreement.id) {
                    return Err(misfit("an agreement under the id of a written request"));
                }
                if let Some(known) =
                    state.agreements.get(&agreement.id).and_then(|v| v.get(&agreement.version))
                {
                    return if known.recorded.text == Digest::of(body.as_bytes()) {
                        Ok(Verdicted::Known)
                    } else {
                        Err(misfit(
                            "another text under the id and version of an agreement recorded here",
                        ))
                    };
                }
                fresh(
                    EntryKind::AgreementReceived,
                    Change::Agreement { from: card.id.clone(), envelope: exact },
                )
                .with_detail("agreement", agreement.id.as_str())
                .with_detail("version", agreement.version)
            }
            Kind::Adherence => {
                let body = signed(Kind::Adherence, &card.agency_key)?;
                let adherence = Adherence::from_toml("adherence", &body)?;
                if adherence.agency != card.id {
                    return Err(misfit("an adherence of another agency"));
                }
                let Some(known) = state
                    .agreements
                    .get(&adherence.agreement)
                    .and_then(|v| v.get(&adherence.version))
                else {
                    return Err(Unfit::NotNow(format!(
                        "agreement `{}` is not recorded here yet",
                        adherence.agreement
                    )));
                };
                if known.signed.contains(&exact) {
                    return Ok(Verdicted::Known);
                }
                fresh(EntryKind::AgreementAdhered, Change::Adherence { envelope: exact })
                    .with_detail("agreement", adherence.agreement.as_str())
                    .with_detail("version", adherence.version)
                    .with_detail("signatory", adherence.signatory.name.as_str())
            }
            Kind::Notice => {
                let body = signed(Kind::Notice, message_key)?;
                let notice = Notice::from_toml("notice", &body)?;
                if notice.agency != card.id {
                    return Err(misfit("a notice of another agency"));
                }
                let Some(known) =
                    state.agreements.get(&notice.agreement).and_then(|v| v.get(&notice.version))
                else {
                    return Err(Unfit::NotNow(format!(
                        "agreement `{}` is not recorded here yet",
                        notice.agreement
                    )));
                };
                if known.signed.contains(&exact) {
                    return Ok(Verdicted::Known);
                }
                fresh(notice_kind(notice.act), Change::Notice { envelope: exact })
                    .with_detail("agreement", notice.agreement.as_str())
                    .with_detail("version", notice.version)
                    .with_detail("reason", notice.reason.as_str())
            }
            Kind::Request => {
                let body = signed(Kind::Request, message_key)?;
                let request = Request::from_toml("request", &body)?;
                if request.from != card.id || request.to != *me {
                    return Err(misfit("a request between others"));
                }
                if state.agreements.contains_key(&request.id) {
                    return Err(misfit("a request under the id of an agreement"));
                }
                if let Some(known) = state.requests.get(&request.id) {
                    return if known.envelope == exact {
                        Ok(Verdicted::Known)
                    } else {
                        Err(misfit("another request under an id that is filed here"))
                    };
                }
                fresh(EntryKind::RequestReceived, Change::Request { envelope: exact })
                    .with_detail("request", request.id.as_str())
                    .with_detail("requested_by", request.requested_by.as_str())
            }
            Kind::Decision => {
                let body = signed(Kind::Decision, message_key)?;
                let ruling = Ruling::from_toml("decision", &body)?;
                let Some(filed) = state.requests.get(&ruling.request).map(|filed| &filed.value)
                else {
                    return Err(Unfit::NotNow(format!(
                        "request `{}` is not filed here",
                        ruling.request
                    )));
                };
                if filed.request.to != card.id || filed.request.from != *me {
                    return Err(misfit("a decision on a request of others"));
                }
                if filed.ruling.as_ref() == Some(&ruling) {
                    return Ok(Verdicted::Known);
                }
                // What cannot be recorded proves nothing, now or later.
                filed.clone().rule(ruling.clone())?;
                let kind = match ruling.verdict {
                    Verdict::Approved => EntryKind::RequestApproved,
                    Verdict::Denied => EntryKind::RequestDenied,
                };
                fresh(kind, Change::Ruling { envelope: exact })
                    .with_detail("request", ruling.request.as_str())
                    .with_detail("decided_by", ruling.decided_by.name.as_str())
                    .with_detail("title", ruling.decided_by.title.as_str())
                    .with_detail("reason", ruling.reason.as_str())
            }
            Kind::Withdrawal => {
                let body = signed(Kind::Withdrawal, message_key)?;
                let withdrawal = Withdrawal::from_toml("withdrawal", &body)?;
                let Some(filed) = state.requests.get(&withdrawal.request).map(|filed| &filed.value)
                else {
                    return Err(Unfit::NotNow(format!(
                        "request `{}` is not filed here",
                        withdrawal.request
                    )));
                };
                if filed.request.from != card.id || filed.request.to != *me {
                    return Err(misfit("a withdrawal of a request of others"));
                }
                // One that crossed a denial changes nothing.
                if filed.withdrawal.is_some() || filed.clone().withdraw(withdrawal.clone()).is_err()
                {
                    return Ok(Verdicted::Known);
                }
                fresh(EntryKind::RequestWithdrawn, Change::Withdrawal { envelope: exact })
                    .with_detail("request", withdrawal.request.as_str())
            }
            Kind::Card
            | Kind::Query
            | Kind::Answer
            | Kind::Refusal
            | Kind::Receipt
            | Kind::Correction
            | Kind::Statement
            | Kind::Transfer
            | Kind::Evidence => {
                return Err(misfit("no document"));
            }
        };
        Ok(Verdicted::New(Box::new(entry)))
    }

    /// Takes in the card that a connected peer shows, and the head of this log that it holds: a later
    /// version is recorded, one that changes what a person must confirm waits, the same version with
    /// other bytes is an alarm.
    pub(super) async fn card_shown(&self, peer: &Peer, frame: &Frame) -> Result<(), String> {
        if let Ok(Greeting { held: Some(held) }) = serde_json::from_slice(&frame.beside) {
            let id = &peer.card.value.id;
            self.look_at_held(id, &held).await.map_err(|e| e.to_string())?;
        }
        let envelope = Envelope::parse(&frame.body).map_err(|e| e.to_string())?;
        let shown = Card::open(&envelope).map_err(|e| e.to_string())?;
        let id = &peer.card.value.id;
        if shown.id != *id {
            return Err(format!("the card of `{}` shown by `{id}`", shown.id));
        }
        for _ in 0..TRIES {
            let state = self.agency.registry.state();
            if let Some(other) = state.other_with_node(&shown) {
                return Err(format!("the card of `{id}` names the node key of `{other}`"));
            }
            // The same card may come by two conversations at once: it is judged on what is known
            // at the instant of its entry.
            let Some(entry) =
                state.peers.get(id).and_then(|peer| self.judge(peer, &shown, &envelope))
            else {
                return Ok(());
            };
            let guard = Guard { generation: Some(state.generation()), ..Guard::default() };
            match self.agency.log.append(entry.guarded(guard)).await {
                Err(AppendError::Moved(Moved::Registry)) => {}
                appended => return appended.map(drop).map_err(|e| e.to_string()),
            }
        }
        Err("the registry is being changed; show this again".into())
    }

    /// The entry that a shown card makes, if any.
    fn judge(&self, peer: &Peer, shown: &Card, envelope: &Envelope) -> Option<Entry> {
        let known = &peer.card.value;
        let exact = envelope.to_text();
        let waits = peer.held.as_ref().is_some_and(|held| held.card.envelope == exact);
        if shown.version < known.version || exact == peer.card.envelope || waits {
            return None;
        }
        let entry = |kind| {
            Entry::new(kind, self.agency.peer_actor(&known.id))
                .with_peer(&known.id)
                .with_envelope(envelope)
                .with_detail("version", shown.version)
        };
        Some(if shown.version == known.version {
            let alarm = Alarm {
                peer: known.id.clone(),
                kind: AlarmKind::Card,
                evidence: vec![peer.card.envelope.clone(), exact],
                at: self.agency.clock.now(),
            };
            entry(EntryKind::AlarmRaised)
                .with_detail("alarm", alarm.kind.words())
                .untyped_changing(Change::Alarm { alarm })
        } else if let Some(why) = must_be_confirmed(known, shown) {
            entry(EntryKind::CardHeld)
                .with_detail("why", why)
                .untyped_changing(Change::CardHeld { envelope: exact, why: why.into() })
        } else {
            entry(EntryKind::CardUpdated).untyped_changing(Change::CardUpdate { envelope: exact })
        })
    }
}

fn must_be_confirmed(known: &Card, shown: &Card) -> Option<&'static str> {
    if shown.agency_key != known.agency_key {
        Some(
            "it names another agency key; hear its fingerprint, then add it with --held and --replace",
        )
    } else if shown.kind != known.kind || shown.state != known.state {
        Some("it claims another kind or state; verify that, then add it with --held")
    } else {
        None
    }
}
