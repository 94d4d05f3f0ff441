//! What stands below `data/` in a package: the reads, the entries that say how they came, the cards by
//! which both are checked, and the photographs.

use std::collections::BTreeMap;

use schemas::checkpoint::SignedCheckpoint;
use schemas::digest::Digest;
use schemas::entry::StoredEntry;
use schemas::image::Image;
use schemas::text::Text;
use schemas::time::Timestamp;

use super::bag::{Payload, Photo};
use super::gather::Gathered;
use super::{Missing, Packaging, Summary, render};
use crate::auditing::proofs::{self, signed_texts};
use crate::permission::{ActError, policy_in_force};
use registry::State;
use store::photographs::Flaw;

impl Packaging<'_> {
    /// The files below `data/`.
    pub(super) async fn payload(
        &self,
        state: &State,
        gathered: &Gathered,
        case: &Text,
        now: Timestamp,
    ) -> Result<(Payload, Summary), ActError> {
        let mut payload = Payload::default();
        put_reads(&mut payload, gathered)?;
        self.put_custody(&mut payload, gathered).await?;
        let owners: Vec<_> = gathered.received.iter().map(|one| &one.query.to).collect();
        let changes = self.store.changes(0, u32::MAX).await?;
        let cards = signed_texts(&changes, &self.agency.id, |id| owners.contains(&id))?.cards;
        for (n, card) in (1..).zip(&cards) {
            payload.put(&format!("cards/{n}.json"), card.as_bytes());
        }
        let (images, images_missing) = self.put_photographs(&mut payload, gathered).await?;
        let own_reads = gathered.own.len();
        let ended = gathered.received.iter().filter(|one| one.pages.len() < one.answer.pages.len());
        let summary = Summary {
            agency: self.agency.id.clone(),
            case: case.clone(),
            reads: gathered.received.iter().map(|one| one.reads.len()).sum::<usize>() + own_reads,
            own_reads,
            answers: gathered.received.len(),
            answers_ended: ended.map(|one| one.query.id).collect(),
            images,
            images_missing,
            entries: gathered.entries.len(),
            entry: None,
        };
        let said = serde_json::to_string_pretty(&summary).map_err(unwritable)?;
        payload.put("package.json", said + "\n");
        let notice = policy_in_force(state)?.verification.text.clone();
        payload.put("reads.csv", render::table(&self.agency.id, gathered));
        payload.put("index.html", render::page(&summary, gathered, &notice, now));
        Ok((payload, summary))
    }

    /// The entries of the log: each with its salt, body and envelopes, and the proof of its place.
    async fn put_custody(
        &self,
        payload: &mut Payload,
        gathered: &Gathered,
    ) -> Result<(), ActError> {
        let head = self.agency.log.head()?;
        payload.put("custody/checkpoint", head.to_string());
        for one in &gathered.entries {
            let files = self.entry_files(&one.stored, &head).await?;
            for (path, bytes) in files {
                payload.put(&path, bytes);
            }
        }
        Ok(())
    }

    pub(super) async fn entry_files(
        &self,
        stored: &StoredEntry,
        head: &SignedCheckpoint,
    ) -> Result<Vec<(String, Vec<u8>)>, ActError> {
        let proven = proofs::of_entry(self.store, stored, head.clone()).await?;
        let path = |ending: &str| format!("custody/{}.{ending}", proven.index);
        let mut files = vec![(path("tlog-proof"), proven.proof.clone().into_bytes())];
        if let Some(salt) = &stored.salt {
            files.push((path("salt"), salt.clone()));
        }
        if let Some(body) = &stored.body {
            files.push((path("body.json"), body.clone().into_bytes()));
        }
        if let Some(envelopes) = &stored.envelope {
            files.push((path("envelopes.jsonl"), envelopes.clone().into_bytes()));
        }
        Ok(files)
    }

    /// The photographs that are here and whole; how many, and which ones are not.
    async fn put_photographs(
        &self,
        payload: &mut Payload,
        gathered: &Gathered,
    ) -> Result<(usize, Vec<Missing>), ActError> {
        let received = gathered.received.iter().flat_map(|one| &one.reads);
        let images = gathered.own.values().chain(received).flat_map(|read| &read.images);
        let named: BTreeMap<Digest, &Image> = images.map(|image| (image.digest, image)).collect();
        let (mut count, mut missing) = (0usize, Vec::new());
        for (digest, image) in named {
            let why = match self.photographs.fetch(digest).await? {
                Ok(photograph) => {
                    let photo = Photo { digest, bytes: photograph.len() as u64 };
                    payload.put_photograph(&format!("images/{}", image.file_name()), photo);
                    count = count.saturating_add(1);
                    continue;
                }
                Err(Flaw::Altered) => "altered",
                // One's own is missing; of a received read it may never have come.
                Err(Flaw::Missing) if own(gathered, digest) => "missing",
                Err(Flaw::Missing) => "not received",
            };
            missing.push(Missing { digest, why: why.to_owned() });
        }
        Ok((count, missing))
    }
}

/// The reads: one's own in the native format, answers with their pages exactly as they came.
fn put_reads(payload: &mut Payload, gathered: &Gathered) -> Result<(), ActError> {
    let mut own = Vec::new();
    for read in gathered.own.values() {
        serde_json::to_writer(&mut own, read).map_err(unwritable)?;
        own.push(b'\n');
    }
    payload.put("own/reads.jsonl", own);
    if !gathered.earlier.is_empty() {
        let mut earlier = Vec::new();
        for (version, read, corrected_by) in &gathered.earlier {
            let line = serde_json::json!({
                "version": version, "corrected_by_entry": corrected_by, "read": read,
            });
            serde_json::to_writer(&mut earlier, &line).map_err(unwritable)?;
            earlier.push(b'\n');
        }
        payload.put("own/earlier-versions.jsonl", earlier);
    }
    for one in &gathered.received {
        let folder = format!("answers/{}", one.query.id);
        payload.put(&format!("{folder}/query.json"), one.query_envelope.as_bytes());
        payload.put(&format!("{folder}/answer.json"), one.envelope.as_bytes());
        for (n, page) in (1..).zip(&one.pages) {
            payload.put(&format!("{folder}/page-{n}.jsonl"), page.as_slice());
        }
    }
    Ok(())
}

fn own(gathered: &Gathered, digest: Digest) -> bool {
    gathered.own.values().flat_map(|read| &read.images).any(|image| image.digest == digest)
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn unwritable(error: serde_json::Error) -> ActError {
    ActError::failed(error.to_string())
}
