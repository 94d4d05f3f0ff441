//! Claims about photographs: what is kept, when, and what a crash leaves.

use std::path::PathBuf;

use node::ingest::Sighting;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::image::View;
use tests::agency::Agency;
use tests::faulty::Failure;
use tests::making::reads;

const PLATE: &str = "7ABC123";

/// A JPEG as far as anybody looks at it.
fn jpeg(n: u8, bytes: usize) -> Vec<u8> {
    let mut jpeg = b"\xFF\xD8\xFF\xE0".to_vec();
    jpeg.resize(bytes, n);
    jpeg
}

/// Reads of `plate`, each with a crop of its plate and the one view of the road behind all.
fn photographed(agency: &Agency, plate: &str, count: usize) -> Vec<Sighting> {
    let reads = reads(agency.id(), plate, count, agency.now());
    let with = |(n, read)| {
        let mut one = Sighting::new(read);
        one.add(View::Plate, "plate", jpeg(u8::try_from(n).expect("few reads"), 2_000));
        one.add(View::Context, "context", jpeg(200, 5_000));
        one
    };
    reads.into_iter().enumerate().map(with).collect()
}

fn file(agency: &Agency, digest: Digest) -> PathBuf {
    let name = digest.to_string();
    agency.home().join("images").join(&name[..2]).join(&name[2..])
}

fn crops(batch: &[Sighting]) -> Vec<Digest> {
    batch.iter().map(|one| one.read.images[0].digest).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_is_durable_before_its_read_and_shared_ones_are_kept_once() {
    let owner = Agency::start("owner-ca-pd").await;
    let batch = photographed(&owner, PLATE, 3);
    let (crops, road) = (crops(&batch), Digest::of(&jpeg(200, 5_000)));
    owner.store().fail_once_on(EntryKind::ReadsImported, Failure::Lost);
    let failed = owner
        .office()
        .store_reads(&owner.admin(), &tests::making::words("test"), "native", batch.clone())
        .await;
    assert!(failed.is_err(), "{failed:?}");
    // Written, but nothing refers to them: as after a crash between the two.
    for digest in crops.iter().chain([&road]) {
        assert!(file(&owner, *digest).is_file());
    }
    let office = owner.office();
    assert!(office.store.referenced_images(&crops).await.expect("a store").is_empty());
    assert_eq!(office.images.sweep(office.store.as_ref()).await.expect("a sweep"), 4);
    assert!(!file(&owner, road).exists());
    assert_eq!(owner.takes_in(batch.clone()).await, 3);
    assert_eq!(office.images.sweep(office.store.as_ref()).await.expect("a sweep"), 0);
    assert_eq!(office.store.images(None, 10).await.expect("a store").len(), 4);
    for one in batch {
        for (image, bytes) in one.read.images.iter().zip(&one.photographs) {
            let kept = office.images.fetch(image.digest).await.expect("an image store");
            assert_eq!(kept.as_ref(), Ok(bytes));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_without_a_read_is_gone_after_the_next_start() {
    let mut owner = Agency::start("owner-ca-pd").await;
    let kept = photographed(&owner, PLATE, 1);
    assert_eq!(owner.takes_in(kept.clone()).await, 1);
    let stray = jpeg(9, 700);
    let office = owner.office();
    drop(office.images.keep(vec![(Digest::of(&stray), stray.clone())]).await.expect("kept"));
    let (stray, crop) = (file(&owner, Digest::of(&stray)), file(&owner, crops(&kept)[0]));
    assert!(stray.is_file());
    owner.restart().await;
    tests::wait::eventually("the sweep", async || (!stray.exists()).then_some(())).await;
    assert!(crop.is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_read_never_refers_to_a_photograph_that_is_not_here() {
    let owner = Agency::start("owner-ca-pd").await;
    let batch = photographed(&owner, PLATE, 2);
    assert_eq!(owner.takes_in(vec![batch[0].clone()]).await, 1);
    // The second as its native line: its crop is not here, the road behind it is.
    let line = Sighting::new(batch[1].read.clone());
    let stored = owner
        .office()
        .store_reads(&owner.admin(), &tests::making::words("test"), "native", vec![line])
        .await
        .expect("stored");
    assert_eq!(stored.absent, [(batch[1].read.id, batch[1].read.images[0].digest)]);
    assert_eq!((stored.reads, stored.photographs), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_that_is_gone_or_altered_is_noticed() {
    let owner = Agency::start("owner-ca-pd").await;
    let batch = photographed(&owner, PLATE, 2);
    let crops = crops(&batch);
    assert_eq!(owner.takes_in(batch).await, 2);
    let office = owner.office();
    assert_eq!(office.images.check(office.store.as_ref(), None, 10).await.expect("a check").0, 3);
    assert!(office.images.known_flaws().is_empty());
    std::fs::remove_file(file(&owner, crops[0])).expect("removed");
    std::fs::write(file(&owner, crops[1]), jpeg(77, 2_000)).expect("written");
    assert_eq!(office.images.check(office.store.as_ref(), None, 10).await.expect("a check").0, 3);
    let mut flaws = office.images.known_flaws();
    flaws.sort_by_key(|(digest, _)| *digest != crops[0]);
    assert_eq!(
        flaws,
        [(crops[0], node::images::Flaw::Missing), (crops[1], node::images::Flaw::Altered)]
    );
}
