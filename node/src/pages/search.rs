//! Searching: the form, what each policy would say of it, and the answers as they come.

use std::future::ready;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, Response};
use futures::stream::{self, Stream, StreamExt as _};
use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::draft::{Draft, Recipients};
use tokio::sync::mpsc;

use super::fields::Fields;
use super::map::Outline;
use super::page::{Shown, citations, streamed};
use super::search_form::form;
use super::timeline::{self, Timeline};
use super::visitor::{Posted, Visitor};
use super::zone::Zone;
use super::{answers, case, draft, one_line, own_photographs};
use crate::admin::explain::{Explain, Explained, explain};
use crate::exchange::ask::QueryOutcome;
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// Most policies whose word is told while somebody types.
const MOST_TOLD: usize = 12;

/// Agencies that may be asked, with their names.
fn owners(app: &AppState) -> Vec<(AgencyId, String)> {
    let state = app.context.agency.registry.state();
    let giving = app.queries.giving_authority(&state);
    let named = |id| Some((state.peers.get(&id)?.card.value.name.to_string(), id));
    giving.into_iter().filter_map(named).map(|(name, id)| (id, name)).collect()
}

fn outline(fields: &Fields) -> Outline {
    Outline { near: draft::circle(fields).ok().flatten(), polygon: None }
}

fn filled_form(app: &AppState, visitor: &Visitor, fields: &Fields) -> Markup {
    form(visitor, fields, &owners(app), &outline(fields))
}

pub(super) async fn ask(State(app): App, visitor: Visitor, filled: Fields) -> Response {
    let filled = case::filled_in(filled, visitor.case.as_ref());
    let body = filled_form(&app, &visitor, &filled);
    visitor.page(Shown::new("Search", body))
}

pub(super) async fn run(State(app): App, Posted { mut visitor, fields }: Posted) -> Response {
    let fields = match fields.get("do") {
        "line" => match of_line(&app, &visitor, &fields) {
            Ok(fields) => fields,
            Err((fields, why)) => return visitor.page(again(&app, &visitor, &fields, &why)),
        },
        "case" => {
            return match case::keep(&app, &visitor, &fields) {
                Ok(open) => {
                    let until = visitor.zone.when(open.until);
                    visitor.case = Some(open);
                    let body = html! {
                        p.good role="status" { "What you ask next is for this case, until " (until) "." }
                        (filled_form(&app, &visitor, &fields))
                    };
                    visitor.page(Shown::new("Search", body))
                }
                Err(error) => visitor.page(again(&app, &visitor, &fields, &error.to_string())),
            };
        }
        _ => fields,
    };
    let now = app.context.agency.clock.now();
    let draft = match draft::drafted(&fields, &visitor, now) {
        Ok(draft) => draft,
        Err(error) => return visitor.page(again(&app, &visitor, &fields, &error.to_string())),
    };
    if fields.get("do") == "explain" {
        let told = told(&app, &visitor, &fields, &draft, usize::MAX).await;
        let body = html! { (told) h2 { "Your search" } (filled_form(&app, &visitor, &fields)) };
        return visitor.page(Shown::new("What would be decided", body));
    }
    if peers_of(&draft).is_empty() && !fields.has("own") {
        return visitor.page(again(&app, &visitor, &fields, "say whom to ask: tick one box"));
    }
    if fields.get("do") == "photographs" {
        return own_photographs::show(&app, &visitor, &draft).await;
    }
    match asked(&app, &visitor, &fields, &draft).await {
        Ok(outcomes) => {
            streamed("Answers", &visitor, answered(&visitor, &fields, &draft, outcomes))
        }
        Err(error) => visitor.page(again(&app, &visitor, &fields, &error.to_string())),
    }
}

/// The form as the one line fills it in, whom to ask included; or the form, and what has to be mended.
fn of_line(app: &AppState, visitor: &Visitor, typed: &Fields) -> Result<Fields, (Fields, String)> {
    let now = app.context.agency.clock.now();
    let line = match one_line::read(typed.get("line"), &visitor.zone, now) {
        Ok(line) => line,
        Err(error) => return Err((Fields::default(), error.to_string())),
    };
    let whom = owners(app).into_iter().map(|(id, _)| ("to", id.to_string()));
    let given = line.into_iter().chain([("own", "1".into()), ("do", "ask".into())]).chain(whom);
    let filled = case::filled_in(Fields::filled(given), visitor.case.as_ref());
    if filled.has("purpose") && filled.has("reason") {
        return Ok(filled);
    }
    Err((filled, "say why you ask; “Keep why for what I ask next” says it once for a case".into()))
}

/// What each policy would say of a form as it is being filled in.
pub(super) async fn while_typing(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let now = app.context.agency.clock.now();
    let said = match draft::drafted(&fields, &visitor, now) {
        Ok(draft) => told(&app, &visitor, &fields, &draft, MOST_TOLD).await,
        Err(error) => html! { p.quiet { "Before it can be asked: " (error.to_string()) } },
    };
    visitor.respond(Html(said.into_string()))
}

/// The agencies that are to be asked.
fn peers_of(draft: &Draft) -> &[AgencyId] {
    match &draft.whom {
        Recipients::These(peers) => peers,
        Recipients::All => &[],
    }
}

/// The form as it was filled in before.
pub(super) fn filled(app: &AppState, visitor: &Visitor, fields: &Fields) -> Shown {
    Shown::new("Search", filled_form(app, visitor, fields))
}

/// The form again, with what has to be mended above it.
fn again(app: &AppState, visitor: &Visitor, fields: &Fields, said: &str) -> Shown {
    let body = html! {
        p.wrong role="alert" { (said) }
        (filled_form(app, visitor, fields))
    };
    Shown::new("Search", body)
}

