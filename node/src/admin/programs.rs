//! Programs of the agency: adding one, giving it a new token or another certificate, revoking it, listing them.

use ::sign_in::Token;
use schemas::digest::Digest;
use schemas::program::{AddressRange, ProgramScope};
use schemas::purpose::Purpose;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::certificates::{free_key, key_of};
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, authorize_overseer,
};
use audit_log::entries::people::{ProgramChange, program_changed};
use registry::{Credential, KeyOf, Program, ProgramName, State};

/// Most days until a program ends.
const MOST_DAYS: u32 = 366;

/// A program as it is to be added.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewProgram {
    /// Its name.
    pub name: ProgramName,
    /// What it may be used for.
    pub scope: Vec<ProgramScope>,
    /// The purposes for which it may ask; empty where any.
    #[serde(default)]
    pub purposes: Vec<Purpose>,
    /// From where it may be used; empty where from anywhere.
    #[serde(default)]
    pub addresses: Vec<AddressRange>,
    /// The certificate that it shows in the place of a token, in PEM; without it, it is given a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Until when; at most a year.
    pub until: Timestamp,
}

/// A program, with the token that nobody can be told again.
pub struct ProgramWithToken {
    /// The program.
    pub program: Program,
    /// Its token; none where it shows a certificate.
    pub token: Option<Zeroizing<String>>,
}

/// What a program is to be known by from now on, and the token where that is one.
struct Shows {
    credential: Credential,
    token: Option<Zeroizing<String>>,
}

impl Shows {
    /// A certificate in PEM; without one, a new token.
    fn of(certificate: Option<&str>, now: Timestamp) -> Result<Self, ActError> {
        if let Some(pem) = certificate {
            let credential = Credential::Certificate(key_of(pem, now)?);
            return Ok(Self { credential, token: None });
        }
        let token = Token::new()?.into_text();
        let credential = Credential::Token(Digest::of(token.as_bytes()));
        Ok(Self { credential, token: Some(token) })
    }

    /// Whether it is no other's already than this program's.
    fn free_for(&self, state: &State, name: &ProgramName) -> Result<(), ActError> {
        self.credential.certificate().map_or(Ok(()), |key| {
            free_key(state, &key, |of| matches!(of, KeyOf::Program(one) if one == name))
        })
    }
}

/// The JSON of a program, as `accord program list` prints it: the key of its certificate, not its token's digest.
#[must_use]
pub fn to_json(program: &Program, now: Timestamp) -> Value {
    json!({
        "program": program.name, "scope": program.scope, "purposes": program.purposes,
        "addresses": program.addresses, "certificate": program.credential.certificate(),
        "until": program.until, "by": program.by, "at": program.at,
        "revoked": program.revoked, "in_force": program.in_force(now),
    })
}

fn known<'a>(state: &'a State, name: &ProgramName) -> Result<&'a Program, ActError> {
    state.programs.get(name).ok_or_else(|| {
        ActError::usage(format!("there is no program `{name}`; see `accord program list`"))
    })
}

/// Every program, in force or not.
///
/// # Errors
/// When the actor neither administers nor audits.
pub fn list(agency: &OwnAgency, by: &Principal) -> Result<Vec<Program>, ActError> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    authorize_overseer(&state, by, now)?;
    Ok(state.programs.values().cloned().collect())
}

/// Adds a program; one that is no longer in force may be added anew.
///
/// # Errors
/// When its name is taken, it is for nothing, it would end too late, or the actor may not.
pub async fn add(
    agency: &OwnAgency,
    by: &Principal,
    new: &NewProgram,
) -> Result<ProgramWithToken, ActError> {
    let shows = Shows::of(new.certificate.as_deref(), agency.clock.now())?;
    let program = change(agency, by, ProgramChange::Added, |state, user, now| {
        if state.programs.get(&new.name).is_some_and(|known| known.in_force(now)) {
            return Err(ActError::usage(format!("program `{}` exists already", new.name)));
        }
        if new.scope.is_empty() {
            return Err(ActError::usage(
                "say what it may be used for with --scope: ask, explain, requests, import, audit, records, assert"
                    .into(),
            ));
        }
        let latest = now.plus_days(MOST_DAYS);
        if new.until <= now || new.until > latest {
            return Err(ActError::usage(format!(
                "--until {} is not after {now} and by {latest}, a year on",
                new.until
            )));
        }
        shows.free_for(state, &new.name)?;
        let mut scope = new.scope.clone();
        scope.sort_unstable();
        scope.dedup();
        Ok(Program {
            name: new.name.clone(),
            credential: shows.credential.clone(),
            scope,
            purposes: new.purposes.clone(),
            addresses: new.addresses.clone(),
            until: new.until,
            by: user.clone(),
            at: now,
            revoked: None,
        })
    })
    .await?;
    Ok(ProgramWithToken { program, token: shows.token })
}

/// Gives a program a new token, or another certificate, in PEM; what it had before is good no longer.
///
/// # Errors
/// When there is no such program in force, the certificate cannot be taken or is another's, or the actor may
/// not.
pub async fn renew(
    agency: &OwnAgency,
    by: &Principal,
    name: &ProgramName,
    certificate: Option<&str>,
) -> Result<ProgramWithToken, ActError> {
    let shows = Shows::of(certificate, agency.clock.now())?;
    let program = change(agency, by, ProgramChange::Renewed, |state, user, now| {
        let program = known(state, name)?;
        if !program.in_force(now) {
            return Err(ActError::usage(format!(
                "program `{name}` has ended and takes neither token nor certificate; add it anew"
            )));
        }
        shows.free_for(state, name)?;
        let credential = shows.credential.clone();
        Ok(Program { credential, by: user.clone(), at: now, ..program.clone() })
    })
    .await?;
    Ok(ProgramWithToken { program, token: shows.token })
}

/// Ends a program at once, with every session that persons let it have.
///
/// # Errors
/// When there is no such program, no reason is given, or the actor may not.
pub async fn revoke(
    agency: &OwnAgency,
    by: &Principal,
    name: &ProgramName,
    reason: &Text,
) -> Result<Program, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    change(agency, by, ProgramChange::Revoked, |state, user, now| {
        let program = known(state, name)?.clone();
        Ok(Program { revoked: Some(reason.clone()), by: user.clone(), at: now, ..program })
    })
    .await
}

async fn change(
    agency: &OwnAgency,
    by: &Principal,
    what: ProgramChange,
    judge: impl Fn(&State, &schemas::query::UserName, Timestamp) -> Result<Program, ActError>,
) -> Result<Program, ActError> {
    let (_, program) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            let program = judge(state, &user.name, now)?;
            let entry = program_changed(state, agency.actor(&user, by), what, program.clone());
            Ok((entry, program))
        })
        .await?;
    Ok(program)
}
