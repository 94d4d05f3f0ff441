//! Searching: the form, what each policy would say of it, and the answers as they come.

use std::future::ready;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, Response};
use futures::stream::{self, Stream, StreamExt as _};
use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::draft::{Draft, Recipients};
use schemas::query::QueryId;
use schemas::time::Timestamp;
use tokio::sync::mpsc;

use super::answers::Links;
use super::fields::Fields;
use super::gathered::Gathered;
use super::map::Outline;
use super::page::{Shown, citations, form_token, streamed};
use super::search_form::{again, form, giving};
use super::timeline::{self, Timeline};
use super::turning::Turning;
use super::visitor::{Posted, Visitor};
use super::zone::Zone;
use super::{answers, case, draft, gathered, one_line, own_photographs};
use crate::admin::explain::{Explain, Explained, explain};
use crate::exchange::ask::{IdempotencyKey, NotAsked, QueryOutcome};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// Most policies whose word is told while somebody types.
const MOST_TOLD: usize = 12;

pub(super) async fn ask(State(app): App, visitor: Visitor, filled: Fields) -> Response {
    let filled = case::filled_in(filled, visitor.case.as_ref());
    let body = form(&app, &visitor, &filled);
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
                        (form(&app, &visitor, &fields))
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
        let body = html! { (told) h2 { "Your search" } (form(&app, &visitor, &fields)) };
        return visitor.page(Shown::new("What would be decided", body));
    }
    if !asks_peers(&draft) && !fields.has("own") {
        return visitor.page(again(&app, &visitor, &fields, "say whom to ask: tick one box"));
    }
    if fields.get("do") == "photographs" {
        return own_photographs::show(&app, &visitor, &draft).await;
    }
    match asked(&app, &visitor, &fields, draft).await {
        Ok(asked) => streamed("Answers", &visitor, answered(&app, &visitor, &fields, asked)),
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
    let whom = [("own", "1".into()), ("all", "1".into()), ("do", "ask".into())];
    let given = line.into_iter().chain(whom).chain([("once", typed.get("once").to_owned())]);
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

/// Whether others are to be asked.
fn asks_peers(draft: &Draft) -> bool {
    match &draft.whom {
        Recipients::These(peers) => !peers.is_empty(),
        Recipients::All => true,
    }
}

/// The agencies that are to be asked, as it looks now.
fn peers_of(app: &AppState, draft: &Draft) -> Vec<AgencyId> {
    match &draft.whom {
        Recipients::These(peers) => peers.clone(),
        Recipients::All => giving(app),
    }
}

/// The key under which a form asks: sent again, it asks nobody a second time.
fn once(fields: &Fields) -> Option<IdempotencyKey> {
    fields.named()?.to_string().get(..32)?.parse().ok()
}

/// What comes of a search: an outcome, or why nobody else was asked.
type Told = Result<QueryOutcome, ActError>;

/// A search under way.
struct Asked {
    outcomes: mpsc::Receiver<Told>,
    draft: Draft,
    /// How many are searched or asked.
    owners: usize,
    at: Timestamp,
    /// Whether the form had been sent before.
    twice: bool,
}

/// Asks one's own node, and then the peers; outcomes come in the order they happen. What is on record
/// as searched is shown, though the peers could not be asked.
async fn asked(
    app: &Arc<AppState>,
    visitor: &Visitor,
    fields: &Fields,
    mut draft: Draft,
) -> Result<Asked, ActError> {
    let at = app.context.agency.clock.now();
    let (peers, once) = (peers_of(app, &draft), once(fields));
    let mut twice = false;
    if let (Some(first), Some(key)) = (peers.iter().min(), once)
        && let Some(before) = app.queries.asked_under(&visitor.by, first, key).await?
    {
        // The same question, to the instant at which it was asked.
        (draft.elements.from, draft.elements.until) = (before.from, before.until);
        twice = true;
    }
    let (told, outcomes) = mpsc::channel(16);
    let own = match fields.has("own") {
        true => Some(app.search_own(&visitor.by, &draft).await?),
        false => None,
    };
    let owners = peers.len().saturating_add(usize::from(own.is_some()));
    // With nobody to ask, one's own reads are what there is.
    let heard = match asks_peers(&draft) && !(peers.is_empty() && own.is_some()) {
        false => Ok(None),
        true => app.ask_peers(&visitor.by, &draft, once).await.map(Some),
    };
    let heard = match heard {
        Err(error) if own.is_none() => return Err(error),
        heard => heard,
    };
    let app = app.clone();
    tokio::spawn(async move {
        if let Some(own) = own {
            drop(told.send(Ok(app.seen(own).await)).await);
        }
        match heard {
            Ok(Some(mut heard)) => {
                while let Some(outcome) = heard.recv().await {
                    drop(told.send(Ok(outcome)).await);
                }
            }
            Ok(None) => {}
            Err(error) => drop(told.send(Err(error)).await),
        }
    });
    Ok(Asked { outcomes, draft, owners, at, twice })
}

/// What is still awaited, and what was seen until now.
struct UnderWay {
    outcomes: mpsc::Receiver<Told>,
    heard: usize,
    search: Option<QueryId>,
    timeline: Timeline,
    gathered: Gathered,
}

/// The answers as they come, between what stands above all of them and below.
fn answered(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
    asked: Asked,
) -> impl Stream<Item = Markup> + Send + 'static {
    let Asked { outcomes, draft, owners, at, twice } = asked;
    let links = Links::of(visitor);
    let carried = own_photographs::button(visitor, fields);
    let left_out = match draft.whom {
        Recipients::All => app.queries.not_asked(),
        Recipients::These(_) => Vec::new(),
    };
    let end = End {
        zone: visitor.zone.clone(),
        outline: Outline { near: draft.elements.near, polygon: draft.elements.polygon },
        form: form_token(visitor),
        me: visitor.agency.clone(),
        at,
        left_out,
    };
    let begun = UnderWay {
        outcomes,
        heard: 0,
        search: None,
        timeline: Timeline::default(),
        gathered: Gathered::of(owners, links),
    };
    let above = html! {
        (answers::above(fields))
        @if twice { p.notice role="status" { "You had sent this form already. Nobody was asked a second time: this is what came of it." } }
    };
    let answers = stream::unfold(Some((begun, end)), move |under_way| {
        let carried = carried.clone();
        async move {
            let (mut under_way, end) = under_way?;
            let piece = match under_way.outcomes.recv().await {
                Some(Ok(outcome)) => {
                    under_way.heard = under_way.heard.saturating_add(1);
                    under_way.timeline.add(timeline::seen(&outcome));
                    let own = outcome.owner == end.me;
                    // One's own search is none that others answered.
                    under_way.search = under_way.search.or(outcome.search.filter(|_| !own));
                    let pictures = own && outcome.reads.iter().any(|read| !read.images.is_empty());
                    html! { (under_way.gathered.heard(&outcome)) @if pictures { (carried) } }
                }
                Some(Err(error)) => {
                    html! { p.wrong role="alert" { "The others were not asked: " (error.to_string()) } }
                }
                None => return Some((ended(under_way, &end), None)),
            };
            Some((piece, Some((under_way, end))))
        }
    });
    stream::once(ready(above)).chain(answers)
}

/// What is said once everybody was heard.
struct End {
    zone: Zone,
    outline: Outline,
    form: Markup,
    me: AgencyId,
    at: Timestamp,
    left_out: Vec<NotAsked>,
}

/// All reads by time, once everybody was heard.
fn ended(mut under_way: UnderWay, end: &End) -> Markup {
    let (heard, older) = (under_way.heard, under_way.timeline.older());
    let ours = under_way.timeline.older_of(&end.me);
    let search = under_way.search.filter(|_| older > ours);
    html! {
        @if under_way.timeline.all() > 0 { (under_way.timeline.shown(&end.zone, &end.outline)) }
        @if let Some(search) = search {
            div.acts { (Turning { form: &end.form, search, at: end.at }.to(1, "Older reads")) }
        }
        @if ours > 0 { p { (ours) " older reads of ours are not on this page, and answers from our own reads are not kept: make the period shorter for them." } }
        (under_way.gathered.ended())
        (gathered::left_out(&end.left_out))
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
    let peers = peers_of(app, draft);
    let whom: Vec<&AgencyId> = own.iter().chain(&peers).collect();
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
