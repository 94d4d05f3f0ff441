//! Claims about corrections: searches find what is right, who audits finds what was wrong, and who
//! received it is told (Civil Code 1798.90.51(b)(2)(F)).

use node::permission::{ActError, Principal};
use node::reads::corrections::{CorrectionOutcome, CorrectionRequest, ReadVersion, versions};
use schemas::correction::Correction;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::key::SecretKey;
use schemas::outcome::OutcomeCode;
use schemas::plate::Plate;
use schemas::query::QueryId;
use schemas::read::ReadId;
use store::OwnRead;
use tests::agency::Agency;
use tests::faulty_store::Failure;
use tests::federation::{add_card, propose, sharing_pair};
use tests::fixtures::{PLATE, reads, words};
use tests::forged_answer::{ForgedAnswer, agreement_between};
use tests::logs::who_saw;
use tests::raw_peer::RawPeer;
use tests::wait::eventually;

const RIGHT: &str = "7ABC128";

async fn corrects(
    owner: &Agency,
    by: &Principal,
    read: ReadId,
    plate: &str,
) -> Result<CorrectionOutcome, ActError> {
    let wanted = CorrectionRequest {
        plate: plate.parse().expect("a plate"),
        plate_state: None,
        reason: words("The crop shows an 8"),
    };
    owner.correct_read(by, read, &wanted).await
}

/// Every version of a read, for the agency's administrator, who audits too.
async fn versions_of(owner: &Agency, id: ReadId) -> Vec<ReadVersion> {
    let context = owner.context();
    versions(&context.agency, context.store.as_ref(), &owner.admin(), id).await.expect("versions")
}

/// Corrections in the outbox of `owner`.
async fn corrections_waiting(owner: &Agency) -> usize {
    let waiting = owner.context().store.outbox(10).await.expect("a store");
    let kind = |body: &str| Envelope::parse(body.as_bytes()).expect("an envelope").kind();
    waiting.iter().filter(|one| kind(&one.message().body) == Signed::Correction).count()
}