/// What comes of a search: an outcome, or why nobody else was asked.
type Told = Result<QueryOutcome, ActError>;

/// Asks one's own node, and then the peers; outcomes come in the order they happen. What is on record
/// as searched is shown, though the peers could not be asked.
async fn asked(
    app: &Arc<AppState>,
    visitor: &Visitor,
    fields: &Fields,
    draft: &Draft,
) -> Result<mpsc::Receiver<Told>, ActError> {
    let (told, outcomes) = mpsc::channel(16);
    let own = match fields.has("own") {
        true => Some(app.search_own(&visitor.by, draft).await?),
        false => None,
    };
    let peers = match peers_of(draft).is_empty() {
        true => Ok(None),
        false => app.ask_peers(&visitor.by, draft, None).await.map(Some),
    };
    let peers = match peers {
        Err(error) if own.is_none() => return Err(error),
        peers => peers,
    };
    let app = app.clone();
    tokio::spawn(async move {
        if let Some(own) = own {
            drop(told.send(Ok(app.seen(own).await)).await);
        }
        match peers {
            Ok(Some(mut peers)) => {
                while let Some(outcome) = peers.recv().await {
                    drop(told.send(Ok(outcome)).await);
                }
            }
            Ok(None) => {}
            Err(error) => drop(told.send(Err(error)).await),
        }
    });
    Ok(outcomes)
}

/// What is still awaited, and what was seen until now.
struct UnderWay {
    outcomes: mpsc::Receiver<Told>,
    heard: usize,
    timeline: Timeline,
}

/// The answers as they come, between what stands above all of them and below.
fn answered(
    visitor: &Visitor,
    fields: &Fields,
    draft: &Draft,
    outcomes: mpsc::Receiver<Told>,
) -> impl Stream<Item = Markup> + Send + 'static {
    let links = answers::Links::of(visitor);
    let outline = Outline { near: draft.elements.near, polygon: draft.elements.polygon.clone() };
    let carried = own_photographs::button(visitor, fields);
    let begun = UnderWay { outcomes, heard: 0, timeline: Timeline::default() };
    let me = visitor.agency.clone();
    let answers = stream::unfold(Some(begun), move |under_way| {
        let (links, outline, carried, me) =
            (links.clone(), outline.clone(), carried.clone(), me.clone());
        async move {
            let mut under_way = under_way?;
            let piece = match under_way.outcomes.recv().await {
                Some(Ok(outcome)) => {
                    under_way.heard = under_way.heard.saturating_add(1);
                    under_way.timeline.add(timeline::seen(&outcome));
                    let own = outcome.owner == me
                        && outcome.reads.iter().any(|read| !read.images.is_empty());
                    html! { (answers::one(&outcome, &links)) @if own { (carried) } }
                }
                Some(Err(error)) => {
                    html! { p.wrong role="alert" { "The others were not asked: " (error.to_string()) } }
                }
                None => return Some((ended(under_way, &links.zone, &outline), None)),
            };
            Some((piece, Some(under_way)))
        }
    });
    stream::once(ready(answers::above(fields))).chain(answers)
}

/// All reads by time, once everybody was heard.
fn ended(under_way: UnderWay, zone: &Zone, outline: &Outline) -> Markup {
    let (heard, older) = (under_way.heard, under_way.timeline.older());
    html! {
        @if under_way.timeline.all() > 0 { (under_way.timeline.shown(zone, outline)) }
        @if older > 0 { p { (older) " older reads are not on this page: the answers that are kept are shown page by page under “My searches”." } }
        (answers::below(heard))
    }
}

/// What each policy would say, before anything is sent.
async fn told(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
    draft: &Draft,
    most: usize,
) -> Markup {
    let me = &app.context.agency.id;
    let mut all = Vec::new();
    let own = fields.has("own").then(|| me.clone());
    let whom: Vec<&AgencyId> = own.iter().chain(peers_of(draft)).collect();
    for owner in whom.iter().take(most) {
        let owner = *owner;
        let wanted = Explain { owner: owner.clone(), from: None, at: None, draft: draft.clone() };
        all.push((owner.clone(), explain(&app.context.agency, &visitor.by, &wanted).await));
    }
    html! {
        @for (owner, explained) in &all {
            h2 { (owner.as_str()) }
            @match explained {
                Ok(explained) => { (decided(explained, &visitor.zone)) }
                Err(error) => { p.wrong { (error.to_string()) } }
            }
        }
        @if whom.len() > all.len() { p.quiet { "And " (whom.len().saturating_sub(all.len())) " more; “What would be decided?” tells all." } }
        @if all.is_empty() { p { "Tick whom to ask." } }
    }
}

fn decided(explained: &Explained, zone: &Zone) -> Markup {
    let Explained { decision, owner, policy, scope, reasons, own_reasons, notice, .. } = explained;
    let by = policy.told(|at| zone.when(at));
    html! {
        @if *decision == "permit" {
            p.good { "Would be answered, by " (by) "." }
            @if let Some(scope) = scope {
                p { "Reads from " (zone.when(scope.from)) " to " (zone.when(scope.until)) ", at most " (scope.limit) "." }
                @for cut in &scope.cuts {
                    p.notice { "Less than you ask for: " (cut.message) (citations(&cut.citations)) }
                }
            }
        } @else {
            p.bad { "Would be refused, by " (by) "." }
        }
        @for (whose, reasons) in [("Our own policy", own_reasons), (owner.as_str(), reasons)] {
            @if !reasons.is_empty() {
                p { (whose) ":" }
                ul {
                    @for reason in reasons { li { (reason.message) (citations(&reason.citations)) } }
                }
            }
        }
        @if !notice.is_empty() { p.notice { (notice.as_str()) } }
    }
}
