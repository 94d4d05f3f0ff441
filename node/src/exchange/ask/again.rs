//! A query that left before: asked again under its id, shown again while its answer is kept, or logged
//! as unanswered when the node stopped in between.

use agreements::decide::{Reasons, decline};
use schemas::draft::Draft;
use schemas::envelope::{Envelope, Kind};
use schemas::outcome::OutcomeCode;
use schemas::query::{Query, QueryId, Requester};
use schemas::refusal::Reason;
use schemas::time::Timestamp;
use tokio::sync::mpsc;

use super::send::PendingQuery;
use super::under_way::UnderWay;
use super::{
    AskError, QueryClient, QueryOutcome, REVOKED, Saved, is_under_way, log_rejected_draft,
};
use crate::permission::{
    ActError, Permission, Principal, authorize, policy_in_force, refused, with_access,
};
use audit_log::append::AppendError;
use audit_log::entries::exchange::SignedQuery;
use audit_log::entries::exchange::asking::{query_sent_again, query_unanswered};
use peer::link::Dial;
use registry::State;
use store::AskedBefore;

impl<D: Dial> QueryClient<D> {
    /// Asks an owner again under the id of a query that was not answered; shows the answer again,
    /// while it is kept, of one that was.
    ///
    /// # Errors
    /// When there is no such query, or it was settled.
    pub async fn ask_again(&self, id: QueryId, by: &Principal) -> Result<QueryOutcome, AskError> {
        let state = self.agency.registry.state();
        let now = self.agency.clock.now();
        let user = with_access(&state, by, now).map_err(AskError::User)?;
        let actor = self.agency.actor(&user, by);
        // Before it is looked at: what one asking settles, no other has found open.
        let asking = UnderWay::begin(&self.under_way, id);
        let asking = asking.ok_or_else(|| again(is_under_way(id)))?;
        let (sent, envelope, query) = self.sent(id).await?;
        self.held_to_its_purposes(by, &query).await?;
        if by.asserted_by.is_some() && by.asserted_by != query.requester.asserted_by {
            return Err(again(format!(
                "query `{id}` was not asked by her bare name; show a session of hers"
            )));
        }
        if let Some((asked, reasons)) = again_declined(&state, by.requester(&user), &query, now)? {
            return Ok(self.declined(asked, actor, reasons).await);
        }
        match sent.outcome {
            Some(OutcomeCode::Answered) => {
                let signed = SignedQuery { query: &query, envelope: &envelope };
                return self.cached.show(signed, actor).await;
            }
            // Who only sees what was asked for her asks nothing.
            None | Some(OutcomeCode::Unanswered) => {
                authorize(&state, by, Permission::Query, now).map_err(AskError::User)?;
            }
            Some(outcome @ (OutcomeCode::Refused | OutcomeCode::Rejected)) => {
                return Err(again(format!("query `{id}` is settled already ({outcome})")));
            }
        }
        let peer =
            state.peers.get(&sent.owner).ok_or_else(|| AskError::Unknown(sent.owner.clone()))?;
        let pending =
            PendingQuery::of(query, envelope, actor, peer, now).ok_or_else(|| again(REVOKED))?;
        // Whoever asked may go: it is settled all the same.
        let this = self.clone();
        let asked = tokio::spawn(async move {
            let _asking = asking;
            this.send_again(pending).await
        });
        asked.await.map_err(again)?
    }

    async fn send_again(&self, pending: PendingQuery) -> Result<QueryOutcome, AskError> {
        let entry = query_sent_again(pending.actor.clone(), pending.signed());
        let frames = self.agency.log.append(entry).await.map_err(again)?.release();
        let reply = self.sender.send(&pending, &frames).await;
        let mut outcome = self.settler.settle(&pending, reply).await;
        if outcome.outcome == OutcomeCode::Answered {
            // They may have come before the answer did.
            outcome.corrections = self.cached.corrections(pending.query.id).await?;
        }
        Ok(outcome)
    }

