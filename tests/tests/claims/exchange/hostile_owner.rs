//! An owner that lies, and bytes that are no message: nobody sees what does not verify.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agreements::policy::Policy;
use schemas::agency::AgencyId;
use schemas::area::{Near, Polygon};
use schemas::digest::Digest;
use schemas::draft::Draft;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::frame::{Frame, FrameKind};
use schemas::key::SecretKey;
use schemas::outcome::OutcomeCode;
use schemas::posted::PostedPolicy;
use schemas::purpose::QueryKind;
use schemas::query::{Elements, Query};
use schemas::read::{Location, Read};
use schemas::refusal::Refusal;
use tests::agency::{Agency, Plan};
use tests::federation::{add_card, owner_and_raw, propose};
use tests::fixtures::{PLATE, draft, id, query, reads, words};
use tests::forged_answer::{ForgedAnswer, agreement_between, page_of};
use tests::identity::Identity;
use tests::raw_peer::RawPeer;
use tests::wait::within;

/// An honest answer with two reads.
fn honest(identity: &Identity, query: &Query, digest: Digest) -> ForgedAnswer {
    let reads = reads(&identity.id, PLATE, 2, query.at);
    ForgedAnswer::honest(identity, query, digest, reads)
}

/// An agency that asks a hostile owner whose replies `script` makes of each query.
pub(super) async fn asking(
    script: impl Fn(&Identity, &Query, Digest) -> Vec<Frame> + Send + Sync + 'static,
) -> (Agency, RawPeer) {
    let asking =
        Agency::of(Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 2)).await;
    let mut raw = RawPeer::start("hostile-ca-pd", asking.now());
    add_card(&asking, &raw.identity).await;
    propose(&asking, &agreement_between(asking.id(), raw.id()), None).await;
    raw.answer_queries(asking.identity.card.message_key, script);
    (asking, raw)
}

