//! The case that goes with what a person asks next, in a bar on every page of hers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::query::{Justification, UserName};
use schemas::text::Text;

use super::draft::{justified, why_fields};
use super::fields::Fields;
use super::page::form_token;
use super::visitor::{Posted, Visitor};
use crate::admin::open_case::{HOURS, OpenCase, Place};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

fn place(app: &AppState, visitor: &Visitor) -> Place {
    Place::of(app.home.dir(), &visitor.by.user)
}

/// The case that is open; one that cannot be read is none here, and the command line says why.
pub(super) fn open(app: &AppState, user: &UserName) -> Option<OpenCase> {
    let now = app.context.agency.clock.now();
    let case = Place::of(app.home.dir(), user).read().ok().flatten();
    case.filter(|case| now < case.until)
}

/// Keeps why is asked for what is asked next.
pub(super) fn keep(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<OpenCase, ActError> {
    let now = app.context.agency.clock.now();
    let why = Justification { danger: Text::default(), ..justified(fields)? };
    if why.case.is_empty() || why.reason.is_empty() {
        let missing = if why.case.is_empty() { "Case number" } else { "Reason" };
        return Err(ActError::usage(format!(
            "{missing}: fill this in, to keep it for what you ask next"
        )));
    }
    let case = OpenCase::new(why, HOURS, now)?;
    place(app, visitor).write(&case)?;
    Ok(case)
}

/// What is filled in, and of the open case what is not.
pub(super) fn filled_in(mut fields: Fields, open: Option<&OpenCase>) -> Fields {
    let Some(open) = open else { return fields };
    // Another case has reasons of its own.
    if fields.has("case") && fields.get("case") != open.why.case.as_str() {
        return fields;
    }
    for (name, value) in why_fields(&open.why) {
        if !fields.has(name) && !value.is_empty() {
            fields.set(name, value);
        }
    }
    fields
}

/// The bar: the case, and the one line of a search.
pub(super) fn bar(visitor: &Visitor) -> Markup {
    html! {
        @if visitor.may.query {
            div.casebar role="region" aria-label="Case and search" {
                form.line method="post" action="/search" {
                    (form_token(visitor))
                    label for="line" { "Search" }
                    input id="line" name="line" autocomplete="off" autocapitalize="characters" spellcheck="false"
                        placeholder="7AB* @ 33.74,-118.26 2km since sat";
                    button type="submit" name="do" value="line" { "Go" }
                }
                @match &visitor.case {
                    Some(open) => {
                        form.case method="post" action="/case/end" {
                            (form_token(visitor))
                            span { "Case " strong { bdi { (open.why.case.as_str()) } } ", until " (visitor.zone.when(open.until)) }
                            button type="submit" { "End it" }
                        }
                    }
                    None => { p.case { "No case is set." } }
                }
            }
        }
    }
}

pub(super) async fn end(State(app): App, Posted { visitor, .. }: Posted) -> Response {
    let ended = place(&app, &visitor).remove();
    visitor.done(ended, "/search")
}
