//! A query whose id was served before: the same reply, or a refusal, and never a second search.

use agreements::decide::{Decision, Scope as _};
use schemas::answer::Answer;
use schemas::envelope::Envelope;
use schemas::query::Query;
use schemas::refusal::{Reason, Refusal, RefusalCode};
use serde::de::DeserializeOwned;

use super::super::photographs::OutgoingPhotos;
use super::{Answering, Asked, Reply, Unserved, id_reused, reason};
use audit_log::append::AppendError;
use audit_log::entries::exchange::answering::{
    AnswerAgain, answer_redelivered, refusal_redelivered,
};
use store::{ServedBefore, Side, StoreError};

/// What the decision rests on changes at this moment.
const CHANGING: Unserved = Unserved::Busy("the authority changed at this moment; ask again");

/// Why a reply of before is not sent again.
fn over(code: RefusalCode, message: impl Into<String>) -> Reason {
    reason(code, message, "redelivery")
}

/// What a reply of this node's own making says: its signature was made with it.
fn said<T: DeserializeOwned>(reply: &Envelope) -> Result<T, Unserved> {
    serde_json::from_slice(reply.unverified_payload())
        .map_err(|e| Unserved::Store(StoreError::Corrupt(e.to_string())))
}

impl Answering {
    /// The same id again. Never a second search: the same bytes from the same agency get the same
    /// reply, an answer only while its authority still holds; anything else is refused.
    pub(super) async fn redeliver(
        &self,
        asked: &Asked,
        before: &ServedBefore,
    ) -> Result<Reply, Unserved> {
        if before.requester != asked.query.from || before.query_digest != asked.envelope.digest() {
            return self.turn_away(asked, vec![id_reused()]).await;
        }
        let Some(reply) = &before.reply else {
            let destroyed = over(
                RefusalCode::Stale,
                "this query was served so long ago that its reply is destroyed; sign a new query",
            );
            return self.turn_away(asked, vec![destroyed]).await;
        };
        let reply = Envelope::parse(reply.as_bytes())
            .map_err(|e| Unserved::Store(StoreError::Corrupt(e.to_string())))?;
        if before.answered {
            self.redeliver_answer(asked, before, &reply).await
        } else {
            let refusal: Refusal = said(&reply)?;
            let entry = refusal_redelivered(asked.signed(), &refusal, &reply, asked.theirs.clone());
            let appended = self.agency.log.append(entry).await?;
            Ok(Reply { appended, awaits_receipt: None, underway: None, again: true })
        }
    }

    async fn redeliver_answer(
        &self,
        asked: &Asked,
        before: &ServedBefore,
        reply: &Envelope,
    ) -> Result<Reply, Unserved> {
        let query = &asked.query;
        let ends = before.at.plus_hours(self.bounds.redelivery_hours);
        if self.agency.clock.now() >= ends {
            let message = format!(
                "this query was answered at {} and can be redelivered no longer; sign a new query",
                before.at
            );
            return self.turn_away(asked, vec![over(RefusalCode::Stale, message)]).await;
        }
        let upon = self.grounds();
        // The authority that was relied on must still hold; another one does not stand in for it.
        let relied_on = Query { authority: before.authority.clone(), ..query.clone() };
        let permit = match self.decide(&upon, &relied_on, Some(before)) {
            Decision::Refuse(refused) => {
                let reasons = Refusal::fitting(refused.reasons.as_slice().to_vec());
                if let Some(again) = self.turned_away_before(asked, &reasons).await? {
                    return Ok(again);
                }
                return match self.refuse_upon(asked, &upon, refused, false).await {
                    Err(Unserved::Log(AppendError::Conflict(_))) => Err(CHANGING),
                    done => done,
                };
            }
            Decision::Permit(permit) => permit,
        };
        let pages = self.store.pages(Side::Served, query.id, self.agency.clock.now()).await?;
        let answer: Answer = said(reply)?;
        if answer.released.images && !permit.scope.images() {
            let closed = over(
                RefusalCode::QueryKind,
                "the authority opens photographs no longer; sign a new query without",
            );
            return self.turn_away(asked, vec![closed]).await;
        }
        let Some(photographs) = OutgoingPhotos::again(&self.photographs, &answer).await? else {
            let gone = over(
                RefusalCode::Stale,
                "a photograph of that answer is no longer there as it was; sign a new query",
            );
            return self.turn_away(asked, vec![gone]).await;
        };
        let again = AnswerAgain {
            query: asked.signed(),
            answer: &answer,
            envelope: reply,
            theirs: asked.theirs.clone(),
            pages,
            photographs: photographs.pieces,
            lapses: permit.lapses,
        };
        match self.agency.log.append(answer_redelivered(&upon.state, again)).await {
            Err(AppendError::Conflict(_)) => Err(CHANGING),
            appended => Ok(Reply {
                appended: appended?,
                awaits_receipt: Some(reply.digest()),
                underway: photographs.underway,
                again: true,
            }),
        }
    }
}