/// The corrections that `asking` is shown with a kept answer, once there are `count`.
async fn shown(asking: &Agency, query: QueryId, count: usize) -> Vec<Correction> {
    eventually("the corrections come", async || {
        let again = asking.node().queries.ask_again(query, &asking.officer()).await.ok()?;
        assert!(again.reads.iter().all(|read| read.plate.as_str() == PLATE));
        (again.corrections.len() == count).then_some(again.corrections)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_read_is_found_by_its_right_plate_alone_and_its_recipients_are_told() {
    let (asking, owning, _) = sharing_pair().await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    let (id, query) = (heard.reads[1].id, heard.query_id.expect("a query id"));
    let done = corrects(&owning, &owning.admin(), id, RIGHT).await.expect("corrected");
    assert_eq!((done.version, done.told), (2, 1));
    let came = shown(&asking, query, 1).await;
    assert_eq!((came[0].read, came[0].version), (id, 2));
    assert_eq!(
        (came[0].was.as_str(), came[0].plate.as_ref().map(Plate::as_str)),
        (PLATE, Some(RIGHT))
    );
    // Both logs have it, and the owner's outbox is empty once it is acknowledged.
    let theirs = asking.log().await;
    assert_eq!(theirs.count(Kind::ReadsCorrected), 1);
    assert_eq!(owning.log().await.count(Kind::ReadsCorrected), 1);
    eventually("the correction is acknowledged", async || {
        (corrections_waiting(&owning).await == 0).then_some(())
    })
    .await;
    // What a search finds from now on.
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.reads.len(), 2);
    let right = asking.ask_one(owning.id(), RIGHT).await.reads;
    assert_eq!((right.len(), right[0].id), (1, id));
    // What an auditor finds.
    let versions = versions_of(&owning, id).await;
    let plates: Vec<_> =
        versions.iter().map(|one| (one.version, one.read.plate.as_str())).collect();
    assert_eq!(plates, [(1, PLATE), (2, RIGHT)]);
    // Whoever was told of the right plate has seen it, and so has who looked at its versions.
    assert_eq!(
        who_saw(&owning, RIGHT).await,
        [Kind::ReadsCorrected, Kind::QueryAnswered, Kind::AuditViewed]
    );
    // A second correction tells both answers: the one of the first version and that of the second.
    let done = corrects(&owning, &owning.admin(), id, "7ABC12B").await.expect("corrected");
    assert_eq!((done.version, done.told), (3, 2));
    assert_eq!(shown(&asking, query, 2).await[1].version, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_that_was_away_is_told_when_it_is_back_and_once() {
    let (mut asking, owning, _) = sharing_pair().await;
    let heard = asking.ask_one(owning.id(), PLATE).await;
    let query = heard.query_id.expect("a query id");
    asking.stop().await;
    let done = corrects(&owning, &owning.admin(), heard.reads[0].id, RIGHT).await;
    assert_eq!(done.expect("corrected").told, 1);
    assert_eq!(corrections_waiting(&owning).await, 1);
    asking.run().await;
    // Its first acknowledgement is lost with its entry: the letter comes again.
    asking.store().fail_once_on(Kind::ReadsCorrected, Failure::AfterWrite);
    shown(&asking, query, 1).await;
    eventually("the correction is acknowledged", async || {
        (corrections_waiting(&owning).await == 0).then_some(())
    })
    .await;
    assert_eq!(asking.log().await.count(Kind::ReadsCorrected), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_corrections_of_one_read_at_once_are_two_versions() {
    let (asking, owning, _) = sharing_pair().await;
    let id = asking.ask_one(owning.id(), PLATE).await.reads[0].id;
    let admin = owning.admin();
    let (one, two) = tokio::join!(
        corrects(&owning, &admin, id, RIGHT),
        corrects(&owning, &admin, id, "7ABC12B")
    );
    let mut versions = [one.expect("corrected").version, two.expect("corrected").version];
    versions.sort_unstable();
    assert_eq!(versions, [2, 3]);
    let kept = versions_of(&owning, id).await;
    assert_eq!(kept.iter().map(|one| one.version).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_and_what_is_none_of_ours_is_not_corrected() {
    let (asking, owning, _) = sharing_pair().await;
    let id = asking.ask_one(owning.id(), PLATE).await.reads[0].id;
    let officer = corrects(&owning, &owning.officer(), id, RIGHT).await;
    assert!(matches!(officer, Err(ActError::Refused(_))), "{officer:?}");
    let foreign = corrects(&asking, &asking.admin(), id, RIGHT).await;
    assert!(matches!(foreign, Err(ActError::Usage(_))), "{foreign:?}");
    let same = corrects(&owning, &owning.admin(), id, PLATE).await;
    assert!(matches!(same, Err(ActError::Usage(_))), "{same:?}");
    // What is not logged is not corrected.
    owning.store().fail_once_on(Kind::ReadsCorrected, Failure::BeforeWrite);
    assert!(corrects(&owning, &owning.admin(), id, RIGHT).await.is_err());
    let OwnRead { read, version, .. } =
        owning.context().store.own_read(id).await.expect("a store").expect("a read");
    assert_eq!((read.plate.as_str(), version), (PLATE, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_under_way_while_a_read_is_corrected_is_searched_again() {
    let (asking, owning, _) = sharing_pair().await;
    let id = asking.ask_one(owning.id(), PLATE).await.reads[0].id;
    owning.store().hold();
    let searches = owning.store().searches();
    let (heard, ()) = tokio::join!(asking.ask_one(owning.id(), PLATE), async {
        eventually("the search begins", async || {
            (owning.store().searches() > searches).then_some(())
        })
        .await;
        corrects(&owning, &owning.admin(), id, RIGHT).await.expect("corrected");
        owning.store().release();
    });
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 2), "{heard:?}");
    assert!(heard.reads.iter().all(|read| read.id != id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_corrects_only_what_it_released() {
    let asking = Agency::start("asking-ca-pd").await;
    let mut raw = RawPeer::start("hostile-ca-pd", asking.now());
    add_card(&asking, &raw.identity).await;
    propose(&asking, &agreement_between(asking.id(), raw.id()), None).await;
    raw.answer_queries(asking.identity.card.message_key, |identity, query, digest| {
        let reads = reads(&identity.id, PLATE, 1, query.at);
        ForgedAnswer::honest(identity, query, digest, reads).frames()
    });
    let heard = asking.ask_one(raw.id(), PLATE).await;
    let honest = Correction {
        from: raw.id().clone(),
        to: asking.id().clone(),
        query_id: heard.query_id.expect("a query id"),
        read: heard.reads[0].id,
        version: 2,
        was: PLATE.parse().expect("a plate"),
        plate: RIGHT.parse().ok(),
        plate_state: None,
        reason: words("a reason"),
        at: asking.now(),
    };
    let (raw, asking) = (&raw, &asking);
    let taken = async |one: &Correction, key: &SecretKey| {
        let signed = Envelope::sign_json(Signed::Correction, one, key).expect("signed");
        let (reply, _) = raw.say(asking, FrameKind::Document, signed.as_bytes()).await;
        reply.expect("a reply").kind == FrameKind::DocumentAck
    };
    let key = raw.identity.message_key.clone();
    let falsified: [fn(&mut Correction); 4] = [
        |one| one.read = ReadId::of_vendor_id("a", "b"),
        |one| one.query_id = QueryId::from_bytes([7; 16]),
        |one| one.from = "another-ca-pd".parse().expect("an id"),
        |one| one.to = "another-ca-pd".parse().expect("an id"),
    ];
    for (n, falsify) in falsified.into_iter().enumerate() {
        let mut one = honest.clone();
        falsify(&mut one);
        assert!(!taken(&one, &key).await, "{n}");
    }
    assert!(!taken(&honest, &asking.identity.message_key).await);
    assert_eq!(asking.log().await.count(Kind::ReadsCorrected), 0);
    assert!(taken(&honest, &key).await);
    assert!(taken(&honest, &key).await, "known is acknowledged again");
    let other = Correction { plate: "9XYZ999".parse().ok(), ..honest.clone() };
    assert!(!taken(&other, &key).await, "the same version, another plate");
    assert_eq!(asking.log().await.count(Kind::ReadsCorrected), 1);
    assert_eq!(shown(asking, honest.query_id, 1).await, [honest]);
}
