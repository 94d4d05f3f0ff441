//! A way in made anew at the machine, by whoever owns the home, while the node is stopped: for the
//! last administrator who lost what she signs in by. The next start records it before anything else.

use std::path::PathBuf;

use ::sign_in::{enrolment_code, enrolment_digest};
use host::home::{Home, HomeError, read_text, replace_private};
use schemas::authenticator::Enrolment;
use schemas::digest::Digest;
use schemas::event::sign_in::UserRecovered;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::enrol::ENROLMENT_MS;
use crate::permission::{ActError, NotActed, OwnAgency};
use audit_log::append::AppendError;
use audit_log::entries::sign_in::user_recovered;

/// The file in the home that says so until the log does.
const FILE: &str = "recovered.json";

/// What it says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    user: UserName,
    code: Digest,
    reason: Text,
    made_at: Timestamp,
    uid: u32,
}

/// A way in that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recovered {
    /// Whose.
    pub user: UserName,
    /// The code of the enrolment.
    pub code: String,
    /// Until when it counts.
    pub until: Timestamp,
}

fn path(home: &Home) -> PathBuf {
    home.dir().join(FILE)
}

/// Makes one. It counts from the next start of the node.
///
/// # Errors
/// When the node runs, no reason is given, or the home cannot be written.
pub fn recover(
    home: &Home,
    user: &UserName,
    reason: &Text,
    now: Timestamp,
) -> Result<Recovered, ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say what happened: --reason".into()));
    }
    // Held until it is written: no node starts in between.
    let _lock = home.lock().map_err(|error| match error {
        HomeError::Running(_) => ActError::refused_as(
            "node_running",
            Vec::new(),
            format!("{error}; stop it first: a way in is made anew at the machine alone"),
        ),
        error => error.into(),
    })?;
    let code: Zeroizing<String> = enrolment_code()?;
    let uid = rustix::process::getuid().as_raw();
    let (user, reason) = (user.clone(), reason.clone());
    let note = Note { user, code: enrolment_digest(&code), reason, made_at: now, uid };
    let text = serde_json::to_vec(&note).map_err(|e| ActError::failed(e.to_string()))?;
    replace_private(&path(home), &text)?;
    let until = now.plus_millis(ENROLMENT_MS);
    Ok(Recovered { user: note.user, code: code.to_string(), until })
}

/// Records a way in that was made at the machine, if one was; under a clock that the log refuses, once
/// that is accepted.
///
/// # Errors
/// When what the home says of it cannot be read or removed, or the log cannot be written.
pub async fn record_recovery(agency: &OwnAgency, home: &Home) -> Result<(), ActError> {
    let path = path(home);
    if !path.exists() {
        return Ok(());
    }
    let unreadable =
        |e: serde_json::Error| HomeError::Content { path: path.clone(), error: e.to_string() };
    let note: Note = serde_json::from_str(&read_text(&path)?).map_err(unreadable)?;
    let recorded = agency.act_or(|state, _| {
        let known = state.users.contains_key(&note.user);
        let done = state.sign_in.enrolments.get(&note.user).is_some_and(|e| e.code == note.code);
        if !known || done {
            return Err(known);
        }
        let recovered = UserRecovered {
            enrolment: Enrolment {
                user: note.user.clone(),
                code: note.code,
                by: None,
                identified: "at the machine of the node".parse().unwrap_or_default(),
                until: note.made_at.plus_millis(ENROLMENT_MS),
            },
            reason: note.reason.clone(),
            made_at: note.made_at,
            uid: note.uid,
        };
        Ok((user_recovered(state, agency.node_actor(), recovered), ()))
    });
    match recorded.await {
        Ok(_) | Err(NotActed::Judged(true)) => {}
        Err(NotActed::Judged(false)) => {
            tracing::error!(
                "a way in was made at the machine for somebody who is no user; it counts for nothing"
            );
        }
        // A node that waits for a person's word on the clock must be there to hear it. What the home
        // says stays until then.
        Err(NotActed::Log(
            error @ (AppendError::Clock { .. } | AppendError::ClockAhead { .. }),
        )) => {
            tracing::error!(%error, "a way in that was made at the machine is not recorded yet");
            return Ok(());
        }
        Err(NotActed::Log(error)) => return Err(AppendError::into(error)),
        Err(NotActed::Contended) => return Err(NotActed::<ActError>::Contended.into()),
    }
    std::fs::remove_file(&path).map_err(|error| HomeError::File { path, error })?;
    Ok(())
}
