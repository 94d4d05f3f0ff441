//! Searching: the form, what each policy would say of it, and the answers as they come.

use std::future::ready;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use futures::stream::{self, Stream, StreamExt as _};
use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::draft::{Draft, Recipients};
use tokio::sync::mpsc;

use super::answers;
use super::draft::{drafted, form};
use super::fields::Fields;
use super::page::{Shown, citations, streamed, when};
use super::visitor::{Posted, Visitor};
use crate::admin::policy::{Explain, Explained, explain};
use crate::exchange::ask::QueryOutcome;
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// Agencies that may be asked, with their names.
fn owners(app: &AppState) -> Vec<(AgencyId, String)> {
    let state = app.context.agency.registry.state();
    let giving = app.queries.giving_authority(&state);
    let named = |id| Some((state.peers.get(&id)?.card.value.name.to_string(), id));
    giving.into_iter().filter_map(named).map(|(name, id)| (id, name)).collect()
}

pub(super) async fn ask(State(app): App, visitor: Visitor, filled: Fields) -> Response {
    let body = form(&visitor, &filled, &owners(&app));
    visitor.page(Shown::new("Search", body))
}

pub(super) async fn run(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let now = app.context.agency.clock.now();
    let draft = match drafted(&fields, &visitor, now) {
        Ok(draft) => draft,
        Err(error) => return visitor.page(again(&app, &visitor, &fields, &error.to_string())),
    };
    if fields.get("do") == "explain" {
        let told = told(&app, &visitor, &fields, &draft).await;
        let body = html! { (told) h2 { "Your search" } (form(&visitor, &fields, &owners(&app))) };
        return visitor.page(Shown::new("What would be decided", body));
    }
    if peers_of(&draft).is_empty() && !fields.has("own") {
        return visitor.page(again(&app, &visitor, &fields, "say whom to ask: tick one box"));
    }
    match asked(&app, &visitor, &fields, &draft).await {
        Ok(outcomes) => streamed("Answers", &visitor, answered(&visitor, &fields, outcomes)),
        Err(error) => visitor.page(again(&app, &visitor, &fields, &error.to_string())),
    }
}

/// The agencies that are to be asked.
fn peers_of(draft: &Draft) -> &[AgencyId] {
    match &draft.whom {
        Recipients::These(peers) => peers,
        Recipients::All => &[],
    }
}

/// The form again, with what has to be mended above it.
fn again(app: &AppState, visitor: &Visitor, fields: &Fields, said: &str) -> Shown {
    let body = html! {
        p.wrong role="alert" { (said) }
        (form(visitor, fields, &owners(app)))
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
        false => app.ask_peers(&visitor.by, draft).await.map(Some),
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

/// The answers as they come, between what stands above all of them and below.
fn answered(
    visitor: &Visitor,
    fields: &Fields,
    outcomes: mpsc::Receiver<Told>,
) -> impl Stream<Item = Markup> + Send + 'static {
    let links = answers::Links::of(visitor);
    let answers = stream::unfold(Some((outcomes, 0usize)), move |under_way| {
        let links = links.clone();
        async move {
            let (mut outcomes, heard) = under_way?;
            let (piece, heard) = match outcomes.recv().await {
                Some(Ok(outcome)) => (answers::one(&outcome, &links), heard.saturating_add(1)),
                Some(Err(error)) => {
                    let why = error.to_string();
                    let said =
                        html! { p.wrong role="alert" { "The others were not asked: " (why) } };
                    (said, heard)
                }
                None => return Some((answers::below(heard), None)),
            };
            Some((piece, Some((outcomes, heard))))
        }
    });
    stream::once(ready(answers::above(fields))).chain(answers)
}

/// What each policy would say, before anything is sent.
async fn told(app: &AppState, visitor: &Visitor, fields: &Fields, draft: &Draft) -> Markup {
    let me = &app.context.agency.id;
    let mut all = Vec::new();
    let own = fields.has("own").then(|| me.clone());
    for owner in own.iter().chain(peers_of(draft)) {
        let wanted = Explain { owner: owner.clone(), from: None, at: None, draft: draft.clone() };
        all.push((owner.clone(), explain(&app.context.agency, &visitor.by, &wanted).await));
    }
    html! {
        @for (owner, explained) in &all {
            h2 { (owner.as_str()) }
            @match explained {
                Ok(explained) => { (decided(explained)) }
                Err(error) => { p.wrong { (error.to_string()) } }
            }
        }
        @if all.is_empty() { p { "Tick whom to ask." } }
    }
}

fn decided(explained: &Explained) -> Markup {
    let Explained { decision, policy, scope, reasons, own_reasons, notice, .. } = explained;
    html! {
        @if *decision == "permit" {
            p.good { "Would be answered, by " (policy) "." }
            @if let Some(scope) = scope {
                p { "Reads from " (when(scope.from)) " to " (when(scope.until)) ", at most " (scope.limit) "." }
                @for cut in &scope.cuts {
                    p.notice { "Less than you ask for: " (cut.message) (citations(&cut.citations)) }
                }
            }
        } @else {
            p.bad { "Would be refused." }
        }
        @for (whose, reasons) in [("Our own policy", own_reasons), (policy.as_str(), reasons)] {
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
