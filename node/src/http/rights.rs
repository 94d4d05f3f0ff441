//! Changing what persons, programs and devices may do, for every way in: their sessions end with it, before it is
//! answered.

use schemas::authenticator::SessionEnd;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::user::{Delegation, User};

use super::state::AppState;
use crate::admin::programs::{NewProgram, ProgramWithToken};
use crate::admin::user_change::Changed;
use crate::admin::{delegations, devices, people, programs, second_person};
use crate::permission::{ActError, Principal};
use crate::sign_in;
use registry::{DeviceName, EnrolledDevice, Program, ProgramName};

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

    /// Adds a program of the agency. One of the same name may have ended by itself: nothing of its sessions is
    /// this one's.
    ///
    /// # Errors
    /// As [`Self::disable`], or when it is not one that can be added.
    pub async fn add_program(
        &self,
        by: &Principal,
        new: &NewProgram,
    ) -> Result<ProgramWithToken, ActError> {
        let added = programs::add(&self.context.agency, by, new).await?;
        sign_in::end_of_program(&self.sign_in, &added.program.name).await?;
        Ok(added)
    }

    /// Ends a program, and every session that persons let it have.
    ///
    /// # Errors
    /// As [`Self::disable`], or when there is no such program.
    pub async fn revoke_program(
        &self,
        by: &Principal,
        name: &ProgramName,
        reason: &Text,
    ) -> Result<Program, ActError> {
        let program = programs::revoke(&self.context.agency, by, name, reason).await?;
        sign_in::end_of_program(&self.sign_in, name).await?;
        Ok(program)
    }

    /// Ends a device; how many sessions on it ended with it.
    ///
    /// # Errors
    /// As [`Self::disable`], or when there is no such device.
    pub async fn revoke_device(
        &self,
        by: &Principal,
        name: &DeviceName,
        reason: &Text,
    ) -> Result<(EnrolledDevice, usize), ActError> {
        let device = devices::revoke(&self.context.agency, by, name, reason).await?;
        let sessions = sign_in::end_of_device(&self.sign_in, name).await?;
        Ok((device, sessions))
    }
}
