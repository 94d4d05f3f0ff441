//! The agency key is exchanged: the node takes the word of both keys, peers that of a person who heard
//! the new fingerprint, and until then everything goes on under the card before.

use node::admin::cards::{self, Reissued};
use schemas::agency::AgencyKind;
use schemas::card::Card;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::key::SecretKey;
use schemas::key_use::KeyUse;
use tests::agency::Agency;
use tests::federation::{add_card_as, pair, sharing_pair, sign_everywhere, wait_for_policy};
use tests::fixtures::{HOUR_MS, PLATE, agreement};
use tests::identity::Identity;
use tests::key_rotation::{ask_many, assert_log_whole, wait_for_card};
use tests::wait::eventually;

async fn waits(at: &Agency, of: &Agency) {
    let held = || at.context().agency.registry.state().peers[of.id()].held.is_some();
    eventually("the card that waits", async || held().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agency_key_is_exchanged_and_peers_people_confirm_it() {
    let (asking, mut owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    let known = |at: &Agency| {
        let state = at.context().agency.registry.state();
        state.peers[owning.id()].card.value.agency_key.fingerprint().to_string()
    };
    let before = known(&asking);
    let rotate = async { owning.accord(&["key", "rotate", "agency"]).done() };
    let ((), (), rotated) =
        tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking), rotate);
    assert_eq!(rotated["version"], 2);
    let after = rotated["fingerprint"].as_str().expect("a fingerprint").to_owned();
    assert_ne!(after, before);
    assert!(!owning.home().join("keys/agency-next.pem").exists());

    // The card waits; everything goes on, and the peer's people are told what is to do.
    waits(&asking, &owning).await;
    assert_eq!(known(&asking), before);
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    let doctor = asking.accord(&["doctor"]);
    assert!(doctor.out.contains("cards waiting"), "{doctor:?}");
    let add = |fingerprint: &str, more: &[&str]| {
        let held = ["card", "add", "--held", owning.id().as_str(), "--fingerprint", fingerprint];
        asking.accord(&[&held, ["--verified-by", "telephone"].as_slice(), more].concat())
    };
    assert!(add(&before, &["--replace"]).failed(1).contains("not"), "what was not heard");
    assert!(add(&after, &[]).failed(1).contains("--replace"), "without the word for it");
    assert_eq!(known(&asking), before);
    assert_eq!(add(&after, &["--replace"]).done()["version"], 2);
    assert_eq!(known(&asking), after);
    assert!(add(&after, &["--replace"]).failed(2).contains("waits"), "nothing waits any more");

    // What was agreed stands, and what is agreed from now on is signed with the new key.
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    let card = owning.context().agency.registry.state().own.as_ref().expect("a card").value.clone();
    owning.identity = Identity::of(&host::home::Home::open(owning.home()).expect("a home"), card);
    // What the key of before had signed of the policy is nobody's word; it comes anew when they connect.
    let text = agreement(&[owning.id(), asking.id()], owning.now());
    sign_everywhere(&[&owning, &asking], &text).await;
    owning.restart().await;
    wait_for_policy(&asking, owning.id()).await;
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    assert_log_whole(&asking, &owning).await;
    assert_log_whole(&owning, &asking).await;

    // An auditor who knows either key finds the cards under that one.
    let log = owning.log().await;
    let issued = log.all(Kind::CardIssued);
    assert_eq!(issued[1].detail("agency_key"), after.as_str());
    assert_eq!(asking.log().await.one(Kind::CardHeld).header.peer.as_ref(), Some(owning.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_agency_key_is_taken_without_the_word_of_the_present_one() {
    let owning = Agency::start("owning-ca-pd").await;
    let stranger = Identity::new("stranger-ca-pd", Vec::new(), owning.now()).agency_key;
    let own = owning.identity.agency_key.clone();
    let card = |change: fn(&mut Card)| {
        let mut card = Card {
            version: 2,
            at: owning.now(),
            agency_key: stranger.public(),
            ..owning.identity.card.clone()
        };
        change(&mut card);
        card
    };
    let taking_over = Identity { agency_key: stranger.clone(), ..owning.identity.clone() };
    let sign = |card: &Card| taking_over.sign_card(card, &[]);
    let vouched = |card: &Envelope, key: &SecretKey| {
        let payload = card.unverified_payload().to_vec();
        Envelope::sign(Signed::Card, payload, key).expect("a card").to_text()
    };
    let plain = sign(&card(|_| {}));
    let sheriff = sign(&card(|card| card.kind = AgencyKind::Sheriff));
    let table = [
        ("does not vouch", &plain, None),
        ("does not vouch", &plain, Some(vouched(&plain, &stranger))),
        ("does not vouch", &plain, Some(vouched(&sheriff, &own))),
        ("changes nothing else", &sheriff, Some(vouched(&sheriff, &own))),
    ];
    for (why, card, vouched) in table {
        let reissued = Reissued { envelope: card.to_text(), vouched, ..Reissued::default() };
        let refused = cards::reissue(owning.own(), owning.keys(), &owning.admin(), &reissued).await;
        let refused = refused.expect_err("no card").to_string();
        assert!(refused.contains(why), "{refused}");
    }
    owning.log().await.one(Kind::CardIssued);
    let vouched = Some(vouched(&plain, &own));
    let reissued = Reissued { envelope: plain.to_text(), vouched, ..Reissued::default() };
    let taken = cards::reissue(owning.own(), owning.keys(), &owning.admin(), &reissued).await;
    assert_eq!(taken.expect("a card"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_exchanged_one_after_another() {
    let owning = Agency::start("owning-ca-pd").await;
    owning.accord(&["key", "rotate", "message", "--overlap", "60"]).done();
    let refused = owning.accord(&["key", "rotate", "agency"]);
    assert!(refused.failed(1).contains("being exchanged until"), "{refused:?}");
    let refused = owning.accord(&["key", "rotate", "agency", "--overlap", "60"]);
    assert!(refused.failed(2).contains("--overlap"), "{refused:?}");
    owning.clock.shift(2 * HOUR_MS);
    assert_eq!(owning.accord(&["key", "rotate", "agency"]).done()["version"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_key_is_exchanged_before_peers_people_have_confirmed_the_agency_key() {
    let (asking, owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    let fingerprint = owning.accord(&["key", "rotate", "agency"]).done()["fingerprint"].clone();
    waits(&asking, &owning).await;
    for key in ["message", "log", "cosigner", "node"] {
        let refused = owning.accord(&["key", "rotate", key]).only_error(1);
        assert_eq!(refused["code"], "agency_key_unconfirmed", "{refused}");
        let said = refused["message"].as_str().expect("words");
        assert!(said.contains(asking.id().as_str()) && said.contains("--held"), "{said}");
    }
    let (ok, said) = owning.accord(&["doctor"]).check("keys");
    assert!(!ok && said.contains(asking.id().as_str()), "{said}");
    // What changes no key is as free as ever.
    owning.accord(&["card", "reissue", "--contact", "the desk, 555-0100"]).done();

    eventually("the version that follows it waits", async || {
        let state = asking.context().agency.registry.state();
        let held = state.peers[owning.id()].held.as_ref()?;
        (held.card.value.version == 3).then_some(())
    })
    .await;
    let add = ["card", "add", "--held", owning.id().as_str(), "--verified-by", "telephone"];
    let heard = ["--fingerprint", fingerprint.as_str().expect("a fingerprint"), "--replace"];
    asking.accord(&[&add, heard.as_slice()].concat()).done();
    for key in ["message", "log", "cosigner", "node"] {
        eventually("the other keys are free", async || {
            let rotated = owning.accord(&["key", "rotate", key, "--overlap", "60"]);
            (rotated.code == 0).then_some(())
        })
        .await;
    }
    assert!(owning.accord(&["doctor"]).check("keys").0);
    for clock in [&asking.clock, &owning.clock] {
        clock.shift(2 * HOUR_MS);
    }
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_may_know_ends_at_once_whatever_is_under_way() {
    let (asking, mut owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    let own = |owning: &Agency| {
        owning.context().agency.registry.state().own.clone().expect("a card").value.clone()
    };
    for use_ in [KeyUse::Message, KeyUse::Log, KeyUse::Cosigner, KeyUse::Node] {
        let first = *use_.named(&own(&owning));
        owning.accord(&["key", "rotate", use_.word()]).done();
        let second = *use_.named(&own(&owning));
        let refused = owning.accord(&["key", "rotate", use_.word()]);
        assert!(refused.failed(1).contains("--overlap 0"), "{refused:?}");
        let ended = owning.accord(&["key", "rotate", use_.word(), "--overlap", "0"]).done();
        let card = own(&owning);
        for key in [first, second] {
            assert!(!card.in_force(&key, owning.now()), "{use_}: {ended}");
        }
        let version = card.version;
        wait_for_card(&asking, &owning, version).await;
        tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    }
    owning.accord(&["key", "rotate", "message"]).done();
    owning.accord(&["key", "rotate", "agency", "--overlap", "0"]).done();
    owning.restart().await;
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_of_a_peer_outlives_its_next_card() {
    let (asking, owning) = pair().await;
    add_card_as(&asking, &owning.identity, Some(AgencyKind::Federal), None).await;
    let verified = || asking.context().agency.registry.state().peers[owning.id()].verified.kind;
    assert_eq!(verified(), AgencyKind::Federal);
    let fingerprint = owning.accord(&["key", "rotate", "agency"]).done()["fingerprint"].clone();
    waits(&asking, &owning).await;
    let fingerprint = fingerprint.as_str().expect("a fingerprint");
    let add = ["card", "add", "--held", owning.id().as_str(), "--verified-by", "telephone"];
    let heard = ["--fingerprint", fingerprint, "--replace"];
    assert_eq!(asking.accord(&[&add, heard.as_slice()].concat()).done()["kind"], "federal");
    assert_eq!(verified(), AgencyKind::Federal, "it still claims to be police");
}
