//! What a person has asked: her searches, what became of each, and the kept answers of one, page by page.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use futures::stream::{self, StreamExt as _};
use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::body::Outcome;
use schemas::query::QueryId;
use schemas::time::Timestamp;

use super::answers::{self, Links};
use super::draft::{element_fields, why_fields, words};
use super::evidence;
use super::fields::Fields;
use super::gathered::{EACH, Gathered};
use super::map::Outline;
use super::page::{Shown, form_token, line, streamed};
use super::search_form::filled as filled_form;
use super::timeline::{self, Timeline};
use super::turning::Turning;
use super::visitor::{Posted, Visitor};
use crate::exchange::ask::{AskError, MOST_PAST, PastQuery, PastWanted, QueryOutcome, history};
use crate::http::AppState;
use crate::permission::{ActError, Principal};

type App = State<Arc<AppState>>;

/// How many days back the list goes unless more is wanted.
const DAYS: u32 = 7;
/// Most kept answers that one page opens: each look is an entry.
const MOST_OPENED: usize = 1_000;
/// Answers that are opened at once.
const AT_ONCE: usize = 32;

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
        after: fields.parsed("after", "Older than")?,
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
    // Of the oldest one, a part may stand on the next page: it stands there as a whole.
    let more = found.len() >= MOST_PAST;
    if more && searches.len() > 1 {
        searches.pop_last();
    }
    let last = searches.values().flatten().map(|one| one.entry).min().filter(|_| more);
    let days = if fields.has("days") { fields.get("days") } else { "7" };
    let body = html! {
        (filter(visitor, fields, days))
        @if searches.is_empty() { p { "You asked nothing in this time that fits." } }
        @for queries in searches.values() { (one_search(visitor, queries)) }
        @if let Some(last) = last {
            form.inline method="post" action="/searches" {
                (form_token(visitor))
                @for name in ["plate", "case"] { input type="hidden" name=(name) value=(fields.get(name)); }
                input type="hidden" name="days" value=(days);
                input type="hidden" name="after" value=(last);
                button type="submit" { "Older searches" }
            }
        }
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
    html! {
        section.past aria-label={ "Search of " (visitor.zone.exactly(first.at)) ", entry " (first.entry) } {
            h2 { (what(first)) " " span.quiet { (visitor.zone.when(first.at)) } }
            p {
                @if !why.case.is_empty() { "Case " strong { bdi { (why.case.as_str()) } } ". " }
                (words(why.purpose.code())) ": " bdi { (why.reason.as_str()) }
            }
            @if queries.len() > EACH { (in_short(queries, &links)) } @else { (each(queries, &links)) }
            div.acts {
                @if answered { (Turning { form: &form_token(visitor), search: first.search(), at: first.at }.to(0, "See the answers")) }
                form.inline method="post" action="/searches/again" {
                    (form_token(visitor))
                    input type="hidden" name="entry" value=(first.entry);
                    input type="hidden" name="at" value=(first.at.millis());
                    button type="submit" { "Ask again" }
                }
                (evidence::button(&why.case, visitor))
            }
        }
    }
}

fn was_refused(one: &PastQuery) -> bool {
    one.access.outcome == Outcome::Refused
}

/// What each owner said.
fn each(queries: &[&PastQuery], links: &Links) -> Markup {
    html! {
        ul.outcomes { @for one in queries { li { (one.access.owner.as_str()) ": " (ended(one)) } } }
        @for one in queries.iter().filter(|one| was_refused(one)) {
            p { (one.access.owner.as_str()) " refused. " }
            (answers::ask_in_writing(&one.access.query_id.to_string(), !one.access.why.danger.is_empty(), links))
        }
    }
}

