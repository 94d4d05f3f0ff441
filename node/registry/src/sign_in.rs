//! What people sign in by, who may enrol, whose passwords are locked, and what waits for a second
//! person: the part of the registry that signing in rests on.

use std::collections::BTreeMap;

use schemas::authenticator::{Authenticator, AuthenticatorId, Enrolment, Lock, Proposal, Revoked};
use schemas::query::UserName;
use serde::Serialize;

use super::{Change, ChangeError};

/// An authenticator, and whether it still counts. None is ever forgotten (CJISSECPOL, IA-5 n).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// The authenticator.
    pub authenticator: Authenticator,
    /// Since when it counts no longer.
    pub revoked: Option<Revoked>,
}

/// A right that rests on one administrator alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alone {
    /// Who gave it.
    pub by: UserName,
    /// The auditor who countersigned it.
    pub countersigned: Option<UserName>,
}

/// Who let a person bind what she signs in by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WayIn {
    /// The administrator who handed out its enrolment, and could have used it herself; absent where it
    /// was made at the machine.
    pub by: Option<UserName>,
    /// The auditor who has seen since that it is this person's.
    pub countersigned: Option<UserName>,
}

/// What signing in rests on.
#[derive(Debug, Clone, Default)]
pub struct SignIn {
    /// Every authenticator ever bound.
    pub authenticators: BTreeMap<AuthenticatorId, Bound>,
    /// One-time enrolments that are not used up, the last one of each person.
    pub enrolments: BTreeMap<UserName, Enrolment>,
    /// Whose passwords are not taken.
    pub locks: BTreeMap<UserName, Lock>,
    /// What waits for a second person.
    pub proposals: BTreeMap<u64, Proposal>,
    /// Proposals ever made.
    pub proposed: u64,
    /// Whose rights rest on one administrator alone.
    pub alone: BTreeMap<UserName, Alone>,
    /// Who enrolled each person the last time.
    pub ways_in: BTreeMap<UserName, WayIn>,
}

fn unfit(what: impl std::fmt::Display) -> ChangeError {
    ChangeError(what.to_string())
}

impl SignIn {
    /// The authenticators of a person that count.
    pub fn of<'a>(&'a self, user: &'a UserName) -> impl Iterator<Item = &'a Authenticator> {
        let all = self.authenticators.values();
        let counts =
            all.filter(move |one| one.revoked.is_none() && one.authenticator.user == *user);
        counts.map(|one| &one.authenticator)
    }

    /// The administrators by whose word alone `user` is who she says: who gave her what gives power,
    /// and who enrolled her, unless an auditor has countersigned it.
    pub fn rests_on<'a>(&'a self, user: &UserName) -> impl Iterator<Item = &'a UserName> {
        let alone = self.alone.get(user).filter(|one| one.countersigned.is_none());
        let way_in = self.ways_in.get(user).filter(|one| one.countersigned.is_none());
        alone.map(|one| &one.by).into_iter().chain(way_in.and_then(|one| one.by.as_ref()))
    }

    fn revoke(&mut self, id: &AuthenticatorId, revoked: Revoked) -> Result<(), ChangeError> {
        match self.authenticators.get_mut(id) {
            Some(bound) if bound.revoked.is_none() => {
                bound.revoked = Some(revoked);
                Ok(())
            }
            _ => Err(unfit(format!("authenticator {id} does not count"))),
        }
    }

    /// Takes the proposal of this number away.
    fn take(&mut self, number: u64) -> Result<Proposal, ChangeError> {
        self.proposals
            .remove(&number)
            .ok_or_else(|| unfit(format!("no proposal {number} waits for a second person")))
    }

    /// Makes a change that concerns signing in alone.
    ///
    /// # Errors
    /// When it does not fit.
    pub(crate) fn apply(&mut self, change: &Change) -> Result<(), ChangeError> {
        match change {
            Change::Enrolment { enrolment } => {
                drop(self.enrolments.insert(enrolment.user.clone(), enrolment.clone()));
            }
            Change::Authenticators { user, bound, replaced, enrolled, at } => {
                if *enrolled {
                    let enrolment = self.enrolments.remove(user);
                    let by =
                        enrolment.ok_or_else(|| unfit(format!("`{user}` was not enrolled")))?.by;
                    // What was guessed at counts no longer.
                    self.locks.remove(user);
                    let given = WayIn { by, countersigned: None };
                    drop(self.ways_in.insert(user.clone(), given));
                }
                for id in replaced {
                    let reason = "replaced".parse().unwrap_or_default();
                    self.revoke(id, Revoked { at: *at, by: None, reason })?;
                }
                for authenticator in bound {
                    let new = Bound { authenticator: authenticator.clone(), revoked: None };
                    if self.authenticators.insert(authenticator.id, new).is_some() {
                        return Err(unfit(format!("authenticator {} is there", authenticator.id)));
                    }
                }
            }
            Change::AuthenticatorRevoked { authenticator, revoked } => {
                self.revoke(authenticator, revoked.clone())?;
            }
            Change::Lock { user, lock: Some(lock) } => {
                self.locks.insert(user.clone(), lock.clone());
            }
            Change::Lock { user, lock: None } => drop(self.locks.remove(user)),
            Change::Proposed { proposal } => {
                self.proposed = self.proposed.saturating_add(1);
                if proposal.number != self.proposed {
                    return Err(unfit(format!("proposal {} is out of order", proposal.number)));
                }
                drop(self.proposals.insert(proposal.number, proposal.clone()));
            }
            Change::Declined { proposal } => drop(self.take(*proposal)?),
            Change::Confirmed { proposal, user } => {
                if self.take(*proposal)?.user != *user {
                    return Err(unfit(format!("proposal {proposal} is of something else")));
                }
                // Two persons stand behind all that she may do: it was before both of them.
                drop(self.alone.remove(&user.name));
            }
            Change::Countersigned { user, by } => {
                let alone = self.alone.get_mut(user).map(|one| &mut one.countersigned);
                let way_in = self.ways_in.get_mut(user).map(|one| &mut one.countersigned);
                if alone.is_none() && way_in.is_none() {
                    return Err(unfit(format!("nothing of `{user}` is to be countersigned")));
                }
                alone.into_iter().chain(way_in).for_each(|signed| *signed = Some(by.clone()));
            }
            _ => return Err(unfit("this change does not concern signing in")),
        }
        Ok(())
    }
}
