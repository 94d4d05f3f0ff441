//! Comparing any number of bundles by the heads of logs that they hold: each agency's own, and those
//! that entries keep of the others. Whoever shows two of them a different log is found, and whoever
//! hands over one that ends before a head that another one keeps. Pure; the keys are those that are
//! pinned.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::merkle::{self, Frontier};
use serde::Serialize;

use super::bundle_file::BundleFile;
use super::check::UNPINNED;
use super::error::Unable;
use super::evidence::Evidence;
use super::pins::Pins;
use super::reconcile::{Class, Finding};
use super::signed_by::SignedBy;
use super::verify::{Judged, Proven};

/// What the heads of several bundles show.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ComparedHeads {
    /// The logs of the bundles, with the number of entries under the last signed head of each.
    pub logs: BTreeMap<AgencyId, u64>,
    /// How many signed heads of each log were held against each other.
    pub heads: BTreeMap<AgencyId, u64>,
    /// Agencies of whose logs heads are kept that count for nothing: no key of theirs is pinned.
    pub unpinned: BTreeSet<AgencyId>,
    /// Logs with two faces, and bundles that end too early.
    pub findings: Vec<Finding>,
}

impl ComparedHeads {
    /// Whether no log has two faces, no bundle ends too early, and every head counts.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.findings.is_empty() && self.unpinned.is_empty()
    }
}

/// Where something is known from.
#[derive(Clone, Copy, Debug)]
struct Source {
    /// The number of the bundle.
    bundle: usize,
    /// The entry that keeps it, and where its line begins; a bundle's own head stands in no entry.
    entry: Option<(u64, u64)>,
    /// Which of those that the entry keeps.
    nth: usize,
}

/// What is known of one log, as whoever keeps it signed it.
#[derive(Debug, Default)]
struct Log {
    /// Roots by size; of each different one the first source.
    heads: BTreeMap<u64, Vec<(Digest, Source, Option<SignedBy>)>>,
    /// Leaves by place; of each different one the first source.
    leaves: BTreeMap<u64, Vec<(Digest, Source, Option<SignedBy>)>>,
    /// Entries under the last signed head of its bundles.
    size: Option<u64>,
    /// The leaves of a bundle of the whole log.
    whole: Vec<Digest>,
    count: u64,
}

impl Log {
    fn head(&mut self, size: u64, root: Digest, source: Source, by: Option<SignedBy>) {
        let known = self.heads.entry(size).or_default();
        self.count = self.count.saturating_add(1);
        if known.iter().all(|(other, ..)| *other != root) {
            known.push((root, source, by));
        }
    }

    fn leaf(&mut self, index: u64, leaf: Digest, source: Source, by: Option<SignedBy>) {
        let known = self.leaves.entry(index).or_default();
        if known.iter().all(|(other, ..)| *other != leaf) {
            known.push((leaf, source, by));
        }
    }
}

/// Compares bundles by the heads that they hold; several may be of one agency.
///
/// # Errors
/// When one is no bundle or cannot be read to its end, or no key of its agency is pinned.
pub fn compare<R: Read + Seek>(
    bundles: &mut [BundleFile<R>],
    pins: &Pins,
) -> Result<ComparedHeads, Unable> {
    let mut logs: BTreeMap<AgencyId, Log> = BTreeMap::new();
    let mut compared = ComparedHeads::default();
    let mut holders = Vec::with_capacity(bundles.len());
    for (n, file) in bundles.iter_mut().enumerate() {
        let unpinned = &mut compared.unpinned;
        let (mut whole, mut own) = (Vec::new(), Vec::new());
        let told = &mut logs;
        let report = file.check(pins, |head, judged, item, offset| {
            if let Proven::Unpinned(agency) = &judged.proven {
                unpinned.insert(agency.clone());
            }
            let source = Source { bundle: n, entry: Some((judged.header.index, offset)), nth: 0 };
            let leaf = merkle::leaf(item.entry.header.as_bytes());
            if head.scope.is_whole() {
                whole.push(leaf);
            }
            own.push((judged.header.index, leaf, source));
            keep(told, &judged, source);
        })?;
        let agency = report.agency.clone();
        if !report.pinned {
            return Err(file.unfit(format!(
                "the key of `{agency}` is not pinned; name its fingerprint with --key {agency}=FINGERPRINT"
            )));
        }
        let log = logs.entry(agency.clone()).or_default();
        for problem in report.problems.iter().filter(|problem| problem.code != UNPINNED) {
            let message = format!("{}: {}", problem.code, problem.message);
            let finding = Finding::about(Class::Unsound, &agency, message);
            compared.findings.push(Finding { index: problem.index, ..finding });
        }
        // What its signed head does not cover says nothing of this log.
        if report.tree_holds() {
            log.size = log.size.max(Some(report.size));
            own.into_iter().for_each(|(index, leaf, source)| log.leaf(index, leaf, source, None));
        }
        if report.holds() {
            let source = Source { bundle: n, entry: None, nth: 0 };
            report.heads.iter().for_each(|head| log.head(head.size, head.root, source, None));
            if log.whole.len() < whole.len() {
                log.whole = whole;
            }
        }
        holders.push(agency);
    }
    let mut evidence = |source: &Source| {
        let (_, offset) = source.entry?;
        let item = bundles.get_mut(source.bundle)?.item(offset)?;
        Evidence::keeping(holders.get(source.bundle)?, &item, source.nth)
    };
    let place = |source: &Source| match source.entry {
        Some((index, _)) => holders
            .get(source.bundle)
            .map_or_else(String::new, |holder| format!("entry {index} of `{holder}`")),
        None => "its own bundle".into(),
    };
    for (agency, log) in &logs {
        compared.heads.insert(agency.clone(), log.count);
        if let Some(size) = log.size {
            compared.logs.insert(agency.clone(), size);
        }
        for one in differences(agency, log, &place) {
            let Difference { class, index, message, signed_by, sources } = one;
            let evidence = sources.iter().filter_map(&mut evidence).collect();
            let finding = Finding::about(class, agency, message);
            compared.findings.push(Finding { index, signed_by, evidence, ..finding });
        }
    }
    Ok(compared)
}

