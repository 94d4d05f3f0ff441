//! Claims about photographs that cross between agencies: only where the agreement opens them and
//! the query asks, each checked by its digest, and none missing without a word.

use std::path::Path;
use std::process::Command;

use node::exchange::ask::QueryOutcome;
use node::retention::DESTROY;
use schemas::answer::{Photograph, Withheld};
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::image::{Image, Media, View};
use schemas::outcome::OutcomeCode;
use schemas::query::Query;
use tests::agency::{Agency, Plan};
use tests::federation::{add_card, in_force_with, introduce, propose};
use tests::fixtures::{DAY_MS, PLATE, draft, reads};
use tests::forged_answer::{ForgedAnswer, agreement_between};
use tests::identity::Identity;
use tests::photographs::{jpeg, photograph_file, plate_crops, reads_with_photographs};
use tests::raw_peer::RawPeer;

async fn sharing(images: bool) -> (Agency, Agency, Vec<Digest>) {
    let (asking, owning) =
        (Agency::start("asking-ca-pd").await, Agency::start("owning-ca-pd").await);
    introduce(&[&asking, &owning]).await;
    in_force_with(&[&asking, &owning], |text| text.images = images).await;
    let batch = reads_with_photographs(&owning, PLATE, 2);
    let crops = plate_crops(&batch);
    assert_eq!(owning.import(batch).await, 2);
    (asking, owning, crops)
}

async fn asks(asking: &Agency, owner: &Agency, images: bool) -> QueryOutcome {
    let mut draft = draft(&[owner.id()], PLATE, asking.now());
    draft.images = images;
    asking.ask(&draft).await.remove(0)
}

async fn here(at: &Agency) -> Vec<Digest> {
    at.context().store.images(None, 100).await.expect("a store")
}

