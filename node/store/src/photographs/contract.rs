//! What every place for photographs must hold to; its tests call this.

use schemas::digest::Digest;

use super::ImageStore;

/// Bytes that nobody takes for another photograph, under their digest.
pub(super) fn photograph(n: u8) -> (Digest, Vec<u8>) {
    let bytes = [b"\xFF\xD8\xFF".as_slice(), &[n; 500]].concat();
    (Digest::of(&bytes), bytes)
}

async fn everything(images: &dyn ImageStore) -> Vec<Digest> {
    let mut kept = Vec::new();
    for first in 0..=u8::MAX {
        kept.extend(images.kept(first).await.unwrap());
    }
    kept.sort();
    kept
}

/// What is put down comes back by its digest, twice is once, and what is destroyed is gone, as often
/// as it is asked for.
pub(super) async fn holds(images: &dyn ImageStore) {
    let some: Vec<_> = (0..40).map(photograph).collect();
    images.put(some.clone()).await.unwrap();
    images.put(some.clone()).await.unwrap();
    let mut put: Vec<_> = some.iter().map(|(digest, _)| *digest).collect();
    put.sort();
    assert_eq!(everything(images).await, put);
    for (digest, bytes) in &some {
        assert_eq!(images.get(*digest).await.unwrap().as_ref(), Some(bytes));
    }
    let (first, bytes) = some.first().unwrap();
    images.destroy(*first).await.unwrap();
    images.destroy(*first).await.unwrap();
    assert_eq!(images.get(*first).await.unwrap(), None);
    put.retain(|digest| digest != first);
    assert_eq!(everything(images).await, put);
    images.put(vec![(*first, bytes.clone())]).await.unwrap();
    assert_eq!(images.get(*first).await.unwrap().as_ref(), Some(bytes));
}
