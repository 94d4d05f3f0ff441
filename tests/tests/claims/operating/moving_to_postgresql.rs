//! A node is moved from SQLite to PostgreSQL: everything comes along, nobody notices, and a move that
//! was cut short changes nothing.

use node::reads::corrections::CorrectionRequest;
use postgres_server::Server;
use schemas::entry::EntryKind as Kind;
use schemas::outcome::OutcomeCode;
use store::moving::Move;
use tests::agency::{Agency, Plan};
use tests::command_line::CliAgency;
use tests::federation::{answered_query, sharing_pair};
use tests::fixtures::{PLATE, draft, words};
use tests::photographs::reads_with_photographs;

/// Two agencies that share and have something of everything: answers, refusals, a correction,
/// cosigned heads, letters under way.
async fn lived() -> (Agency, Agency) {
    let (asking, owning, _) = sharing_pair().await;
    asking.add_reads(PLATE, 3).await;
    answered_query(&asking, &owning).await;
    answered_query(&owning, &asking).await;
    let mut refused = draft(&[owning.id()], PLATE, asking.now());
    refused.why.purpose = schemas::purpose::Purpose::MissingPerson;
    assert_eq!(asking.ask(&refused).await[0].outcome, OutcomeCode::Refused);
    let batch = reads_with_photographs(&owning, "8PHOTO1", 4);
    let id = batch[0].read.id;
    assert_eq!(owning.import(batch).await, 4);
    let wanted = CorrectionRequest {
        plate: "8PH0T01".parse().expect("a plate"),
        plate_state: None,
        reason: words("A letter O was read for a zero"),
    };
    owning.correct_read(&owning.admin(), id, &wanted).await.expect("a correction");
    for at in [&asking, &owning] {
        assert_eq!(at.node().have_cosigned_by_all().await, 1);
    }
    (asking, owning)
}

fn moved(agency: &Agency, url: &str) -> tests::command_line::CommandOutput {
    agency.accord(&["store", "move", "--to", url])
}

