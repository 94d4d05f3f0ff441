//! What the HTTPS port offers: health and metrics for monitoring, and a way in for the reads of
//! sources, and what the official released to the public. Nothing here shows a read, and nobody acts
//! here but sources.
//!
//! ```text
//! GET  /healthz                        the process answers
//! GET  /readyz                         exchanges can be served, or why not
//! GET  /public/policy                  the page of the policy, where the official released it
//! GET  /public/report[.json|.csv]      the report for the public, where the official released it
//! GET  /public/report.proof.json       that its release is on record
//! GET  /metrics                        for Prometheus, with the token in tls/metrics-token
//! POST /sources/NAME/reads             a webhook: what a reader sends
//! POST /sources/NAME/TOKEN/reads       the same, for readers that know an address and nothing else
//! POST /sources/NAME/transfers?file=F  a field unit's file; answered with a signed receipt
//! ```

pub(super) mod health;
pub(super) mod metrics;
mod metrics_cache;
mod metrics_token;
mod public;
mod sending;
mod token;
mod turns;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::error::{method_not_allowed, not_found};
use crate::http::state::AppState;

pub use metrics_cache::{CachedCounts, MetricsCache};
pub use metrics_token::MetricsToken;
pub(super) use token::bearer;
pub use turns::SendingTurns;

/// What the HTTPS port offers.
pub fn router(app: Arc<AppState>) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show_to_bearer))
        .route("/public/policy", get(public::policy))
        .route("/public/report", get(public::html))
        .route("/public/report.json", get(public::json))
        .route("/public/report.csv", get(public::table))
        .route("/public/report.proof.json", get(public::proof))
        // Bodies are read as streams, a record at a time.
        .route("/sources/{name}/reads", post(sending::reads))
        .route("/sources/{name}/{token}/reads", post(sending::reads_by_address))
        .route("/sources/{name}/transfers", post(sending::transfer))
        .layer(DefaultBodyLimit::disable())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app)
}
