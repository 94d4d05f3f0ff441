//! An answer that was received before, shown again while it is kept: no second query, and an entry
//! of its own.

use schemas::answer::Answer;
use schemas::body::{Access, Actor, Outcome};
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::query::Query;

use super::super::ports::Dial;
use super::super::verify;
use super::{AskError, Asker, Heard};
use crate::audit::entry::Entry;
use crate::audit::view::Viewed;
use crate::store::{EntryFilter, Side};

impl<D: Dial> Asker<D> {
    /// Shows the kept answer to `query`.
    pub(super) async fn kept(&self, query: &Query, actor: Actor) -> Result<Heard, AskError> {
        let again = |why: String| AskError::Again(why);
        let filter = EntryFilter {
            query: Some(query.id.digest()),
            kind: Some(EntryKind::AnswerReceived),
            ..EntryFilter::default()
        };
        let found = self.office.store.entries(&filter, 0, 1).await;
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
        let now = self.office.clock.now();
        let pages = self.office.store.pages(Side::Asked, query.id, now).await;
        let pages = pages.map_err(|e| again(e.to_string()))?;
        if pages.len() != answer.pages.len() {
            return Err(gone());
        }
        let reads = verify::pages(&answer, &pages, query).map_err(|e| again(e.to_string()))?;
        let mut access = Access::of(query, Outcome::Answered);
        access.basis = Some(answer.basis.clone());
        access.count = Some(answer.count);
        access.answer_digest = Some(envelope.digest());
        let entry =
            Entry::new(EntryKind::AnswerViewed, actor).with_peer(&query.to).with_access(access);
        let viewed = self.office.log.append(entry).await.map_err(|e| again(e.to_string()))?;
        Ok(Heard {
            query_id: Some(query.id),
            basis: Some(answer.basis),
            truncated: answer.truncated,
            own_notice: self.office.own_notice(),
            notice: answer.notice,
            reads,
            log: Some(viewed.position()),
            ..Heard::new(&query.to, "answered")
        })
    }
}
