//! The audit log: the newest entries that fit a filter. Reading it is an entry too, and the page says so.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::body::Outcome;
use schemas::event::audit::EntriesViewed;

use super::draft::day;
use super::fields::Fields;
use super::page::{Shown, form_token, line, when};
use super::visitor::{Posted, Visitor};
use crate::auditing::entries;
use crate::http::AppState;
use crate::permission::ActError;
use audit::view::{Altered, LogEntry};

type App = State<Arc<AppState>>;

/// How many days back the first form looks, of a log of years.
const DAYS: u32 = 7;
/// Most entries of a page.
const MOST: usize = 200;

/// The newest entries that fit, and how many fit in all.
async fn found(
    app: &AppState,
    visitor: &Visitor,
    wanted: EntriesViewed,
) -> Result<(VecDeque<Result<LogEntry, Altered>>, usize), ActError> {
    let context = &app.context;
    let mut listing = entries::list(&context.agency, &context.store, &visitor.by, wanted).await?;
    let (mut newest, mut all) = (VecDeque::with_capacity(MOST), 0usize);
    loop {
        let step = listing.next().await?;
        if step.is_empty() {
            return Ok((newest, all));
        }
        for row in step {
            if newest.len() == MOST {
                newest.pop_back();
            }
            newest.push_front(row);
            all = all.saturating_add(1);
        }
    }
}

fn wanted(fields: &Fields) -> Result<EntriesViewed, ActError> {
    Ok(EntriesViewed {
        peer: fields.parsed("peer", "Agency")?,
        from: day(fields, "from", "From")?,
        until: day(fields, "until", "Until")?.map(|last| last.plus_days(1)),
        user: fields.has("user").then(|| fields.get("user").to_owned()),
        plate: fields.parsed("plate", "Plate")?,
        entry_kind: fields.parsed("kind", "Kind")?,
    })
}

/// Nothing is read, and no entry made, before somebody says what she wants to see.
pub(super) async fn ask(State(app): App, visitor: Visitor) -> Response {
    let from = app.context.agency.clock.now().minus_days(DAYS);
    page(&visitor, &Fields::with("from", from.day().to_string()), &html! {})
}

pub(super) async fn show(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let told = match wanted(&fields) {
        Ok(wanted) => match found(&app, &visitor, wanted).await {
            Ok((newest, all)) => table(&newest, all),
            Err(error) => return visitor.page(Shown::error(&error)),
        },
        Err(error) => html! { p.wrong role="alert" { (error.to_string()) } },
    };
    page(&visitor, &fields, &told)
}

/// What is looked for stands in a form, not in an address that the browser's history keeps.
fn page(visitor: &Visitor, fields: &Fields, told: &Markup) -> Response {
    let of = |name: &str| fields.get(name).to_owned();
    let body = html! {
        form method="post" action="/log" {
            (form_token(visitor))
            div.row {
                (line("peer", "Agency", "", &of("peer"), false))
                (line("user", "User", "", &of("user"), false))
                (line("plate", "Plate", "", &of("plate"), false))
                (line("kind", "Kind of entry", "Such as query.answered.", &of("kind"), false))
                p.field { label for="from" { "First day" } input id="from" name="from" type="date" value=(of("from")); }
                p.field { label for="until" { "Last day" } input id="until" name="until" type="date" value=(of("until")); }
            }
            button.first type="submit" { "Show entries" }
        }
        p.quiet { "Without a first day the whole log is looked through. What you look at here is an entry of the log itself." }
        (told)
    };
    visitor.page(Shown::new("Audit log", body))
}

fn table(newest: &VecDeque<Result<LogEntry, Altered>>, all: usize) -> Markup {
    html! {
        p {
            @if all == 0 { "No entry fits." } @else { (all) " entries fit" @if all > newest.len() { "; these are the newest " (newest.len()) } "." }
        }
        @if all > 0 {
            div.wide {
                table {
                    thead {
                        tr {
                            th scope="col" { "Entry" } th scope="col" { "When" } th scope="col" { "What" }
                            th scope="col" { "Who" } th scope="col" { "For what" } th scope="col" { "Outcome" }
                        }
                    }
                    tbody { @for row in newest { (entry(row)) } }
                }
            }
        }
    }
}

/// How an access ended.
const fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Declined => "our own policy refused",
        Outcome::Sent => "sent",
        Outcome::Answered => "answered",
        Outcome::Refused => "refused",
        Outcome::Unanswered => "not answered",
        Outcome::Rejected => "did not verify",
        Outcome::Receipted => "receipt",
    }
}

fn entry(row: &Result<LogEntry, Altered>) -> Markup {
    let Ok(entry) = row else {
        return html! { tr { td colspan="6" { span.bad { "An entry is not what the log wrote: run accord doctor" } } } };
    };
    let header = &entry.header;
    let access = entry.body.as_ref().and_then(|body| body.event.access());
    html! {
        tr {
            td { (header.index) }
            td { (when(header.at)) }
            td { (header.kind.to_string()) @if let Some(peer) = &header.peer { br; span.quiet { (peer.as_str()) } } }
            @match &entry.body {
                None => { td colspan="3" { span.quiet { "destroyed at the end of its retention" } } }
                Some(body) => {
                    td { (body.actor.full_name.as_str()) br; span.quiet { (body.actor.auth) } }
                    td {
                        @if let Some(access) = access {
                            @if let Some(plate) = &access.elements.plate { span.plate { (plate.to_string()) } " " }
                            (access.why.case.as_str()) br; (access.why.reason.as_str())
                        }
                    }
                    td {
                        @if let Some(access) = access { (ended(access.outcome)) @if let Some(count) = access.count { ", " (count) " reads" } }
                        @if let Some(why) = &entry.unproven { br; span.bad { "not proven: " (why) } }
                    }
                }
            }
        }
    }
}
