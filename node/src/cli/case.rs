//! `accord case …`: said once, a case goes with the queries that follow.
//!
//! It is that of whoever is signed in, kept in the home where its owner alone reads it, and ends by itself. It
//! changes nothing of what is asked for or logged: each query carries the words as if they had been
//! typed. What cannot be read is no case, and stops the command that would have used it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use schemas::agency::AgencyId;
use schemas::offense::VehicleRole;
use schemas::purpose::Purpose;
use schemas::query::{Justification, UserName};
use schemas::text::Text;
use schemas::time::{HOUR_MS, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Done;
use super::asking::{role, words};
use super::output::{Output, err};
use super::time::local;
use crate::permission::ActError;
use audit_log::clock::Clock;
use host::home::{Home, replace_private};

#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "one is made a run, from what was typed")]
pub(super) enum Case {
    /// Set the case that the next queries are made for.
    Use {
        /// Case number.
        number: Text,
        /// Why, by code, such as `stolen_vehicle`.
        #[arg(long, value_name = "CODE")]
        purpose: Purpose,
        /// Why, in words.
        #[arg(long, value_parser = words)]
        reason: Text,
        /// CAD incident number.
        #[arg(long, default_value = "")]
        cad: Text,
        /// The offence: a section such as `459 PC`, or a name or code of `accord policy offenses`.
        #[arg(long, default_value = "", value_parser = words)]
        offense: Text,
        /// What the vehicle has to do with it: suspect, victim, witness, stolen, missing_person, or in
        /// words.
        #[arg(long, value_parser = role)]
        vehicle_role: Option<VehicleRole>,
        /// What the suspicion rests on.
        #[arg(long, default_value = "")]
        suspicion: Text,
        /// Why you need to know.
        #[arg(long, default_value = "")]
        need_to_know: Text,
        /// The agency on whose behalf you ask, when not your own.
        #[arg(long, value_name = "ID")]
        on_behalf_of: Option<AgencyId>,
        /// The officer for whom a dispatcher asks.
        #[arg(long, default_value = "")]
        for_officer: Text,
        /// After how many hours it ends by itself.
        #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u8).range(1..=72))]
        hours: u8,
    },
    /// Show the case that is set.
    Show,
    /// End it.
    End,
}

/// A case that goes with queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenCase {
    pub(super) why: Justification,
    until: Timestamp,
}

/// Where a user's case stands.
struct Place(PathBuf);

impl Place {
    fn of(dir: &Path, user: Option<&UserName>) -> Result<Self, ActError> {
        let user = user.ok_or_else(|| {
            let why = "nobody is signed in here; sign in with `accord login`";
            ActError::refused_as("not_signed_in", Vec::new(), why.into())
        })?;
        Ok(Self(dir.join("cases").join(format!("{user}.json"))))
    }

    /// What stands there, ended or not.
    fn read(&self) -> Result<Option<OpenCase>, ActError> {
        let unreadable = |error: &dyn std::fmt::Display| {
            ActError::failed(format!(
                "`{}` holds no case that can be read ({error}); set it again with `accord case use`, or end it with `accord case end`",
                self.0.display()
            ))
        };
        let bytes = match std::fs::read(&self.0) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&error)),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| unreadable(&e))
    }

    fn write(&self, case: &OpenCase) -> Result<(), ActError> {
        let failed = |error: &dyn std::fmt::Display| {
            ActError::failed(format!("the case cannot be kept: `{}`: {error}", self.0.display()))
        };
        let folder = self.0.parent().ok_or_else(|| failed(&"no folder"))?;
        private_folder(folder).map_err(|e| failed(&e))?;
        let bytes = serde_json::to_vec(case).map_err(|e| failed(&e))?;
        replace_private(&self.0, &bytes).map_err(|e| ActError::failed(e.to_string()))
    }

    /// Whether there was one.
    fn remove(&self) -> Result<bool, ActError> {
        match std::fs::remove_file(&self.0) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => {
                Err(ActError::failed(format!("`{}` cannot be removed: {error}", self.0.display())))
            }
        }
    }
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The case that goes with what `user` asks now; on stderr, which it is.
pub(super) fn set(dir: &Path, user: Option<&UserName>) -> Result<Option<OpenCase>, ActError> {
    // Without a user the node says what is missing.
    if user.is_none() {
        return Ok(None);
    }
    let Some(case) = Place::of(dir, user)?.read()? else { return Ok(None) };
    let (number, until) = (&case.why.case, local(case.until));
    if Clock::system().now() >= case.until {
        err(&format!("case {number} ended at {until}; set it again with `accord case use`"));
        return Ok(None);
    }
    err(&format!("case {number}, set until {until}; `accord case end` ends it"));
    Ok(Some(case))
}

pub(super) fn run(
    dir: &Path,
    user: Option<&UserName>,
    command: Case,
    output: Output,
) -> Result<Done, ActError> {
    // A folder without a node is not to get one file of a home.
    Home::open(dir).map_err(|e| ActError::failed(e.to_string()))?;
    let place = Place::of(dir, user)?;
    let now = Clock::system().now();
    match command {
        Case::Use {
            number,
            purpose,
            reason,
            cad,
            offense,
            vehicle_role,
            suspicion,
            need_to_know,
            on_behalf_of,
            for_officer,
            hours,
        } => {
            if number.is_empty() || reason.is_empty() {
                let missing = if number.is_empty() { "a case number" } else { "--reason" };
                return Err(ActError::usage(format!("{missing} must say something")));
            }
            let why = Justification {
                purpose,
                offense,
                offenses: Vec::new(),
                vehicle_role,
                case: number,
                cad,
                reason,
                suspicion,
                need_to_know,
                on_behalf_of,
                for_officer,
                danger: Text::default(),
            };
            let case = OpenCase { why, until: now.plus_millis(i64::from(hours) * HOUR_MS) };
            place.write(&case)?;
            show(&case, output);
        }
        Case::Show => match place.read()?.filter(|case| now < case.until) {
            Some(case) => show(&case, output),
            None => output.object(&json!({ "case": null }), || "no case is set".into()),
        },
        Case::End => {
            let ended = place.remove()?;
            output.object(&json!({ "case": null, "ended": ended }), || {
                if ended { "no case is set any more" } else { "no case was set" }.into()
            });
        }
    }
    Ok(Done::Ok)
}

fn show(case: &OpenCase, output: Output) {
    let mut value = json!(case.why);
    if let Some(value) = value.as_object_mut() {
        value.insert("until".into(), json!(case.until));
    }
    output.object(&value, || {
        let why = &case.why;
        let mut out = format!("case {}, {}: {}", why.case, why.purpose, why.reason);
        if !why.suspicion.is_empty() {
            out += &format!("\nsuspicion: {}", why.suspicion);
        }
        out + &format!("\nset until {}", local(case.until))
    });
}
