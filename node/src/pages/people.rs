//! People: who may do what, how they sign in, and the acts on one of them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::query::UserName;
use schemas::user::User;

use super::draft::words;
use super::page::{Shown, form_token, line_of, prove_again};
use super::visitor::{Proven, Visitor};
use crate::http::AppState;
use crate::permission::authorize_overseer;
use crate::sign_in;

type App = State<Arc<AppState>>;

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    let agency = &app.context.agency;
    let (state, now) = (agency.registry.state(), agency.clock.now());
    if let Err(error) = authorize_overseer(&state, &visitor.by, now) {
        return visitor.page(Shown::error(&error));
    }
    let sessions = app.sign_in.sessions().await;
    let body = html! {
        @for proposal in state.sign_in.proposals.values().filter(|one| one.until > now) {
            section.notice aria-label={ "Proposal " (proposal.number) } {
                p {
                    strong { (proposal.by.to_string()) } " proposes for " strong { (proposal.user.full_name.as_str()) } ": "
                    (roles(&proposal.user)) ". It counts once a second person confirms, until " (visitor.zone.when(proposal.until)) "."
                }
                @if visitor.may.administer && proposal.by != visitor.by.user {
                    form method="post" action="/people/confirm" {
                        (form_token(&visitor))
                        input type="hidden" name="number" value=(proposal.number);
                        (prove_again(&visitor, &format!("confirm-{}", proposal.number)))
                        button type="submit" { "Confirm" }
                    }
                }
            }
        }
        @for user in state.users.values() {
            @let authenticators = state.sign_in.of(&user.name).count();
            @let lock = state.sign_in.locks.get(&user.name);
            section aria-label=(user.full_name.as_str()) {
                h2 { (user.full_name.as_str()) " " span.quiet { (user.name.to_string()) } }
                p {
                    (roles(user))
                    @if !user.title.is_empty() { ", " (user.title.as_str()) }
                    @if let Some(on) = user.trained_on { ". Trained on " (on.day()) } @else { ". " span.bad { "Never trained" } }
                    ". Signs in with " (authenticators) " authenticators"
                    @let open = sessions.iter().filter(|one| one.user == user.name).count();
                    @if open > 0 { ", " (open) " sessions are open" }
                    "."
                }
                @if let Some(until) = user.night_desk.filter(|_| user.at_night_desk(now)) {
                    p { "Sits at the night desk until " (visitor.zone.when(until)) "." }
                }
                @if let Some(why) = &user.disabled { p.bad { "May act no longer: " (why.as_str()) } }
                @if let Some(lock) = lock { p.bad { "Passwords are locked since " (visitor.zone.when(lock.at)) "." } }
                @if visitor.may.administer && user.name != visitor.by.user && user.disabled.is_none() {
                    (acts(&visitor, user, lock.is_some()))
                }
            }
        }
    };
    visitor.page(Shown::new("People", body))
}

fn roles(user: &User) -> String {
    let roles: Vec<String> = user.roles.iter().map(|role| words(role.code())).collect();
    roles.join(", ")
}

fn acts(visitor: &Visitor, user: &User, locked: bool) -> Markup {
    let name = user.name.to_string();
    let form = |action: &str, word: &str, field: Option<(&str, &str)>| {
        html! {
            form method="post" action=(action) {
                (form_token(visitor))
                input type="hidden" name="user" value=(name);
                @if let Some((field, label)) = field { (line_of(field, &format!("{action}-{name}"), label)) }
                (prove_again(visitor, &format!("{word}-{name}")))
                button type="submit" { (word) }
            }
        }
    };
    html! {
        details {
            summary { "Enrol, release, stop" }
            (form("/people/enrol", "Enrol", Some(("identified", "How the person was identified"))))
            @if locked { (form("/people/unlock", "Release passwords", None)) }
            (form("/people/stop", "Stop now", Some(("reason", "Why"))))
        }
    }
}

pub(super) async fn enrol(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let enrolled = async {
        let user: UserName = fields.needed("user", "User")?;
        let how = fields.needed("identified", "How the person was identified")?;
        sign_in::enrol(&app.context.agency, &visitor.by, &user, &how).await
    };
    match enrolled.await {
        Ok((enrolment, code)) => {
            let body = html! {
                p { "Hand this to " strong { (enrolment.user.to_string()) } " in person. It counts once, until " (visitor.zone.when(enrolment.until)) ", and is shown once." }
                p.plate { (code.as_str()) }
                p { "She opens this site, follows “Choose here how you sign in”, and types it." }
                p { a.button href="/people" { "Back" } }
            };
            visitor.page(Shown::new("Enrolment code", body))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

pub(super) async fn unlock(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let user: UserName = fields.needed("user", "User")?;
        sign_in::unlock(&app.sign_in, &visitor.by, &user).await
    }
    .await;
    visitor.done(done, "/people")
}

pub(super) async fn stop(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let user: UserName = fields.needed("user", "User")?;
        let why = fields.needed("reason", "Why")?;
        app.disable(&visitor.by, &user, &why).await
    }
    .await;
    visitor.done(done, "/people")
}

pub(super) async fn confirm(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let number: u64 = fields.needed("number", "Proposal")?;
        app.confirm(&visitor.by, number).await
    }
    .await;
    visitor.done(done, "/people")
}
