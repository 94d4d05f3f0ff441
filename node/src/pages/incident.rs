//! What an incident reached, on a page that prints: for who audits. What it is about stands in a form, not
//! in an address that the browser's history keeps.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::incident::IncidentSubject;

use super::audits;
use super::draft::{day, last_day};
use super::fields::Fields;
use super::page::{Shown, form_token, line};
use super::visitor::{Posted, Visitor};
use super::zone::Zone;
use crate::auditing::incident::{Wanted, report};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// What an incident is about, by the name of its field.
const OF: [(&str, &str); 4] = [
    ("session", "A session, by its id"),
    ("key", "A security key or another authenticator, by its id"),
    ("program", "A program, by its name"),
    ("user", "A person, by user name"),
];

pub(super) async fn ask(visitor: Visitor) -> Response {
    visitor.page(Shown::new("What an incident reached", form(&visitor, &Fields::default())))
}

pub(super) async fn show(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    let found =
        async { report(agency, store, &visitor.by, &wanted(&fields, &visitor.zone)?).await }.await;
    match found {
        Ok(found) => visitor.page(Shown::new(found.title(), found.body())),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

fn wanted(fields: &Fields, zone: &Zone) -> Result<Wanted, ActError> {
    let given: Vec<&str> =
        OF.iter().map(|(name, _)| *name).filter(|name| fields.has(name)).collect();
    let subject = match given.as_slice() {
        ["session"] => fields.parsed("session", "Session")?.map(IncidentSubject::Session),
        ["key"] => fields.parsed("key", "Key")?.map(IncidentSubject::Authenticator),
        ["program"] => Some(IncidentSubject::Program(fields.get("program").to_owned())),
        ["user"] => fields.parsed("user", "User")?.map(IncidentSubject::User),
        _ => None,
    };
    let subject = subject.ok_or_else(|| {
        ActError::usage("fill in one of session, key, program and person, and no more".into())
    })?;
    let from = day(fields, zone, "from", "First day")?;
    Ok(Wanted { subject, from, until: last_day(fields, zone, "until", "Last day")? })
}

fn form(visitor: &Visitor, fields: &Fields) -> Markup {
    html! {
        form method="post" action="/incident" {
            (form_token(visitor))
            @for (name, label) in OF { (line(name, label, "", fields.get(name), false)) }
            div.row {
                p.field { label for="from" { "First day" } input id="from" name="from" type="date"; }
                p.field { label for="until" { "Last day" } input id="until" name="until" type="date"; }
            }
            button.first type="submit" { "Show what it reached" }
        }
        p.quiet { "Fill in one of the first four. That you looked is an entry of the log." }
        (audits::under(visitor))
    }
}
