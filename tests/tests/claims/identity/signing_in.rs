//! Signing in, against who would get in without what it takes: each of these was an attack.

use ::sign_in::code::CodeSecret;
use ::sign_in::{Secret, Token};
use node::admin::people;
use node::permission::ActError;
use node::sign_in::{
    SignedIn, begin_enrolment, change_password, end_of, finish_enrolment, principal, prove_again,
    recover, revoke, sign_in, sign_out, sweep, unlock,
};
use schemas::authenticator::SessionEnd;
use schemas::entry::EntryKind as Kind;
use tests::agency::Agency;
use tests::faulty_store::{Failure, Step};
use tests::fixtures::{OFFICER, words};
use tests::signing_in::{
    DESK, ELSEWHERE, Person, administrator, attempt, door, enrol_with, enrolled,
};
use zeroize::Zeroizing;

const MINUTE: i64 = 60_000;

async fn agency_with_people() -> (Agency, Person, Person) {
    let mut agency = Agency::start("asking-ca-pd").await;
    let admin = administrator(&mut agency).await;
    let officer = OFFICER.parse().expect("a user name");
    let officer = enrolled(&agency, &agency.admin(), &officer, false).await;
    (agency, admin, officer)
}

fn code_of(error: &ActError) -> String {
    error.code().to_owned()
}

fn token(signed_in: &SignedIn) -> Token {
    Token::shown(&signed_in.token)
}

