//! The table of contents of the API: every route, and what it takes of whoever asks.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::routing::{get, post};
use axum::{Extension, Router};

use super::access::Access::{Nobody, Privileged, SignedIn};
use super::access::{Alone, Offered, Route};
use super::alarms;
use super::api::{
    agreements, audit, audits, backup, cards, clock, devices, duties, evidence, exports, holds,
    incidents, night_desk, people, policy, program_sessions, programs as program_list, public,
    queries, reads, records, reports, requests, sign_in, sources, status,
};
use super::error::{method_not_allowed, not_found};
use super::open::{health, metrics};
use super::openapi;
use super::programs::{self, admit_program};
use super::socket::admit;
use crate::http::state::AppState;
use schemas::program::ProgramScope;

/// Largest JSON body of a request, in bytes.
const LARGEST_BODY: usize = 1 << 20;

const SERVES: &str = "whether and how the node serves, for whoever operates it and for timers";
const COUNTS: &str = "counts without a plate, a name or a reason, for monitoring on this machine";
const SIGNS_IN: &str = "by this people sign in";
const ALARMS: &str = "no command passes over an open alarm, whoever runs it";
const PROVES: &str = "whoever asks proves who she is in the same request";
const TOKEN: &str = "it shows the token of the session that it is about";

/// A row a route: method, path, access, what programs are offered it as part of, handler, and what stands in
/// the place of the bound of a body.
macro_rules! table {
    ($($method:ident $path:literal $access:expr $(=> $scope:ident)?, $handler:expr
        $(, $limit:expr)?;)*) => {
        /// Every route.
        pub const ROUTES: &[Route] = &[
            $(Route { method: stringify!($method), path: $path, access: $access }),*
        ];

        fn routes(app: &Arc<AppState>) -> Router<Arc<AppState>> {
            Router::new()$(.route(
                $path,
                $method($handler)
                    $(.layer($limit))?
                    .route_layer(from_fn_with_state(app.clone(), admit))
                    .route_layer(Extension($access)),
            ))*
        }

        /// The routes that programs are offered too.
        pub const OFFERED: &[Offered] = &[
            $($(Offered {
                method: stringify!($method),
                path: $path,
                scope: ProgramScope::$scope,
            },)?)*
        ];

        fn offered(app: &Arc<AppState>) -> Router<Arc<AppState>> {
            Router::new()$($(.route(
                $path,
                $method($handler)
                    .route_layer(from_fn_with_state(app.clone(), programs::admit))
                    .route_layer(Extension(ProgramScope::$scope)),
            ))?)*
        }
    };
}

