//! Message, log and cosigner key are exchanged while queries go on: none is lost, what the key before
//! signed stays verifiable, and after its end it counts no more.

use node::auditing::alarms;
use node::run::StartError;
use schemas::alarm::AlarmKind;
use schemas::card::{Card, Revocation};
use schemas::checkpoint::SignedCheckpoint;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::key::SecretKey;
use schemas::outcome::OutcomeCode;
use tests::agency::Agency;
use tests::federation::{owner_and_raw, sharing_pair, shift_clocks};
use tests::fixtures::{HOUR_MS, PLATE, query};
use tests::identity::Identity;
use tests::key_rotation::{ask_many, assert_log_whole, wait_for_card};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;

fn key_of(agency: &Agency) -> String {
    agency.context().message_key().public().fingerprint().to_string()
}

/// The keys that signed the envelopes of `kind` in a log.
async fn signers(agency: &Agency, kind: Kind) -> Vec<String> {
    let log = agency.log().await;
    let named = log.all(kind).into_iter().map(|entry| {
        let first = &entry.envelopes.first().expect("an envelope");
        Envelope::parse(first.as_bytes()).expect("an envelope").key_id().to_owned()
    });
    named.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_key_is_exchanged_under_queries_and_none_is_lost() {
    let (asking, mut owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    let before = key_of(&owning);
    let rotate = async {
        let rotated = owning.accord(&["key", "rotate", "message"]).done();
        assert_eq!(rotated["version"], 2);
        let again = owning.accord(&["key", "rotate", "message"]);
        assert!(again.failed(1).contains("being exchanged already"), "{again:?}");
    };
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking), rotate);
    wait_for_card(&asking, &owning, 2).await;
    assert_eq!(key_of(&owning), before, "the key before signs while peers learn the new card");

    // Past the half the new one signs, and all goes on; also over a restart.
    shift_clocks([&asking, &owning], 13 * HOUR_MS);
    let after = key_of(&owning);
    assert_ne!(after, before);
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    owning.restart().await;
    assert_eq!(key_of(&owning), after);
    ask_many(&asking, &owning).await;

    // Past its end, the key before is gone from the home.
    shift_clocks([&asking, &owning], 12 * HOUR_MS);
    owning.restart().await;
    assert_eq!(key_of(&owning), after);
    assert!(!owning.home().join("keys/message-next.pem").exists());
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));

    // Both kinds of signature stand in the logs, and every one of them is checked.
    let sent = signers(&owning, Kind::QuerySent).await;
    assert!(sent.contains(&before) && sent.contains(&after), "{sent:?}");
    assert_log_whole(&asking, &owning).await;
    assert_log_whole(&owning, &asking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_be_known_to_others_ends_at_once() {
    let (asking, owning, _) = sharing_pair().await;
    let before = key_of(&owning);
    owning.accord(&["key", "rotate", "message", "--overlap", "0"]).done();
    assert_ne!(key_of(&owning), before);
    wait_for_card(&asking, &owning, 2).await;
    ask_many(&asking, &owning).await;
}

/// A query of `raw`, signed with `key`.
fn signed(raw: &RawPeer, owner: &Agency, key: &SecretKey) -> Envelope {
    let asked = query(raw.id(), owner.id(), PLATE, owner.now());
    Envelope::sign_json(Signed::Query, &asked, key).expect("an envelope")
}

async fn shows(raw: &RawPeer, owner: &Agency, card: &Card, new: &SecretKey) {
    let envelope = raw.identity.sign_card(card, std::slice::from_ref(new));
    let (taken, _) = raw.say(owner, FrameKind::Card, envelope.as_bytes()).await;
    assert_eq!(taken.map(|frame| frame.kind), Some(FrameKind::Card));
    let version = || owner.context().agency.registry.state().peers[raw.id()].card.value.version;
    assert_eq!(version(), card.version);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_before_counts_until_its_announced_end_and_no_longer() {
    let (owner, raw, _) = owner_and_raw().await;
    let old = raw.identity.message_key.clone();
    let new = Identity::new("spare-ca-pd", Vec::new(), owner.now()).message_key;
    let ends = owner.now().plus_millis(HOUR_MS);
    let card = Card {
        version: 2,
        message_key: new.public(),
        revocations: vec![Revocation { key: old.public(), at: ends }],
        ..raw.identity.card.clone()
    };
    shows(&raw, &owner, &card, &new).await;
    for key in [&old, &new] {
        drop(raw.ask(&owner, &signed(&raw, &owner, key)).await.answered());
    }
    owner.clock.shift(HOUR_MS + 1);
    let reply = raw.ask(&owner, &signed(&raw, &owner, &old)).await;
    assert!(reply.proves_nothing(), "{reply:?}");
    drop(raw.ask(&owner, &signed(&raw, &owner, &new)).await.answered());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_card_leaves_behind_without_a_word_counts_no_more() {
    let (owner, raw, _) = owner_and_raw().await;
    let old = raw.identity.message_key.clone();
    let new = Identity::new("spare-ca-pd", Vec::new(), owner.now()).message_key;
    let card = Card { version: 2, message_key: new.public(), ..raw.identity.card.clone() };
    shows(&raw, &owner, &card, &new).await;
    let reply = raw.ask(&owner, &signed(&raw, &owner, &old)).await;
    assert!(reply.proves_nothing(), "{reply:?}");
    drop(raw.ask(&owner, &signed(&raw, &owner, &new)).await.answered());
}

/// How many signatures stand under a head of a log.
fn lines(head: &SignedCheckpoint) -> usize {
    head.to_string().lines().filter(|line| line.starts_with('\u{2014}')).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn log_and_cosigner_key_are_exchanged_under_queries_and_none_is_lost() {
    let (mut asking, mut owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    ask_many(&asking, &owning).await;
    for agency in [&asking, &owning] {
        assert_eq!(agency.node().have_cosigned_by_all().await, 1);
    }
    let before = owning.log_key();
    let head = owning.context().agency.log.head().expect("a head");
    assert!(head.verified(&before).is_ok() && lines(&head) == 1);
    let rotate = async {
        for (key, version) in [("log", 2), ("cosigner", 3)] {
            assert_eq!(owning.accord(&["key", "rotate", key]).done()["version"], version);
            let again = owning.accord(&["key", "rotate", key]);
            assert!(again.failed(1).contains("being exchanged already"), "{again:?}");
        }
    };
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking), rotate);
    wait_for_card(&asking, &owning, 3).await;

    // Both keys sign every head, so whoever knows either can check it.
    let after = owning.log_key();
    assert_ne!(after, before);
    let head = owning.context().agency.log.head().expect("a head");
    assert!(head.verified(&before).is_ok() && head.verified(&after).is_ok());
    let cosigning = |agency: &Agency| agency.context().cosigner_key().public();
    let first = cosigning(&owning);
    for agency in [&asking, &owning] {
        assert_eq!(agency.node().have_cosigned_by_all().await, 1);
    }

    // Past the half the new one cosigns; over a restart, too, the anchor and what peers hold count.
    shift_clocks([&asking, &owning], 13 * HOUR_MS);
    owning.restart().await;
    asking.restart().await;
    assert_ne!(cosigning(&owning), first);
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    for agency in [&asking, &owning] {
        assert_eq!(agency.node().have_cosigned_by_all().await, 1);
    }

    // Past its end the key before is gone from the home and signs no more.
    shift_clocks([&asking, &owning], 12 * HOUR_MS);
    owning.restart().await;
    let head = owning.context().agency.log.head().expect("a head");
    assert!(head.verified(&before).is_err() && head.verified(&after).is_ok());
    for file in ["keys/log-next.pem", "keys/cosigner-next.pem"] {
        assert!(!owning.home().join(file).exists(), "{file}");
    }
    tokio::join!(ask_many(&asking, &owning), ask_many(&owning, &asking));
    for agency in [&asking, &owning] {
        assert_eq!(agency.node().have_cosigned_by_all().await, 1);
    }
    assert_log_whole(&asking, &owning).await;
    assert_log_whole(&owning, &asking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_the_key_before_signed_alone_counts_until_its_end_and_no_longer() {
    let (asking, owning, _) = sharing_pair().await;
    let before = owning.context().keys.log.all();
    owning.accord(&["key", "rotate", "log", "--overlap", "60"]).done();
    wait_for_card(&asking, &owning, 2).await;
    // Whoever took the key before along signs with that one alone.
    owning.context().agency.log.sign_with(before);
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    assert_eq!(alarms::list(&asking.context().agency).len(), 0);
    shift_clocks([&asking, &owning], HOUR_MS + 1);
    drop(asking.ask_one(owning.id(), PLATE).await);
    let alarms = || {
        alarms::list(&asking.context().agency).iter().map(|one| one.what.kind).collect::<Vec<_>>()
    };
    eventually("an alarm", async || (alarms() == [AlarmKind::Proof]).then_some(())).await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    assert!(heard.error.is_some_and(|error| error.contains("alarm 1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_signed_with_a_key_of_a_card_that_has_not_come_proves_nothing_and_rings_no_alarm() {
    let (asking, owning, _) = sharing_pair().await;
    let unheard_of = Identity::new("spare-ca-pd", Vec::new(), owning.now()).message_key;
    owning.context().agency.log.sign_with(vec![unheard_of]);
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.outcome, OutcomeCode::Answered);
    let log = asking.log().await;
    assert!(log.one(Kind::AnswerReceived).said.get("theirs").is_none());
    assert_eq!(
        (log.count(Kind::AlarmRaised), alarms::list(&asking.context().agency).len()),
        (0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_put_back_to_before_the_log_key_was_another_does_not_start() {
    let mut owning = Agency::start("owning-ca-pd").await;
    let rotated = owning.roll_back_after(async |owning| {
        owning.accord(&["key", "rotate", "log", "--overlap", "0"]).done();
        // The key before has ended: from here on the new one alone signs, the anchor too.
        owning.restart().await;
    });
    rotated.await;
    let error = owning.start_error().await;
    assert!(matches!(error, StartError::OtherKey(_)), "{error}");
}
