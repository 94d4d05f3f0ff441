//! Changing what a person may do, for every way in: her sessions end with it, before it is answered.

use schemas::authenticator::SessionEnd;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::user::{Delegation, User};

use super::state::AppState;
use crate::admin::people;
use crate::admin::user_change::Changed;
use crate::admin::{delegations, second_person};
use crate::permission::{ActError, Principal};
use crate::sign_in;

impl AppState {
    /// Ends a person's access; how many sessions ended with it.
    ///
    /// # Errors
    /// When the person who acts may not, or it cannot be recorded.
    pub async fn disable(
        &self,
        by: &Principal,
        name: &UserName,
        reason: &Text,
    ) -> Result<(Changed, usize), ActError> {
        let changed = people::disable(&self.context.agency, by, name, reason).await?;
        let sessions = sign_in::end_of(&self.sign_in, name, SessionEnd::Stopped).await?;
        Ok((changed, sessions))
    }

    /// Changes what is delegated to a person, or proposes it.
    ///
    /// # Errors
    /// As [`Self::disable`].
    pub async fn delegate(
        &self,
        by: &Principal,
        name: &UserName,
        delegation: &Delegation,
    ) -> Result<Changed, ActError> {
        let changed = delegations::delegate(&self.context.agency, by, name, delegation).await?;
        if changed.proposal.is_none() {
            sign_in::end_of(&self.sign_in, name, SessionEnd::RightsChanged).await?;
        }
        Ok(changed)
    }

    /// Ends what is delegated to a person of a title: her sessions are over before this returns.
    ///
    /// # Errors
    /// As [`Self::disable`], or when nothing is.
    pub async fn end_delegation(
        &self,
        by: &Principal,
        name: &UserName,
        title: &Text,
    ) -> Result<Changed, ActError> {
        let changed = delegations::end(&self.context.agency, by, name, title).await?;
        sign_in::end_of(&self.sign_in, name, SessionEnd::RightsChanged).await?;
        Ok(changed)
    }

    /// Confirms what another administrator proposed for a person.
    ///
    /// # Errors
    /// As [`Self::disable`], or when there is no such proposal.
    pub async fn confirm(&self, by: &Principal, number: u64) -> Result<User, ActError> {
        let user = second_person::confirm(&self.context.agency, by, number).await?;
        sign_in::end_of(&self.sign_in, &user.name, SessionEnd::RightsChanged).await?;
        Ok(user)
    }
}
