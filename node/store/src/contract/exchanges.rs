//! Exchanges under way and past, and the outbox.

use schemas::agency::AgencyId;
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::statement::Reached;

use super::*;
use crate::{Asked, Known, OutboxMessage, Receipted, Settled};
use schemas::exchange::Exchange;

fn owner() -> AgencyId {
    "owning-ca-pd".parse().unwrap()
}

fn requester() -> AgencyId {
    "asking-ca-pd".parse().unwrap()
}

fn ours(n: u8, millis: i64) -> StateChanges {
    let query = Digest::of(&[n]);
    let asked = Asked { query_id: id(n), owner: owner(), asked_at: at(millis), query };
    StateChanges { asked: Some(asked), ..StateChanges::default() }
}

fn settled(n: u8, outcome: OutcomeCode) -> StateChanges {
    let digest = |what: &str| Some(Digest::of(format!("{what} {n}").as_bytes()));
    let (reply, receipt) = match outcome {
        OutcomeCode::Answered => (digest("reply"), digest("receipt")),
        OutcomeCode::Unanswered => (None, None),
        _ => (digest("reply"), None),
    };
    let authority = Some("owning-ca-pd/an-agreement".parse().unwrap());
    let settled = Settled { query_id: id(n), outcome, authority, reply, receipt };
    StateChanges { settled: Some(settled), ..StateChanges::default() }
}

pub(crate) async fn a_query_served_before_fails_its_whole_group_and_leaves_nothing(
    place: &impl Place,
) {
    let store = begun(place).await;
    store.commit(&[row(0, 0, id(1), served(id(1)))], HEAD).await.unwrap();
    let group = [row(1, 1, id(2), served(id(2))), row(2, 1, id(1), served(id(1)))];
    assert!(store.commit(&group, HEAD).await.is_err());
    assert_eq!(log_state(store.as_ref()).await.size, 1);
    assert!(store.served(id(2)).await.unwrap().is_none());
    // Nor twice in one group.
    let group = [row(1, 1, id(2), served(id(2))), row(2, 1, id(2), served(id(2)))];
    assert!(store.commit(&group, HEAD).await.is_err());
    assert_eq!(log_state(store.as_ref()).await.size, 1);
    store.commit(&[row(1, 1, id(2), served(id(2)))], HEAD).await.unwrap();
    assert!(store.served(id(2)).await.unwrap().is_some());
}

pub(crate) async fn a_query_that_was_turned_away_may_be_served_later(place: &impl Place) {
    let store = begun(place).await;
    let away = Served { answered: false, kept: false, authority: None, ..answer(id(1)) };
    let away = || StateChanges { served: Some(away.clone()), ..StateChanges::default() };
    store.commit(&[row(0, 0, id(1), away()), row(1, 1, id(1), away())], HEAD).await.unwrap();
    assert!(store.served(id(1)).await.unwrap().is_none());
    store.commit(&[row(2, 2, id(1), served(id(1)))], HEAD).await.unwrap();
    assert_eq!(store.served(id(1)).await.unwrap().unwrap().at, at(2));
    let told = store.exchanges(&requester(), at(0)..at(1), 0, 9).await.unwrap();
    let mut away: Vec<_> = told.iter().map(|one| (one.entry, one.turned_away)).collect();
    away.sort_unstable();
    assert_eq!(away, [(0, true), (1, true), (2, false)]);
}

pub(crate) async fn what_was_served_is_told_with_its_reply_and_receipt(place: &impl Place) {
    let store = begun(place).await;
    assert!(store.served(id(1)).await.unwrap().is_none());
    let refusal = Served { answered: false, authority: None, ..answer(id(2)) };
    let refusal = StateChanges { served: Some(refusal), ..StateChanges::default() };
    store
        .commit(&[row(0, 3, id(1), served(id(1))), row(1, 4, id(2), refusal)], HEAD)
        .await
        .unwrap();
    let told = store.served(id(1)).await.unwrap().unwrap();
    assert_eq!((told.requester, told.at, told.answered), (requester(), at(3), true));
    assert_eq!(told.query_digest, Digest::of(b"query"));
    assert_eq!(told.authority.unwrap().to_string(), "owning-ca-pd/an-agreement");
    assert_eq!((told.reply.as_deref(), told.receipted), (Some("reply"), false));
    let told = store.served(id(2)).await.unwrap().unwrap();
    assert_eq!((told.answered, told.authority), (false, None));
    let receipt = |digest: &[u8]| {
        let receipt = Digest::of(digest);
        let receipted = Receipted { requester: requester(), query_id: id(1), receipt };
        StateChanges { receipted: Some(receipted), ..StateChanges::default() }
    };
    store.commit(&[row(2, 5, id(1), receipt(b"first"))], HEAD).await.unwrap();
    // A second receipt changes nothing.
    store.commit(&[row(3, 6, id(1), receipt(b"second"))], HEAD).await.unwrap();
    assert!(store.served(id(1)).await.unwrap().unwrap().receipted);
    let told = store.exchanges_at(&[0]).await.unwrap();
    assert_eq!(told[0].receipt, Some(Digest::of(b"first")));
    store.redact(0, 0).await.unwrap();
    assert_eq!(store.served(id(1)).await.unwrap().unwrap().reply, None);
}

