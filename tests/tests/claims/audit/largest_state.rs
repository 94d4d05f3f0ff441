//! The largest state that a node may hold is exported, verified and reconciled: no line of a bundle
//! grows with it.
//!
//! As many card versions of each peer as are taken in within five days, each as large as a card may be
//! and each naming another message key, so that a verifier needs every one of them; agreements of as
//! many parties as there may be. How many peers there are is decided by people; nothing here is held
//! at once but what a line may hold, so what holds of eight holds of any number.

use agreements::agreement::MOST_PARTIES;
use audit_log::entries::cards::card_updated;
use schemas::agency::AgencyId;
use schemas::body::Actor;
use schemas::bundle::{LARGEST_HEAD, LARGEST_LINE};
use schemas::card::Card;
use schemas::key::SecretKey;
use schemas::time::Timestamp;
use tests::agency::Agency;
use tests::auditor::{Auditor, problems, reconcile_bundles};
use tests::federation::{add_card, answered_query, propose, sharing_pair};
use tests::fixtures::{agreement, words};
use tests::identity::Identity;

const PEERS: usize = 8;
/// Five days of as many versions as a node takes in by default.
const VERSIONS: u32 = 40;

/// A version of a card as large as may be, with a message key of its own.
fn largest(of: &Identity, version: u32, at: Timestamp) -> (Card, SecretKey) {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&version.to_be_bytes());
    seed[4] = of.id.as_str().as_bytes()[5];
    let key = SecretKey::from_seed(&seed);
    let mut card = Card { version, at, message_key: key.public(), ..of.card.clone() };
    card.name = words(&"\"".repeat(200));
    card.contact = words(&"\\".repeat(400));
    card.addresses = vec![words("/ip6/2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/tcp/65535"); 16];
    for n in 1..=8 {
        card.end(SecretKey::from_seed(&[n; 32]).public(), at);
    }
    (card, key)
}

async fn fill(owner: &Agency) {
    let own = owner.own();
    for n in 0..PEERS {
        let peer = Identity::new(&format!("peer-{n}-ca-pd"), Vec::new(), owner.now());
        add_card(owner, &peer).await;
        for version in 2..=VERSIONS {
            let (card, key) = largest(&peer, version, owner.now());
            let envelope = peer.sign_card(&card, &[key]);
            let (state, actor) = (own.registry.state(), Actor::peer(&peer.id));
            let entry = card_updated(&state, actor, &card, &envelope, owner.now());
            drop(own.log.append(entry).await.expect("a version"));
        }
    }
    let parties: Vec<AgencyId> =
        (2..MOST_PARTIES).map(|n| format!("party-{n:03}-ca-pd").parse().expect("an id")).collect();
    let first: AgencyId = "peer-0-ca-pd".parse().expect("an id");
    let all: Vec<&AgencyId> = [owner.id(), &first].into_iter().chain(&parties).collect();
    propose(owner, &agreement(&all, owner.now()), Some(std::slice::from_ref(&first))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_state_is_exported_verified_and_reconciled() {
    let (asking, owning, _) = sharing_pair().await;
    answered_query(&asking, &owning).await;
    fill(&owning).await;
    assert_eq!(owning.accord(&["audit", "verify"]).done()["ok"], true);
    let auditor = Auditor::default();
    for scope in [&["--peer", "peer-0-ca-pd"][..], &["--peer", "asking-ca-pd"], &[]] {
        auditor.receive("owning", &owning, scope);
        // Whose keys those of the peers are, this auditor does not know.
        let (_, report) = auditor.verify("owning", &[&owning, &asking]);
        let wrong = problems(&report).into_iter().find(|(_, code)| code != "unpinned");
        assert_eq!(wrong, None, "{scope:?}: {report}");
    }
    let bundle = std::fs::read_to_string(auditor.file("owning")).expect("a bundle");
    let cards = bundle.lines().filter(|line| line.starts_with("{\"card\":"));
    // Version 1 names other addresses and no ended keys; the owner's own and that of its peer.
    assert_eq!(cards.count(), PEERS * VERSIONS as usize + 2);
    let longest = bundle.lines().map(str::len).max().expect("a line");
    assert!(longest <= LARGEST_LINE, "{longest} bytes");
    assert!(bundle.lines().next().expect("a head").len() <= LARGEST_HEAD);
    assert!(bundle.len() > 3 * LARGEST_LINE, "{} bytes", bundle.len());
    auditor.receive("asking", &asking, &[]);
    let report = reconcile_bundles(&auditor, &asking, &owning);
    assert_eq!(
        (&report["matched"], report["findings"].as_array().map(Vec::len)),
        (&1.into(), Some(0)),
        "{report}"
    );
}