#[tokio::test(flavor = "multi_thread")]
async fn photographs_come_where_they_are_opened_and_asked_for_and_stay_as_long_as_the_answer() {
    let (mut asking, owning, crops) = sharing(true).await;
    let heard = asks(&asking, &owning, true).await;
    assert_eq!(
        (heard.outcome, heard.images, heard.reads.len()),
        (OutcomeCode::Answered, true, 2),
        "{heard:?}"
    );
    assert_eq!(heard.photographs.len(), 3);
    assert!(heard.photographs.iter().all(|one| one.withheld.is_none()));
    let id = heard.query_id.expect("a query id");
    // Both reads have the one view of the road: it came once.
    for digest in crops.iter().chain([&Digest::of(&jpeg(200, 5_000))]) {
        assert!(photograph_file(&asking, *digest).is_file());
    }
    // Seen again, and saved, from what is kept: each is an entry.
    asking.restart().await;
    let again = asking.node().queries.ask_again(id, &asking.officer()).await.expect("kept");
    assert_eq!(again.photographs, heard.photographs);
    let mut saved = asking.node().queries.photographs(id, &asking.officer()).await.expect("kept");
    let mut data = 0;
    while let Some(one) = saved.recv().await {
        data += usize::from(one.data.is_some());
    }
    assert_eq!(data, 3);
    let kinds = asking.log().await.exchange(id);
    let viewed = [Kind::QuerySent, Kind::AnswerReceived, Kind::AnswerViewed, Kind::AnswerViewed];
    assert_eq!(kinds, viewed);
    // The agreement's retention of answers is over: they go with the pages.
    let context = asking.context();
    asking.clock.shift(31 * DAY_MS);
    let retention = &asking.node().app.retention;
    let done = retention.run(&asking.admin(), DESTROY, &|_| ()).await.expect("answers end");
    assert_eq!(done.answers_purged, 1, "{done:?}");
    // The node may be about it already.
    context.agency.log.destroy_unreferenced(&context.photographs).await.expect("destroyed");
    for digest in crops.iter().chain([&Digest::of(&jpeg(200, 5_000))]) {
        assert!(!photograph_file(&asking, *digest).exists());
    }
    assert!(photograph_file(&owning, crops[0]).is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_photograph_crosses_where_it_is_not_opened_or_not_asked_for() {
    for (opened, wanted) in [(false, true), (true, false), (false, false)] {
        let (asking, owning, _) = sharing(opened).await;
        let heard = asks(&asking, &owning, wanted).await;
        assert_eq!(
            (heard.outcome, heard.images, heard.reads.len()),
            (OutcomeCode::Answered, false, 2)
        );
        assert!(heard.photographs.is_empty());
        assert!(heard.reads.iter().all(|read| read.images.is_empty()), "{opened} {wanted}");
        assert!(here(&asking).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_altered_at_the_owner_is_named_in_its_answer() {
    let (asking, owning, crops) = sharing(true).await;
    std::fs::remove_file(photograph_file(&owning, crops[0])).expect("removed");
    std::fs::write(photograph_file(&owning, crops[1]), jpeg(66, 2_000)).expect("written");
    let heard = asks(&asking, &owning, true).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 2), "{heard:?}");
    let withheld = |digest: Digest| {
        heard.photographs.iter().find(|one| one.digest == digest).and_then(|one| one.withheld)
    };
    assert_eq!(withheld(crops[0]), Some(Withheld::Missing));
    assert_eq!(withheld(crops[1]), Some(Withheld::Altered));
    // The answer holds; the one that is whole came, and the owner knows of the others.
    assert_eq!(here(&asking).await, [Digest::of(&jpeg(200, 5_000))]);
    assert_eq!(owning.context().photographs.known_flaws().len(), 2);
    let doctor = owning.accord(&["doctor"]);
    assert!(doctor.out.contains("2 photographs are not as kept"), "{doctor:?}");
}

/// An owner that answers with one read, one photograph of `photograph`, and what `falsify` makes
/// of that.
async fn heard_from(
    falsify: impl Fn(&mut ForgedAnswer) + Send + Sync + 'static,
) -> (Agency, QueryOutcome) {
    let asking =
        Agency::of(Plan::of("asking-ca-pd").bounds(|bounds| bounds.answer_seconds = 2)).await;
    let mut raw = RawPeer::start("hostile-ca-pd", asking.now());
    add_card(&asking, &raw.identity).await;
    propose(&asking, &agreement_between(asking.id(), raw.id()), None).await;
    raw.answer_queries(asking.identity.card.message_key, move |identity, query, digest| {
        let mut forged = with_photograph(identity, query, digest);
        falsify(&mut forged);
        forged.frames()
    });
    let mut draft = draft(&[raw.id()], PLATE, asking.now());
    draft.images = true;
    let heard = asking.ask(&draft).await.remove(0);
    drop(raw);
    (asking, heard)
}

/// An honest answer with one read and its photograph, in pieces.
fn with_photograph(identity: &Identity, query: &Query, digest: Digest) -> ForgedAnswer {
    let photograph = jpeg(1, 600_000);
    let mut read = reads(&identity.id, PLATE, 1, query.at).remove(0);
    let image = Image::of(View::Plate, &photograph).expect("a photograph");
    read.images = vec![image.clone()];
    let mut forged = ForgedAnswer::honest(identity, query, digest, vec![read]);
    forged.answer.released.images = true;
    forged.answer.images = vec![Photograph {
        digest: image.digest,
        bytes: image.bytes,
        media: Media::Jpeg,
        withheld: None,
    }];
    forged.pieces = photograph.chunks(262_144).map(<[u8]>::to_vec).collect();
    forged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_in_pieces_comes_whole() {
    let (asking, heard) = heard_from(|_| {}).await;
    assert_eq!((heard.outcome, heard.photographs.len()), (OutcomeCode::Answered, 1), "{heard:?}");
    let kept =
        asking.context().photographs.fetch(heard.photographs[0].digest).await.expect("a store");
    assert_eq!(kept.map(|bytes| bytes.len()), Ok(600_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn photographs_that_are_not_those_promised_are_rejected_and_not_kept() {
    type Falsified = (&'static str, fn(&mut ForgedAnswer));
    let cases: [Falsified; 8] = [
        ("is not the one it promises", |forged| forged.pieces[1][5] ^= 1),
        ("is longer than it promises", |forged| forged.pieces[2].extend([0; 9])),
        ("more photographs than an answer may hold", |forged| {
            forged.answer.images[0].bytes = 9 * 1_024 * 1_024;
        }),
        ("more photographs than an answer may hold", |forged| {
            for n in 0..5u8 {
                let digest = Digest::of(&[n]);
                let one =
                    Photograph { digest, bytes: 8_000_000, ..forged.answer.images[0].clone() };
                forged.answer.images.push(one);
            }
        }),
        ("more photographs than an answer may hold", |forged| {
            let one = forged.answer.images[0].clone();
            forged.answer.images.push(one);
        }),
        ("a photograph of none of its reads", |forged| {
            forged.answer.images[0].digest = Digest::of(b"another");
        }),
        ("a photograph of none of its reads", |forged| forged.reads[0].images.clear()),
        // Photographs that were asked for are not opened, and no cut says so.
        ("its cuts are not what is less", |forged| forged.answer.released.images = false),
    ];
    for (said, falsify) in cases {
        let (asking, heard) = heard_from(falsify).await;
        assert_eq!(
            (heard.outcome, heard.reads.len()),
            (OutcomeCode::Unanswered, 0),
            "{said}: {heard:?}"
        );
        let error = heard.error.expect("why nothing is shown");
        assert!(error.contains(said), "{said}: {error}");
        let kinds = asking.log().await.exchange(heard.query_id.expect("a query id"));
        assert_eq!(kinds, [Kind::QuerySent, Kind::AnswerRejected], "{said}");
        assert!(here(&asking).await.is_empty(), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_again_brings_its_photographs_again_or_says_why_not() {
    let (asking, owning, crops) = sharing(true).await;
    // The answer leaves, and its requester does not take it down.
    asking.store().fail_once_on(Kind::AnswerReceived, tests::faulty_store::Failure::BeforeWrite);
    let lost = asks(&asking, &owning, true).await;
    assert_eq!(lost.outcome, OutcomeCode::Unanswered);
    let id = lost.query_id.expect("a query id");
    let again = asking.node().queries.ask_again(id, &asking.officer()).await.expect("an answer");
    assert_eq!((again.outcome, again.photographs.len()), (OutcomeCode::Answered, 3), "{again:?}");
    assert_eq!(owning.log().await.exchange(id)[1], Kind::AnswerRedelivered);
    asking.store().fail_once_on(Kind::AnswerReceived, tests::faulty_store::Failure::BeforeWrite);
    let lost = asks(&asking, &owning, true).await;
    std::fs::remove_file(photograph_file(&owning, crops[0])).expect("removed");
    let id = lost.query_id.expect("a query id");
    let again = asking.node().queries.ask_again(id, &asking.officer()).await.expect("a refusal");
    assert_eq!(again.outcome, OutcomeCode::Refused);
    assert!(again.reasons[0].message.as_str().contains("a photograph of that answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_saves_photographs_that_stock_tools_find_whole() {
    let (asking, owning, _) = sharing(true).await;
    let dir = tempfile::TempDir::new().expect("a directory");
    let folder = dir.path().join("photographs");
    let ended = asking.accord_as(
        tests::fixtures::OFFICER,
        &[
            "query",
            "--to",
            owning.id().as_str(),
            "--purpose",
            "stolen_vehicle",
            "--case",
            "26-004711",
            "--plate",
            PLATE,
            "--reason",
            "Stolen vehicle reported by its owner this morning",
            "--save-images",
            folder.to_str().expect("UTF-8"),
        ],
    );
    assert_eq!(ended.code, 0, "{ended:?}");
    let line = ended.done();
    let named = line["photographs"].as_array().expect("photographs");
    assert!(named.len() == 3 && named.iter().all(|one| one["file"].is_string()), "{line}");
    assert_eq!(digests_fit(&folder), 3);
}

/// Files in `folder`, each of which `sha256sum` finds to be what its name says.
fn digests_fit(folder: &Path) -> usize {
    let files: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().collect();
    for file in &files {
        let told = Command::new("sha256sum").arg(file.path()).output().expect("sha256sum");
        let name = file.file_name().into_string().expect("UTF-8");
        let digest = name.strip_suffix(".jpg").expect("a JPEG").to_owned();
        assert!(String::from_utf8_lossy(&told.stdout).starts_with(&digest));
    }
    files.len()
}
