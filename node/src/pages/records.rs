//! Requests of courts and of the public: filed for records release, in the same act what they are about kept
//! from being destroyed, and how each was answered.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use registry::BodyKind;

use super::draft::{last_day, words};
use super::fields::Fields;
use super::page::{Shown, form_token, line, prove_again};
use super::requests::address_of;
use super::search_form::day_field;
use super::visitor::{Proven, Visitor};
use super::zone::Zone;
use crate::admin::requests::{self, RecordsAnswer, RecordsRequestInput, RequestView};
use crate::http::AppState;
use crate::permission::ActError;
use crate::retention::holds::HoldTarget;
use schemas::authority::AuthorityName;
use schemas::event::authority::RecordsOutcome;
use schemas::text::Text;

type App = State<Arc<AppState>>;

pub(super) async fn ask(State(app): App, visitor: Visitor) -> Response {
    visitor.page(asking(&app, &visitor, &Fields::default(), None))
}

fn asking(app: &AppState, visitor: &Visitor, fields: &Fields, said: Option<&str>) -> Shown {
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        (where_to(app))
        form method="post" action="/requests/record" {
            (form_token(visitor))
            div.row {
                (line("from_body", "Who asks", "A court, a lawyer, a member of the public.", fields.get("from_body"), true))
                p.field {
                    label for="kind" { "What sort of request" }
                    select id="kind" name="kind" {
                        @for kind in BodyKind::ALL { option value=(kind.code()) selected[kind.code() == fields.get("kind")] { (words(kind.code())) } }
                    }
                }
                (line("case", "Case or docket number", "", fields.get("case"), false))
            }
            (line("about", "What for", "", fields.get("about"), true))
            (day_field("due", "To be answered by", "A subpoena says it. For the public ten days are counted when this is empty.", fields.get("due")))
            @if visitor.may.hold {
                p.boxes { label { input type="checkbox" name="hold" value="1" checked[fields.has("hold")]; " Keep all that the case holds from being destroyed, from now on" } }
                (line("hold_plate", "Or all that names this plate", "", fields.get("hold_plate"), false))
            }
            (prove_again(visitor, "record"))
            p.acts { button.first type="submit" { "File it" } }
        }
    };
    Shown::new("A request of a court or the public", body)
}

/// Where the policy sends such requests.
fn where_to(app: &AppState) -> Markup {
    let state = app.context.agency.registry.state();
    html! {
        @if let Some(policy) = &state.policy {
            @let release = &policy.administration.records_release;
            p.notice { "No read leaves by such a request: it goes to " strong { (release.to.as_str()) } " (" (policy.cites(release).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")) ")." }
        }
    }
}

pub(super) async fn record(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    match recorded(&app, &visitor, &fields).await {
        Ok(request) => visitor.done(Ok(()), &address_of(&request)),
        Err(error) => visitor.page(asking(&app, &visitor, &fields, Some(&error.to_string()))),
    }
}

async fn recorded(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<RequestView, ActError> {
    let case: Text = fields.parsed("case", "Case or docket number")?.unwrap_or_default();
    let hold = match (fields.has("hold"), fields.parsed("hold_plate", "Plate")?) {
        (_, Some(plate)) => Some(HoldTarget::Plate(plate)),
        (true, None) if case.is_empty() => {
            let why = "Case or docket number: fill this in, for it is what is kept";
            return Err(ActError::usage(why.into()));
        }
        (true, None) => Some(HoldTarget::Case(case.clone())),
        (false, None) => None,
    };
    let input = RecordsRequestInput {
        from_body: fields.needed("from_body", "Who asks")?,
        kind: fields.needed("kind", "What sort of request")?,
        about: fields.needed("about", "What for")?,
        due: last_day(fields, &visitor.zone, "due", "To be answered by")?,
        case,
        hold,
    };
    requests::record(&app.context.agency, &app.retention, &visitor.by, &input).await
}

/// The form by which it is put on record how one was answered.
pub(super) fn close_form(request: &RequestView, visitor: &Visitor, fields: &Fields) -> Markup {
    html! {
        h2 { "Answered" }
        form method="post" action="/requests/close" {
            (form_token(visitor))
            input type="hidden" name="id" value=(request.request.to_string());
            p.field {
                label for="outcome" { "How" }
                select id="outcome" name="outcome" {
                    @for one in RecordsOutcome::ALL { option value=(one.code()) selected[one.code() == fields.get("outcome")] { (words(one.code())) } }
                }
            }
            (line("reason", "What was released, or why not", "", fields.get("reason"), true))
            (prove_again(visitor, "close"))
            p.acts { button.first type="submit" { "It is answered" } }
        }
    }
}

pub(super) async fn close(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let agency = &app.context.agency;
    let done = async {
        let name: AuthorityName = fields.needed("id", "Request")?;
        let answer = RecordsAnswer {
            outcome: fields.needed("outcome", "How")?,
            reason: fields.needed("reason", "What was released, or why not")?,
        };
        let id = requests::named(agency, &name)?;
        requests::close(agency, &visitor.by, &id, &answer).await
    }
    .await;
    let on = done.as_ref().map_or_else(|_| "/requests".to_owned(), address_of);
    visitor.done(done, &on)
}

/// Those that are filed, the next due first.
pub(super) fn table(all: &[&RequestView], zone: &Zone) -> Markup {
    html! {
        @if all.is_empty() { p.quiet { "No court and nobody of the public has asked." } } @else {
            div.wide tabindex="0" role="region" aria-label="Requests of courts and the public" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Filed" } th scope="col" { "Who asks" } th scope="col" { "What" }
                            th scope="col" { "Case" } th scope="col" { "To be answered by" } th scope="col" { "State" }
                        }
                    }
                    tbody {
                        @for one in all {
                            tr {
                                td { a href=(address_of(one)) { (zone.when(one.at)) } }
                                td { bdi { (one.requester) } }
                                td { (one.body_kind.map_or_else(String::new, |kind| words(kind.code()))) }
                                td { bdi { (one.case.as_str()) } }
                                td { (one.due.map_or_else(String::new, |due| zone.when(due))) }
                                td {
                                    @match one.outcome { Some(outcome) => { (words(outcome.code())) } None => { strong { "waits for an answer" } } }
                                    @if let Some(hold) = one.hold { ", kept by hold " (hold) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
