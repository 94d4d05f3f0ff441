//! A card for one shift: whoever has forgotten or lost her second factor is identified in person, at the night
//! desk or by an administrator, and handed a card of codes that counts until the shift is over. Her password
//! stays what it is, so that who handed it out signs in as nobody by it.

use ::sign_in::card::PrintedCard;
use ::sign_in::verifier::Verifier;
use schemas::authenticator::{Authenticator, AuthenticatorKind};
use schemas::event::sign_in::AuthenticatorBound;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};

use super::SignIn;
use super::bind::{New, bind, new_id};
use crate::permission::{ActError, Principal, authorize_night_desk};
use audit_log::entries::sign_in::authenticator_bound;

/// How long such a card counts, in milliseconds: as long as a session lasts at most.
pub const SHIFT_MS: i64 = 12 * HOUR_MS;

/// A card that is to be handed over now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShiftCard {
    /// Whose.
    pub user: UserName,
    /// Its codes.
    pub card: Vec<String>,
    /// Until when it counts.
    pub until: Timestamp,
}

/// Hands a person whom `by` identified in person a card for this shift, in the place of an earlier one of
/// that kind. What else she has counts on.
///
/// # Errors
/// When she has no password, is nobody who may act, or is the actor; when nothing says how she was identified,
/// or the actor neither administers nor sits at the night desk.
pub async fn shift_card(
    sign_in: &SignIn,
    by: &Principal,
    user: &UserName,
    identified: &Text,
) -> Result<ShiftCard, ActError> {
    if identified.is_empty() {
        return Err(ActError::usage("say with --identified how you identified the person".into()));
    }
    let (id, printed) = (new_id()?, PrintedCard::new()?);
    let new = [New::of(id, &Verifier::of_card(&sign_in.key, &id, &printed))?];
    let at = bind(sign_in, &new, |state, now| {
        let acting = authorize_night_desk(state, by, now)?;
        if by.user == *user {
            let why = "nobody hands a card to herself; somebody else at the night desk or an administrator does";
            return Err(ActError::refused_as("own_card", Vec::new(), why.into()));
        }
        if state.users.get(user).is_none_or(|person| !person.enabled(now)) {
            let why = format!("`{user}` is nobody here who may act; look at how the name is written, or tell an administrator");
            return Err(ActError::usage(why));
        }
        if !state.sign_in.of(user).any(|one| one.kind == AuthenticatorKind::Password) {
            let why = format!("`{user}` has no password, and a card counts beside one alone: an administrator enrols her with `accord user enrol {user}`");
            return Err(ActError::usage(why));
        }
        let for_shift =
            |one: &&Authenticator| one.kind == AuthenticatorKind::CodeCard && one.until.is_some();
        let replaced: Vec<_> = state.sign_in.of(user).filter(for_shift).map(|one| one.id).collect();
        let until = Some(now.plus_millis(SHIFT_MS));
        let told = |one: &New| one.told(user, now, Some(&by.user), identified);
        let bound = new.iter().map(|one| Authenticator { until, ..told(one) }).collect();
        let event = AuthenticatorBound { bound, replaced: replaced.clone(), enrolled: false };
        let actor = sign_in.agency.actor(&acting, by);
        Ok((authenticator_bound(state, actor, user, now, event), replaced))
    })
    .await?;
    let card = printed.codes().iter().map(|code| code.to_string()).collect();
    // As it is recorded: the entry is stamped after it was judged.
    let state = sign_in.agency.registry.state();
    let recorded = state.sign_in.of(user).find(|one| one.id == id).and_then(|one| one.until);
    Ok(ShiftCard { user: user.clone(), card, until: recorded.unwrap_or(at) })
}
