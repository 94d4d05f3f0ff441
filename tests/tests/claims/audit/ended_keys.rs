//! A key that ended: what it signed before counts against its agency only where somebody else proves that
//! it was there before, and nobody's clock makes an honest log say what cannot be.

use audit::reconcile::{Class, Finding};
use node::exchange::statements::Reconciler;
use schemas::card::{Card, Revocation};
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::{Frame, FrameKind};
use schemas::outcome::OutcomeCode;
use schemas::statement::tree_path::TreePath;
use schemas::statement::{Narrow, Node, Statement, divided};
use schemas::time::{CLOCK_AHEAD_MS, MINUTE_MS, Timestamp};
use store::{Heads as _, LogRecords as _};
use tests::agency::Agency;
use tests::auditor::{bundles_of_both, problems};
use tests::federation::{owner_and_raw, sharing_pair};
use tests::fixtures::{PLATE, SETTLED_MS, query};
use tests::identity::Identity;
use tests::raw_peer::RawPeer;
use tests::wait::eventually;

/// From now on `raw` states that its log holds nothing.
fn deny_everything(raw: &mut RawPeer, to: &Agency) {
    let (identity, to, at) = (raw.identity.clone(), to.id().clone(), to.now());
    raw.answer(move |frame| {
        let body = match frame.kind {
            FrameKind::Card => identity.card_envelope().as_bytes().to_vec(),
            FrameKind::Narrow => {
                let asked: Narrow = serde_json::from_slice(&frame.body).expect("places");
                asked.places.first()?;
                let (place, children, lines) = (TreePath::all(), Vec::new(), Vec::new());
                serde_json::to_vec(&Node { place, children, lines }).expect("JSON")
            }
            FrameKind::Statement => {
                let request = Envelope::parse(&frame.body).expect("a request").digest();
                let (from, to) = (identity.id.clone(), to.clone());
                let (count, digest) = (0, divided(&[]));
                let statement =
                    Statement { request, from, to, at, count, digest, sessions: Vec::new() };
                identity.sign(Signed::Statement, &statement).as_bytes().to_vec()
            }
            _ => return None,
        };
        Some(vec![Frame::new(frame.kind, body)])
    });
}

