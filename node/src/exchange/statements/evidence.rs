//! What one's own log holds as evidence of a finding, and whether it holds the peer to anything.

use crate::exchange::judged::{Judge, confirmed_keys};
use crate::permission::{ActError, OwnAgency};
use audit::cosigned_heads::cosigned;
use audit::evidence::Evidence;
use audit::key_times::KeyTimes;
use audit::keys::Keys;
use audit::reconcile::{Class, Finding};
use audit::signature::Signature;
use audit::signed_by::SignedBy;
use audit::verify::Judged;
use audit_log::proofs::inclusion;
use schemas::agency::AgencyId;
use schemas::bundle::Item;
use schemas::checkpoint::SignedCheckpoint;
use schemas::event::Event;
use store::{EntryFilter, ReadStore};

/// Most findings that carry evidence; an export of both logs has it for all.
const MOST: usize = 500;
/// Most entries of one exchange.
const EACH: u32 = 32;

/// Adds to each finding the entries of its exchange in this log, with the signed envelopes and
/// the proofs of their places under the log's signed head, which it returns, with how many findings were
/// beyond the bound and hold nobody to a signature. A finding whose entries
/// are not signed by whom they have to be tells against this log, not against `peer`.
pub(super) async fn add_evidence(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    peer: &AgencyId,
    findings: &mut [Finding],
) -> Result<(String, u64), ActError> {
    let head = agency.log.head()?;
    let size = head.unverified().size;
    let brackets = confirmed_keys(agency).await?;
    let mut judge = Judge::with(agency, &brackets, false);
    for finding in findings.iter_mut().take(MOST) {
        let Some(query) = finding.query_id.map(|query| query.digest()) else { continue };
        let filter = EntryFilter { query: Some(query), ..EntryFilter::default() };
        let entries = store.entries(&filter, 0, EACH).await?;
        let judged = judge.judge(entries.clone()).await?;
        match judged.iter().find(|entry| !entry.holds) {
            _ if finding.class == Class::Unsound => {}
            Some(unsound) => {
                finding.class = Class::Unsound;
                finding.agency = Some(agency.id.clone());
                finding.index = Some(unsound.header.index);
                finding.message = Some(format!(
                    "entry {} of this log is not signed by whom it has to be, and proves nothing of `{peer}`; see `accord audit verify`",
                    unsound.header.index
                ));
            }
            None => {
                let signature = signed_by(finding.class, peer, &judged);
                let signature = match signature {
                    Some(found) => Some(bracketed(store, &brackets, agency, found).await?),
                    None => None,
                };
                *finding = finding.clone().resting_on(signature.as_ref());
            }
        }
        for entry in entries {
            let item = Item::of(entry);
            let Some(mut evidence) = Evidence::of(&agency.id, &item) else { continue };
            evidence.inclusion = Some(inclusion(store, evidence.index, size).await?);
            finding.evidence.push(evidence);
        }
    }
    Ok((head.to_string(), findings.len().saturating_sub(MOST) as u64))
}

/// With which key the peer signed what a finding of this class holds it to.
fn signed_by(class: Class, peer: &AgencyId, entries: &[Judged]) -> Option<(SignedBy, u64)> {
    let rests_on = |event: &Event| match class {
        Class::OwnerHoldsUnknownQuery => {
            matches!(event, Event::QueryAnswered(_) | Event::QueryRefused(_))
        }
        Class::RepliedOwnerSilent => {
            matches!(event, Event::AnswerReceived(_) | Event::RefusalReceived(_))
        }
        Class::ReleasedNotReceived => matches!(event, Event::ReceiptRecorded(_)),
        _ => false,
    };
    let holding = entries
        .iter()
        .filter(|entry| entry.body.as_ref().is_some_and(|body| rests_on(&body.event)));
    let signed = holding
        .flat_map(|entry| entry.signed.iter().map(|signed| (signed.clone(), entry.header.index)));
    signed.into_iter().find(|(signed, _)| signed.agency == *peer)
}

/// A signature beside an entry of this log, weighed by when that was made at the latest.
async fn bracketed(
    store: &dyn ReadStore,
    (keys, key_times): &(Keys, KeyTimes),
    agency: &OwnAgency,
    (by, entry): (SignedBy, u64),
) -> Result<Signature, ActError> {
    let first = store.first_cosigned(entry.saturating_add(1)).await?;
    let signed = first.and_then(|head| SignedCheckpoint::parse(head.as_bytes()).ok());
    // A head whose signatures do not hold bounds nothing.
    let cosigned = signed.and_then(|signed| cosigned(&signed, &agency.id, keys).ok());
    let not_after = cosigned.and_then(|(_, first)| first);
    let discounted = key_times.discounted(&by, not_after);
    let said_ended = keys.said_ended(&by.agency, &by.key);
    Ok(Signature { by: SignedBy { said_ended, ..by }, entry, discounted })
}
