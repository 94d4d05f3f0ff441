//! `/sign-in`, `/session`, `/authenticators`, and what second persons confirm.

use axum::extract::State;
use schemas::authenticator::{AuthenticatorId, Proposal};
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::admin::second_person;
use crate::admin::second_person::ToCountersign;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Query};
use crate::http::socket::{Bearer, Source};
use crate::http::state::App;
use crate::permission::{ActError, Permission, Principal, authenticate, authorize};
use crate::sign_in::{
    self, Attempt, BoundNow, NewPassword, Notice, Pending, Second, SignedIn, Waits,
};
use ::sign_in::Secret;
use registry::Bound;

pub(in crate::http) async fn notice(State(app): App) -> Json<Notice> {
    Json(app.sign_in.notice().clone())
}

pub(in crate::http) async fn begin(
    State(app): App,
    Source(source): Source,
    Json(attempt): Json<Attempt>,
) -> ApiResult<Json<SignedIn>> {
    Ok(Json(sign_in::sign_in(&app.sign_in, &attempt, &source).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Again {
    password: Secret,
}

pub(in crate::http) async fn again(
    State(app): App,
    Source(source): Source,
    Bearer(token): Bearer,
    Json(again): Json<Again>,
) -> ApiResult<Json<SignedIn>> {
    Ok(Json(sign_in::prove_again(&app.sign_in, &token, &again.password, &source).await?))
}

pub(in crate::http) async fn password(
    State(app): App,
    Source(source): Source,
    Json(wanted): Json<NewPassword>,
) -> ApiResult<Json<BoundNow>> {
    Ok(Json(sign_in::change_password(&app.sign_in, &wanted, &source).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Code {
    code: Secret,
}

pub(in crate::http) async fn enrolment(
    State(app): App,
    Source(source): Source,
    Json(code): Json<Code>,
) -> ApiResult<Json<Pending>> {
    Ok(Json(sign_in::begin_enrolment(&app.sign_in, &code.code, &source).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Finish {
    code: Secret,
    password: Secret,
    second: Second,
}

pub(in crate::http) async fn finish(
    State(app): App,
    Source(source): Source,
    Json(finish): Json<Finish>,
) -> ApiResult<Json<BoundNow>> {
    let Finish { code, password, second } = finish;
    let bound = sign_in::finish_enrolment(&app.sign_in, &code, &password, &second, &source);
    Ok(Json(bound.await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Acknowledged {
    notice: Digest,
}

pub(in crate::http) async fn begin_terminal(
    State(app): App,
    Source(source): Source,
    Json(read): Json<Acknowledged>,
) -> ApiResult<Json<Waits>> {
    Ok(Json(sign_in::begin_terminal(&app.sign_in, &read.notice, &source)?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Shown {
    secret: Secret,
}

pub(in crate::http) async fn finish_terminal(
    State(app): App,
    Source(source): Source,
    Json(shown): Json<Shown>,
) -> ApiResult<Json<Option<SignedIn>>> {
    Ok(Json(sign_in::finish_terminal(&app.sign_in, &shown.secret, &source).await?))
}

pub(in crate::http) async fn sign_out(
    State(app): App,
    Bearer(token): Bearer,
) -> ApiResult<Json<Value>> {
    let ended = sign_in::sign_out(&app.sign_in, &token).await?;
    Ok(Json(json!({ "ended": ended })))
}

/// Who is signed in, how, and how long yet.
pub(in crate::http) async fn session(
    State(app): App,
    Source(source): Source,
    Bearer(token): Bearer,
) -> ApiResult<Json<Value>> {
    let (by, session) = sign_in::principal(&app.sign_in, &token, &source).await?;
    let state = app.context.agency.registry.state();
    let person = authenticate(&state, &by, app.context.agency.clock.now())?;
    Ok(Json(json!({
        "user": person.name, "roles": person.roles, "signed_in": session.words(),
        "until": session.until(), "session": session,
    })))
}

#[derive(Deserialize)]
pub(in crate::http) struct Of {
    user: Option<UserName>,
}

/// Authenticators of a person, or of everybody, for who administers or audits.
pub(in crate::http) async fn authenticators(
    State(app): App,
    by: Principal,
    Query(of): Query<Of>,
) -> ApiResult<Json<Vec<Bound>>> {
    let (state, now) = (app.context.agency.registry.state(), app.context.agency.clock.now());
    if of.user.as_ref() == Some(&by.user) {
        authenticate(&state, &by, now)?;
    } else if authorize(&state, &by, Permission::Administer, now).is_err() {
        authorize(&state, &by, Permission::Audit, now)?;
    }
    let all = state.sign_in.authenticators.values();
    let wanted = |one: &&Bound| of.user.as_ref().is_none_or(|user| one.authenticator.user == *user);
    Ok(Json(all.filter(wanted).cloned().collect()))
}

pub(in crate::http) async fn card(State(app): App, by: Principal) -> ApiResult<Json<BoundNow>> {
    Ok(Json(sign_in::new_card(&app.sign_in, &by).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Why {
    reason: Text,
}

pub(in crate::http) async fn revoke(
    State(app): App,
    by: Principal,
    Path(id): Path<AuthenticatorId>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Value>> {
    let revoked = sign_in::revoke(&app.sign_in, &by, &id, &why.reason).await?;
    Ok(Json(json!({ "revoked": revoked })))
}

#[derive(Deserialize)]
pub(in crate::http) struct Identified {
    identified: Text,
}

/// What is handed to a person who enrols.
#[derive(Serialize)]
pub(in crate::http) struct Enrolled {
    user: UserName,
    code: String,
    until: Timestamp,
}

pub(in crate::http) async fn enrol(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(how): Json<Identified>,
) -> ApiResult<Json<Enrolled>> {
    let (enrolment, code) =
        sign_in::enrol(&app.context.agency, &by, &name, &how.identified).await?;
    Ok(Json(Enrolled { user: enrolment.user, code: code.to_string(), until: enrolment.until }))
}

pub(in crate::http) async fn unlock(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
) -> ApiResult<Json<Value>> {
    sign_in::unlock(&app.sign_in, &by, &name).await?;
    Ok(Json(json!({ "unlocked": name })))
}

/// What waits for a second person or an auditor.
#[derive(Serialize)]
pub(in crate::http) struct Waiting {
    proposals: Vec<Proposal>,
    alone: Vec<Value>,
}

pub(in crate::http) async fn proposals(State(app): App, by: Principal) -> ApiResult<Json<Waiting>> {
    let (state, now) = (app.context.agency.registry.state(), app.context.agency.clock.now());
    if authorize(&state, &by, Permission::Administer, now).is_err() {
        authorize(&state, &by, Permission::Audit, now)?;
    }
    let row = |one: ToCountersign<'_>| json!({ "user": one.user.name, "by": one.by, "enrolled_by": one.enrolled_by });
    Ok(Json(Waiting {
        proposals: state.sign_in.proposals.values().cloned().collect(),
        alone: second_person::to_countersign(&state).map(row).collect(),
    }))
}

pub(in crate::http) async fn confirm(
    State(app): App,
    by: Principal,
    Path(number): Path<u64>,
) -> ApiResult<Json<User>> {
    Ok(Json(app.confirm(&by, number).await?))
}

pub(in crate::http) async fn decline(
    State(app): App,
    by: Principal,
    Path(number): Path<u64>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Proposal>> {
    Ok(Json(second_person::decline(&app.context.agency, &by, number, &why.reason).await?))
}

pub(in crate::http) async fn countersign(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Value>> {
    if why.reason.is_empty() {
        return Err(ActError::usage("say what you found: --reason".into()).into());
    }
    second_person::countersign(&app.context.agency, &by, &name, &why.reason).await?;
    Ok(Json(json!({ "countersigned": name })))
}
