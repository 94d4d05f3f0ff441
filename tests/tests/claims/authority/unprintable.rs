//! People sign what they see: nothing that does not print stands in a document or a policy, be it in a
//! comment.

use ::agreements::agreement::{Act, Notice, Person};
use ::agreements::request::{Official, Ruling, Verdict, Withdrawal};
use node::admin::agreements;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::text::Text;
use tests::agency::Agency;
use tests::federation::{known_parties, owner_and_raw};
use tests::fixtures::{OFFICER, agreement, words};
use tests::proposals::{refused_with, told};
use tests::raw_peer::RawPeer;
use tests::written_requests::single_use;

/// An override of the direction of writing, a control sequence introducer, and an escape.
const HIDDEN: [char; 3] = ['\u{202E}', '\u{9B}', '\u{1B}'];

/// One document of every kind that is in order, as `raw` signs it; one that is taken in for whatever
/// it refers to is recorded.
async fn documents(raw: &RawPeer, owner: &Agency) -> Vec<(Signed, String)> {
    let now = owner.now();
    let text = agreement(&[raw.id(), owner.id()], now);
    assert_eq!(told(raw, owner, &raw.identity.propose(&text)).await, None);
    let known = known_parties(owner, &text);
    let adherence = raw.identity.adhere_to_all(&text, &known, now);
    assert_eq!(told(raw, owner, &adherence).await, None);
    let recorded = agreements::show(owner.own(), &text.id, None).expect("it");
    let notice = Notice {
        agreement: text.id.clone(),
        version: 1,
        text: recorded.digest,
        agency: raw.id().clone(),
        act: Act::Suspend,
        reason: words("under review"),
        at: now,
        by: Person { user: OFFICER.parse().expect("a user name"), full_name: words("Nobody") },
    };
    let filed = tests::policy_cases::send_request(raw, owner, single_use()).await;
    let state = owner.own().registry.state();
    let request = state.requests[&filed].value.clone();
    let ruling = Ruling {
        request: filed.clone(),
        request_digest: request.request_digest,
        verdict: Verdict::Denied,
        reason: words("no need"),
        section: Text::default(),
        at: now,
        decided_by: Official { name: words("A Chief"), title: words("Chief"), delegation: None },
        scope: request.request.scope.clone(),
    };
    let withdrawal = Withdrawal { request: filed, request_digest: request.request_digest, at: now };
    let again = agreement(&[raw.id(), owner.id()], now).to_toml().expect("TOML");
    let adhered = String::from_utf8(adherence.unverified_payload().to_vec()).expect("UTF-8");
    vec![
        (Signed::Agreement, again),
        (Signed::Adherence, adhered),
        (Signed::Notice, notice.to_toml().expect("TOML")),
        (Signed::Request, request.request.to_toml().expect("TOML")),
        (Signed::Decision, ruling.to_toml().expect("TOML")),
        (Signed::Withdrawal, withdrawal.to_toml().expect("TOML")),
    ]
}

fn signed(raw: &RawPeer, kind: Signed, body: String) -> Envelope {
    let agency = matches!(kind, Signed::Agreement | Signed::Adherence);
    let keys = &raw.identity;
    let key = if agency { &keys.agency_key } else { &keys.message_key };
    Envelope::sign(kind, body.into_bytes(), key).expect("an envelope")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_document_of_any_kind_holds_what_does_not_print() {
    let (owner, raw, _) = owner_and_raw().await;
    let all = documents(&raw, &owner).await;
    let kept = || {
        let state = owner.own().registry.state();
        let agreements = state.agreements.values().flat_map(|texts| texts.values());
        let signed: usize = agreements.map(|text| 1 + text.signed.len()).sum();
        (
            signed,
            state.requests.len(),
            state.requests.values().filter(|r| r.value.withdrawal.is_some()).count(),
        )
    };
    let before = kept();
    for (kind, body) in &all {
        for hidden in HIDDEN {
            let number = format!("U+{:04X}", u32::from(hidden));
            let last = format!("{body}\n# {hidden}[2K\n");
            let first = format!("# before {hidden}\n{body}");
            for body in [last, first] {
                refused_with(&raw, &owner, &signed(&raw, *kind, body), &number).await;
            }
        }
        let carriage = signed(&raw, *kind, body.replace('\n', "\r\n"));
        refused_with(&raw, &owner, &carriage, "U+000D").await;
    }
    // Nor as an escape, which the text does not show; of a clause's number, which refusals cite.
    let (kind, text) = &all[0];
    let escaped = text.replace("number = \"1.1\"", "number = \"1.1\\u001b[2K\"");
    assert_ne!(escaped, *text);
    refused_with(&raw, &owner, &signed(&raw, *kind, escaped), "U+001B").await;
    assert_eq!(kept(), before);
    assert!(owner.log().await.count(Kind::AgreementRefused) > 0, "of proposals both are told");
    // Without them each is taken in or known.
    for (kind, body) in all {
        if kind == Signed::Decision {
            continue; // its sender is not the one asked
        }
        assert_eq!(told(&raw, &owner, &signed(&raw, kind, body)).await, None, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_draft_nor_a_policy_of_ones_own_holds_it() {
    let owner = Agency::start("owning-ca-pd").await;
    let file = owner.home().join("written.toml");
    let path = file.to_str().expect("UTF-8");
    let text = agreement(&[owner.id(), &"other-ca-pd".parse().expect("an id")], owner.now());
    let policy = ::agreements::policy::Policy::builtin_text("california-statute").expect("one");
    for hidden in HIDDEN {
        let number = format!("U+{:04X}", u32::from(hidden));
        for (body, args) in [
            (text.to_toml().expect("TOML"), ["agreement", "propose"]),
            (policy.to_owned(), ["policy", "adopt"]),
        ] {
            std::fs::write(&file, format!("{body}\n# {hidden}\n")).expect("a file");
            let ended = owner.accord(&[args[0], args[1], path]);
            let said = ended.failed(2);
            assert!(said.contains(&number) && said.contains("line "), "{said}");
        }
    }
    assert_eq!(owner.log().await.count(Kind::PolicyAdopted), 1, "the one that it began with");
}
