//! The table of contents of the API.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response_with_state;
use axum::routing::{get, post};

use super::alarms;
use super::api::{
    agreements, audit, backup, cards, clock, evidence, exports, holds, people, policy, queries,
    reads, reports, requests, sign_in, sources, status,
};
use super::error::{method_not_allowed, not_found};
use crate::http::state::AppState;

/// Largest JSON body of a request, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// The API of a running app.
pub fn router(app: Arc<AppState>) -> Router {
    Router::new()
        .route("/status", get(status::show))
        .route("/doctor", get(status::doctor))
        .route("/users", get(people::list).post(people::add))
        .route("/users/{name}/train", post(people::train))
        .route("/users/{name}/disable", post(people::disable))
        .route("/users/{name}/delegate", post(people::delegate))
        .route("/users/{name}/enrol", post(sign_in::enrol))
        .route("/users/{name}/unlock", post(sign_in::unlock))
        .route("/users/{name}/stop", post(sign_in::stop))
        .route("/users/{name}/countersign", post(sign_in::countersign))
        .route("/proposals", get(sign_in::proposals))
        .route("/proposals/{number}/confirm", post(sign_in::confirm))
        .route("/proposals/{number}/decline", post(sign_in::decline))
        .route("/authenticators", get(sign_in::authenticators))
        .route("/authenticators/card", post(sign_in::card))
        .route("/authenticators/{id}/revoke", post(sign_in::revoke))
        .route("/session", get(sign_in::session))
        .route("/sign-in", post(sign_in::begin))
        .route("/sign-in/again", post(sign_in::again))
        .route("/sign-in/enrolment", post(sign_in::enrolment))
        .route("/sign-in/enrolment/finish", post(sign_in::finish))
        .route("/sign-in/notice", get(sign_in::notice))
        .route("/sign-in/number", post(sign_in::number))
        .route("/sign-in/password", post(sign_in::password))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/cards", get(cards::list).post(cards::add))
        .route("/cards/own", get(cards::own).post(cards::reissue))
        .route("/cards/{id}/held", get(cards::held))
        .route("/cards/{id}/block", post(cards::block))
        .route("/cards/{id}/unblock", post(cards::unblock))
        .route("/cards/{id}/receipts", post(cards::extend_receipts))
        .route("/clock/accept", post(clock::accept))
        .route("/agreements", get(agreements::list).post(agreements::propose))
        .route("/agreements/prepare", post(agreements::prepare))
        .route("/agreements/import", post(agreements::import))
        .route("/proposals/refused", get(agreements::refused))
        .route("/agreements/{id}", get(agreements::show))
        .route("/agreements/{id}/to-sign", get(agreements::to_sign))
        .route("/agreements/{id}/prepare", post(agreements::prepare_recorded))
        .route("/agreements/{id}/adherence", post(agreements::adhere))
        .route("/agreements/{id}/notice", post(agreements::notice))
        .route("/policy", get(policy::show).post(policy::adopt))
        .route("/policy/explain", post(policy::explain))
        .route("/policy/page", get(policy::page))
        .route("/requests", get(requests::list).post(requests::submit))
        .route("/requests/record", post(requests::record))
        .route("/requests/{id}", get(requests::show))
        .route("/requests/{id}/sheet", get(requests::sheet))
        .route("/requests/{id}/decision", post(requests::decide))
        .route("/requests/{id}/withdraw", post(requests::withdraw))
        .route("/queries", post(queries::ask))
        .route("/queries/{id}/again", post(queries::again))
        .route("/queries/{id}/photographs", post(queries::photographs))
        .route("/audit/alarms", get(audit::alarms))
        .route("/audit/alarms/open", get(audit::open_alarms))
        .route("/audit/alarms/{number}/resolve", post(audit::resolve))
        .route("/audit/log", get(audit::log))
        .route("/audit/unseen", get(audit::unseen))
        .route("/audit/entries/{index}/envelopes", get(audit::envelopes))
        .route("/audit/entries/{index}/proof", get(exports::proof))
        .route("/audit/export", post(exports::bundle))
        .route("/audit/report", get(reports::report))
        .route("/audit/sample", post(reports::sample))
        .route("/audit/record", post(reports::record))
        .route("/audit/reconcile", post(audit::reconcile))
        .route("/holds", get(holds::list).post(holds::place))
        .route("/holds/{number}/release", post(holds::release))
        .route("/evidence", post(evidence::export))
        .route("/retention", get(holds::status).post(holds::run))
        .route("/backup", post(backup::make))
        .route("/sources", get(sources::list).post(sources::add))
        .route("/sources/{name}/token", post(sources::renew))
        .route("/sources/{name}/disable", post(sources::disable))
        .route("/reads/stats", get(reads::stats))
        .route("/reads/search", post(reads::search))
        .route("/reads/{id}/correction", post(reads::correct))
        .route("/reads/{id}/versions", get(reads::versions))
        .merge(super::open::watching())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        // The file itself is the body; it is read as a stream, a record at a time.
        .route("/reads", post(reads::import).layer(DefaultBodyLimit::disable()))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response_with_state(app.clone(), alarms::tell))
        .with_state(app)
}
