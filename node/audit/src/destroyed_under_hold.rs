//! What a log has destroyed of exchanges while a hold kept them: its own bodies are gone, and what was
//! asked stands in the other side's bundle, bound by its own signature.

use std::collections::HashMap;

use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::query::Query;

use super::bundle_index::{BundleIndex, Lookup};
use super::check::Report;
use super::reconcile::{Class, Finding};

/// What the log of `told`, whose bundle is number `n`, has destroyed under a hold of its own, as `other`
/// tells. Nothing where the terms of its holds are not opened.
pub(super) fn destroyed_under_hold(
    told: &BundleIndex,
    report: &Report,
    other: &BundleIndex,
    n: usize,
    lookup: Lookup<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut asked: HashMap<Digest, Option<(u64, Query)>> = HashMap::new();
    if report.holds.is_empty() {
        return findings;
    }
    for (exchange, entries) in &told.exchanges {
        for index in entries.iter().filter(|index| told.bare.contains(index)) {
            let made = report.redactions.iter();
            let by = made.into_iter().find(|(by, gone)| by > index && gone.contains(*index));
            let Some((by, _)) = by else { continue };
            let mut lasting = report.holds.iter().filter(|hold| hold.lasts_at(*by)).peekable();
            if lasting.peek().is_none() {
                continue;
            }
            let query = asked
                .entry(*exchange)
                .or_insert_with(|| query_of(other, told, exchange, 1 - n, lookup));
            let Some((entry, query)) = query else { continue };
            let Some(hold) = lasting.find(|hold| hold.on.holds_query(query)) else { continue };
            let me = &told.head.agency;
            let message = format!(
                "entry {by} of the log of `{me}` destroyed its entry {index}, which its hold {} kept: entry {entry} of `{}` tells what was asked, under the signature of `{me}`",
                hold.hold, other.head.agency
            );
            findings.push(Finding {
                query_id: Some(query.id),
                index: Some(*index),
                evidence: other.evidence(1 - n, *entry, lookup).into_iter().collect(),
                ..Finding::about(Class::RedactedEarly, me, message)
            });
        }
    }
    findings.sort_by_key(|finding| finding.index);
    findings
}

/// The query of an exchange as the bundle of `other`, number `n`, holds it, where the agency of `told`
/// signed it or a reply to it.
fn query_of(
    other: &BundleIndex,
    told: &BundleIndex,
    exchange: &Digest,
    n: usize,
    lookup: Lookup<'_>,
) -> Option<(u64, Query)> {
    let line = other.told.lines().get(&other.told.name(exchange)?)?;
    let signatures = [&line.query_by, &line.reply_by].into_iter().flatten();
    let mut own = signatures.filter(|one| one.by.agency == told.head.agency);
    own.next()?;
    for index in other.exchanges.get(exchange)? {
        let Some((_, offset)) = other.entries.get(index) else { continue };
        let item = lookup(n, *offset)?;
        let lines = item.entry.envelope.iter().flat_map(|lines| lines.lines());
        let found = lines
            .filter_map(|line| Envelope::parse(line.as_bytes()).ok())
            .find(|one| one.kind() == Kind::Query && one.digest() == line.record.query);
        let query = found.and_then(|one| serde_json::from_slice(one.unverified_payload()).ok());
        if let Some(query) = query {
            return Some((*index, query));
        }
    }
    None
}
