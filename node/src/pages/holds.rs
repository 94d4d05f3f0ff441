//! What is destroyed when, what a hold keeps, and holds: placing one, and releasing it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use registry::{Hold, On};

use super::fields::Fields;
use super::page::{Shown, form_token, line, line_of, prove_again};
use super::visitor::{Proven, Visitor};
use super::zone::Zone;
use crate::http::AppState;
use crate::permission::ActError;
use crate::retention::RetentionReport;
use crate::retention::holds::{self, HoldRequest, HoldTarget};

type App = State<Arc<AppState>>;

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    page(&app, &visitor, &Fields::default(), None).await
}

async fn page(app: &AppState, visitor: &Visitor, fields: &Fields, said: Option<&str>) -> Response {
    let found = async {
        let all = holds::list(&app.context.agency, &visitor.by)?;
        Ok::<_, ActError>((all, app.retention.status().await?))
    };
    let (mut all, report) = match found.await {
        Ok(found) => found,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    all.sort_by_key(|one| (one.released.is_some(), std::cmp::Reverse(one.hold)));
    let zone = &visitor.zone;
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        h2 { "Retention" }
        (retention(&report, zone))
        (sections(app))
        h2 { "Holds" }
        @if all.is_empty() { p { "Nothing is under hold." } } @else {
            div.wide tabindex="0" role="region" aria-label="Holds" {
                table {
                    thead { tr { th scope="col" { "Hold" } th scope="col" { "On" } th scope="col" { "Why" } th scope="col" { "By" } th scope="col" { "Since" } th scope="col" { "Until" } } }
                    tbody { @for one in &all { (row(one, visitor)) } }
                }
            }
        }
        @if visitor.may.administer { h2 { "Place a hold" } (place_form(visitor, fields)) }
        h2 { "Evidence" }
        p { "All that a case holds, with what proves it, leaves this node as one package, which checks without a node: " a href="/evidence" { "make one" } ", or " code { "accord evidence export --case NUMBER" } "." }
    };
    visitor.page(Shown::new("Retention and holds", body))
}

fn retention(report: &RetentionReport, zone: &Zone) -> Markup {
    html! {
        dl {
            @if let Some(at) = report.reads_cut_off { dt { "Reads are kept" } dd { "from " (zone.when(at)) " on" } }
            @if let Some(at) = report.entries_cut_off { dt { "Bodies of the log are kept" } dd { "from " (zone.when(at)) " on; the headers for ever" } }
            dt { "Due now" }
            dd {
                @if report.any() { (report.reads_purged) " reads, " (report.answers_purged) " kept answers, " (report.entries_redacted) " bodies: they go with the next run" }
                @else { "nothing" }
            }
            dt { "Kept by a hold" } dd { (report.held) " that would be destroyed without one" }
        }
    }
}

/// By which sections.
fn sections(app: &AppState) -> Markup {
    let state = app.context.agency.registry.state();
    html! {
        @if let Some(policy) = &state.policy {
            p.quiet { "By " (policy.source.to_string()) ": " (policy.cites(&policy.retention.reads).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")) "." }
        }
    }
}

fn row(one: &Hold, visitor: &Visitor) -> Markup {
    let zone = &visitor.zone;
    html! {
        tr {
            td { (one.hold) }
            td {
                @match &one.on {
                    On::Plate(plate) => { "plate " span.plate { (plate.to_string()) } }
                    On::Read(read) => { "a read of " span.plate { (read.plate.to_string()) } }
                    On::Case(case) => { "case " bdi { (case.as_str()) } }
                }
            }
            td { bdi { (one.reason.as_str()) } }
            td { (one.by.to_string()) }
            td { (zone.when(one.at)) }
            td {
                @match &one.released {
                    Some(released) => { (zone.when(released.at)) ", " (released.by.to_string()) ": " bdi { (released.reason.as_str()) } }
                    None if visitor.may.administer => {
                        details {
                            summary { "Release" }
                            form method="post" action="/holds/release" {
                                (form_token(visitor))
                                input type="hidden" name="hold" value=(one.hold);
                                (line_of("reason", &format!("hold-{}", one.hold), "Why"))
                                (prove_again(visitor, &format!("hold-{}", one.hold)))
                                button type="submit" { "Release hold " (one.hold) }
                            }
                        }
                    }
                    None => { "released" }
                }
            }
        }
    }
}

fn place_form(visitor: &Visitor, fields: &Fields) -> Markup {
    html! {
        form method="post" action="/holds" {
            (form_token(visitor))
            div.row {
                (line("plate", "Plate", "", fields.get("plate"), false))
                (line("case", "Or a case", "", fields.get("case"), false))
            }
            (line("reason", "Why", "Such as the subpoena or court order, with its number.", fields.get("reason"), true))
            (prove_again(visitor, "hold"))
            p.acts { button.first type="submit" { "Place the hold" } }
        }
    }
}

pub(super) async fn place(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let placed = async {
        let on = match (fields.parsed("plate", "Plate")?, fields.parsed("case", "Case")?) {
            (Some(plate), None) => HoldTarget::Plate(plate),
            (None, Some(case)) => HoldTarget::Case(case),
            _ => return Err(ActError::usage("say what is held: a plate or a case".into())),
        };
        let wanted = HoldRequest { on, reason: fields.needed("reason", "Why")? };
        holds::place(&app.retention, &visitor.by, &wanted).await
    };
    match placed.await {
        Ok(_) => visitor.done(Ok(()), "/holds"),
        Err(error) => page(&app, &visitor, &fields, Some(&error.to_string())).await,
    }
}

pub(super) async fn release(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let number: u64 = fields.needed("hold", "Hold")?;
        let reason = fields.needed("reason", "Why")?;
        holds::release(&app.context.agency, &visitor.by, number, &reason).await
    }
    .await;
    visitor.done(done, "/holds")
}
