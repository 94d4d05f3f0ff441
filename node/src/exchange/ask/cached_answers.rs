//! An answer that was received before, shown again while it is kept: no second query, and an entry
//! of its own.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemas::answer::{Answer, Photograph};
use schemas::body::Actor;
use schemas::correction::Correction;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::outcome::OutcomeCode;
use schemas::query::{Query, QueryId};
use schemas::read::Read;
use serde::Serialize;
use tokio::sync::mpsc;

use super::super::verify;
use super::{AskError, Extent, Misread, QueryOutcome, own_notice};
use crate::permission::OwnAgency;
use audit::view::LogEntry;
use audit_log::corrections::corrections_of;
use audit_log::entries::exchange::SignedQuery;
use audit_log::entries::exchange::asking::{answer_viewed, photographs_saved};
use store::photographs::{Flaw, Images};
use store::{EntryFilter, ReadStore, Side};

/// The answers that are kept here.
pub(super) struct CachedAnswers {
    pub(super) agency: OwnAgency,
    pub(super) store: Arc<dyn ReadStore>,
    pub(super) photographs: Images,
}

/// A kept answer: its exact envelope, its header and its reads.
struct Cached {
    envelope: Envelope,
    answer: Answer,
    reads: Vec<Read>,
}

impl CachedAnswers {
    /// Shows the kept answer to a query.
    pub(super) async fn show(
        &self,
        signed: SignedQuery<'_>,
        actor: Actor,
    ) -> Result<QueryOutcome, AskError> {
        let query = signed.query;
        let Cached { envelope, answer, reads } = self.cached(query).await?;
        let corrections = self.corrections(query.id).await?;
        let entry = answer_viewed(actor, signed, &answer, &envelope);
        let viewed = self.agency.log.append(entry).await.map_err(again)?;
        Ok(QueryOutcome {
            query_id: Some(query.id),
            basis: Some(answer.basis),
            search: query.search,
            asked: Some(Extent::asked(query)),
            released: Some(answer.released.clone()),
            truncated: answer.truncated,
            own_notice: own_notice(&self.agency),
            notice: answer.notice,
            misread: Misread::among(&query.elements, &reads),
            reads,
            corrections,
            images: answer.released.images,
            photographs: answer.images,
            photographs_beyond: answer.images_beyond,
            log: Some(viewed.position()),
            ..QueryOutcome::new(&query.to, OutcomeCode::Answered)
        })
    }

    /// The corrections that came for an answer.
    pub(super) async fn corrections(&self, id: QueryId) -> Result<Vec<Correction>, AskError> {
        let came = corrections_of(self.store.as_ref(), id).await.map_err(again)?;
        Ok(came.into_iter().map(|(_, correction)| correction).collect())
    }

    /// Gives out the photographs of the kept answer to a query, one after the other, for somebody to
    /// save: an entry of its own comes first.
    pub(super) async fn save_photographs(
        &self,
        signed: SignedQuery<'_>,
        actor: Actor,
    ) -> Result<mpsc::Receiver<Saved>, AskError> {
        let Cached { envelope, answer, .. } = self.cached(signed.query).await?;
        let entry = photographs_saved(actor, signed, &answer, &envelope);
        drop(self.agency.log.append(entry).await.map_err(again)?);
        let (saved, receiver) = mpsc::channel(1);
        let images = self.photographs.clone();
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

    async fn cached(&self, query: &Query) -> Result<Cached, AskError> {
        let filter = EntryFilter {
            query: Some(query.id.digest()),
            kind: Some(EntryKind::AnswerReceived),
            ..EntryFilter::default()
        };
        let gone = || again(format!("the answer to query `{}` is kept no longer", query.id));
        let found = self.store.entries(&filter, 0, 1).await.map_err(again)?;
        let entry = found.first().ok_or_else(gone)?;
        LogEntry::of(entry).map_err(again)?;
        let envelope = entry.envelope.as_ref().and_then(|lines| lines.lines().next());
        let envelope = Envelope::parse(envelope.ok_or_else(gone)?.as_bytes()).map_err(again)?;
        // Its signature was verified when it came, with the key in force then.
        if envelope.kind() != Kind::Answer {
            return Err(gone());
        }
        let answer: Answer =
            serde_json::from_slice(envelope.unverified_payload()).map_err(again)?;
        let now = self.agency.clock.now();
        let pages = self.store.pages(Side::Asked, query.id, now).await.map_err(again)?;
        if pages.len() != answer.pages.len() {
            return Err(gone());
        }
        let reads = verify::pages(&answer, &pages, query).map_err(again)?;
        Ok(Cached { envelope, answer, reads })
    }
}

fn again(why: impl std::fmt::Display) -> AskError {
    AskError::Again(why.to_string())
}

/// A photograph of a kept answer as it is handed to whoever saves it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Saved {
    /// What the answer says of it.
    #[serde(flatten)]
    pub photograph: Photograph,
    /// Its bytes as base64; absent when the owner withheld them or they cannot be read here.
    pub data: Option<String>,
    /// What is wrong with the copy that is kept here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub flaw: Option<Flaw>,
}
