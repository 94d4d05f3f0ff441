//! Officials: people with the title that a policy names, or without it, and what they sign.

use ::agreements::agreement::Agreement;
use ::agreements::policy::Policy;
use ::agreements::request::{RequestScope, Verdict};
use node::admin::agreements::{self, AdherenceInput, AgreementView, sign_adherence};
use node::admin::requests::{self, DecisionInput, RequestView};
use node::admin::{delegations, people};
use node::permission::{ActError, Principal};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::purpose::Role;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::{Delegation, User};

use crate::agency::Agency;
use crate::fixtures::{self, OFFICER, words};
use crate::identity::envelope_text;

/// An act of `user`.
///
/// # Panics
/// When that is no user name.
#[must_use]
pub fn acting_as(user: &str) -> Principal {
    Principal::of(user.parse().expect("a user name"), "test")
}

/// An act of the officer whom every agency has.
#[must_use]
pub fn officer() -> Principal {
    acting_as(OFFICER)
}

/// `user` with what `policy` demands of her before she asks, and who has trained her where it says whose
/// duty that is.
#[must_use]
pub fn as_demanded(policy: &Policy, user: User) -> (User, Option<User>) {
    let mut user = User { cleared_on: policy.clearance.as_ref().and(user.trained_on), ..user };
    let Some(title) = policy.training.trainer.clone().filter(|_| user.trained_on.is_some()) else {
        return (user, None);
    };
    let trainer = User {
        name: acting_as("t.rainer").user,
        full_name: words("Terry Rainer"),
        title,
        trained_on: None,
        cleared_on: None,
        roles: vec![Role::Supervisor],
        ..user.clone()
    };
    (user.trained_by, user.course) = (Some(trainer.name.clone()), words("Course of the year"));
    (user, Some(trainer))
}

/// Registers `user` with what the policy of `agency` demands of her; who trains is registered first.
async fn add_as_demanded(agency: &Agency, user: User) {
    let state = agency.own().registry.state();
    let (user, trainer) = as_demanded(state.policy.as_ref().expect("a policy"), user);
    if let Some(trainer) = trainer.filter(|trainer| !state.users.contains_key(&trainer.name)) {
        people::add(agency.own(), &agency.admin(), &trainer).await.expect("a trainer");
    }
    people::add(agency.own(), &agency.admin(), &user).await.expect("a user");
}

/// Registers the officer whom every agency has.
///
/// # Panics
/// When that is refused.
pub async fn add_officer(agency: &Agency) {
    add_as_demanded(agency, fixtures::officer(agency.now())).await;
}

/// Registers a supervisor.
///
/// # Panics
/// When that is refused.
pub async fn add_supervisor(
    agency: &Agency,
    user: &str,
    full_name: &str,
    title: &str,
) -> Principal {
    let acting = acting_as(user);
    let user = User {
        trained_on: Some(agency.now().minus_days(30).day_start()),
        ..User::new(
            acting.user.clone(),
            words(full_name),
            words(title),
            vec![Role::Supervisor, Role::AlprAdministrator],
        )
    };
    add_as_demanded(agency, user).await;
    acting
}

/// The title of those who decide requests at `agency`, by its policy; the first of several.
///
/// # Panics
/// When it names none.
#[must_use]
pub fn approving_title(agency: &Agency) -> Text {
    let state = agency.context().agency.registry.state();
    let policy = state.policy.as_ref().expect("a policy");
    policy.approval.requests.titles.first().expect("a title").clone()
}

/// Registers the official whom the policy of `agency` names, Chris Doe.
pub async fn add_official(agency: &Agency) -> Principal {
    add_supervisor(agency, "c.doe", "Chris Doe", approving_title(agency).as_str()).await
}

/// Delegates `title` to `user` at `agency`.
///
/// # Panics
/// When that is refused.
pub async fn delegate(
    agency: &Agency,
    to: &Principal,
    title: &str,
    from: Timestamp,
    until: Timestamp,
) {
    let paper = Some(Digest::of(b"signed"));
    let delegation = Delegation { title: words(title), from, until, holder: None, paper };
    let delegated =
        delegations::delegate(agency.own(), &agency.admin(), &to.user, &delegation).await;
    delegated.expect("a delegation");
}

/// A decision as an official gives it.
#[must_use]
pub fn decision(verdict: Verdict, narrower: RequestScope) -> DecisionInput {
    DecisionInput { verdict, reason: words("Need is shown"), narrower }
}

/// Approves a request as asked.
///
/// # Errors
/// What the node says when it does not.
pub async fn approve(
    agency: &Agency,
    official: &Principal,
    request: &AuthorityId,
) -> Result<RequestView, ActError> {
    let judgement = decision(Verdict::Approved, RequestScope::default());
    requests::decide(agency.own(), agency.keys(), official, request, &judgement).await
}

/// The envelope of an adherence as the node prepares it for `official`.
///
/// # Errors
/// What the node says when it prepares none.
///
/// # Panics
/// When it cannot be signed.
pub fn prepare_adherence(
    agency: &Agency,
    official: &Principal,
    text: &Agreement,
    share_with: Option<&[AgencyId]>,
) -> Result<String, ActError> {
    let wanted =
        AdherenceInput { share_with: share_with.map(<[_]>::to_vec), ..AdherenceInput::default() };
    let prepared = agreements::prepare_adherence(agency.own(), official, text, &wanted)?;
    let exact = text.to_toml().expect("an agreement");
    let key = &agency.identity.agency_key;
    Ok(sign_adherence(text, &exact, agency.id(), prepared, None, agency.now(), key)
        .expect("an adherence"))
}

/// Proposes `text` as `official`, and adheres to it as the node prepares it.
///
/// # Errors
/// What the node says when it does not.
pub async fn propose_as(
    agency: &Agency,
    official: &Principal,
    text: &Agreement,
) -> Result<AgreementView, ActError> {
    let adherence = prepare_adherence(agency, official, text, None)?;
    let proposal = envelope_text(&agency.identity.propose(text));
    agreements::propose(agency.own(), official, &proposal, &adherence).await
}

/// Adheres to `text` as `official`, as the node prepares it.
///
/// # Errors
/// What the node says when it does not.
pub async fn sign_as(
    agency: &Agency,
    official: &Principal,
    text: &Agreement,
    share_with: Option<&[AgencyId]>,
) -> Result<AgreementView, ActError> {
    let adherence = prepare_adherence(agency, official, text, share_with)?;
    agreements::adhere(agency.own(), official, &adherence).await
}
