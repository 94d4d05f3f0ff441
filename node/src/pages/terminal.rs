//! A terminal that asks to be signed in: its code, which terminal that is, and the word that it is one's own.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::page::{Shown, form_token, line, prove_again};
use super::visitor::{Posted, Proven, Visitor};
use crate::http::AppState;
use crate::sign_in;

type App = State<Arc<AppState>>;

pub(super) async fn ask(visitor: Visitor) -> Response {
    let body = html! {
        p { "Only type a code that you read in front of you: on a terminal where you typed " code { "accord login --browser" } ", or in a program in which you chose to sign in. Nobody else ever needs one of you." }
        form method="post" action="/terminal" {
            (form_token(&visitor))
            (line("code", "The code", "", "", true))
            button.first type="submit" { "Go on" }
        }
    };
    visitor.page(Shown::new("Sign in elsewhere", body))
}

pub(super) async fn look(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let code = fields.get("code");
    match sign_in::terminal(&app.sign_in, code) {
        Ok(terminal) => {
            let program = terminal.source.strip_prefix(sign_in::PROGRAM);
            let approve = match program {
                Some(_) => "I let this program ask for me",
                None => "That is my terminal: sign me in there",
            };
            let body = html! {
                @match program {
                    Some(program) => {
                        p { "The program " strong { (program) } " has shown this code since " (visitor.zone.when(terminal.asked)) "." }
                        p.notice { "What is asked there is asked by you, and the log says so, until you sign out there or your session ends. If you are not using it now, go back." }
                    }
                    None => {
                        p { "A terminal on the machine of the node (" strong { (terminal.source) } ") has shown this code since " (visitor.zone.when(terminal.asked)) "." }
                        p.notice { "Whoever sits there acts as you from then on. If it is not you, go back." }
                    }
                }
                form method="post" action="/terminal/approve" {
                    (form_token(&visitor))
                    input type="hidden" name="code" value=(code);
                    (prove_again(&visitor, "terminal"))
                    button.first type="submit" { (approve) }
                }
            };
            visitor.page(Shown::new("Sign in elsewhere", body))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

pub(super) async fn approve(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    match sign_in::approve_terminal(&app.sign_in, &visitor.session, fields.get("code")) {
        Ok(()) => {
            let body = html! { p { "You are signed in there within seconds." } p { a.button href="/" { "Go on" } } };
            visitor.page(Shown::new("Approved", body))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}
