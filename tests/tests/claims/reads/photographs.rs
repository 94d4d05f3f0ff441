//! Claims about photographs: what is kept, when, and what a crash leaves.

use ingest::ImportedRead;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use tests::agency::Agency;
use tests::faulty_store::Failure;
use tests::fixtures::PLATE;
use tests::photographs::{jpeg, photograph_file, plate_crops, reads_with_photographs};

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_is_durable_before_its_read_and_shared_ones_are_kept_once() {
    let owner = Agency::start("owner-ca-pd").await;
    let batch = reads_with_photographs(&owner, PLATE, 3);
    let (crops, road) = (plate_crops(&batch), Digest::of(&jpeg(200, 5_000)));
    let context = owner.context();
    let import = async || {
        let name = tests::fixtures::words("test");
        owner.node().importer.store(&owner.admin().into(), &name, "native", batch.clone()).await
    };
    // As after a crash between the photographs and their reads: nothing refers to them, and they go.
    owner.store().fail_once_on(EntryKind::ReadsImported, Failure::BeforeWrite);
    let failed = import().await;
    assert!(failed.is_err(), "{failed:?}");
    assert!(context.store.referenced_images(&crops).await.expect("a store").is_empty());
    context.photographs.sweep(context.store.as_ref()).await.expect("a sweep");
    assert!(!photograph_file(&owner, road).exists());
    // And as after one that nobody saw end well: what the reads refer to is there, and stays.
    owner.store().fail_once_on(EntryKind::ReadsImported, Failure::AfterWrite);
    let unseen = import().await;
    assert!(unseen.is_err(), "{unseen:?}");
    assert_eq!(context.photographs.sweep(context.store.as_ref()).await.expect("a sweep"), 0);
    assert_eq!(context.store.images(None, 10).await.expect("a store").len(), 4);
    for digest in crops.iter().chain([&road]) {
        assert!(photograph_file(&owner, *digest).is_file());
    }
    assert_eq!(import().await.expect("stored").counted.new, 0);
    for one in batch {
        for (image, bytes) in one.read.images.iter().zip(&one.photographs) {
            let kept = context.photographs.fetch(image.digest).await.expect("an image store");
            assert_eq!(kept.as_ref(), Ok(bytes));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_without_a_read_is_gone_after_the_next_start() {
    let mut owner = Agency::start("owner-ca-pd").await;
    let kept = reads_with_photographs(&owner, PLATE, 1);
    assert_eq!(owner.import(kept.clone()).await, 1);
    let stray = jpeg(9, 700);
    let context = owner.context();
    drop(context.photographs.keep(vec![(Digest::of(&stray), stray.clone())]).await.expect("kept"));
    let (stray, crop) = (
        photograph_file(&owner, Digest::of(&stray)),
        photograph_file(&owner, plate_crops(&kept)[0]),
    );
    assert!(stray.is_file());
    owner.restart().await;
    tests::wait::eventually("the sweep", async || (!stray.exists()).then_some(())).await;
    assert!(crop.is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_native_read_never_refers_to_a_photograph_that_is_not_here() {
    let owner = Agency::start("owner-ca-pd").await;
    let batch = reads_with_photographs(&owner, PLATE, 2);
    assert_eq!(owner.import(vec![batch[0].clone()]).await, 1);
    // The second as its native line: its crop is not here, the road behind it is.
    let line = ImportedRead::new(batch[1].read.clone());
    let stored = owner
        .node()
        .importer
        .store(&owner.admin().into(), &tests::fixtures::words("test"), "native", vec![line])
        .await
        .expect("stored");
    assert_eq!(stored.absent, [(batch[1].read.id, batch[1].read.images[0].digest)]);
    assert_eq!((stored.counted.new, stored.photographs), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_that_is_gone_or_altered_is_noticed() {
    let owner = Agency::start("owner-ca-pd").await;
    let batch = reads_with_photographs(&owner, PLATE, 2);
    let crops = plate_crops(&batch);
    assert_eq!(owner.import(batch).await, 2);
    let context = owner.context();
    assert_eq!(
        context.photographs.check(context.store.as_ref(), None, 10).await.expect("a check").0,
        3
    );
    assert!(context.photographs.known_flaws().is_empty());
    std::fs::remove_file(photograph_file(&owner, crops[0])).expect("removed");
    std::fs::write(photograph_file(&owner, crops[1]), jpeg(77, 2_000)).expect("written");
    assert_eq!(
        context.photographs.check(context.store.as_ref(), None, 10).await.expect("a check").0,
        3
    );
    let mut flaws = context.photographs.known_flaws();
    flaws.sort_by_key(|(digest, _)| *digest != crops[0]);
    assert_eq!(
        flaws,
        [
            (crops[0], store::photographs::Flaw::Missing),
            (crops[1], store::photographs::Flaw::Altered)
        ]
    );
}
