//! The frame of every page, and the pieces that many pages are made of.

use std::convert::Infallible;
use std::future::ready;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt as _};
use maud::{DOCTYPE, Markup, html};
use schemas::refusal::Citation;

use super::case::bar;
use super::fields::FORM_OF;
use super::key::asks;
use super::map;
use super::visitor::Visitor;
use crate::exchange::ask::random_id;
use crate::http::problem::Problem;
use crate::permission::{ActError, ErrorClass};

/// What a page says: its heading, and what stands below.
pub(super) struct Shown {
    title: String,
    body: Markup,
    status: StatusCode,
}

impl Shown {
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { title: title.into(), body, status: StatusCode::OK }
    }

    /// Why something was not done, and what to do next.
    pub(super) fn error(error: &ActError) -> Self {
        let title = match error.class() {
            ErrorClass::Usage => "That cannot be done as it was asked",
            ErrorClass::Refused => "That is not permitted",
            ErrorClass::Failed => "That could not be done",
        };
        let problem = Problem::from(error);
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = html! {
            p.wrong role="alert" { (problem.detail) }
            (citations(&problem.citations))
            @match error.class() {
                ErrorClass::Failed => { p { "Whether it was done is not certain: look before you do it again." } }
                _ => { p { "Nothing was changed. Go back with your browser to mend it." } }
            }
        };
        Self { title: title.into(), body, status }
    }

    /// That a form had been sent before.
    pub(super) fn sent_before() -> Self {
        let body = html! {
            p.wrong role="alert" { "This form was sent before. What it asks for was done or refused then, and was not done a second time." }
            p { "Look how it stands before you do it again, and begin from there." }
            p { a.button href="/" autofocus { "To the first page" } }
        };
        Self { title: "You had sent this already".into(), body, status: StatusCode::CONFLICT }
    }

    /// As a page for somebody who is signed in.
    pub(super) fn for_visitor(self, visitor: &Visitor) -> Response {
        let Self { title, body, status } = self;
        (status, Html(framed(&title, Some(visitor), &body).into_string())).into_response()
    }

    /// As a page for anybody.
    pub(super) fn for_anybody(self) -> Response {
        let Self { title, body, status } = self;
        (status, Html(framed(&title, None, &body).into_string())).into_response()
    }
}

/// A page that says only what went wrong.
pub(super) fn problem_page(status: StatusCode, said: &str) -> Response {
    let body = html! {
        p.wrong role="alert" { (said) }
        p { a href="/" { "To the first page" } }
    };
    Shown { title: "That could not be done".into(), body, status }.for_anybody()
}

/// A page whose main part comes piece by piece: whoever waits reads the first already, and no piece is
/// held with the others.
pub(super) fn streamed(
    title: &str,
    visitor: &Visitor,
    pieces: impl Stream<Item = Markup> + Send + 'static,
) -> Response {
    let (begin, end) = halves(title, visitor);
    let whole = stream::once(ready(begin))
        .chain(pieces.map(Markup::into_string))
        .chain(stream::once(ready(end)))
        .map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
    let content = [(CONTENT_TYPE, "text/html; charset=utf-8")];
    visitor.respond((content, Body::from_stream(whole)).into_response())
}

/// The two halves of a page around its main part.
fn halves(title: &str, visitor: &Visitor) -> (String, String) {
    // No text of a page is so.
    const HERE: &str = "\u{1f}";
    let whole = framed(title, Some(visitor), &html! { (HERE) }).into_string();
    let (begin, end) = whole.split_once(HERE).unwrap_or_default();
    (begin.to_owned(), end.to_owned())
}

/// The address of the page of one thing, by its id.
pub(super) fn address(page: &str, id: &impl ToString) -> String {
    let pairs =
        form_urlencoded::Serializer::new(String::new()).append_pair("id", &id.to_string()).finish();
    format!("{page}?{pairs}")
}

fn framed(title: &str, visitor: Option<&Visitor>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Accord" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="data:,";
                script src="/console.js" defer {}
            }
            body {
                a.skip href="#main" { "To the main part" }
                @if let Some(visitor) = visitor { (header(visitor)) (bar(visitor)) }
                main id="main" {
                    h1 { bdi { (title) } }
                    @if let Some(visitor) = visitor {
                        (alarms(visitor))
                        @if visitor.has_key && !visitor.lately { (asks()) }
                    }
                    (body)
                }
            }
        }
    }
}

