//! What a peer leaves behind is bounded: it is told of the bound, it is counted, and others feel
//! nothing. Each of these peers has nothing but a card.

use agreements::agreement::{Act, Notice, Person};
use agreements::request::{Request, RequestScope, Withdrawal};
use node::exchange::ask::random_id;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::purpose::Purpose;
use schemas::statement::StatementRequest;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::Value;
use tests::agency::{Agency, Plan};
use tests::federation::{add_card, owner_and_raw_of, signed_by_both};
use tests::fixtures::{DAY_MS, PLATE, agreement, query, words};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::wire::Reply;

/// A written request of `raw` to `owner`, under a new id.
fn request(raw: &RawPeer, owner: &Agency) -> Request {
    let slug = random_id().expect("randomness");
    Request {
        id: format!("{}/req-{slug}", raw.id()).parse().expect("an id"),
        from: raw.id().clone(),
        to: owner.id().clone(),
        requested_by: words("Mal Lory"),
        user: "m.lory".parse().expect("a user"),
        purpose: Purpose::StolenVehicle,
        case: words("26-00417"),
        reason: words("Stolen this morning"),
        danger: Text::default(),
        after_refusal: None,
        at: owner.now(),
        scope: RequestScope { uses: Some(1), ..RequestScope::default() },
    }
}

fn signed(raw: &RawPeer, kind: Signed, text: &str) -> Envelope {
    Envelope::sign(kind, text.as_bytes().to_vec(), &raw.identity.message_key).expect("an envelope")
}

/// Sends a document; what the owner said, unless it took it in.
async fn send(raw: &RawPeer, owner: &Agency, document: &Envelope) -> Result<(), Value> {
    let reply = eventually("the owner is reached", async || {
        raw.say(owner, FrameKind::Document, document.as_bytes()).await.0
    })
    .await;
    match reply.kind {
        FrameKind::DocumentAck => Ok(()),
        FrameKind::Failed => Err(serde_json::from_slice(&reply.body).expect("a word")),
        other => panic!("a frame of kind {other:?}"),
    }
}

async fn file(raw: &RawPeer, owner: &Agency) -> Result<Envelope, Value> {
    let text = request(raw, owner).to_toml().expect("a request");
    let envelope = signed(raw, Signed::Request, &text);
    send(raw, owner, &envelope).await.map(|()| envelope)
}

fn told(word: &Value, what: &str) {
    assert_eq!(word["code"], "too_many", "{word}");
    assert!(word["message"].as_str().is_some_and(|said| said.contains(what)), "{word}");
    assert!(word["until"].as_str().is_some_and(|until| until.ends_with('Z')), "{word}");
}

