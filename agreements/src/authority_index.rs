//! Finding what stands between two agencies, however much stands between others.

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::time::Timestamp;

use crate::lifecycle::{AgreementRecord, AgreementStatus};

/// Which agreements and written requests concern an agency, by id. Clones share what they have in
/// common.
#[derive(Debug, Clone, Default)]
pub struct AuthorityIndex(RedBlackTreeMapSync<AgencyId, RedBlackTreeSetSync<AuthorityId>>);

impl AuthorityIndex {
    /// Notes that an agreement or request concerns these agencies.
    pub fn note<'a>(&mut self, id: &AuthorityId, agencies: impl IntoIterator<Item = &'a AgencyId>) {
        for agency in agencies {
            let mut ids = self.0.get(agency).cloned().unwrap_or_default();
            if !ids.contains(id) {
                ids.insert_mut(id.clone());
                self.0.insert_mut(agency.clone(), ids);
            }
        }
    }

    /// What concerns `agency`, in id order.
    pub fn of(&self, agency: &AgencyId) -> impl Iterator<Item = &AuthorityId> {
        self.0.get(agency).into_iter().flat_map(|ids| ids.iter())
    }
}

/// Of an agreement's versions, lowest first, the one that counts between two agencies; `None` when
/// no version names both.
///
/// A version takes the place of those below it once both have adhered to it and it is effective,
/// and keeps that place when it is suspended, withdrawn or expired: what it replaced does not come
/// back. One that an agency has adhered to without naming the other ends what stood between them.
#[must_use]
pub fn counting<'a>(
    versions: impl DoubleEndedIterator<Item = &'a AgreementRecord>,
    owner: &AgencyId,
    requester: &AgencyId,
    now: Timestamp,
) -> Option<&'a AgreementRecord> {
    let mut highest = None;
    for recorded in versions.rev() {
        let effective = now >= recorded.agreement.effective;
        match recorded.status(owner, requester, now) {
            // Said of one version, it is meant of whatever stands between the two.
            AgreementStatus::Suspended { .. } | AgreementStatus::Withdrawn { .. } => {
                return Some(recorded);
            }
            AgreementStatus::NotAParty(_) => {
                let left = |agency| recorded.adherences.contains_key(agency);
                if effective && (left(owner) || left(requester)) {
                    return highest;
                }
            }
            AgreementStatus::NotAdhered(_) | AgreementStatus::Declined { .. } => {
                highest = highest.or(Some(recorded));
            }
            _ if !effective => highest = highest.or(Some(recorded)),
            _ => return Some(recorded),
        }
    }
    highest
}
