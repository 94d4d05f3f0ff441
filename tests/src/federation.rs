//! Making agencies known to each other, and what they sign.

use ::agreements::agreement::{Act, Agreement, KnownParty};
use node::admin::agreements;
use node::admin::cards::{self, Confirmation};
use schemas::agency::{AgencyId, AgencyKind};
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::query::QueryId;

use crate::agency::{Agency, Plan};
use crate::fixtures::{agreement, words};
use crate::identity::{Identity, envelope_text};
use crate::logs::Log;
use crate::raw_peer::RawPeer;
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
        envelope: envelope_text(&of.card_envelope()),
        fingerprint: of.agency_key.public().fingerprint(),
        verified_by: words("telephone"),
        kind,
        state: state.map(|state| state.parse().expect("a state")),
        replace: false,
    };
    cards::add(at.own(), &at.admin(), &confirmation).await.expect("a card");
}

/// Makes every agency known to every other one.
pub async fn introduce(agencies: &[&Agency]) {
    for at in agencies {
        for of in agencies.iter().filter(|of| of.id() != at.id()) {
            add_card(at, &of.identity).await;
        }
    }
}

/// Lets so much time pass at both of two agencies.
pub fn shift_clocks(agencies: [&Agency; 2], millis: i64) {
    for agency in agencies {
        agency.clock.shift(millis);
    }
}

/// Two agencies that know each other: the one that asks, and the owner, who has three reads of
/// [`crate::fixtures::PLATE`].
pub async fn pair() -> (Agency, Agency) {
    pair_of(Plan::of("asking-ca-pd"), Plan::of("owning-ca-pd")).await
}

/// As [`pair`], made as the plans say.
pub async fn pair_of(asking: Plan, owning: Plan) -> (Agency, Agency) {
    let (asking, owning) = (Agency::of(asking).await, Agency::of(owning).await);
    introduce(&[&asking, &owning]).await;
    owning.add_reads(crate::fixtures::PLATE, 3).await;
    (asking, owning)
}

/// As [`pair`], with an agreement in force between the two.
pub async fn sharing_pair() -> (Agency, Agency, AuthorityId) {
    sharing_pair_of(Plan::of("asking-ca-pd"), Plan::of("owning-ca-pd")).await
}

/// As [`sharing_pair`], made as the plans say.
pub async fn sharing_pair_of(asking: Plan, owning: Plan) -> (Agency, Agency, AuthorityId) {
    let (asking, owning) = pair_of(asking, owning).await;
    let id = in_force(&[&asking, &owning]).await;
    (asking, owning, id)
}

/// An agency that owns three reads of [`crate::fixtures::PLATE`], and a hostile peer whose card it
/// has and with which it has an agreement in force.
pub async fn owner_and_raw() -> (Agency, RawPeer, AuthorityId) {
    owner_and_raw_of(Plan::of("owning-ca-pd")).await
}

/// As [`owner_and_raw`], the owner made as `plan` says.
pub async fn owner_and_raw_of(plan: Plan) -> (Agency, RawPeer, AuthorityId) {
    let owner = Agency::of(plan).await;
    owner.add_reads(crate::fixtures::PLATE, 3).await;
    let raw = RawPeer::start("hostile-ca-pd", owner.now());
    add_card(&owner, &raw.identity).await;
    let text = agreement(&[owner.id(), &raw.identity.id], owner.now());
    signed_by_both(&owner, &raw.identity, &text).await;
    (owner, raw, text.id)
}

/// Asks for the three reads of [`pair`], is answered, and the owner has the receipt; the query.
///
/// # Panics
/// When it is answered otherwise.
pub async fn answered_query(asking: &Agency, owning: &Agency) -> QueryId {
    let heard = asking.ask_one(owning.id(), crate::fixtures::PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3), "{heard:?}");
    let query = heard.query_id.expect("a query id");
    let receipted = |log: &Log| {
        log.all(Kind::ReceiptRecorded).iter().any(|entry| entry.belongs_to(query)).then_some(())
    };
    owning.wait_for_log("the receipt", receipted).await;
    query
}

