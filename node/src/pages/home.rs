//! What waits for whoever has signed in.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::page::{Shown, address};
use super::visitor::Visitor;
use crate::http::AppState;
use crate::http::waiting::Waiting;

type App = State<Arc<AppState>>;

/// The page on which something that waits is done.
fn href(one: &Waiting, administers: bool) -> String {
    let of = |page: &str| one.id.as_ref().map_or_else(|| page.to_owned(), |id| address(page, id));
    match one.kind.as_str() {
        "request" | "decision" | "records_request" => of("/requests/one"),
        "release" => "/releases".into(),
        "answer" => "/searches".into(),
        "agreement" | "agreement_ends" => of("/agreements/one"),
        "alarm" => "/alarms".into(),
        "audit" => "/audit".into(),
        "card" => "/health".into(),
        "duty" | "training" if !administers => "/account".into(),
        _ => "/people".into(),
    }
}

pub(super) async fn show(State(app): App, visitor: Visitor) -> Response {
    let all = match app.waiting(&visitor.by).await {
        Ok(all) => all,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let may = visitor.may;
    let body = html! {
        p {
            "You are " strong { bdi { (visitor.user.full_name.as_str()) } }
            @if !visitor.user.title.is_empty() { ", " bdi { (visitor.user.title.as_str()) } }
            ", at " (app.context.agency.id.as_str()) "."
        }
        (problems(app.problems().await))
        h2 { "What waits for you" }
        @if all.is_empty() { p { "Nothing waits for you." } } @else {
            ul.waiting {
                @for one in &all {
                    li {
                        a href=(href(one, may.administer)) {
                            span { bdi { (one.what) } }
                            @if let Some(since) = one.since { span.quiet { "since " (visitor.zone.when(since)) } }
                        }
                    }
                }
            }
        }
        p.acts {
            @if may.query { a.button href="/search" { "Search" } a.button href="/searches" { "My searches" } a.button href="/evidence" { "Evidence" } }
            @if may.audit { a.button href="/audit" { "Audit" } }
        }
        p.quiet { "Your session began at " (visitor.zone.when(visitor.session.began)) "." }
    };
    visitor.page(Shown::new("Home", body))
}

/// What stands in the way of exchanges, which everybody should know.
fn problems(all: Vec<String>) -> Markup {
    html! { @for one in all { p.wrong role="alert" { "This node is not ready: " (one) } } }
}
