//! People: who may do what and how they sign in, whose accounts are to be reviewed, somebody new, and what is
//! urgent about one of them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::purpose::Role;
use schemas::query::UserName;
use schemas::user::User;

use super::draft::{calendar_day, last_day, words};
use super::fields::Fields;
use super::page::{Shown, form_token, line, line_of, prove_again};
use super::person::{changed, page_of, roles};
use super::visitor::{Proven, Visitor};
use crate::admin::people;
use crate::http::AppState;
use crate::permission::{ActError, authorize_overseer};
use crate::sign_in;

type App = State<Arc<AppState>>;

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    let agency = &app.context.agency;
    let (state, now) = (agency.registry.state(), agency.clock.now());
    if let Err(error) = authorize_overseer(&state, &visitor.by, now) {
        return visitor.page(Shown::error(&error));
    }
    let sessions = app.sign_in.sessions().await;
    let unreviewed = match visitor.may.administer {
        true => app.accounts_due().await.unreviewed,
        false => Vec::new(),
    };
    let body = html! {
        (review_form(&visitor, &unreviewed, state.users.values()))
        @for proposal in state.sign_in.proposals.values().filter(|one| one.until > now) {
            section.notice aria-label={ "Proposal " (proposal.number) } {
                p {
                    strong { (proposal.by.to_string()) } " proposes for " strong { bdi { (proposal.user.full_name.as_str()) } } ": "
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
                h2 { a href=(page_of(&user.name)) { bdi { (user.full_name.as_str()) } } " " span.quiet { (user.name.to_string()) } }
                p {
                    (roles(user))
                    @if !user.title.is_empty() { ", " bdi { (user.title.as_str()) } }
                    @if let Some(on) = user.trained_on { ". Trained on " (on.day()) } @else { ". " span.bad { "Never trained" } }
                    ". Signs in with " (authenticators) " authenticators"
                    @let open = sessions.iter().filter(|one| one.user == user.name).count();
                    @if open > 0 { ", " (open) " sessions are open" }
                    "."
                }
                @if let Some(until) = user.night_desk.filter(|_| user.at_night_desk(now)) {
                    p { "Sits at the night desk until " (visitor.zone.when(until)) "." }
                }
                @if let Some(why) = &user.disabled { p.bad { "May act no longer: " bdi { (why.as_str()) } } }
                @if let Some(lock) = lock { p.bad { "Passwords are locked since " (visitor.zone.when(lock.at)) "." } }
                @if visitor.may.administer && user.name != visitor.by.user && user.disabled.is_none() {
                    (acts(&visitor, user, lock.is_some()))
                }
            }
        }
        @if visitor.may.administer { h2 { "Somebody new" } (new_form(&visitor, &Fields::default())) }
    };
    visitor.page(Shown::new("People", body))
}

/// Accounts at which nobody has looked for a year, as a list to tick.
fn review_form<'a>(
    visitor: &Visitor,
    unreviewed: &[UserName],
    users: impl Iterator<Item = &'a User>,
) -> Markup {
    let due: Vec<&User> = users
        .filter(|user| user.name != visitor.by.user && unreviewed.contains(&user.name))
        .collect();
    html! {
        @if !due.is_empty() {
            section.notice aria-label="Accounts to review" {
                h2 { "To be reviewed, as every year" }
                p { "Tick who still needs the account and every role that it has (CJISSECPOL, AC-2 j). Whoever does not is stopped below." }
                form method="post" action="/people/review" {
                    (form_token(visitor))
                    fieldset.boxes {
                        legend { "Looked at" }
                        @for user in due {
                            label { input type="checkbox" name="reviewed" value=(user.name.to_string()); " " bdi { (user.full_name.as_str()) } ": " (roles(user)) }
                        }
                    }
                    (prove_again(visitor, "review"))
                    button type="submit" { "Put the review on record" }
                }
            }
        }
    }
}

fn new_form(visitor: &Visitor, fields: &Fields) -> Markup {
    let day = |name: &str, label: &str| {
        html! {
            p.field {
                label for=(name) { (label) span.quiet { " (if there is one)" } }
                input id=(name) name=(name) type="date" value=(fields.get(name));
            }
        }
    };
    html! {
        form method="post" action="/people" {
            (form_token(visitor))
            div.row {
                (line("name", "User name", "As she signs in and as logs name her, such as m.reyes.", fields.get("name"), true))
                (line("full_name", "Full name", "", fields.get("full_name"), true))
                (line("title", "Title", "", fields.get("title"), false))
            }
            fieldset.boxes {
                legend { "Roles" }
                @for role in Role::ALL {
                    @let code = role.code();
                    label { input type="checkbox" name="role" value=(code) checked[fields.all("role").any(|one| one == code)]; " " (words(code)) }
                }
            }
            div.row {
                (day("trained_on", "Trained on"))
                (line("trained_by", "Training held by", "A user name.", fields.get("trained_by"), false))
                (line("course", "The course", "", fields.get("course"), false))
            }
            div.row {
                (day("cleared_on", "Cleared for criminal justice data on"))
                (day("until", "Last day of the registration"))
            }
            (prove_again(visitor, "new"))
            p.acts { button type="submit" { "Register" } }
        }
    }
}

pub(super) async fn add(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let named = User::new(
            fields.needed("name", "User name")?,
            fields.needed("full_name", "Full name")?,
            fields.parsed("title", "Title")?.unwrap_or_default(),
            fields.each("role", "Roles")?,
        );
        let user = User {
            trained_on: calendar_day(&fields, "trained_on", "Trained on")?,
            trained_by: fields.parsed("trained_by", "Training held by")?,
            course: fields.parsed("course", "The course")?.unwrap_or_default(),
            cleared_on: calendar_day(&fields, "cleared_on", "Cleared on")?,
            until: last_day(&fields, &visitor.zone, "until", "Last day")?,
            ..named
        };
        people::add(&app.context.agency, &visitor.by, &user).await
    };
    match done.await {
        Ok(done) => changed(&visitor, Ok(done)),
        Err(error) => {
            let body = html! { p.wrong role="alert" { (error.to_string()) } (new_form(&visitor, &fields)) };
            visitor.page(Shown::new("Somebody new", body))
        }
    }
}

pub(super) async fn review(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let names: Vec<UserName> = fields.each("reviewed", "Looked at")?;
        if names.is_empty() {
            return Err(ActError::usage("tick whom you looked at".into()));
        }
        for name in &names {
            people::review(&app.context.agency, &visitor.by, name).await?;
        }
        Ok(())
    }
    .await;
    visitor.done(done, "/people")
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
