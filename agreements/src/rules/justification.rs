//! Why: the case, the reason, the suspicion, the need to know.

use schemas::refusal::{Reason, RefusalCode};

use super::case::Asked;
use super::cite::{reason, statute};
use crate::policy::{Demand, Lowered, Standard};
use crate::screening::{Which, numbered};

/// A case number where the policy demands one; a CAD number counts.
pub(super) fn case_number(asked: &Asked<'_>) -> Option<Reason> {
    let demanded = asked.policy.case_number.demand == Demand::Required;
    let why = &asked.query.why;
    let by_law = asked.law.and_then(|law| law.case_number(asked.now));
    if !(demanded || by_law.is_some()) || numbered(&why.case) || numbered(&why.cad) {
        return None;
    }
    // A danger lowers what the policy sets, and no law.
    if by_law.is_none() && asked.lowered(Lowered::CaseNumber) {
        return None;
    }
    let given = [&why.case, &why.cad].into_iter().find(|text| !text.is_empty());
    let message = match given {
        Some(given) => format!("`{given}` is no case or CAD number; {} demands one", asked.whose()),
        None => format!("{} demands a case or CAD number", asked.whose()),
    };
    if let (Some(citations), false) = (by_law, demanded) {
        let message = "the law demands a case or CAD number beside every query: add --case";
        return Some(reason(RefusalCode::CaseRequired, message, citations));
    }
    asked.because(RefusalCode::CaseRequired, message, &asked.policy.case_number, &[])
}

/// A reason in words (1798.90.52(a)(4)): a code alone does not say it, and neither does `inv`.
pub(super) fn reason_given(asked: &Asked<'_>) -> Option<Reason> {
    let given = &asked.query.why.reason;
    if given.is_empty() {
        let message = "no reason is given; say in words what the case is about";
        return Some(reason(
            RefusalCode::ReasonMissing,
            message,
            vec![statute("1798.90.52(a)(4)")],
        ));
    }
    let measured = asked.said.measured(&asked.policy.reason);
    if measured.enough || (measured.something && asked.lowered(Lowered::Reason)) {
        return None;
    }
    // Nobody is told how to say better what is forbidden, and nobody releases it.
    if super::purpose::prohibited(asked).is_some() || asked.released() {
        return None;
    }
    let message =
        format!("the reason `{given}` does not say why: {}; {}", measured.told, measured.missing);
    asked.because(RefusalCode::ReasonVague, message, &asked.policy.reason, &["1798.90.52(a)(4)"])
}

fn excepted(asked: &Asked<'_>) -> bool {
    asked.policy.suspicion.except.contains(&asked.query.why.purpose)
}

/// The suspicion that a search of stored data must rest on, where the policy asks for one.
pub(super) fn suspicion(asked: &Asked<'_>) -> Option<Reason> {
    let value = &asked.policy.suspicion;
    let standard = match value.standard {
        Standard::None => return None,
        Standard::Articulable => "an articulable suspicion that the data relates to the case",
        Standard::Reasonable => "a reasonable suspicion that the vehicle is involved",
    };
    let given = &asked.query.why.suspicion;
    if excepted(asked) || asked.said.tells(Which::Suspicion, value.words as usize) {
        return None;
    }
    let what = if given.is_empty() {
        String::new()
    } else {
        format!("; `{given}` does not say on what it rests")
    };
    let message = format!("{} asks for {standard}: state it with --suspicion{what}", asked.whose());
    asked.because(RefusalCode::SuspicionMissing, message, value, &[])
}

/// The requester's need to know, where the policy asks for one.
pub(super) fn need_to_know(asked: &Asked<'_>) -> Option<Reason> {
    let value = &asked.policy.suspicion;
    let given = &asked.query.why.need_to_know;
    let said = asked.said.tells(Which::NeedToKnow, 1);
    if !value.need_to_know || excepted(asked) || said {
        return None;
    }
    let what =
        if given.is_empty() { String::new() } else { format!("; `{given}` does not say it") };
    let message =
        format!("{} asks for a need to know: state it with --need-to-know{what}", asked.whose());
    asked.because(RefusalCode::NeedToKnowMissing, message, value, &[])
}
