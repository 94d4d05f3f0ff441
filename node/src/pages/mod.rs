//! The console: pages for people who never type a command, on the HTTPS side under the `origin` of
//! `accord.toml`. Without an origin there are none.
//!
//! Every page is made here and works without a script, but for asking a security key. What a page does,
//! the API does by the same function: a page decides nothing. Who acts is said by a session ([`crate::sign_in`]), whose secret
//! stands in a cookie of this host alone; a form counts only when it comes from a page of this origin
//! and carries the token of the session.

mod account;
mod agreements;
mod answers;
mod auditing;
mod audits;
mod case;
mod devices;
mod draft;
mod enrol;
mod entries;
mod evidence;
mod fields;
mod gathered;
mod guard;
mod health;
mod holds;
mod home;
mod incident;
mod kept;
mod key;
mod log;
mod map;
mod night_desk;
mod one_line;
mod own_photographs;
mod page;
mod password;
mod people;
mod person;
mod photographs;
mod programs;
mod reconciling;
mod records;
mod releases;
mod requesting;
mod requests;
mod search;
mod search_form;
mod searches;
mod sign_in;
mod signing;
mod single_sign_on;
mod terminal;
mod timeline;
mod turning;
mod visitor;
mod zone;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{get, post};

use crate::config::Origin;
use crate::http::AppState;
use crate::http::access::Access::{Nobody, Privileged, SignedIn};
use crate::http::access::Route;

/// Largest form, in bytes.
const LARGEST_FORM: usize = 64 << 10;

const SIGNS_IN: &str = "by this people sign in";
const LOOKS: &str = "what every page is made with, also before somebody has signed in";

/// A row a page or a form: method, path, what it takes, and handler.
macro_rules! table {
    ($($method:ident $path:literal $access:expr, $handler:expr;)*) => {
        /// Every page and every form.
        pub const PAGES: &[Route] = &[
            $(Route { method: stringify!($method), path: $path, access: $access }),*
        ];

        fn routes() -> Router<Arc<AppState>> {
            Router::new()$(.route($path, $method($handler)))*
        }
    };
}

