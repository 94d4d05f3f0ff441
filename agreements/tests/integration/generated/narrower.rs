//! Authorities and policies made narrower in some of their values.

use std::collections::BTreeMap;

use agreements::agreement::Act;
use agreements::decide::{Decision, PeerScope, Scope as _};
use agreements::policy::{Days, Demand, Policy, Standard, Training};
use agreements::request::RequestScope;
use proptest::prelude::*;
use schemas::area::Near;
use schemas::authority::AuthorityId;
use schemas::time::Timestamp;

use super::any::{self, Paper};
use crate::fixtures::now;

/// In what, and by how much.
#[derive(Debug, Clone)]
pub(crate) struct By {
    /// Which values: a bit for each.
    which: u32,
    keep: usize,
    days: u32,
    count: u32,
    at: Timestamp,
}

prop_compose! {
    pub(crate) fn ways()(
        // One or a few values at a time.
        one in 0u32..19,
        more in prop_oneof![3 => Just(0u32), 1 => any::<u32>()],
        keep in 0usize..4,
        days in 1u32..400,
        count in prop_oneof![3 => 1u32..600, 1 => Just(0)],
        at in -200i64..40,
    ) -> By {
        By { which: (1 << one) | more, keep, days, count, at: now().plus_millis(at * 86_400_000) }
    }
}

impl By {
    fn does(&self, value: u32) -> bool {
        self.which & (1 << value) != 0
    }
}

pub(crate) fn paper(paper: &mut Paper, by: &By) {
    match paper {
        Paper::Agreement(recorded, used_today) => {
            let parties = recorded.agreement.parties.clone();
            let agreement = &mut recorded.agreement;
            if by.does(0) {
                agreement.purposes.truncate(by.keep.max(1));
            }
            if by.does(1) {
                agreement.query_kinds.truncate(by.keep.max(1));
            }
            if by.does(2) {
                agreement.lookback_days = agreement.lookback_days.min(by.days);
            }
            if by.does(3) {
                agreement.row_limit = agreement.row_limit.min(by.count);
            }
            if by.does(4) {
                agreement.effective = agreement.effective.max(by.at);
            }
            if by.does(5) {
                agreement.expires = agreement.expires.min(by.at);
            }
            if by.does(6) {
                agreement.images = false;
            }
            if by.does(7) {
                agreement.case_required = true;
            }
            if by.does(8) {
                agreement.daily_limit =
                    Some(agreement.daily_limit.unwrap_or(by.count).min(by.count));
            }
            if by.does(9) {
                *used_today = used_today.saturating_add(by.count);
            }
            if by.does(10) {
                agreement.parties.truncate(by.keep.min(1));
            }
            if by.does(11) {
                recorded.adherences.retain(|agency, _| *agency == parties[by.keep % 2]);
            }
            if by.does(12)
                && let Some(adherence) = recorded.adherences.get_mut(&parties[by.keep % 2])
            {
                adherence.shares_with.clear();
            }
            if by.does(14) {
                narrow_least(&mut agreement.known_characters, by);
            }
            if by.does(15) {
                narrow_most(&mut agreement.longest_days, by.days);
            }
            if by.does(16) {
                narrow_most(&mut agreement.widest_m, by.days);
            }
            let act = if by.keep > 1 { Act::Suspend } else { Act::Withdraw };
            if by.does(13) {
                let notice = any::notice(recorded, &parties[by.keep % 2], act);
                // One that does not fit is not recorded.
                let _ = recorded.notice(notice);
            }
        }
        Paper::Request(filed, used) => {
            if by.does(0) {
                filed.ruling = None;
            }
            if by.does(1) {
                filed.withdrawal = Some(any::withdrawal(filed));
            }
            if by.does(2) {
                *used = used.saturating_add(by.count);
            }
            if by.does(3) {
                filed.request.to = "third-ca-pd".parse().unwrap();
            }
            if let Some(ruling) = &mut filed.ruling {
                scope(&mut ruling.scope, by);
            }
        }
    }
}

fn narrow_least(least: &mut Option<u32>, by: &By) {
    let wanted = 2 + u32::try_from(by.keep).unwrap();
    *least = Some(least.unwrap_or(2).max(wanted));
}

fn narrow_most(most: &mut Option<u32>, to: u32) {
    *most = Some(most.unwrap_or(to).min(to));
}

