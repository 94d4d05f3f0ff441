//! What one bundle keeps that the other one tells otherwise, lacks, or ends before: held against the
//! other agency by what that agency signed, and by nothing else.

use std::collections::BTreeSet;

use schemas::agency::AgencyId;
use schemas::merkle::{self, Frontier};
use schemas::time::Timestamp;

use super::bundle_index::{BundleIndex, ForeignProof, Lookup};
use super::evidence::Evidence;
use super::keys::Keys;
use super::reconcile::{Class, Finding};
use super::signed_by::SignedBy;

/// The evidence that an entry is of a place in the log of `whose`, and who signed the head above it. What
/// is kept was checked with the bundle; once more here, because it is to be held against somebody else.
fn proven(
    holder: &BundleIndex,
    kept: &ForeignProof,
    whose: &AgencyId,
    n: usize,
    keys: &Keys,
    lookup: Lookup<'_>,
) -> Option<(Evidence, SignedBy)> {
    let (_, offset) = holder.entries.get(&kept.by)?;
    let item = lookup(n, *offset)?;
    let evidence = Evidence::keeping(&holder.head.agency, &item, kept.nth)?;
    let theirs = evidence.theirs.as_ref()?;
    let (_, head, key) = keys.entry_proof(whose, theirs).ok()?;
    let same = merkle::leaf(theirs.header.as_bytes()) == kept.leaf && head.root == kept.root;
    if !same {
        return None;
    }
    Some((evidence, SignedBy::new(whose.clone(), key)))
}

/// What `holder` keeps of the log of `other` that the bundle of `other` tells otherwise. `n` is the
/// number of the holder's bundle.
pub(super) fn disproved(
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
    let mut proven = |kept: &ForeignProof| proven(holder, kept, whose, n, keys, lookup);
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
    for (class, kept, message, (evidence, signed_by)) in against {
        let mut evidence = vec![evidence];
        evidence.extend(other.evidence(1 - n, kept.index, lookup));
        findings.push(Finding {
            query_id: kept.query.and_then(|digest| holder.told.name(&digest)),
            index: Some(kept.index),
            signed_by: Some(signed_by),
            evidence,
            ..Finding::about(class, whose, message)
        });
    }
    findings
}

/// That the bundle of `other` ends before a head that `holder` keeps of it: the largest of them.
pub(super) fn ends_early(
    holder: &BundleIndex,
    other: &BundleIndex,
    n: usize,
    keys: &Keys,
    lookup: Lookup<'_>,
) -> Option<Finding> {
    let whose = &other.head.agency;
    let size = other.head.signed().ok()?.unverified().size;
    let mut beyond: Vec<&ForeignProof> =
        holder.foreign.iter().filter(|kept| kept.size > size).collect();
    beyond.sort_by_key(|kept| std::cmp::Reverse(kept.size));
    let found = beyond
        .into_iter()
        .find_map(|kept| Some((kept, proven(holder, kept, whose, n, keys, lookup)?)));
    let (kept, (evidence, signed_by)) = found?;
    let message = format!(
        "the bundle of `{whose}` ends at {size} entries; `{}` keeps in entry {} a head of {} entries that `{whose}` signed",
        holder.head.agency, kept.by, kept.size
    );
    Some(Finding {
        signed_by: Some(signed_by),
        evidence: vec![evidence],
        ..Finding::about(Class::StaleBundle, whose, message)
    })
}

/// Exchanges settled by `settled_before` of which the log of a bundle keeps no proof of the other side's
/// own entry.
pub(super) fn unproven(
    told: &BundleIndex,
    n: usize,
    settled_before: Timestamp,
    lookup: Lookup<'_>,
) -> Vec<Finding> {
    let me = &told.head.agency;
    let mut findings = Vec::new();
    for owed in told.unproven.owed().filter(|owed| owed.at < settled_before) {
        // One that is not told was begun before both bundles.
        let Some(query_id) = told.told.name(&owed.query) else { continue };
        let message = format!(
            "{}, as far as entry {} of `{me}` and those after it tell: what it says of that may have been written later",
            owed.in_words(),
            owed.entry
        );
        findings.push(Finding {
            message: Some(message),
            evidence: told.evidence(n, owed.entry, lookup).into_iter().collect(),
            ..Finding::of(Class::Unproven, query_id, None, None)
        });
    }
    findings
}

/// What the log of a bundle says did not verify, although it does as far as it is kept.
pub(super) fn rejected(told: &BundleIndex, n: usize, lookup: Lookup<'_>) -> Vec<Finding> {
    let me = &told.head.agency;
    let finding = |(index, query, by): &(u64, schemas::digest::Digest, SignedBy)| {
        let message = format!(
            "the log of `{me}` says that a reply of `{}` did not verify; the header beside that entry does, is bound to the query and promises no more than was asked for. Whether the pages after it were those that it promises is not kept",
            by.agency
        );
        Finding {
            query_id: told.told.name(query),
            index: Some(*index),
            signed_by: Some(by.clone()),
            evidence: told.evidence(n, *index, lookup).into_iter().collect(),
            ..Finding::about(Class::RejectedAlthoughValid, me, message)
        }
    };
    told.rejected.iter().map(finding).collect()
}
