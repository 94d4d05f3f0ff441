//! Making agencies known to each other, and what they sign.

use agreements::agreement::{Act, Agreement};
use agreements::request::{RequestScope, Verdict};
use node::admin::cards::Confirmation;
use node::admin::requests::{Judgement, Submission};
use schemas::agency::{AgencyId, AgencyKind};
use schemas::purpose::Purpose;
use schemas::query::AuthorityId;

use crate::agency::{Agency, Plan};
use crate::identity::{Identity, exact};
use crate::making::{OFFICER, agreement, words};
use crate::raw::RawPeer;
use crate::wait::eventually;

/// Records the card of `of` at `at`, as an administrator who heard the fingerprint.
///
/// # Panics
/// When it is not recorded.
pub async fn add_card(at: &Agency, of: &Identity) {
    add_card_as(at, of, None, None).await;
}

/// Records the card of `of` at `at` as of another kind or state than it claims.
///
/// # Panics
/// When it is not recorded.
pub async fn add_card_as(
    at: &Agency,
    of: &Identity,
    kind: Option<AgencyKind>,
    state: Option<&str>,
) {
    let confirmation = Confirmation {
        envelope: exact(&of.card_envelope()),
        fingerprint: of.agency_key.public().fingerprint(),
        verified_by: words("telephone"),
        kind,
        state: state.map(|state| state.parse().expect("a state")),
        replace: false,
    };
    at.office().add_card(&at.admin(), &confirmation).await.expect("a card");
}

/// Makes every agency known to every other one.
pub async fn introduce(agencies: &[&Agency]) {
    for at in agencies {
        for of in agencies.iter().filter(|of| of.id() != at.id()) {
            add_card(at, &of.identity).await;
        }
    }
}

/// Two agencies that know each other: the one that asks, and the owner, who has three reads of
/// [`crate::making::PLATE`].
pub async fn pair() -> (Agency, Agency) {
    pair_of(Plan::of("asking-ca-pd"), Plan::of("owning-ca-pd")).await
}

/// As [`pair`], made as the plans say.
pub async fn pair_of(asking: Plan, owning: Plan) -> (Agency, Agency) {
    let (asking, owning) = (Agency::of(asking).await, Agency::of(owning).await);
    introduce(&[&asking, &owning]).await;
    owning.has_reads(crate::making::PLATE, 3).await;
    (asking, owning)
}

/// As [`pair`], with an agreement in force between the two.
pub async fn sharing_pair() -> (Agency, Agency, AuthorityId) {
    let (asking, owning) = pair().await;
    let id = in_force(&[&asking, &owning]).await;
    (asking, owning, id)
}

/// An agency that owns three reads of [`crate::making::PLATE`], and a hostile peer whose card it
/// has and with which it has an agreement in force.
pub async fn owner_and_raw() -> (Agency, RawPeer, AuthorityId) {
    owner_and_raw_of(Plan::of("owning-ca-pd")).await
}

/// As [`owner_and_raw`], the owner made as `plan` says.
pub async fn owner_and_raw_of(plan: Plan) -> (Agency, RawPeer, AuthorityId) {
    let owner = Agency::of(plan).await;
    owner.has_reads(crate::making::PLATE, 3).await;
    let raw = RawPeer::start("hostile-ca-pd", owner.now());
    add_card(&owner, &raw.identity).await;
    let text = agreement(&[owner.id(), &raw.identity.id], owner.now());
    signed_by_both(&owner, &raw.identity, &text).await;
    (owner, raw, text.id)
}

/// An agreement between all of `agencies`, signed by all, sharing with all, and known to all.
pub async fn in_force(agencies: &[&Agency]) -> AuthorityId {
    in_force_with(agencies, |_| {}).await
}

/// As [`in_force`], with a text of its own.
///
/// # Panics
/// When it does not come into force between all of them.
pub async fn in_force_with(
    agencies: &[&Agency],
    change: impl FnOnce(&mut Agreement),
) -> AuthorityId {
    let ids: Vec<_> = agencies.iter().map(|agency| agency.id()).collect();
    let mut text = agreement(&ids, agencies[0].now());
    change(&mut text);
    sign_everywhere(agencies, &text).await;
    text.id
}

