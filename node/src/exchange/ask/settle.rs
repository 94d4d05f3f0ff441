//! How a query ended: what came is appended before anybody sees it, and what cannot be appended is
//! not shown.

use std::sync::Arc;

use schemas::agency::AgencyId;
use schemas::answer::{Answer, Basis, Receipt};
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::query::Query;
use schemas::refusal::Refusal;
use schemas::text::Text;

use super::super::deliver::Delivery;
use super::super::observed::Observer;
use super::super::standing::ProofBook;
use super::super::steps;
use super::super::verify::Unproven;
use super::send::{PendingQuery, Reply, Verified};
use super::{Extent, Misread, QueryOutcome, own_notice};
use crate::context::OwnKeys;
use crate::permission::OwnAgency;
use audit_log::append::AppendError;
use audit_log::entries::exchange::asking::{
    AnswerVerified, answer_received, answer_rejected, query_unanswered, receipt_message,
    refusal_received,
};
use audit_log::entry::Entry;
use peer::link::{Channel, Dial};
use registry::State;
use schemas::entry_proof::EntryProof;
use store::photographs::Images;

/// How long answers under a written request are kept, in days.
const ANSWERS_KEPT_DAYS: u32 = 30;

/// What a person should hear where an owner decided by another policy than the one it posts: either that is on its
/// way, or people are told another thing than what is done.
fn unposted(state: &State, owner: &AgencyId, decided_by: Digest) -> Option<String> {
    let posted = state.peers.get(owner)?.policy.as_ref()?;
    (posted.digest != decided_by).then(|| {
        format!(
            "`{owner}` decided by another policy than the one that it has posted here, in force since {}; if that stays so, have it post what it decides by (`accord policy show --peer {owner}`)",
            posted.since.day()
        )
    })
}

/// Logs how queries end.
pub(super) struct QuerySettler<D> {
    pub(super) agency: OwnAgency,
    pub(super) keys: OwnKeys,
    pub(super) photographs: Images,
    pub(super) observer: Observer,
    /// What owners' logs owe.
    pub(super) proofs: ProofBook,
    /// Sees the receipts delivered.
    pub(super) delivery: Arc<Delivery<D>>,
}

impl<D: Dial> QuerySettler<D> {
    /// Logs what came, or that nothing did.
    pub(super) async fn settle(
        &self,
        pending: &PendingQuery,
        reply: Result<(D::Channel, Reply), String>,
    ) -> QueryOutcome {
        let (query, owner) = (&pending.query, &pending.query.to);
        let decided_by = match &reply {
            Ok((_, Reply::Answer(_, verified, _))) => Some(verified.answer.decided_by.clone()),
            Ok((_, Reply::Refusal(_, refusal, _))) => refusal.decided_by.clone(),
            _ => None,
        };
        let settled = match reply {
            Ok((channel, Reply::Answer(envelope, verified, beside))) => {
                self.answered(pending, envelope, *verified, &beside, channel).await
            }
            Ok((channel, Reply::Refusal(envelope, refusal, beside))) => {
                channel.finish();
                self.refused(pending, envelope, *refusal, &beside).await
            }
            Ok((_, Reply::Unproven(envelope, error))) => {
                Ok(self.rejected(pending, envelope.as_ref(), &error).await)
            }
            Err(why) => Ok(self.unanswered(pending, why).await),
        };
        let outcome = settled.unwrap_or_else(|why| QueryOutcome::failed(owner, why));
        // What is known of every query, however it ended and however often it was asked.
        let contact = match outcome.outcome {
            OutcomeCode::Refused => contact(&self.agency.registry.state(), query),
            _ => None,
        };
        let other_policy = decided_by.and_then(|decided_by| {
            unposted(&self.agency.registry.state(), owner, decided_by.policy)
        });
        QueryOutcome {
            query_id: Some(query.id),
            search: query.search,
            asked: Some(Extent::asked(query)),
            warning: self.proofs.warning(owner).await.or(other_policy),
            contact,
            ..outcome
        }
    }

    async fn refused(
        &self,
        pending: &PendingQuery,
        envelope: Envelope,
        refusal: Refusal,
        beside: &[u8],
    ) -> Result<QueryOutcome, String> {
        let theirs =
            self.entry_proof(pending, beside, &envelope).await.map_err(|e| e.to_string())?;
        let actor = pending.actor.clone();
        let entry = refusal_received(actor, pending.signed(), &refusal, &envelope, theirs);
        let outcome = QueryOutcome {
            reasons: refusal.reasons,
            refused_by: Some(RefusedBy::Owner),
            ..QueryOutcome::new(&pending.query.to, OutcomeCode::Refused)
        };
        Ok(self.conclude(pending, entry, outcome).await)
    }

    async fn rejected(
        &self,
        pending: &PendingQuery,
        envelope: Option<&Envelope>,
        error: &Unproven,
    ) -> QueryOutcome {
        let query = &pending.query;
        tracing::warn!(query.id = %query.id, peer.id = %query.to, "an answer does not verify");
        let outcome = QueryOutcome::failed(
            &query.to,
            format!("what came back does not verify ({error}); it was logged and is not shown"),
        );
        let actor = pending.actor.clone();
        let entry = answer_rejected(actor, pending.signed(), envelope, error.to_string());
        self.conclude(pending, entry, outcome).await
    }

