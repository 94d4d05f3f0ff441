//! Kept pages of answers.

use super::*;

pub(crate) async fn pages_come_back_as_they_were_put_down_and_end_in_time(place: &impl Place) {
    let store = begun(place).await;
    store.commit(&[row(0, 0, id(1), served(id(1)))], HEAD).await.unwrap();
    let pages = store.pages(Side::Served, id(1), at(0)).await.unwrap();
    assert_eq!(pages, [b"one\n".to_vec(), b"another\n".to_vec()]);
    assert!(store.pages(Side::Asked, id(1), at(0)).await.unwrap().is_empty());
    assert!(store.ended_pages(at(9_998), None, 9).await.unwrap().is_empty());
    let ended = store.ended_pages(at(9_999), None, 9).await.unwrap();
    assert_eq!((ended.len(), ended[0].entry), (1, 0));
    // Kept for a hold, they are shown no longer.
    assert!(store.pages(Side::Served, id(1), at(9_999)).await.unwrap().is_empty());
    let effects = StateChanges { ended: vec![0], ..StateChanges::default() };
    store.commit(&[row(1, 9_999, id(2), effects)], HEAD).await.unwrap();
    assert!(store.ended_pages(at(9_999), None, 9).await.unwrap().is_empty());
}

pub(crate) async fn pages_that_a_wrong_clock_kept_end_as_if_the_right_one_had(place: &impl Place) {
    let store = begun(place).await;
    let kept = |n: u8, until: i64| {
        let pages = Pages {
            side: Side::Served,
            query_id: id(n),
            until: at(until),
            pages: vec![b"one".to_vec()],
            images: Vec::new(),
        };
        StateChanges { pages: Some(pages), ..StateChanges::default() }
    };
    let ended = async |now: i64| {
        let ended = store.ended_pages(at(now), None, 9).await.unwrap();
        ended.iter().map(|one| one.entry).collect::<Vec<_>>()
    };
    // Each is kept for 50; the second under a clock that is ahead by nearly 1,000.
    let rows = [row(0, 5, id(1), kept(1, 55)), row(1, 1_000, id(2), kept(2, 1_050))];
    store.commit(&rows, HEAD).await.unwrap();
    store.commit(&[accepting(2, 10, 1_000, None)], HEAD).await.unwrap();
    assert_eq!((ended(54).await, ended(55).await), (vec![], vec![0]));
    assert_eq!((ended(59).await, ended(60).await), (vec![0], vec![0, 1]));
    // That clock was behind: what was kept since is kept as much longer.
    store.commit(&[row(3, 12, id(3), kept(3, 62))], HEAD).await.unwrap();
    store.commit(&[accepting(4, 112, 12, Some(10))], HEAD).await.unwrap();
    assert_eq!((ended(159).await, ended(160).await), (vec![0], vec![0, 1]));
    assert_eq!((ended(161).await, ended(162).await), (vec![0, 1], vec![0, 1, 3]));
    // It stands alone, so that nobody asks what the others of its group count as.
    let beside = [plain(5, 120), accepting(6, 121, 120, None)];
    assert!(store.commit(&beside, HEAD).await.is_err());
}

pub(crate) async fn ended_pages_come_in_order_some_at_a_time(place: &impl Place) {
    let store = begun(place).await;
    let kept = |n: u8| {
        let pages = Pages {
            side: Side::Asked,
            query_id: id(n),
            until: at(100 - i64::from(n)),
            // An answer without reads has a page without bytes.
            pages: vec![vec![n; usize::from(n)], Vec::new()],
            images: Vec::new(),
        };
        StateChanges { pages: Some(pages), ..StateChanges::default() }
    };
    let rows: Vec<Row> = (0u8..6).map(|n| row(u64::from(n), 0, id(n), kept(n))).collect();
    store.commit(&rows, HEAD).await.unwrap();
    let pages = store.pages(Side::Asked, id(2), at(0)).await.unwrap();
    assert_eq!(pages, [vec![2, 2], vec![]]);
    let ended = async |now, after, limit| {
        let ended = store.ended_pages(at(now), after, limit).await.unwrap();
        ended.iter().map(|one| one.entry).collect::<Vec<_>>()
    };
    assert_eq!(ended(97, None, 9).await, [3, 4, 5]);
    assert_eq!(ended(100, None, 2).await, [0, 1]);
    assert_eq!(ended(100, Some(1), 2).await, [2, 3]);
    assert_eq!(ended(100, Some(5), 2).await, [] as [u64; 0]);
    // Whose they are is told by the body, and by the bytes once that is gone.
    store.redact(3, 3).await.unwrap();
    let told = store.ended_pages(at(97), None, 2).await.unwrap();
    assert_eq!((told[0].body.as_deref(), told[0].bytes.as_deref()), (None, Some(&[3, 3, 3][..])));
    assert_eq!((told[1].body.as_deref(), told[1].bytes.as_deref()), (Some("{}"), None));
}

pub(crate) async fn a_peers_read_is_found_in_the_pages_of_its_answer(place: &impl Place) {
    let store = begun(place).await;
    let (theirs, own) = (read(1, 0, &[]), read(2, 0, &[]));
    let line = |read: &Read| serde_json::to_string(read).unwrap() + "\n";
    let page = (line(&read(3, 0, &[])) + &line(&theirs)).into_bytes();
    let pages = Pages {
        side: Side::Asked,
        query_id: id(1),
        until: at(9),
        pages: vec![page],
        images: Vec::new(),
    };
    let effects = StateChanges { pages: Some(pages), ..storing(vec![own.clone()]) };
    store.commit(&[row(0, 0, id(1), effects)], HEAD).await.unwrap();
    assert_eq!(store.read(theirs.id).await.unwrap(), Some(theirs.clone()));
    assert_eq!(store.read(own.id).await.unwrap(), Some(own));
    assert_eq!(store.read(read(4, 0, &[]).id).await.unwrap(), None);
    assert_eq!(store.own_read(theirs.id).await.unwrap(), None);
}
