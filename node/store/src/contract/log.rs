//! The log.

use schemas::entry::{EntryKind, Header};
use schemas::merkle::{Frontier, Subtree, root_nodes};

use super::*;
use crate::{EntryFilter, StoreError, StoredChange};

pub(crate) async fn a_group_is_stored_whole_or_not_at_all(place: &impl Place) {
    let store = begun(place).await;
    let good = || row(0, 0, id(1), storing(vec![read(1, 0, &[])]));
    // A read that is stored twice.
    let mut bad = plain(1, 1);
    bad.changes = StateChanges { change: Some("{}".into()), ..storing(vec![read(1, 0, &[])]) };
    assert!(store.commit(&[good(), bad], HEAD).await.is_err());
    let state = log_state(store.as_ref()).await;
    assert_eq!((state.size, state.last_at), (0, None));
    assert_eq!(store.stats().await.unwrap().reads, 0);
    assert!(store.changes(0, u32::MAX).await.unwrap().is_empty());
    store.commit(&[good(), plain(1, 1)], HEAD).await.unwrap();
    assert_eq!(store.log_state(at(0)).await.unwrap().size, 2);
    store.commit(&[], HEAD).await.unwrap();
    assert_eq!(store.log_state(at(0)).await.unwrap().size, 2);
}

pub(crate) async fn an_entry_that_is_there_is_not_written_again(place: &impl Place) {
    let store = begun(place).await;
    store.commit(&[plain(0, 0), plain(1, 0)], HEAD).await.unwrap();
    let mut other = plain(1, 5);
    other.body = r#"{"a":"another"}"#.into();
    assert!(store.commit(&[other, plain(2, 5)], HEAD).await.is_err());
    let entries = store.entries(&EntryFilter::default(), 0, 9).await.unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].body.as_deref(), Some("{}"));
    // Nor are two of one number with a peer.
    log_state(store.as_ref()).await;
    let mut numbered = [plain(2, 5), plain(3, 5)];
    for row in &mut numbered {
        row.header.peer = Some("asking-ca-pd".parse().unwrap());
        row.header.peer_seq = Some(7);
        write(row);
    }
    assert!(store.commit(&numbered, HEAD).await.is_err());
    assert_eq!(store.log_state(at(0)).await.unwrap().size, 2);
}

pub(crate) async fn the_log_goes_on_where_it_ended_before_the_store_was_opened_again(
    place: &impl Place,
) {
    let mut tree = Frontier::new();
    for round in 0..4u64 {
        let store = place.open().await;
        let state = log_state(store.as_ref()).await;
        assert_eq!(state.size, round * 5);
        assert_eq!(state.tree.root(), tree.root());
        assert_eq!(state.last_at, (round > 0).then(|| at(i64::try_from(round).unwrap() - 1)));
        let peers = ["asking-ca-pd", "other-ca-pd"].map(|peer| peer.parse().unwrap());
        for peer in &peers {
            assert_eq!(state.peer_seq.get(peer), (round > 0).then_some(&(round * 2)));
        }
        let mut rows: Vec<Row> = (0..5)
            .map(|n| {
                let mut row = plain(round * 5 + n, i64::try_from(round).unwrap());
                if n < 4 {
                    row.header.peer = Some(peers[usize::try_from(n % 2).unwrap()].clone());
                    row.header.peer_seq = Some(round * 2 + n / 2 + 1);
                }
                write(&mut row);
                row
            })
            .collect();
        grow(&mut tree, &mut rows);
        store.commit(&rows, HEAD).await.unwrap();
        let entries = store.entries(&EntryFilter::default(), round * 5, 9).await.unwrap();
        let written: Vec<_> = rows.iter().map(|row| row.header_bytes.clone()).collect();
        assert_eq!(entries.iter().map(|e| e.header.clone()).collect::<Vec<_>>(), written);
        assert_eq!(entries[0].salt.as_deref(), Some(&[7; 32][..]));
        assert_eq!(entries[0].envelope.as_deref(), Some("query\nreply"));
    }
}

