//! Audits with their occasions, on the workbench of an auditor: which are open, opening and closing them, and under
//! which one she looks where several of hers are open. The choice lasts as long as the browser stays open.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use schemas::event::occasion::OccasionKind;

use super::fields::Fields;
use super::page::{Shown, form_token, line};
use super::visitor::{AUDIT, Posted, Visitor};
use crate::auditing::audits::{self, AuditView, Closing, Opening, words};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// Under which audit a visitor looks at what this page shows or asks for.
pub(super) fn under(visitor: &Visitor) -> Markup {
    let open = &visitor.audits;
    let of =
        |one: &AuditView| html! { strong { "audit " (one.audit) } ": " bdi { (one.in_words()) } };
    let chosen = open.iter().find(|one| visitor.by.audit == Some(one.audit));
    html! {
        @match (chosen, open.as_slice()) {
            (Some(one), _) | (None, [one]) => { p { "You look under " (of(one)) "." } }
            (None, []) => { p.quiet { "You look under no audit: none of yours is open. " a href="/audit" { "Open one with its occasion" } "." } }
            (None, _) => { p.wrong { "Several audits of yours are open: " a href="/audit" { "say under which you look" } "." } }
        }
    }
}

/// Under which audit something was looked at, on what prints.
pub(super) fn borne(visitor: &Visitor) -> Markup {
    let chosen = visitor.audits.iter().find(|one| visitor.by.audit == Some(one.audit));
    html! {
        @match chosen.or_else(|| visitor.audits.first()) {
            Some(one) => { "audit " (one.audit) ": " bdi { (one.in_words()) } }
            None => { "none is on record" }
        }
    }
}

/// The open audits, and forms to choose, close and open one.
pub(super) fn section(
    visitor: &Visitor,
    open: &[AuditView],
    demanded: Option<&str>,
    fields: &Fields,
) -> Markup {
    html! {
        h2 { "The occasion" }
        (under(visitor))
        @if let Some(sections) = demanded { p.quiet { "The policy has nobody look at the log without an occasion [" (sections) "]." } }
        @if visitor.audits.len() > 1 { (choose(visitor)) }
        @for audit in open { (card(visitor, audit)) }
        details open[visitor.audits.is_empty()] {
            summary { "Open an audit" }
            (opening(visitor, fields))
        }
    }
}

fn choose(visitor: &Visitor) -> Markup {
    html! {
        form method="post" action="/audit/under" {
            (form_token(visitor))
            p.field {
                label for="audit" { "Under which audit you look" }
                select id="audit" name="audit" required {
                    option value="" { "Choose" }
                    @for one in &visitor.audits {
                        option value=(one.audit) selected[visitor.by.audit == Some(one.audit)] { (one.audit) ": " (one.in_words()) }
                    }
                }
            }
            p.acts { button type="submit" { "Look under it" } }
        }
    }
}

fn card(visitor: &Visitor, audit: &AuditView) -> Markup {
    let (zone, number) = (&visitor.zone, audit.audit.to_string());
    html! {
        section.card aria-label={ "Audit " (number) } {
            h3 { "Audit " (number) " of " (audit.user.to_string()) }
            p { bdi { (audit.in_words()) } }
            p.quiet { "Open since " (zone.when(audit.opened_at)) "; it ends by itself " (zone.when(audit.ends_at)) "." }
            details {
                summary { "Close audit " (number) }
                form method="post" action="/audit/close" {
                    (form_token(visitor))
                    input type="hidden" name="audit" value=(number);
                    p.field {
                        label for={ "outcome-" (number) } { "What came of it" span.quiet { " (if anything did)" } }
                        input id={ "outcome-" (number) } name="outcome";
                    }
                    p.acts { button type="submit" { "Close audit " (number) } }
                }
            }
        }
    }
}

fn opening(visitor: &Visitor, fields: &Fields) -> Markup {
    html! {
        form method="post" action="/audit/open" {
            (form_token(visitor))
            (line("occasion", "What gives rise to it", "", fields.get("occasion"), true))
            div.row {
                p.field {
                    label for="occasion-kind" { "Kind" span.quiet { " (if it is one of these)" } }
                    select id="occasion-kind" name="kind" {
                        option value="" { "Another" }
                        @for kind in OccasionKind::ALL { option value=(kind.code()) selected[kind.code() == fields.get("kind")] { (words(*kind)) } }
                    }
                }
                (line("case", "Case number", "", fields.get("case"), false))
            }
            p.quiet { "It is on record before you look, and everything that you look at bears it, until it is closed or 30 days are over. Another person samples the looks." }
            p.acts { button type="submit" { "Open the audit" } }
        }
    }
}

pub(super) async fn open(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let opened = async {
        let opening = Opening {
            occasion: fields.needed("occasion", "What gives rise to it")?,
            kind: fields.parsed("kind", "Kind")?,
            case: fields.parsed("case", "Case number")?.unwrap_or_default(),
        };
        audits::open(&app.context.agency, &visitor.by, &opening).await
    };
    match opened.await {
        // Whoever opens one looks under it.
        Ok(audit) => on(&visitor, audit.audit),
        Err(error) => {
            let body =
                html! { p.wrong role="alert" { (error.to_string()) } (opening(&visitor, &fields)) };
            visitor.page(Shown::new("Open an audit", body))
        }
    }
}

pub(super) async fn close(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let closed = async {
        let number = fields.needed("audit", "Audit")?;
        let outcome = fields.parsed("outcome", "What came of it")?.unwrap_or_default();
        audits::close(&app.context.agency, &visitor.by, number, &Closing { outcome }).await
    };
    visitor.done(closed.await, "/audit")
}

pub(super) async fn choose_one(Posted { visitor, fields }: Posted) -> Response {
    match fields.needed("audit", "Under which audit you look") {
        Ok(number) if visitor.audits.iter().any(|one| one.audit == number) => on(&visitor, number),
        Ok(number) => {
            let why = format!("no audit {number} of yours is open; choose one that is, at /audit");
            visitor.page(Shown::error(&ActError::refused_as("audit_not_open", Vec::new(), why)))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

/// Back to the workbench, to look under this audit from now on. The number is no secret: whose it is and whether it
/// is open is judged with every look.
fn on(visitor: &Visitor, audit: u64) -> Response {
    let mut response = Redirect::to("/audit").into_response();
    let cookie = format!("{AUDIT}={audit}; Path=/; Secure; HttpOnly; SameSite=Strict");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    visitor.respond(response)
}
