//! What waits for whoever has signed in.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::authenticator::Proposal;

use super::page::{Shown, when};
use super::requests::{address_of, undecided};
use super::visitor::Visitor;
use crate::admin::agreements;
use crate::http::AppState;

type App = State<Arc<AppState>>;

/// One thing that waits.
struct Waiting {
    href: String,
    said: String,
}

pub(super) async fn show(State(app): App, visitor: Visitor) -> Response {
    let mut all = waiting(&app, &visitor);
    if visitor.may.administer {
        all.extend(accounts(&app).await);
    }
    let may = visitor.may;
    let body = html! {
        p { "You are " strong { (visitor.user.full_name.as_str()) } @if !visitor.user.title.is_empty() { ", " (visitor.user.title.as_str()) } ", at " (app.context.agency.id.as_str()) "." }
        (problems(app.problems().await))
        h2 { "What waits for you" }
        @if all.is_empty() { p { "Nothing waits for you." } } @else {
            ul { @for one in &all { li { a href=(one.href) { (one.said) } } } }
        }
        @if may.query { p { a.button href="/search" { "Search" } } }
        p.quiet { "Your session began at " (when(visitor.session.began)) "." }
    };
    visitor.page(Shown::new("Home", body))
}

/// What stands in the way of exchanges, which everybody should know.
fn problems(all: Vec<String>) -> Markup {
    html! { @for one in all { p.wrong role="alert" { "This node is not ready: " (one) } } }
}

/// What of the accounts waits for who administers.
async fn accounts(app: &AppState) -> Vec<Waiting> {
    let due = app.accounts_due().await;
    let mut all = Vec::new();
    let mut put = |said: String| all.push(Waiting { href: "/people".into(), said });
    if due.wants_administrator() {
        put("you administer alone: register and enrol a second administrator".into());
    }
    for name in &due.unreviewed {
        put(format!("nobody has reviewed the account of {name} for a year"));
    }
    for name in &due.ending {
        put(format!("the account of {name} ends within two weeks"));
    }
    for name in &due.inactive {
        put(format!("{name} is disabled within two weeks unless she signs in"));
    }
    all
}

fn waiting(app: &AppState, visitor: &Visitor) -> Vec<Waiting> {
    let state = app.context.agency.registry.state();
    let mut all = Vec::new();
    let mut put = |href: String, said: String| all.push(Waiting { href, said });
    let may = visitor.may;
    if may.approve {
        for one in undecided(app) {
            let said = format!("{} asks in writing, case {}: decide", one.requester, one.case);
            put(address_of(&one), said);
        }
        let me = &app.context.agency.id;
        for one in agreements::list_with(&app.context.agency, &[]) {
            let unsigned = one.parties.iter().any(|p| p.agency == *me && p.signed_at.is_none());
            if unsigned {
                put("/agreements".into(), format!("“{}” waits for our signature", one.title));
            }
        }
    }
    if may.administer {
        let now = app.context.agency.clock.now();
        let counts = |one: &&Proposal| one.by != visitor.by.user && one.until > now;
        for one in state.sign_in.proposals.values().filter(counts) {
            let said = format!("{} proposes a change of {}: confirm", one.by, one.user.name);
            put("/people".into(), said);
        }
        for user in state.sign_in.locks.keys() {
            put("/people".into(), format!("passwords of {user} are locked"));
        }
    }
    all
}
