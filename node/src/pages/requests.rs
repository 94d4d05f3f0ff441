//! Written requests: what waits, one of them as a sheet, and deciding in place.

use std::sync::Arc;

use agreements::request::{RequestScope, Verdict};
use axum::extract::State;
use axum::response::{Html, Response};
use maud::{Markup, html};
use schemas::authority::AuthorityName;
use schemas::plate::Plate;

use super::draft::{circle, day, last_day, words};
use super::fields::Fields;
use super::page::{Shown, address, form_token, line, prove_again};
use super::records;
use super::search_form::day_field;
use super::visitor::{Posted, Proven, Visitor};
use super::zone::Zone;
use crate::admin::requests::{self, DecisionInput, Paper, RequestView, named};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// The state of a request that nobody has decided.
const UNDECIDED: &str = "submitted";

/// The address of one.
pub(super) fn address_of(request: &RequestView) -> String {
    address("/requests/one", &request.request)
}

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    if let Err(error) = requests::may_read(&app.context.agency, &visitor.by) {
        return visitor.page(Shown::error(&error));
    }
    let me = &app.context.agency.id;
    let mut all = requests::list(&app.context.agency);
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
    let (mut bodies, all): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.body_kind.is_some());
    let (ours, theirs): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.owner != *me);
    bodies.sort_by_key(|one| (one.outcome.is_some(), one.due.is_none(), one.due));
    let body = html! {
        p.acts {
            @if visitor.may.query { a.button href="/requests/new" { "Ask another agency in writing" } }
            @if visitor.may.records { a.button href="/requests/record" { "File a request of a court or the public" } }
        }
        h2 { "To us" }
        (table(&theirs, "Nobody has asked us in writing.", &visitor.zone))
        h2 { "By us" }
        (table(&ours, "We have asked nobody in writing.", &visitor.zone))
        h2 { "Of courts and the public" }
        (records::table(&bodies, &visitor.zone))
    };
    visitor.page(Shown::new("Written requests", body))
}

/// How a request stands, the ones that wait for somebody told apart.
fn state(one: &RequestView) -> Markup {
    html! {
        @match one.state.as_str() {
            UNDECIDED => { @if one.is_pressing() { strong.bad { "urgent: " } } strong { "waits for a decision" } }
            "approved" => { span.good { "approved" } }
            "denied" => { span.bad { "denied" } }
            other => { (words(other)) }
        }
    }
}

