//! The Unix socket in the home.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::serve::IncomingStream;
use schemas::query::UserName;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use super::privileged::is_privileged;
use super::state::AppState;
use crate::permission::{ActError, Principal};
use crate::sign_in::{self, SignIn};
use ::sign_in::Token;
use host::home::HomeError;

/// The header that names the user who acts.
pub const USER_HEADER: &str = "accord-user";

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

/// The secret of a session, which a request has to show.
pub(super) struct Bearer(pub(super) Token);

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let why = "nobody is signed in; sign in with `accord login`";
        let nobody = || ActError::refused_as("not_signed_in", Vec::new(), why.into());
        Ok(Self(shown(parts).ok_or_else(nobody)?))
    }
}

impl FromRequestParts<Arc<AppState>> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let Source(source) = Source::from_request_parts(parts, app).await?;
        if let Some(token) = shown(parts) {
            let (by, session) = sign_in::principal(&app.sign_in, &token, &source).await?;
            let path = parts.uri.path();
            let now = app.context.agency.clock.now();
            if is_privileged(&parts.method, path) && !session.may_be_privileged(now) {
                let why = "this takes that you prove again who you are; do so with `accord login --again`";
                return Err(ActError::refused_as("prove_again", Vec::new(), why.into()).into());
            }
            return Ok(by);
        }
        let unfit = |code, why: String| ApiError::from(ActError::usage_as(code, why));
        let name = parts
            .headers
            .get(USER_HEADER)
            .and_then(|value| value.to_str().ok())
            .filter(|name| !name.is_empty())
            .ok_or_else(|| {
                unfit("user_not_named", "name the user who acts with --as or $ACCORD_USER".into())
            })?;
        let user: UserName = name.parse().map_err(|e| unfit("user_invalid", format!("{e}")))?;
        let state = app.context.agency.registry.state();
        if SignIn::acts_by_authenticators(&state, &user) {
            let why = format!(
                "`{user}` acts by what she signs in with; sign in with `accord login {user}`"
            );
            return Err(ActError::refused_as("not_signed_in", Vec::new(), why).into());
        }
        Ok(Self { user, auth: source })
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