/// `text`, proposed by the first of `agencies` and adhered to by all, over the network.
pub async fn sign_everywhere(agencies: &[&Agency], text: &Agreement) {
    propose(agencies[0], text, None).await;
    for agency in &agencies[1..] {
        received(agency, &text.id).await;
        adhere(agency, text, None).await;
    }
    for agency in agencies {
        eventually("every adherence arrives", async || {
            let rows = agency.office().agreement_row(&text.id, None).ok()?;
            rows.parties.iter().all(|party| party.signed_at.is_some()).then_some(())
        })
        .await;
    }
}

/// Proposes `text`, and adheres to it sharing with `with`, or with every other party.
///
/// # Panics
/// When it is refused.
pub async fn propose(agency: &Agency, text: &Agreement, with: Option<&[AgencyId]>) {
    let proposal = exact(&agency.identity.propose(text));
    let adherence = exact(&adherence(agency, text, with));
    agency.office().propose(&agency.admin(), &proposal, &adherence).await.expect("a proposal");
    agency.node().wake();
}

/// Adheres to `text`, sharing with `with`, or with every other party.
///
/// # Panics
/// When it is refused.
pub async fn adhere(agency: &Agency, text: &Agreement, with: Option<&[AgencyId]>) {
    let adherence = exact(&adherence(agency, text, with));
    agency.office().adhere(&agency.admin(), &adherence).await.expect("an adherence");
    agency.node().wake();
}

fn adherence(
    agency: &Agency,
    text: &Agreement,
    with: Option<&[AgencyId]>,
) -> schemas::envelope::Envelope {
    match with {
        Some(with) => agency.identity.adhere(text, with, agency.now()),
        None => agency.identity.adhere_to_all(text, agency.now()),
    }
}

/// Waits until the text of an agreement has arrived.
pub async fn received(agency: &Agency, id: &AuthorityId) {
    eventually("the proposal arrives", async || {
        agency.office().agreement_row(id, None).ok().map(drop)
    })
    .await;
}

/// Waits until `agency` has the adherence of `of`.
pub async fn adhered(agency: &Agency, id: &AuthorityId, of: &AgencyId) {
    eventually("the adherence arrives", async || {
        let row = agency.office().agreement_row(id, None).ok()?;
        row.parties
            .iter()
            .any(|party| party.agency == *of && party.signed_at.is_some())
            .then_some(())
    })
    .await;
}

/// `text`, proposed and signed by `agency`, and signed by an identity without a node of ours.
///
/// # Panics
/// When it is refused.
pub async fn signed_by_both(agency: &Agency, other: &Identity, text: &Agreement) {
    propose(agency, text, None).await;
    let signed = exact(&other.adhere_to_all(text, agency.now()));
    agency
        .office()
        .import_documents(&agency.admin(), &signed)
        .await
        .expect("an adherence as a file");
}

/// Gives notice on one's own side.
///
/// # Panics
/// When it is refused.
pub async fn notice(agency: &Agency, id: &AuthorityId, act: Act) {
    agency
        .office()
        .give_notice(&agency.admin(), id, act, &words("under review"))
        .await
        .expect("a notice");
    agency.node().wake();
}

/// A written request of `asking` that `owning` has approved as asked, known to both as approved.
///
/// # Panics
/// When it is refused.
pub async fn approved_request(
    asking: &Agency,
    owning: &Agency,
    scope: RequestScope,
) -> AuthorityId {
    let submission = Submission {
        to: Some(owning.id().clone()),
        requested_by: Some(words("Maria Reyes")),
        purpose: Some(Purpose::StolenVehicle),
        case: words("26-004711"),
        reason: words("Stolen vehicle, no standing agreement"),
        scope,
        after_refusal: None,
    };
    let officer =
        node::permission::By { user: OFFICER.parse().expect("a user name"), auth: "test".into() };
    let filed = asking.office().submit_request(&officer, &submission).await.expect("a request");
    asking.node().wake();
    let state = |agency: &Agency| agency.office().request_row(&filed.request).map(|row| row.state);
    eventually("the request arrives", async || state(owning).ok()).await;
    let judgement = Judgement {
        verdict: Verdict::Approved,
        reason: words("Need is shown"),
        narrower: RequestScope::default(),
    };
    owning
        .office()
        .decide_request(&owning.admin(), &filed.request, &judgement)
        .await
        .expect("a decision");
    owning.node().wake();
    eventually("the decision arrives", async || {
        state(asking).ok().filter(|state| state == "approved")
    })
    .await;
    filed.request
}
