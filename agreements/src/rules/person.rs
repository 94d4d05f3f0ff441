//! Who asks in person: named, of a role that may, trained.

use schemas::attested::Attestation;
use schemas::query::Requester;
use schemas::refusal::{Reason, RefusalCode};

use super::case::{Asked, Case, Side};
use super::cite::{reason, statute};

/// One of the roles that may query; a peer's people as that peer states their roles. Vendors never.
pub(super) fn role(asked: &Asked<'_>) -> Option<Reason> {
    let people = &asked.policy.people;
    let roles = match asked.side {
        Side::Own => &people.query,
        Side::Owner => &people.peers,
    };
    let requester = &asked.query.requester;
    if roles.admit(&requester.roles, &requester.title) {
        return None;
    }
    // Who looks again at what was asked for her sees it, and has asked nothing.
    let hers = asked.query.for_person.as_ref().is_some_and(|one| one.user == requester.user);
    if hers && asked.side == Side::Own && people.sees(&requester.roles, &requester.title) {
        return None;
    }
    let may = roles.roles.iter().map(|role| match roles.titled.get(role) {
        Some(title) => format!("{role} ({title})"),
        None => role.to_string(),
    });
    let has: Vec<_> = requester.roles.iter().map(|role| role.code()).collect();
    let message = format!(
        "user `{}` ({}) may not query; {} admits {}",
        requester.user,
        if has.is_empty() { "no role".to_owned() } else { has.join(", ") },
        asked.whose(),
        may.collect::<Vec<_>>().join(", ")
    );
    asked.because(RefusalCode::RoleNotAuthorized, message, roles, &[asked.people_law()])
}

/// Proved to be who she is, and not merely named by a program, unless the policy admits that.
pub(super) fn asserted(asked: &Asked<'_>) -> Option<Reason> {
    let people = &asked.policy.people;
    let (roles, advice) = match asked.side {
        Side::Own => (&people.query, "; let the program have a session of yours, and ask again"),
        Side::Owner => (&people.peers, ""),
    };
    let requester = &asked.query.requester;
    let program = requester.asserted_by.as_ref().filter(|_| !roles.asserted)?;
    let message = format!(
        "program `{program}` names user `{}`, who proved nothing; {} admits nobody by a bare name{advice}",
        requester.user,
        asked.whose()
    );
    let law = [asked.people_law()];
    asked.because(RefusalCode::SignInInsufficient, message, roles.signing_in(), &law)
}

/// Signed in as the policy demands; a peer's people as that peer says, and not at all where it says
/// nothing.
pub(super) fn signed_in(asked: &Asked<'_>) -> Option<Reason> {
    let people = &asked.policy.people;
    let (roles, advice) = match asked.side {
        Side::Own => (&people.query, "; sign in that way, and ask again"),
        Side::Owner => (&people.peers, ""),
    };
    let demanded = roles.signed_in?;
    let requester = &asked.query.requester;
    if requester.asserted_by.is_some() {
        // That is told by itself; no policy that asks for a sign-in admits a bare name.
        return None;
    }
    let way = requester.session.as_ref().map(|session| session.way);
    if way.is_some_and(|way| demanded.is_met_by(way)) {
        return None;
    }
    let said = way.map_or("is not told".to_owned(), |way| format!("is {}", way.words()));
    let message = format!(
        "how user `{}` had signed in {said}; {} asks for {}{advice}",
        requester.user,
        asked.whose(),
        demanded.words()
    );
    let law = [asked.people_law()];
    asked.because(RefusalCode::SignInInsufficient, message, roles.signing_in(), &law)
}

/// The person for whom somebody else asks sees the answer: she is registered with a role that may, trained
/// and cleared as whoever asks.
pub(super) fn seen_by(asked: &Asked<'_>) -> Option<Reason> {
    let person = asked.query.for_person.as_ref()?;
    let people = &asked.policy.people;
    let (roles, sees) = match asked.side {
        Side::Own => (people.seeing(), people.sees(&person.roles, &person.title)),
        Side::Owner => (&people.peers, people.peers.admit(&person.roles, &person.title)),
    };
    if !sees {
        let has: Vec<_> = person.roles.iter().map(|role| role.code()).collect();
        let message = format!(
            "user `{}` ({}) may not see what is asked for her by {}",
            person.user,
            if has.is_empty() { "no role".to_owned() } else { has.join(", ") },
            asked.whose()
        );
        let law = [asked.people_law()];
        return asked.because(RefusalCode::RoleNotAuthorized, message, roles, &law);
    }
    let trained = trained_of(asked, person);
    trained.or_else(|| cleared_of(asked, person)).or_else(|| named_of(person))
}

