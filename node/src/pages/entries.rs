//! Entries of the log as people read them: a row each, and one of them whole.

use std::sync::Arc;

use audit::view::{Altered, LogEntry};
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::body::Outcome;
use schemas::event::Event;
use serde_json::Value;

use super::audits;
use super::draft::words;
use super::fields::Fields;
use super::page::{Shown, form_token, line};
use super::visitor::{Posted, Visitor};
use super::zone::Zone;
use crate::auditing::who_saw;
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

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

/// Entries, in the order given; each leads to the whole of it.
pub(super) fn table<'a>(
    visitor: &Visitor,
    rows: impl Iterator<Item = &'a Result<LogEntry, Altered>>,
) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Entries" {
            table {
                thead {
                    tr {
                        th scope="col" { "Entry" } th scope="col" { "When" } th scope="col" { "What" }
                        th scope="col" { "Who" } th scope="col" { "About what" } th scope="col" { "Outcome" }
                    }
                }
                tbody { @for row in rows { (row_of(visitor, row)) } }
            }
        }
    }
}

fn row_of(visitor: &Visitor, row: &Result<LogEntry, Altered>) -> Markup {
    let Ok(entry) = row else {
        return html! { tr { td colspan="6" { span.bad { "An entry is not what the log wrote: run accord doctor" } } } };
    };
    let (header, zone) = (&entry.header, &visitor.zone);
    let access = entry.body.as_ref().and_then(|body| body.event.access());
    html! {
        tr {
            td {
                form.inline method="post" action="/log/entry" {
                    (form_token(visitor))
                    button.small type="submit" name="index" value=(header.index) aria-label={ "Entry " (header.index) } { (header.index) }
                }
            }
            td { (zone.exactly(header.at)) }
            td { (header.kind.to_string()) @if let Some(peer) = &header.peer { br; span.quiet { (peer.as_str()) } } }
            @match &entry.body {
                None => { td colspan="3" { span.quiet { "destroyed at the end of its retention" } } }
                Some(body) => {
                    td {
                        bdi { (body.actor.full_name.as_str()) }
                        @if let Some(user) = &body.actor.user { br; span.quiet { (user.to_string()) } }
                        br; span.quiet { (body.actor.agency.as_str()) }
                        @if let Some(audit) = body.audit { br; span.quiet { "under audit " (audit) } }
                    }
                    td { (about(&body.event, zone)) }
                    td {
                        @if let Some(access) = access { (ended(access.outcome)) @if let Some(count) = access.count { ", " (count) @if count == 1 { " read" } @else { " reads" } } }
                        @if let Some(why) = &entry.unproven { br; span.bad { "not proven: " (why) } }
                    }
                }
            }
        }
    }
}

/// What an entry is about: of an access what was asked and why, of an act its object.
fn about(event: &Event, zone: &Zone) -> Markup {
    if let Some(access) = event.access() {
        let of = &access.elements;
        return html! {
            @if let Some(plate) = &of.plate { span.plate { (plate.to_string()) } " " }
            @if let Some(pattern) = &of.pattern { span.plate { (pattern.to_string()) } " " }
            @if of.near.is_some() || of.polygon.is_some() { "a place " }
            bdi { (access.why.case.as_str()) } br;
            (words(access.why.purpose.code())) ": " bdi { (access.why.reason.as_str()) }
        };
    }
    let detail = serde_json::to_value(event).unwrap_or_default();
    let said = [
        "occasion",
        "outcome",
        "agreement",
        "request",
        "user",
        "agency",
        "reason",
        "finding",
        "policy",
        "source",
        "program",
        "viewed",
        "case",
        "report",
    ];
    html! {
        @for key in said {
            @if let Some(value) = detail.get(key) { span.quiet { (words(key)) ": " } bdi { (short(value)) } br; }
        }
        @if let Some(until) = detail.get("until").and_then(Value::as_str).and_then(|text| text.parse().ok()) { span.quiet { "until " } (zone.when(until)) }
    }
}

/// A value in few words.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let named = ["id", "name", "full_name", "agreement"]
                .into_iter()
                .find_map(|key| map.get(key)?.as_str());
            let all = || {
                map.iter()
                    .map(|(key, value)| format!("{key} {}", short(value)))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            named.map_or_else(all, str::to_owned)
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
    .chars()
    .take(200)
    .collect()
}

