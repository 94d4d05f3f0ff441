//! Under which audit of theirs somebody looks. Whoever has one open looks under it, and says which where it is
//! one of several; where the policy demands an occasion, nobody looks without one.

use audit_log::entry::Auditor;
use registry::State;
use schemas::event::occasion::AUDIT_DAYS;
use schemas::time::Timestamp;
use schemas::user::User;

use super::{ActError, OwnAgency, Principal, policy_in_force, sections};

/// The code where a look needs an open audit, or names one that is not.
const NOT_OPEN: &str = "audit_not_open";

impl OwnAgency {
    /// Who looks at the log, under the audit that they chose or the only one that they have open.
    ///
    /// # Errors
    /// When they have several open and chose none, chose one that is not theirs or not open, or have none and
    /// the policy demands one.
    pub fn looking(
        &self,
        state: &State,
        user: &User,
        by: &Principal,
        now: Timestamp,
    ) -> Result<Auditor, ActError> {
        let auditor = self.auditing(state, user, by, now)?;
        let policy = policy_in_force(state)?;
        let Some(demanded) = policy.audit_occasion.as_ref().filter(|_| auditor.audit.is_none())
        else {
            return Ok(auditor);
        };
        let cited = policy.cites(demanded);
        let why = format!(
            "no audit of `{}` is open, and the policy has nobody look at the log without an occasion [{}]: open one with `accord audit open --occasion WORDS`, or under Audit at /audit of the console",
            by.user,
            sections(&cited)
        );
        Err(ActError::refused_as(NOT_OPEN, cited, why))
    }

    /// As [`Self::looking`], of who does what an auditor does and looks at nothing with it: that needs no
    /// occasion, and bears the one that there is.
    ///
    /// # Errors
    /// When they have several open and chose none, or chose one that is not theirs or not open.
    pub fn auditing(
        &self,
        state: &State,
        user: &User,
        by: &Principal,
        now: Timestamp,
    ) -> Result<Auditor, ActError> {
        let actor = self.actor(user, by);
        let audit = match by.audit {
            Some(chosen) => {
                state.audits.bears(&user.name, Some(chosen), now).map_err(|error| {
                    let why = format!(
                        "nothing is looked at under audit {chosen}: {error}; see `accord audit list-open`"
                    );
                    ActError::refused_as(NOT_OPEN, Vec::new(), why)
                })?;
                Some(chosen)
            }
            None => {
                let open: Vec<u64> =
                    state.audits.open_of(&user.name, now).map(|(opened, _)| opened).collect();
                if open.len() > 1 {
                    let open: Vec<String> = open.iter().map(u64::to_string).collect();
                    let why = format!(
                        "audits {} of `{}` are open: say under which one this is with `--audit N`, in the header Accord-Audit, or under “Under which audit” on the page; what is closed or {AUDIT_DAYS} days old is none of them",
                        open.join(", "),
                        by.user
                    );
                    return Err(ActError::usage_as("audit_unnamed", why));
                }
                open.first().copied()
            }
        };
        Ok(Auditor { actor, audit })
    }

    /// Who looked, for an entry that comes some time after they began: under the same audit while that is open.
    #[must_use]
    pub fn still_looking(&self, auditor: Auditor) -> Auditor {
        let (state, now) = (self.registry.state(), self.clock.now());
        let Some(user) = auditor.actor.user.as_ref() else { return auditor };
        if state.audits.bears(user, auditor.audit, now).is_ok() {
            return auditor;
        }
        let audit = state.audits.open_of(user, now).next().map(|(opened, _)| opened);
        Auditor { audit, ..auditor }
    }
}
