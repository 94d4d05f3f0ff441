//! Searches.

use super::*;
use crate::Corrected;
use crate::search::contract::{Draw, finds_what_fits, read, scope, start};

pub(crate) fn many() -> Vec<Read> {
    let mut draw = Draw::new(1);
    (0..2_000).map(|n| read(n, &mut draw)).collect()
}

pub(crate) async fn a_search_finds_what_fits_in_its_order_and_says_when_there_is_more(
    place: &impl Place,
) {
    let store = begun(place).await;
    let mut reads = many();
    // They do not come in the order of time.
    reads.sort_by_key(|read| read.record.to_string() + &read.plate.to_string());
    store.commit(&[row(0, 0, id(1), storing(reads.clone()))], HEAD).await.unwrap();
    finds_what_fits(store.as_ref(), &reads, 11).await;
}

pub(crate) async fn a_corrected_read_is_found_as_it_is_and_no_longer_as_it_was(place: &impl Place) {
    let store = begun(place).await;
    let was = many().remove(0);
    let mut is = was.clone();
    is.plate = "9XYZ777".parse().unwrap();
    is.plate_state = Some("OR".parse().unwrap());
    store.commit(&[row(0, 0, id(1), storing(vec![was.clone()]))], HEAD).await.unwrap();
    let corrected =
        vec![Corrected { read: is.clone(), was: vec![(1, was.clone())], withdrawn: false }];
    let effects = StateChanges { corrected, ..StateChanges::default() };
    store.commit(&[row(1, 0, id(2), effects)], HEAD).await.unwrap();
    let partial = |pattern: String| {
        serde_json::from_value(serde_json::json!({
            "kind": "partial", "pattern": pattern, "from": start(),
            "until": start().plus_millis(86_400_000),
        }))
        .unwrap()
    };
    for (pattern, found) in [
        ("9XY*".to_owned(), vec![is.clone()]),
        ("*777".to_owned(), vec![is]),
        (format!("{}*", was.plate.as_str().split_at(2).0), vec![]),
        (format!("*{}", was.plate.as_str().split_at(1).1), vec![]),
    ] {
        let searched = store.search(&scope(&partial(pattern.clone()), 10)).await.unwrap();
        assert_eq!(searched.reads, found, "{pattern}");
    }
}

pub(crate) async fn a_withdrawn_read_is_found_by_no_search_and_ends_with_the_others(
    place: &impl Place,
) {
    let store = begun(place).await;
    let reads = many();
    store.commit(&[row(0, 0, id(1), storing(reads.clone()))], HEAD).await.unwrap();
    let (withdrawn, left): (Vec<_>, Vec<_>) =
        reads.into_iter().enumerate().partition(|(n, _)| n % 3 == 0);
    let withdraw = |(_, read): &(usize, Read)| Corrected {
        read: read.clone(),
        was: vec![(1, read.clone())],
        withdrawn: true,
    };
    let corrected = withdrawn.iter().map(withdraw).collect();
    let effects = StateChanges { corrected, ..StateChanges::default() };
    store.commit(&[row(1, 0, id(2), effects)], HEAD).await.unwrap();
    let left: Vec<Read> = left.into_iter().map(|(_, read)| read).collect();
    finds_what_fits(store.as_ref(), &left, 13).await;
    let stats = store.stats().await.unwrap();
    assert_eq!(stats.reads, left.len() as u64);
    assert!(stats.by_camera.iter().all(|one| !one.camera.is_empty()), "{:?}", stats.by_camera);
    let end = start().plus_millis(10 * 365 * 86_400_000);
    let all = (left.len() + withdrawn.len()) as u64;
    assert_eq!(store.reads_before(end).await.unwrap(), all, "its retention goes on");
}

pub(crate) async fn lookups_made_at_once_find_each_its_own_though_others_give_up(
    place: &impl Place,
) {
    let store = begun(place).await;
    let reads = many();
    store.commit(&[row(0, 0, id(1), storing(reads.clone()))], HEAD).await.unwrap();
    let all: Vec<_> = (0..400usize)
        .map(|n| {
            let plate = reads[n % 50].plate.clone();
            // Some begin later, some want few.
            let (from, limit) = (start().plus_millis(n as i64 * 500), 1 + n as u32 % 3);
            let elements = serde_json::from_value(serde_json::json!({
                "kind": "exact", "plate": plate, "from": from,
                "until": start().plus_millis(86_400_000),
            }));
            let elements: schemas::query::Elements = elements.unwrap();
            let (scope, store) = (scope(&elements, limit), store.clone());
            let task = tokio::spawn(async move { store.search(&scope).await });
            if n % 7 == 0 {
                task.abort();
            }
            (n, elements, limit as usize, task)
        })
        .collect();
    for (n, elements, limit, task) in all {
        let found = match task.await {
            Ok(found) => found.unwrap(),
            Err(gone) if n % 7 == 0 && gone.is_cancelled() => continue,
            Err(error) => panic!("{error}"),
        };
        let mut expected: Vec<_> = reads.iter().filter(|read| elements.fits(read)).collect();
        assert_eq!(found.truncated, expected.len() > limit, "{n}");
        expected.truncate(limit);
        assert_eq!(found.reads.iter().collect::<Vec<_>>(), expected, "{n}");
    }
}
