//! Programs of the agency that ask for people who let them: which there are, a new one, another token, and the
//! end of one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use registry::{Credential, Program, ProgramName};
use schemas::program::ProgramScope;
use schemas::purpose::Purpose;
use schemas::text::Text;

use super::draft::{last_day, words};
use super::fields::{Fields, parsed};
use super::page::{Shown, form_token, line, line_of, prove_again};
use super::visitor::{Proven, Visitor};
use crate::admin::programs::{self, NewProgram, ProgramWithToken};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    page(&app, &visitor, &Fields::default(), None)
}

fn page(app: &AppState, visitor: &Visitor, fields: &Fields, said: Option<&str>) -> Response {
    let all = match programs::list(&app.context.agency, &visitor.by) {
        Ok(all) => all,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        p { "A program, such as the dispatch system, asks here for a person who let it, and for nobody else. The log says who asked, and through which program." }
        @if all.is_empty() { p { "No program asks for people here." } }
        @for program in &all { (one(app, program, visitor)) }
        @if visitor.may.administer { h2 { "A new program" } (new_form(visitor, fields)) }
        p { a href="/health" { "Health" } }
    };
    visitor.page(Shown::new("Programs", body))
}

fn one(app: &AppState, program: &Program, visitor: &Visitor) -> Markup {
    let (zone, name) = (&visitor.zone, program.name.to_string());
    let in_force = program.in_force(app.context.agency.clock.now());
    let several = |all: Vec<String>, none: &str| {
        if all.is_empty() { none.to_owned() } else { all.join(", ") }
    };
    html! {
        section aria-label=(name) {
            h2 { (name) @if !in_force { " " span.bad { "used no longer" } } }
            dl {
                dt { "May be used for" } dd { (several(program.scope.iter().map(ToString::to_string).collect(), "nothing")) }
                dt { "Purposes" } dd { (several(program.purposes.iter().map(|one| words(one.code())).collect(), "any")) }
                dt { "From" } dd { (several(program.addresses.iter().map(ToString::to_string).collect(), "anywhere")) }
                dt { "Known by" }
                dd { @match &program.credential { Credential::Token(_) => { "a token" } Credential::Certificate(key) => { "a certificate with the key " code { (key.to_string()) } } } }
                dt { "Ends" } dd { (zone.when(program.until)) }
                dt { "Used last" } dd { @match app.program_uses.of(&program.name) { Some(at) => { (zone.when(at)) } None => { "not since the start" } } }
                @if let Some(why) = &program.revoked { dt { "Revoked" } dd { bdi { (why.as_str()) } } }
            }
            @if visitor.may.administer && program.revoked.is_none() {
                details {
                    summary { "Another token, or the end" }
                    @if in_force && matches!(program.credential, Credential::Token(_)) {
                        form method="post" action="/programs/token" {
                            (form_token(visitor))
                            input type="hidden" name="name" value=(name);
                            (prove_again(visitor, &format!("token-{name}")))
                            button type="submit" { "Give it another token" }
                        }
                    }
                    form method="post" action="/programs/revoke" {
                        (form_token(visitor))
                        input type="hidden" name="name" value=(name);
                        (line_of("reason", &format!("program-{name}"), "Why"))
                        (prove_again(visitor, &format!("revoke-{name}")))
                        button type="submit" { "Revoke it, with every session that it has" }
                    }
                }
            }
        }
    }
}

