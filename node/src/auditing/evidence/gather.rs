//! What belongs to a case: its entries of the log, the answers that were received for it, and the
//! own reads that were searched for it.

use std::collections::{BTreeMap, BTreeSet};

use ::agreements::decide::{decide_evidence, decline};
use ::agreements::policy::Policy;
use schemas::answer::Answer;
use schemas::body::{Access, Outcome};
use schemas::correction::Correction;
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::plate::Plate;
use schemas::query::{Query, QueryId};
use schemas::read::{Read, ReadId};
use schemas::refusal::Reason;
use schemas::text::Text;
use schemas::time::Timestamp;

use super::Packaging;
use crate::exchange::judged::Judge;
use crate::exchange::verify;
use crate::permission::{ActError, Principal};
use crate::retention::hold_filter::HoldFilter;
use audit::view::LogEntry;
use audit_log::corrections::corrections_of;
use schemas::entry::StoredEntry;
use schemas::user::User;
use store::{EntryFilter, Side};

/// Entries read at a time.
const STEP: u32 = 1_000;
/// Most own reads of one package: they are held in memory while it is made.
const MOST_READS: usize = 200_000;

/// An entry of the log that concerns the case.
pub(super) struct Recorded {
    pub(super) stored: StoredEntry,
    /// As the messages that were signed say it.
    pub(super) read: LogEntry,
}

/// An answer that was received for the case.
pub(super) struct Received {
    pub(super) query: Query,
    pub(super) query_envelope: String,
    pub(super) answer: Answer,
    pub(super) envelope: String,
    /// Its pages as they came; none when they are kept no longer.
    pub(super) pages: Vec<Vec<u8>>,
    pub(super) reads: Vec<Read>,
    pub(super) corrections: Vec<Correction>,
}

/// All that belongs to a case.
#[derive(Default)]
pub(super) struct Gathered {
    /// In the order of the log.
    pub(super) entries: Vec<Recorded>,
    pub(super) received: Vec<Received>,
    /// One's own reads, as they are now.
    pub(super) own: BTreeMap<(Timestamp, ReadId), Read>,
    /// Their earlier versions, with the entry of the correction that replaced each.
    pub(super) earlier: Vec<(u32, Read, u64)>,
}

impl Gathered {
    /// The plates that it names, of earlier versions too.
    pub(super) fn plates(&self) -> impl Iterator<Item = Plate> + '_ {
        let own = self.own.values().chain(self.earlier.iter().map(|(_, read, _)| read));
        let received = self.received.iter().flat_map(|one| &one.reads);
        own.chain(received).map(|read| read.plate.clone())
    }
}

/// Why somebody may not take what belongs to a case.
pub(super) struct Forbidden {
    pub(super) access: Access,
    pub(super) reasons: Vec<Reason>,
}

/// By whom, under what and when it is gathered.
pub(super) struct Asking<'a> {
    pub(super) user: &'a User,
    pub(super) by: &'a Principal,
    pub(super) policy: &'a Policy,
    pub(super) holds: &'a HoldFilter,
    pub(super) now: Timestamp,
}

