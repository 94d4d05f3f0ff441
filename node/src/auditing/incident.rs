//! Reporting what an incident reached, and putting on record who was told of it. The report is an entry
//! first, like every look at the log.

use schemas::event::audit::{IncidentReported, IncidentTold};
use schemas::incident::IncidentSubject;
use schemas::text::Text;
use schemas::time::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};

use super::reports::{each, made_from};
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, policy_in_force, sections,
};
use audit::report::incident::{Incident, IncidentLog, SESSION_HOURS};
use audit::time::empty_period;
use audit_log::entries::audit::{incident_reported, incident_told};
use registry::{ProgramName, State};
use store::ReadStore;

/// What to report.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// What the incident is about.
    pub subject: IncidentSubject,
    /// What was done at or after.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// What was done before.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// That somebody was told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// What the incident is about.
    pub subject: IncidentSubject,
    /// Who was told.
    pub to: Text,
    /// How.
    pub how: Text,
    /// When; now where absent.
    #[serde(default)]
    pub on: Option<Timestamp>,
}

/// Whether the agency knows what the incident is about. A session may be a peer's, which its people tell.
fn known(state: &State, subject: &IncidentSubject) -> Result<(), ActError> {
    let (there, see) = match subject {
        IncidentSubject::Session(_) => return Ok(()),
        IncidentSubject::User(user) => (state.users.contains_key(user), "accord user list"),
        IncidentSubject::Authenticator(id) => {
            (state.sign_in.authenticators.contains_key(id), "accord authenticator list")
        }
        IncidentSubject::Program(name) => {
            let there =
                name.parse().is_ok_and(|name: ProgramName| state.programs.contains_key(&name));
            (there, "accord program list")
        }
    };
    if there {
        return Ok(());
    }
    Err(ActError::usage(format!("there is no {subject} here; see `{see}`")))
}

/// Reports what an incident reached.
///
/// # Errors
/// When nothing here is what it is about, the period holds nothing, the actor may not, or log or store do
/// not answer.
pub async fn report(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    wanted: &Wanted,
) -> Result<Incident, ActError> {
    let Wanted { subject, from, until } = wanted.clone();
    if let Some(empty) = empty_period(from, until) {
        return Err(ActError::usage(empty));
    }
    let state = agency.registry.state();
    let now = agency.clock.now();
    let user = authorize(&state, by, Permission::Audit, now)?;
    known(&state, &subject)?;
    let reported = IncidentReported { subject: subject.clone(), from, until };
    let entry = incident_reported(agency.looking(&state, &user, by, now)?, reported);
    let made_from = made_from(agency, entry).await?;
    let mut log = IncidentLog::new(subject, agency.id.clone(), from, until);
    // A session of the period may have begun before it.
    let since = from.map(|from| from.plus_millis(-SESSION_HOURS * HOUR_MS));
    each(agency, store, since, made_from.entry, |entry| log.take(entry)).await?;
    let policy = policy_in_force(&state)?;
    let breach = policy.administration.breach.as_ref();
    let breach =
        breach.map(|breach| format!("{} [{}]", breach.to, sections(&policy.cites(breach))));
    let by = format!("{} ({})", user.full_name, user.name);
    Ok(log.report(by, made_from, breach))
}

/// Puts on record that somebody was told of an incident, by who audits or administers.
///
/// # Errors
/// When nothing here is what it is about, it is not said who or how, the day is to come, or the actor may
/// not.
pub async fn told(
    agency: &OwnAgency,
    by: &Principal,
    told: &Told,
) -> Result<IncidentTold, ActError> {
    let Told { subject, to, how, on } = told.clone();
    if to.is_empty() || how.is_empty() {
        return Err(ActError::usage("say who was told with --to, and how with --how".into()));
    }
    let (state, now) = (agency.registry.state(), agency.clock.now());
    let user = crate::permission::authorize_overseer(&state, by, now)?;
    known(&state, &subject)?;
    let on = on.unwrap_or(now);
    if on > now {
        return Err(ActError::usage(format!("{} is yet to come", on.day())));
    }
    let told = IncidentTold { subject, to, how, on };
    let auditor = agency.auditing(&state, &user, by, now)?;
    agency.log.append(incident_told(auditor, told.clone())).await?;
    Ok(told)
}
