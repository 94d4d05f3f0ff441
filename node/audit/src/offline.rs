//! Reconciling two bundles, by someone who trusts neither agency: pure, with the keys that they pin.
//!
//! Exchanges pair as they do between running nodes. Beyond that, either side's log keeps what the
//! other side proved of its own: where its entry of an answer or a query stands, under a signed
//! head. What the other side's bundle tells otherwise, or lacks although it covers that place, its
//! own signature disproves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemas::agency::AgencyId;
use schemas::checkpoint::SignedCheckpoint;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::merkle::{self, Frontier};
use schemas::time::Timestamp;
use serde::Serialize;

use super::check::Report;
use super::evidence::{Evidence, standing};
use super::reconcile::{Class, Finding, Telling, compare};
use super::verify::Keys;
use super::view::Viewed;
use schemas::bundle::{Head, Item};

/// What two bundles show.
#[derive(Clone, Debug, Serialize)]
pub struct Reconciled {
    /// The agency of the first bundle.
    pub agency: AgencyId,
    /// That of the second.
    pub peer: AgencyId,
    /// Exchanges told alike.
    pub matched: u64,
    /// Refusals told alike.
    pub refused_both: u64,
    /// Exchanges that may still have been under way.
    pub open: u64,
    /// Exchanges whose entries one side has destroyed at the end of their retention.
    pub expired: u64,
    /// Everything else.
    pub findings: Vec<Finding>,
    /// None: nothing crosses a wire.
    pub bytes_exchanged: u64,
}

/// The period that both bundles cover, and the instant before which an exchange is settled.
#[must_use]
pub fn window(heads: [&Head; 2], grace_ms: i64) -> (Timestamp, Timestamp, Timestamp) {
    let since = heads.iter().filter_map(|head| head.scope.from).max().unwrap_or(Timestamp::MIN);
    let ends = heads.iter().map(|head| head.scope.until.map_or(head.at, |end| end.min(head.at)));
    let end = ends.min().unwrap_or(Timestamp::MAX);
    (since, Timestamp::MAX, end.plus_millis(grace_ms.saturating_neg()))
}

/// What a bundle tells of the exchanges with one agency, gathered while it is checked.
pub struct Told {
    head: Head,
    with: AgencyId,
    telling: Telling,
    /// Every entry: its leaf, and where its line begins.
    entries: BTreeMap<u64, (Digest, u64)>,
    /// The entries of each exchange.
    exchanges: HashMap<Digest, Vec<u64>>,
    /// The entries of exchanges whose body is destroyed.
    bare: BTreeSet<u64>,
    /// Leaves in order, of a whole log.
    leaves: Vec<Digest>,
    kept: Vec<Kept>,
}

/// A place in the other side's log that an entry keeps.
struct Kept {
    /// The entry that keeps it.
    by: u64,
    query: Option<Digest>,
    index: u64,
    at: Timestamp,
    leaf: Digest,
    size: u64,
    root: Digest,
}

