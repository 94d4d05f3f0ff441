//! What signing in costs whoever works.

use std::time::{Duration, Instant};

use ::sign_in::Token;
use node::sign_in::principal;
use tests::agency::Agency;
use tests::fixtures::OFFICER;
use tests::signing_in::{DESK, door, enrolled};

/// What a command may cost more because somebody is signed in for it.
const MOST: Duration = Duration::from_millis(2);

#[tokio::test(flavor = "multi_thread")]
async fn finding_whose_session_it_is_costs_a_command_less_than_two_milliseconds() {
    let agency = Agency::start("asking-ca-pd").await;
    let officer = OFFICER.parse().expect("a name");
    let person = enrolled(&agency, &agency.admin(), &officer, false).await;
    let signed_in = person.sign_in(&agency, DESK).await.expect("a session");
    let token = Token::shown(&signed_in.token);
    let mut took = Vec::new();
    for _ in 0..500 {
        let began = Instant::now();
        principal(door(&agency), &token, DESK).await.expect("hers");
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let median = took[took.len() / 2];
    println!(
        "a signed-in command costs {median:?} more at the median, {:?} at the worst",
        took[499]
    );
    assert!(median < MOST, "{median:?}");
}
