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

use super::page::{Shown, streamed};
use super::visitor::Posted;
use super::zone::Zone;
use crate::exchange::ask::{QueryOutcome, Saved};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// Photographs as base64, or in words why there is none.
pub(super) type Photographs = HashMap<Digest, Result<String, String>>;

pub(super) async fn show(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let shown = async {
        let id: QueryId = fields.needed("id", "Query")?;
        let heard = app.queries.ask_again(id, &visitor.by).await?;
        let mut coming = app.queries.photographs(id, &visitor.by).await?;
        let mut all = HashMap::new();
        while let Some(one) = coming.recv().await {
            all.insert(one.photograph.digest, data(one));
        }
        Ok::<_, ActError>((heard, all))
    };
    match shown.await {
        Ok((heard, all)) => {
            let title = format!("Photographs of {}", heard.owner.as_str());
            streamed(&title, &visitor, page(heard, all, visitor.zone.clone()))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

/// What is said above photographs.
pub(super) fn compare() -> Markup {
    html! {
        p.verify { strong { "Compare each letter with the photograph: " } "a reader may have seen another plate than there is." }
    }
}

/// Each read with its photographs, the newest first.
fn page(heard: QueryOutcome, all: Photographs, zone: Zone) -> impl Stream<Item = Markup> {
    let mut reads = heard.reads;
    reads.sort_by_key(|read| std::cmp::Reverse(read.at));
    let sections = (1..).zip(reads).map(move |(number, read)| section(number, &read, &all, &zone));
    stream::iter([compare()].into_iter().chain(sections))
}

/// One read: what its camera saw beside what its reader made of it.
pub(super) fn section(number: usize, read: &Read, all: &Photographs, zone: &Zone) -> Markup {
    html! {
        section.sighting aria-label={ "Read " (number) } {
            h2 {
                span.plate { (read.plate.to_string()) }
                @if let Some(state) = &read.plate_state { " " (state.to_string()) }
            }
            p { (zone.when(read.at)) ", " bdi { (read.camera.as_str()) } }
            @if read.images.is_empty() { p.quiet { "It has no photograph." } }
            div.strip { @for image in &read.images { (photograph(read, image, all.get(&image.digest), zone)) } }
        }
    }
}

const fn named(view: View) -> &'static str {
    match view {
        View::Plate => "the plate",
        View::Context => "the vehicle",
    }
}

fn photograph(
    read: &Read,
    image: &Image,
    data: Option<&Result<String, String>>,
    zone: &Zone,
) -> Markup {
    let what = named(image.view);
    html! {
        figure {
            @match data {
                Some(Ok(data)) => {
                    img src={ "data:" (image.media.name()) ";base64," (data) }
                        alt={ (what) " of the read of " (read.plate.to_string()) " at " (zone.when(read.at)) };
                }
                Some(Err(why)) => { p.bad { (why) } }
                None => { p.bad { "not sent: the answer carries only so many" } }
            }
            figcaption { (what) }
        }
    }
}

/// A photograph of an answer, or why there is none.
fn data(saved: Saved) -> Result<String, String> {
    match (saved.data, saved.photograph.withheld) {
        (Some(data), _) => Ok(data),
        (None, Some(Withheld::Missing)) => Err("its owner has it no longer".into()),
        (None, Some(Withheld::Altered)) => {
            Err("what its owner has is not what was recorded".into())
        }
        (None, None) => Err("the copy that was kept here is gone, or is not what came".into()),
    }
}