/// An answer that is falsified so is logged as rejected and shown to nobody.
async fn is_rejected(falsify: impl Fn(&mut ForgedAnswer) + Send + Sync + 'static) {
    let (asking, raw) = asking(move |identity, query, digest| {
        let mut forged = honest(identity, query, digest);
        falsify(&mut forged);
        forged.frames()
    })
    .await;
    let heard = asking.ask_one(raw.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0), "{heard:?}");
    let said = heard.error.expect("why nothing is shown");
    assert!(said.contains("does not verify"), "{said}");
    let kinds = asking.log().await.exchange(heard.query_id.expect("a query id"));
    assert_eq!(kinds, [Kind::QuerySent, Kind::AnswerRejected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_answer_of_another_make_of_node_is_shown() {
    let (asking, raw) =
        asking(|identity, query, digest| honest(identity, query, digest).frames()).await;
    let heard = asking.ask_one(raw.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 2), "{:?}", heard.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_decides_by_another_policy_than_it_posts_is_told_of_with_its_answer() {
    let (asking, raw) =
        asking(|identity, query, digest| honest(identity, query, digest).frames()).await;
    let posts = async |text: &str, days: u32| {
        let since = asking.now().minus_days(days);
        let posted =
            PostedPolicy { agency: raw.id().clone(), version: 1, since, text: text.into() };
        let signed = raw.identity.sign(Signed::Policy, &posted);
        let (reply, _) = raw.say(&asking, FrameKind::Document, signed.as_bytes()).await;
        assert_eq!(reply.expect("a reply").kind, FrameKind::DocumentAck);
        asking.ask_one(raw.id(), PLATE).await
    };
    assert_eq!(asking.ask_one(raw.id(), PLATE).await.warning, None, "nothing was posted");
    let statute = Policy::builtin_text("california-statute").expect("a policy");
    let warned = posts(statute, 2).await;
    assert_eq!(warned.outcome, OutcomeCode::Answered);
    let said = warned.warning.expect("a warning");
    assert!(said.contains("`hostile-ca-pd` decided by another policy than"), "{said}");
}

/// A query as large as an officer may make it, so that its entry has little room beside.
fn large_draft(owner: &Agency, of: &AgencyId) -> Draft {
    let long = words(&"\"".repeat(1_990));
    let mut draft = draft(&[of], PLATE, owner.now());
    draft.why.suspicion = long.clone();
    draft.why.need_to_know = long.clone();
    draft.why.for_officer = long.clone();
    draft.why.cad = long;
    draft
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_too_long_to_be_logged_is_logged_as_rejected() {
    type Reply = fn(&Identity, &Query, Digest) -> serde_json::Value;
    let table: [(&str, Reply); 2] = [
        ("its reasons have more than", |identity, query, digest| {
            let reason = serde_json::json!({
                "code": "no_authority", "message": "x".repeat(44_000), "citations": [],
            });
            serde_json::json!({
                "query_id": query.id, "query_digest": digest, "from": identity.id,
                "to": query.from, "at": query.at, "reasons": [reason],
            })
        }),
        ("unknown field", |_, _, _| serde_json::json!({ "x".repeat(44_000): 1 })),
    ];
    for (why, reply) in table {
        let (asking, raw) = asking(move |identity, query, digest| {
            let signed = identity.sign(Signed::Refusal, &reply(identity, query, digest));
            vec![Frame::new(FrameKind::Refusal, signed.as_bytes().to_vec())]
        })
        .await;
        let heard = asking.ask(&large_draft(&asking, raw.id())).await.remove(0);
        assert_eq!(heard.outcome, OutcomeCode::Unanswered, "{why}: {heard:?}");
        let log = asking.log().await;
        let kinds = log.exchange(heard.query_id.expect("a query id"));
        assert_eq!(kinds, [Kind::QuerySent, Kind::AnswerRejected], "{why}");
        let logged = log.one(Kind::AnswerRejected).detail("why").to_string();
        assert!(logged.contains(why) && logged.len() < 1_000, "{logged}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_any_bit_altered_is_rejected() {
    for at in [20, 90, 400, 700] {
        is_rejected(move |forged| forged.altered_byte = Some(at)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_signed_with_another_key_is_rejected() {
    is_rejected(|forged| forged.key = SecretKey::from_seed(&[9; 32])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_another_query_is_rejected() {
    is_rejected(|forged| forged.answer.query_digest = Digest::of(b"another")).await;
    is_rejected(|forged| {
        forged.answer.query_id = node::exchange::ask::random_id().expect("randomness")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_or_to_another_agency_is_rejected() {
    is_rejected(|forged| forged.answer.to = id("other-ca-pd")).await;
    is_rejected(|forged| forged.answer.from = id("other-ca-pd")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_not_the_one_promised_is_rejected() {
    is_rejected(|forged| {
        let mut page = page_of(&forged.reads);
        page[10] ^= 1;
        forged.page = Some(page);
    })
    .await;
    is_rejected(|forged| forged.page = Some(page_of(&forged.reads[..1]))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_that_were_not_asked_for_are_rejected() {
    is_rejected(|forged| forged.reads[1].plate = "9OTHER9".parse().expect("a plate")).await;
    is_rejected(|forged| forged.reads[0].at = forged.answer.released.until).await;
    is_rejected(|forged| forged.answer.count = 3).await;
    is_rejected(|forged| {
        forged.reads = reads(&id("hostile-ca-pd"), PLATE, 101, forged.answer.at);
        forged.answer.count = 101;
    })
    .await;
}

/// What is asked for, and how a read of it is made into one that was not.
type Other = (&'static str, fn(&mut Elements), fn(&mut Read));

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_returns_what_was_not_asked_is_caught_in_every_search() {
    fn near(elements: &mut Elements, radius_m: u32) {
        let center = Location::new(34.1, -118.1).expect("degrees").expect("a place");
        (elements.kind, elements.plate) = (QueryKind::Area, None);
        elements.near = Some(Near { center, radius_m });
    }
    fn vehicle(elements: &mut Elements) -> &mut Elements {
        (elements.kind, elements.plate) = (QueryKind::Vehicle, None);
        elements
    }
    fn honda(elements: &mut Elements) {
        vehicle(elements).make = Some(words("Honda"));
    }
    fn nowhere(read: &mut Read) {
        read.location = None;
    }
    let table: [Other; 10] = [
        (
            "of another state",
            |e| e.plate_state = "CA".parse().ok(),
            |r| {
                r.plate_state = "NV".parse().ok();
            },
        ),
        (
            "beyond what readers confuse",
            |e| e.kind = QueryKind::Misread,
            |r| r.plate = "7A6C123".parse().expect("a plate"),
        ),
        (
            "of another part",
            |e| {
                (e.kind, e.plate) = (QueryKind::Partial, None);
                e.pattern = "7AB*".parse().ok();
            },
            |r| r.plate = "7BBC123".parse().expect("a plate"),
        ),
        (
            "outside the circle",
            |e| near(e, 500),
            |r| {
                r.location = Location::new(34.2, -118.1).expect("degrees");
            },
        ),
        ("nobody knows where", |e| near(e, 500), nowhere),
        (
            "outside the polygon",
            |e| {
                let corner = |a, b| Location::new(a, b).expect("degrees").expect("a place");
                let corners =
                    vec![corner(34.0, -118.2), corner(34.0, -118.0), corner(34.15, -118.1)];
                (e.kind, e.plate) = (QueryKind::Area, None);
                e.polygon = Polygon::new(corners).ok();
            },
            |r| r.location = Location::new(34.14, -118.05).expect("degrees"),
        ),
        ("of another make", honda, |r| r.vehicle.make = Some(words("Ford"))),
        ("of no make", honda, |r| r.vehicle.make = None),
        (
            "of another colour",
            |e| vehicle(e).color = Some(words("red")),
            |r| {
                r.vehicle.color = Some(words("dark-redwood"));
            },
        ),
        (
            "of another camera",
            |e| vehicle(e).camera = Some(words("camera 1")),
            |r| {
                r.camera = words("camera 2");
            },
        ),
    ];
    for (what, elements, spoil) in table {
        for (spoilt, outcome) in [(false, OutcomeCode::Answered), (true, OutcomeCode::Unanswered)] {
            let (asking, raw) = asking(move |identity, query, digest| {
                let mut forged = honest(identity, query, digest);
                for read in &mut forged.reads {
                    read.camera = words("camera 1");
                    read.vehicle.make = Some(words("honda"));
                    read.vehicle.color = Some(words("dark-red"));
                }
                if spoilt {
                    spoil(&mut forged.reads[1]);
                }
                forged.frames()
            })
            .await;
            let mut draft = draft(&[raw.id()], PLATE, asking.now());
            elements(&mut draft.elements);
            let heard = asking.ask(&draft).await.remove(0);
            assert_eq!(heard.outcome, outcome, "{what}: {:?}", heard.error);
            assert_eq!(heard.reads.is_empty(), spoilt, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_outside_the_period_that_an_answer_names_are_rejected() {
    is_rejected(|forged| forged.answer.released.from = forged.answer.at).await;
    // More than was asked for, and less that nobody names.
    is_rejected(|forged| forged.answer.released.limit += 1).await;
    is_rejected(|forged| forged.answer.released.limit -= 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_without_a_reason_is_rejected() {
    let (asking, raw) = asking(|identity, query, digest| {
        let refusal = Refusal {
            query_id: query.id,
            query_digest: digest,
            from: identity.id.clone(),
            to: query.from.clone(),
            at: query.at,
            decided_by: None,
            closest: None,
            reasons: Vec::new(),
            advice: words(""),
        };
        vec![Frame::new(
            FrameKind::Refusal,
            identity.sign(Signed::Refusal, &refusal).as_bytes().to_vec(),
        )]
    })
    .await;
    let heard = asking.ask_one(raw.id(), PLATE).await;
    assert_eq!(heard.outcome, OutcomeCode::Unanswered);
    let kinds = asking.log().await.exchange(heard.query_id.expect("a query id"));
    assert_eq!(kinds, [Kind::QuerySent, Kind::AnswerRejected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_of_the_wrong_sort_ends_unanswered() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    let (asking, raw) = asking(move |identity, query, digest| {
        counted.fetch_add(1, Ordering::SeqCst);
        honest(identity, query, digest).frames().split_off(1)
    })
    .await;
    let heard = asking.ask_one(raw.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Unanswered, 0));
    assert!(tries.load(Ordering::SeqCst) > 1, "it is tried again while there is time");
    let kinds = asking.log().await.exchange(heard.query_id.expect("a query id"));
    assert_eq!(kinds, [Kind::QuerySent, Kind::QueryUnanswered]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_frame_end_their_substream_and_nothing_else() {
    let (owner, raw, _) = owner_and_raw().await;
    let head = |length: u32, kind: u8, beside: u32| {
        [length.to_be_bytes().as_slice(), &[kind], &beside.to_be_bytes()].concat()
    };
    let table = [
        ("an unknown kind", head(5, 99, 0)),
        ("more than its kind allows", head(40_000, FrameKind::Query as u8, 0)),
        ("four gigabytes", head(u32::MAX, FrameKind::Page as u8, 0)),
        ("lengths that do not add up", head(5, FrameKind::Query as u8, 900)),
        ("a length of nothing", head(0, FrameKind::Query as u8, 0)),
    ];
    for (what, bytes) in table {
        let mut wire = raw.open(&owner).await.expect("a substream");
        wire.send_bytes(&bytes).await.expect("sent bytes");
        let next = wire.next().await;
        assert!(next.is_none_or(|frame| frame.kind == FrameKind::Failed), "{what}");
    }
    for kind in [FrameKind::Answer, FrameKind::Page, FrameKind::ReceiptAck, FrameKind::Refusal] {
        let (reply, _) = raw.say(&owner, kind, b"").await;
        assert!(
            reply.is_none_or(|frame| frame.kind == FrameKind::Failed),
            "{kind:?} opens nothing"
        );
    }
    let asked = raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    drop(within("an answer", raw.ask(&owner, &asked)).await.answered());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_substream_that_says_nothing_holds_up_no_other() {
    let (owner, raw, _) = owner_and_raw().await;
    let mut silent = Vec::new();
    for n in 0..40 {
        let mut wire = raw.open(&owner).await.expect("a substream");
        // Half of them stop in the middle of a frame.
        if n % 2 == 0 {
            wire.send_bytes(&[0, 0, 1]).await.expect("sent bytes");
        }
        silent.push(wire);
    }
    let asked = raw.identity.sign(Signed::Query, &query(raw.id(), owner.id(), PLATE, owner.now()));
    drop(within("an answer", raw.ask(&owner, &asked)).await.answered());
}
