//! What the data is for: an authorised purpose, no forbidden use, and nobody else's errand.

use schemas::refusal::{Citation, Reason, RefusalCode};

use super::case::{Asked, Side};
use super::cite::{reason, statute};
use crate::policy::{Cited, ProhibitedUse};
use crate::screening::{CANNOT_TELL, Certainty};

/// Access only for the purposes that the policy authorises: the owner's bind the requester too
/// (1798.90.52(b)), and so do the requester's own (1798.90.53(b)(2)(A)).
pub(super) fn authorized(asked: &Asked<'_>) -> Option<Reason> {
    let code = asked.query.why.purpose;
    if asked.policy.purpose(code).is_some() {
        return None;
    }
    let mut citations = asked.policy.purposes_citation();
    citations.push(match asked.side {
        Side::Own => statute("1798.90.53(b)(2)(A)"),
        Side::Owner => statute("1798.90.52(b)"),
    });
    let message = format!("{} does not authorise the purpose `{code}`", asked.whose());
    Some(reason(RefusalCode::PurposeNotAuthorized, message, citations))
}

/// No use that is forbidden whatever purpose is named. An officer's own words betray it.
pub(super) fn prohibited(asked: &Asked<'_>) -> Option<Reason> {
    let Some(betrayed) = asked.said.forbidden() else {
        let statute = vec![statute("1798.90.51(a)")];
        return Some(reason(RefusalCode::PurposeProhibited, CANNOT_TELL, statute));
    };
    let clear = |rule: &&ProhibitedUse| {
        betrayed
            .iter()
            .find(|found| found.prohibition == rule.code && found.certainty == Certainty::Clear)
    };
    let mut said = Vec::new();
    let mut citations = Vec::new();
    for rule in &asked.policy.prohibited {
        if let Some(found) = clear(&rule) {
            said.push(format!("`{}`: {}", found.words, rule.words));
            citations.extend(asked.policy.cites(rule));
        }
    }
    if said.is_empty() {
        return None;
    }
    let message = format!("{} forbids this use: {}", asked.whose(), said.join(" "));
    Some(reason(RefusalCode::PurposeProhibited, message, citations))
}

/// A query is the requester's own: made for another agency, it would pass data on to somebody to
/// whom the owner did not release it (1798.90.55(b)), and could serve what SB 54 forbids.
pub(super) fn on_behalf_of(asked: &Asked<'_>) -> Option<Reason> {
    let query = asked.query;
    let other = query.why.on_behalf_of.as_ref().filter(|other| **other != query.from)?;
    let message = format!(
        "this is asked on behalf of `{other}`, not of `{}`; `{other}` asks for itself, under its own authority",
        query.from
    );
    let mut citations: Vec<Citation> = asked
        .policy
        .release
        .recipients
        .sections()
        .iter()
        .map(|section| asked.policy.cite(section))
        .collect();
    let law = [statute("1798.90.55(b)"), Citation::new("Government Code", "7284.6(a)(1)")];
    for citation in law {
        if !citations.contains(&citation) {
            citations.push(citation);
        }
    }
    Some(reason(RefusalCode::OnBehalfOf, message, citations))
}
