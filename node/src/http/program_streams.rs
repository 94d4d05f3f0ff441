//! Answers that come to a program line by line: each line is for the person as she is then. Once she has signed
//! out, is disabled, or the program is revoked, no further line comes, and the last one says why.

use std::sync::Arc;

use ::sign_in::Token;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use futures::StreamExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::problem::BrokenOff;
use super::state::AppState;
use crate::permission::{ActError, Principal, with_access};
use crate::sign_in;
use registry::ProgramName;

/// The media type of lines of JSON.
pub(super) const LINES: &str = "application/x-ndjson";

/// For whom lines are.
pub(super) enum Person {
    /// Her session, and from where it is shown.
    SignedIn { session: Token, source: String },
    /// She is named, and by which program.
    Named { by: Principal, program: ProgramName },
}

impl Person {
    /// Whether she may hear more of what was begun for her.
    async fn may_hear(&self, app: &AppState) -> Result<(), ActError> {
        match self {
            Self::SignedIn { session, source } => {
                sign_in::may_hear(&app.sign_in, session, source).await
            }
            Self::Named { by, program } => may_be_named(app, by, program),
        }
    }
}

struct Told {
    app: Arc<AppState>,
    lines: BodyDataStream,
    person: Person,
    _turn: OwnedSemaphorePermit,
}

/// Whether a program may ask for this person by her bare name: while both may act.
///
/// # Errors
/// When one of them may not.
pub(super) fn may_be_named(
    app: &AppState,
    by: &Principal,
    program: &ProgramName,
) -> Result<(), ActError> {
    let agency = &app.context.agency;
    let (state, now) = (agency.registry.state(), agency.clock.now());
    let acts = with_access(&state, by, now).is_ok();
    let asks = state.programs.get(program).is_some_and(|one| one.in_force(now));
    if acts && asks {
        return Ok(());
    }
    let why = if asks {
        "the person who is named is registered here as nobody who may act; see `accord user list`"
    } else {
        "the program that names a person may not be used any more; see `accord program list`"
    };
    Err(ActError::refused_as("person_unknown", Vec::new(), why.into()))
}

/// A response, whose lines, if it has any, come for as long as its person may hear them. Its turn lasts as
/// long.
pub(super) fn for_person(
    app: Arc<AppState>,
    response: Response,
    person: Person,
    turn: OwnedSemaphorePermit,
) -> Response {
    if response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != LINES) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let told = Told { app, lines: body.into_data_stream(), person, _turn: turn };
    let lines = futures::stream::unfold(Some(told), |told| async move {
        let mut told = told?;
        let line = told.lines.next().await?;
        match told.person.may_hear(&told.app).await {
            Ok(()) => Some((line, Some(told))),
            Err(error) => {
                let mut line = serde_json::to_vec(&BrokenOff::from(&error)).unwrap_or_default();
                line.push(b'\n');
                Some((Ok(Bytes::from(line)), None))
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(lines))
}