fn new_form(visitor: &Visitor, fields: &Fields) -> Markup {
    let ticked = |name: &str, value: &str| fields.all(name).any(|one| one == value);
    html! {
        form method="post" action="/programs" {
            (form_token(visitor))
            (line("name", "Name", "Small letters, digits and hyphens, such as cad-1.", fields.get("name"), true))
            fieldset.boxes {
                legend { "May be used for" }
                @for (scope, what) in WHAT {
                    @let code = scope.to_string();
                    label { input type="checkbox" name="scope" value=(code) checked[ticked("scope", &code)]; " " (what) }
                }
            }
            details open[fields.all("purpose").next().is_some()] {
                summary { "Only for these purposes" }
                fieldset.boxes {
                    legend { "Purposes" }
                    @for purpose in Purpose::ALL {
                        @let code = purpose.code();
                        label { input type="checkbox" name="purpose" value=(code) checked[ticked("purpose", code)]; " " (words(code)) }
                    }
                }
            }
            (line("addresses", "From these addresses alone", "Spaces between them, such as 10.1.20.0/24.", fields.get("addresses"), false))
            p.field {
                label for="until" { "Last day, at most a year on" }
                input id="until" name="until" type="date" value=(fields.get("until")) required;
            }
            p.field {
                label for="certificate" { "Its certificate (PEM), in the place of a token" span.quiet { " (if there is one)" } }
                textarea id="certificate" name="certificate" rows="4" { (fields.get("certificate")) }
            }
            (prove_again(visitor, "program"))
            p.acts { button type="submit" { "Add the program" } }
        }
    }
}

/// What each scope lets a program do.
const WHAT: [(ProgramScope, &str); 7] = [
    (ProgramScope::Ask, "Asking, and seeing kept answers"),
    (ProgramScope::Explain, "What each policy would decide"),
    (ProgramScope::Requests, "Written requests"),
    (ProgramScope::Import, "Bringing reads in"),
    (ProgramScope::Audit, "The log and its reports, for who audits"),
    (ProgramScope::Records, "Records of requests, without a person"),
    (ProgramScope::Assert, "Naming who asks without her session, where the policies admit it"),
];

/// What a program is told now and never again.
fn told(app: &AppState, visitor: &Visitor, made: &ProgramWithToken) -> Response {
    let body = html! {
        @match &made.token {
            Some(token) => {
                p { "Give this to the program now: it is kept nowhere and shown once. What it had before is good no longer." }
                p.plate { (token.as_str()) }
                p { "It sends it as " code { "Authorization: Bearer" } ", and beside it the session of the person for whom it asks." }
            }
            None => { p { "It shows its certificate when it connects, and with each request the session of the person for whom it asks." } }
        }
        @if let Some(at) = app.config.http { p { "It asks at " code { "https://" (at.to_string()) "/api/v1" } "." } }
        p { a.button href="/programs" { "Programs" } }
    };
    visitor.page(Shown::new(made.program.name.to_string(), body))
}

fn new_program(fields: &Fields, visitor: &Visitor) -> Result<NewProgram, ActError> {
    let until = last_day(fields, &visitor.zone, "until", "Last day")?;
    let addresses = fields.get("addresses").split_whitespace();
    Ok(NewProgram {
        name: fields.needed("name", "Name")?,
        scope: fields.each("scope", "May be used for")?,
        purposes: fields.each("purpose", "Purposes")?,
        addresses: addresses.map(|one| parsed(one, "Addresses")).collect::<Result<_, _>>()?,
        certificate: Some(fields.get("certificate").to_owned()).filter(|pem| !pem.is_empty()),
        until: until.ok_or_else(|| ActError::usage("Last day: fill this in".into()))?,
    })
}

pub(super) async fn add(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let added = async {
        let new = new_program(&fields, &visitor)?;
        app.add_program(&visitor.by, &new).await
    };
    match added.await {
        Ok(added) => told(&app, &visitor, &added),
        Err(error) => page(&app, &visitor, &fields, Some(&error.to_string())),
    }
}

pub(super) async fn renew(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let renewed = async {
        let name: ProgramName = fields.needed("name", "Name")?;
        programs::renew(&app.context.agency, &visitor.by, &name, None).await
    };
    match renewed.await {
        Ok(renewed) => told(&app, &visitor, &renewed),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

pub(super) async fn revoke(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let name: ProgramName = fields.needed("name", "Name")?;
        let why: Text = fields.needed("reason", "Why")?;
        app.revoke_program(&visitor.by, &name, &why).await
    }
    .await;
    visitor.done(done, "/programs")
}
