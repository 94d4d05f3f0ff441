//! The evidence package of a case, downloaded: the same bag of files as `accord evidence export` writes, as
//! one archive.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use maud::{Markup, html};
use schemas::text::Text;

use super::fields::Fields;
use super::page::{Shown, form_token, line};
use super::visitor::{Posted, Visitor};
use crate::auditing::evidence::{Package, tape};
use crate::http::AppState;
use crate::permission::ActError;
use store::photographs::Images;

type App = State<Arc<AppState>>;

pub(super) async fn ask(visitor: Visitor) -> Response {
    visitor.page(asking(&visitor, &Fields::default(), None))
}

fn asking(visitor: &Visitor, fields: &Fields, said: Option<&str>) -> Shown {
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        p { "All that this node holds of a case leaves it as one package: our reads and those that were received, photographs, the entries of the log that say how they came, and a signature. That it is made is on record, and it takes who may ask for all of it." }
        form method="post" action="/evidence" {
            (form_token(visitor))
            (line("case", "Case number", "", fields.get("case"), true))
            p.acts { button.first type="submit" { "Download the package" } }
        }
        p.quiet { "It is an archive (tar) of a folder; " code { "HOW-TO-CHECK.txt" } " in it tells how anybody checks it without a node. Once it is booked into evidence, put its number on record with " code { "accord evidence booked" } "." }
    };
    Shown::new("Evidence", body)
}

/// One press makes the package of a case.
pub(super) fn button(case: &Text, visitor: &Visitor) -> Markup {
    html! {
        @if !case.is_empty() {
            form.inline method="post" action="/evidence" {
                (form_token(visitor))
                input type="hidden" name="case" value=(case.as_str());
                button type="submit" { "Evidence package of the case" }
            }
        }
    }
}

pub(super) async fn download(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let made = async {
        let case: Text = fields.needed("case", "Case number")?;
        let package = app.evidence(&visitor.by, &case).await?;
        Ok::<_, ActError>((tape::folder(&case), package))
    };
    match made.await {
        Ok((folder, package)) => visitor.respond(archive(&folder, package, &app)),
        Err(error) => visitor.page(asking(&visitor, &fields, Some(&error.to_string()))),
    }
}

/// The files of a package as they leave. One that cannot be read breaks the download off, so that nobody
/// takes what is there for the whole.
fn archive(folder: &str, package: Package, app: &AppState) -> Response {
    let Package { files, photographs, .. } = package;
    let (images, at) = (app.context.photographs.clone(), app.context.agency.clock.now());
    let entry = {
        let folder = folder.to_owned();
        move |path: &str, bytes: &[u8]| tape::file(&folder, path, bytes, at)
    };
    let written = {
        let entry = entry.clone();
        files.into_iter().map(move |(path, bytes)| entry(&path, &bytes)).collect::<Vec<_>>()
    };
    let pictured = stream::iter(photographs).then(move |(path, photo)| {
        let (images, entry): (Images, _) = (images.clone(), entry.clone());
        async move {
            let bytes = images.fetch(photo.digest).await?;
            let bytes = bytes.map_err(|flaw| {
                ActError::failed(format!("photograph {} is {}", photo.digest, flaw.words()))
            })?;
            entry(&path, &bytes)
        }
    });
    let whole = stream::iter(written)
        .chain(pictured)
        .chain(stream::once(async { Ok(tape::END.to_vec()) }))
        .map_ok(Bytes::from)
        .map_err(|error| {
            tracing::error!(%error, "an evidence package broke off");
            std::io::Error::other(error.to_string())
        });
    let name = format!("attachment; filename=\"{folder}.tar\"");
    let mut response = Body::from_stream(whole).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    response
}
