//! Evidence packages: the reads of a case, one's own and those received, put into a bag to be booked
//! into evidence (Indio 461.4, Port 462.4, Monrovia 463.8, Escondido V), with the entries of the log
//! that say how they came and the proofs of these.
//!
//! The entry `evidence.exported` is durable before anything leaves, and holds the digest of the
//! manifest: it says exactly what left. What the package says of the export itself stands outside
//! the payload, since it comes after.

mod bag;
mod gather;
mod render;

use std::collections::BTreeMap;

use ::agreements::decide::Reasons;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::evidence::Evidence;
use schemas::image::Image;
use schemas::query::QueryId;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::context::NodeContext;
use crate::permission::{ActError, Principal, TRIES, authenticate, policy_in_force, refused};
use crate::retention::hold_filter::HoldFilter;
use audit_log::append::{AppendError, Moved};
use audit_log::entry::{Entry, Guard};
pub use bag::Photo;
use bag::{Payload, TAG_MANIFEST};
use gather::{Asking, Gathered};
use registry::State;
use store::EntryFilter;
use store::photographs::Flaw;

/// The signature over what a package holds.
const SIGNATURE: &str = "signature.json";
/// How to check a package without Accord.
const HOW_TO_CHECK: &str = include_str!("how-to-check.txt");

/// What is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The case.
    pub case: Text,
}

/// A photograph that belongs to a read of the package and is not in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Missing {
    /// Its digest.
    pub digest: Digest,
    /// Why, in a word: `missing` or `altered` here, or `not received`.
    pub why: String,
}

/// What a package holds, as `data/package.json` in it says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// The agency.
    pub agency: schemas::agency::AgencyId,
    /// The case.
    pub case: Text,
    /// Reads in it: one's own, and received ones, which count once for each answer.
    pub reads: usize,
    /// Of these, one's own.
    pub own_reads: usize,
    /// Answers of peers that were received for the case and are kept.
    pub answers: usize,
    /// Answers that were received for it and whose reads are kept no longer.
    pub answers_ended: Vec<QueryId>,
    /// Photographs.
    pub images: usize,
    /// Photographs that belong to a read and are not in it.
    pub images_missing: Vec<Missing>,
    /// Entries of the log that say how it all came.
    pub entries: usize,
    /// The entry of this export, once there is one: it comes after the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
}

/// A package on its way out.
#[derive(Debug)]
pub struct Package {
    /// What it holds.
    pub summary: Summary,
    /// Its files, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Its photographs, by path.
    pub photographs: Vec<(String, Photo)>,
}

impl NodeContext {
    /// Puts what belongs to a case into a package, for somebody who may ask for it.
    ///
    /// # Errors
    /// When nothing is on record for the case, the user may not ask for what belongs to it, or it
    /// cannot be logged: then nothing leaves.
    pub async fn evidence(&self, by: &Principal, case: &Text) -> Result<Package, ActError> {
        if case.as_str().trim().is_empty() {
            return Err(ActError::usage("a case number cannot be empty".into()));
        }
        for _ in 0..TRIES {
            let state = self.agency.registry.state();
            let now = self.agency.clock.now();
            let user = authenticate(&state, by, now)?;
            let entries = self.recorded_for(case).await?;
            if entries.iter().all(|one| one.viewed.body.is_none()) {
                return Err(ActError::usage(format!(
                    "nothing is on record here for case `{case}`; a query or a search names its case with --case"
                )));
            }
            let holds = HoldFilter::of(self.store.as_ref(), &state, None).await?;
            let asking = Asking { user, policy: policy_in_force(&state)?, holds: &holds, now };
            let gathered = match self.gather(entries, &asking).await? {
                Ok(gathered) => gathered,
                Err(forbidden) => {
                    let entry = Entry::new(EntryKind::QueryDeclined, self.agency.actor(user, by))
                        .with_access(forbidden.access)
                        .with_detail("evidence", true);
                    drop(self.agency.log.append(entry).await?);
                    let reasons = Reasons::ordered(forbidden.reasons);
                    return Err(reasons.map_or_else(
                        || ActError::failed("no reason was given against it".into()),
                        |reasons| refused(&reasons),
                    ));
                }
            };
            let (payload, summary) = self.payload(&state, &gathered, case, now).await?;
            let manifest = payload.manifest();
            let guard = Guard { generation: Some(state.generation()), ..Guard::default() };
            let entry = Entry::new(EntryKind::EvidenceExported, self.agency.actor(user, by))
                .with_detail("case", case.as_str())
                .with_detail("reads", summary.reads)
                .with_detail("answers", summary.answers)
                .with_detail("images", summary.images)
                .with_detail("manifest", Digest::of(manifest.as_bytes()).to_string())
                .guarded(guard);
            match self.agency.log.append(entry).await {
                // What it was judged by moved: judge again.
                Err(AppendError::Moved(Moved::Registry)) => {}
                appended => {
                    let index = appended?.position().index;
                    let said = Evidence {
                        agency: self.agency.id.clone(),
                        case: case.clone(),
                        by: user.name.clone(),
                        at: now,
                        entry: index,
                        manifest: Digest::of(manifest.as_bytes()),
                        tagmanifest: Digest::of(b""),
                    };
                    return self.bagged(&state, payload, &manifest, said, summary).await;
                }
            }
        }
        Err(ActError::failed(
            "the registry is being changed by others at this moment; try again".into(),
        ))
    }

