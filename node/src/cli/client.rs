//! The command line as a client of the running node, over the socket in its home.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::http1;
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use schemas::query::UserName;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use super::alarmed::Alarmed;
use super::audits::Under;
use super::case;
use super::output::err;
use super::session_file::SessionFiles;
use crate::admin::open_case::OpenCase;
use crate::http::alarms::Open;
use crate::http::chosen_audit::AUDIT;
use crate::http::problem::Problem;
use crate::permission::{ActError, Principal};
use crate::sign_in::{SignIn, principal, proved_lately};
use ::sign_in::Token;
use audit_log::clock::Clock;
use host::home::{Home, HomeError};

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

/// A client of the node in a home.
#[derive(Clone)]
pub(super) struct Client {
    home: PathBuf,
    user: Option<UserName>,
    /// The secret of a session, where somebody is signed in.
    token: Option<Zeroizing<String>>,
    /// Why it cannot be told whether somebody is.
    unknown: Option<ActError>,
    /// Under which of the person's open audits she looks, where she said so.
    audit: Option<u64>,
    alarmed: Arc<Alarmed>,
}

/// Lines of JSON as they come.
pub(super) struct Lines {
    body: Incoming,
    rest: Vec<u8>,
    alarmed: Arc<Alarmed>,
}

fn lost(error: impl std::fmt::Display) -> ActError {
    ActError::failed_as("node_lost", format!("the node stopped answering ({error})"))
}

impl Client {
    /// By the session of `user`, or else by the one that was opened last here.
    pub(super) fn new(home: &Path, user: Option<UserName>) -> Self {
        let files = SessionFiles::of(home);
        let user = match user {
            Some(user) => Ok(Some(user)),
            None => files.current(),
        };
        let found = user.and_then(|user| {
            let token = user.as_ref().map_or(Ok(None), |user| files.read(user))?;
            Ok((user, token))
        });
        let (user, token, unknown) = match found {
            Ok((user, token)) => (user, token, None),
            Err(error) => (None, None, Some(error)),
        };
        let (home, audit, alarmed) = (home.to_owned(), None, Arc::default());
        Self { home, user, token, unknown, audit, alarmed }
    }

    /// The same, to look under this audit.
    pub(super) fn under(&self, under: &Under) -> Self {
        Self { audit: under.audit, ..self.clone() }
    }

    /// What is said where nobody is signed in.
    fn nobody(&self) -> ActError {
        if let Some(unknown) = &self.unknown {
            return unknown.clone();
        }
        let why = match &self.user {
            Some(user) => {
                format!("`{user}` is not signed in here; sign in with `accord login {user}`")
            }
            None => "nobody is signed in here; sign in with `accord login`".to_owned(),
        };
        ActError::refused_as("not_signed_in", Vec::new(), why)
    }

    /// The person of the session, as the node that is at rest knows her.
    ///
    /// # Errors
    /// When nobody is signed in, or has not proved herself lately.
    pub(super) async fn privileged_at_rest(&self, sign_in: &SignIn) -> Result<Principal, ActError> {
        let token = self.token.as_ref().ok_or_else(|| self.nobody())?;
        let source = format!("socket, uid {}", rustix::process::getuid().as_raw());
        let (by, session) = principal(sign_in, &Token::shown(token), &source).await?;
        proved_lately(&session, Clock::system().now())?;
        Ok(Principal { auth: format!("{}, the node at rest", by.auth), ..by })
    }

    /// Whose session it is, where somebody's is meant.
    pub(super) fn user(&self) -> Option<&UserName> {
        self.user.as_ref()
    }

