//! A refusal that was decided, decided again.

use agreements::decide::Decision;
use registry::State;
use schemas::authority::AuthorityId;
use schemas::entry::Header;
use schemas::query::Query;
use schemas::refusal::{Refusal, RefusalCode};

use super::uses::{Limit, MOST_AT_ONCE};
use super::{Decisions, NotDecidedAgain, UsedUp, codes, limit};

/// What depends on how often an authority was used.
const COUNTED: [RefusalCode; 2] = [RefusalCode::UsesExhausted, RefusalCode::Quota];

/// An authority that came closest to permitting a query, of whose limits a refusal tells nothing.
fn unbounded(authority: AuthorityId, query: &Query) -> Limit {
    Limit { authority, peer: query.from.clone(), most: u32::MAX, daily: false }
}

impl Decisions {
    /// Decides a refused query again.
    pub(super) fn refusal(
        &mut self,
        header: &Header,
        query: &Query,
        refusal: &Refusal,
        state: Option<&State>,
    ) -> Result<(), NotDecidedAgain> {
        // On what the answer rested that was to be sent again is not known any more.
        if self.served.answer_is_destroyed(header) {
            return Err(NotDecidedAgain::Destroyed);
        }
        let Some(by) = &refusal.decided_by else {
            return self.undecided(header, query, refusal, state);
        };
        let state = match Self::grounds(by, state)? {
            Ok(state) => state,
            Err(what) => return self.wrong(header, &what),
        };
        let is_it = |decision: &Decision| match decision {
            Decision::Refuse(refused) => {
                Refusal::fitting(refused.reasons.as_slice().to_vec()) == refusal.reasons
                    && refused.closest == refusal.closest
            }
            Decision::Permit(_) => false,
        };
        let mut first = None;
        // Others may have used an authority between the decision and its entry: what was decided is
        // what one of those counts gives.
        for since in 0..=MOST_AT_ONCE {
            let other = match self.decide(state, query, refusal.at, since, &UsedUp::new()) {
                Err(what) => return self.wrong(header, &what),
                Ok(decision) if is_it(&decision) => return self.dated(header, refusal.at),
                Ok(other) => other,
            };
            if since == 0 {
                // One that is used up gives way to another, whose reasons speak of no count. Where as much
                // comes of it with nothing used, no count makes a difference.
                let unused = self.decide(state, query, refusal.at, MOST_AT_ONCE, &UsedUp::new());
                let same = unused.is_ok_and(|unused| unused == other);
                first = Some(other);
                if same {
                    break;
                }
            }
        }
        // What is destroyed may have used up the ones that permit now, or that come closest now.
        let (mut used_up, mut bounded) = (UsedUp::new(), true);
        while self.may_be_used_up(&used_up) {
            let next = match self.decide(state, query, refusal.at, 0, &used_up) {
                Ok(Decision::Permit(permit)) => limit(&permit, &query.from),
                Ok(Decision::Refuse(refused)) => {
                    bounded = false;
                    refused.closest.map(|closest| unbounded(closest.authority, query))
                }
                Err(_) => None,
            };
            let known = |next: &Limit| used_up.iter().any(|one| one.authority == next.authority);
            let Some(next) = next.filter(|next| !known(next)) else { break };
            used_up.push(next);
            if !self.decide(state, query, refusal.at, 0, &used_up).is_ok_and(|again| is_it(&again))
            {
                continue;
            }
            if !bounded {
                return Err(NotDecidedAgain::Counts);
            }
            let day = refusal.at.day_start();
            for limit in used_up {
                self.uses.defer(header.index, limit, day, true);
            }
            return self.dated(header, refusal.at);
        }
        let counted = refusal.reasons.iter().any(|one| COUNTED.contains(&one.code));
        if counted && self.uses.is_partial() {
            return Err(NotDecidedAgain::Counts);
        }
        let otherwise = match first {
            Some(Decision::Permit(permit)) => {
                format!("it is permitted under `{}`", permit.basis.authority)
            }
            Some(Decision::Refuse(refused)) => {
                format!("the reasons are {}", codes(refused.reasons.as_slice()))
            }
            None => "nothing comes of it".into(),
        };
        let what =
            format!("it was refused ({}); decided again {otherwise}", codes(&refusal.reasons));
        self.wrong(header, &what)
    }
}