impl Packaging<'_> {
    /// Every entry that concerns a case: its accesses, and what else belongs to their exchanges.
    pub(super) async fn recorded_for(&self, case: &Text) -> Result<Vec<Recorded>, ActError> {
        let by_case = EntryFilter { case: Some(case.to_string()), ..EntryFilter::default() };
        let mut found = BTreeMap::new();
        self.collect(&by_case, &mut found).await?;
        let exchanges: BTreeSet<_> =
            found.values().filter_map(|one: &Recorded| one.read.header.query).collect();
        for exchange in exchanges {
            let of_it = EntryFilter { query: Some(exchange), ..EntryFilter::default() };
            self.collect(&of_it, &mut found).await?;
        }
        let stored: Vec<StoredEntry> =
            found.values().map(|one: &Recorded| one.stored.clone()).collect();
        let mut judge = Judge::of(self.agency, false).await?;
        let judged = judge.judge(stored).await?;
        let told = found
            .into_values()
            .zip(judged)
            .map(|(one, judged)| Recorded { read: LogEntry::from(judged), ..one });
        Ok(told.collect())
    }

    async fn collect(
        &self,
        filter: &EntryFilter,
        found: &mut BTreeMap<u64, Recorded>,
    ) -> Result<(), ActError> {
        let mut start = 0;
        loop {
            let step = self.store.entries(filter, start, STEP).await?;
            let full = step.len() == STEP as usize;
            for stored in step {
                let read = LogEntry::of(&stored)?;
                let index = read.header.index;
                start = index.saturating_add(1);
                found.insert(index, Recorded { stored, read });
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// What belongs to the case of these entries, as far as the one who asks may have it: whoever
    /// takes it needs what it takes to ask for it.
    pub(super) async fn gather(
        &self,
        entries: Vec<Recorded>,
        asking: &Asking<'_>,
    ) -> Result<Result<Gathered, Forbidden>, ActError> {
        let mut gathered = Gathered::default();
        for recorded in &entries {
            let Some(body) = &recorded.read.body else { continue };
            let Some(access) = body.event.access() else { continue };
            match (body.event.kind(), access.outcome) {
                (EntryKind::ReadsSearched, Outcome::Answered) => {
                    let query = self.as_searched(access, asking);
                    let scope = match decide_evidence(asking.policy, &query, asking.now) {
                        Ok(scope) => scope,
                        Err(reasons) => return Ok(Err(forbidden(access, reasons.into_vec()))),
                    };
                    let kept = asking.policy.retention.reads.cut_off();
                    let cut_off = kept.before(asking.now);
                    let found = self.store.search(&scope).await?.reads.into_iter();
                    let found =
                        found.filter(|read| read.at >= cut_off || asking.holds.keeps_read(read));
                    gathered.own.extend(found.map(|read| ((read.at, read.id), read)));
                    if gathered.own.len() > MOST_READS {
                        return Err(ActError::failed(format!(
                            "the searches of this case find more than {MOST_READS} reads, which one package does not hold"
                        )));
                    }
                }
                (EntryKind::AnswerReceived, _) => {
                    let held = asking.holds.holds_on_body(body).next().is_some();
                    match self.received_for(recorded, access, held, asking).await? {
                        Ok(received) => gathered.received.extend(received),
                        Err(forbidden) => return Ok(Err(forbidden)),
                    }
                }
                _ => {}
            }
        }
        for (_, id) in gathered.own.keys() {
            gathered.earlier.extend(self.store.read_versions(*id).await?);
        }
        gathered.entries = entries;
        Ok(Ok(gathered))
    }

    /// The search of an entry, as the one who takes its reads would make it now.
    fn as_searched(&self, access: &Access, asking: &Asking<'_>) -> Query {
        Query {
            id: access.query_id,
            from: self.agency.id.clone(),
            to: self.agency.id.clone(),
            at: asking.now,
            search: access.search,
            authority: None,
            requester: asking.by.requester(asking.user),
            released_by: None,
            for_person: None,
            why: access.why.clone(),
            elements: access.elements.clone(),
            limit: u32::MAX,
            images: true,
        }
    }

    /// The answer of an entry, with its pages while they are kept: for as long as the agreement says,
    /// and beyond that under a hold.
    async fn received_for(
        &self,
        recorded: &Recorded,
        access: &Access,
        held: bool,
        asking: &Asking<'_>,
    ) -> Result<Result<Option<Received>, Forbidden>, ActError> {
        let id = access.query_id;
        let sent = self.store.asked(id).await?.and_then(|sent| sent.envelope);
        let came = recorded.stored.envelope.as_ref().and_then(|lines| lines.lines().next());
        let (Some(query_envelope), Some(envelope)) = (sent, came) else { return Ok(Ok(None)) };
        let query: Query =
            self.agency.own_signed(&Envelope::parse(query_envelope.as_bytes())?, Kind::Query)?;
        let now = asking.now;
        let anew = Query { requester: asking.by.requester(asking.user), at: now, ..query.clone() };
        if let Some(reasons) = decline(asking.policy, &anew, now) {
            return Ok(Err(forbidden(access, reasons.into_vec())));
        }
        let answer: Answer = answer_in(envelope, id)?;
        let as_of = if held { recorded.read.header.at } else { now };
        let pages = self.store.pages(Side::Asked, id, as_of).await?;
        let reads = if pages.len() == answer.pages.len() {
            verify::pages(&answer, &pages, &query)
                .map_err(|e| ActError::failed(format!("the kept answer to query `{id}`: {e}")))?
        } else {
            Vec::new()
        };
        let corrections = corrections_of(self.store, id).await?;
        Ok(Ok(Some(Received {
            envelope: envelope.to_owned(),
            corrections: corrections.into_iter().map(|(_, correction)| correction).collect(),
            pages: if reads.is_empty() { Vec::new() } else { pages },
            query,
            query_envelope,
            answer,
            reads,
        })))
    }
}

/// What the envelope of a received answer says: it was verified when it came, with the key in force
/// then.
fn answer_in(envelope: &str, id: QueryId) -> Result<Answer, ActError> {
    let envelope = Envelope::parse(envelope.as_bytes())?;
    serde_json::from_slice(envelope.unverified_payload())
        .map_err(|e| ActError::failed(format!("the answer to query `{id}` cannot be read: {e}")))
}

fn forbidden(access: &Access, reasons: Vec<Reason>) -> Forbidden {
    let access = Access { outcome: Outcome::Declined, reasons: reasons.clone(), ..access.clone() };
    Forbidden { access, reasons }
}
