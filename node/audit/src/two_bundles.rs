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
use schemas::query::QueryId;
use schemas::time::Timestamp;
use serde::Serialize;

use super::bundle_file::BundleFile;
use super::bundle_index::{BundleIndex, Destroyed, Lookup};
use super::check::{Report, UNPINNED};
use super::destroyed_under_hold::destroyed_under_hold;
use super::disproved::{disproved, ends_early, rejected, unproven};
use super::error::Unable;
use super::keys::Keys;
use super::pins::Pins;
use super::reconcile::{Class, Finding, compare};
use super::signed_by::SignedBy;

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

/// Where the period begins that both bundles cover, and the instant before which an exchange is settled.
fn window(heads: [&Head; 2], grace_ms: i64) -> (Timestamp, Timestamp) {
    let since = heads.iter().filter_map(|head| head.scope.from).max().unwrap_or(Timestamp::MIN);
    let ends = heads.iter().map(|head| head.scope.until.map_or(head.at, |end| end.min(head.at)));
    let end = ends.min().unwrap_or(Timestamp::MAX);
    (since, end.plus_millis(grace_ms.saturating_neg()))
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
    let (since, settled_before) = window([&ours, &theirs], grace_ms);
    let mut our_index = BundleIndex::new(ours.clone(), theirs.agency.clone(), since);
    let mut their_index = BundleIndex::new(theirs.clone(), ours.agency.clone(), since);
    for (head, other, file) in [(&ours, &theirs, &*first), (&theirs, &ours, &*second)] {
        fits(head, other, pins).map_err(|what| file.unfit(what))?;
    }
    first.rewind()?;
    let our_report = first.check(pins, |_, judged, item, at| our_index.note(&judged, item, at))?;
    second.rewind()?;
    let their_report =
        second.check(pins, |_, judged, item, at| their_index.note(&judged, item, at))?;
    let mut known = our_report.keys.clone();
    known.extend(&their_report.keys);
    let [ours_shown, theirs_shown] = [&our_index, &their_index].map(BundleIndex::shown_heads);
    for (index, report, shown) in
        [(&mut our_index, &our_report, theirs_shown), (&mut their_index, &their_report, ours_shown)]
    {
        let discounted = |by: &SignedBy, entry| {
            // What an agency itself kept is its own word on what it had made by then.
            let shown = (by.agency == index.with).then(|| shown.not_after(entry)).flatten();
            report.brackets.discounted(by, entry, shown)
        };
        index.told.weigh(discounted);
    }
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
    let (mut findings, mut stale) = (Vec::new(), Vec::new());
    for (n, (told, report)) in told.iter().zip(reports).enumerate() {
        // Of third agencies neither log is judged here.
        let problems = report.problems.iter().filter(|problem| problem.code != UNPINNED);
        for problem in problems {
            let index = problem.index;
            findings.push(Finding {
                index,
                evidence: index.and_then(|at| told.evidence(n, at, lookup)).into_iter().collect(),
                ..Finding::about(
                    Class::Unsound,
                    &told.head.agency,
                    format!("{}: {}", problem.code, problem.message),
                )
            });
        }
    }
    for (n, (holder, other)) in [(ours, theirs), (theirs, ours)].into_iter().enumerate() {
        let whole = reports.get(1 - n).is_some_and(|report| report.tree_holds());
        findings.extend(disproved(holder, other, n, whole, keys, lookup));
        findings.extend(rejected(holder, n, lookup));
        if let Some(report) = reports.get(n) {
            findings.extend(destroyed_under_hold(holder, report, other, n, lookup));
        }
        findings.extend(unproven(holder, n, settled_before, lookup));
        stale.extend(ends_early(holder, other, n, keys, lookup));
    }
    let (our, their) = (ours.told.lines(), theirs.told.lines());
    let report = compare(our, their, &ours.head.agency, settled_before);
    let mut open = report.open;
    if !stale.is_empty() {
        for finding in &mut stale {
            let said = finding.message.take().unwrap_or_default();
            finding.message = Some(format!(
                "{said}; without the rest {open} of the exchanges told cannot be judged"
            ));
        }
        // What is kept back is not under way.
        open = 0;
    }
    findings.append(&mut stale);
    let excuses = findings.iter().filter(|found| found.class == Class::RejectedAlthoughValid);
    let told_of: BTreeSet<QueryId> = excuses.filter_map(|found| found.query_id).collect();
    let mut expired = 0u64;
    for mut finding in report.findings {
        let excused =
            matches!(finding.class, Class::ReleasedNotReceived | Class::RefusedNotReceived);
        if excused && finding.query_id.is_some_and(|query| told_of.contains(&query)) {
            continue;
        }
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
    for finding in &mut findings {
        told.iter().for_each(|told| finding.explain(&told.explained));
    }
    for by in findings.iter_mut().filter_map(|finding| finding.signed_by.as_mut()) {
        by.said_ended = keys.said_ended(&by.agency, &by.key);
    }
    for (n, told) in told.iter().enumerate() {
        if reports.get(n).is_some_and(|report| report.tree_holds()) {
            told.prove(&mut findings);
        }
    }
    Reconciled {
        agency: ours.head.agency.clone(),
        peer: theirs.head.agency.clone(),
        matched: report.matched,
        refused_both: report.refused_both,
        open,
        expired,
        findings,
        bytes_exchanged: 0,
    }
}
