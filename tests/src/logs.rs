//! What stands in a node's audit log.

use audit::view;
use audit_log::entries::audit::audit_recorded;
use audit_log::entry::Auditor;
use node::auditing::who_saw;
use schemas::body::{Access, Body};
use schemas::entry::{EntryKind, Header};
use schemas::envelope::Envelope;
use schemas::event::audit::AuditRecorded;
use schemas::query::QueryId;
use serde_json::Value;
use store::{EntryFilter, ReadStore};

use crate::agency::Agency;

const STEP: u32 = 2_000;
/// Appends that wait together in [`append_many`].
pub const WAITING: usize = 1_000;

/// As much as people write in one sentence.
const FINDING: &str = "a reason of the length that people write in one sentence";

/// One entry, with its body checked against its header.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Body,
    /// What its event says, as JSON.
    pub said: Value,
    /// The envelopes beside it.
    pub envelopes: Vec<String>,
}

impl LogEntry {
    /// The access it records.
    ///
    /// # Panics
    /// When it records none.
    #[must_use]
    pub fn access(&self) -> &Access {
        self.body.event.access().expect("an entry about an access")
    }

    /// Whether it belongs to the exchange of `query`.
    #[must_use]
    pub fn belongs_to(&self, query: QueryId) -> bool {
        self.header.query == Some(query.digest())
    }

    /// A value of its detail; null when it has none of that name.
    #[must_use]
    pub fn detail(&self, key: &str) -> &Value {
        self.said.get(key).unwrap_or(&Value::Null)
    }
}

/// The whole log, in order.
#[derive(Debug, Clone)]
pub struct Log(Vec<LogEntry>);

impl Log {
    /// Reads the whole log: the entries whose bodies are not destroyed.
    ///
    /// # Panics
    /// When an entry cannot be read, an index is missing, stands twice or out of order, a time goes
    /// back, or an envelope is not the one that the header commits to.
    pub async fn of(store: &dyn ReadStore) -> Self {
        let mut entries: Vec<LogEntry> = Vec::new();
        let mut start = 0;
        loop {
            let step =
                store.entries(&EntryFilter::default(), start, STEP).await.expect("a readable log");
            let whole = step.len() < STEP as usize;
            for stored in step {
                let view::LogEntry { header, body, .. } =
                    view::LogEntry::of(&stored).expect("an entry as it was written");
                assert_eq!(header.index, start, "indices follow one another");
                start += 1;
                assert!(
                    header.kind == EntryKind::ClockAccepted
                        || entries.last().is_none_or(|last| last.header.at <= header.at),
                    "times go back with an accepted clock alone"
                );
                let Some(body) = body else { continue };
                let beside = stored
                    .envelope
                    .as_ref()
                    .map(|text| schemas::digest::Digest::of(text.as_bytes()));
                assert_eq!(
                    header.envelope, beside,
                    "the envelope is the one that entry {} commits to",
                    header.index
                );
                let envelopes = stored
                    .envelope
                    .iter()
                    .flat_map(|text| text.lines())
                    .map(str::to_owned)
                    .collect();
                let said = serde_json::to_value(&body.event).expect("an event is JSON");
                entries.push(LogEntry { header, body, said, envelopes });
            }
            if whole {
                return Self(entries);
            }
        }
    }

    /// Every entry.
    #[must_use]
    pub fn entries(&self) -> &[LogEntry] {
        &self.0
    }

    /// The entries of `kind`, in order.
    #[must_use]
    pub fn all(&self, kind: EntryKind) -> Vec<&LogEntry> {
        self.0.iter().filter(|entry| entry.header.kind == kind).collect()
    }

    /// How many entries of `kind` there are.
    #[must_use]
    pub fn count(&self, kind: EntryKind) -> usize {
        self.all(kind).len()
    }

    /// The one entry of `kind`.
    ///
    /// # Panics
    /// When there is none or more than one.
    pub fn one(&self, kind: EntryKind) -> &LogEntry {
        match self.all(kind).as_slice() {
            [one] => one,
            found => panic!(
                "{} entries of kind `{kind}`, not one, among {:?}",
                found.len(),
                self.kinds()
            ),
        }
    }

    /// The last entry of `kind`.
    ///
    /// # Panics
    /// When there is none.
    pub fn last(&self, kind: EntryKind) -> &LogEntry {
        self.all(kind)
            .pop()
            .unwrap_or_else(|| panic!("no entry of kind `{kind}` among {:?}", self.kinds()))
    }

    /// The kinds of the entries of one exchange, in order.
    #[must_use]
    pub fn exchange(&self, query: QueryId) -> Vec<EntryKind> {
        self.0
            .iter()
            .filter(|entry| entry.belongs_to(query))
            .map(|entry| entry.header.kind)
            .collect()
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.0.iter().map(|entry| entry.header.kind.code()).collect()
    }
}

/// An envelope out of an entry.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn envelope(text: &str) -> Envelope {
    Envelope::parse(text.as_bytes()).expect("an envelope")
}

/// Appends `count` entries with bodies of the size of an access, [`WAITING`] at a time; all are durable
/// when this returns.
///
/// # Panics
/// When one is not appended.
pub async fn append_many(agency: &Agency, count: usize) {
    let log = &agency.context().agency.log;
    let actor = agency.context().agency.node_actor();
    let lanes = (0..WAITING).map(|lane| {
        let (log, actor) = (log.clone(), actor.clone());
        tokio::spawn(async move {
            for n in 0..count / WAITING {
                let recorded = AuditRecorded {
                    sample: None,
                    finding: FINDING.parse().expect("a text"),
                    entries: vec![lane as u64, n as u64],
                    ok: true,
                };
                let entry = audit_recorded(Auditor::nobody(actor.clone()), recorded);
                log.append(entry).await.expect("an append");
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("a lane");
    }
}

/// The kinds of the entries that released or showed a read of a plate, in order, as an auditor is told.
///
/// # Panics
/// When the auditor is not told.
pub async fn who_saw(agency: &Agency, plate: &str) -> Vec<EntryKind> {
    let plate = plate.parse().expect("a plate");
    let store = agency.context().store.clone();
    let told = who_saw::who_saw(agency.own(), store.as_ref(), &agency.admin(), &plate).await;
    let (entries, _) = told.expect("entries");
    entries.into_iter().map(|entry| entry.expect("sound").header.kind).collect()
}
