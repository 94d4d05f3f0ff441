//! By whose authority a person signs: the title that the policy names, held by the person or delegated
//! to the person on record.

use ::agreements::agreement::Signatory;
use ::agreements::policy::{Officials, Policy, Reliance};
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::permission::{ActError, sections};
use registry::State;
use schemas::user::{Delegation, User};

/// By what title and, unless it is their own, by whose delegation a person signs.
pub(super) struct SigningAuthority {
    /// The title.
    pub(super) title: Text,
    /// The delegation, in words, when the title is delegated.
    pub(super) delegation: Option<Text>,
}

/// The authority by which `user` approves what the policy leaves to `officials`.
///
/// # Errors
/// When the user holds neither a title nor a delegation that the policy names.
pub(super) fn signing_authority(
    user: &User,
    policy: &Policy,
    officials: &Officials,
    now: Timestamp,
) -> Result<SigningAuthority, ActError> {
    let lasting: Vec<&Delegation> =
        user.delegations.iter().filter(|d| (d.from..d.until).contains(&now)).collect();
    let titles = lasting.iter().map(|delegation| &delegation.title);
    match officials.relied_on(&user.title, titles) {
        Some((title, Reliance::Own)) => {
            Ok(SigningAuthority { title: title.clone(), delegation: None })
        }
        Some((title, Reliance::Delegated)) => {
            let held = lasting.iter().find(|delegation| delegation.title == *title);
            let words = held.map_or(String::new(), |d| {
                format!("delegated by the {title} from {} until {}", d.from, d.until)
            });
            Ok(SigningAuthority { title: title.clone(), delegation: words.parse().ok() })
        }
        None => Err(not_the_official(user, policy, officials)),
    }
}

fn not_the_official(user: &User, policy: &Policy, officials: &Officials) -> ActError {
    let titles: Vec<_> = officials.titles.iter().map(Text::as_str).collect();
    let or = if officials.designee {
        "; a delegation of it is recorded with `accord user delegate`"
    } else {
        ""
    };
    ActError::refused(format!(
        "`{}` ({}) may not approve this; it takes the {}{or} [{}]",
        user.name,
        if user.title.is_empty() { "no title" } else { user.title.as_str() },
        titles.join(" or the "),
        sections(&policy.cites(officials))
    ))
}

/// The signatory of an adherence with the authority they sign by. Where the policy names a title,
/// the signatory is a person registered here who holds it, or a delegation of it.
///
/// # Errors
/// When they do not, or another title is claimed than the one held.
pub(super) fn signatory(
    state: &State,
    policy: &Policy,
    officials: &Officials,
    named: Signatory,
    now: Timestamp,
) -> Result<Signatory, ActError> {
    if officials.titles.is_empty() {
        return Ok(named);
    }
    let user = state
        .users
        .values()
        .find(|user| user.full_name == named.name && user.enabled(now))
        .ok_or_else(|| {
            ActError::refused(format!(
                "`{}` is no enabled user of this agency; the policy leaves this to the {}, so who signs is registered with that title [{}]",
                named.name,
                officials.titles.iter().map(Text::as_str).collect::<Vec<_>>().join(" or the "),
                sections(&policy.cites(officials))
            ))
        })?;
    let held = signing_authority(user, policy, officials, now)?;
    let claimed = &named.title;
    if !claimed.is_empty() && *claimed != held.title && *claimed != user.title {
        return Err(ActError::refused(format!(
            "`{}` is registered as {}, not as {claimed}",
            user.name, user.title
        )));
    }
    Ok(Signatory { name: named.name, title: held.title, delegation: held.delegation })
}
