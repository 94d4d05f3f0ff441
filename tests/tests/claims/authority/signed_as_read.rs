//! Only the text that was read is signed, and a proposal that nobody takes in is heard of.

use node::admin::agreements::{self, AdherenceInput, TextChoice, prepare_recorded};
use node::permission::ActError;
use schemas::agency::AgencyKind;
use schemas::digest::Digest;
use schemas::entry::EntryKind as Kind;
use tests::command_line::accord_at_a_terminal;
use tests::federation::{
    add_card, add_card_as, pair, propose, sign_everywhere, wait_for_agreement,
};
use tests::fixtures::agreement;
use tests::identity::Identity;
use tests::proposals::{digest_of, next, printed, renamed};
use tests::wait::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_has_moved_since_it_was_read_is_not_signed() {
    let (covina, port) = pair().await;
    let text = renamed(
        agreement(&[port.id(), covina.id()], port.now()),
        &format!("{}/lasd-2026", port.id()),
    );
    propose(&port, &text, None).await;
    wait_for_agreement(&covina, &text.id).await;
    let read = covina.accord(&["agreement", "show", "lasd-2026"]).done();
    let read = read["digest"].as_str().expect("a digest").to_owned();
    let second = next(&text);
    propose(&port, &second, None).await;
    eventually("the second version", async || {
        agreements::show(covina.own(), &text.id, Some(2)).ok()
    })
    .await;

    let moved = covina.accord(&["agreement", "sign", "lasd-2026", "--digest", &read]);
    let said = moved.failed(1);
    for part in ["has moved", "version 2", &digest_of(&second).to_string(), "--version 1"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    // Nor between showing and signing, whoever asks the node.
    let choice = TextChoice { digest: Some(digest_of(&text)), version: None };
    let prepared = prepare_recorded(
        covina.own(),
        &covina.admin(),
        &text.id.clone().into(),
        choice,
        &AdherenceInput::default(),
    );
    assert!(matches!(prepared, Err(ActError::Refused(_))), "{prepared:?}");
    assert_eq!(covina.log().await.count(Kind::AgreementSigned), 0);
    let unknown = Digest::of(b"what was never proposed").to_string();
    let unknown = covina.accord(&["agreement", "sign", "lasd-2026", "--digest", &unknown]);
    assert!(unknown.failed(2).contains("is recorded"), "{unknown:?}");

    // Whoever names the version means what was read.
    let named = ["agreement", "sign", "lasd-2026", "--digest", &read, "--version", "1"];
    assert_eq!(covina.accord(&named).done()["digest"], read);
    let shown = covina.accord(&["agreement", "show", "lasd-2026"]).done();
    let differs = shown["compared"]["differences"].as_array().expect("differences");
    assert_eq!(shown["compared"]["with"], read);
    assert_eq!((differs.len(), &differs[0]["key"]), (1, &"row_limit".into()));
    assert_eq!((&differs[0]["before"], &differs[0]["after"]), (&"2000".into(), &"1000".into()));
    let digest = digest_of(&second).to_string();
    let signed = covina.accord(&["agreement", "sign", "lasd-2026", "--digest", &digest]).done();
    assert_eq!(signed["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_a_text_is_signed_by_its_digest_alone() {
    let (covina, port) = pair().await;
    let text = agreement(&[port.id(), covina.id()], port.now());
    propose(&port, &text, None).await;
    wait_for_agreement(&covina, &text.id).await;
    let (id, digest) = (text.id.to_string(), digest_of(&text).to_string());
    for more in [&[][..], &["--version", "1"]] {
        let unread = covina.accord(&[&["agreement", "sign", &id], more].concat());
        let said = unread.failed(2);
        for part in [&format!("--digest {digest}"), "accord agreement show", port.id().as_str()] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
    assert_eq!(covina.log().await.count(Kind::AgreementSigned), 0);
    let shown = printed(&covina, &["agreement", "show", &id]);
    for part in
        [digest.as_str(), "proposed by owning-ca-pd", "Chris Doe", "not signed", "row_limit"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_a_text_is_shown_with_what_it_changes_and_signed_on_a_yes() {
    let (covina, port) = pair().await;
    let text = agreement(&[port.id(), covina.id()], port.now());
    sign_everywhere(&[&port, &covina], &text).await;
    let second = next(&text);
    propose(&port, &second, None).await;
    eventually("the second version", async || {
        agreements::show(covina.own(), &text.id, Some(2)).ok()
    })
    .await;
    let id = text.id.to_string();
    let (sign, digest) = (["agreement", "sign", &id], digest_of(&second).to_string());
    let at_terminal = |typed: &str| {
        tokio::task::block_in_place(|| accord_at_a_terminal(covina.desk(), "admin", &sign, typed))
    };
    let signed = || agreements::show(covina.own(), &text.id, Some(2)).expect("it").parties;
    for (typed, signs) in [("no\n", false), ("\n", false), ("yes\n", true)] {
        let (screen, code) = at_terminal(typed);
        for part in [
            format!("proposed by {}, digest {digest}", port.id()),
            format!("unlike version 1 ({})", digest_of(&text)),
            "row_limit: 2000 becomes 1000".to_owned(),
            "row_limit = 1000".to_owned(),
            format!("Sign version 2 of {id}, proposed by {}", port.id()),
        ] {
            assert!(screen.contains(&part), "{part} in {screen}");
        }
        assert_eq!(code, i32::from(!signs), "{typed:?}: {screen}");
        let own = signed().into_iter().find(|party| party.agency == *covina.id());
        assert_eq!(own.expect("a party").signed_at.is_some(), signs, "{typed:?}: {screen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_is_refused_is_told_to_both_sides() {
    let (asking, owning) = pair().await;
    let bureau = Identity::new("some-bureau", Vec::new(), owning.now());
    // What the proposer takes for police, the receiver has found to be federal.
    add_card(&asking, &bureau).await;
    add_card_as(&owning, &bureau, Some(AgencyKind::Federal), None).await;
    let text = agreement(&[asking.id(), owning.id(), &bureau.id], asking.now());
    propose(&asking, &text, None).await;
    let said = eventually("the proposer is told", async || {
        let row = asking.accord(&["agreement", "show", &text.id.to_string()]).done();
        row["refusals"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["for_good"] == true))
            .cloned()
    })
    .await;
    assert_eq!(said["by"], owning.id().as_str());
    assert!(said["why"].as_str().expect("why").contains("federal"), "{said}");
    let listed = printed(&asking, &["agreement", "list"]);
    assert!(listed.contains("refused by owning-ca-pd"), "{listed}");
    let doctor = asking.accord(&["doctor"]);
    let outbox = doctor.lines().into_iter().find(|row| row["check"] == "outbox").expect("a line");
    assert_eq!(outbox["ok"], false);
    assert!(outbox["detail"].as_str().expect("words").contains("refused by owning-ca-pd"));

    // Whoever gives it up has nothing more to do.
    let id = text.id.to_string();
    asking.accord(&["agreement", "withdraw", &id, "--reason", "not with the bureau"]).done();
    let doctor = asking.accord(&["doctor"]);
    let outbox = doctor.lines().into_iter().find(|row| row["check"] == "outbox").expect("a line");
    assert_eq!(outbox["ok"], true, "{outbox}");

    let listed = printed(&owning, &["agreement", "list"]);
    assert!(listed.contains("refused here") && listed.contains("federal"), "{listed}");
    let entry = owning.log().await.one(Kind::AgreementRefused).clone();
    assert_eq!(entry.header.peer.as_ref(), Some(asking.id()));
    assert_eq!(entry.detail("agreement"), text.id.to_string().as_str());
}