table! {
    get "/status" Nobody(SERVES), status::show;
    get "/doctor" Nobody(SERVES), status::doctor;
    get "/users" SignedIn, people::list;
    post "/users" Privileged, people::add;
    post "/users/{name}/train" Privileged, people::train;
    get "/users/{name}/attesting" SignedIn, people::attesting;
    post "/users/{name}/attest" Privileged, people::attest;
    post "/users/{name}/clear" Privileged, people::clear;
    post "/users/{name}/disable" Privileged, people::disable;
    post "/users/{name}/enable" Privileged, people::enable;
    post "/users/{name}/review" Privileged, people::review;
    post "/users/{name}/suspend" Privileged, people::suspend;
    post "/users/{name}/delegate" Privileged, people::delegate;
    post "/users/{name}/delegation/end" Privileged, people::end_delegation;
    post "/users/{name}/enrol" Privileged, sign_in::enrol;
    post "/users/{name}/unlock" Privileged, sign_in::unlock;
    post "/users/{name}/card" Privileged, night_desk::card;
    post "/users/{name}/night-desk" Privileged, night_desk::seat;
    post "/users/{name}/night-desk/end" Privileged, night_desk::end;
    post "/users/{name}/countersign" Privileged, sign_in::countersign;
    get "/proposals" SignedIn, sign_in::proposals;
    post "/proposals/{number}/confirm" Privileged, sign_in::confirm;
    post "/proposals/{number}/decline" Privileged, sign_in::decline;
    get "/authenticators" SignedIn, sign_in::authenticators;
    post "/authenticators/card" Privileged, sign_in::card;
    post "/authenticators/{id}/revoke" Privileged, sign_in::revoke;
    get "/session" Nobody(TOKEN), sign_in::session;
    post "/sign-in" Nobody(SIGNS_IN), sign_in::begin;
    post "/sign-in/again" Nobody(TOKEN), sign_in::again;
    post "/sign-in/enrolment" Nobody(SIGNS_IN), sign_in::enrolment;
    post "/sign-in/enrolment/finish" Nobody(SIGNS_IN), sign_in::finish;
    get "/sign-in/notice" Nobody(SIGNS_IN), sign_in::notice;
    post "/sign-in/password" Nobody(SIGNS_IN), sign_in::password;
    post "/sign-in/terminal" Nobody(SIGNS_IN), sign_in::begin_terminal;
    post "/sign-in/terminal/finish" Nobody(SIGNS_IN), sign_in::finish_terminal;
    post "/sign-out" Nobody(TOKEN), sign_in::sign_out;
    get "/cards" SignedIn, cards::list;
    post "/cards" Privileged, cards::add;
    get "/cards/own" SignedIn, cards::own;
    post "/cards/own" Privileged, cards::reissue;
    get "/cards/{id}/held" SignedIn, cards::held;
    post "/cards/{id}/block" Privileged, cards::block;
    post "/cards/{id}/unblock" Privileged, cards::unblock;
    post "/cards/{id}/receipts" Privileged, cards::extend_receipts;
    post "/clock/accept" Nobody(PROVES), clock::accept;
    get "/agreements" SignedIn, agreements::list;
    post "/agreements" Privileged, agreements::propose;
    post "/agreements/prepare" SignedIn, agreements::prepare;
    post "/agreements/import" Privileged, agreements::import;
    get "/proposals/refused" SignedIn, agreements::refused;
    get "/agreements/{id}" SignedIn, agreements::show;
    get "/agreements/{id}/to-sign" SignedIn, agreements::to_sign;
    post "/agreements/{id}/prepare" SignedIn, agreements::prepare_recorded;
    post "/agreements/{id}/adherence" Privileged, agreements::adhere;
    post "/agreements/{id}/notice" Privileged, agreements::notice;
    get "/policy" SignedIn, policy::show;
    post "/policy" Privileged, policy::adopt;
    post "/policy/explain" SignedIn => Explain, policy::explain;
    get "/policy/page" SignedIn, policy::page;
    get "/policy/of/{id}" SignedIn, policy::of_peer;
    get "/public/report" SignedIn, public::report;
    post "/public/release" Privileged, public::release;
    post "/public/withdraw" Privileged, public::withdraw;
    get "/requests" SignedIn => Requests, requests::list;
    post "/requests" SignedIn => Requests, requests::submit;
    post "/requests/record" Privileged, requests::record;
    post "/requests/{id}/close" Privileged, requests::close;
    get "/requests/{id}" SignedIn => Requests, requests::show;
    get "/requests/{id}/sheet" SignedIn, requests::sheet;
    post "/requests/{id}/decision" Privileged, requests::decide;
    post "/requests/{id}/withdraw" SignedIn => Requests, requests::withdraw;
    post "/queries/past" SignedIn => Ask, queries::list;
    get "/queries/{id}" SignedIn => Ask, queries::show;
    post "/queries" SignedIn => Ask, queries::ask;
    get "/releases" SignedIn, queries::releases;
    post "/queries/{id}/release" Privileged, queries::release;
    post "/queries/{id}/again" SignedIn => Ask, queries::again;
    post "/queries/{id}/photographs" SignedIn => Ask, queries::photographs;
    get "/audit/alarms" SignedIn, audit::alarms;
    get "/audit/alarms/open" Nobody(ALARMS), audit::open_alarms;
    post "/audit/alarms/{number}/resolve" Privileged, audit::resolve;
    get "/audits" SignedIn => Audit, audits::list;
    post "/audits" SignedIn => Audit, audits::open;
    post "/audits/{audit}/close" SignedIn => Audit, audits::close;
    post "/audit/log" SignedIn => Audit, audit::log;
    post "/audit/plate" SignedIn => Audit, audit::who_saw;
    get "/audit/entries/{index}" SignedIn => Audit, audit::entry;
    get "/audit/unseen" SignedIn, audit::unseen;
    get "/audit/entries/{index}/envelopes" SignedIn, audit::envelopes;
    get "/audit/entries/{index}/proof" SignedIn, exports::proof;
    post "/audit/export" SignedIn, exports::bundle;
    get "/audit/report" SignedIn => Audit, reports::report;
    post "/audit/incident" SignedIn, incidents::report;
    post "/audit/incident/told" Privileged, incidents::told;
    post "/audit/sample" SignedIn, reports::sample;
    post "/audit/record" Privileged, reports::record;
    post "/audit/reconcile" SignedIn, audit::reconcile;
    post "/audit/explain" Privileged, audit::explain;
    get "/waiting" SignedIn => Ask, status::waiting;
    get "/holds" SignedIn, holds::list;
    post "/holds" Privileged, holds::place;
    post "/holds/{number}/release" Privileged, holds::release;
    get "/duties" SignedIn, duties::list;
    post "/duties" Privileged, duties::record;
    post "/evidence" SignedIn, evidence::export;
    post "/evidence/booked" SignedIn, duties::book;
    get "/retention" SignedIn, holds::status;
    post "/retention" Privileged, holds::run;
    post "/backup" Privileged, backup::make;
    get "/sources" SignedIn, sources::list;
    post "/sources" Privileged, sources::add;
    post "/sources/{name}/token" Privileged, sources::renew;
    post "/sources/{name}/disable" Privileged, sources::disable;
    post "/sources/{name}/withdrawal" Privileged, sources::withdraw;
    get "/programs" SignedIn, program_list::list;
    post "/programs" Privileged, program_list::add;
    get "/programs/{name}/may" SignedIn, program_list::may;
    post "/programs/{name}/token" Privileged, program_list::renew;
    post "/programs/{name}/certificate" Privileged, program_list::certificate;
    post "/programs/{name}/revoke" Privileged, program_list::revoke;
    get "/devices" SignedIn, devices::list;
    post "/devices" Privileged, devices::add;
    post "/devices/{name}/revoke" Privileged, devices::revoke;
    get "/reads/stats" SignedIn, reads::stats;
    post "/reads/search" SignedIn => Ask, reads::search;
    post "/reads/{id}/correction" Privileged, reads::correct;
    get "/reads/{id}/versions" SignedIn, reads::versions;
    post "/reads" SignedIn => Import, reads::import, DefaultBodyLimit::disable();
    get "/healthz" Nobody(SERVES), health::alive;
    get "/readyz" Nobody(SERVES), health::ready;
    get "/metrics" Nobody(COUNTS), metrics::show;
}