pub(crate) async fn an_id_stands_for_what_was_served_then_for_what_was_asked(place: &impl Place) {
    let store = begun(place).await;
    assert!(matches!(store.known(id(1)).await.unwrap(), Known::New));
    let away = Served { answered: false, kept: false, authority: None, ..answer(id(3)) };
    let away = StateChanges { served: Some(away), ..StateChanges::default() };
    let group =
        [row(0, 0, id(1), ours(1, 0)), row(1, 1, id(2), served(id(2))), row(2, 1, id(3), away)];
    store.commit(&group, HEAD).await.unwrap();
    assert!(matches!(store.known(id(1)).await.unwrap(), Known::Asked));
    let Known::Served(told) = store.known(id(2)).await.unwrap() else { panic!("it was served") };
    assert_eq!((told.requester, told.at), (requester(), at(1)));
    // What was turned away may be asked again.
    assert!(matches!(store.known(id(3)).await.unwrap(), Known::New));
    store.commit(&[row(3, 2, id(1), served(id(1)))], HEAD).await.unwrap();
    assert!(matches!(store.known(id(1)).await.unwrap(), Known::Served(_)));
}

pub(crate) async fn a_query_of_ours_is_settled_once_but_for_silence(place: &impl Place) {
    let store = begun(place).await;
    let group: Vec<Row> =
        (0u8..5).map(|n| row(u64::from(n), i64::from(n), id(n), ours(n, i64::from(n)))).collect();
    store.commit(&group, HEAD).await.unwrap();
    assert_eq!(store.unsettled(at(3)).await.unwrap(), [id(0), id(1), id(2)]);
    let told = store.asked(id(3)).await.unwrap().unwrap();
    assert_eq!((told.owner, told.sent_at, told.outcome), (owner(), at(3), None));
    assert_eq!(told.envelope.as_deref(), Some("query\nreply"));
    assert!(store.asked(id(9)).await.unwrap().is_none());
    let group = [
        row(5, 5, id(0), settled(0, OutcomeCode::Answered)),
        row(6, 5, id(1), settled(1, OutcomeCode::Unanswered)),
        row(7, 5, id(2), settled(2, OutcomeCode::Refused)),
    ];
    store.commit(&group, HEAD).await.unwrap();
    assert_eq!(store.unsettled(at(9)).await.unwrap(), [id(3), id(4)]);
    // One and the same group asks and settles; silence ends, nothing else does.
    let group = [
        row(8, 6, id(1), settled(1, OutcomeCode::Answered)),
        row(9, 6, id(2), settled(2, OutcomeCode::Answered)),
        row(10, 6, id(7), ours(7, 6)),
        row(11, 6, id(7), settled(7, OutcomeCode::Rejected)),
    ];
    store.commit(&group, HEAD).await.unwrap();
    for (n, outcome) in [
        (0, OutcomeCode::Answered),
        (1, OutcomeCode::Answered),
        (2, OutcomeCode::Refused),
        (7, OutcomeCode::Rejected),
    ] {
        let told = store.asked(id(n)).await.unwrap().unwrap();
        assert_eq!(told.outcome, Some(outcome), "{n}");
    }
}

