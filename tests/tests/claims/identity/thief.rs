//! Whoever reads the database, or carries the whole home to another machine, finds nothing in it that
//! signs in.

use std::path::Path;

use ::sign_in::Token;
use node::sign_in::{enrol, principal};
use schemas::query::UserName;
use tests::agency::Agency;
use tests::fixtures::{OFFICER, words};
use tests::officials::add_supervisor;
use tests::signing_in::{DESK, door, enrolled};

/// Every file below a folder, with what it holds.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_home_that_was_copied_or_carried_away_signs_anybody_in() {
    let mut agency = Agency::start("asking-ca-pd").await;
    let officer: UserName = OFFICER.parse().expect("a name");
    let with_code = enrolled(&agency, &agency.admin(), &officer, false).await;
    let other = add_supervisor(&agency, "c.doe", "Chris Doe", "Captain").await;
    let with_card = enrolled(&agency, &agency.admin(), &other.user, true).await;
    let third = add_supervisor(&agency, "d.roe", "Dana Roe", "Captain").await;
    let waits = enrol(agency.own(), &agency.admin(), &third.user, &words("in person")).await;
    let (_, code) = waits.expect("an enrolment");
    let signed_in = with_code.sign_in(&agency, DESK).await.expect("a session");
    let token = Token::shown(&signed_in.token);
    agency.stop().await;
    let mut all = Vec::new();
    files(agency.home(), &mut all);
    assert!(all.iter().any(|(path, _)| path.contains("keys")) && all.len() > 8, "the whole home");
    let secrets = [
        ("a password", with_code.password.clone()),
        ("another's password", with_card.password.clone()),
        ("a session's token", token.expose().to_owned()),
        ("an enrolment code", code.as_str().to_owned()),
        ("the code of a card", with_card.card[0].clone()),
        ("the last code of a card", with_card.card.last().expect("a card").clone()),
    ];
    for (what, secret) in &secrets {
        let plain: String = secret.chars().filter(|c| c.is_alphanumeric()).collect();
        for (path, bytes) in &all {
            for sought in [secret.as_bytes(), plain.as_bytes()] {
                let there = bytes.windows(sought.len()).any(|part| part == sought);
                assert!(!there, "{path} holds {what}");
            }
        }
    }
    // What stands there in place of a token is none, and where the home runs now, hers is good at her desk
    // alone.
    agency.run().await;
    let digest = Token::shown(&token.digest().to_string());
    assert!(principal(door(&agency), &digest, DESK).await.is_err(), "a digest is no token");
    assert!(
        principal(door(&agency), &token, "socket, uid 66").await.is_err(),
        "of another account"
    );
    assert!(principal(door(&agency), &token, DESK).await.is_err(), "shown elsewhere, it has ended");
}
