//! The night desk: releasing passwords, and cards for a shift. Whoever sits there types whom she has in front of
//! her; she is shown nobody else.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::html;
use schemas::query::UserName;

use super::enrol::card;
use super::page::{Shown, form_token, line, line_of, prove_again};
use super::visitor::{Proven, Visitor};
use crate::http::AppState;
use crate::permission::authorize_night_desk;
use crate::sign_in;

type App = State<Arc<AppState>>;

pub(super) async fn show(State(app): App, visitor: Visitor) -> Response {
    let agency = &app.context.agency;
    let (state, now) = (agency.registry.state(), agency.clock.now());
    if let Err(error) = authorize_night_desk(&state, &visitor.by, now) {
        return visitor.page(Shown::error(&error));
    }
    let body = html! {
        p { "For somebody who stands in front of you and whom you have identified. The log says who did it and how." }
        h2 { "Release passwords" }
        p { "Passwords are locked after too many failures. Whoever comes by a security key needs nothing of this." }
        form method="post" action="/night-desk/unlock" {
            (form_token(&visitor))
            (line("user", "User name", "", "", true))
            (prove_again(&visitor, "unlock"))
            button type="submit" { "Release passwords" }
        }
        h2 { "A card for this shift" }
        p { "It takes the place of the device that she has not with her, beside her password, for twelve hours." }
        form method="post" action="/night-desk/card" {
            (form_token(&visitor))
            (line_of("user", "card-user", "User name"))
            (line_of("identified", "card-identified", "How the person was identified"))
            (prove_again(&visitor, "card"))
            button type="submit" { "Make a card" }
        }
    };
    visitor.page(Shown::new("Night desk", body))
}

pub(super) async fn unlock(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let user: UserName = fields.needed("user", "User name")?;
        sign_in::unlock(&app.sign_in, &visitor.by, &user).await
    }
    .await;
    visitor.done(done, "/night-desk")
}

pub(super) async fn hand_card(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let made = async {
        let user: UserName = fields.needed("user", "User name")?;
        let how = fields.needed("identified", "How the person was identified")?;
        sign_in::shift_card(&app.sign_in, &visitor.by, &user, &how).await
    }
    .await;
    match made {
        Ok(made) => visitor.page(card(&made.card)),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}
