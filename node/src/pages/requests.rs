//! Written requests: what waits, one of them as a sheet, asking, and deciding in place.

use std::sync::Arc;

use agreements::request::{RequestScope, Verdict};
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::authority::AuthorityName;
use schemas::query::QueryId;

use super::draft::{day, words};
use super::fields::Fields;
use super::page::{Shown, address, form_token, line, prove_again, when};
use super::visitor::{Posted, Proven, Visitor};
use crate::admin::requests::{self, DecisionInput, RequestView, Submission, named};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// The state of a request that nobody has decided.
const UNDECIDED: &str = "submitted";

/// Requests of peers that wait for a decision here.
pub(super) fn undecided(app: &AppState) -> Vec<RequestView> {
    let me = &app.context.agency.id;
    let mut all = requests::list(&app.context.agency);
    all.retain(|one| one.owner == *me && one.state == UNDECIDED);
    all
}

/// The address of one.
pub(super) fn address_of(request: &RequestView) -> String {
    address("/requests/one", &request.request)
}

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    let me = &app.context.agency.id;
    let mut all = requests::list(&app.context.agency);
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
    let (ours, theirs): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.owner != *me);
    let body = html! {
        h2 { "To us" }
        (table(&theirs, "Nobody has asked us in writing."))
        h2 { "By us" }
        (table(&ours, "We have asked nobody in writing."))
        @if visitor.may.query { p { a.button href="/requests/new" { "Ask another agency in writing" } } }
    };
    visitor.page(Shown::new("Written requests", body))
}

