//! The Unix socket in the home.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::serve::IncomingStream;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::chosen_audit::chosen;
use super::error::ApiError;
use super::state::{App, AppState};
use crate::permission::{ActError, Principal};
use crate::reads::intake;
use crate::sign_in;
use ::sign_in::Token;
use host::home::HomeError;

/// The process at the other end of the socket.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    uid: Option<u32>,
}

impl Connected<IncomingStream<'_, UnixListener>> for Caller {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { uid: stream.io().peer_cred().ok().map(|cred| cred.uid()) }
    }
}

/// Where a request comes from, as sessions and entries name it.
pub(super) struct Source(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<ConnectInfo<Caller>>().and_then(|info| info.0.uid);
        let uid = caller.ok_or_else(|| {
            let why = "the calling process cannot be told; nothing is done".into();
            ApiError::from(ActError::refused_as("caller_unknown", Vec::new(), why))
        })?;
        Ok(Self(format!("socket, uid {uid}")))
    }
}

/// The secret of a session, where a request shows one.
fn shown(parts: &Parts) -> Option<Token> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Token::shown(token.trim()))
}

fn nobody() -> ActError {
    let why = "nobody is signed in; sign in with `accord login`";
    ActError::refused_as("not_signed_in", Vec::new(), why.into())
}

/// The secret of a session, which a request has to show.
pub(super) struct Bearer(pub(super) Token);

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self(shown(parts).ok_or_else(nobody)?))
    }
}

/// Lets a request in to its route, as the person whose session it shows, or turns it away: before
/// anything is read of what it brings.
pub(super) async fn admit(State(app): App, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match admitted(&app, &mut parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(error) => {
            // Whoever is still sending is heard out, and hears why.
            drop(intake::body(body));
            error.into_response()
        }
    }
}

async fn admitted(app: &AppState, parts: &mut Parts) -> Result<(), ApiError> {
    let access = parts.extensions.get().copied().unwrap_or(Access::Privileged);
    if matches!(access, Access::Nobody(_)) {
        return Ok(());
    }
    let Source(source) = Source::from_request_parts(parts, app).await?;
    let Bearer(token) = Bearer::from_request_parts(parts, app).await?;
    let (by, session) = sign_in::principal(&app.sign_in, &token, &source).await?;
    if access == Access::Privileged {
        sign_in::proved_lately(&session, app.context.agency.clock.now())?;
    }
    parts.extensions.insert(Principal { audit: chosen(&parts.headers)?, ..by });
    Ok(())
}

/// Who was let in. At a route that takes nobody, nobody is.
impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(parts.extensions.get().cloned().ok_or_else(nobody)?)
    }
}

/// Opens the socket, for its owner alone. A socket left by a node that crashed is taken over: the
/// caller holds the home's lock.
///
/// # Errors
/// When it cannot be made.
pub fn listen(path: &Path) -> Result<UnixListener, HomeError> {
    let file = |error: std::io::Error| HomeError::File { path: path.to_owned(), error };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(file)?;
    // The home is 0700, so nobody could connect between the two steps.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(file)?;
    Ok(listener)
}

/// Serves until `stop`, finishing what is in flight.
pub async fn serve(listener: UnixListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<Caller>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the socket is no longer served");
    }
}