pub(crate) async fn exchanges_are_told_by_peer_period_and_entry(place: &impl Place) {
    let store = begun(place).await;
    let refusal = Served { answered: false, authority: None, ..answer(id(8)) };
    let elsewhere = Served { requester: "other-ca-pd".parse().unwrap(), ..answer(id(9)) };
    let served = |served| StateChanges { served: Some(served), ..StateChanges::default() };
    let group = [
        row(0, 0, id(1), ours(1, 0)),
        row(1, 1, id(2), ours(2, 1)),
        row(2, 2, id(3), ours(3, 2)),
        row(3, 3, id(4), ours(4, 3)),
        row(4, 4, id(5), ours(5, 4)),
        row(5, 5, id(2), settled(2, OutcomeCode::Answered)),
        row(6, 5, id(3), settled(3, OutcomeCode::Refused)),
        row(7, 5, id(4), settled(4, OutcomeCode::Rejected)),
        row(8, 5, id(5), settled(5, OutcomeCode::Unanswered)),
        row(9, 6, id(7), served(answer(id(7)))),
        row(10, 6, id(8), served(refusal)),
        row(11, 6, id(9), served(elsewhere)),
    ];
    store.commit(&group, HEAD).await.unwrap();
    let whole = at(-1)..at(9);
    let mut told = store.exchanges(&owner(), whole.clone(), 0, 99).await.unwrap();
    told.sort_by_key(|one| one.entry);
    let reached: Vec<_> = told.iter().map(|one| one.reached).collect();
    assert_eq!(
        reached,
        [
            Reached::Sent,
            Reached::Answered,
            Reached::Refused,
            Reached::Rejected,
            Reached::Unanswered
        ]
    );
    let answered = Exchange {
        entry: 1,
        asked: true,
        query_id: id(2),
        asked_at: at(1),
        reached: Reached::Answered,
        query: Digest::of(&[2]),
        reply: Some(Digest::of(b"reply 2")),
        receipt: Some(Digest::of(b"receipt 2")),
        turned_away: false,
    };
    assert_eq!(told[1], answered);
    // Bounds of the period and of the entries.
    let entries = |told: Vec<Exchange>| {
        let mut entries: Vec<u64> = told.iter().map(|one| one.entry).collect();
        entries.sort_unstable();
        entries
    };
    let some = store.exchanges(&owner(), at(1)..at(4), 0, 99).await.unwrap();
    assert_eq!(entries(some), [1, 2, 3]);
    let some = store.exchanges(&owner(), whole.clone(), 1, 2).await.unwrap();
    assert_eq!(entries(some), [1, 2]);
    let some = store.exchanges(&owner(), whole.clone(), 3, u64::MAX).await.unwrap();
    assert_eq!(entries(some), [3, 4]);
    let mut theirs = store.exchanges(&requester(), whole, 0, 99).await.unwrap();
    theirs.sort_by_key(|one| one.entry);
    let reached: Vec<_> = theirs.iter().map(|one| (one.asked, one.reached)).collect();
    assert_eq!(reached, [(false, Reached::Answered), (false, Reached::Refused)]);
    let some = store.exchanges_at(&[11, 1, 5, 1_000]).await.unwrap();
    assert!(some.contains(&answered));
    assert_eq!(entries(some), [1, 11]);
    assert!(store.exchanges_at(&[]).await.unwrap().is_empty());
}

pub(crate) async fn messages_wait_in_order_until_they_are_delivered(place: &impl Place) {
    let message = |peer: &str, body: &str| OutboxMessage {
        peer: peer.parse().unwrap(),
        kind: FrameKind::Query,
        body: body.into(),
    };
    let all = [
        message("other-ca-pd", "b1"),
        message("asking-ca-pd", "a1"),
        message("asking-ca-pd", "a2"),
        message("other-ca-pd", "a1"),
        message("asking-ca-pd", "a3"),
    ];
    let store = begun(place).await;
    let outbox = all[..3].to_vec();
    store
        .commit(&[row(0, 0, id(1), StateChanges { outbox, ..StateChanges::default() })], HEAD)
        .await
        .unwrap();
    let outbox = all[3..].to_vec();
    store
        .commit(&[row(1, 0, id(2), StateChanges { outbox, ..StateChanges::default() })], HEAD)
        .await
        .unwrap();
    drop(store);
    let store = begun(place).await;
    let waiting = async |each| {
        let queued = store.outbox(each).await.unwrap();
        queued
            .iter()
            .map(|one| format!("{} {}", one.message().peer, one.message().body))
            .collect::<Vec<_>>()
    };
    let a = |n| format!("asking-ca-pd a{n}");
    let b = |body| format!("other-ca-pd {body}");
    let a_body = |body: &str| format!("asking-ca-pd {body}");
    assert_eq!(waiting(9).await, [a(1), a(2), a(3), b("b1"), b("a1")]);
    assert_eq!(waiting(2).await, [a(1), a(2), b("b1"), b("a1")]);
    // Of each type its own: many of one keep back none of another.
    let typed =
        ["receipt", "notice"].map(|kind| format!(r#"{{"payloadType":"{kind}","payload":""}}"#));
    let [receipt, notice] = typed.each_ref().map(|body| message("asking-ca-pd", body));
    let outbox = vec![receipt.clone(), notice.clone()];
    let more = row(2, 0, id(3), StateChanges { outbox, ..StateChanges::default() });
    store.commit(&[more], HEAD).await.unwrap();
    let [one, other] = typed.each_ref().map(|body| a_body(body));
    assert_eq!(waiting(1).await, [a(1), one, other, b("b1")]);
    let name = |message: &OutboxMessage| (message.peer.clone(), message.digest());
    store.delivered(&[name(&receipt), name(&notice)]).await.unwrap();
    store.delivered(&[name(&all[1]), name(&all[0])]).await.unwrap();
    store.delivered(&[]).await.unwrap();
    assert_eq!(waiting(9).await, [a(2), a(3), b("a1")]);
    assert_eq!(store.outbox(1).await.unwrap()[0].message().kind, FrameKind::Query);
}