/// Whether a session is good from where it was opened.
async fn good(agency: &Agency, signed_in: &SignedIn) -> bool {
    principal(door(agency), &token(signed_in), DESK).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_taken_once_however_many_show_it_and_not_again_after_a_restart() {
    let (mut agency, _, officer) = agency_with_people().await;
    let shown = officer.attempt(&agency, agency.now());
    let all = (0..4).map(|_| sign_in(door(&agency), &shown, DESK));
    let taken = futures::future::join_all(all).await;
    assert_eq!(taken.iter().filter(|one| one.is_ok()).count(), 1, "{taken:?}");
    agency.restart().await;
    let again = sign_in(door(&agency), &shown, DESK).await.unwrap_err();
    assert_eq!(code_of(&again), "sign_in_failed");
    // An earlier step than the one that was taken, though its time is not over.
    let earlier = officer.attempt(&agency, agency.now().plus_millis(-MINUTE / 2));
    assert!(sign_in(door(&agency), &earlier, DESK).await.is_err());
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_by_a_code_whose_use_is_not_durable_or_before_the_log_says_so() {
    let (agency, _, officer) = agency_with_people().await;
    let before = door(&agency).sessions().await.len();
    agency.store().fail_once_at(Step::NoteUse, Failure::BeforeWrite);
    assert!(officer.sign_in(&agency, DESK).await.is_err());
    agency.store().mend();
    agency.store().fail_on(Kind::SignInSucceeded, Failure::BeforeWrite);
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_err());
    agency.store().mend();
    assert_eq!(door(&agency).sessions().await.len(), before);
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_is_answered_in_the_same_words_and_no_unknown_name_is_kept() {
    let (agency, _, officer) = agency_with_people().await;
    let right = officer.attempt(&agency, agency.now());
    let wrong_password = attempt(&agency, OFFICER, "another of four words", &right.code);
    let wrong_code = officer.attempt_with(&agency, "000000");
    let unknown = attempt(&agency, "q.unheard-of", &officer.password, &right.code);
    let no_name = attempt(&agency, "Robert'); drop table", &officer.password, &right.code);
    let mut said = Vec::new();
    for shown in [&wrong_password, &wrong_code, &unknown, &no_name] {
        said.push(sign_in(door(&agency), shown, DESK).await.unwrap_err().to_string());
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    sweep(door(&agency), true).await.expect("counted");
    let log = agency.log().await;
    let failed = log.all(Kind::SignInFailed);
    let counted: u64 = failed.iter().filter_map(|one| one.detail("count").as_u64()).sum();
    assert_eq!(counted, 4, "{failed:?}");
    let everything = format!("{:?}", log.entries());
    assert!(!everything.contains("unheard-of") && !everything.contains("drop table"));
    // The notice comes before everything.
    let mut unread = right.clone();
    unread.notice = schemas::digest::Digest::of(b"another");
    let error = sign_in(door(&agency), &unread, DESK).await.unwrap_err();
    assert_eq!(code_of(&error), "notice_not_acknowledged");
    let signed_in = sign_in(door(&agency), &right, DESK).await.expect("a session");
    assert_eq!(signed_in.failures, 2, "those under her name");
    assert!(signed_in.last.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_lock_strangers_out_and_not_the_person() {
    let (agency, admin, officer) = agency_with_people().await;
    let guess = |n: u32| attempt(&agency, OFFICER, &format!("a guess of four words {n}"), "000000");
    for n in 0..5 {
        assert!(sign_in(door(&agency), &guess(n), ELSEWHERE).await.is_err());
    }
    let log = agency.log().await;
    let locked = log.all(Kind::UserLocked);
    assert_eq!((locked.len(), locked[0].detail("scope").as_str()), (1, Some("strangers")));
    let from_elsewhere = officer.sign_in(&agency, ELSEWHERE).await.unwrap_err();
    assert_eq!(code_of(&from_elsewhere), "sign_in_failed", "the right ones are not taken there");
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_ok(), "she is not locked out");
    assert!(admin.sign_in(&agency, DESK).await.is_ok(), "nobody else is");
    // Five more, from where she is known.
    for n in 0..5 {
        assert!(sign_in(door(&agency), &guess(n), DESK).await.is_err());
    }
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_err());
    let own = unlock(door(&agency), &agency.officer(), &officer.user).await.unwrap_err();
    assert_eq!(code_of(&own), "role_not_authorized");
    let own = unlock(door(&agency), &agency.admin(), &admin.user).await.unwrap_err();
    assert_eq!(code_of(&own), "own_lock");
    unlock(door(&agency), &agency.admin(), &officer.user).await.expect("unlocked");
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_tries_many_names_waits_and_nobody_else_does() {
    let (agency, _, officer) = agency_with_people().await;
    for n in 0..20 {
        let shown = attempt(&agency, &format!("guess{n}"), "a guess of four words", "000000");
        assert_eq!(
            code_of(&sign_in(door(&agency), &shown, ELSEWHERE).await.unwrap_err()),
            "sign_in_failed"
        );
    }
    let waits = officer.sign_in(&agency, ELSEWHERE).await.unwrap_err();
    assert_eq!(code_of(&waits), "sign_in_waits");
    let enrolling = begin_enrolment(door(&agency), "AAAAAA-AAAAAA-AAAAAA-AAAAAA", ELSEWHERE).await;
    assert_eq!(code_of(&enrolling.unwrap_err()), "sign_in_waits");
    assert!(officer.sign_in(&agency, DESK).await.is_ok());
    // What they leave behind in the log is bounded: one entry at once, one with the rest.
    sweep(door(&agency), true).await.expect("counted");
    assert!(agency.log().await.all(Kind::SignInFailed).len() <= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_itself_by_its_person_elsewhere_and_with_what_it_rests_on() {
    let (mut agency, _, officer) = agency_with_people().await;
    let opened = officer.sign_in(&agency, DESK).await.expect("a session");
    let (by, _) = principal(door(&agency), &token(&opened), DESK).await.expect("a person");
    assert_eq!(
        by.auth,
        format!("session {}, password and one-time code, {DESK}", opened.session.id)
    );
    agency.restart().await;
    assert!(good(&agency, &opened).await, "a restart keeps sessions");
    let (shown, password) = (token(&opened), Zeroizing::new(officer.password.clone()));
    let renewed = prove_again(door(&agency), &shown, &password, DESK).await.expect("renewed");
    assert!(!good(&agency, &opened).await, "the token before it is worth nothing");
    agency.clock.shift(29 * MINUTE);
    assert!(good(&agency, &renewed).await);
    agency.clock.shift(30 * MINUTE);
    assert!(!good(&agency, &renewed).await, "idle");
    // A stolen token, shown elsewhere, ends the session.
    let opened = officer.sign_in(&agency, DESK).await.expect("a session");
    assert!(principal(door(&agency), &token(&opened), ELSEWHERE).await.is_err());
    assert!(!good(&agency, &opened).await);
    agency.clock.shift(MINUTE);
    let opened = officer.sign_in(&agency, DESK).await.expect("a session");
    assert!(sign_out(door(&agency), &token(&opened)).await.expect("ended"));
    assert!(!good(&agency, &opened).await);
    agency.clock.shift(MINUTE);
    let opened = officer.sign_in(&agency, DESK).await.expect("a session");
    let card = {
        let state = agency.own().registry.state();
        state.sign_in.of(&officer.user).next().expect("one").id
    };
    let by = agency.admin();
    revoke(door(&agency), &by, &card, &words("lost")).await.expect("revoked");
    assert!(!good(&agency, &opened).await, "an authenticator was revoked");
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_err(), "and signs nobody in");
    let ends = agency.log().await;
    let ends: Vec<_> = ends.all(Kind::SessionEnded);
    let why: Vec<_> = ends.iter().filter_map(|one| one.detail("why").as_str()).collect();
    for said in ["idle", "elsewhere", "signed_out", "authenticators_changed"] {
        assert!(why.contains(&said), "{said}: {why:?}");
    }
    assert_eq!(end_of(door(&agency), &officer.user, SessionEnd::Stopped).await.expect("ended"), 0);
}

/// The entry stands first, and sessions are looked for after it: one that is opened in between ends when
/// it is shown, or by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_what_it_rests_on_though_nobody_ended_it() {
    let (agency, _, officer) = agency_with_people().await;
    let shown = officer.sign_in(&agency, DESK).await.expect("a session");
    agency.clock.shift(MINUTE);
    let silent = officer.sign_in(&agency, DESK).await.expect("another");
    people::disable(agency.own(), &agency.admin(), &officer.user, &words("left"))
        .await
        .expect("disabled");
    let error = principal(door(&agency), &token(&shown), DESK).await.unwrap_err();
    assert_eq!(code_of(&error), "session_ended", "{error}");
    let of_hers = async || {
        let all = door(&agency).sessions().await;
        all.into_iter().filter(|one| one.user == officer.user).count()
    };
    assert!(of_hers().await > 0, "{silent:?}");
    sweep(door(&agency), false).await.expect("ended");
    assert_eq!(of_hers().await, 0);
    let log = agency.log().await;
    let ends = log.all(Kind::SessionEnded);
    assert!(ends.iter().all(|one| one.detail("why").as_str() == Some("stopped")), "{ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_enrolled_anew_is_locked_out_no_longer() {
    let (mut agency, _, officer) = agency_with_people().await;
    let guess = |n: u32| attempt(&agency, OFFICER, &format!("a guess of four words {n}"), "000000");
    for n in 0..5 {
        assert!(sign_in(door(&agency), &guess(n), DESK).await.is_err());
    }
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_err(), "locked");
    agency.stop().await;
    let home = host::home::Home::open(agency.home()).expect("a home");
    let made = recover(&home, &officer.user, &words("locked"), agency.now()).expect("a way in");
    agency.run().await;
    let officer = enrol_with(&agency, &made.code, false).await;
    assert!(officer.sign_in(&agency, DESK).await.is_ok());
    assert!(agency.own().registry.state().sign_in.locks.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_shown_to_somebody_else_with_the_code_is_not_bound() {
    let (agency, _, officer) = agency_with_people().await;
    let (by, how) = (agency.admin(), words("in person"));
    let given = node::sign_in::enrol(agency.own(), &by, &officer.user, &how).await;
    let (_, code) = given.expect("an enrolment");
    let thief = begin_enrolment(door(&agency), &code, ELSEWHERE).await.expect("shown");
    let hers = begin_enrolment(door(&agency), &code, DESK).await.expect("shown");
    assert_ne!(thief.secret, hers.secret);
    let secret = CodeSecret::from_letters(&thief.secret).expect("a secret");
    let shown = secret.code(CodeSecret::step_at(agency.now())).into();
    let good = Zeroizing::new("maple engine teapot cellar".to_owned());
    let second = node::sign_in::Second::OneTimeCode(shown);
    let refused = finish_enrolment(door(&agency), &code, &good, &second, DESK).await.unwrap_err();
    assert_eq!(code_of(&refused), "code_wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_lost_is_told_by_name_until_it_is_back() {
    let (mut agency, _, officer) = agency_with_people().await;
    let key = agency.home().join("keys").join("sign-in");
    let kept = std::fs::read(&key).expect("a key");
    agency.stop().await;
    std::fs::remove_file(&key).expect("removed");
    let (ok, said) = agency.accord(&["doctor"]).check("files");
    assert!(!ok && said.contains("keys/sign-in` is gone"), "{said}");
    agency.run().await;
    assert!(officer.sign_in(&agency, DESK).await.is_err(), "her secret cannot be read");
    let (ok, said) = agency.accord(&["doctor"]).check("people");
    assert!(!ok && said.contains("keys/sign-in") && said.contains(OFFICER), "{said}");
    agency.stop().await;
    std::fs::write(&key, kept).expect("put back");
    agency.run().await;
    let (ok, said) = agency.accord(&["doctor"]).check("people");
    assert!(ok, "{said}");
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_slipped_into_the_database_signs_nobody_in() {
    let (mut agency, _, officer) = agency_with_people().await;
    // The officer's own password verifies, by the database, as the administrator's.
    let of = |user: &str, kind: &str, agency: &Agency| {
        let state = agency.own().registry.state();
        let user = user.parse().expect("a user name");
        let found = state.sign_in.of(&user).find(|one| one.kind.code() == kind).map(|one| one.id);
        found.expect("an authenticator")
    };
    let (hers, his) = (of(OFFICER, "password", &agency), of("admin", "password", &agency));
    let code = of("admin", "one_time_code", &agency);
    let own_code = of(OFFICER, "one_time_code", &agency);
    agency.stop().await;
    for (to, from) in [(his, hers), (code, own_code)] {
        agency
            .edit_database(&[format!(
                "update authenticators set verifier = (select verifier from authenticators where id = '{from}') where id = '{to}'"
            )])
            .await;
    }
    agency.run().await;
    let shown = officer.attempt(&agency, agency.now());
    let as_admin = attempt(&agency, "admin", &officer.password, &shown.code);
    let error = sign_in(door(&agency), &as_admin, DESK).await.unwrap_err();
    assert_eq!(code_of(&error), "sign_in_failed");
    assert!(officer.sign_in(&agency, DESK).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_code_of_a_card_counts_once_and_nobody_is_told_which_one_is_next() {
    let (mut agency, _, officer) = agency_with_people().await;
    let holder = enrolled(&agency, &agency.admin(), &officer.user, true).await;
    assert_eq!(holder.card.len(), 40);
    // Whoever crossed one out too many goes on with the one after it.
    for place in [0, 2, 1] {
        let attempt = holder.attempt_with(&agency, &holder.card[place].to_lowercase());
        assert!(sign_in(door(&agency), &attempt, DESK).await.is_ok(), "number {place}");
        assert!(sign_in(door(&agency), &attempt, DESK).await.is_err(), "{place}, once");
    }
    agency.restart().await;
    let again = holder.attempt_with(&agency, &holder.card[2]);
    assert!(sign_in(door(&agency), &again, DESK).await.is_err(), "after a restart too");
    assert!(officer.sign_in(&agency, DESK).await.is_err(), "what she had before is replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_works_once_and_in_time_and_weak_passwords_are_refused_with_the_reason() {
    let (agency, _, officer) = agency_with_people().await;
    let by = agency.admin();
    let how = words("in person");
    let given = node::sign_in::enrol(agency.own(), &by, &officer.user, &how).await;
    let (_, code) = given.expect("an enrolment");
    let weak = Zeroizing::new("passwordpassword1".to_owned());
    let card = node::sign_in::Second::CodeCard;
    let refused = finish_enrolment(door(&agency), &code, &weak, &card, DESK).await.unwrap_err();
    assert_eq!(code_of(&refused), "password_unfit");
    assert!(refused.to_string().contains("others guess first"), "{refused}");
    let good = Zeroizing::new("maple engine teapot cellar".to_owned());
    finish_enrolment(door(&agency), &code, &good, &card, DESK).await.expect("bound");
    let again = finish_enrolment(door(&agency), &code, &good, &card, DESK).await.unwrap_err();
    assert_eq!(code_of(&again), "enrolment_unknown");
    let (_, late) =
        node::sign_in::enrol(agency.own(), &by, &officer.user, &how).await.expect("one");
    agency.clock.shift(72 * 60 * MINUTE);
    let late = begin_enrolment(door(&agency), &late, DESK).await.unwrap_err();
    assert_eq!(code_of(&late), "enrolment_unknown");
    let herself = node::sign_in::enrol(agency.own(), &by, &by.user, &how).await.unwrap_err();
    assert_eq!(code_of(&herself), "own_enrolment");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_takes_both_factors_and_ends_every_other_session() {
    let (agency, _, officer) = agency_with_people().await;
    let opened = officer.sign_in(&agency, DESK).await.expect("a session");
    agency.clock.shift(MINUTE);
    let wanted = |attempt, password: &str| node::sign_in::NewPassword {
        attempt,
        password: Secret::from(password.to_owned()),
    };
    let without = wanted(officer.attempt_with(&agency, "000000"), "cellar teapot engine maple");
    assert!(change_password(door(&agency), &without, DESK).await.is_err());
    let same = wanted(officer.attempt(&agency, agency.now()), &officer.password);
    assert!(change_password(door(&agency), &same, DESK).await.is_err());
    agency.clock.shift(MINUTE);
    let new = wanted(officer.attempt(&agency, agency.now()), "cellar teapot engine maple");
    let bound = change_password(door(&agency), &new, DESK).await.expect("changed");
    assert!(!good(&agency, &opened).await);
    assert!(good(&agency, &bound.signed_in.expect("a session")).await);
    agency.clock.shift(MINUTE);
    assert!(officer.sign_in(&agency, DESK).await.is_err(), "the old one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_in_is_made_anew_with_the_node_stopped_alone_and_recorded_at_the_next_start() {
    let mut agency = Agency::start("asking-ca-pd").await;
    let home = host::home::Home::open(agency.home()).expect("a home");
    let admin = agency.admin().user;
    let running = recover(&home, &admin, &words("lost"), agency.now()).unwrap_err();
    assert_eq!(code_of(&running), "node_running");
    administrator(&mut agency).await;
    let log = agency.log().await;
    let recovered = log.all(Kind::UserRecovered);
    assert_eq!(recovered.len(), 1);
    assert_eq!(recovered[0].detail("reason").as_str(), Some("for a test"));
    // For somebody who is no user it opens nothing.
    agency.stop().await;
    let stranger = "stranger".parse().expect("a user name");
    let made = recover(&home, &stranger, &words("lost"), agency.now()).expect("a note");
    agency.run().await;
    assert!(begin_enrolment(door(&agency), &made.code, DESK).await.is_err());
    assert_eq!(agency.log().await.all(Kind::UserRecovered).len(), 1);
}
