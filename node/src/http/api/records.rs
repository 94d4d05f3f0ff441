//! `/records`: for the records system of the agency.

use axum::Extension;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use crate::http::error::ApiResult;
use crate::http::extract::Query;
use crate::http::state::App;
use crate::permission::ActError;
use crate::records::MOST;
use registry::Program;

/// Which records are wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Wanted {
    /// Those behind this place: what `next` said of the page before. From the first on without it.
    after: Option<u64>,
    /// At most so many, from 1 to 1,000; 1,000 without it.
    limit: Option<usize>,
}

/// Records of requests for reads, as the mapping writes them.
pub(in crate::http) async fn page(
    State(app): App,
    Extension(program): Extension<Program>,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Response> {
    let limit = wanted.limit.unwrap_or(MOST);
    if limit == 0 || limit > MOST {
        let why = format!("limit={limit}; expected 1 to {MOST}");
        return Err(ActError::usage_as("limit_invalid", why).into());
    }
    app.program_turns.fetches_a_page(&program.name, app.context.agency.clock.now())?;
    let whom = format!("program {}", program.name);
    let page = app.records.page(wanted.after, limit, &whom).await?;
    let written = app.records.mapping().write(&page);
    // What a line of CSV has no place for.
    let next = page.next.map_or_else(String::new, |next| next.to_string());
    let headers = [
        ("accord-next", next),
        ("accord-more", page.more.to_string()),
        ("accord-destroyed", page.destroyed.to_string()),
    ];
    Ok(([(CONTENT_TYPE, written.media_type)], headers, written.text).into_response())
}