/// As the table above, of what a program is offered without a person, or shows hers itself for.
macro_rules! alone {
    ($($method:ident $path:literal $(=> $scope:ident)?, $handler:expr;)*) => {
        /// The routes that programs are offered without a person.
        pub const ALONE: &[Alone] = &[
            $(Alone {
                method: stringify!($method),
                path: $path,
                scope: [$(Some(ProgramScope::$scope),)? None][0],
            }),*
        ];

        fn alone(app: &Arc<AppState>) -> Router<Arc<AppState>> {
            Router::new()$(.route(
                $path,
                $method($handler)
                    .route_layer(from_fn_with_state(app.clone(), admit_program))
                    $(.route_layer(Extension(ProgramScope::$scope)))?,
            ))*
        }
    };
}

alone! {
    post "/session", program_sessions::begin;
    get "/session", program_sessions::session;
    post "/session/finish", program_sessions::finish;
    get "/session/notice", sign_in::notice;
    post "/session/provider", program_sessions::by_provider;
    post "/sign-out", program_sessions::sign_out;
    get "/records" => Records, records::page;
}

/// What programs are offered, below `/api/v1` of the HTTPS side.
pub fn programs_router(app: Arc<AppState>) -> Router {
    let v1 = alone(&app)
        .merge(offered(&app))
        // The same for every node, it says nothing of this one.
        .route("/openapi.json", get(openapi::document))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response_with_state(app.clone(), alarms::tell));
    Router::new().nest("/api/v1", v1).with_state(app)
}

/// The API of a running app.
pub fn router(app: Arc<AppState>) -> Router {
    routes(&app)
        .layer(Extension(OFFERED))
        .layer(Extension(ALONE))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response_with_state(app.clone(), alarms::tell))
        .with_state(app)
}
