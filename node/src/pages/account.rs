//! One's own sign-in: where one is signed in, and by what.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::enrol::card;
use super::key::asks;
use super::page::{Shown, form_token, prove_again};
use super::single_sign_on::on_account;
use super::visitor::{Proven, Visitor};
use crate::http::AppState;
use crate::sign_in;

type App = State<Arc<AppState>>;

pub(super) async fn show(State(app): App, visitor: Visitor) -> Response {
    let state = app.context.agency.registry.state();
    let me = &visitor.by.user;
    let mut sessions = app.sign_in.sessions().await;
    sessions.retain(|one| one.user == *me);
    sessions.sort_by_key(|one| std::cmp::Reverse(one.seen));
    let body = html! {
        h2 { "By what you sign in" }
        ul {
            @for one in state.sign_in.of(me) {
                li { "a " (one.kind.words()) ", since " (visitor.zone.when(one.bound_at)) }
            }
        }
        p { a href="/password" { "Choose another password" } }
        form method="post" action="/account/card" {
            (form_token(&visitor))
            (prove_again(&visitor, "card"))
            button type="submit" { "Print another card of codes" }
            p.quiet { "The card that you have, if you have one, counts no longer then." }
        }
        @if visitor.lately {
            (asks())
            form method="post" action="/account/key" {
                (form_token(&visitor))
                button type="submit" data-challenge="/account/key/challenge" data-new="" { "Bind a security key" }
                p.quiet { "Keep a second one in another place: whoever has lost every key has to be enrolled anew." }
            }
        } @else {
            form method="post" action="/account/prove" {
                (form_token(&visitor))
                p { "To bind a security key, prove again who you are." }
                (prove_again(&visitor, "key"))
                button type="submit" { "Go on" }
            }
        }
        (on_account(&app, &visitor))
        h2 { "Where you are signed in" }
        p { "If one of these is not you, choose another password now: that ends them all." }
        div.wide {
            table {
                thead { tr { th scope="col" { "From" } th scope="col" { "Since" } th scope="col" { "Last used" } } }
                tbody {
                    @for one in &sessions {
                        tr {
                            td { (one.source) @if one.id == visitor.session.id { " " strong { "(this one)" } } }
                            td { (visitor.zone.when(one.began)) }
                            td { (visitor.zone.when(one.seen)) }
                        }
                    }
                }
            }
        }
    };
    visitor.page(Shown::new("Your sign-in", body))
}

pub(super) async fn new_card(State(app): App, Proven { visitor, .. }: Proven) -> Response {
    match sign_in::new_card(&app.sign_in, &visitor.by).await {
        Ok(bound) => visitor.page(card(&bound.card)),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}
