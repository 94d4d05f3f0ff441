//! A query whose id was served before: the same reply, or a refusal, and never a second search.

use agreements::decide::Decision;
use schemas::answer::Answer;
use schemas::body::{Access, Outcome};
use schemas::entry::EntryKind;
use schemas::envelope::Envelope;
use schemas::frame::{Frame, FrameKind};
use schemas::query::Query;
use schemas::refusal::RefusalCode;

use super::super::photographs::OutgoingPhotos;
use super::{Asked, Reply, Unserved, asking, frames, reason};
use crate::context::NodeContext;
use audit_log::append::AppendError;
use audit_log::entry::{Entry, Guard};
use store::{ServedBefore, Side, StoreError};

impl NodeContext {
    /// The same id again. Never a second search: the same bytes from the same agency get the same
    /// reply, an answer only while its authority still holds; anything else is refused.
    pub(super) async fn serve_again(
        &self,
        asked: &Asked,
        before: &ServedBefore,
    ) -> Result<Reply, Unserved> {
        let query = &asked.query;
        if before.requester != query.from || before.query_digest != asked.envelope.digest() {
            let reused = reason(
                RefusalCode::IdReused,
                "this query id was used before with other content; sign a new query",
                "query id",
            );
            return self.refuse(asked, vec![reused], false).await;
        }
        let Some(reply) = &before.reply else {
            let over = reason(
                RefusalCode::Stale,
                "this query was served so long ago that its reply is destroyed; sign a new query",
                "redelivery",
            );
            return self.refuse(asked, vec![over], false).await;
        };
        let reply = Envelope::parse(reply.as_bytes())
            .map_err(|e| Unserved::Store(StoreError::Corrupt(e.to_string())))?;
        if !before.answered {
            let entry = Entry::new(EntryKind::QueryRefused, asking(query))
                .with_peer(&query.from)
                .with_standing(asked.theirs.as_ref())
                .with_access(Access {
                    query_digest: Some(asked.envelope.digest()),
                    answer_digest: Some(reply.digest()),
                    ..Access::of(query, Outcome::Refused)
                })
                .with_detail("redelivered", true)
                .untyped_releasing(vec![Frame::new(FrameKind::Refusal, reply.as_bytes().to_vec())]);
            return Ok(Reply {
                appended: self.agency.log.append(entry).await?,
                awaits_receipt: None,
                underway: None,
                again: true,
            });
        }
        let ends = before
            .at
            .plus_millis(i64::from(self.bounds.redelivery_hours).saturating_mul(3_600_000));
        if self.agency.clock.now() >= ends {
            let over = reason(
                RefusalCode::Stale,
                format!(
                    "this query was answered at {} and can be redelivered no longer; sign a new query",
                    before.at
                ),
                "redelivery",
            );
            return self.refuse(asked, vec![over], false).await;
        }
        let state = self.agency.registry.state();
        // The authority that was relied on must still hold; another one does not stand in for it.
        let relied_on = Query { authority: before.authority.clone(), ..query.clone() };
        let permit = match self.decide(&state, &relied_on, Some(before)) {
            Decision::Refuse(reasons) => {
                return self.refuse(asked, reasons.into_vec(), false).await;
            }
            Decision::Permit(permit) => permit,
        };
        let pages = self.store.pages(Side::Served, query.id, self.agency.clock.now()).await?;
        // Of this node's own making: its signature was made with it.
        let answer: Answer = serde_json::from_slice(reply.unverified_payload())
            .map_err(|e| Unserved::Store(StoreError::Corrupt(e.to_string())))?;
        if answer.released.images && !permit.scope.images() {
            let closed = reason(
                RefusalCode::QueryKind,
                "the authority opens photographs no longer; sign a new query without",
                "redelivery",
            );
            return self.refuse(asked, vec![closed], false).await;
        }
        let Some(photographs) = OutgoingPhotos::again(&self.photographs, &answer).await? else {
            let gone = reason(
                RefusalCode::Stale,
                "a photograph of that answer is no longer there as it was; sign a new query",
                "redelivery",
            );
            return self.refuse(asked, vec![gone], false).await;
        };
        let digest = reply.digest();
        let mut access = Access::of(query, Outcome::Answered);
        access.basis = Some(permit.basis);
        access.query_digest = Some(asked.envelope.digest());
        access.answer_digest = Some(digest);
        let entry = Entry::new(EntryKind::AnswerRedelivered, asking(query))
            .with_peer(&query.from)
            .with_standing(asked.theirs.as_ref())
            .with_access(access)
            .guarded(Guard {
                generation: Some(state.generation()),
                before: Some(permit.lapses),
                ..Guard::default()
            })
            .untyped_releasing(frames(&reply, pages, photographs.frames));
        match self.agency.log.append(entry).await {
            Err(AppendError::Moved(_)) => {
                let busy = reason(
                    RefusalCode::Overloaded,
                    "the authority changed at this moment; ask again",
                    "concurrency",
                );
                self.refuse(asked, vec![busy], false).await
            }
            appended => Ok(Reply {
                appended: appended?,
                awaits_receipt: Some(digest),
                underway: photographs.underway,
                again: true,
            }),
        }
    }
}
