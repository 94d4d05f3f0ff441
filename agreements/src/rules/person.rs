//! Who asks in person: named, of a role that may, trained.

use schemas::refusal::{Reason, RefusalCode};

use super::case::{Asked, Side};
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
    asked.because(RefusalCode::SignInInsufficient, message, roles, &[asked.people_law()])
}

/// Training before access, and in date.
pub(super) fn trained(asked: &Asked<'_>) -> Option<Reason> {
    let training = &asked.policy.training;
    if !training.demanded {
        return None;
    }
    let requester = &asked.query.requester;
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

/// The person who asks is recorded by name (1798.90.52(a)(3)).
pub(super) fn named(asked: &Asked<'_>) -> Option<Reason> {
    let requester = &asked.query.requester;
    requester.full_name.is_empty().then(|| {
        let message = format!("user `{}` is not named in full", requester.user);
        reason(RefusalCode::RequesterNotNamed, message, vec![statute("1798.90.52(a)(3)")])
    })
}