/// One entry, whole: what it says, the envelopes beside it, and the proof of its place.
pub(super) async fn one(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let whole = async {
        let index: u64 = fields.needed("index", "Entry")?;
        let (agency, store) = (&app.context.agency, app.context.store.as_ref());
        let whole = who_saw::entry(agency, store, &visitor.by, index).await?;
        Ok::<_, ActError>((index, whole))
    };
    let (index, whole) = match whole.await {
        Ok(whole) => whole,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let body = html! {
        @match &whole.entry {
            Ok(entry) => { (told(entry, &visitor.zone)) }
            Err(altered) => { p.wrong role="alert" { "This is not what the log wrote: " (altered.to_string()) "." } }
        }
        @if let Some(envelopes) = &whole.envelopes {
            h2 { "What was signed" }
            p.quiet { "Exactly as it crossed the wire, one envelope a line; the entry's header commits to these bytes." }
            pre tabindex="0" dir="auto" { (envelopes) }
        }
        h2 { "That it stands in the log" }
        p.quiet { "A proof for " code { "accord-audit proof" } " or any tool that reads a C2SP tlog-proof, under the head that the log signed." }
        pre tabindex="0" dir="auto" { (whole.proof) }
        p.quiet { "That you looked is an entry of the log itself." }
        (audits::under(&visitor))
        p.acts { a.button href="/log" { "The log" } }
    };
    visitor.page(Shown::new(format!("Entry {index}"), body))
}

fn told(entry: &LogEntry, zone: &Zone) -> Markup {
    let header = &entry.header;
    html! {
        @match &entry.unproven {
            Some(why) => { p.wrong { "What it says is not proven: " (why) "." } }
            None if entry.body.is_some() => { p.good { "Its body is what the header commits to, and what it repeats is as it was signed." } }
            None => {}
        }
        dl {
            dt { "When" } dd { (zone.exactly(header.at)) }
            dt { "What" } dd { (header.kind.to_string()) }
            @if let Some(peer) = &header.peer { dt { "With" } dd { (peer.as_str()) } }
            @if let Some(seq) = header.peer_seq { dt { "Number with it" } dd { (seq) } }
            @match &entry.body {
                Some(body) => {
                    dt { "Who" } dd { bdi { (body.actor.full_name.as_str()) } @if let Some(user) = &body.actor.user { " (" (user.to_string()) ")" } }
                    dt { "How" } dd { bdi { (body.actor.auth) } }
                    dt { "About" } dd { (about(&body.event, zone)) }
                    @if let Some(audit) = body.audit { dt { "Under audit" } dd { (audit) ", by the entry of that number" } }
                }
                None => { dt { "Body" } dd { "destroyed at the end of its retention" } }
            }
        }
        @if let Some(body) = &entry.body {
            details {
                summary { "All that it says" }
                pre tabindex="0" dir="auto" { (serde_json::to_string_pretty(body).unwrap_or_default()) }
            }
        }
    }
}

/// The form by which it is asked who saw a plate.
pub(super) fn plate_form(visitor: &Visitor, plate: &str) -> Markup {
    html! {
        form method="post" action="/audit/plate" {
            (form_token(visitor))
            (line("plate", "Plate", "Everybody to whom a read of it was released or shown, whatever was typed to find it.", plate, true))
            p.acts { button.first type="submit" { "Who saw it?" } }
        }
    }
}

/// Who saw a plate.
pub(super) async fn plate(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let found = async {
        let plate = fields.needed("plate", "Plate")?;
        let (agency, store) = (&app.context.agency, app.context.store.as_ref());
        let found = who_saw::who_saw(agency, store, &visitor.by, &plate).await?;
        Ok::<_, ActError>((plate, found))
    };
    let (plate, (rows, more)) = match found.await {
        Ok(found) => found,
        Err(error) => {
            let body = html! { p.wrong role="alert" { (error.to_string()) } (plate_form(&visitor, fields.get("plate"))) };
            return visitor.page(Shown::new("Who saw a plate", body));
        }
    };
    let body = html! {
        p {
            @match rows.len() {
                0 => { "Nobody: no entry whose body is kept released or showed a read of " }
                1 => { "1 entry released or showed a read of " }
                n => { (n) " entries released or showed reads of " }
            }
            span.plate { (plate.to_string()) } ", here or to other agencies. That you looked is an entry, too."
        }
        (audits::under(&visitor))
        @if more { p.wrong { "There are more than these " (who_saw::MOST) "." } }
        @if !rows.is_empty() { (table(&visitor, rows.iter().rev())) }
        h2 { "Another plate" }
        (plate_form(&visitor, ""))
    };
    visitor.page(Shown::new("Who saw a plate", body))
}

/// Whether something is looked for.
pub(super) fn any(fields: &Fields, names: &[&str]) -> bool {
    names.iter().any(|name| fields.has(name))
}
