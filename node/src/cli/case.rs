//! `accord case …`: said once, a case goes with the queries that follow.
//!
//! It is that of whoever is signed in, and the one of her pages too ([`crate::admin::open_case`]).

use std::path::Path;

use clap::Subcommand;
use schemas::agency::AgencyId;
use schemas::offense::VehicleRole;
use schemas::purpose::Purpose;
use schemas::query::{Justification, UserName};
use schemas::text::Text;
use serde_json::json;

use super::Done;
use super::asking::{role, words};
use super::output::{Output, err};
use super::time::local;
use crate::admin::open_case::{HOURS, OpenCase, Place};
use crate::permission::ActError;
use audit_log::clock::Clock;
use host::home::Home;

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
        #[arg(long, default_value_t = HOURS, value_parser = clap::value_parser!(u8).range(1..=72))]
        hours: u8,
    },
    /// Show the case that is set.
    Show,
    /// End it.
    End,
}

fn place(dir: &Path, user: Option<&UserName>) -> Result<Place, ActError> {
    let user = user.ok_or_else(|| {
        let why = "nobody is signed in here; sign in with `accord login`";
        ActError::refused_as("not_signed_in", Vec::new(), why.into())
    })?;
    Ok(Place::of(dir, user))
}

/// The case that goes with what `user` asks now; on stderr, which it is.
pub(super) fn set(dir: &Path, user: Option<&UserName>) -> Result<Option<OpenCase>, ActError> {
    // Without a user the node says what is missing.
    if user.is_none() {
        return Ok(None);
    }
    let Some(case) = place(dir, user)?.read()? else { return Ok(None) };
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
    let place = place(dir, user)?;
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
            let case = OpenCase::new(why, hours, now)?;
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