fn table(all: &[&RequestView], none: &str) -> Markup {
    html! {
        @if all.is_empty() { p { (none) } } @else {
            div.wide {
                table {
                    thead {
                        tr {
                            th scope="col" { "When" } th scope="col" { "Agencies" } th scope="col" { "Who" }
                            th scope="col" { "For what" } th scope="col" { "State" }
                        }
                    }
                    tbody {
                        @for one in all {
                            tr {
                                td { a href=(address_of(one)) { (when(one.at)) } }
                                td { (one.requester) " to " (one.owner.as_str()) }
                                td { (one.requested_by.as_str()) }
                                td { (one.purpose.map_or_else(String::new, |purpose| words(purpose.code()))) " " (one.case.as_str()) }
                                td { (words(&one.state)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn view(app: &AppState, fields: &Fields) -> Result<RequestView, ActError> {
    let name: AuthorityName = fields.needed("id", "Request")?;
    let agency = &app.context.agency;
    requests::show(agency, &named(agency, &name)?)
}

pub(super) async fn one(State(app): App, visitor: Visitor, fields: Fields) -> Response {
    let request = match view(&app, &fields) {
        Ok(request) => request,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let asked = app.context.agency.registry.state();
    let reason = asked.requests.get(&request.request).map(|filed| &filed.value.request.reason);
    let ours_to_decide = request.owner == app.context.agency.id && request.state == UNDECIDED;
    let body = html! {
        dl {
            dt { "From" } dd { (request.requester) " to " (request.owner.as_str()) }
            dt { "Requested by" } dd { (request.requested_by.as_str()) }
            dt { "Purpose" } dd { (request.purpose.map_or_else(String::new, |purpose| words(purpose.code()))) }
            dt { "Case" } dd { (request.case.as_str()) }
            @if let Some(reason) = reason { dt { "Why" } dd { (reason.as_str()) } }
            (scope(&request.scope))
            dt { "Made" } dd { (when(request.at)) }
            dt { "State" } dd { (words(&request.state)) }
            @if let Some(by) = &request.decided_by {
                dt { "Decided by" }
                dd { (by.as_str()) @if let Some(title) = &request.title { ", " (title.as_str()) } }
            }
            @if let Some(section) = &request.section { dt { "Under" } dd { (section.as_str()) } }
            @if let Some(reason) = &request.reason { dt { "Reason" } dd { (reason.as_str()) } }
            @if let Some(left) = request.uses_left { dt { "Uses left" } dd { (left) } }
        }
        @if ours_to_decide && visitor.may.approve { (decision(&app, &visitor, &request)) }
        @else if ours_to_decide { p { "An official whom our policy names decides this." } }
    };
    visitor.page(Shown::new(format!("Request {}", request.request), body))
}

/// What bounds a request.
fn scope(scope: &RequestScope) -> Markup {
    let plates: Vec<String> = scope.plates.iter().map(ToString::to_string).collect();
    html! {
        dt { "Plates" } dd { @if plates.is_empty() { "any" } @else { span.plate { (plates.join(", ")) } } }
        @if let Some(from) = scope.from { dt { "Reads from" } dd { (when(from)) } }
        @if let Some(until) = scope.until { dt { "Reads until" } dd { (when(until)) } }
        @if let Some(uses) = scope.uses { dt { "Answers" } dd { "at most " (uses) } }
        @if let Some(end) = scope.valid_until { dt { "Usable until" } dd { (when(end)) } }
    }
}

fn decision(app: &AppState, visitor: &Visitor, request: &RequestView) -> Markup {
    let state = app.context.agency.registry.state();
    let section = state.policy.as_ref().map(|policy| policy.request_section());
    html! {
        h2 { "Decide" }
        @if let Some(section) = section { p { "You decide under " strong { (section) } ". What you leave empty stays as it was asked; it can be made narrower and never wider." } }
        form method="post" action="/requests/decide" {
            (form_token(visitor))
            input type="hidden" name="id" value=(request.request.to_string());
            div.row {
                p.field { label for="from" { "Reads from" } input id="from" name="from" type="date"; }
                p.field { label for="until" { "Reads until" } input id="until" name="until" type="date"; }
                p.field { label for="valid_until" { "Usable until" } input id="valid_until" name="valid_until" type="date"; }
                p.field { label for="uses" { "Answers at most" } input id="uses" name="uses" inputmode="numeric"; }
            }
            (line("reason", "Your reason", "It is signed and goes to the other agency.", "", true))
            (prove_again(visitor, "decide"))
            button.first type="submit" name="verdict" value="approve" { "Approve" }
            " "
            button type="submit" name="verdict" value="deny" { "Deny" }
        }
    }
}

pub(super) async fn decide(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = decided(&app, &visitor, &fields).await;
    let on = done.as_ref().map_or_else(|_| "/requests".to_owned(), address_of);
    visitor.done(done, &on)
}

async fn decided(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<RequestView, ActError> {
    let asked = view(app, fields)?;
    let verdict = match fields.get("verdict") {
        "approve" => Verdict::Approved,
        "deny" => Verdict::Denied,
        _ => return Err(ActError::usage("say whether it is approved or denied".into())),
    };
    let input = DecisionInput {
        verdict,
        reason: fields.needed("reason", "Your reason")?,
        narrower: RequestScope {
            from: day(fields, "from", "Reads from")?,
            until: day(fields, "until", "Reads until")?,
            valid_until: day(fields, "valid_until", "Usable until")?,
            uses: fields.parsed("uses", "Answers at most")?,
            ..RequestScope::default()
        },
    };
    let (agency, keys) = (&app.context.agency, &app.context.keys);
    requests::decide(agency, keys, &visitor.by, &asked.request, &input).await
}

pub(super) async fn ask(State(app): App, visitor: Visitor, fields: Fields) -> Response {
    let state = app.context.agency.registry.state();
    let peers: Vec<_> = state.peers.keys().map(|id| id.as_str()).collect();
    let after = fields.get("after");
    let body = html! {
        form method="post" action="/requests/new" {
            (form_token(&visitor))
            @if after.is_empty() {
                p.field {
                    label for="to" { "To" }
                    select id="to" name="to" required {
                        option value="" { "Choose" }
                        @for peer in &peers { option value=(peer) { (peer) } }
                    }
                }
                p.field {
                    label for="purpose" { "Purpose" }
                    select id="purpose" name="purpose" required {
                        option value="" { "Choose" }
                        @for purpose in schemas::purpose::Purpose::ALL {
                            option value=(purpose.code()) { (words(purpose.code())) }
                        }
                    }
                }
                (line("plate", "Plate", "", "", false))
                (line("case", "Case number", "", "", false))
                (line("reason", "Why", "", "", true))
                p.field { label for="valid_until" { "Usable until" } input id="valid_until" name="valid_until" type="date" required; }
            } @else {
                input type="hidden" name="after" value=(after);
                p { "It asks for what the query " span.code { (after) } " asked for, with the same plate, period, case and reason." }
                (line("reason", "Why, if you want to say more", "", "", false))
            }
            (line("requested_by", "Who requests", "", visitor.user.full_name.as_str(), true))
            button.first type="submit" { "Send the request" }
        }
    };
    visitor.page(Shown::new("Ask in writing", body))
}

pub(super) async fn submit(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let done = submitted(&app, &visitor, &fields).await;
    let on = done.as_ref().map_or_else(|_| "/requests".to_owned(), address_of);
    visitor.done(done, &on)
}

async fn submitted(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<RequestView, ActError> {
    let plate = fields.parsed("plate", "Plate")?;
    let submission = Submission {
        to: fields.parsed("to", "To")?,
        requested_by: fields.parsed("requested_by", "Who requests")?,
        purpose: fields.parsed("purpose", "Purpose")?,
        case: fields.parsed("case", "Case number")?.unwrap_or_default(),
        reason: fields.parsed("reason", "Why")?.unwrap_or_default(),
        scope: RequestScope {
            plates: plate.into_iter().collect(),
            valid_until: day(fields, "valid_until", "Usable until")?,
            ..RequestScope::default()
        },
        after_refusal: fields.parsed::<QueryId>("after", "Refused query")?,
    };
    let context = &app.context;
    let (agency, keys, store) = (&context.agency, &context.keys, context.store.as_ref());
    requests::submit(agency, keys, store, &visitor.by, &submission).await
}