pub(crate) async fn the_tail_counts_answers_by_authority_day_and_receipt(place: &impl Place) {
    let store = begun(place).await;
    let asked = crate::Asked {
        query_id: id(4),
        owner: "owning-ca-pd".parse().unwrap(),
        asked_at: at(0),
        query: Digest::of(b"ours"),
    };
    let settled = crate::Settled {
        query_id: id(4),
        outcome: schemas::outcome::OutcomeCode::Answered,
        authority: Some("owning-ca-pd/an-agreement".parse().unwrap()),
        reply: None,
        receipt: None,
    };
    let refused = Served { answered: false, authority: None, ..answer(id(5)) };
    let rows = [
        row(0, 0, id(1), served(id(1))),
        row(1, 10, id(2), served(id(2))),
        row(2, 10, id(4), StateChanges { asked: Some(asked), ..StateChanges::default() }),
        row(3, 10, id(4), StateChanges { settled: Some(settled), ..StateChanges::default() }),
        row(4, 10, id(5), StateChanges { served: Some(refused), ..StateChanges::default() }),
    ];
    store.commit(&rows, HEAD).await.unwrap();
    let requester: schemas::agency::AgencyId = "asking-ca-pd".parse().unwrap();
    let receipt = Digest::of(b"receipt");
    let receipted =
        Some(crate::Receipted { requester: requester.clone(), query_id: id(1), receipt });
    let effects = StateChanges { receipted, ..StateChanges::default() };
    store.commit(&[row(5, 11, id(1), effects)], HEAD).await.unwrap();
    let state = store.log_state(at(10)).await.unwrap();
    let authority: schemas::authority::AuthorityId = "owning-ca-pd/an-agreement".parse().unwrap();
    assert_eq!((state.size, state.last_at), (6, Some(at(11))));
    assert_eq!(state.uses.get(&authority), Some(&3));
    assert_eq!(state.today.get(&(authority, requester.clone())), Some(&1));
    assert_eq!(state.unreceipted.get(&requester), Some(&1));
}

