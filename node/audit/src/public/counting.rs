//! Counting a log by months, in its order: a month is over with the first entry of a later one, and
//! nothing that a clock stamps afterwards is of it any more. So a month once told never changes.

use std::collections::BTreeMap;

use schemas::body::Body;
use schemas::entry::{EntryKind, Header};
use schemas::event::Event;
use schemas::time::Timestamp;

use super::activity::{Activity, Part, is_counted};
use super::cells::LEAST;
use super::month::Month;
use registry::{Hold, State};

/// Most months that a log is taken to reach over: what lies behind that was stamped by no clock.
const MOST_MONTHS: usize = 12 * 200;

/// What happened in a month, or in several.
#[derive(Debug, Default, Clone)]
pub(super) struct Counts {
    /// How often.
    pub(super) activities: BTreeMap<Activity, u64>,
    /// Of what no hold ever held, in parts.
    pub(super) parts: BTreeMap<(Activity, Part), u64>,
    /// What holds held, by whichever: not told apart while one of them lasts.
    pub(super) held: Vec<(Activity, Part, Vec<u64>)>,
    /// Whether something that would be told in parts is destroyed by now.
    pub(super) destroyed: bool,
    /// Reads that were brought in.
    pub(super) reads: u64,
    /// Audits that were recorded.
    pub(super) audits: u64,
}

impl Counts {
    fn total(&self) -> u64 {
        self.activities.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn and(&mut self, more: Self) {
        for (activity, count) in more.activities {
            add(&mut self.activities, activity, count);
        }
        for (part, count) in more.parts {
            add(&mut self.parts, part, count);
        }
        self.held.extend(more.held);
        self.destroyed |= more.destroyed;
        self.reads = self.reads.saturating_add(more.reads);
        self.audits = self.audits.saturating_add(more.audits);
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, of: K, more: u64) {
    let count = counts.entry(of).or_default();
    *count = count.saturating_add(more);
}

/// Months that are told together, since there is too little in one of them alone.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) from: Month,
    pub(super) until: Month,
    /// Its first entry, and the first after it.
    pub(super) entries: (u64, u64),
    pub(super) counts: Counts,
    /// The first entry from which on it may be told in parts was stamped at least so late.
    pub(super) late: bool,
}

/// The counts of a log so far.
#[derive(Debug)]
pub struct Counting {
    holds: Vec<Hold>,
    months: BTreeMap<Month, (u64, Counts)>,
    /// The month that the log has come to.
    month: Option<Month>,
    /// The latest instant that it has come to.
    latest: Option<Timestamp>,
    next: u64,
}

impl Counting {
    /// Of nothing yet; `state` says which holds there are and were.
    #[must_use]
    pub fn beside(state: &State) -> Self {
        let holds = state.holds.values().cloned().collect();
        Self { holds, months: BTreeMap::new(), month: None, latest: None, next: 0 }
    }

    /// Counts the next entry: its header, and its body while that is kept.
    pub fn take(&mut self, header: &Header, body: Option<&Body>) {
        self.latest = self.latest.max(Some(header.at));
        let of_its_own = Month::of(header.at);
        let month = match (self.month, of_its_own) {
            (Some(now), Some(month)) => now.max(month),
            (now, month) => match now.or(month) {
                Some(month) => month,
                None => return,
            },
        };
        self.month = Some(month);
        self.next = header.index.saturating_add(1);
        let (_, counts) =
            self.months.entry(month).or_insert_with(|| (header.index, Counts::default()));
        if let Some(Event::ReadsImported(imported)) = body.map(|body| &body.event) {
            counts.reads = counts.reads.saturating_add(imported.stored);
        }
        if header.kind == EntryKind::AuditRecorded {
            counts.audits = counts.audits.saturating_add(1);
        }
        let Some(activity) = Activity::of(header.kind) else { return };
        if !is_counted(activity, header, body) {
            return;
        }
        add(&mut counts.activities, activity, 1);
        if !activity.is_parted() {
            return;
        }
        let Some(body) = body else {
            counts.destroyed = true;
            return;
        };
        let part = Part::of(activity, body);
        let by: Vec<u64> = self
            .holds
            .iter()
            .filter(|hold| hold.on.holds_body(body))
            .map(|hold| hold.hold)
            .collect();
        match by.is_empty() {
            true => add(&mut counts.parts, (activity, part), 1),
            false => counts.held.push((activity, part, by)),
        }
    }

    /// Where the entries begin that are of no stretch yet, and the months that are over, as many together
    /// as it takes for [`LEAST`]. `late` days after its end a stretch may be told in parts.
    pub(super) fn stretches(mut self, late: u32) -> (u64, Vec<Stretch>) {
        let Some(now) = self.month else { return (0, Vec::new()) };
        let mut stretches = Vec::new();
        let mut open: Option<Stretch> = None;
        let mut month = self.months.keys().next().copied().unwrap_or(now);
        let mut first = 0;
        for _ in 0..MOST_MONTHS {
            if month >= now {
                break;
            }
            let (_, counts) = self.months.remove(&month).unwrap_or_default();
            let stretch = open.get_or_insert_with(|| Stretch {
                from: month,
                until: month,
                entries: (first, first),
                counts: Counts::default(),
                late: false,
            });
            stretch.until = month;
            stretch.counts.and(counts);
            month = month.next();
            if stretch.counts.total() >= LEAST {
                first = self.begins(month);
                stretch.entries.1 = first;
                stretch.late = month
                    .start()
                    .is_some_and(|end| self.latest.is_some_and(|at| at >= end.plus_days(late)));
                stretches.extend(open.take());
            }
        }
        (first, stretches)
    }

    /// The first entry of a month or of one after it.
    fn begins(&self, month: Month) -> u64 {
        self.months.range(month..).next().map_or(self.next, |(_, (first, _))| *first)
    }
}