fn header(visitor: &Visitor) -> Markup {
    let may = visitor.may;
    let links = [
        ("/", "Home", true),
        ("/search", "Search", may.query),
        ("/searches", "My searches", may.see),
        ("/requests", "Requests", may.query || may.approve || may.audit || may.records),
        ("/agreements", "Agreements", may.approve || may.administer || may.audit),
        ("/people", "People", may.administer || may.audit),
        ("/night-desk", "Night desk", may.night_desk),
        ("/audit", "Audit", may.audit),
        ("/log", "Log", may.audit),
        ("/holds", "Holds", may.administer || may.audit),
        ("/health", "Health", may.administer || may.audit),
    ];
    html! {
        header {
            nav aria-label="Pages" {
                ul {
                    @for (href, word, shown) in links {
                        @if shown { li { a href=(href) { (word) } } }
                    }
                }
            }
            form.leave method="post" action="/sign-out" {
                (form_token(visitor))
                a href="/account" { bdi { (visitor.user.full_name.as_str()) } }
                span { "until " (visitor.zone.when(visitor.session.until())) }
                button type="submit" { "Sign out" }
            }
        }
    }
}

/// Alarms stand on every page until they are resolved, whoever looks.
fn alarms(visitor: &Visitor) -> Markup {
    html! {
        @if !visitor.alarms.is_empty() {
            div.wrong role="alert" {
                p { strong { "Alarms are open." } " Tell an auditor or an administrator, who resolves each with " code { "accord audit resolve" } "." }
                ul { @for one in &visitor.alarms { li { "Alarm " (one.alarm) ", about " (one.peer.as_str()) ": " (one.what) } } }
            }
        }
    }
}

/// The hidden fields that every form of a session carries: what shows that it is a form of that session, whose
/// it is, once the session is over, and what tells it from every other, so that what it asks for is done once.
pub(super) fn form_token(visitor: &Visitor) -> Markup {
    html! {
        input type="hidden" name="form" value=(visitor.form);
        input type="hidden" name=(FORM_OF) value=(visitor.by.user);
        @if let Ok(id) = random_id() { input type="hidden" name="once" value=(id.to_string()); }
    }
}

/// How somebody proves again who she is, in the form of what she does: nothing for who did lately.
pub(super) fn prove_again(visitor: &Visitor, act: &str) -> Markup {
    html! {
        @if !visitor.lately {
            p.field {
                label for={ "password-" (act) } { "Your password, to prove again who you are" }
                input id={ "password-" (act) } name="password" type="password" autocomplete="current-password";
            }
            @if visitor.has_key {
                p { button type="submit" data-challenge="/sign-in/key/challenge" { "Or touch your security key, and do it" } }
            }
            @if visitor.has_account {
                p { "Or prove it by single sign-on on " a href="/account" { "your page" } " first." }
            }
        }
    }
}

/// One line to fill in.
pub(super) fn line(name: &str, label: &str, hint: &str, value: &str, required: bool) -> Markup {
    html! {
        p.field {
            label for=(name) { (label) @if !required { span.quiet { " (if there is one)" } } }
            @if !hint.is_empty() { span.hint id={ (name) "-hint" } { (hint) } }
            input id=(name) name=(name) value=(value) dir="auto" required[required]
                aria-describedby=[(!hint.is_empty()).then(|| format!("{name}-hint"))];
        }
    }
}

/// One line that has to be filled in, where a page has several of its name.
pub(super) fn line_of(name: &str, of: &str, label: &str) -> Markup {
    html! {
        p.field {
            label for={ (name) "-" (of) } { (label) }
            input id={ (name) "-" (of) } name=(name) dir="auto" required;
        }
    }
}

/// The sections that a refusal or a demand rests on.
pub(super) fn citations(all: &[Citation]) -> Markup {
    html! {
        @if !all.is_empty() {
            ul.citations {
                @for one in all { li { (one.to_string()) } }
            }
        }
    }
}

/// What makes pages quicker for who has scripts; without them everything works.
pub(super) async fn script() -> Response {
    let content = [(CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (content, include_str!("console.js")).into_response()
}

/// Outlines of counties, for the map on which areas are drawn: the same for everybody and for good.
pub(super) async fn counties() -> Response {
    let kept = (CACHE_CONTROL, "private, max-age=86400");
    ([kept, (CONTENT_TYPE, "text/plain; charset=utf-8")], map::counties()).into_response()
}

/// The looks of every page.
pub(super) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}