    /// The case that goes with what the acting user asks, if one is set.
    pub(super) fn case(&self) -> Result<Option<OpenCase>, ActError> {
        case::set(&self.home, self.user.as_ref())
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ActError> {
        let response = self.send(Method::GET, path, empty()).await?;
        self.whole(response).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ActError> {
        let response = self.send(Method::POST, path, self.json(body)?).await?;
        self.whole(response).await
    }

    pub(super) async fn get_lines(&self, path: &str) -> Result<Lines, ActError> {
        let response = self.send(Method::GET, path, empty()).await?;
        Ok(self.lines(response))
    }

    pub(super) async fn post_lines(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Lines, ActError> {
        let response = self.send(Method::POST, path, self.json(body)?).await?;
        Ok(self.lines(response))
    }

    /// Uploads a stream and reads the lines that answer it while it runs.
    pub(super) async fn upload(
        &self,
        path: &str,
        chunks: impl futures::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Result<Lines, ActError> {
        use futures::StreamExt as _;
        let body = StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data))).boxed_unsync();
        let response = self.send(Method::POST, path, body).await?;
        Ok(self.lines(response))
    }

    fn json(&self, body: &impl Serialize) -> Result<Body, ActError> {
        let bytes = serde_json::to_vec(body).map_err(|e| ActError::failed(e.to_string()))?;
        self.alarmed.names(&bytes);
        Ok(Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync())
    }

    async fn whole<T: DeserializeOwned>(
        &self,
        response: Response<Incoming>,
    ) -> Result<T, ActError> {
        let bytes = response.into_body().collect().await.map_err(lost)?.to_bytes();
        self.alarmed.names(&bytes);
        serde_json::from_slice(&bytes).map_err(lost)
    }

    fn lines(&self, response: Response<Incoming>) -> Lines {
        Lines { body: response.into_body(), rest: Vec::new(), alarmed: self.alarmed.clone() }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Response<Incoming>, ActError> {
        self.alarmed.names(path.as_bytes());
        let response = self.request(method, path, body).await?;
        // What was done is done, and is told: whether alarms can be listed changes nothing about it.
        let open = if self.alarmed.wants(response.headers()) {
            self.open_alarms().await.unwrap_or_else(|error| {
                err(&format!(
                    "alarms are open and cannot be listed now ({error}); see `accord audit alarms`"
                ));
                Vec::new()
            })
        } else {
            Vec::new()
        };
        self.alarmed.heard(open);
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let bytes = response.into_body().collect().await.map_err(lost)?.to_bytes();
        self.alarmed.names(&bytes);
        let error = Problem::of_body(status, &bytes).into_error();
        Err(if error.code() == "not_signed_in" { self.nobody() } else { error })
    }

    async fn open_alarms(&self) -> Result<Vec<Open>, ActError> {
        let response = self.request(Method::GET, "/audit/alarms/open", empty()).await?;
        let bytes = response.into_body().collect().await.map_err(lost)?.to_bytes();
        bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).map_err(lost))
            .collect()
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Response<Incoming>, ActError> {
        let socket = self.home.join("accord.sock");
        let stream = UnixStream::connect(&socket).await.map_err(|error| {
            let shown = self.home.display();
            match Home::open(&self.home) {
                Ok(home) if error.kind() == ErrorKind::PermissionDenied => home.forbidden().into(),
                Ok(_) => {
                    let why = format!("the node in `{shown}` is not running ({error}); start it with `accord --home {shown} run`, and if it does not start, `accord --home {shown} doctor` says why");
                    ActError::failed_as("node_not_running", why)
                }
                Err(HomeError::Missing(_)) => {
                    let why = format!("no node lives in `{shown}`; make one with `accord init`, or name another with --home");
                    ActError::failed_as("home_missing", why)
                }
                Err(error) => error.into(),
            }
        })?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(hyper::header::HOST, "accord")
            .header(hyper::header::CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.as_str()));
        }
        if let Some(audit) = self.audit {
            request = request.header(AUDIT, audit);
        }
        let request = request.body(body).map_err(lost)?;
        sender.send_request(request).await.map_err(lost)
    }
}

fn empty() -> Body {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync()
}

impl Lines {
    /// The next line's value, or `None` at the end.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ActError> {
        let line = self.next_line().await?;
        line.map(|line| serde_json::from_slice(&line).map_err(lost)).transpose()
    }

    /// The next line without its line feed, or `None` at the end.
    pub(super) async fn next_line(&mut self) -> Result<Option<Vec<u8>>, ActError> {
        loop {
            if let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.rest.drain(..=end).collect();
                line.pop();
                self.alarmed.names(&line);
                return Ok(Some(line));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(data) = frame.map_err(lost)?.into_data() {
                        self.rest.extend_from_slice(&data);
                    }
                }
            }
        }
    }
}

/// A value as part of a path or a query string.
pub(super) fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// A query string of the parts that are given.
pub(super) fn query_string(parts: &[(&str, Option<String>)]) -> String {
    let given: Vec<String> = parts
        .iter()
        .filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={}", escaped(value))))
        .collect();
    if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
}
