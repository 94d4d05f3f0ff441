//! The audit log: the newest entries that fit a filter, said as a sentence. Reading it is an entry too, and the
//! page says so.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::entry::EntryKind;
use schemas::event::audit::EntriesViewed;

use super::audits;
use super::draft::{day, last_day};
use super::entries::{any, table};
use super::fields::Fields;
use super::page::{Shown, form_token, line};
use super::search_form::day_field;
use super::visitor::{Posted, Visitor};
use super::zone::Zone;
use crate::auditing::entries;
use crate::http::AppState;
use crate::permission::ActError;
use audit::view::{Altered, LogEntry};

type App = State<Arc<AppState>>;

/// How many days back the first form looks, of a log of years.
const DAYS: u32 = 7;
/// Most entries of a page.
const MOST: usize = 200;

/// The newest entries that fit, and whether more do.
async fn found(
    app: &AppState,
    visitor: &Visitor,
    wanted: EntriesViewed,
) -> Result<(Vec<Result<LogEntry, Altered>>, bool), ActError> {
    let context = &app.context;
    let listing = entries::list(&context.agency, &context.store, &visitor.by, wanted).await?;
    listing.newest(MOST).await
}

/// What is looked for.
fn wanted(fields: &Fields, zone: &Zone) -> Result<EntriesViewed, ActError> {
    let user = fields.has("user").then(|| fields.get("user").to_owned());
    Ok(EntriesViewed {
        peer: fields.parsed("peer", "Agency")?,
        from: day(fields, zone, "from", "First day")?,
        until: last_day(fields, zone, "until", "Last day")?,
        user,
        plate: fields.parsed("plate", "Plate")?,
        entry_kind: fields.parsed("kind", "Kind of entry")?,
    })
}

/// What is looked for, as a sentence.
fn sentence(fields: &Fields) -> String {
    let of = |name: &str| fields.get(name);
    let mut said = match of("kind") {
        "" => "Entries".to_owned(),
        kind => format!("Entries of the kind {kind}"),
    };
    for (name, words) in [
        ("user", "by"),
        ("peer", "about"),
        ("plate", "in which somebody typed the plate"),
        ("from", "from"),
        ("until", "until the end of"),
    ] {
        if fields.has(name) {
            said += &format!(" {words} {}", of(name));
        }
    }
    said + "."
}

/// Nothing is read, and no entry made, before somebody says what she wants to see.
pub(super) async fn ask(State(app): App, visitor: Visitor) -> Response {
    let from = app.context.agency.clock.now().minus_days(DAYS);
    page(&app, &visitor, &Fields::with("from", visitor.zone.day(from)), &html! {})
}

pub(super) async fn show(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let told = match wanted(&fields, &visitor.zone) {
        Ok(wanted) => match found(&app, &visitor, wanted).await {
            Ok((newest, more)) => shown(&visitor, &fields, &newest, more),
            Err(error) => html! { p.wrong role="alert" { (error.to_string()) } },
        },
        Err(error) => html! { p.wrong role="alert" { (error.to_string()) } },
    };
    page(&app, &visitor, &fields, &told)
}

fn shown(
    visitor: &Visitor,
    fields: &Fields,
    newest: &[Result<LogEntry, Altered>],
    more: bool,
) -> Markup {
    html! {
        h2 { (sentence(fields)) }
        p {
            @match newest.len() {
                0 => { "No entry fits." }
                1 => { "1 entry fits." }
                n if more => { "More than " (n) " entries fit; these are the newest " (n) ": narrow the days for the others." }
                n => { (n) " entries fit." }
            }
        }
        @if fields.has("plate") { p.quiet { "These name the plate as somebody typed it. “Who saw a plate” under Audit tells to whom reads of it went." } }
        @if !newest.is_empty() { (table(visitor, newest.iter())) }
    }
}

/// What is looked for stands in a form, not in an address that the browser's history keeps.
fn page(app: &AppState, visitor: &Visitor, fields: &Fields, told: &Markup) -> Response {
    let of = |name: &str| fields.get(name);
    let state = app.context.agency.registry.state();
    let narrow = any(fields, &["peer", "user", "plate", "kind"]);
    let body = html! {
        form method="post" action="/log" {
            (form_token(visitor))
            div.row {
                (day_field("from", "First day", "", of("from")))
                (day_field("until", "Last day", &format!("Days of {}.", visitor.zone.name()), of("until")))
            }
            details open[narrow] {
                summary { "By whom, about whom, what" }
                div.row {
                    p.field {
                        label for="peer" { "Agency" }
                        select id="peer" name="peer" {
                            option value="" { "Any" }
                            @for peer in state.peers.keys() { option value=(peer.as_str()) selected[peer.as_str() == of("peer")] { (peer.as_str()) } }
                        }
                    }
                    p.field {
                        label for="user" { "User" }
                        select id="user" name="user" {
                            option value="" { "Any" }
                            @for user in state.users.keys() { option value=(user.as_str()) selected[user.as_str() == of("user")] { (user.to_string()) } }
                        }
                    }
                    (line("plate", "Plate, as it was typed", "", of("plate"), false))
                    p.field {
                        label for="kind" { "Kind of entry" }
                        select id="kind" name="kind" {
                            option value="" { "Any" }
                            @for kind in EntryKind::ALL { option value=(kind.code()) selected[kind.code() == of("kind")] { (kind.code()) } }
                        }
                    }
                }
            }
            p.acts { button.first type="submit" { "Show entries" } }
        }
        p { a href="/incident" { "What a session, a key, a program or a person reached" } }
        p.quiet { "Without a first day the whole log is looked through. What you look at here is an entry of the log itself." }
        (audits::under(visitor))
        (told)
    };
    visitor.page(Shown::new("Audit log", body))
}
