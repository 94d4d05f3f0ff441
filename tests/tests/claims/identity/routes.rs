//! Every route of the socket, one after the other: what each takes of whoever asks.

use ::sign_in::Token;
use node::http::ROUTES;
use node::http::access::Access;
use node::sign_in::sign_out;
use tests::agency::Agency;
use tests::signing_in::{administrator, door};
use tests::socket::{ask, here};

/// What changes nothing that others rest on, or is everyday work: whoever is signed in may ask for it
/// without proving again who she is.
const EVERYDAY: [&str; 21] = [
    "/agreements/prepare",
    "/agreements/{id}/prepare",
    "/audit/export",
    "/audit/incident",
    "/audit/log",
    "/audit/plate",
    "/audit/reconcile",
    "/audit/sample",
    // An auditor says what she looks for, or that she has done.
    "/audits",
    "/audits/{audit}/close",
    "/evidence",
    "/evidence/booked",
    "/policy/explain",
    "/queries",
    "/queries/past",
    "/queries/{id}/again",
    "/queries/{id}/photographs",
    "/reads",
    "/reads/search",
    "/requests",
    "/requests/{id}/withdraw",
];

/// A path of a pattern.
fn path(pattern: &str) -> String {
    let part = |part: &str| match part {
        "{index}" | "{number}" | "{audit}" => "1".to_owned(),
        "{id}" | "{name}" => "nobody".to_owned(),
        other => other.to_owned(),
    };
    pattern.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[test]
fn whatever_changes_something_is_privileged_unless_it_is_everyday_work() {
    for route in ROUTES {
        if matches!(route.access, Access::Nobody(_)) {
            continue;
        }
        let everyday = route.method == "get" || EVERYDAY.contains(&route.path);
        let expected = if everyday { Access::SignedIn } else { Access::Privileged };
        assert_eq!(route.access, expected, "{} {}", route.method, route.path);
    }
    for path in EVERYDAY {
        assert!(ROUTES.iter().any(|route| (route.method, route.path) == ("post", path)), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_privileged_takes_that_its_person_proved_herself_lately() {
    let mut agency = Agency::start("asking-ca-pd").await;
    let admin = administrator(&mut agency).await;
    let signed_in = admin.sign_in(&agency, &here()).await.expect("a session");
    agency.clock.shift(16 * 60_000);
    for route in ROUTES {
        let (method, path) = (route.method.to_uppercase(), path(route.path));
        if matches!(route.access, Access::Nobody(_)) {
            continue;
        }
        let (status, said) = ask(&agency, &method, &path, Some(&signed_in)).await;
        let again = (status, said["code"].as_str()) == (403, Some("prove_again"));
        assert_eq!(again, route.access == Access::Privileged, "{method} {path}: {status} {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_without_a_session_but_where_the_table_says_why() {
    let mut agency = Agency::start("asking-ca-pd").await;
    let admin = administrator(&mut agency).await;
    let over = admin.sign_in(&agency, &here()).await.expect("a session");
    sign_out(door(&agency), &Token::shown(&over.token)).await.expect("ended");
    let entries = agency.log().await.entries().len();
    for route in ROUTES {
        let (method, path) = (route.method.to_uppercase(), path(route.path));
        let (status, said) = ask(&agency, &method, &path, None).await;
        let nobody = (status, said["code"].as_str()) == (403, Some("not_signed_in"));
        let (status, shown) = ask(&agency, &method, &path, Some(&over)).await;
        let ended = (status, shown["code"].as_str()) == (403, Some("session_unknown"));
        match route.access {
            Access::Nobody(why) => {
                assert!(!why.is_empty(), "{method} {path}");
                // What a token is about still takes one.
                let token = ["/session", "/sign-in/again", "/sign-out"].contains(&route.path);
                assert_eq!(nobody, token, "{method} {path}: {said}");
            }
            _ => assert!(nobody && ended, "{method} {path}: {said}, {shown}"),
        }
    }
    assert_eq!(agency.log().await.entries().len(), entries, "nothing was done");
}