impl Told {
    /// Begins with a bundle's head.
    #[must_use]
    pub fn new(head: Head, with: AgencyId, since: Timestamp, until: Timestamp) -> Self {
        Self {
            telling: Telling::new(since, until),
            head,
            with,
            entries: BTreeMap::new(),
            exchanges: HashMap::new(),
            bare: BTreeSet::new(),
            leaves: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Takes in an entry that is being checked.
    pub fn note(&mut self, header: &Header, item: &Item, offset: u64) {
        let leaf = merkle::leaf(item.entry.header.as_bytes());
        self.entries.insert(header.index, (leaf, offset));
        if self.head.scope.is_whole() {
            self.leaves.push(leaf);
        }
        if header.peer.as_ref() != Some(&self.with) {
            return;
        }
        if let Some(query) = header.query {
            self.exchanges.entry(query).or_default().push(header.index);
            if item.entry.body.is_none() && !item.border {
                self.bare.insert(header.index);
            }
            if let Ok(viewed) = Viewed::of(&item.entry) {
                self.telling.add(&viewed);
            }
        }
        let kept = standing(item).and_then(|theirs| {
            let signed = SignedCheckpoint::parse(theirs.checkpoint.as_bytes()).ok()?;
            let their = Header::from_bytes(theirs.header.as_bytes()).ok()?;
            Some(Kept {
                by: header.index,
                query: header.query,
                index: their.index,
                at: their.at,
                leaf: merkle::leaf(theirs.header.as_bytes()),
                size: signed.unverified().size,
                root: signed.unverified().root,
            })
        });
        self.kept.extend(kept);
    }

    /// Whether this bundle would hold an entry of its log about the other agency, of that time.
    fn covers(&self, index: u64, at: Timestamp) -> bool {
        let scope = &self.head.scope;
        let about = scope.peer.as_ref().is_none_or(|peer| *peer == self.with);
        let begun = scope.from.is_none_or(|from| at >= from);
        let ended = scope.until.is_some_and(|until| at >= until);
        // Of the instant of the export itself, the numbers decide.
        about && begun && !ended && (at < self.head.at || index <= self.head.entry)
    }
}

/// Reads an entry of a bundle again, by where its line begins: of the first bundle, or the second.
pub trait Shelf {
    /// The entry; `None` if it cannot be read any longer.
    fn item(&mut self, bundle: usize, offset: u64) -> Option<Item>;
}

/// Compares two bundles that were checked. `keys` are those of the pinned agencies alone.
pub fn reconcile(
    told: [&Told; 2],
    reports: [&Report; 2],
    keys: &Keys,
    settled_before: Timestamp,
    shelf: &mut dyn Shelf,
) -> Reconciled {
    let [ours, theirs] = told;
    let mut findings = Vec::new();
    for (n, (told, report)) in told.iter().zip(reports).enumerate() {
        for problem in &report.problems {
            let index = problem.index;
            findings.push(Finding {
                class: Class::Unsound,
                query_id: None,
                agency: Some(told.head.agency.clone()),
                index,
                message: Some(format!("{}: {}", problem.code, problem.message)),
                ours: None,
                theirs: None,
                evidence: index.and_then(|at| told.evidence(n, at, shelf)).into_iter().collect(),
            });
        }
    }
    for (n, (holder, other)) in [(ours, theirs), (theirs, ours)].into_iter().enumerate() {
        let whole = reports.get(1 - n).is_some_and(|report| sound(report));
        findings.extend(disproved(holder, other, n, whole, keys, shelf));
    }
    let (our, their) = (ours.telling.lines(), theirs.telling.lines());
    let report = compare(our, their, &ours.head.agency, settled_before);
    let mut expired = 0u64;
    for mut finding in report.findings {
        let digest = finding.query_id.map(|query| query.digest());
        let destroyed = digest.and_then(|digest| {
            told.iter().zip(reports).map(|(told, by)| told.destroyed(&digest, by)).max()
        });
        match destroyed.unwrap_or(Destroyed::Nothing) {
            Destroyed::Nothing => {}
            Destroyed::InTime => {
                expired = expired.saturating_add(1);
                continue;
            }
            Destroyed::Early => finding.class = Class::RedactedEarly,
        }
        for (n, told) in told.iter().enumerate() {
            let entries = digest.and_then(|digest| told.exchanges.get(&digest));
            for index in entries.into_iter().flatten() {
                finding.evidence.extend(told.evidence(n, *index, shelf));
            }
        }
        findings.push(finding);
    }
    for (n, told) in told.iter().enumerate() {
        if reports.get(n).is_some_and(|report| sound(report)) {
            told.prove(&mut findings);
        }
    }
    Reconciled {
        agency: ours.head.agency.clone(),
        peer: theirs.head.agency.clone(),
        matched: report.matched,
        refused_both: report.refused_both,
        open: report.open,
        expired,
        findings,
        bytes_exchanged: 0,
    }
}

/// Whether the entries of a bundle are those of its signed head.
fn sound(report: &Report) -> bool {
    let spoilt = ["checkpoint", "line", "header", "missing", "order", "size", "root"];
    report.problems.iter().all(|problem| !spoilt.contains(&problem.code))
}

/// What `holder` keeps of the log of `other` that the bundle of `other` tells otherwise. `n` is the
/// number of the holder's bundle.
fn disproved(
    holder: &Told,
    other: &Told,
    n: usize,
    sound: bool,
    keys: &Keys,
    shelf: &mut dyn Shelf,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    let whose = &other.head.agency;
    // What is kept was checked with the bundle; once more here, because it is to be held against
    // somebody else.
    let mut proven = |kept: &Kept| {
        let (_, offset) = holder.entries.get(&kept.by)?;
        let item = shelf.item(n, *offset)?;
        keys.standing(whose, &standing(&item)?).ok()?;
        Evidence::of(&holder.head.agency, &item)
    };
    let mut against = Vec::new();
    for kept in &holder.kept {
        let class = match other.entries.get(&kept.index) {
            Some((leaf, _)) if *leaf == kept.leaf => continue,
            Some(_) => Class::Altered,
            None if other.covers(kept.index, kept.at) => Class::Omitted,
            None => continue,
        };
        if !told.insert(kept.index) {
            continue;
        }
        let Some(evidence) = proven(kept) else { continue };
        let what = match class {
            Class::Altered => "has another entry there",
            _ => "has no such entry",
        };
        let message = format!(
            "the log of `{whose}` proved its entry {} to `{}`, which kept that in entry {}; its bundle {what}",
            kept.index, holder.head.agency, kept.by
        );
        against.push((class, kept, message, evidence));
    }
    if against.is_empty() && sound && other.head.scope.is_whole() {
        let mut sizes: Vec<&Kept> = holder.kept.iter().collect();
        sizes.sort_by_key(|kept| kept.size);
        let mut tree = Frontier::new();
        let mut leaves = other.leaves.iter();
        for kept in sizes {
            while tree.size() < kept.size
                && let Some(leaf) = leaves.next()
            {
                tree.push(*leaf);
            }
            if tree.size() == kept.size && tree.root() != kept.root {
                let Some(evidence) = proven(kept) else { continue };
                let message = format!(
                    "the log of `{whose}` signed a head of {} entries that its bundle does not lead to",
                    kept.size
                );
                against.push((Class::Forked, kept, message, evidence));
                break;
            }
        }
    }
    for (class, kept, message, evidence) in against {
        let mut evidence = vec![evidence];
        evidence.extend(other.evidence(1 - n, kept.index, shelf));
        findings.push(Finding {
            class,
            query_id: kept.query.and_then(|digest| holder.telling.name(&digest)),
            agency: Some(whose.clone()),
            index: Some(kept.index),
            message: Some(message),
            ours: None,
            theirs: None,
            evidence,
        });
    }
    findings
}

/// What a log has destroyed of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Destroyed {
    Nothing,
    /// At the end of its retention, as its entries say.
    InTime,
    /// Before that, under hold, or without an entry that says so.
    Early,
}

impl Told {
    /// What this log has destroyed of an exchange, as the check of its bundle judged it.
    fn destroyed(&self, exchange: &Digest, report: &Report) -> Destroyed {
        let entries = self.exchanges.get(exchange).into_iter().flatten();
        let mut destroyed = Destroyed::Nothing;
        for index in entries.filter(|index| self.bare.contains(index)) {
            let early = report.problems.iter().any(|problem| {
                problem.index == Some(*index) && problem.code.starts_with("redacted")
            });
            destroyed = destroyed.max(if early { Destroyed::Early } else { Destroyed::InTime });
        }
        destroyed
    }

    fn evidence(&self, n: usize, index: u64, shelf: &mut dyn Shelf) -> Option<Evidence> {
        let (_, offset) = self.entries.get(&index)?;
        Evidence::of(&self.head.agency, &shelf.item(n, *offset)?)
    }

    /// Adds the proof of its place to every piece of evidence out of this log, if it is a whole one.
    fn prove(&self, findings: &mut [Finding]) {
        if !self.head.scope.is_whole() || findings.is_empty() {
            return;
        }
        let mut tree = Frontier::new();
        let mut nodes = HashMap::new();
        for leaf in &self.leaves {
            nodes.extend(tree.push(*leaf));
        }
        let mine = findings.iter_mut().flat_map(|finding| &mut finding.evidence);
        for evidence in mine.filter(|evidence| evidence.agency == self.head.agency) {
            let lookup = |subtree| nodes.get(&subtree).copied();
            evidence.inclusion = merkle::inclusion(evidence.index, tree.size(), lookup).ok();
        }
    }
}
