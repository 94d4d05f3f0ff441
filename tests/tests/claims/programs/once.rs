//! Claims about a key under which a question is asked once.

use schemas::draft::Recipients;
use schemas::entry::EntryKind as Kind;
use serde_json::{Value, json};
use tests::dispatch::Dispatch;
use tests::fixtures::{PLATE, draft};

const KEY: &str = "0d4f9d6e-4f0c-4a55-9a3e-6d2f1d1b8a11";
const OTHER: &str = "1d4f9d6e-4f0c-4a55-9a3e-6d2f1d1b8a11";
const THIRD: &str = "2d4f9d6e-4f0c-4a55-9a3e-6d2f1d1b8a11";

fn ids(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["query_id"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_and_question_ask_nobody_twice_and_over_a_restart_neither() {
    let mut cad = Dispatch::start(&["--scope", "ask"]).await;
    let session = cad.approved().await;
    let question = cad.draft();
    let (status, first) = cad.asks_once(&session, KEY, &question).await;
    assert_eq!((status, first[0]["outcome"].as_str()), (200, Some("answered")), "{first:?}");
    assert_eq!(first[0]["reads"].as_array().map(Vec::len), Some(3));
    // However the key is written.
    let (_, again) =
        cad.asks_once(&session, &format!("\"{}\"", KEY.to_uppercase()), &question).await;
    assert_eq!((ids(&again), &again[0]["reads"]), (ids(&first), &first[0]["reads"]));
    // At the same time, too: none of them is told that it is under way.
    let (one, other) = tokio::join!(
        cad.asks_once(&session, OTHER, &question),
        cad.asks_once(&session, OTHER, &question)
    );
    assert_eq!((ids(&one.1), one.1[0]["outcome"].as_str()), (ids(&other.1), Some("answered")));
    assert_ne!(ids(&one.1), ids(&first));
    // Of all that may be asked, too; the last line says who was not.
    let mut all = question.clone();
    all["whom"] = "all".into();
    let (_, everybody) = cad.asks_once(&session, THIRD, &all).await;
    let (_, once_more) = cad.asks_once(&session, THIRD, &all).await;
    assert_eq!((everybody.len(), ids(&everybody)), (2, ids(&once_more)), "{everybody:?}");
    assert_eq!(once_more[1]["search"], everybody[1]["search"]);
    cad.agency.restart().await;
    let (status, after) = cad.asks_once(&session, KEY, &question).await;
    assert_eq!((status, ids(&after)), (200, ids(&first)), "{after:?}");
    assert_eq!(after[0]["reads"], first[0]["reads"]);
    // Each look is on record, and the owner was asked thrice in all.
    let log = cad.agency.log().await;
    assert_eq!((log.count(Kind::QuerySent), log.count(Kind::AnswerReceived)), (3, 3));
    assert_eq!(log.count(Kind::AnswerViewed), 4);
    drop(log);
    let owners = cad.owner.log().await;
    assert_eq!((owners.count(Kind::QueryAnswered), owners.count(Kind::AnswerRedelivered)), (3, 0));
    for agency in [&cad.agency, &cad.owner] {
        assert_eq!(agency.accord(&["audit", "verify"]).code, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_question_under_a_key_is_refused_and_asks_nobody() {
    let mut cad = Dispatch::start(&["--scope", "ask"]).await;
    let session = cad.approved().await;
    let question = cad.draft();
    assert_eq!(cad.asks_once(&session, KEY, &question).await.0, 200);
    cad.agency.restart().await;
    let sent = cad.agency.log().await.count(Kind::QuerySent);
    let mut reason = question.clone();
    reason["why"]["reason"] = "another reason, of as many words as this one has".into();
    let mut plate = question.clone();
    plate["elements"]["plate"] = "8XYZ999".into();
    let mut limit = question.clone();
    limit["limit"] = json!(7);
    let everybody = Recipients::All;
    let mut all = question.clone();
    all["whom"] = serde_json::to_value(everybody).expect("JSON");
    // Nor to another owner: whom it is asked of is part of a question.
    let mut elsewhere = question.clone();
    elsewhere["whom"] = json!({ "these": [cad.agency.id()] });
    for other in [reason, plate, limit, all, elsewhere] {
        let (status, refused) = cad.asks_once(&session, KEY, &other).await;
        let code = refused[0]["code"].as_str();
        assert_eq!((status, code), (400, Some("idempotency_key_used")), "{refused:?}");
    }
    for key in ["", "7", "not-a-uuid-at-all"] {
        let (status, refused) = cad.asks_once(&session, key, &question).await;
        let code = refused[0]["code"].as_str();
        assert_eq!((status, code), (400, Some("idempotency_key_invalid")), "{key}");
    }
    assert_eq!(cad.agency.log().await.count(Kind::QuerySent), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_or_never_answered_is_told_as_it_was() {
    let mut cad = Dispatch::start(&["--scope", "ask"]).await;
    let session = cad.approved().await;
    // One's own policy declines: she gives no reason.
    let mut declined = cad.draft();
    declined["why"]["reason"] = "".into();
    let (_, first) = cad.asks_once(&session, KEY, &declined).await;
    assert_eq!(first[0]["refused_by"], "own policy", "{first:?}");
    let (_, again) = cad.asks_once(&session, KEY, &declined).await;
    assert_eq!((ids(&again), &again[0]["reasons"]), (ids(&first), &first[0]["reasons"]));
    assert_eq!(cad.agency.log().await.count(Kind::QueryDeclined), 1);
    // The owner is away.
    cad.owner.stop().await;
    let question = cad.draft();
    let (_, first) = cad.asks_once(&session, OTHER, &question).await;
    assert_eq!(first[0]["outcome"], "unanswered", "{first:?}");
    cad.owner.run().await;
    let (_, again) = cad.asks_once(&session, OTHER, &question).await;
    assert_eq!((ids(&again), &again[0]["outcome"]), (ids(&first), &json!("unanswered")));
    assert_eq!(cad.agency.log().await.count(Kind::QuerySent), 1, "it is not asked again by itself");
    // Asked again under its own id, it is answered, and from then on the key tells that.
    let id = ids(&first)[0].to_owned();
    let asked = cad.says("POST", &format!("/queries/{id}/again"), &session, &json!({})).await;
    assert_eq!(asked.1["outcome"], "answered", "{asked:?}");
    let (_, told) = cad.asks_once(&session, OTHER, &question).await;
    assert_eq!(told[0]["reads"].as_array().map(Vec::len), Some(3), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_of_one_person() {
    let cad = Dispatch::start(&["--scope", "ask"]).await;
    let session = cad.approved().await;
    let (_, hers) = cad.asks_once(&session, KEY, &cad.draft()).await;
    // Whoever else uses that key asks a question of his own: `ask` here is the administrator's.
    let asked = draft(&[cad.owner.id()], PLATE, cad.agency.now());
    let key = KEY.parse().expect("a key");
    let mut outcomes = cad.agency.node().queries.ask_once(&asked, &cad.agency.admin(), key).await;
    let outcomes = outcomes.as_mut().expect("a question of his own");
    let his = outcomes.recv().await.expect("an outcome");
    assert_ne!(his.query_id.map(|id| id.to_string()).as_deref(), Some(ids(&hers)[0]));
}
