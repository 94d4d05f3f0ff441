//! The policy: adopting another version, the posted page, and which was in force when.

use ::agreements::law::Law;
use ::agreements::policy::{Designee, Page, Policy};
use schemas::time::Timestamp;

use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize, policy_in_force};
use audit_log::entries::people::policy_adopted;
use registry::State;

/// Puts another policy into force. The one before stays on record.
///
/// # Errors
/// When it does not read, is another agency's, or the actor may not.
pub async fn adopt(
    agency: &OwnAgency,
    by: &Principal,
    name: &str,
    text: &str,
) -> Result<Policy, ActError> {
    let adopted = Policy::from_toml(name, text)?;
    if let Some(of) = adopted.agency.as_ref().filter(|of| **of != agency.id) {
        return Err(ActError::usage(format!(
            "`{name}` is the policy of `{of}`, not of `{}`",
            agency.id
        )));
    }
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            if let Some(of) = state.own.as_ref().map(|own| own.value.state)
                && of != adopted.state
            {
                return Err(ActError::usage(format!(
                    "{name}: `state = \"{}\"`, but the card of `{}` says that it is of {of}: whose law holds is not the policy's to say",
                    adopted.state, agency.id
                )));
            }
            let law = Law::in_force(adopted.state, now);
            if let Some(short) =
                law.and_then(|law| law.shortcomings(&adopted, now).into_iter().next())
            {
                return Err(ActError::usage(format!("{name}: {}", short.what)));
            }
            Ok((policy_adopted(state, agency.actor(&user, by), name, text, now), ()))
        })
        .await?;
    Ok(adopted)
}

/// The posted page, with those who hold the offices that it names.
///
/// # Errors
/// When there is no policy.
pub fn page(agency: &OwnAgency) -> Result<Page, ActError> {
    let state = agency.registry.state();
    let now = agency.clock.now();
    let holders = state.users.values().filter(|user| user.enabled(now)).flat_map(|user| {
        let delegated = user
            .delegations
            .iter()
            .filter(|delegation| (delegation.from..delegation.until).contains(&now))
            .map(|delegation| delegation.title.clone());
        std::iter::once(user.title.clone())
            .chain(delegated)
            .map(|title| Designee { name: user.full_name.clone(), title })
    });
    let holders: Vec<Designee> = holders.collect();
    let name = state.own.as_ref().map_or_else(String::new, |own| own.value.name.to_string());
    Ok(policy_in_force(&state)?.page(&name, &holders))
}

/// The policy that was in force at a time.
///
/// # Errors
/// When there was none.
pub fn policy_at(state: &State, at: Option<Timestamp>) -> Result<&Policy, ActError> {
    match at {
        Some(at) if state.policy.is_none() => Err(ActError::usage(format!(
            "no policy was in force at {at}; the log of this node begins later"
        ))),
        _ => policy_in_force(state),
    }
}