fn scope(scope: &mut RequestScope, by: &By) {
    let earlier = |mine: Option<Timestamp>| Some(mine.map_or(by.at, |at| at.min(by.at)));
    if by.does(4) && scope.plates.is_empty() {
        scope.plates = vec!["8KTR392".parse().unwrap()];
    } else if by.does(4) {
        scope.plates.truncate(by.keep.max(1));
    }
    if by.does(5) {
        scope.from = Some(scope.from.map_or(by.at, |at| at.max(by.at)));
    }
    if by.does(6) {
        scope.until = earlier(scope.until);
    }
    if by.does(7) {
        scope.uses = Some(scope.uses.map_or(by.count, |uses| uses.min(by.count)));
    }
    if by.does(8) {
        scope.valid_until = earlier(scope.valid_until);
    }
    if by.does(9) {
        let center = schemas::read::Location::new(33.5, -117.5).unwrap().unwrap();
        scope.near = Some(scope.near.map_or(Near { center, radius_m: 9_000 }, |near| Near {
            radius_m: near.radius_m / 2,
            ..near
        }));
    }
}

/// Makes a period so many days, where that is shorter for certain.
fn shorter(days: &mut Option<u32>, years: &mut Option<u32>, by: u32) {
    let now = days.or(years.map(|years| years * 365));
    if now.is_none_or(|now| by < now) {
        (*days, *years) = (Some(by), None);
    }
}

pub(crate) fn policy(policy: &mut Policy, by: &By) {
    if by.does(0) {
        policy.purposes.truncate(by.keep.max(1));
    }
    if by.does(1) {
        policy.searches.kinds.truncate(by.keep);
    }
    if by.does(2) {
        let Days { days, years, .. } = &mut policy.lookback;
        shorter(days, years, by.days);
    }
    if by.does(3) {
        policy.row_limit.most = policy.row_limit.most.min(by.count);
    }
    if by.does(4) {
        let reads = &mut policy.retention.reads;
        shorter(&mut reads.cut_off_days, &mut reads.cut_off_years, by.days);
    }
    if by.does(5) {
        policy.release.recipients.kinds.truncate(by.keep);
    }
    if by.does(6) {
        policy.release.standing_agreement = None;
    }
    if by.does(7) {
        policy.release.written_request = None;
    }
    if by.does(8) {
        policy.training.demanded = true;
        let Training { every_days, every_years, .. } = &mut policy.training;
        shorter(every_days, every_years, by.days);
    }
    if by.does(9) {
        policy.case_number.demand = Demand::Required;
    }
    if by.does(10) {
        policy.suspicion.standard = Standard::Reasonable;
        policy.suspicion.except.clear();
    }
    if by.does(11) {
        policy.suspicion.need_to_know = true;
        policy.suspicion.except.clear();
    }
    if by.does(12) {
        policy.reason.telling_words = policy.reason.telling_words.saturating_add(by.count % 4);
    }
    if by.does(13) {
        policy.people.peers.roles.truncate(by.keep);
        policy.people.query.roles.truncate(by.keep);
    }
    if by.does(14) {
        for path in [&mut policy.release.standing_agreement, &mut policy.release.written_request] {
            if let Some(path) = path.as_mut().filter(|path| path.with.is_empty()) {
                path.with = vec!["third-ca-pd".parse().unwrap()];
            }
        }
    }
    if by.does(16) {
        narrow_least(&mut policy.searches.known_characters, by);
    }
    if by.does(17) {
        narrow_most(&mut policy.searches.longest_days, by.days);
    }
    if by.does(18) {
        narrow_most(&mut policy.searches.widest_m, by.days);
    }
    if by.does(15) {
        policy.reason.placeholders.push("driveway".parse().unwrap());
    }
}

/// What the narrower permits, the wider permits too, at least as far; when another authority comes
/// to count, it stands later in the order and was there before.
pub(crate) fn never_more(
    wide: Decision,
    narrow: Decision,
    papers: &BTreeMap<AuthorityId, Paper>,
) -> Result<(), TestCaseError> {
    let Decision::Permit(narrow) = narrow else { return Ok(()) };
    prop_assert!(narrow.scope.from() < narrow.scope.until() && narrow.scope.limit() > 0);
    let Decision::Permit(wide) = wide else {
        return Err(TestCaseError::fail(format!("the narrower permits: {narrow:?}")));
    };
    prop_assert!(papers.contains_key(&narrow.basis.authority));
    prop_assert!(narrow.basis.authority >= wide.basis.authority);
    if narrow.basis == wide.basis {
        contained(&narrow.scope, &wide.scope)?;
        prop_assert!(narrow.lapses <= wide.lapses);
    }
    Ok(())
}

fn contained(narrow: &PeerScope, wide: &PeerScope) -> Result<(), TestCaseError> {
    prop_assert!(narrow.from() >= wide.from() && narrow.until() <= wide.until());
    prop_assert!(narrow.limit() <= wide.limit());
    prop_assert!(wide.images() || !narrow.images());
    let (inner, outer) = (narrow.elements().near, wide.elements().near);
    prop_assert!(outer.is_none_or(|outer| inner.is_some_and(|inner| outer.encloses(&inner))));
    Ok(())
}
