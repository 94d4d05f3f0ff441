//! What a person has asked: her searches, what became of each, and the kept answers of one, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::body::Outcome;
use schemas::query::QueryId;
use schemas::time::Timestamp;

use super::answers::{self, Links};
use super::draft::{element_fields, why_fields, words};
use super::evidence;
use super::fields::Fields;
use super::map::Outline;
use super::page::{Shown, form_token, line};
use super::search;
use super::timeline::{self, Timeline};
use super::visitor::{Posted, Visitor};
use crate::exchange::ask::{PastQuery, PastWanted, history};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// How many days back the list goes unless more is wanted.
const DAYS: u32 = 7;
/// Most kept answers that one page opens: each look is an entry.
const MOST_OPENED: usize = 300;

async fn past(
    app: &AppState,
    visitor: &Visitor,
    wanted: &PastWanted,
) -> Result<Vec<PastQuery>, ActError> {
    let context = &app.context;
    history(&context.agency, context.store.as_ref(), &visitor.by, wanted).await
}

fn wanted(app: &AppState, fields: &Fields) -> Result<PastWanted, ActError> {
    let days = fields.parsed("days", "Days")?.unwrap_or(DAYS).clamp(1, 3_660);
    Ok(PastWanted {
        from: Some(app.context.agency.clock.now().minus_days(days)),
        case: fields.parsed("case", "Case number")?,
        plate: fields
            .parsed::<schemas::plate::Plate>("plate", "Plate")?
            .map(|plate| plate.to_string()),
        ..PastWanted::default()
    })
}

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    listed(&app, &visitor, &Fields::default()).await
}

pub(super) async fn find(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    listed(&app, &visitor, &fields).await
}

