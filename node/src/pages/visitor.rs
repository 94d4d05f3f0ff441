//! Whoever looks at a page and is signed in: whose session the cookie is, and what she may do.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use schemas::agency::AgencyId;
use schemas::authenticator::AuthenticatorKind;
use schemas::digest::Digest;
use schemas::purpose::Role;
use schemas::user::User;

use super::fields::{Fields, Sent};
use super::kept::Kept;
use super::page::{Shown, problem_page};
use super::sign_in::{ended, form_keeping};
use super::zone::Zone;
use super::{case, key};
use crate::admin::open_case::OpenCase;
use crate::auditing::audits::{self, AuditView};
use crate::certificate::ShownCertificate;
use crate::http::AppState;
use crate::http::alarms::{Open, open};
use crate::http::https::{Remote, recognised};
use crate::permission::{
    ActError, Permission, Principal, authenticate, authorize, authorize_records, authorize_seeing,
};
use crate::sign_in;
use ::sign_in::sessions::Session;
use ::sign_in::{Secret, Token};
use peer::admission::machine;

/// The cookie of a session. Its beginning binds it to this host and to TLS.
const NAME: &str = "__Host-accord";

/// The cookie that says under which of their open audits somebody looks.
pub(super) const AUDIT: &str = "__Host-accord-audit";

/// From where somebody comes, as sessions and entries name it.
pub(super) struct From(pub(super) String);

impl FromRequestParts<Arc<AppState>> for From {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Response> {
        let remote = parts.extensions.get::<Remote>().copied().ok_or_else(|| {
            problem_page(StatusCode::INTERNAL_SERVER_ERROR, "nobody can be told; nothing is done")
        })?;
        let from = format!("console, {}", machine(remote.0));
        let (agency, shown) = (&app.context.agency, parts.extensions.get::<ShownCertificate>());
        let shown = shown.filter(|shown| shown.is_good(agency.clock.now()));
        let state = agency.registry.state();
        let device = shown.and_then(|shown| state.device_with(&shown.key));
        Ok(Self(match device {
            Some(device) => format!("{from}{}{}", sign_in::DEVICE, device.name),
            None => from,
        }))
    }
}

/// A cookie that a browser shows.
pub(super) fn cookie<'a>(parts: &'a Parts, wanted: &str) -> Option<&'a str> {
    let cookies = parts.headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|one| one.split_once('='));
    pairs.find_map(|(name, value)| (name.trim() == wanted).then(|| value.trim()))
}

/// The secret of a session that a browser shows.
fn shown(parts: &Parts) -> Option<Token> {
    cookie(parts, NAME).map(Token::shown)
}