fn unalarmed(log: &tests::logs::Log) {
    assert_eq!(log.count(Kind::AlarmRaised), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_node_goes_on_where_it_was_and_no_peer_raises_an_alarm() {
    let (asking, mut owning) = lived().await;
    let server = Server::start();
    let url = server.database();
    let running = moved(&owning, &url);
    assert!(running.failed(3).contains("is running already"), "{running:?}");
    let stats = owning.context().store.stats().await.expect("counts");
    owning.stop().await;
    let before = owning.log().await;
    let done = moved(&owning, &url).done();
    assert_eq!(done["entries"], before.entries().len());
    assert_eq!(done["reads"], stats.reads);
    // What was copied is left as it was.
    let left = owning.home().join("accord.db");
    assert!(std::fs::metadata(&left).expect("the file").len() > 0);
    assert_eq!(owning.database(), url);
    let again = moved(&owning, &url);
    assert!(again.failed(2).contains("already"), "{again:?}");

    owning.run().await;
    let about = owning.context().store.about().await.expect("what it is on");
    assert!(about.starts_with("PostgreSQL"), "{about}");
    let after = owning.log().await;
    for (was, is) in before.entries().iter().zip(after.entries()) {
        assert_eq!((&was.header, &was.envelopes), (&is.header, &is.envelopes));
    }
    let images = |agency: &Agency| agency.context().store.clone();
    let kept = images(&owning).images(None, 99).await.expect("digests");
    assert!(
        !kept.is_empty() && images(&owning).unreferenced_images(9).await.expect("none").is_empty()
    );
    answered_query(&asking, &owning).await;
    answered_query(&owning, &asking).await;
    for (at, with) in [(&asking, &owning), (&owning, &asking)] {
        assert_eq!(at.node().have_cosigned_by_all().await, 1);
        let verified = at.accord(&["audit", "verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
        let report = at.accord(&["audit", "reconcile", "--peer", with.id().as_str()]);
        assert_eq!((report.code, &report.lines()[0]["matched"]), (0, &4.into()), "{report:?}");
        unalarmed(&at.log().await);
    }
    // The file that was left is behind what peers have seen; its own anchor says so.
    owning.stop().await;
    let config = owning.home().join("accord.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let back: Vec<&str> = text.lines().filter(|line| !line.starts_with("database")).collect();
    std::fs::write(&config, back.join("\n")).expect("a configuration");
    let said = owning.start_error().await.to_string();
    assert!(said.contains("put back or cut short"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_cut_short_changes_nothing_and_is_begun_again() {
    let (asking, mut owning) = lived().await;
    owning.stop().await;
    let server = Server::start();
    let url = server.database();
    // Its schema is there, and one of the last tables takes nothing.
    let path = owning.home().join("accord.db");
    let parsed = url.parse().expect("a URL");
    let begun = tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(Move::begin(&path, &parsed, owning.id()))
    });
    assert!(begun.expect("a move").rows() > 10);
    let stop = "create function stop() returns trigger language plpgsql as
                    $$ begin raise exception 'no room'; end $$;
                create trigger stop before insert on read_ids execute function stop()";
    drop(server.sql(&url, stop));
    let failed = moved(&owning, &url);
    let said = failed.failed(3);
    assert!(said.contains("no room") && said.contains("on SQLite in the home as before"), "{said}");
    assert_ne!(server.sql(&url, "select count(*) from entries"), "0");
    // The node lives on where it was.
    owning.run().await;
    answered_query(&asking, &owning).await;
    owning.stop().await;
    let size = owning.log().await.entries().len();
    // What arrives otherwise than it was sent is told.
    let other = "drop trigger stop on read_ids;
                 create or replace function stop() returns trigger language plpgsql as
                     $$ begin new.change = replace(new.change, 'ca-pd', 'nv-pd'); return new; end $$;
                 create trigger stop before insert on changes for each row execute function stop()";
    drop(server.sql(&url, other));
    let failed = moved(&owning, &url);
    let said = failed.failed(3);
    assert!(said.contains("the copy of table `changes` differs"), "{said}");
    drop(server.sql(&url, "drop trigger stop on changes"));
    assert_eq!(moved(&owning, &url).done()["entries"], size);
    owning.run().await;
    answered_query(&asking, &owning).await;
    unalarmed(&asking.log().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_on_which_a_node_has_run_is_not_moved_to() {
    let mut one = Agency::start("owning-ca-pd").await;
    let other = Agency::of(Plan::of("other-ca-pd").on_postgres()).await;
    one.stop().await;
    let refused = moved(&one, &other.database());
    let said = refused.failed(3);
    assert!(said.contains("another node writes to this database"), "{said}");
    let mut other = other;
    other.stop().await;
    let refused = moved(&one, &other.database());
    let said = refused.failed(3);
    assert!(said.contains("that of `other-ca-pd`, not of `owning-ca-pd`"), "{said}");
    let sqlite = moved(&one, "sqlite:other.db");
    assert!(sqlite.failed(2).contains("expected postgres://ROLE@HOST/DATABASE"), "{sqlite:?}");
    one.run().await;
}

#[test]
fn init_takes_an_empty_database_and_shows_no_password() {
    let server = Server::start();
    let url = server.database() + "&password=s3cret";
    let init = |id: &str, url: &str| {
        let agency = CliAgency::without_home(id);
        let ended = agency.accord(&[
            "init",
            "--id",
            id,
            "--name",
            id,
            "--policy",
            "california-statute",
            "--admin",
            "admin",
            "--kind",
            "police",
            "--listen",
            "/ip4/127.0.0.1/tcp/0",
            "--database",
            url,
        ]);
        (agency, ended)
    };
    let (agency, made) = init("owning-ca-pd", &url);
    made.done();
    assert!(!agency.home().join("accord.db").exists());
    for (id, said) in [
        ("owning-ca-pd", "holds a log already; name an empty database"),
        ("other-ca-pd", "that of `owning-ca-pd`, not of `other-ca-pd`"),
    ] {
        let (other, refused) = init(id, &url);
        assert!(refused.code == 2 || refused.code == 3, "{refused:?}");
        assert!(refused.err.contains(said) && !refused.err.contains("s3cret"), "{refused:?}");
        assert!(!other.home().exists(), "nothing is left");
    }
    for (url, said) in [
        ("mysql://accord:s3cret@db/accord", "`mysql://accord:***@db/accord` is none"),
        ("postgres://accord:s3cret@127.0.0.1:9/accord", "accord:***@127.0.0.1:9/accord`: "),
        ("postgres://accord:s3cret@db/accord?sslmod=off", "the parameter `sslmod` means nothing"),
    ] {
        let (other, refused) = init("other-ca-pd", url);
        assert!(refused.err.contains(said) && !refused.err.contains("s3cret"), "{refused:?}");
        assert!(!other.home().exists(), "nothing is left");
    }
    // A mistake in the file is told by its line, which is not shown.
    let config = agency.home().join("accord.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    for (from, to, line) in [
        ("s3cret\"", "s3cret", "line "),
        ("answer_seconds = ", "answer_minutes = ", "answer_minutes"),
    ] {
        std::fs::write(&config, text.replace(from, to)).expect("a configuration");
        let refused = agency.accord(&["run"]);
        assert!(refused.code != 0 && refused.err.contains(line), "{refused:?}");
        assert!(!refused.err.contains("s3cret"), "{refused:?}");
    }
}