table! {
    get "/" SignedIn, home::show;
    get "/style.css" Nobody(LOOKS), page::style;
    get "/key.js" Nobody(LOOKS), key::script;
    get "/console.js" Nobody(LOOKS), page::script;
    get "/counties" Nobody(LOOKS), page::counties;
    get "/sign-in" Nobody(SIGNS_IN), sign_in::ask;
    post "/sign-in" Nobody(SIGNS_IN), sign_in::prove;
    post "/sign-in/key/challenge" Nobody(SIGNS_IN), key::ask;
    post "/sign-in/key" Nobody(SIGNS_IN), key::enter;
    get "/sign-in/with/{name}" Nobody(SIGNS_IN), single_sign_on::go;
    get "/sign-in/with/{name}/back" Nobody(SIGNS_IN), single_sign_on::back;
    post "/sign-out" SignedIn, sign_in::leave;
    get "/password" Nobody(SIGNS_IN), password::ask;
    post "/password" Nobody(SIGNS_IN), password::change;
    get "/enrol" Nobody(SIGNS_IN), enrol::ask_code;
    post "/enrol" Nobody(SIGNS_IN), enrol::show;
    post "/enrol/finish" Nobody(SIGNS_IN), enrol::finish;
    post "/enrol/key/challenge" Nobody(SIGNS_IN), key::enrolling;
    post "/enrol/key" Nobody(SIGNS_IN), key::enrol;
    post "/enrol/with" Nobody(SIGNS_IN), single_sign_on::enrol;
    get "/account" SignedIn, account::show;
    post "/account/card" Privileged, account::new_card;
    post "/account/prove" Privileged, key::proved;
    post "/account/key/challenge" SignedIn, key::binding;
    post "/account/key" Privileged, key::bind;
    post "/account/with" Privileged, single_sign_on::bind;
    post "/account/with/again" SignedIn, single_sign_on::again;
    get "/terminal" SignedIn, terminal::ask;
    post "/terminal" SignedIn, terminal::look;
    post "/terminal/approve" Privileged, terminal::approve;
    get "/search" SignedIn, search::ask;
    post "/search" SignedIn, search::run;
    post "/search/told" SignedIn, search::while_typing;
    post "/case/end" SignedIn, case::end;
    get "/searches" SignedIn, searches::list;
    post "/searches" SignedIn, searches::find;
    post "/searches/again" SignedIn, searches::again;
    post "/answers" SignedIn, searches::answers;
    post "/photographs" SignedIn, photographs::show;
    get "/releases" SignedIn, releases::list;
    post "/releases" Privileged, releases::decide;
    get "/requests" SignedIn, requests::list;
    get "/requests/one" SignedIn, requests::one;
    get "/requests/new" SignedIn, requesting::ask;
    post "/requests/new" SignedIn, requesting::submit;
    post "/requests/decide" Privileged, requests::decide;
    get "/requests/record" SignedIn, records::ask;
    post "/requests/record" Privileged, records::record;
    post "/requests/close" Privileged, records::close;
    post "/requests/sheet" SignedIn, requests::sheet;
    post "/requests/withdraw" SignedIn, requests::withdraw;
    get "/agreements" SignedIn, agreements::list;
    get "/agreements/one" SignedIn, agreements::one;
    post "/agreements/sign" Privileged, signing::sign;
    post "/agreements/notice" Privileged, agreements::give_notice;
    get "/agreements/new" SignedIn, signing::ask;
    post "/agreements/draft" SignedIn, signing::draft;
    post "/agreements/renew" SignedIn, signing::renew;
    post "/agreements/propose" Privileged, signing::propose;
    get "/people" SignedIn, people::list;
    post "/people" Privileged, people::add;
    post "/people/review" Privileged, people::review;
    get "/people/one" SignedIn, person::show;
    post "/people/train" Privileged, person::train;
    post "/people/clear" Privileged, person::clear;
    post "/people/delegate" Privileged, person::delegate;
    post "/people/delegation/end" Privileged, person::end_delegation;
    post "/people/night-desk" Privileged, person::seat;
    post "/people/night-desk/end" Privileged, person::leave_desk;
    post "/people/enable" Privileged, person::enable;
    post "/people/enrol" Privileged, people::enrol;
    post "/people/unlock" Privileged, people::unlock;
    post "/people/stop" Privileged, people::stop;
    post "/people/confirm" Privileged, people::confirm;
    get "/night-desk" SignedIn, night_desk::show;
    post "/night-desk/unlock" Privileged, night_desk::unlock;
    post "/night-desk/card" Privileged, night_desk::hand_card;
    get "/log" SignedIn, log::ask;
    post "/log" SignedIn, log::show;
    post "/log/entry" SignedIn, entries::one;
    get "/audit" SignedIn, auditing::home;
    post "/audit/open" SignedIn, audits::open;
    post "/audit/close" SignedIn, audits::close;
    post "/audit/under" SignedIn, audits::choose_one;
    post "/audit/plate" SignedIn, entries::plate;
    post "/audit/sample" SignedIn, auditing::sample;
    post "/audit/record" Privileged, auditing::record;
    post "/reports" SignedIn, auditing::report;
    get "/reconcile" SignedIn, reconciling::ask;
    post "/reconcile" SignedIn, reconciling::run;
    get "/alarms" SignedIn, reconciling::alarms;
    post "/alarms/resolve" Privileged, reconciling::resolve;
    get "/holds" SignedIn, holds::list;
    post "/holds" Privileged, holds::place;
    post "/holds/release" Privileged, holds::release;
    get "/evidence" SignedIn, evidence::ask;
    post "/evidence" SignedIn, evidence::download;
    get "/programs" SignedIn, programs::list;
    post "/programs" Privileged, programs::add;
    post "/programs/token" Privileged, programs::renew;
    post "/programs/revoke" Privileged, programs::revoke;
    get "/devices" SignedIn, devices::list;
    post "/devices" Privileged, devices::add;
    post "/devices/revoke" Privileged, devices::revoke;
    get "/health" SignedIn, health::show;
    get "/incident" SignedIn, incident::ask;
    post "/incident" SignedIn, incident::show;
}

/// The pages of a running app, reached at `origin`. What a row of [`PAGES`] takes is taken by its
/// handler: a `Visitor`, a form that was `Posted` in her session, or one by which she has `Proven`
/// lately who she is.
pub fn router(app: Arc<AppState>, origin: Origin) -> Router {
    routes()
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn_with_state(Arc::new(origin), guard::same_origin))
        .layer(map_response(guard::headers))
        .with_state(app)
}