/// Notes what an entry keeps of another log, where that log's own key signed it.
fn keep(logs: &mut BTreeMap<AgencyId, Log>, judged: &Judged, source: Source) {
    for kept in &judged.theirs {
        let source = Source { nth: kept.nth, ..source };
        let log = logs.entry(kept.by.agency.clone()).or_default();
        log.head(kept.head.size, kept.head.root, source, Some(kept.by.clone()));
        log.leaf(kept.header.index, kept.leaf, source, Some(kept.by.clone()));
    }
}

/// What two sources say of a log that cannot both be true.
struct Difference {
    class: Class,
    index: Option<u64>,
    message: String,
    signed_by: Option<SignedBy>,
    sources: Vec<Source>,
}

fn differences(agency: &AgencyId, log: &Log, place: &dyn Fn(&Source) -> String) -> Vec<Difference> {
    let mut found = Vec::new();
    let signer =
        |all: &[(Digest, Source, Option<SignedBy>)]| all.iter().find_map(|(_, _, by)| by.clone());
    for (size, roots) in log.heads.iter().filter(|(_, roots)| roots.len() > 1) {
        let sources: Vec<Source> = roots.iter().map(|(_, source, _)| *source).collect();
        let places: Vec<String> = sources.iter().map(place).collect();
        found.push(Difference {
            class: Class::Forked,
            index: None,
            message: format!(
                "the log of `{agency}` signed {} heads of {size} entries with different roots: {}",
                roots.len(),
                places.join(", ")
            ),
            signed_by: signer(roots),
            sources,
        });
    }
    for (index, leaves) in log.leaves.iter().filter(|(_, leaves)| leaves.len() > 1) {
        let sources: Vec<Source> = leaves.iter().map(|(_, source, _)| *source).collect();
        let places: Vec<String> = sources.iter().map(place).collect();
        found.push(Difference {
            class: Class::Altered,
            index: Some(*index),
            message: format!(
                "the log of `{agency}` has proved {} different entries {index}: {}",
                leaves.len(),
                places.join(", ")
            ),
            signed_by: signer(leaves),
            sources,
        });
    }
    found.extend(not_led_to(agency, log, place));
    let last = log.heads.iter().next_back();
    if let Some((size, (roots, ended))) = last.map(|(at, roots)| (*at, (roots, log.size)))
        && let Some(ended) = ended.filter(|ended| *ended < size)
        && let Some((_, source, signed_by)) = roots.first()
    {
        found.push(Difference {
            class: Class::StaleBundle,
            index: None,
            message: format!(
                "the bundle of `{agency}` ends at {ended} entries; {} keeps a head of {size} entries that `{agency}` signed",
                place(source)
            ),
            signed_by: signed_by.clone(),
            sources: vec![*source],
        });
    }
    found
}

/// The first head that the bundle of the whole log does not lead to.
fn not_led_to(
    agency: &AgencyId,
    log: &Log,
    place: &dyn Fn(&Source) -> String,
) -> Option<Difference> {
    let mut tree = Frontier::new();
    let mut leaves = log.whole.iter();
    for (size, roots) in &log.heads {
        while tree.size() < *size
            && let Some(leaf) = leaves.next()
        {
            tree.push(*leaf);
        }
        let other = roots.iter().find(|(root, ..)| *root != tree.root());
        if tree.size() == *size
            && let Some((_, source, signed_by)) = other
        {
            return Some(Difference {
                class: Class::Forked,
                index: None,
                message: format!(
                    "the log of `{agency}` signed a head of {size} entries that its bundle does not lead to: {}",
                    place(source)
                ),
                signed_by: signed_by.clone(),
                sources: vec![*source],
            });
        }
    }
    None
}