async fn listed(app: &AppState, visitor: &Visitor, fields: &Fields) -> Response {
    let found = async { past(app, visitor, &wanted(app, fields)?).await };
    let found = match found.await {
        Ok(found) => found,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let mut searches: BTreeMap<std::cmp::Reverse<u64>, Vec<&PastQuery>> = BTreeMap::new();
    let mut first: BTreeMap<QueryId, u64> = BTreeMap::new();
    for one in &found {
        let entry = *first.entry(one.search()).or_insert(one.entry);
        searches.entry(std::cmp::Reverse(entry)).or_default().push(one);
    }
    let days = if fields.has("days") { fields.get("days") } else { "7" };
    let body = html! {
        (filter(visitor, fields, days))
        @if searches.is_empty() { p { "You asked nothing in this time that fits." } }
        @for queries in searches.values() { (one_search(visitor, queries)) }
    };
    visitor.page(Shown::new("My searches", body))
}

fn filter(visitor: &Visitor, fields: &Fields, days: &str) -> Markup {
    html! {
        form.filter method="post" action="/searches" {
            (form_token(visitor))
            div.row {
                (line("plate", "Plate", "", fields.get("plate"), false))
                (line("case", "Case number", "", fields.get("case"), false))
                p.field {
                    label for="days" { "How far back" }
                    select id="days" name="days" {
                        @for (value, said) in [("7", "A week"), ("30", "Thirty days"), ("366", "A year"), ("3660", "All that is kept")] {
                            option value=(value) selected[value == days] { (said) }
                        }
                    }
                }
            }
            button type="submit" { "Show these" }
        }
    }
}

/// What was looked for, in a few words.
pub(super) fn what(one: &PastQuery) -> Markup {
    let of = &one.access.elements;
    let vehicle: Vec<&str> = [&of.color, &of.make, &of.body, &of.camera]
        .into_iter()
        .flatten()
        .map(|text| text.as_str())
        .collect();
    html! {
        @if let Some(plate) = &of.plate { span.plate { (plate.to_string()) } " " }
        @if let Some(pattern) = &of.pattern { span.plate { (pattern.to_string()) } " " }
        bdi { (vehicle.join(" ")) }
        @if of.near.is_some() || of.polygon.is_some() { " in a place" }
    }
}

/// How a query ended, in a word or two.
fn ended(one: &PastQuery) -> Markup {
    html! {
        @match one.access.outcome {
            Outcome::Answered => { span.good { @match one.access.count { Some(1) => "1 read", Some(n) => { (n) " reads" } None => "answered" } } }
            Outcome::Refused => { span.bad { "refused" } }
            Outcome::Declined => { span.bad { "refused by our own policy" } }
            Outcome::Unanswered => { span.quiet { "not heard" } }
            Outcome::Rejected => { span.bad { "what came did not verify" } }
            Outcome::Sent | Outcome::Receipted => { span.quiet { "sent" } }
        }
    }
}

fn one_search(visitor: &Visitor, queries: &[&PastQuery]) -> Markup {
    let links = Links::of(visitor);
    let Some(first) = queries.last() else { return html! {} };
    let why = &first.access.why;
    let answered = queries.iter().any(|one| !one.own && one.access.outcome == Outcome::Answered);
    let refused: Vec<_> =
        queries.iter().filter(|one| one.access.outcome == Outcome::Refused).collect();
    html! {
        section.past aria-label={ "Search of " (visitor.zone.exactly(first.at)) ", entry " (first.entry) } {
            h2 { (what(first)) " " span.quiet { (visitor.zone.when(first.at)) } }
            p {
                @if !why.case.is_empty() { "Case " strong { bdi { (why.case.as_str()) } } ". " }
                (words(why.purpose.code())) ": " bdi { (why.reason.as_str()) }
            }
            ul.outcomes { @for one in queries { li { (one.access.owner.as_str()) ": " (ended(one)) } } }
            div.acts {
                @if answered {
                    form.inline method="post" action="/answers" {
                        (form_token(visitor))
                        input type="hidden" name="search" value=(first.search().to_string());
                        input type="hidden" name="at" value=(first.at.millis());
                        button type="submit" { "See the answers" }
                    }
                }
                form.inline method="post" action="/searches/again" {
                    (form_token(visitor))
                    input type="hidden" name="entry" value=(first.entry);
                    input type="hidden" name="at" value=(first.at.millis());
                    button type="submit" { "Ask again" }
                }
                (evidence::button(&why.case, visitor))
            }
            @for one in refused {
                p { (one.access.owner.as_str()) " refused. " }
                (answers::ask_in_writing(&one.access.query_id.to_string(), !one.access.why.danger.is_empty(), &links))
            }
        }
    }
}

/// When a search was made, as its buttons say it: whoever asked waited no hour for what came of it.
fn around(fields: &Fields) -> Result<PastWanted, ActError> {
    let at: i64 = fields.needed("at", "When it was asked")?;
    let at = Timestamp::from_millis(at)
        .ok_or_else(|| ActError::usage("When it was asked: this is no time".into()))?;
    let (from, until) = (at.minus_seconds(60), at.plus_hours(1));
    Ok(PastWanted { from: Some(from), until: Some(until), ..PastWanted::default() })
}

/// The queries of one search.
async fn of_search(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<Vec<PastQuery>, ActError> {
    let search: QueryId = fields.needed("search", "Search")?;
    let mut all = past(app, visitor, &around(fields)?).await?;
    all.retain(|one| one.search() == search);
    if all.is_empty() {
        return Err(ActError::usage("you made no such search; see “My searches”".into()));
    }
    Ok(all)
}

/// The kept answers of a search, each looked at again and logged so.
pub(super) async fn answers(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let found = async {
        let page = fields.parsed::<usize>("page", "Page")?.unwrap_or(0).min(100_000);
        Ok::<_, ActError>((of_search(&app, &visitor, &fields).await?, page))
    };
    let (queries, page) = match found.await {
        Ok(found) => found,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let links = Links::of(&visitor);
    let mut timeline = Timeline::after(page.saturating_mul(timeline::MOST));
    let (mut pieces, mut outline) = (Vec::new(), Outline::default());
    let kept = queries.iter().filter(|one| !one.own && one.access.outcome == Outcome::Answered);
    for one in kept.take(MOST_OPENED) {
        let of = &one.access.elements;
        outline = Outline { near: of.near, polygon: of.polygon.clone() };
        match app.queries.ask_again(one.access.query_id, &visitor.by).await {
            Ok(heard) => {
                timeline.add(timeline::seen(&heard));
                pieces.push(answers::one(&heard, &links));
            }
            Err(error) => pieces.push(html! {
                section.owner { h2 { (one.access.owner.as_str()) } p.bad { (error.to_string()) } }
            }),
        }
    }
    let (older, search, at) = (timeline.older(), fields.get("search"), fields.get("at"));
    let to = |page: usize, said: &str| {
        html! {
            form.inline method="post" action="/answers" {
                (form_token(&visitor))
                input type="hidden" name="search" value=(search);
                input type="hidden" name="at" value=(at);
                input type="hidden" name="page" value=(page);
                button type="submit" { (said) }
            }
        }
    };
    let body = html! {
        (answers::verify())
        @if let Some(first) = queries.last() { p { (what(first)) ", asked " (visitor.zone.when(first.at)) ". That you look again is on record." } }
        @if timeline.all() > 0 { (timeline.shown(&visitor.zone, &outline)) }
        div.acts {
            @if page > 0 { (to(page.saturating_sub(1), "Newer reads")) }
            @if older > 0 { (to(page.saturating_add(1), "Older reads")) }
            @if let Some(first) = queries.last() { (evidence::button(&first.access.why.case, &visitor)) }
        }
        h2 { "Each agency" }
        @for piece in &pieces { (piece) }
        @if queries.iter().any(|one| one.own) { p.quiet { "Answers from our own reads are not kept: ask again for them." } }
    };
    visitor.page(Shown::new("Answers that are kept", body))
}

/// The form of a search of before.
pub(super) async fn again(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let found = async {
        let entry: u64 = fields.needed("entry", "Entry")?;
        let all = past(&app, &visitor, &around(&fields)?).await?;
        let one = all.into_iter().find(|one| one.entry == entry);
        one.ok_or_else(|| ActError::usage("you made no such search; see “My searches”".into()))
    };
    match found.await {
        Ok(one) => {
            let of = element_fields(&one.access.elements, &visitor.zone);
            let filled = Fields::filled(why_fields(&one.access.why).into_iter().chain(of));
            visitor.page(search::filled(&app, &visitor, &filled))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}
