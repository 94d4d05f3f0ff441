//! The console: pages for people who never type a command, on the HTTPS side under the `origin` of
//! `accord.toml`. Without an origin there are none.
//!
//! Every page is made here and works without a script. What a page does, the API does by the same
//! function: a page decides nothing. Who acts is said by a session ([`crate::sign_in`]), whose secret
//! stands in a cookie of this host alone; a form counts only when it comes from a page of this origin
//! and carries the token of the session.

mod agreements;
mod answers;
mod draft;
mod enrol;
mod fields;
mod guard;
mod home;
mod log;
mod page;
mod people;
mod requests;
mod search;
mod sign_in;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{get, post};

use crate::config::Origin;
use crate::http::AppState;

/// Largest form, in bytes.
const LARGEST_FORM: usize = 64 << 10;

/// The pages of a running app, reached at `origin`.
pub fn router(app: Arc<AppState>, origin: Origin) -> Router {
    Router::new()
        .route("/", get(home::show))
        .route("/style.css", get(page::style))
        .route("/sign-in", get(sign_in::ask).post(sign_in::prove))
        .route("/sign-out", post(sign_in::leave))
        .route("/enrol", get(enrol::ask_code).post(enrol::show))
        .route("/enrol/finish", post(enrol::finish))
        .route("/search", get(search::ask).post(search::run))
        .route("/requests", get(requests::list))
        .route("/requests/one", get(requests::one))
        .route("/requests/new", get(requests::ask).post(requests::submit))
        .route("/requests/decide", post(requests::decide))
        .route("/agreements", get(agreements::list))
        .route("/agreements/one", get(agreements::one))
        .route("/people", get(people::list))
        .route("/people/enrol", post(people::enrol))
        .route("/people/unlock", post(people::unlock))
        .route("/people/stop", post(people::stop))
        .route("/people/confirm", post(people::confirm))
        .route("/log", get(log::ask).post(log::show))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn_with_state(Arc::new(origin), guard::same_origin))
        .layer(map_response(guard::headers))
        .with_state(app)
}
