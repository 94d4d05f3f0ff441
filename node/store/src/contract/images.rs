//! Which photographs something refers to.

use super::*;

pub(crate) async fn photographs_are_counted_by_what_refers_to_them(place: &impl Place) {
    let store = begun(place).await;
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let reads = vec![read(1, 0, &[one, two]), read(2, 0, &[one]), read(3, 0, &[])];
    let ids: Vec<_> = reads.iter().map(|read| read.id).collect();
    store.commit(&[row(0, 0, id(1), storing(reads.clone()))], HEAD).await.unwrap();
    let mut effects = served(id(2));
    effects.pages.as_mut().unwrap().images = vec![two];
    store.commit(&[row(1, 0, id(2), effects)], HEAD).await.unwrap();
    let mut both = vec![one, two];
    both.sort();
    assert_eq!(store.images(None, 10).await.unwrap(), both);
    assert_eq!(store.images(None, 1).await.unwrap(), both[..1]);
    assert_eq!(store.images(Some(both[0]), 10).await.unwrap(), both[1..]);
    assert!(store.unreferenced_images(10).await.unwrap().is_empty());
    // A correction changes nothing about them.
    let now_is = Read { plate: "7ABC128".parse().unwrap(), ..reads[0].clone() };
    let was = vec![(1, reads[0].clone())];
    let corrected = vec![crate::Corrected { read: now_is.clone(), was, withdrawn: false }];
    let effects = StateChanges { corrected, ..StateChanges::default() };
    store.commit(&[row(2, 0, id(3), effects)], HEAD).await.unwrap();
    assert_eq!(store.images(None, 10).await.unwrap(), both);
    // What a reader tells better later may have another one, and one less.
    let three = Digest::of(b"three");
    let other = read(1, 0, &[three, one]);
    let better = Read { images: other.images, ..now_is.clone() };
    for (index, read, was) in [(3, &better, &now_is), (4, &now_is, &better)] {
        let was = vec![(u32::try_from(index).unwrap() - 1, was.clone())];
        let corrected = vec![crate::Corrected { read: read.clone(), was, withdrawn: false }];
        let effects = StateChanges { corrected, ..StateChanges::default() };
        store.commit(&[row(index, 0, id(7), effects)], HEAD).await.unwrap();
        // The kept answer still refers to the second.
        assert_eq!(store.images(None, 10).await.unwrap().contains(&three), index == 3);
    }
    assert_eq!(store.unreferenced_images(10).await.unwrap(), [three]);
    store.forget_images(&[three]).await.unwrap();
    let effects = StateChanges { purged: vec![ids[1], ids[2]], ..StateChanges::default() };
    store.commit(&[row(5, 0, id(4), effects)], HEAD).await.unwrap();
    assert!(store.unreferenced_images(10).await.unwrap().is_empty());
    let effects = StateChanges { purged: vec![ids[0]], ..StateChanges::default() };
    store.commit(&[row(6, 0, id(5), effects)], HEAD).await.unwrap();
    // The kept answer still refers to one of them.
    assert_eq!(store.unreferenced_images(10).await.unwrap(), [one]);
    assert_eq!(store.referenced_images(&[one, two]).await.unwrap(), [two]);
    store.forget_images(&[one, two]).await.unwrap();
    assert!(store.unreferenced_images(10).await.unwrap().is_empty());
    assert_eq!(store.images(None, 10).await.unwrap(), [two]);
    let effects = StateChanges { ended: vec![1], ..StateChanges::default() };
    store.commit(&[row(7, 0, id(6), effects)], HEAD).await.unwrap();
    assert_eq!(store.unreferenced_images(10).await.unwrap(), [two]);
    // What is referred to again lives again.
    let again = storing(vec![read(7, 0, &[two])]);
    store.commit(&[row(8, 0, id(7), again)], HEAD).await.unwrap();
    assert!(store.unreferenced_images(10).await.unwrap().is_empty());
    store.forget_images(&[two]).await.unwrap();
    assert_eq!(store.images(None, 10).await.unwrap(), [two]);
}