/// Training before access, and in date.
pub(super) fn trained(asked: &Asked<'_>) -> Option<Reason> {
    trained_of(asked, &asked.query.requester)
}

fn trained_of(asked: &Asked<'_>, requester: &Requester) -> Option<Reason> {
    let training = &asked.policy.training;
    if !training.demanded {
        return None;
    }
    let user = &requester.user;
    let advice = match asked.side {
        Side::Own => "; an administrator records it with `accord user train`",
        Side::Owner => "",
    };
    let law = [asked.people_law()];
    let Some(on) = requester.trained_on.filter(|on| *on <= asked.now) else {
        let message = format!("no training of user `{user}` is recorded{advice}");
        return asked.because(RefusalCode::TrainingMissing, message, training, &law);
    };
    let period = training.every()?;
    (on < period.before(asked.now)).then_some(())?;
    let message = format!(
        "user `{user}` was trained on {}; {} asks for it every {}{advice}",
        on.day(),
        asked.whose(),
        period.counted()
    );
    asked.because(RefusalCode::TrainingExpired, message, training, &law)
}

/// Cleared for criminal justice data, and in date. It is asked of one's own people: who is cleared at a
/// peer is the peer's to see to.
pub(super) fn cleared(asked: &Asked<'_>) -> Option<Reason> {
    cleared_of(asked, &asked.query.requester)
}

fn cleared_of(asked: &Asked<'_>, requester: &Requester) -> Option<Reason> {
    let clearance = asked.policy.clearance.as_ref().filter(|_| asked.side == Side::Own)?;
    let (user, what) = (&requester.user, &clearance.what);
    let advice = "; an administrator records it with `accord user clear`";
    let law = [asked.people_law()];
    let Some(on) = requester.cleared_on.filter(|on| *on <= asked.now) else {
        let message = format!("no {what} of user `{user}` is recorded{advice}");
        return asked.because(RefusalCode::ClearanceMissing, message, clearance, &law);
    };
    let period = clearance.every()?;
    (on < period.before(asked.now)).then_some(())?;
    let message = format!(
        "the {what} of user `{user}` is of {}; {} asks for it every {}{advice}",
        on.day(),
        asked.whose(),
        period.counted()
    );
    asked.because(RefusalCode::ClearanceExpired, message, clearance, &law)
}

/// The person who asks is recorded by name (1798.90.52(a)(3)).
pub(super) fn named(asked: &Asked<'_>) -> Option<Reason> {
    named_of(&asked.query.requester)
}

fn named_of(requester: &Requester) -> Option<Reason> {
    requester.full_name.is_empty().then(|| {
        let message = format!("user `{}` is not named in full", requester.user);
        reason(RefusalCode::RequesterNotNamed, message, vec![statute("1798.90.52(a)(3)")])
    })
}

/// What a query shows of its person's attestation bears her out, whether it is demanded or not: nothing
/// that does not hold goes on record as if it did.
pub(super) fn attestation_holds(case: &Case<'_>) -> Option<Reason> {
    let requester = &case.query.requester;
    let shown = requester.attestation.as_ref()?;
    let wrong = match &case.peer.agency_key {
        None => "no agency key of it is known here".to_owned(),
        Some(key) => Attestation::bears_out(shown, &case.query.from, requester, key, case.now)
            .err()?
            .to_string(),
    };
    let message = format!(
        "the attestation of user `{}` does not bear her out: {wrong}; your agency attests her anew with `accord user attest {}`",
        requester.user, requester.user
    );
    Some(reason(RefusalCode::PersonNotAttested, message, vec![statute("1798.90.51(b)(2)(B)")]))
}