    /// Gives out the photographs of a kept answer, one after the other, for somebody to save: an
    /// entry of its own comes first.
    ///
    /// # Errors
    /// When there is no such answer any more, or the user may not see it.
    pub async fn photographs(
        &self,
        id: QueryId,
        by: &Principal,
    ) -> Result<mpsc::Receiver<Saved>, AskError> {
        let state = self.agency.registry.state();
        let now = self.agency.clock.now();
        let user = with_access(&state, by, now).map_err(AskError::User)?;
        let actor = self.agency.actor(&user, by);
        let (_, envelope, query) = self.sent(id).await?;
        self.held_to_its_purposes(by, &query).await?;
        if let Some((asking, reasons)) = again_declined(&state, by.requester(&user), &query, now)? {
            let refused = Reasons::ordered(reasons.clone()).map(|reasons| refused(&reasons));
            drop(self.declined(asking, actor, reasons).await);
            let why = || ActError::refused("your own policy does not let it be asked".into());
            return Err(AskError::User(refused.unwrap_or_else(why)));
        }
        let signed = SignedQuery { query: &query, envelope: &envelope };
        self.cached.save_photographs(signed, actor).await
    }

    /// What was found for another purpose than a program may be used for is not shown by way of it; the
    /// attempt is on record.
    async fn held_to_its_purposes(&self, by: &Principal, query: &Query) -> Result<(), AskError> {
        let Err(refused) = by.may_ask_for(query.why.purpose) else { return Ok(()) };
        let (draft, why) = (Draft::of(query), refused.to_string());
        log_rejected_draft(&self.agency, by, &draft, &why).await.map_err(again)?;
        Err(AskError::Program(why))
    }

    /// A query that was sent from here, as it was signed.
    async fn sent(&self, id: QueryId) -> Result<(AskedBefore, Envelope, Query), AskError> {
        let sent = self.store.asked(id).await.map_err(again)?;
        let sent = sent.ok_or_else(|| again(format!("no query `{id}` was sent from here")))?;
        let exact = sent
            .envelope
            .as_ref()
            .ok_or_else(|| again(format!("query `{id}` is kept no longer; ask it anew")))?;
        let envelope = Envelope::parse(exact.as_bytes()).map_err(again)?;
        let query: Query = self.agency.own_signed(&envelope, Kind::Query).map_err(again)?;
        Ok((sent, envelope, query))
    }

    /// Logs as unanswered what an earlier run of the node left open.
    ///
    /// # Errors
    /// When the store or the log does not answer.
    pub async fn close_open_queries(&self) -> Result<usize, AppendError> {
        let open = self.store.unsettled(self.agency.clock.now()).await.map_err(unavailable)?;
        for id in &open {
            let Some(asked) = self.store.asked(*id).await.map_err(unavailable)? else { continue };
            // Past its retention there is nothing left to say of it.
            let Some(exact) = &asked.envelope else { continue };
            let envelope = Envelope::parse(exact.as_bytes()).map_err(unavailable)?;
            let query: Query =
                self.agency.own_signed(&envelope, Kind::Query).map_err(unavailable)?;
            let signed = SignedQuery { query: &query, envelope: &envelope };
            let why = "the node stopped before anything came".to_owned();
            let entry = query_unanswered(self.agency.node_actor(), signed, why);
            drop(self.agency.log.append(entry).await?);
        }
        Ok(open.len())
    }
}

/// A person who sees an answer again is judged as if they asked for it now: the query so, and why not.
fn again_declined(
    state: &State,
    requester: Requester,
    query: &Query,
    now: Timestamp,
) -> Result<Option<(Query, Vec<Reason>)>, AskError> {
    let policy = policy_in_force(state).map_err(again)?;
    // Who sees what was asked for her is judged as she is now, and nobody else as if it were for her.
    let hers = query.for_person.as_ref().filter(|person| person.user == requester.user);
    let for_person = hers.map(|_| requester.clone());
    let asking = Query { requester, at: now, for_person, ..query.clone() };
    Ok(decline(policy, &asking, now).map(|reasons| (asking, reasons.into_vec())))
}

fn again(why: impl std::fmt::Display) -> AskError {
    AskError::Again(why.to_string())
}

fn unavailable(why: impl std::fmt::Display) -> AppendError {
    AppendError::Unavailable(why.to_string())
}
