//! What leads to entries: what their bodies mention, and the plates that they showed.

use schemas::entry::EntryKind;

use super::*;
use crate::{EntryFilter, Mention, MentionSum};

pub(crate) async fn what_bodies_mention_leads_to_their_entries_for_as_long_as_they_are_kept(
    place: &impl Place,
) {
    let store = begun(place).await;
    let saying = |n: u64, kind: EntryKind, user: &str, event: serde_json::Value| {
        let mut row = plain(n, 0);
        row.header.kind = kind;
        let actor = serde_json::json!({ "user": user, "agency": "asking-ca-pd" });
        row.body = serde_json::json!({ "actor": actor, "event": event }).to_string();
        write(&mut row);
        row
    };
    let asked = |case: &str, for_user: Option<&str>| {
        let why = serde_json::json!({ "case": case });
        serde_json::json!({ "access": { "why": why, "for_user": for_user } })
    };
    let nothing = serde_json::json!({});
    let group = [
        saying(0, EntryKind::QuerySent, "jdoe", asked("26-00417A", None)),
        saying(1, EntryKind::QuerySent, "dispatch", asked(" 26-00417a ", Some("jdoe"))),
        saying(2, EntryKind::AnswerViewed, "jdoe", nothing.clone()),
        saying(3, EntryKind::UserAdded, "jdoe", nothing),
    ];
    store.commit(&group, HEAD).await.unwrap();
    drop(store);
    let store = begun(place).await;
    let jdoe = "jdoe".parse().unwrap();
    let (acted, for_her) = (Mention::actor(&jdoe), Mention::for_user(&jdoe));
    let case = Mention::case("26-00417A");
    let lead =
        async |mention: &Mention, end, limit| store.mentioning(mention, end, limit).await.unwrap();
    assert_eq!(lead(&acted, 9, 9).await, [3, 2, 0]);
    assert_eq!(lead(&acted, 3, 1).await, [2]);
    assert_eq!((lead(&for_her, 9, 9).await, lead(&case, 9, 9).await), (vec![1], vec![1, 0]));
    let filter = |user: Option<&str>, for_user: Option<&str>, case: Option<&str>| EntryFilter {
        user: user.map(str::to_owned),
        for_user: for_user.map(str::to_owned),
        case: case.map(str::to_owned),
        ..EntryFilter::default()
    };
    for (filter, expected) in [
        (filter(Some("jdoe"), None, None), vec![0, 2, 3]),
        (filter(Some("jdoe"), None, Some("26-00417a")), vec![0]),
        (filter(None, Some("jdoe"), None), vec![1]),
        (filter(Some("dispatch"), Some("jdoe"), Some("26-00417A")), vec![1]),
        (filter(Some("dispatch"), Some("dispatch"), None), vec![]),
    ] {
        let found = store.entries(&filter, 0, 9).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|entry| entry.header).collect();
        let expected: Vec<_> =
            expected.iter().map(|n: &usize| group[*n].header_bytes.clone()).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let sum = |indexes: &[u64]| {
        let mut sum = MentionSum::default();
        indexes.iter().for_each(|index| sum.add(*index));
        sum
    };
    let all = store.mentions(None, 9, 9).await.unwrap();
    let dispatch = Mention::actor(&"dispatch".parse().unwrap());
    let told = [
        (dispatch.clone(), sum(&[1])),
        (acted.clone(), sum(&[0, 2, 3])),
        (for_her.clone(), sum(&[1])),
        (case.clone(), sum(&[0, 1])),
    ];
    assert_eq!(all, told);
    assert_eq!(
        store.mentions(Some(&dispatch), 3, 1).await.unwrap(),
        [(acted.clone(), sum(&[0, 2]))]
    );
    store.redact(0, 3).await.unwrap();
    // A body that stays is found by what it says.
    assert_eq!(store.mentions(None, 9, 9).await.unwrap(), [(acted, sum(&[3]))]);
}

pub(crate) async fn who_saw_a_plate_is_told_for_as_long_as_the_bodies_are_kept(place: &impl Place) {
    let store = begun(place).await;
    let showing = |n: u64, plates: &[&str]| {
        let shown = plates.iter().map(|plate| plate.parse().unwrap()).collect();
        row(n, 0, id(1), StateChanges { shown, ..StateChanges::default() })
    };
    // Of a kind whose body stays.
    let staying = |n: u64, plates: &[&str]| {
        let mut row = showing(n, plates);
        row.header.kind = EntryKind::EvidenceExported;
        row
    };
    let group = [
        showing(0, &["7ABC123", "7ABC128"]),
        showing(1, &[]),
        staying(2, &["7ABC123"]),
        showing(3, &["7ABC123"]),
    ];
    store.commit(&group, HEAD).await.unwrap();
    drop(store);
    let store = begun(place).await;
    let saw = async |plate, end, limit| store.shown(plate, end, limit).await.unwrap();
    assert_eq!(saw("7ABC123", 9, 9).await, [3, 2, 0]);
    assert_eq!(saw("7ABC123", 3, 1).await, [2]);
    assert_eq!(saw("7ABC128", 9, 9).await, [0]);
    assert_eq!(saw("7ABC12", 9, 9).await, [0; 0]);
    store.redact(0, 2).await.unwrap();
    assert_eq!(saw("7ABC123", 9, 9).await, [3]);
    assert_eq!(saw("7ABC128", 9, 9).await, [0; 0]);
}
