//! The authority that a query cites is the one that counts, and no other stands in for it.

use ::agreements::request::RequestScope;
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use tests::federation::{in_force, pair};
use tests::fixtures::PLATE;
use tests::written_requests::{approved_request, ask_citing};

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_cited_is_the_one_that_counts() {
    let (asking, owning) = pair().await;
    let agreement = in_force(&[&asking, &owning]).await;
    let request = approved_request(
        &asking,
        &owning,
        RequestScope { uses: Some(1), ..RequestScope::default() },
    )
    .await;
    for authority in [&request, &agreement] {
        let heard = ask_citing(&asking, &owning, authority, PLATE).await;
        assert_eq!(heard.basis.map(|basis| basis.authority).as_ref(), Some(authority));
    }
    let log = asking.log().await;
    let cited: Vec<_> =
        log.all(Kind::QuerySent).iter().map(|sent| sent.access().authority.clone()).collect();
    assert_eq!(cited, [Some(request.clone()), Some(agreement)], "the log says what was cited");
    let unknown: AuthorityId = "other-ca-pd/no-such-authority".parse().expect("an id");
    let heard = ask_citing(&asking, &owning, &unknown, PLATE).await;
    assert_eq!(
        (heard.outcome, heard.reasons[0].code),
        (OutcomeCode::Refused, RefusalCode::NoAuthority)
    );
    let heard = ask_citing(&asking, &owning, &request, PLATE).await;
    assert_eq!(
        (heard.outcome, heard.reasons[0].code),
        (OutcomeCode::Refused, RefusalCode::UsesExhausted)
    );
}
