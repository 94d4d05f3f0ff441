//! An answer that was received before, shown again while it is kept: no second query, and an entry
//! of its own.

use agreements::decide::Reasons;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemas::answer::{Answer, Photograph};
use schemas::body::{Access, Actor, Outcome};
use schemas::correction::Correction;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::query::{Query, QueryId};
use schemas::read::Read;
use serde::Serialize;
use tokio::sync::mpsc;

use super::super::verify;
use super::{AskError, Asker, Heard, Misread, again_declined};
use crate::permission::{Principal, authenticate, refused};
use audit::view::Viewed;
use audit_log::entry::Entry;
use peer::link::Dial;
use store::photographs::Flaw;
use store::{EntryFilter, Side};

impl<D: Dial> Asker<D> {
    /// The kept answer to `query`: its envelope, its header and its reads.
    async fn answer_kept(&self, query: &Query) -> Result<(Envelope, Answer, Vec<Read>), AskError> {
        let again = |why: String| AskError::Again(why);
        let filter = EntryFilter {
            query: Some(query.id.digest()),
            kind: Some(EntryKind::AnswerReceived),
            ..EntryFilter::default()
        };
        let found = self.context.store.entries(&filter, 0, 1).await;
        let found = found.map_err(|e| again(e.to_string()))?;
        let gone = || again(format!("the answer to query `{}` is kept no longer", query.id));
        let entry = found.first().ok_or_else(gone)?;
        Viewed::of(entry).map_err(|e| again(e.to_string()))?;
        let envelope = entry.envelope.as_ref().and_then(|lines| lines.lines().next());
        let envelope = Envelope::parse(envelope.ok_or_else(gone)?.as_bytes())
            .map_err(|e| again(e.to_string()))?;
        // Its signature was verified when it came, with the key in force then.
        if envelope.kind() != Kind::Answer {
            return Err(gone());
        }
        let answer: Answer = serde_json::from_slice(envelope.unverified_payload())
            .map_err(|e| again(e.to_string()))?;
        let now = self.context.agency.clock.now();
        let pages = self.context.store.pages(Side::Asked, query.id, now).await;
        let pages = pages.map_err(|e| again(e.to_string()))?;
        if pages.len() != answer.pages.len() {
            return Err(gone());
        }
        let reads = verify::pages(&answer, &pages, query).map_err(|e| again(e.to_string()))?;
        Ok((envelope, answer, reads))
    }

    /// The entry of somebody who sees a kept answer again.
    fn viewing(&self, query: &Query, envelope: &Envelope, answer: &Answer, actor: Actor) -> Entry {
        let mut access = Access::of(query, Outcome::Answered);
        access.basis = Some(answer.basis.clone());
        access.count = Some(answer.count);
        access.answer_digest = Some(envelope.digest());
        Entry::new(EntryKind::AnswerViewed, actor).with_peer(&query.to).with_access(access)
    }

    /// Shows the kept answer to `query`.
    pub(super) async fn kept(&self, query: &Query, actor: Actor) -> Result<Heard, AskError> {
        let (envelope, answer, reads) = self.answer_kept(query).await?;
        let corrections = self.corrections(query.id).await?;
        let entry = self.viewing(query, &envelope, &answer, actor);
        let viewed = self.context.agency.log.append(entry).await;
        let viewed = viewed.map_err(|e| AskError::Again(e.to_string()))?;
        Ok(Heard {
            query_id: Some(query.id),
            basis: Some(answer.basis),
            truncated: answer.truncated,
            own_notice: self.context.own_notice(),
            notice: answer.notice,
            misread: Misread::among(&query.elements, &reads),
            reads,
            corrections,
            images: answer.released.images,
            photographs: answer.images,
            photographs_beyond: answer.images_beyond,
            log: Some(viewed.position()),
            ..Heard::new(&query.to, "answered")
        })
    }
    /// The corrections that came for an answer.
    pub(super) async fn corrections(&self, id: QueryId) -> Result<Vec<Correction>, AskError> {
        let came = self.context.corrections_of(id).await;
        let came = came.map_err(|e| AskError::Again(e.to_string()))?;
        Ok(came.into_iter().map(|(_, correction)| correction).collect())
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
        let again = |why: String| AskError::Again(why);
        let state = self.context.agency.registry.state();
        let now = self.context.agency.clock.now();
        let user = authenticate(&state, by, now).map_err(|e| AskError::User(e.to_string()))?;
        let (_, _, query) = self.sent(id).await?;
        if let Some((asking, reasons)) = again_declined(&state, user, &query, now)? {
            let refused = Reasons::ordered(reasons.clone()).map(|reasons| refused(&reasons));
            drop(self.declined(asking, self.context.agency.actor(user, by), reasons).await);
            return Err(AskError::User(refused.map_or_else(String::new, |e| e.to_string())));
        }
        let (envelope, answer, _) = self.answer_kept(&query).await?;
        let entry = self
            .viewing(&query, &envelope, &answer, self.context.agency.actor(user, by))
            .with_detail("photographs", answer.images.len());
        drop(self.context.agency.log.append(entry).await.map_err(|e| again(e.to_string()))?);
        let (saved, receiver) = mpsc::channel(1);
        let images = self.context.photographs.clone();
        tokio::spawn(async move {
            for one in answer.images {
                let fetched = match one.withheld {
                    Some(_) => None,
                    None => images.fetch(one.digest).await.ok(),
                };
                let (data, flaw) = match fetched {
                    Some(Ok(bytes)) => (Some(STANDARD.encode(bytes)), None),
                    Some(Err(flaw)) => (None, Some(flaw)),
                    None => (None, None),
                };
                if saved.send(Saved { photograph: one, data, flaw }).await.is_err() {
                    return;
                }
            }
        });
        Ok(receiver)
    }
}

/// A photograph of a kept answer as it is handed to who saves it.
#[derive(Debug, Clone, Serialize)]
pub struct Saved {
    /// What the answer says of it.
    #[serde(flatten)]
    pub photograph: Photograph,
    /// Its bytes as base64; absent when the owner withheld them or they cannot be read here.
    pub data: Option<String>,
    /// What is wrong with the copy that is kept here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
}