fn table(all: &[&RequestView], none: &str, zone: &Zone) -> Markup {
    html! {
        @if all.is_empty() { p.quiet { (none) } } @else {
            div.wide tabindex="0" role="region" aria-label="Requests" {
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
                                td { a href=(address_of(one)) { (zone.when(one.at)) } }
                                td { bdi { (one.requester) } " to " (one.owner.as_str()) }
                                td { bdi { (one.requested_by.as_str()) } }
                                td { (one.purpose.map_or_else(String::new, |purpose| words(purpose.code()))) " " bdi { (one.case.as_str()) } }
                                td { (state(one)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn view(app: &AppState, visitor: &Visitor, fields: &Fields) -> Result<RequestView, ActError> {
    let name: AuthorityName = fields.needed("id", "Request")?;
    let agency = &app.context.agency;
    requests::may_read(agency, &visitor.by)?;
    requests::show(agency, &named(agency, &name)?)
}

pub(super) async fn one(State(app): App, visitor: Visitor, fields: Fields) -> Response {
    match view(&app, &visitor, &fields) {
        Ok(request) => visitor.page(shown(&app, &visitor, &request, &fields, None)),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

/// One request, and what may be done with it; a decision that did not come through is filled in as it was.
fn shown(
    app: &AppState,
    visitor: &Visitor,
    request: &RequestView,
    fields: &Fields,
    said: Option<&str>,
) -> Shown {
    let zone = &visitor.zone;
    let recorded = app.context.agency.registry.state();
    let reason = recorded.requests.get(&request.request).map(|filed| &filed.value.request.reason);
    let ours_to_decide = request.owner == app.context.agency.id && request.state == UNDECIDED;
    let may_print = visitor.may.approve || visitor.may.audit;
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        dl {
            dt { "State" } dd { (state(request)) }
            dt { "From" } dd { bdi { (request.requester) } " to " (request.owner.as_str()) }
            dt { "Requested by" } dd { bdi { (request.requested_by.as_str()) } }
            dt { "Purpose" } dd { (request.purpose.map_or_else(String::new, |purpose| words(purpose.code()))) }
            dt { "Case" } dd { bdi { (request.case.as_str()) } }
            @if let Some(reason) = reason { dt { "Why" } dd { bdi { (reason.as_str()) } } }
            @if !request.danger.is_empty() { dt { "A life is in danger" } dd { strong { bdi { (request.danger.as_str()) } } } }
            (scope(&request.scope, zone))
            dt { "Made" } dd { (zone.when(request.at)) }
            @if let Some(by) = &request.decided_by {
                dt { "Decided by" }
                dd {
                    bdi { (by.as_str()) } @if let Some(title) = &request.title { ", " bdi { (title.as_str()) } }
                    @if let Some(by) = &request.delegation { ", delegated by " bdi { (by.as_str()) } }
                    @if let Some(at) = request.decided_at { ", on " (zone.when(at)) }
                }
            }
            @if let Some(section) = &request.section { dt { "Under" } dd { (section.as_str()) } }
            @if let Some(reason) = &request.reason { dt { "Reason" } dd { bdi { (reason.as_str()) } } }
            @if let Some(due) = request.due {
                dt { "To be answered by" }
                dd { (zone.when(due)) @if !request.due_under.is_empty() { ", " (request.due_under.as_str()) } }
            }
            @if let Some(hold) = request.hold { dt { "Kept by" } dd { "hold " (hold) } }
            @if let Some(outcome) = request.outcome { dt { "Answered" } dd { (words(outcome.code())) } }
            @if let Some(left) = request.uses_left.filter(|_| request.state == "approved") { dt { "Answers left" } dd { (left) } }
            @if let Some(id) = &request.rerun { dt { "Asked again as" } dd.code { (id.to_string()) } }
        }
        @if ours_to_decide && visitor.may.approve { (decision(app, visitor, request, fields)) }
        @else if ours_to_decide { p.notice { "An official whom our policy names decides this." } }
        @if request.body_kind.is_some() && request.outcome.is_none() && visitor.may.records { (records::close_form(request, visitor, fields)) }
        div.acts {
            @if may_print && request.body_kind.is_none() {
                form.inline method="post" action="/requests/sheet" {
                    (form_token(visitor))
                    input type="hidden" name="id" value=(request.request.to_string());
                    button type="submit" { "The sheet to print" }
                }
            }
            @if request.requester == app.context.agency.id.as_str() && ["submitted", "approved"].contains(&request.state.as_str()) && visitor.may.query {
                form.inline method="post" action="/requests/withdraw" {
                    (form_token(visitor))
                    input type="hidden" name="id" value=(request.request.to_string());
                    button type="submit" { "Withdraw it" }
                }
            }
            a.button href="/requests" { "All requests" }
        }
    };
    Shown::new(format!("Request {}", request.request), body)
}

/// What bounds a request.
fn scope(scope: &RequestScope, zone: &Zone) -> Markup {
    let plates: Vec<String> = scope.plates.iter().map(ToString::to_string).collect();
    html! {
        dt { "Plates" } dd { @if plates.is_empty() { "any" } @else { span.plate { (plates.join(", ")) } } }
        @if let Some(near) = &scope.near { dt { "Where" } dd { (near.radius_m) " m around " (format!("{:.5}, {:.5}", near.center.latitude(), near.center.longitude())) } }
        @if let Some(from) = scope.from { dt { "Reads from" } dd { (zone.when(from)) } }
        @if let Some(until) = scope.until { dt { "Reads until" } dd { (zone.when(until)) } }
        @if let Some(uses) = scope.uses { dt { "Answers" } dd { "at most " (uses) } }
        @if let Some(end) = scope.valid_until { dt { "Usable until" } dd { (zone.when(end)) } }
    }
}

/// The decision in place: what was asked stands in the fields, and each can be made narrower.
fn decision(app: &AppState, visitor: &Visitor, request: &RequestView, filled: &Fields) -> Markup {
    let state = app.context.agency.registry.state();
    let section = state.policy.as_ref().map(|policy| policy.request_section());
    let of = |name: &str| filled.get(name).to_owned();
    let ticked = |plate: &Plate| {
        !filled.has("verdict") || filled.all("plates").any(|one| one == plate.to_string())
    };
    let near = request.scope.near.as_ref();
    html! {
        h2 { "Decide" }
        @if let Some(section) = section {
            p.notice { "You decide under " strong { (section) } ". What you leave as it is stays as it was asked; it can be made narrower and never wider." }
        }
        form method="post" action="/requests/decide" {
            (form_token(visitor))
            input type="hidden" name="id" value=(request.request.to_string());
            @if request.scope.plates.len() > 1 {
                fieldset.boxes {
                    legend { "Plates" }
                    @for plate in &request.scope.plates {
                        label { input type="checkbox" name="plates" value=(plate.to_string()) checked[ticked(plate)]; " " span.plate { (plate.to_string()) } }
                    }
                }
            }
            details open[["from", "until", "valid_until", "uses", "near", "radius"].iter().any(|name| filled.has(name))] {
                summary { "Make it narrower" }
                div.row {
                    (day_field("from", "Reads from", "", &of("from")))
                    (day_field("until", "Reads until, the day included", "", &of("until")))
                    (day_field("valid_until", "Usable until, the day included", "", &of("valid_until")))
                    p.field { label for="uses" { "Answers at most" } input id="uses" name="uses" inputmode="numeric" value=(of("uses")); }
                }
                @if near.is_some() || request.scope.plates.is_empty() || filled.has("near") {
                    div.row {
                        (line("near", "Only around this place", "Latitude and longitude.", &of("near"), false))
                        (line("radius", "Metres around it", "", &of("radius"), false))
                    }
                }
            }
            (line("reason", "Your reason", "It is signed and goes to the other agency.", &of("reason"), true))
            (prove_again(visitor, "decide"))
            p.acts {
                button.first type="submit" name="verdict" value="approve" { "Approve" }
                button type="submit" name="verdict" value="deny" { "Deny" }
            }
        }
    }
}

pub(super) async fn decide(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let error = match decided(&app, &visitor, &fields).await {
        Ok(request) => return visitor.done(Ok(()), &address_of(&request)),
        Err(error) => error,
    };
    // Another official may have decided it meanwhile: what stands now is shown with why this did not.
    match view(&app, &visitor, &fields) {
        Ok(now) => {
            let said = error.to_string();
            visitor.page(shown(&app, &visitor, &now, &fields, Some(&said)))
        }
        Err(_) => visitor.page(Shown::error(&error)),
    }
}

async fn decided(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<RequestView, ActError> {
    let asked = view(app, visitor, fields)?;
    let verdict = match fields.get("verdict") {
        "approve" => Verdict::Approved,
        "deny" => Verdict::Denied,
        _ => return Err(ActError::usage("say whether it is approved or denied".into())),
    };
    let zone = &visitor.zone;
    // The end of a day is never past the end of what was asked, which may lie within it.
    let until = last_day(fields, zone, "until", "Reads until")?;
    let usable = last_day(fields, zone, "valid_until", "Usable until")?;
    let no_later = |end: Option<_>, asked: Option<_>| match (end, asked) {
        (Some(end), Some(asked)) => Some(std::cmp::min(end, asked)),
        (end, _) => end,
    };
    let plates = fields
        .all("plates")
        .map(|plate| plate.parse::<Plate>().map_err(|e| ActError::usage(format!("Plates: {e}"))));
    let plates: Vec<Plate> = plates.collect::<Result<_, _>>()?;
    if asked.scope.plates.len() > 1 && plates.is_empty() && verdict == Verdict::Approved {
        return Err(ActError::usage("tick the plates that you open, or deny the request".into()));
    }
    let input = DecisionInput {
        verdict,
        reason: fields.needed("reason", "Your reason")?,
        narrower: RequestScope {
            plates,
            near: circle(fields)?,
            from: day(fields, zone, "from", "Reads from")?,
            until: no_later(until, asked.scope.until),
            valid_until: no_later(usable, asked.scope.valid_until),
            uses: fields.parsed("uses", "Answers at most")?,
        },
    };
    let (agency, keys) = (&app.context.agency, &app.context.keys);
    requests::decide(agency, keys, &visitor.by, &asked.request, &input).await
}

/// The sheet, which is an entry of the log to look at.
pub(super) async fn sheet(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    let made = async {
        let request = view(&app, &visitor, &fields)?;
        // What stands in a page may not say how it looks.
        let paper = Paper { zone: &app.config.zone(), stylesheet: Some("/style.css") };
        requests::sheet(agency, store, &visitor.by, &request.request, &paper).await
    };
    match made.await {
        Ok(sheet) => visitor.respond(Html(sheet)),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

pub(super) async fn withdraw(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let (agency, keys) = (&app.context.agency, &app.context.keys);
    let done = async {
        let request = view(&app, &visitor, &fields)?;
        requests::withdraw(agency, keys, &visitor.by, &request.request).await
    }
    .await;
    let on = done.as_ref().map_or_else(|_| "/requests".to_owned(), address_of);
    visitor.done(done, &on)
}
