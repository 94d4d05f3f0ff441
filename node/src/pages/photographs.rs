//! An answer with its photographs: each read with what its camera saw, beside the letters that its reader
//! made of it. Looking again, and at photographs, are entries of their own.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use futures::stream::{self, Stream};
use maud::{Markup, html};
use schemas::answer::Withheld;
use schemas::digest::Digest;
use schemas::image::{Image, View};
use schemas::query::QueryId;
use schemas::read::Read;

use super::page::{Shown, streamed, when};
use super::visitor::Posted;
use crate::exchange::ask::{QueryOutcome, Saved};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

pub(super) async fn show(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let shown = async {
        let id: QueryId = fields.needed("id", "Query")?;
        let heard = app.queries.ask_again(id, &visitor.by).await?;
        let mut coming = app.queries.photographs(id, &visitor.by).await?;
        let mut all = HashMap::new();
        while let Some(one) = coming.recv().await {
            all.insert(one.photograph.digest, one);
        }
        Ok::<_, ActError>((heard, all))
    };
    match shown.await {
        Ok((heard, all)) => {
            let title = format!("Photographs of {}", heard.owner.as_str());
            streamed(&title, &visitor, page(heard, all))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

/// Each read with its photographs, the newest first.
fn page(heard: QueryOutcome, all: HashMap<Digest, Saved>) -> impl Stream<Item = Markup> {
    let mut reads = heard.reads;
    reads.sort_by_key(|read| std::cmp::Reverse(read.at));
    let above = html! {
        p.verify { strong { "Compare each letter with the photograph: " } "a reader may have seen another plate than there is." }
    };
    let sections = (1..).zip(reads).map(move |(number, read)| section(number, &read, &all));
    stream::iter([above].into_iter().chain(sections))
}

fn section(number: usize, read: &Read, all: &HashMap<Digest, Saved>) -> Markup {
    html! {
        section aria-label={ "Read " (number) } {
            h2 {
                span.plate { (read.plate.to_string()) }
                @if let Some(state) = &read.plate_state { " " (state.to_string()) }
            }
            p { (when(read.at)) ", " (read.camera.as_str()) }
            @if read.images.is_empty() { p.quiet { "It has no photograph." } }
            div.strip { @for image in &read.images { (photograph(read, image, all.get(&image.digest))) } }
        }
    }
}

const fn named(view: View) -> &'static str {
    match view {
        View::Plate => "the plate",
        View::Context => "the vehicle",
    }
}

fn photograph(read: &Read, image: &Image, saved: Option<&Saved>) -> Markup {
    let what = named(image.view);
    html! {
        figure {
            @match saved.and_then(|saved| saved.data.as_ref()) {
                Some(data) => {
                    img src={ "data:" (image.media.name()) ";base64," (data) }
                        alt={ (what) " of the read of " (read.plate.to_string()) " at " (when(read.at)) };
                }
                None => { p.bad { (why_not(saved)) } }
            }
            figcaption { (what) }
        }
    }
}

/// Why a photograph is not shown.
fn why_not(saved: Option<&Saved>) -> &'static str {
    let Some(saved) = saved else { return "not sent: the answer carries only so many" };
    match (saved.photograph.withheld, &saved.flaw) {
        (Some(Withheld::Missing), _) => "its owner has it no longer",
        (Some(Withheld::Altered), _) => "what its owner has is not what was recorded",
        (None, _) => "the copy that was kept here is gone, or is not what came",
    }
}