/// The one difference that the owner finds.
async fn found(owner: &Agency, raw: &RawPeer) -> Finding {
    let node = owner.node();
    let (from, until) = (Timestamp::MIN, Timestamp::MAX);
    let report = Reconciler::of(&node.context)
        .reconcile(node.peers.as_ref(), &owner.admin(), raw.id(), from, until)
        .await
        .expect("a comparison");
    // A peer of the wire alone keeps no log whose proofs it could show.
    let mut found: Vec<_> = report.findings.clone();
    found.retain(|finding| finding.class != Class::Unproven);
    assert_eq!(found.len(), 1, "{report:#?}");
    found.into_iter().next().expect("a finding")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_denies_what_an_ended_key_signed_is_accused_where_others_saw_it_before() {
    let (owner, mut raw, _) = owner_and_raw().await;
    let asked = query(raw.id(), owner.id(), PLATE, owner.now());
    let signed = raw.identity.sign(Signed::Query, &asked);
    drop(raw.ask(&owner, &signed).await.answered());
    let old = raw.identity.message_key.clone();
    let new = Identity::new("spare-ca-pd", Vec::new(), owner.now()).message_key;
    let card = Card {
        version: 2,
        message_key: new.public(),
        revocations: vec![Revocation { key: old.public(), at: owner.now() }],
        ..raw.identity.card.clone()
    };
    let shown = raw.identity.sign_card(&card, std::slice::from_ref(&new));
    let (taken, _) = raw.say(&owner, FrameKind::Card, shown.as_bytes()).await;
    assert_eq!(taken.map(|frame| frame.kind), Some(FrameKind::Card));
    raw.identity.message_key = new;
    raw.identity.card = card;
    deny_everything(&mut raw, &owner);
    owner.clock.shift(SETTLED_MS);
    // Nobody but the owner says that the query was there before its key ended.
    let finding = found(&owner, &raw).await;
    assert_eq!((finding.class, &finding.agency), (Class::SignedWithEndedKey, &None));
    assert_eq!((finding.signed_by, finding.query_id), (None, Some(asked.id)));
}

/// An end that is recorded has every peer asked at once.
#[tokio::test(flavor = "multi_thread")]
async fn when_keys_end_heads_are_cosigned_at_once() {
    let (asking, owning, _) = sharing_pair().await;
    // The first round is over, and the next one is minutes away.
    let first = |store: Option<String>| store.map(|_| ());
    let cosigned = async |size| owning.store().first_cosigned(size).await.expect("the store");
    eventually("a first head", async || first(cosigned(0).await)).await;
    asking.ask_one(owning.id(), PLATE).await;
    asking.accord(&["key", "rotate", "message", "--overlap", "0"]).done();
    let updated = owning
        .wait_for_log("the card", |log| {
            log.all(Kind::CardUpdated).last().map(|entry| entry.header.index)
        })
        .await;
    eventually("a head over it", async || first(cosigned(updated + 1).await)).await;
    // Both heads stand in an export, and bound what is under them.
    let changes = owning.store().changes(0, u32::MAX).await.expect("changes");
    assert!(changes.iter().any(|change| change.entry == updated));
    let auditor = bundles_of_both(&asking, &owning);
    let (code, report) = auditor.verify("owning", &[&owning, &asking]);
    assert_eq!((code, problems(&report)), (0, vec![]), "{report:#}");
    let text = std::fs::read_to_string(auditor.path("owning")).expect("a bundle");
    assert!(text.lines().filter(|line| line.starts_with("{\"cosigned\"")).count() >= 2);
}

/// A requester whose clock is far ahead, and that says so in its own log alone.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_clock_that_is_far_off_is_kept() {
    for (ahead, kept) in [(CLOCK_AHEAD_MS - MINUTE_MS, true), (CLOCK_AHEAD_MS + MINUTE_MS, false)] {
        let asking = tests::agency::Plan::of("asking-ca-pd")
            .bounds(|bounds| bounds.freshness_seconds = 3_600);
        let owning = tests::agency::Plan::of("owning-ca-pd")
            .bounds(|bounds| bounds.freshness_seconds = 3_600);
        let (asking, owning, _) = tests::federation::sharing_pair_of(asking, owning).await;
        asking.clock.shift(ahead);
        let heard = asking.ask_one(owning.id(), PLATE).await;
        assert_eq!(heard.outcome, OutcomeCode::Answered, "{heard:?}");
        let log = owning.log().await;
        let theirs = log.one(Kind::QueryAnswered).detail("theirs").clone();
        assert_eq!(theirs.is_object(), kept, "{ahead} ms ahead: {theirs}");
        assert_eq!(log.count(Kind::AlarmRaised), 0);
        for agency in [&asking, &owning] {
            let own = agency.accord(&["audit", "verify"]);
            assert_eq!(own.code, 0, "{ahead} ms ahead: {own:?}");
        }
    }
}

/// A cosigner whose clock is far behind bounds nothing: its word on when it cosigned is not kept.
#[tokio::test(flavor = "multi_thread")]
async fn no_head_is_kept_that_a_clock_far_behind_cosigned() {
    for (behind, kept) in [(CLOCK_AHEAD_MS - MINUTE_MS, true), (CLOCK_AHEAD_MS + MINUTE_MS, false)]
    {
        let (asking, owning, _) = sharing_pair().await;
        owning.clock.shift(behind);
        owning.add_reads(PLATE, 1).await;
        let size = owning.own().log.counters().size;
        let count = owning.node().have_cosigned_by_all().await;
        assert_eq!(count == 1, kept, "{behind} ms behind");
        let head = owning.store().first_cosigned(size).await.expect("the store");
        assert_eq!(head.is_some(), kept, "{behind} ms behind");
        let own = owning.accord(&["audit", "verify"]);
        assert_eq!(own.code, 0, "{behind} ms behind: {own:?}");
        drop(asking);
    }
}