/// An owner, and a peer that has nothing but a card.
async fn owner_and_card(plan: Plan) -> (Agency, RawPeer) {
    let owner = Agency::of(plan).await;
    let raw = RawPeer::start("hostile-ca-pd", owner.now());
    add_card(&owner, &raw.identity).await;
    (owner, raw)
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_requests_of_a_peer_wait_for_a_decision_and_a_restart_forgets_none() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.undecided_requests = 3);
    let (mut owner, raw) = owner_and_card(plan).await;
    let first = file(&raw, &owner).await.expect("taken in");
    for _ in 1..3 {
        drop(file(&raw, &owner).await.expect("taken in"));
    }
    told(&file(&raw, &owner).await.expect_err("beyond"), "3 written requests");
    owner
        .wait_for_log("it is counted", |log| {
            let rejected = log.all(Kind::PeerRejected);
            rejected.iter().any(|entry| entry.detail("cause") == "too_many").then_some(())
        })
        .await;
    owner.restart().await;
    told(&file(&raw, &owner).await.expect_err("beyond"), "3 written requests");
    // What is known already is acknowledged all the same, and nobody else is held back.
    send(&raw, &owner, &first).await.expect("acknowledged again");
    let other = RawPeer::start("other-ca-pd", owner.now());
    add_card(&owner, &other.identity).await;
    drop(file(&other, &owner).await.expect("taken in"));
    // One that is withdrawn makes room.
    let body = first.unverified_payload();
    let of = Request::from_toml("request", std::str::from_utf8(body).expect("text")).expect("one");
    let withdrawal =
        Withdrawal { request: of.id, request_digest: Digest::of(body), at: owner.now() };
    let withdrawal = withdrawal.to_toml().expect("a withdrawal");
    send(&raw, &owner, &signed(&raw, Signed::Withdrawal, &withdrawal)).await.expect("taken in");
    drop(file(&raw, &owner).await.expect("room again"));
    assert_eq!(owner.log().await.count(Kind::RequestReceived), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_sends_in_a_day_is_bounded_by_number_and_bytes() {
    type Change = fn(&mut node::config::Bounds);
    let bounds: [(Change, &str); 2] = [
        (|bounds| bounds.documents_per_day = 4, "4 documents"),
        (|bounds| bounds.document_kib_per_day = 5, "5120 bytes"),
    ];
    for (change, what) in bounds {
        let (mut owner, raw) = owner_and_card(Plan::of("owning-ca-pd").bounds(change)).await;
        let mut taken = 0;
        let word = loop {
            match file(&raw, &owner).await {
                Ok(_) => taken += 1,
                Err(word) => break word,
            }
            assert!(taken <= 10, "{what}");
        };
        told(&word, what);
        owner.restart().await;
        told(&file(&raw, &owner).await.expect_err("the same day"), what);
        assert_eq!(owner.log().await.count(Kind::RequestReceived), taken);
        owner.clock.shift(DAY_MS);
        drop(file(&raw, &owner).await.expect("another day"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_a_peer_asks_for_count_among_what_it_leaves_behind_in_a_day() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.documents_per_day = 4);
    let (mut owner, raw) = owner_and_card(plan).await;
    let asks = async |owner: &Agency| {
        let (from, to, at) = (raw.id().clone(), owner.id().clone(), owner.now());
        let (since, until) = (Timestamp::MIN, Timestamp::MAX);
        let request = StatementRequest { from, to, at, since, until, sessions: Vec::new() };
        let request = raw.identity.sign(Signed::Statement, &request);
        let reply = eventually("the owner is reached", async || {
            raw.say(owner, FrameKind::Statement, request.as_bytes()).await.0
        })
        .await;
        match reply.kind {
            FrameKind::Statement => Ok(()),
            _ => Err(serde_json::from_slice::<Value>(&reply.body).expect("a word")),
        }
    };
    drop(file(&raw, &owner).await.expect("a request"));
    let mut stated = 0;
    let word = loop {
        match asks(&owner).await {
            Ok(()) => stated += 1,
            Err(word) if word["code"] == "busy" => {}
            Err(word) => break word,
        }
        assert!(stated < 4, "a request for approval and three statements");
    };
    told(&word, "4 documents");
    assert_eq!((stated, owner.log().await.count(Kind::AuditStated)), (3, 3));
    told(&file(&raw, &owner).await.expect_err("nor anything else"), "4 documents");
    owner.restart().await;
    told(&asks(&owner).await.expect_err("the same day"), "4 documents");
    owner.clock.shift(DAY_MS);
    asks(&owner).await.expect("another day");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_no_larger_than_its_kind_needs_comments_included() {
    let (owner, raw) = owner_and_card(Plan::of("owning-ca-pd")).await;
    let text = request(&raw, &owner).to_toml().expect("a request");
    let filler = "# filler\n".repeat(1_000);
    let padded = [text.as_str(), &filler].concat();
    // Neither made nor read by the node's own code: the envelope is put together by hand.
    let good = signed(&raw, Signed::Request, &text);
    assert!(
        Envelope::sign(Signed::Request, padded.clone().into_bytes(), &raw.identity.message_key)
            .is_err()
    );
    let large =
        tests::identity::envelope_by_hand(&good, padded.as_bytes(), &raw.identity.message_key);
    let word = {
        let (reply, _) = raw.say(&owner, FrameKind::Document, &large).await;
        let reply = reply.expect("a word");
        assert_eq!(reply.kind, FrameKind::Failed);
        String::from_utf8_lossy(&reply.body).into_owned()
    };
    assert!(word.contains("unverifiable"), "{word}");
    assert_eq!(owner.log().await.count(Kind::RequestReceived), 0);
    send(&raw, &owner, &good).await.expect("taken in");
}

#[tokio::test(flavor = "multi_thread")]
async fn alternating_notices_end_with_the_day_and_end_suspended() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.documents_per_day = 6);
    let (owner, raw, id) = owner_and_raw_of(plan).await;
    let text = {
        let state = owner.context().agency.registry.state();
        state.agreements[&id].values().next().expect("a text").recorded.text
    };
    let notice = |act| Notice {
        agreement: id.clone(),
        version: 1,
        text,
        agency: raw.id().clone(),
        act,
        reason: words("Because"),
        at: owner.now(),
        by: Person { user: "m.lory".parse().expect("a user"), full_name: words("Mal Lory") },
    };
    let mut sent = 0;
    let word = loop {
        let act = if sent % 2 == 0 { Act::Suspend } else { Act::Resume };
        let mut notice = notice(act);
        notice.at = notice.at.plus_millis(sent);
        let text = notice.to_toml().expect("a notice");
        match send(&raw, &owner, &signed(&raw, Signed::Notice, &text)).await {
            Ok(()) => sent += 1,
            Err(word) => break word,
        }
        assert!(sent < 20);
    };
    told(&word, "6 documents");
    assert_eq!(sent % 2, 1, "suspending one's own side waits for no day: the last one is that");
    let asked = query(raw.id(), owner.id(), PLATE, owner.now());
    let reply = raw.ask(&owner, &raw.identity.sign(Signed::Query, &asked)).await;
    assert!(matches!(reply, Reply::Refusal(_)), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_documents_changes_nothing_for_honest_queries_and_what_it_leaves_is_bounded() {
    // Many more than a day's default, so that the registry changes all the time.
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| {
        bounds.documents_per_day = 100_000;
        bounds.undecided_requests = 2_000;
        bounds.document_kib_per_day = 2_048;
        bounds.receipts_outstanding = 10_000;
        bounds.refusals_per_minute = 100_000;
    });
    let (owner, honest, _) = owner_and_raw_of(plan).await;
    let flooding = RawPeer::start("flooding-ca-pd", owner.now());
    add_card(&owner, &flooding.identity).await;
    let over = std::sync::atomic::AtomicBool::new(false);
    let is_over = || over.load(std::sync::atomic::Ordering::Relaxed);
    // Small ones in one half of the lanes, the largest that a request may be in the other.
    let lane = async |large: bool| {
        while !is_over() {
            let mut one = request(&flooding, &owner);
            one.reason = if large { words(&"x".repeat(1_900)) } else { one.reason };
            let mut text = one.to_toml().expect("a request");
            if large {
                text += &"# filler\n".repeat((8_192 - text.len()) / 9);
            }
            let envelope = signed(&flooding, Signed::Request, &text);
            drop(flooding.say(&owner, FrameKind::Document, envelope.as_bytes()).await);
        }
    };
    let lanes = futures::future::join_all((0..32).map(|n| lane(n % 2 == 0)));
    let honest_queries = async {
        eventually("the flood has begun", async || {
            (owner.context().agency.registry.state().requests.len() > 5).then_some(())
        })
        .await;
        for _ in 0..150 {
            let asked = query(honest.id(), owner.id(), PLATE, owner.now());
            let reply = honest.ask(&owner, &honest.identity.sign(Signed::Query, &asked)).await;
            drop(reply.answered());
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    tokio::join!(lanes, honest_queries);
    let log = owner.log().await;
    assert_eq!((log.count(Kind::QueryAnswered), log.count(Kind::QueryRefused)), (150, 0));
    assert_eq!(owner.store().searches(), 150, "nothing of the flood had a query decided again");
    let state = owner.context().agency.registry.state();
    let kept: usize = state.requests.values().map(|filed| filed.envelope.len()).sum();
    assert!(kept <= 2_048 << 10, "{kept} bytes are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_between_others_is_told_from_what_is_not_there_by_nothing() {
    let (owner, friend, agreed) = owner_and_raw_of(Plan::of("owning-ca-pd")).await;
    let prying = RawPeer::start("prying-ca-pd", owner.now());
    add_card(&owner, &prying.identity).await;
    let filed = file(&friend, &owner).await.expect("taken in");
    let body = filed.unverified_payload();
    let of = Request::from_toml("request", std::str::from_utf8(body).expect("text")).expect("one");
    let absent = request(&friend, &owner).id;
    let withdrawal = |id: &schemas::authority::AuthorityId| {
        let withdrawal =
            Withdrawal { request: id.clone(), request_digest: Digest::of(body), at: owner.now() };
        signed(&prying, Signed::Withdrawal, &withdrawal.to_toml().expect("a withdrawal"))
    };
    let state = owner.context().agency.registry.state();
    let text = state.agreements[&agreed].values().next().expect("a text").recorded.text;
    let notice = |text| {
        let notice = Notice {
            agreement: agreed.clone(),
            version: 1,
            text,
            agency: prying.id().clone(),
            act: Act::Suspend,
            reason: words("Because"),
            at: owner.now(),
            by: Person { user: "m.lory".parse().expect("a user"), full_name: words("Mal Lory") },
        };
        signed(&prying, Signed::Notice, &notice.to_toml().expect("a notice"))
    };
    let other = Digest::of(b"another text");
    for (there, absent, names) in [
        (withdrawal(&of.id), withdrawal(&absent), [of.id.to_string(), absent.to_string()]),
        (notice(text), notice(other), [text.to_string(), other.to_string()]),
    ] {
        let [there, absent] = [
            send(&prying, &owner, &there).await.expect_err("of others"),
            send(&prying, &owner, &absent).await.expect_err("of nobody"),
        ];
        assert_eq!(there["code"], absent["code"]);
        let said = |word: &Value, name: &str| {
            word["message"].as_str().expect("a message").replace(name, "…")
        };
        assert_eq!(said(&there, &names[0]), said(&absent, &names[1]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_between_others_has_no_query_decided_again() {
    let (owner, raw, _) = owner_and_raw_of(Plan::of("owning-ca-pd")).await;
    let other = RawPeer::start("other-ca-pd", owner.now());
    add_card(&owner, &other.identity).await;
    let asked = query(raw.id(), owner.id(), PLATE, owner.now());
    let asked = raw.identity.sign(Signed::Query, &asked);
    owner.store().hold();
    let (reply, ()) = tokio::join!(raw.ask(&owner, &asked), async {
        eventually("it is searched for", async || (owner.store().searches() == 1).then_some(()))
            .await;
        let text = agreement(&[owner.id(), other.id()], owner.now());
        signed_by_both(&owner, &other.identity, &text).await;
        drop(file(&other, &owner).await.expect("taken in"));
        owner.store().release();
    });
    drop(reply.answered());
    assert_eq!(owner.store().searches(), 1);
}
