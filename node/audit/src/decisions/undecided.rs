//! Refusals of what did not come as far as a decision: each reason is held against what the log shows,
//! and what rests on a setting of the node is counted under its own word.

use agreements::decide::{Decision, Scope as _};
use registry::State;
use schemas::entry::Header;
use schemas::query::Query;
use schemas::refusal::{Reason, Refusal, RefusalCode};

use super::{Decisions, NotDecidedAgain, UsedUp, codes};

/// The shortest that a node may be set to take a query for fresh, in milliseconds.
const SHORTEST_FRESHNESS_MS: u64 = 1_000;

impl Decisions {
    /// A refusal of what did not come as far as a decision may give no reason of one.
    pub(super) fn undecided(
        &mut self,
        header: &Header,
        query: &Query,
        refusal: &Refusal,
        state: Option<&State>,
    ) -> Result<(), NotDecidedAgain> {
        let mut open = None;
        for reason in &refusal.reasons {
            match self.reason(header, query, refusal, reason, state) {
                Ok(None) => {}
                Ok(Some(what)) => return self.wrong(header, &what),
                Err(why) => open = open.or(Some(why)),
            }
        }
        open.map_or(Ok(()), Err)
    }

    /// What is wrong with one reason, in a sentence.
    fn reason(
        &self,
        header: &Header,
        query: &Query,
        refusal: &Refusal,
        reason: &Reason,
        state: Option<&State>,
    ) -> Result<Option<String>, NotDecidedAgain> {
        let known = self.served.knows(header);
        match reason.code {
            RefusalCode::LogUnavailable => Err(NotDecidedAgain::LogUnavailable),
            RefusalCode::LogUnproven => Err(NotDecidedAgain::LogUnproven),
            RefusalCode::Stale => {
                let apart = query.at.distance(refusal.at);
                if !known && state.is_some() && apart <= SHORTEST_FRESHNESS_MS {
                    return Ok(Some(format!(
                        "it was refused as too late, and its query was signed at {}, when it was refused, under a new id",
                        query.at
                    )));
                }
                Err(NotDecidedAgain::Stale)
            }
            RefusalCode::ReceiptsOutstanding => {
                state.ok_or(NotDecidedAgain::Registry)?;
                let open = self.served.unreceipted(&query.from);
                if open == 0 {
                    let what = format!(
                        "it was refused for want of receipts, and every answer to `{}` has one",
                        query.from
                    );
                    return Ok(Some(what));
                }
                Err(NotDecidedAgain::ReceiptsOutstanding)
            }
            RefusalCode::IdReused => {
                state.ok_or(NotDecidedAgain::Registry)?;
                match self.served.reused(header, refusal.query_digest) {
                    Some(true) => Ok(None),
                    Some(false) => Ok(Some(
                        "it was refused because its id was used before, and no earlier entry holds other bytes under it".into(),
                    )),
                    None => Err(NotDecidedAgain::Destroyed),
                }
            }
            RefusalCode::NoAuthority if state.is_some_and(|state| state.policy.is_none()) => {
                Ok(None)
            }
            // The photographs of an answer that was to be delivered again are opened no longer.
            RefusalCode::QueryKind if self.answered.contains_key(&query.id) => {
                let state = state.ok_or(NotDecidedAgain::Registry)?;
                match self.decide(state, query, refusal.at, 0, &UsedUp::new()) {
                    Ok(Decision::Permit(permit)) if !permit.scope.images() => Ok(None),
                    _ => Ok(Some(
                        "it was refused because photographs are opened no longer; decided again they are"
                            .into(),
                    )),
                }
            }
            // What came before is not all at hand.
            _ if state.is_none() => Err(NotDecidedAgain::Registry),
            _ => Ok(Some(format!(
                "it was refused ({}) without naming the policy by which",
                codes(&refusal.reasons)
            ))),
        }
    }
}
