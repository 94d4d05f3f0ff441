//! Queries of others that the screening of one's own policy refused while a life is in danger: released,
//! or not.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::query::QueryId;

use super::draft::words;
use super::fields::Fields;
use super::page::{Shown, citations, form_token, line_of, prove_again};
use super::visitor::{Proven, Visitor};
use crate::exchange::ask::{ReleaseInput, ReleaseVerdict, WaitingRelease, waiting_releases};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    page(&app, &visitor, None).await
}

async fn page(app: &AppState, visitor: &Visitor, said: Option<Markup>) -> Response {
    let context = &app.context;
    let all = match waiting_releases(&context.agency, context.store.as_ref(), &visitor.by).await {
        Ok(all) => all,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let body = html! {
        @if let Some(said) = said { (said) }
        p { "What you release leaves by who asked and names you, here and at the other agency, which still decides. It is reviewed within 72 hours." }
        @if all.is_empty() { p { "No query waits to be released." } }
        @for one in &all { (waits(one, visitor)) }
    };
    visitor.page(Shown::new("Queries to release", body))
}

fn waits(one: &WaitingRelease, visitor: &Visitor) -> Markup {
    let (zone, why, of) = (&visitor.zone, &one.why, &one.elements);
    let id = one.query_id.to_string();
    let plate = of.plate.as_ref().map(ToString::to_string);
    let plate = plate.or_else(|| of.pattern.as_ref().map(ToString::to_string));
    html! {
        section.owner aria-label={ "Query " (id) } {
            h2 { bdi { (one.full_name.as_str()) } " asks " (one.owner.as_str()) }
            dl {
                dt { "A life is in danger" } dd { strong { bdi { (why.danger.as_str()) } } }
                dt { "Looks for" }
                dd {
                    @match &plate { Some(plate) => { span.plate { (plate) } } None => { (words(of.kind.code())) } }
                    ", " (zone.when(of.from)) " to " (zone.when(of.until))
                }
                dt { "Purpose" } dd { (words(why.purpose.code())) }
                @if !why.case.is_empty() { dt { "Case" } dd { bdi { (why.case.as_str()) } } }
                dt { "Reason" } dd { bdi { (why.reason.as_str()) } }
                dt { "Asked" } dd { (zone.when(one.at)) ", waits until " (zone.when(one.until)) }
            }
            p { "Our screening refused it:" }
            ul { @for reason in &one.reasons { li { bdi { (reason.message) } (citations(&reason.citations)) } } }
            form method="post" action="/releases" {
                (form_token(visitor))
                input type="hidden" name="id" value=(id);
                (line_of("reason", &format!("release-{id}"), "Your reason"))
                (prove_again(visitor, &format!("release-{id}")))
                p.acts {
                    button.first type="submit" name="verdict" value="released" { "Release it" }
                    button type="submit" name="verdict" value="denied" { "Do not release it" }
                }
            }
        }
    }
}

pub(super) async fn decide(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let said = match decided(&app, &visitor, &fields).await {
        Ok(said) => html! { p.good role="status" { (said) } },
        Err(error) => html! { p.wrong role="alert" { (error.to_string()) } },
    };
    page(&app, &visitor, Some(said)).await
}

async fn decided(app: &AppState, visitor: &Visitor, fields: &Fields) -> Result<String, ActError> {
    let id: QueryId = fields.needed("id", "Query")?;
    let verdict = match fields.get("verdict") {
        "released" => ReleaseVerdict::Released,
        "denied" => ReleaseVerdict::Denied,
        _ => return Err(ActError::usage("say whether it is released or not".into())),
    };
    let input = ReleaseInput { verdict, reason: fields.needed("reason", "Your reason")? };
    let done = app.release(&visitor.by, id, &input).await?;
    let (user, owner) = (&done.user, &done.owner);
    Ok(match done.outcome {
        None => format!("It is not released, and nothing was sent to {owner}."),
        Some(outcome) => {
            format!("Released: {owner} {outcome}; {user} sees what came under “My searches”.")
        }
    })
}
