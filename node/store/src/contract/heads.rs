//! Signed heads.

use super::*;
use crate::Witnessed;

pub(crate) async fn the_signed_head_is_of_the_last_group_that_is_durable_and_of_no_other(
    place: &impl Place,
) {
    let store = begun(place).await;
    assert_eq!(store.signed_head().await.unwrap(), None);
    store.commit(&[plain(0, 0), plain(1, 0)], "first").await.unwrap();
    assert_eq!(store.signed_head().await.unwrap().as_deref(), Some("first"));
    store.commit(&[plain(2, 0)], "second").await.unwrap();
    // A group that is not stored leaves the head as it was.
    assert!(store.commit(&[plain(3, 1), plain(1, 1)], "third").await.is_err());
    drop(store);
    let store = begun(place).await;
    assert_eq!(store.signed_head().await.unwrap().as_deref(), Some("second"));
}

pub(crate) async fn a_head_is_witnessed_in_the_place_of_the_one_that_was_there(place: &impl Place) {
    let origin = "asking-ca-pd".parse().unwrap();
    let other = "other-ca-pd".parse().unwrap();
    let head = |size: u64| Witnessed {
        size,
        root: Digest::of(&size.to_be_bytes()),
        checkpoint: format!("head of {size}\n\n— signature\n"),
    };
    let knows = |size: u64| Some((size, head(size).root));
    let store = begun(place).await;
    assert_eq!(store.witnessed(&origin).await.unwrap(), None);
    // Nobody replaces what is not there.
    assert!(!store.witness(&origin, knows(4), &head(5)).await.unwrap());
    assert!(store.witness(&origin, None, &head(5)).await.unwrap());
    assert!(!store.witness(&origin, None, &head(6)).await.unwrap());
    assert!(!store.witness(&origin, knows(4), &head(6)).await.unwrap());
    assert!(!store.witness(&origin, Some((5, head(6).root)), &head(6)).await.unwrap());
    assert_eq!(store.witnessed(&origin).await.unwrap(), Some(head(5)));
    assert!(store.witness(&origin, knows(5), &head(8)).await.unwrap());
    assert!(store.witness(&other, None, &head(2)).await.unwrap());
    drop(store);
    let store = begun(place).await;
    assert_eq!(store.witnessed(&origin).await.unwrap(), Some(head(8)));
    assert_eq!(store.witnessed(&other).await.unwrap(), Some(head(2)));
}

pub(crate) async fn of_the_cosigned_heads_the_nearest_to_a_size_are_told(place: &impl Place) {
    let store = begun(place).await;
    assert_eq!(store.cosigned(u64::MAX).await.unwrap(), None);
    for size in [3, 9, 5] {
        store.keep_cosigned(size, &format!("head of {size}")).await.unwrap();
    }
    store.keep_cosigned(5, "another head of 5").await.unwrap();
    for (size, expected) in [
        (2, None),
        (3, Some("head of 3")),
        (5, Some("another head of 5")),
        (8, Some("another head of 5")),
        (u64::MAX, Some("head of 9")),
    ] {
        assert_eq!(store.cosigned(size).await.unwrap().as_deref(), expected, "{size}");
    }
    for (size, expected) in [
        (0, Some("head of 3")),
        (3, Some("head of 3")),
        (4, Some("another head of 5")),
        (6, Some("head of 9")),
        (10, None),
    ] {
        assert_eq!(store.first_cosigned(size).await.unwrap().as_deref(), expected, "{size}");
    }
}
