//! Asking another agency in writing: by itself, or after a refusal.

use std::sync::Arc;

use agreements::request::RequestScope;
use axum::extract::State;
use axum::response::Response;
use maud::html;
use schemas::query::QueryId;

use super::draft::{day, last_day};
use super::fields::Fields;
use super::page::{Shown, form_token, line};
use super::requests::address_of;
use super::search_form::{day_field, purposes};
use super::visitor::{Posted, Visitor};
use crate::admin::requests::{self, RequestView, Submission};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

pub(super) async fn ask(State(app): App, visitor: Visitor, fields: Fields) -> Response {
    visitor.page(asking(&app, &visitor, &fields, None))
}

fn asking(app: &AppState, visitor: &Visitor, fields: &Fields, said: Option<&str>) -> Shown {
    let state = app.context.agency.registry.state();
    let peers: Vec<_> = state.peers.keys().map(|id| id.as_str()).collect();
    let of = |name: &str| fields.get(name);
    let after = of("after");
    let by = if fields.has("requested_by") {
        of("requested_by")
    } else {
        visitor.user.full_name.as_str()
    };
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        form method="post" action="/requests/new" {
            (form_token(visitor))
            @if after.is_empty() {
                div.row {
                    p.field {
                        label for="to" { "To" }
                        select id="to" name="to" required {
                            option value="" { "Choose" }
                            @for peer in &peers { option value=(peer) selected[*peer == of("to")] { (peer) } }
                        }
                    }
                    (purposes(of("purpose")))
                }
                div.row {
                    (line("plate", "Plate", "", of("plate"), false))
                    (line("case", "Case number", "", of("case"), false))
                }
                (line("reason", "Why", "", of("reason"), true))
                (line("danger", "What endangers a life", "Only where something does: the other agency is told that it is urgent.", of("danger"), false))
                div.row {
                    (day_field("from", "Reads from", "", of("from")))
                    (day_field("until", "Reads until, the day included", "", of("until")))
                    p.field { label for="valid_until" { "Usable until, the day included" } input id="valid_until" name="valid_until" type="date" value=(of("valid_until")) required; }
                }
            } @else {
                input type="hidden" name="after" value=(after);
                p { "It asks for what the query " span.code { (after) } " asked for, with the same plate, period, case and reason." }
                (line("reason", "Why, if you want to say more", "", of("reason"), false))
            }
            (line("requested_by", "Who requests", "", by, true))
            p.acts { button.first type="submit" { "Send the request" } }
        }
    };
    Shown::new("Ask in writing", body)
}

pub(super) async fn submit(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    if let Some(told) = visitor.sent_before(&app, &fields) {
        return told;
    }
    match submitted(&app, &visitor, &fields).await {
        Ok(request) => visitor.done(Ok(()), &address_of(&request)),
        Err(error) => {
            let said = error.to_string();
            visitor.page(asking(&app, &visitor, &fields, Some(&said)))
        }
    }
}

async fn submitted(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<RequestView, ActError> {
    let (plate, zone) = (fields.parsed("plate", "Plate")?, &visitor.zone);
    let submission = Submission {
        to: fields.parsed("to", "To")?,
        requested_by: fields.parsed("requested_by", "Who requests")?,
        purpose: fields.parsed("purpose", "Purpose")?,
        case: fields.parsed("case", "Case number")?.unwrap_or_default(),
        reason: fields.parsed("reason", "Why")?.unwrap_or_default(),
        danger: fields.parsed("danger", "What endangers a life")?.unwrap_or_default(),
        scope: RequestScope {
            plates: plate.into_iter().collect(),
            from: day(fields, zone, "from", "Reads from")?,
            until: last_day(fields, zone, "until", "Reads until")?,
            valid_until: last_day(fields, zone, "valid_until", "Usable until")?,
            ..RequestScope::default()
        },
        after_refusal: fields.parsed::<QueryId>("after", "Refused query")?,
    };
    let context = &app.context;
    let (agency, keys, store) = (&context.agency, &context.keys, context.store.as_ref());
    requests::submit(agency, keys, store, &visitor.by, &submission).await
}
