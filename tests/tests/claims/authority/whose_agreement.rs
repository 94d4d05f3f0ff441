//! Whose an agreement is: it stands under the agency that proposed it, and a later text comes from who
//! stands in the one before.

use ::agreements::agreement::Agreement;
use ::agreements::request::Request;
use node::admin::agreements;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use tests::agency::Agency;
use tests::federation::{
    add_card, adhere, pair, propose, sign_everywhere, wait_for_adherence, wait_for_agreement,
};
use tests::fixtures::{PLATE, agreement};
use tests::proposals::{answered_on, digest_of, next, refused_with, renamed, told};
use tests::raw_peer::RawPeer;
use tests::wait::eventually;
use tests::written_requests::{file_request_within, single_use};

#[tokio::test(flavor = "multi_thread")]
async fn two_agencies_agreements_of_one_name_live_side_by_side() {
    let (covina, port) = pair().await;
    let mallory = RawPeer::start("mallory-ca-pd", port.now());
    add_card(&port, &mallory.identity).await;
    let now = port.now();
    // Mallory is first, and takes neither Covina's name nor the slug.
    let stolen = renamed(
        agreement(&[mallory.id(), port.id()], now),
        &format!("{}/covina-port-2027", covina.id()),
    );
    refused_with(&mallory, &port, &mallory.identity.propose(&stolen), "carries the name of").await;
    let hers = renamed(
        agreement(&[mallory.id(), port.id()], now),
        &format!("{}/covina-port-2027", mallory.id()),
    );
    assert_eq!(told(&mallory, &port, &mallory.identity.propose(&hers)).await, None);
    let genuine = renamed(
        agreement(&[covina.id(), port.id()], now),
        &format!("{}/covina-port-2027", covina.id()),
    );
    sign_everywhere(&[&covina, &port], &genuine).await;
    assert_eq!(answered_on(&covina, &port).await, Ok(genuine.id.to_string()));
    assert_eq!(agreements::list(port.own()).len(), 2);

    // The slug alone means either, and that is said; at Covina it means the one.
    let ambiguous = port.accord(&["agreement", "show", "covina-port-2027"]);
    let said = ambiguous.failed(2);
    assert!(
        said.contains(&genuine.id.to_string()) && said.contains(&hers.id.to_string()),
        "{said}"
    );
    for (name, whose) in [(&genuine.id, covina.id()), (&hers.id, mallory.id())] {
        let shown = port.accord(&["agreement", "show", &name.to_string()]).done();
        assert_eq!(shown["proposer"], whose.as_str());
    }
    // What the port has signed is meant where its own side is.
    let given = ["agreement", "suspend", "covina-port-2027", "--reason", "under review"];
    assert_eq!(port.accord(&given).done()["agreement"], genuine.id.to_string());
    assert_eq!(answered_on(&covina, &port).await, Err(RefusalCode::AuthorityNotInForce));
    // By its digest the text is known whatever else is called so.
    let digest = digest_of(&genuine).to_string();
    let signed = port.accord(&["agreement", "sign", "covina-port-2027", "--digest", &digest]);
    assert_eq!(signed.done()["agreement"], genuine.id.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_propose_under_a_name_does_not_change_what_a_query_cites() {
    let (asking, owning) = pair().await;
    let text = renamed(
        agreement(&[asking.id(), owning.id()], asking.now()),
        &format!("{}/plates-2027", asking.id()),
    );
    sign_everywhere(&[&asking, &owning], &text).await;
    let mallory = RawPeer::start("mallory-ca-pd", asking.now());
    add_card(&asking, &mallory.identity).await;
    let hers = renamed(
        agreement(&[mallory.id(), asking.id(), owning.id()], asking.now()),
        &format!("{}/plates-2027", mallory.id()),
    );
    assert_eq!(told(&mallory, &asking, &mallory.identity.propose(&hers)).await, None);
    let mut draft = tests::fixtures::draft(&[owning.id()], PLATE, asking.now());
    draft.authority = Some("plates-2027".parse().expect("a name"));
    let heard = asking.ask(&draft).await.remove(0);
    assert_eq!(heard.basis.map(|basis| basis.authority), Some(text.id.clone()));
    // Once both are signed the slug says too little.
    adhere(&asking, &hers, None).await;
    let why = asking.node().queries.ask(&draft, &asking.officer()).expect_err("two").to_string();
    assert!(why.contains(&text.id.to_string()) && why.contains(&hers.id.to_string()), "{why}");
    draft.authority = Some("plates-2028".parse().expect("a name"));
    let why = asking.node().queries.ask(&draft, &asking.officer()).expect_err("none").to_string();
    assert!(why.contains("`plates-2028`"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_puts_no_version_after_one_that_others_agreed_on() {
    let (covina, port) = pair().await;
    let mallory = RawPeer::start("mallory-ca-pd", covina.now());
    for at in [&covina, &port] {
        add_card(at, &mallory.identity).await;
    }
    let lasd = renamed(
        agreement(&[port.id(), covina.id()], port.now()),
        &format!("{}/lasd-2026", port.id()),
    );
    propose(&port, &lasd, None).await;
    wait_for_agreement(&covina, &lasd.id).await;
    let hers = Agreement {
        parties: vec![mallory.id().clone(), port.id().clone(), covina.id().clone()],
        lookback_days: 3_650,
        row_limit: 1_000_000,
        images: true,
        ..next(&lasd)
    };
    let elsewhere = Agreement { supersedes: Some(Digest::of(b"another text")), ..hers.clone() };
    let afresh = Agreement { version: 1, supersedes: None, ..hers.clone() };
    for (version, part) in [
        (&hers, "is no party of version 1"),
        (&elsewhere, "not recorded here"),
        (&afresh, "carries the name of"),
    ] {
        refused_with(&mallory, &covina, &mallory.identity.propose(version), part).await;
    }
    // Covina's people see that it was tried, and sign what they did before.
    let rows = covina.accord(&["agreement", "list"]).lines();
    let refused: Vec<_> = rows.iter().filter(|row| row["state"] == "refused").collect();
    assert_eq!(refused.len(), 3);
    let first = refused[0];
    assert_eq!(first["proposer"], mallory.id().as_str());
    assert_eq!(first["agreement"], lasd.id.to_string());
    assert_eq!(first["version"], 2);
    assert!(first["why"].as_str().expect("why").contains("is no party of version 1"));
    let log = covina.log().await;
    let entry = log.all(Kind::AgreementRefused)[0];
    assert_eq!(entry.header.peer.as_ref(), Some(mallory.id()));
    assert_eq!(entry.detail("text"), digest_of(&hers).to_string().as_str());

    let read = covina.accord(&["agreement", "show", "lasd-2026"]).done();
    assert_eq!(
        (&read["version"], &read["digest"]),
        (&1.into(), &digest_of(&lasd).to_string().into())
    );
    let digest = read["digest"].as_str().expect("a digest");
    let signed = covina.accord(&["agreement", "sign", "lasd-2026", "--digest", digest]).done();
    assert_eq!((&signed["version"], &signed["state"]), (&1.into(), &"in_force".into()));
    wait_for_adherence(&port, &lasd.id, covina.id()).await;
    assert_eq!(answered_on(&covina, &port).await, Ok(lasd.id.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_that_is_first_with_the_next_version_keeps_no_other_from_it() {
    let (one, other) = pair().await;
    let text = agreement(&[one.id(), other.id()], one.now());
    sign_everywhere(&[&one, &other], &text).await;
    let (by_other, by_one) = (next(&text), Agreement { row_limit: 7, ..next(&text) });
    propose(&other, &by_other, None).await;
    eventually("the other's second version", async || {
        agreements::show(one.own(), &text.id, Some(2)).ok()
    })
    .await;
    propose(&one, &by_one, None).await;
    let both = async |at: &Agency| {
        eventually("two second versions", async || {
            let rows = agreements::list(at.own());
            (rows.iter().filter(|row| row.version == 2).count() == 2).then_some(())
        })
        .await;
    };
    both(&other).await;
    both(&one).await;
    // Which is meant has to be said.
    let said = other.accord(&["agreement", "sign", &text.id.to_string()]);
    let (first, second) = (digest_of(&by_one).to_string(), digest_of(&by_other).to_string());
    let said = said.failed(2);
    assert!(said.contains(&first) && said.contains(&second), "{said}");
    let signed = other.accord(&["agreement", "sign", &text.id.to_string(), "--digest", &first]);
    assert_eq!(signed.done()["proposer"], one.id().as_str());
    eventually("it is in force", async || {
        let rows = agreements::list(one.own());
        rows.iter().find(|row| row.digest.to_string() == first)?.state.eq("in_force").then_some(())
    })
    .await;
    let heard = one.ask_one(other.id(), PLATE).await;
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3));
    assert_eq!(heard.basis.map(|basis| basis.version), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_proposals_of_one_peer_leave_little_behind() {
    let owner = Agency::start("owning-ca-pd").await;
    let mallory = RawPeer::start("mallory-ca-pd", owner.now());
    add_card(&owner, &mallory.identity).await;
    for _ in 0..12 {
        let text = renamed(
            agreement(&[mallory.id(), owner.id()], owner.now()),
            &format!("{}/all-mine-{}", owner.id(), node::exchange::ask::random_id().expect("one")),
        );
        refused_with(&mallory, &owner, &mallory.identity.propose(&text), "carries the name").await;
    }
    assert_eq!(owner.log().await.count(Kind::AgreementRefused), 8);
    assert_eq!(agreements::refused(owner.own()).len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_files_a_request_under_anothers_name() {
    let (asking, owning) = pair().await;
    let mallory = RawPeer::start("mallory-ca-pd", owning.now());
    add_card(&owning, &mallory.identity).await;
    let filed = file_request_within(&asking, &owning, single_use()).await;
    let state = owning.own().registry.state();
    let request = state.requests[&filed].value.request.clone();
    let other: AuthorityId = format!("{}/another", asking.id()).parse().expect("an id");
    for stolen in [filed.clone(), other] {
        let stolen = Request { id: stolen, from: mallory.id().clone(), ..request.clone() };
        // Past what a node of ours would write.
        let mut honest = stolen.clone();
        honest.id = format!("{}/another", mallory.id()).parse().expect("an id");
        let toml = honest.to_toml().expect("TOML");
        let toml = toml.replace(&honest.id.to_string(), &stolen.id.to_string());
        let key = &mallory.identity.message_key;
        let signed = Envelope::sign(Signed::Request, toml.into_bytes(), key).expect("an envelope");
        refused_with(&mallory, &owning, &signed, "another name than that of").await;
    }
    assert_eq!(owning.log().await.count(Kind::RequestReceived), 1);
}
