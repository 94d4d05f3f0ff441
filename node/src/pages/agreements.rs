//! Agreements: who shares what with whom, until when; and one of them with its text.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::authority::AuthorityName;

use super::draft::words;
use super::fields::Fields;
use super::page::{Shown, address, when};
use super::visitor::Visitor;
use crate::admin::agreements::{self, AgreementView, TextChoice};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    let mut all = agreements::list_with(&app.context.agency, &app.letters_refused());
    all.sort_by_key(|one| one.expires);
    let body = html! {
        @if all.is_empty() { p { "There is no agreement with another agency." } } @else {
            div.wide {
                table {
                    thead {
                        tr {
                            th scope="col" { "Agreement" } th scope="col" { "Parties" }
                            th scope="col" { "State" } th scope="col" { "From" } th scope="col" { "Until" }
                        }
                    }
                    tbody {
                        @for one in &all {
                            tr {
                                td { a href=(address("/agreements/one", &one.agreement)) { (one.title) } br; span.quiet { (one.agreement.to_string()) } }
                                td { (parties(one)) }
                                td { (words(&one.state)) }
                                td { (when(one.effective)) }
                                td { (when(one.expires)) }
                            }
                        }
                    }
                }
            }
        }
        p.quiet { "Signing takes the whole text before one's eyes: " code { "accord agreement sign" } "." }
    };
    visitor.page(Shown::new("Agreements", body))
}

/// Who shares with whom.
fn parties(one: &AgreementView) -> Markup {
    html! {
        ul {
            @for party in &one.parties {
                li {
                    (party.agency.as_str())
                    @match party.signed_at {
                        Some(at) => { ", signed " (when(at)) }
                        None => { ", " strong { "not signed" } }
                    }
                    @if !party.shares_with.is_empty() {
                        ", shares with "
                        (party.shares_with.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", "))
                    }
                }
            }
        }
    }
}

fn view(app: &AppState, fields: &Fields) -> Result<AgreementView, ActError> {
    let name: AuthorityName = fields.needed("id", "Agreement")?;
    let letters = app.letters_refused();
    agreements::show_named(&app.context.agency, &name, TextChoice::default(), &letters)
}

pub(super) async fn one(State(app): App, visitor: Visitor, fields: Fields) -> Response {
    let one = match view(&app, &fields) {
        Ok(one) => one,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let body = html! {
        dl {
            dt { "Id" } dd { (one.agreement.to_string()) ", version " (one.version) }
            dt { "State" } dd { (words(&one.state)) }
            dt { "Proposed by" } dd { (one.proposer.as_str()) }
            dt { "In force" } dd { (when(one.effective)) " to " (when(one.expires)) }
            dt { "Digest of the text" } dd.code { (one.digest.to_string()) }
            dt { "Parties" } dd { (parties(&one)) }
        }
        @for refusal in &one.refusals {
            p.wrong { (refusal.by.as_str()) " has not taken it in: " (refusal.why) }
        }
        @if let Some(text) = &one.text { h2 { "Text" } pre { (text) } }
    };
    visitor.page(Shown::new(one.title.clone(), body))
}