    /// The files below `data/`.
    async fn payload(
        &self,
        state: &State,
        gathered: &Gathered,
        case: &Text,
        now: Timestamp,
    ) -> Result<(Payload, Summary), ActError> {
        let mut payload = Payload::default();
        self.put_reads(&mut payload, gathered)?;
        self.put_custody(&mut payload, gathered).await?;
        let owners: Vec<_> = gathered.received.iter().map(|one| &one.query.to).collect();
        let (cards, _) = self.signed_by(|id| owners.contains(&id)).await?;
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

    /// The reads: one's own in the native format, answers with their pages exactly as they came.
    fn put_reads(&self, payload: &mut Payload, gathered: &Gathered) -> Result<(), ActError> {
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

    async fn entry_files(
        &self,
        stored: &schemas::entry::StoredEntry,
        head: &schemas::checkpoint::SignedCheckpoint,
    ) -> Result<Vec<(String, Vec<u8>)>, ActError> {
        let proven = self.proven(stored, head.clone()).await?;
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

    /// The whole bag: the payload, what describes it, and the signature over both.
    async fn bagged(
        &self,
        state: &State,
        payload: Payload,
        manifest: &str,
        said: Evidence,
        summary: Summary,
    ) -> Result<Package, ActError> {
        let head = self.agency.log.head()?;
        let found = self.store.entries(&EntryFilter::default(), said.entry, 1).await?;
        let stored = found.first().ok_or_else(|| {
            ActError::failed(format!("entry {} of this export is missing", said.entry))
        })?;
        let key = self.message_key();
        let mut further: BTreeMap<_, _> =
            self.entry_files(stored, &head).await?.into_iter().collect();
        further.insert("custody/checkpoint".into(), head.to_string().into());
        further.insert("message-key.pem".into(), key.public().pem().into());
        further.insert("HOW-TO-CHECK.txt".into(), HOW_TO_CHECK.into());
        let name = state.own.as_ref().map(|own| own.value.name.to_string()).unwrap_or_default();
        let full_name = state.users.get(&said.by).map(|user| user.full_name.to_string());
        let info = [
            ("Source-Organization", format!("{name} ({})", said.agency)),
            ("Contact-Name", full_name.unwrap_or_else(|| said.by.to_string())),
            ("External-Identifier", said.case.to_string()),
            ("External-Description", "Licence plate reads of this case: own reads and answers of other agencies, with the entries of the audit log that say how they came".into()),
            ("Bagging-Date", said.at.day()),
            ("Payload-Oxum", payload.oxum()),
            ("Bag-Software-Agent", concat!("accord ", env!("CARGO_PKG_VERSION")).into()),
            ("Accord-Log-Entry", said.entry.to_string()),
        ];
        let mut tags = bag::tags(manifest, &info, further);
        let tag_manifest = bag::tag_manifest(&tags);
        let said = Evidence { tagmanifest: Digest::of(tag_manifest.as_bytes()), ..said };
        let signature = Envelope::sign_json(Kind::Evidence, &said, &key)?;
        tags.insert(TAG_MANIFEST.into(), tag_manifest.into());
        tags.insert(SIGNATURE.into(), signature.to_text().into());
        let photographs = payload.photographs();
        let mut files = payload.into_files();
        files.extend(tags);
        let summary = Summary { entry: Some(said.entry), ..summary };
        Ok(Package { summary, files, photographs })
    }
}

fn own(gathered: &Gathered, digest: Digest) -> bool {
    gathered.own.values().flat_map(|read| &read.images).any(|image| image.digest == digest)
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn unwritable(error: serde_json::Error) -> ActError {
    ActError::failed(error.to_string())
}