/// Puts the database of `owning` back to before an exchange whose head `asking` has cosigned. Its node
/// is left stopped.
///
/// # Panics
/// When the exchange does not come about.
pub async fn roll_back_cosigned(asking: &Agency, owning: &mut Agency) {
    let exchange = async |owning: &mut Agency| {
        let heard = asking.ask_one(owning.id(), crate::fixtures::PLATE).await;
        assert_eq!(heard.outcome, OutcomeCode::Answered, "{heard:?}");
        assert_eq!(owning.node().have_cosigned_by_all().await, 1);
    };
    owning.roll_back_after(exchange).await;
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
    // Who connects is sent the other's policy, too: what a claim counts afterwards is its own.
    for agency in agencies {
        for other in ids.iter().filter(|other| **other != agency.id()) {
            wait_for_policy(agency, other).await;
        }
    }
    text.id
}

/// Waits until `agency` holds the policy that `of` posts.
pub async fn wait_for_policy(agency: &Agency, of: &AgencyId) {
    eventually("the policy arrives", async || {
        let state = agency.own().registry.state();
        state.peers.get(of).and_then(|peer| peer.policy.as_ref()).map(drop)
    })
    .await;
}

/// `text`, proposed by the first of `agencies` and adhered to by all, over the network.
pub async fn sign_everywhere(agencies: &[&Agency], text: &Agreement) {
    propose(agencies[0], text, None).await;
    for agency in &agencies[1..] {
        wait_for_agreement(agency, &text.id).await;
        adhere(agency, text, None).await;
    }
    for agency in agencies {
        eventually("every adherence arrives", async || {
            let rows = agreements::show(agency.own(), &text.id, None).ok()?;
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
    let proposal = envelope_text(&agency.identity.propose(text));
    let adherence = envelope_text(&adherence(agency, text, with));
    agreements::propose(agency.own(), &agency.admin(), &proposal, &adherence)
        .await
        .expect("a proposal");
}

/// Adheres to `text`, sharing with `with`, or with every other party.
///
/// # Panics
/// When it is refused.
pub async fn adhere(agency: &Agency, text: &Agreement, with: Option<&[AgencyId]>) {
    let adherence = envelope_text(&adherence(agency, text, with));
    agreements::adhere(agency.own(), &agency.admin(), &adherence).await.expect("an adherence");
}

fn adherence(
    agency: &Agency,
    text: &Agreement,
    with: Option<&[AgencyId]>,
) -> schemas::envelope::Envelope {
    match with {
        Some(with) => {
            agency.identity.adhere(text, with, &known_parties(agency, text), agency.now())
        }
        None => agency.identity.adhere_to_all(text, &known_parties(agency, text), agency.now()),
    }
}

/// The parties of `text` as `agency` knows them.
#[must_use]
pub fn known_parties(agency: &Agency, text: &Agreement) -> Vec<KnownParty> {
    let state = agency.own().registry.state();
    text.parties.iter().filter_map(|party| state.known_party(party)).collect()
}

/// Waits until the text of an agreement has arrived.
pub async fn wait_for_agreement(agency: &Agency, id: &AuthorityId) {
    eventually("the proposal arrives", async || {
        agreements::show(agency.own(), id, None).ok().map(drop)
    })
    .await;
}

/// Waits until `agency` has the adherence of `of`.
pub async fn wait_for_adherence(agency: &Agency, id: &AuthorityId, of: &AgencyId) {
    eventually("the adherence arrives", async || {
        let row = agreements::show(agency.own(), id, None).ok()?;
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
    let known = known_parties(agency, text);
    let signed = envelope_text(&other.adhere_to_all(text, &known, agency.now()));
    let imported =
        agreements::import(agency.own(), agency.store().as_ref(), &agency.admin(), &signed).await;
    imported.expect("an adherence as a file");
}

/// Gives notice on one's own side.
///
/// # Panics
/// When it is refused.
pub async fn give_notice(agency: &Agency, id: &AuthorityId, act: Act) {
    agreements::give_notice(
        agency.own(),
        agency.keys(),
        &agency.admin(),
        id,
        act,
        &words("under review"),
    )
    .await
    .expect("a notice");
}