/// Gives the browser the secret of a session, until it is closed.
pub(super) fn give(mut response: Response, token: &Secret) -> Response {
    let cookie = format!("{NAME}={}; Path=/; Secure; HttpOnly; SameSite=Strict", token.as_str());
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

/// Takes it back.
pub(super) fn take_back(mut response: Response) -> Response {
    let gone = format!("{NAME}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    if let Ok(value) = HeaderValue::from_str(&gone) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

/// What a person may do here, which decides what is offered to her. What she does is judged again.
#[derive(Debug, Clone, Copy)]
pub(super) struct May {
    pub(super) query: bool,
    /// Sees what others ask for her; who queries does.
    pub(super) see: bool,
    pub(super) administer: bool,
    pub(super) approve: bool,
    pub(super) audit: bool,
    /// Whether she sits at the night desk.
    pub(super) night_desk: bool,
    /// Sees to requests of courts and the public.
    pub(super) records: bool,
    /// Places holds with them.
    pub(super) hold: bool,
}

/// Somebody who is signed in.
pub(super) struct Visitor {
    pub(super) by: Principal,
    pub(super) user: User,
    pub(super) session: Session,
    pub(super) may: May,
    /// What every form of this session carries.
    pub(super) form: String,
    /// Whether a security key is bound to her.
    pub(super) has_key: bool,
    /// Whether an account of single sign-on is bound to her.
    pub(super) has_account: bool,
    /// Alarms that are open: nobody passes over one.
    pub(super) alarms: Vec<Open>,
    /// Her agency.
    pub(super) agency: AgencyId,
    /// The case that goes with what she asks.
    pub(super) case: Option<OpenCase>,
    /// The audits that she has open.
    pub(super) audits: Vec<AuditView>,
    /// In which zone times are shown.
    pub(super) zone: Zone,
    /// Whether she proved lately who she is, so that a privileged act needs no password.
    pub(super) lately: bool,
    token: Token,
    source: String,
    renewed: Option<Secret>,
}

/// What every form of the session with this secret carries.
pub(super) fn form_token(token: &Token) -> String {
    Digest::of_two(b"a form of the console", token.expose().as_bytes()).to_string()
}

/// Why somebody is no visitor.
enum Gone {
    /// She shows no session.
    Nobody(Response),
    /// Hers is over, or she may do nothing any more.
    Over(ActError),
}

impl Gone {
    /// What she sees. The cookie of a session is taken back where that was told by its own end: an unknown
    /// one may have been replaced a moment ago, and whatever else is in the way ends none.
    fn seen(self, app: &AppState, kept: &Kept) -> Response {
        let error = match self {
            Self::Nobody(response) => return response,
            Self::Over(error) => error,
        };
        match error.code() {
            "session_ended" => take_back(ended(app, &error, kept)),
            "session_unknown" => ended(app, &error, kept),
            _ => Shown::error(&error).for_anybody(),
        }
    }
}

impl FromRequestParts<Arc<AppState>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Response> {
        Self::of(parts, app).await.map_err(|gone| gone.seen(app, &Kept::default()))
    }
}

impl Visitor {
    async fn of(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Gone> {
        let From(source) = From::from_request_parts(parts, app).await.map_err(Gone::Nobody)?;
        let Some(token) = shown(parts) else {
            return Err(Gone::Nobody(Redirect::to("/sign-in").into_response()));
        };
        let found = sign_in::principal(&app.sign_in, &token, &source).await;
        let (by, session) = found.map_err(Gone::Over)?;
        let (agency, now) = (&app.context.agency, app.context.agency.clock.now());
        let state = agency.registry.state();
        let user = authenticate(&state, &by, now).map_err(Gone::Over)?.into_owned();
        let may = |permission| authorize(&state, &by, permission, now).is_ok();
        let may = May {
            query: may(Permission::Query),
            see: authorize_seeing(&state, &by, now).is_ok(),
            administer: may(Permission::Administer),
            approve: may(Permission::Approve),
            audit: may(Permission::Audit),
            night_desk: user.at_night_desk(now),
            records: authorize_records(&state, &by, now).is_ok(),
            hold: may(Permission::Administer) || user.roles.contains(&Role::RecordsCustodian),
        };
        let lately = session.may_be_privileged(now);
        let form = form_token(&token);
        let alarms = open(&state).collect();
        let has = |kind| state.sign_in.of(&user.name).any(|one| one.kind == kind);
        let has_key = has(AuthenticatorKind::SecurityKey);
        let has_account = has(AuthenticatorKind::ProviderAccount);
        let case = case::open(app, &user.name);
        let audits = audits::open_of(agency, &user.name);
        let chosen: Option<u64> = cookie(parts, AUDIT).and_then(|number| number.parse().ok());
        let audit = chosen.filter(|chosen| audits.iter().any(|one| one.audit == *chosen));
        let by = Principal { audit, ..by };
        Ok(Self {
            by,
            user,
            session,
            may,
            form,
            has_key,
            has_account,
            alarms,
            agency: agency.id.clone(),
            case,
            audits,
            zone: Zone::of(app),
            lately,
            token,
            source,
            renewed: None,
        })
    }
}

impl Visitor {
    /// Who has no recent proof proves again who she is, by the password in the form.
    async fn prove(&mut self, app: &AppState, fields: &Fields) -> Result<(), ActError> {
        if self.lately {
            return Ok(());
        }
        let (door, token, source) = (&app.sign_in, &self.token, &self.source);
        let password = fields.secret("password");
        let again = match key::shown(fields) {
            Some(key) => sign_in::prove_again_by_key(door, token, &key, source).await?,
            None if password.is_empty() => {
                let why = "this takes that you prove again who you are: type your password with it, or touch your security key";
                return Err(ActError::refused_as("prove_again", Vec::new(), why.into()));
            }
            None => sign_in::prove_again(door, token, &password, source).await?,
        };
        self.token = Token::shown(again.token.as_str());
        self.form = form_token(&self.token);
        self.session = again.session;
        self.renewed = Some(again.token);
        self.lately = true;
        Ok(())
    }

    /// The response to her.
    pub(super) fn respond(&self, response: impl IntoResponse) -> Response {
        let response = recognised(response.into_response());
        match &self.renewed {
            Some(token) => give(response, token),
            None => response,
        }
    }

    /// A page for her.
    pub(super) fn page(&self, shown: Shown) -> Response {
        self.respond(shown.for_visitor(self))
    }

    /// On to another page once something is done; or why it was not.
    pub(super) fn done<T>(&self, done: Result<T, ActError>, on: &str) -> Response {
        match done {
            Ok(_) => self.respond(Redirect::to(on)),
            Err(error) => self.page(Shown::error(&error)),
        }
    }

    /// What she sees of a form that was sent before; `None` of one that comes for the first time.
    pub(super) fn sent_before(&self, app: &AppState, fields: &Fields) -> Option<Response> {
        let again = fields.named().is_some_and(|form| !app.sent_forms.comes_first(form));
        again.then(|| self.page(Shown::sent_before()))
    }

    /// The secret of her session.
    pub(super) const fn token(&self) -> &Token {
        &self.token
    }

    /// From where she comes.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Ends the session.
    pub(super) async fn leave(&self, app: &AppState) -> Result<bool, ActError> {
        sign_in::sign_out(&app.sign_in, &self.token).await
    }
}

/// Somebody who is signed in and sent a form of her session.
pub(super) struct Posted {
    pub(super) visitor: Visitor,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<AppState>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<AppState>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let visitor = match Visitor::of(&mut parts, app).await {
            Ok(visitor) => visitor,
            Err(gone) => {
                let sent = Sent::from_request(Request::from_parts(parts, body), app).await;
                let kept = sent.map(|Sent(fields)| Kept::sent(&path, &fields)).unwrap_or_default();
                return Err(match gone {
                    Gone::Nobody(_) => form_keeping(app, "", Some("You are not signed in."), &kept),
                    gone => gone.seen(app, &kept),
                });
            }
        };
        let Sent(fields) = Sent::from_request(Request::from_parts(parts, body), app).await?;
        if fields.get("form") != visitor.form {
            let said = "this form is of an earlier session, so nothing was done; open the page again and send it from there";
            return Err(visitor.respond(problem_page(StatusCode::FORBIDDEN, said)));
        }
        Ok(Self { visitor, fields })
    }
}

/// Somebody who sent a form for what is privileged, and proved lately, or with it, who she is.
pub(super) struct Proven {
    pub(super) visitor: Visitor,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<AppState>> for Proven {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<AppState>) -> Result<Self, Response> {
        let Posted { mut visitor, fields } = Posted::from_request(request, app).await?;
        if let Err(error) = visitor.prove(app, &fields).await {
            return Err(visitor.page(Shown::error(&error)));
        }
        match visitor.sent_before(app, &fields) {
            Some(told) => Err(told),
            None => Ok(Self { visitor, fields }),
        }
    }
}
