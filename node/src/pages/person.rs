//! One person: what is on record of her, and the acts of who administers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::{Delegation, User};

use super::draft::{calendar_day, day, last_day, words};
use super::fields::Fields;
use super::page::{Shown, address, form_token, line_of, prove_again};
use super::visitor::{Proven, Visitor};
use super::zone::Zone;
use crate::admin::training::Training;
use crate::admin::user_change::Changed;
use crate::admin::{night_desk, people, training};
use crate::http::AppState;
use crate::permission::{ActError, authorize_overseer};
use crate::sign_in;

type App = State<Arc<AppState>>;

/// The address of somebody's page.
pub(super) fn page_of(name: &UserName) -> String {
    address("/people/one", name)
}

/// Somebody's roles, in words.
pub(super) fn roles(user: &User) -> String {
    let roles: Vec<String> = user.roles.iter().map(|role| words(role.code())).collect();
    roles.join(", ")
}

/// Where an act on somebody leads: to her page, or to what a second person has to do first.
pub(super) fn changed(visitor: &Visitor, done: Result<Changed, ActError>) -> Response {
    match done {
        Ok(Changed { user, proposal: None }) => visitor.done(Ok(()), &page_of(&user.name)),
        Ok(Changed { user, proposal: Some(proposal) }) => {
            let body = html! {
                p { "This gives power to " bdi { (user.full_name.as_str()) } ", so it counts once a second administrator confirms it, until " (visitor.zone.when(proposal.until)) "." }
                p { "It waits as proposal " (proposal.number) " on the page of everybody." }
                p { a.button href="/people" { "Everybody" } }
            };
            visitor.page(Shown::new("A second person is to confirm it", body))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

pub(super) async fn show(State(app): App, visitor: Visitor, fields: Fields) -> Response {
    let agency = &app.context.agency;
    let (state, now) = (agency.registry.state(), agency.clock.now());
    if let Err(error) = authorize_overseer(&state, &visitor.by, now) {
        return visitor.page(Shown::error(&error));
    }
    let user = fields.needed::<UserName>("id", "User").and_then(|name| {
        let unknown = || ActError::usage(format!("nobody here is called `{name}`"));
        state.users.get(&name).ok_or_else(unknown)
    });
    let user = match user {
        Ok(user) => user,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let used = sign_in::last_used(&app.sign_in).await.get(&user.name).copied();
    let authenticators: Vec<String> =
        state.sign_in.of(&user.name).map(|one| words(one.kind.code())).collect();
    let body = html! {
        (on_record(user, &visitor.zone, used, &authenticators))
        (delegations(user, &visitor, now))
        @if visitor.may.administer && user.name != visitor.by.user { (acts(&visitor, user, now)) }
        p { a href="/people" { "Everybody" } }
    };
    visitor.page(Shown::new(user.full_name.as_str(), body))
}

/// What is on record of her.
fn on_record(
    user: &User,
    zone: &Zone,
    used: Option<(Timestamp, Timestamp)>,
    authenticators: &[String],
) -> Markup {
    let day = |at: Timestamp| at.day().to_string();
    html! {
        dl {
            dt { "User name" } dd { (user.name.to_string()) }
            dt { "Title" } dd { @if user.title.is_empty() { "none" } @else { bdi { (user.title.as_str()) } } }
            dt { "Roles" } dd { (roles(user)) }
            dt { "Trained" }
            dd {
                @match user.trained_on {
                    Some(on) => {
                        (day(on))
                        @if let Some(by) = &user.trained_by { ", by " (by.to_string()) }
                        @if !user.course.is_empty() { ", " bdi { (user.course.as_str()) } }
                    }
                    None => { span.bad { "never" } }
                }
            }
            dt { "Cleared for criminal justice data" } dd { (user.cleared_on.map_or_else(|| "not on record".to_owned(), day)) }
            dt { "Signs in by" } dd { @if authenticators.is_empty() { "nothing yet" } @else { (authenticators.join(", ")) } }
            dt { "Signed in last" } dd { @match used { Some((_, last)) => { (zone.when(last)) } None => { "never" } } }
            dt { "Account reviewed" } dd { (user.reviewed_at.map_or_else(|| "not yet".to_owned(), |at| zone.when(at))) }
            @if let Some(until) = user.until { dt { "Registered until" } dd { (zone.when(until)) } }
            @if let Some(until) = user.night_desk { dt { "Night desk" } dd { "until " (zone.when(until)) } }
            @if let Some(suspension) = user.suspended() {
                dt { "Suspended" }
                dd.bad { "since " (zone.when(suspension.at)) " by " (suspension.by.to_string()) ": " bdi { (suspension.reason.as_str()) } ". It ends with training anew." }
            }
            @if let Some(why) = &user.disabled { dt { "May act no longer" } dd.bad { bdi { (why.as_str()) } } }
        }
    }
}

/// What is delegated to her, each with its end.
fn delegations(user: &User, visitor: &Visitor, now: Timestamp) -> Markup {
    let zone = &visitor.zone;
    html! {
        h2 { "Delegated to her" }
        @if user.delegations.is_empty() { p { "Nothing." } } @else {
            ul {
                @for (nth, one) in user.delegations.iter().enumerate() {
                    li {
                        "The authority of " bdi { (one.title.as_str()) } ", from " (zone.when(one.from)) " until " (zone.when(one.until))
                        @match (&one.holder, &one.paper) {
                            (Some(holder), _) => { ", given by " (holder.to_string()) " herself" }
                            (None, Some(paper)) => { ", on a signed paper of SHA-256 " code { (paper.to_string()) } }
                            (None, None) => {}
                        }
                        @if one.until <= now { ". Over." } @else if visitor.may.administer {
                            form method="post" action="/people/delegation/end" {
                                (form_token(visitor))
                                input type="hidden" name="user" value=(user.name.to_string());
                                input type="hidden" name="title" value=(one.title.as_str());
                                (prove_again(visitor, &format!("undelegate-{nth}")))
                                button type="submit" { "End it now" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A day of the calendar, such as that of a training.
fn day_line(name: &str, of: &str, label: &str) -> Markup {
    html! {
        p.field {
            label for={ (name) "-" (of) } { (label) }
            input id={ (name) "-" (of) } name=(name) type="date" required;
        }
    }
}

/// A line of a form that may stay empty.
fn line_if(name: &str, of: &str, label: &str) -> Markup {
    html! {
        p.field {
            label for={ (name) "-" (of) } { (label) span.quiet { " (if there is one)" } }
            input id={ (name) "-" (of) } name=(name);
        }
    }
}

fn acts(visitor: &Visitor, user: &User, now: Timestamp) -> Markup {
    let form = |action: &str, word: &str, inside: Markup| {
        let of = action.trim_start_matches('/').replace('/', "-");
        html! {
            details {
                summary { (word) }
                form method="post" action=(action) {
                    (form_token(visitor))
                    input type="hidden" name="user" value=(user.name.to_string());
                    (inside)
                    (prove_again(visitor, &of))
                    button type="submit" { (word) }
                }
            }
        }
    };
    let title = html! {
        (line_of("title", "delegate", "Whose authority: the title"))
        (day_line("from", "delegate", "First day"))
        (day_line("until", "delegate", "Last day"))
        (line_if("paper", "delegate", "SHA-256 of the paper that who bears the title signed, unless you bear it"))
    };
    html! {
        h2 { "What you may do" }
        (form("/people/train", "Record training", html! {
            (day_line("on", "train", "On"))
            (line_if("by", "train", "User name of who held it"))
            (line_if("course", "train", "The course"))
            @if user.suspended().is_some() { (line_of("discussion", "train", "What was said to her about the reason")) }
        }))
        (form("/people/clear", "Record clearance", day_line("on", "clear", "On")))
        (form("/people/delegate", "Delegate to her", title))
        @if user.at_night_desk(now) { (form("/people/night-desk/end", "End her night desk", html! {})) }
        @else { (form("/people/night-desk", "Put her at the night desk", day_line("until", "desk", "Last day"))) }
        @if user.disabled.is_some() { (form("/people/enable", "Let her act again", html! {})) }
        p.quiet { "Enrolling, releasing passwords and stopping stand beside her name on the page of everybody." }
    }
}

fn needed(day: Option<Timestamp>, label: &str) -> Result<Timestamp, ActError> {
    day.ok_or_else(|| ActError::usage(format!("{label}: fill this in")))
}

fn whom(fields: &Fields) -> Result<UserName, ActError> {
    fields.needed("user", "User")
}

pub(super) async fn train(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let training = Training {
            on: needed(calendar_day(&fields, "on", "On")?, "On")?,
            by: fields.parsed("by", "Who held it")?,
            course: fields.parsed("course", "The course")?.unwrap_or_default(),
            discussion: fields.parsed("discussion", "What was said")?.unwrap_or_default(),
        };
        training::train(&app.context.agency, &visitor.by, &whom(&fields)?, &training).await
    }
    .await;
    changed(&visitor, done)
}

pub(super) async fn clear(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let on = needed(calendar_day(&fields, "on", "On")?, "On")?;
        training::clear(&app.context.agency, &visitor.by, &whom(&fields)?, on).await
    }
    .await;
    changed(&visitor, done)
}

pub(super) async fn delegate(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let first = day(&fields, &visitor.zone, "from", "First day")?;
        let last = last_day(&fields, &visitor.zone, "until", "Last day")?;
        let delegation = Delegation {
            title: fields.needed("title", "Title")?,
            from: needed(first, "First day")?,
            until: needed(last, "Last day")?,
            holder: None,
            paper: fields.parsed("paper", "SHA-256 of the paper")?,
        };
        app.delegate(&visitor.by, &whom(&fields)?, &delegation).await
    }
    .await;
    changed(&visitor, done)
}

pub(super) async fn end_delegation(
    State(app): App,
    Proven { visitor, fields }: Proven,
) -> Response {
    let done = async {
        let title: Text = fields.needed("title", "Title")?;
        app.end_delegation(&visitor.by, &whom(&fields)?, &title).await
    }
    .await;
    changed(&visitor, done)
}

pub(super) async fn seat(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let last = last_day(&fields, &visitor.zone, "until", "Last day")?;
        let until = needed(last, "Last day")?;
        night_desk::seat(&app.context.agency, &visitor.by, &whom(&fields)?, until).await
    }
    .await;
    changed(&visitor, done)
}

pub(super) async fn leave_desk(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done =
        async { night_desk::end(&app.context.agency, &visitor.by, &whom(&fields)?).await }.await;
    changed(&visitor, done)
}

pub(super) async fn enable(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done =
        async { people::enable(&app.context.agency, &visitor.by, &whom(&fields)?).await }.await;
    changed(&visitor, done)
}
