//! Another password, also for somebody who cannot sign in because hers is too old: by the one that she
//! has, and a code.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::fields::{Fields, Sent};
use super::page::Shown;
use super::sign_in::{code_field, notice_field, password_field, shown_notice, user_field, welcome};
use super::visitor::From;
use crate::http::AppState;
use crate::permission::ActError;
use crate::sign_in::{self, Attempt, NewPassword};

type App = State<Arc<AppState>>;

pub(super) async fn ask(State(app): App, filled: Fields) -> Response {
    form(&app, filled.get("user"), None)
}

fn form(app: &AppState, user: &str, said: Option<&str>) -> Response {
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        (shown_notice(app))
        form method="post" action="/password" {
            (notice_field(app))
            (user_field(user))
            (password_field("password", "The password that you have", "current-password"))
            (code_field())
            p { "The new one has at least 15 characters. Four words that do not belong together are good." }
            (password_field("new", "New password", "new-password"))
            (password_field("repeated", "New password once more", "new-password"))
            button.first type="submit" { "Change my password and sign in" }
        }
        p { "Every session that you have elsewhere ends with it." }
    };
    Shown::new("Another password", body).for_anybody()
}

pub(super) async fn change(State(app): App, From(source): From, Sent(fields): Sent) -> Response {
    let again = |said: &str| form(&app, fields.get("user"), Some(said));
    let Ok(notice) = fields.get("notice").parse() else {
        return again("The notice was not shown; here it is.");
    };
    let password = fields.secret("new");
    if *password != *fields.secret("repeated") {
        return again("The two new passwords are not the same.");
    }
    let attempt = Attempt {
        user: fields.get("user").to_owned(),
        password: fields.secret("password"),
        code: fields.secret("code"),
        notice,
    };
    let wanted = NewPassword { attempt, password };
    match sign_in::change_password(&app.sign_in, &wanted, &source).await {
        Ok(bound) => match &bound.signed_in {
            Some(signed_in) => welcome(&app, signed_in),
            None => {
                let why = "your password is changed, but you are not signed in; sign in now";
                Shown::error(&ActError::failed(why.into())).for_anybody()
            }
        },
        Err(error) => again(&error.to_string()),
    }
}
