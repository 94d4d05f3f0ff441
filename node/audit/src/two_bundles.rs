//! Reconciling two bundles, by someone who trusts neither agency: pure, with the keys that they pin.
//!
//! Exchanges pair as they do between running nodes. Beyond that, either side's log keeps what the
//! other side proved of its own: where its entry of an answer or a query stands, under a signed
//! head. What the other side's bundle tells otherwise, or lacks although it covers that place, its
//! own signature disproves.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use schemas::agency::AgencyId;
use schemas::bundle::Head;
use schemas::merkle::Frontier;
use schemas::time::Timestamp;
use serde::Serialize;

use super::bundle_file::BundleFile;
use super::bundle_index::{BundleIndex, Destroyed, ForeignProof, Lookup};
use super::check::Report;
use super::error::Unable;
use super::evidence::{Evidence, entry_proof};
use super::pins::Pins;
use super::reconcile::{Class, Finding, compare};
use super::verify::Keys;

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
fn window(heads: [&Head; 2], grace_ms: i64) -> (Timestamp, Timestamp, Timestamp) {
    let since = heads.iter().filter_map(|head| head.scope.from).max().unwrap_or(Timestamp::MIN);
    let ends = heads.iter().map(|head| head.scope.until.map_or(head.at, |end| end.min(head.at)));
    let end = ends.min().unwrap_or(Timestamp::MAX);
    (since, Timestamp::MAX, end.plus_millis(grace_ms.saturating_neg()))
}

/// Two bundles that were compared.
#[derive(Debug)]
pub struct TwoBundles {
    /// Their first lines.
    pub heads: [Head; 2],
    /// What they show.
    pub report: Reconciled,
}

/// Checks and compares two bundles. An exchange of the last `grace_ms` milliseconds before the
/// earlier bundle's end may have been under way.
///
/// # Errors
/// When one is no bundle or cannot be read to its end, both are of one agency, one is not about the
/// other's agency, or the key of one of them is not pinned.
pub fn reconcile<R: Read + Seek>(
    bundles: &mut [BundleFile<R>; 2],
    pins: &Pins,
    grace_ms: i64,
) -> Result<TwoBundles, Unable> {
    let [first, second] = bundles;
    let [ours, theirs] = [first.head()?, second.head()?];
    if ours.agency == theirs.agency {
        return Err(Unable::Usage(format!(
            "both bundles are of `{}`; give one of each agency",
            ours.agency
        )));
    }
    let (since, until, settled_before) = window([&ours, &theirs], grace_ms);
    let mut our_index = BundleIndex::new(ours.clone(), theirs.agency.clone(), since, until);
    let mut their_index = BundleIndex::new(theirs.clone(), ours.agency.clone(), since, until);
    for (head, other, file) in [(&ours, &theirs, &*first), (&theirs, &ours, &*second)] {
        fits(head, other, pins).map_err(|what| file.unfit(what))?;
    }
    first.rewind()?;
    let our_report = first.check(pins, |_, header, item, at| our_index.note(header, item, at))?;
    second.rewind()?;
    let their_report =
        second.check(pins, |_, header, item, at| their_index.note(header, item, at))?;
    let mut known = our_report.keys.clone();
    known.extend(their_report.keys.clone());
    let report = compared(
        [&our_index, &their_index],
        [&our_report, &their_report],
        &known,
        settled_before,
        &mut |bundle, offset| if bundle == 0 { first.item(offset) } else { second.item(offset) },
    );
    Ok(TwoBundles { heads: [ours, theirs], report })
}

/// Whether a bundle can be compared with that of `other`, and what is wrong if not.
fn fits(head: &Head, other: &Head, pins: &Pins) -> Result<(), String> {
    if !pins.contains_key(&head.agency) {
        return Err(format!(
            "the key of `{0}` is not pinned; name its fingerprint with --key {0}=FINGERPRINT",
            head.agency
        ));
    }
    match &head.scope.peer {
        Some(peer) if *peer != other.agency => Err(format!(
            "holds what concerns `{peer}`, and the other bundle is of `{}`",
            other.agency
        )),
        _ => Ok(()),
    }
}

/// Compares two bundles that were checked. `keys` are those of the pinned agencies alone.
fn compared(
    told: [&BundleIndex; 2],
    reports: [&Report; 2],
    keys: &Keys,
    settled_before: Timestamp,
    lookup: Lookup<'_>,
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
                evidence: index.and_then(|at| told.evidence(n, at, lookup)).into_iter().collect(),
            });
        }
    }
    for (n, (holder, other)) in [(ours, theirs), (theirs, ours)].into_iter().enumerate() {
        let whole = reports.get(1 - n).is_some_and(|report| sound(report));
        findings.extend(disproved(holder, other, n, whole, keys, lookup));
    }
    let (our, their) = (ours.told.lines(), theirs.told.lines());
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
                finding.evidence.extend(told.evidence(n, *index, lookup));
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
    holder: &BundleIndex,
    other: &BundleIndex,
    n: usize,
    sound: bool,
    keys: &Keys,
    lookup: Lookup<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    let whose = &other.head.agency;
    // What is kept was checked with the bundle; once more here, because it is to be held against
    // somebody else.
    let mut proven = |kept: &ForeignProof| {
        let (_, offset) = holder.entries.get(&kept.by)?;
        let item = lookup(n, *offset)?;
        keys.entry_proof(whose, &entry_proof(&item)?).ok()?;
        Evidence::of(&holder.head.agency, &item)
    };
    let mut against = Vec::new();
    for kept in &holder.foreign {
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
        let mut sizes: Vec<&ForeignProof> = holder.foreign.iter().collect();
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
        evidence.extend(other.evidence(1 - n, kept.index, lookup));
        findings.push(Finding {
            class,
            query_id: kept.query.and_then(|digest| holder.told.name(&digest)),
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