/// What many owners said: how many said what, and folded away which.
fn in_short(queries: &[&PastQuery], links: &Links) -> Markup {
    let count = |fits: &dyn Fn(&PastQuery) -> bool| queries.iter().filter(|one| fits(one)).count();
    let answered = count(&|one| one.access.outcome == Outcome::Answered);
    let refused = count(&was_refused);
    let reads: u64 = queries.iter().filter_map(|one| one.access.count).map(u64::from).sum();
    let list = html! {
        ul {
            @for one in queries {
                li {
                    (one.access.owner.as_str()) ": " (ended(one))
                    @if links.request && was_refused(one) { " " (answers::ask_briefly(&one.access.query_id.to_string(), !one.access.why.danger.is_empty())) }
                }
            }
        }
    };
    html! {
        p {
            (queries.len()) " agencies: " span.good { (answered) " answered with " (reads) " reads" }
            @if refused > 0 { ", " span.bad { (refused) " refused" } }
            @let others = queries.len().saturating_sub(answered).saturating_sub(refused);
            @if others > 0 { ", " span.quiet { (others) " otherwise" } }
            "."
        }
        details { summary { "Each agency" } (answers::in_writing(links, &list)) }
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

/// The queries of one search, however many she asked about that time.
async fn of_search(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<Vec<PastQuery>, ActError> {
    let search: QueryId = fields.needed("search", "Search")?;
    let (mut wanted, mut all) = (around(fields)?, Vec::new());
    loop {
        let step = past(app, visitor, &wanted).await?;
        let full = step.len() >= MOST_PAST;
        wanted.after = step.last().map(|one| one.entry);
        all.extend(step.into_iter().filter(|one| one.search() == search));
        if !full {
            break;
        }
    }
    if all.is_empty() {
        return Err(ActError::usage("you made no such search; see “My searches”".into()));
    }
    Ok(all)
}

/// The kept answers of a search, each looked at again and logged so. The first words of the page come before
/// the answers are looked for.
pub(super) async fn answers(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let visitor = Arc::new(visitor);
    let page = (visitor.clone(), fields);
    let opened = stream::once(async move {
        let (visitor, fields) = page;
        match opened(&app, &visitor, &fields).await {
            Ok(opened) => opened,
            Err(error) => html! { p.wrong role="alert" { (error.to_string()) } },
        }
    });
    let above = stream::once(ready(answers::verify()));
    streamed("Answers that are kept", &visitor, above.chain(opened))
}

async fn opened(app: &AppState, visitor: &Visitor, fields: &Fields) -> Result<Markup, ActError> {
    let page = fields.parsed::<usize>("page", "Page")?.unwrap_or(0).min(100_000);
    let queries = of_search(app, visitor, fields).await?;
    let Some(first) = queries.last() else { return Ok(html! {}) };
    let above = html! {
        p { (what(first)) ", asked " (visitor.zone.when(first.at)) ". That you look again is on record." }
    };
    let kept = Kept {
        page,
        links: Links::of(visitor),
        form: form_token(visitor),
        evidence: evidence::button(&first.access.why.case, visitor),
        by: visitor.by.clone(),
        queries,
    };
    Ok(html! { (above) (kept.opened(app).await) })
}

/// A page of kept answers that is being made.
struct Kept {
    page: usize,
    links: Links,
    form: Markup,
    evidence: Markup,
    by: Principal,
    queries: Vec<PastQuery>,
}

impl Kept {
    /// The kept answer of one owner.
    async fn again(
        &self,
        app: &AppState,
        owner: AgencyId,
        id: QueryId,
    ) -> (AgencyId, Result<QueryOutcome, AskError>) {
        (owner, app.queries.ask_again(id, &self.by).await)
    }

    async fn opened(self, app: &AppState) -> Markup {
        let mut kept = Vec::new();
        for one in &self.queries {
            if !one.own && one.access.outcome == Outcome::Answered {
                kept.push((one.access.owner.clone(), one.access.query_id));
            }
        }
        let left = kept.len().saturating_sub(MOST_OPENED);
        let mut timeline = Timeline::after(self.page.saturating_mul(timeline::MOST));
        let mut gathered = Gathered::of(kept.len(), self.links.clone());
        let mut pieces = Vec::new();
        kept.truncate(MOST_OPENED);
        // Their entries wait together for the log.
        let opening = kept.into_iter().map(|(owner, id)| self.again(app, owner, id));
        let mut heard = stream::iter(opening.collect::<Vec<_>>()).buffered(AT_ONCE);
        while let Some((owner, heard)) = heard.next().await {
            match heard {
                Ok(heard) => {
                    timeline.add(timeline::seen(&heard));
                    pieces.push(gathered.heard(&heard));
                }
                Err(error) => pieces.push(html! {
                    section.owner { h2 { (owner.as_str()) } p.bad { (error.to_string()) } }
                }),
            }
        }
        drop(heard);
        let outline = self.queries.last().map(|first| &first.access.elements);
        let outline = outline.map_or_else(Outline::default, |of| Outline {
            near: of.near,
            polygon: of.polygon.clone(),
        });
        let older = timeline.older();
        let turning = self.queries.last().map(|first| Turning {
            form: &self.form,
            search: first.search(),
            at: first.at,
        });
        html! {
            @if timeline.all() > 0 { (timeline.shown(&self.links.zone, &outline)) }
            div.acts {
                @if let Some(turning) = &turning {
                    @if self.page > 1 { (turning.to(0, "The newest reads")) }
                    @if self.page > 0 { (turning.to(self.page.saturating_sub(1), "Newer reads")) }
                    @if older > 0 { (turning.to(self.page.saturating_add(1), "Older reads")) }
                }
                (self.evidence)
            }
            // On the pages after the first, what each said stands on the first.
            @if self.page == 0 {
                h2 { "What they said" }
                @for piece in &pieces { (piece) }
                (gathered.ended())
            }
            @if left > 0 { p.wrong { (left) " more agencies answered, whose reads are not among these: ask them by themselves." } }
            @if self.queries.iter().any(|one| one.own) { p.quiet { "Answers from our own reads are not kept: ask again for them." } }
            p.acts { a.button href="/searches" { "My searches" } }
        }
    }
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
            visitor.page(filled_form(&app, &visitor, &filled))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}
