//! One's own reads with their photographs: searched again, and logged as any search, for what is looked at is
//! an access of its own.

use std::collections::HashMap;
use std::sync::Arc;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, Stream, StreamExt as _};
use maud::{Markup, html};
use schemas::draft::Draft;
use schemas::read::Read;

use super::fields::{FORM_OF, Fields};
use super::page::{Shown, form_token, streamed};
use super::photographs::{compare, section};
use super::visitor::Visitor;
use super::zone::Zone;
use crate::http::AppState;
use store::photographs::Images;

/// Most reads whose photographs one page shows.
const MOST: usize = 12;

/// The way to the photographs of one's own reads: the same search, once more.
pub(super) fn button(visitor: &Visitor, fields: &Fields) -> Markup {
    html! {
        form.inline method="post" action="/search" {
            (form_token(visitor))
            @for (name, value) in fields.but(&["form", FORM_OF, "once", "do", "images", "to", "all", "line"]) { input type="hidden" name=(name) value=(value); }
            input type="hidden" name="images" value="1";
            button type="submit" name="do" value="photographs" { "Look at our photographs" }
        }
    }
}

pub(super) async fn show(app: &Arc<AppState>, visitor: &Visitor, draft: &Draft) -> Response {
    match app.search_own(&visitor.by, draft).await {
        Ok(found) if found.reasons.is_empty() => {
            let mut reads = found.reads;
            reads.sort_by_key(|read| std::cmp::Reverse(read.at));
            let all = reads.len();
            reads.retain(|read| !read.images.is_empty());
            reads.truncate(MOST);
            let images = app.context.photographs.clone();
            let pieces = page(reads, all, images, visitor.zone.clone());
            streamed("Our photographs", visitor, pieces)
        }
        Ok(refused) => {
            let body = html! {
                p.bad { "Our own policy does not permit it" }
                ul { @for reason in &refused.reasons { li { (reason.message) } } }
            };
            visitor.page(Shown::new("Our photographs", body))
        }
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

fn page(
    reads: Vec<Read>,
    all: usize,
    images: Images,
    zone: Zone,
) -> impl Stream<Item = Markup> + Send + 'static {
    let shown = reads.len();
    let above = html! {
        (compare())
        p { "The newest " (shown) " of " (all) " reads that have photographs." }
    };
    let sections = stream::iter((1..).zip(reads)).then(move |(number, read)| {
        let (images, zone) = (images.clone(), zone.clone());
        async move {
            let mut all = HashMap::new();
            for image in &read.images {
                let fetched = images.fetch(image.digest).await;
                let data = match fetched {
                    Ok(Ok(bytes)) => Ok(STANDARD.encode(bytes)),
                    Ok(Err(flaw)) => Err(format!("it is {}", flaw.words())),
                    Err(_) => Err("it cannot be read now".into()),
                };
                all.insert(image.digest, data);
            }
            section(number, &read, &all, &zone)
        }
    });
    stream::iter([above]).chain(sections)
}