    async fn unanswered(&self, pending: &PendingQuery, why: String) -> QueryOutcome {
        let query = &pending.query;
        let outcome = QueryOutcome::failed(
            &query.to,
            format!("{why}; ask again with `accord query --again {}`", query.id),
        );
        let entry = query_unanswered(pending.actor.clone(), pending.signed(), why);
        self.conclude(pending, entry, outcome).await
    }

    /// Appends how it ended; if that cannot be logged, nothing but that is said.
    async fn conclude(
        &self,
        pending: &PendingQuery,
        entry: Entry,
        outcome: QueryOutcome,
    ) -> QueryOutcome {
        let query_id = Some(pending.query.id);
        match self.agency.log.append(entry).await {
            Ok(appended) => QueryOutcome { query_id, log: Some(appended.position()), ..outcome },
            Err(error) => {
                QueryOutcome { query_id, ..QueryOutcome::failed(&pending.query.to, error) }
            }
        }
    }

    /// Where the owner's entry of a reply stands, as far as it has shown that.
    async fn entry_proof(
        &self,
        pending: &PendingQuery,
        beside: &[u8],
        reply: &Envelope,
    ) -> Result<Option<EntryProof>, AppendError> {
        let state = self.agency.registry.state();
        let Some(peer) = state.peers.get(&pending.query.to) else { return Ok(None) };
        self.observer.beside_reply(peer, beside, pending.signed(), reply).await
    }

    async fn answered(
        &self,
        pending: &PendingQuery,
        envelope: Envelope,
        verified: Verified,
        beside: &[u8],
        channel: D::Channel,
    ) -> Result<QueryOutcome, String> {
        let theirs =
            self.entry_proof(pending, beside, &envelope).await.map_err(|e| e.to_string())?;
        let Verified { answer, pages, reads, photographs } = verified;
        let (query, owner) = (&pending.query, &pending.query.to);
        steps::done("owner's entry verified");
        let receipt = self.receipt(pending, &envelope)?;
        steps::done("receipt signed");
        // Durable before anything refers to them.
        let named = answer.photographs_sent().map(|one| one.digest).zip(photographs).collect();
        let kept = self.photographs.keep(named).await.map_err(|e| e.to_string())?;
        let days = answers_kept_days(&self.agency.registry.state(), &answer.basis);
        let verified = AnswerVerified {
            query: pending.signed(),
            answer: &answer,
            envelope: &envelope,
            receipt: &receipt,
            theirs,
            pages,
            reads: &reads,
            // By one's own clock: the owner's says nothing of how long it is kept here.
            kept_until: self.agency.clock.now().plus_days(days),
        };
        let entry = answer_received(pending.actor.clone(), verified);
        let in_flight = self.delivery.take(&receipt_message(owner, &receipt));
        let query_id = Some(query.id);
        let appended = match self.agency.log.append(entry).await {
            Ok(appended) => appended,
            // Not logged, not shown: the reads are dropped here.
            Err(error) => {
                return Ok(QueryOutcome { query_id, ..QueryOutcome::failed(owner, error) });
            }
        };
        steps::done("answer logged");
        drop(kept);
        let position = appended.position();
        // The officer does not wait for the receipt's acknowledgement.
        tokio::spawn(in_flight.hand_over(channel, appended.release()));
        let shown = self.shown(pending, answer, reads);
        Ok(QueryOutcome { query_id, log: Some(position), ..shown })
    }

    /// The receipt of an answer, signed.
    fn receipt(&self, pending: &PendingQuery, answer: &Envelope) -> Result<Envelope, String> {
        let receipt = Receipt {
            query_id: pending.query.id,
            answer_digest: answer.digest(),
            from: self.agency.id.clone(),
            to: pending.query.to.clone(),
            at: self.agency.clock.now(),
        };
        let key = self.keys.message_key(&self.agency);
        Envelope::sign_json(Kind::Receipt, &receipt, &key).map_err(|e| e.to_string())
    }

    fn shown(
        &self,
        pending: &PendingQuery,
        answer: Answer,
        reads: Vec<schemas::read::Read>,
    ) -> QueryOutcome {
        QueryOutcome {
            basis: Some(answer.basis),
            images: answer.released.images,
            released: Some(answer.released),
            truncated: answer.truncated,
            own_notice: own_notice(&self.agency),
            notice: answer.notice,
            misread: Misread::among(&pending.query.elements, &reads),
            reads,
            photographs: answer.images,
            photographs_beyond: answer.images_beyond,
            ..QueryOutcome::new(&pending.query.to, OutcomeCode::Answered)
        }
    }
}

/// Whom to call at the owner of a query that is refused while a life is in danger.
pub(super) fn contact(state: &State, query: &Query) -> Option<Text> {
    let peer = state.peers.get(&query.to).filter(|_| !query.why.danger.is_empty())?;
    Some(peer.card.value.contact.clone())
}

/// How long answers on this basis are kept, in days: as the very text says that it rests on, or
/// [`ANSWERS_KEPT_DAYS`] under a written request. Another text under its id decides nothing.
fn answers_kept_days(state: &State, basis: &Basis) -> u32 {
    state
        .agreement_text(&basis.authority, &basis.text)
        .map_or(ANSWERS_KEPT_DAYS, |known| known.recorded.agreement.answers_kept_days)
}