pub(crate) async fn the_tail_counts_what_each_peer_left_behind_on_the_day(place: &impl Place) {
    let store = begun(place).await;
    let document = |index, minute, kind, peer: &str, by: &str| {
        let mut row = plain(index, minute);
        row.header.kind = kind;
        row.header.peer = Some(peer.parse().unwrap());
        row.header.peer_seq = Some(index + 1);
        row.body = format!(r#"{{"actor":{{"agency":"{by}"}}}}"#);
        row.envelopes = Some("é234".into());
        write(&mut row);
        row
    };
    let (asking, owning) = ("asking-ca-pd", "owning-ca-pd");
    store
        .commit(
            &[
                document(0, 5, EntryKind::RequestReceived, asking, asking),
                document(1, 10, EntryKind::RequestReceived, asking, asking),
                document(2, 10, EntryKind::RequestApproved, asking, owning),
                document(3, 11, EntryKind::ReadsCorrected, asking, asking),
                document(4, 12, EntryKind::QueryAnswered, asking, asking),
                document(5, 12, EntryKind::AgreementAdhered, "other-ca-pd", "other-ca-pd"),
            ],
            HEAD,
        )
        .await
        .unwrap();
    let state = store.log_state(at(10)).await.unwrap();
    let taken = |peer: &str| state.taken_in.get(&peer.parse().unwrap()).copied();
    let one = crate::TakenIn { documents: 1, corrections: 0, bytes: 5 };
    assert_eq!(taken(asking), Some(crate::TakenIn { corrections: 1, bytes: 10, ..one }));
    assert_eq!((taken("other-ca-pd"), taken(owning)), (Some(one), None));
}

pub(crate) async fn entries_are_found_by_time_at_every_bound(place: &impl Place) {
    let store = begun(place).await;
    let times = [0, 0, 0, 5, 5, 7, 20, 20];
    let rows: Vec<Row> = (0u64..).zip(times).map(|(index, at)| plain(index, at)).collect();
    let empty = EntryFilter { from: Some(at(0)), ..EntryFilter::default() };
    assert!(store.entries(&empty, 0, 100).await.unwrap().is_empty());
    store.commit(&rows, HEAD).await.unwrap();
    for from in -1..22 {
        for until in -1..22 {
            let filter = EntryFilter {
                from: Some(at(from)),
                until: Some(at(until)),
                ..EntryFilter::default()
            };
            let found = store.entries(&filter, 0, 100).await.unwrap().len();
            let expected = times.iter().filter(|at| (from..until).contains(at)).count();
            assert_eq!(found, expected, "from {from} until {until}");
        }
    }
}

pub(crate) async fn entries_that_a_wrong_clock_stamped_are_found_by_the_time_of_the_right_one(
    place: &impl Place,
) {
    let store = begun(place).await;
    let found = async |from: i64, until: i64| {
        let (from, until) = (Some(at(from)), Some(at(until)));
        let filter = EntryFilter { from, until, ..EntryFilter::default() };
        store.entries(&filter, 0, 100).await.unwrap().len()
    };
    // The clock was ahead for two entries, and is set back.
    store.commit(&[plain(0, 0), plain(1, 5), plain(2, 100), plain(3, 100)], HEAD).await.unwrap();
    store.commit(&[accepting(4, 6, 100, None)], HEAD).await.unwrap();
    assert_eq!((found(0, 6).await, found(6, 7).await, found(7, 999).await), (2, 3, 0));
    let headers = store.entries(&EntryFilter::default(), 2, 1).await.unwrap();
    assert_eq!(Header::from_bytes(headers[0].header.as_bytes()).unwrap().at, at(100));
    // It was behind all the while: what was stamped since counts as much later.
    store.commit(&[accepting(5, 20, 6, Some(6))], HEAD).await.unwrap();
    store.commit(&[plain(6, 21)], HEAD).await.unwrap();
    assert_eq!((found(0, 6).await, found(6, 20).await, found(20, 21).await), (2, 0, 4));
    assert_eq!(store.log_state(at(0)).await.unwrap().last_at, Some(at(21)));
    // One that goes on after a pause changes nothing.
    store.commit(&[accepting(7, 30, 21, None)], HEAD).await.unwrap();
    assert_eq!((found(0, 6).await, found(20, 21).await, found(21, 31).await), (2, 4, 2));
}

pub(crate) async fn answers_that_a_wrong_clock_stamped_count_on_the_day_of_the_right_one(
    place: &impl Place,
) {
    let store = begun(place).await;
    let given = async |day: i64| -> u32 {
        store.log_state(at(day)).await.unwrap().today.values().copied().sum()
    };
    let rows = [row(0, 5, id(1), served(id(1))), row(1, 1_000, id(2), served(id(2)))];
    store.commit(&rows, HEAD).await.unwrap();
    assert_eq!((given(5).await, given(6).await, given(1_001).await), (2, 1, 0));
    store.commit(&[accepting(2, 10, 1_000, None)], HEAD).await.unwrap();
    assert_eq!((given(5).await, given(10).await, given(11).await), (2, 1, 0));
    assert_eq!(store.served(id(2)).await.unwrap().expect("served").at, at(10));
}

pub(crate) async fn entries_are_found_by_each_filter_and_by_all_at_once(place: &impl Place) {
    let store = begun(place).await;
    let body = |user: &str, plate: &str, case: &str| {
        serde_json::json!({
            "actor": { "user": user, "agency": "owning-ca-pd" },
            "event": { "access": { "elements": { "plate": plate }, "why": { "case": case } } },
            // What JSON may hold and a database perhaps not.
            "note": "a NUL \u{0} and a backslash \\u0000",
        })
        .to_string()
    };
    let mut rows: Vec<Row> = (0..8).map(|n| plain(n, i64::try_from(n).unwrap())).collect();
    let kinds = [EntryKind::QuerySent, EntryKind::QueryAnswered, EntryKind::CardIssued];
    for (n, row) in rows.iter_mut().enumerate() {
        row.header.kind = kinds[n % 3];
        if n % 2 == 0 {
            row.header.peer = Some("asking-ca-pd".parse().unwrap());
            row.header.peer_seq = Some(n as u64 / 2 + 1);
        }
        if n == 7 {
            row.header.query = None;
        }
        row.body = body(["jdoe", "mreyes"][n % 2], ["7ABC123", "8XYZ987"][n / 4], " 26-00417a ");
        write(row);
    }
    rows[3].body = body("O'Hara", "ÄB 1", "ÄB-9");
    write(&mut rows[3]);
    store.commit(&rows, HEAD).await.unwrap();
    let all = EntryFilter::default();
    let of = |change: &dyn Fn(&mut EntryFilter)| {
        let mut filter = EntryFilter::default();
        change(&mut filter);
        filter
    };
    let peer = "asking-ca-pd".parse().ok();
    for (filter, expected) in [
        (all.clone(), vec![0, 1, 2, 3, 4, 5, 6, 7]),
        (of(&|f| f.peer.clone_from(&peer)), vec![0, 2, 4, 6]),
        (of(&|f| f.peer = "nobody-ca-pd".parse().ok()), vec![]),
        (of(&|f| f.kind = Some(EntryKind::CardIssued)), vec![2, 5]),
        (of(&|f| f.user = Some("mreyes".into())), vec![1, 5, 7]),
        (of(&|f| f.user = Some("O'Hara".into())), vec![3]),
        (of(&|f| f.user = Some("JDOE".into())), vec![]),
        (of(&|f| f.plate = Some("7ABC123".into())), vec![0, 1, 2]),
        (of(&|f| f.plate = Some("ÄB 1".into())), vec![3]),
        (of(&|f| f.query = Some(id(5).digest())), vec![5]),
        (of(&|f| f.exchanges_only = true), vec![0, 1, 2, 3, 4, 5, 6]),
        (of(&|f| f.case = Some("26-00417A".into())), vec![0, 1, 2, 4, 5, 6, 7]),
        (of(&|f| f.case = Some("  26-00417a ".into())), vec![0, 1, 2, 4, 5, 6, 7]),
        // Only the letters of the Latin alphabet are the same small and large.
        (of(&|f| f.case = Some("äb-9".into())), vec![]),
        (of(&|f| f.case = Some("Äb-9".into())), vec![3]),
        (of(&|f| f.ending = true), vec![0, 1, 3, 4, 6, 7]),
        (
            EntryFilter {
                peer: peer.clone(),
                from: Some(at(1)),
                until: Some(at(7)),
                kind: Some(EntryKind::QuerySent),
                user: Some("jdoe".into()),
                plate: Some("8XYZ987".into()),
                query: Some(id(6).digest()),
                exchanges_only: true,
                case: Some("26-00417a".into()),
                for_user: None,
                ending: true,
                changing: false,
            },
            vec![6],
        ),
    ] {
        let found = store.entries(&filter, 0, 100).await.unwrap();
        let expected: Vec<_> = expected.iter().map(|n| rows[*n].header_bytes.clone()).collect();
        let found: Vec<_> = found.into_iter().map(|entry| entry.header).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let some = store.entries(&of(&|f| f.peer.clone_from(&peer)), 1, 2).await.unwrap();
    let some: Vec<_> = some.into_iter().map(|entry| entry.header).collect();
    assert_eq!(some, [rows[2].header_bytes.clone(), rows[4].header_bytes.clone()]);
    assert!(store.entries(&all, 8, 9).await.unwrap().is_empty());
    assert!(store.entries(&all, u64::MAX, 9).await.unwrap().is_empty());
}

pub(crate) async fn subtrees_come_in_the_order_asked_for_and_one_that_is_missing_is_told(
    place: &impl Place,
) {
    let store = begun(place).await;
    let mut tree = Frontier::new();
    let mut rows: Vec<Row> = (0..13).map(|n| plain(n, 0)).collect();
    let mut completed = Vec::new();
    for row in &mut rows {
        let new = tree.push(merkle::leaf(row.header_bytes.as_bytes()));
        row.nodes = new.iter().skip(1).map(|(_, hash)| *hash).collect();
        completed.extend(new);
    }
    store.commit(&rows, HEAD).await.unwrap();
    completed.reverse();
    // One of them twice.
    completed.push(completed[3]);
    let (wanted, hashes): (Vec<Subtree>, Vec<Digest>) = completed.into_iter().unzip();
    assert_eq!(store.subtrees(&wanted).await.unwrap(), hashes);
    assert!(store.subtrees(&[]).await.unwrap().is_empty());
    assert_eq!(store.subtrees(&root_nodes(13)).await.unwrap(), tree.hashes());
    for missing in [
        Subtree { level: 0, index: 13 },
        Subtree { level: 3, index: 1 },
        Subtree { level: 60, index: u64::MAX },
    ] {
        let error = store.subtrees(&[wanted[0], missing]).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    }
}

pub(crate) async fn changes_come_in_order_with_their_entries(place: &impl Place) {
    let store = begun(place).await;
    let mut rows: Vec<Row> = (0..12).map(|n| plain(n, i64::try_from(n / 3).unwrap())).collect();
    for (n, row) in rows.iter_mut().enumerate().filter(|(n, _)| n % 2 == 0) {
        row.changes.change = Some(format!(r#"{{"n":{n}}}"#));
    }
    store.commit(&rows, HEAD).await.unwrap();
    let expected: Vec<_> = [0, 2, 4, 6, 8, 10]
        .into_iter()
        .map(|n| StoredChange { entry: n, text: format!(r#"{{"n":{n}}}"#) })
        .collect();
    assert_eq!(store.changes(0, u32::MAX).await.unwrap(), expected);
    assert_eq!(store.changes(3, 2).await.unwrap(), expected[2..4]);
    assert!(store.changes(11, 9).await.unwrap().is_empty());
    assert_eq!(log_state(store.as_ref()).await.last_change, Some(10));
    let changing = EntryFilter { changing: true, ..EntryFilter::default() };
    let found = store.entries(&changing, 3, 2).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|entry| entry.header).collect();
    assert_eq!(found, [rows[4].header_bytes.clone(), rows[6].header_bytes.clone()]);
}

pub(crate) async fn only_bodies_that_end_are_destroyed(place: &impl Place) {
    let store = begun(place).await;
    let mut rows: Vec<Row> = (0..40).map(|n| plain(n, 0)).collect();
    for row in &mut rows {
        row.body = format!("{{\"a\":\"{}\"}}", "x".repeat(6_000));
    }
    rows[3].header.kind = EntryKind::AlarmRaised;
    write(&mut rows[3]);
    store.commit(&rows, HEAD).await.unwrap();
    assert_eq!(store.redact(0, 9).await.unwrap(), 9);
    assert_eq!(store.redact(0, 39).await.unwrap(), 30);
    assert_eq!(store.redact(0, 39).await.unwrap(), 0);
    let entries = store.entries(&EntryFilter::default(), 0, 100).await.unwrap();
    for (n, entry) in entries.iter().enumerate() {
        assert_eq!(entry.header, rows[n].header_bytes);
        assert_eq!(entry.body.is_some(), n == 3, "{n}");
        assert_eq!((entry.salt.is_some(), entry.envelope.is_some()), (n == 3, n == 3), "{n}");
    }
    let ending = EntryFilter { ending: true, ..EntryFilter::default() };
    assert!(store.entries(&ending, 0, 100).await.unwrap().is_empty());
    store.erase_traces().await.unwrap();
    assert_eq!(store.log_state(at(0)).await.unwrap().size, 40);
}
