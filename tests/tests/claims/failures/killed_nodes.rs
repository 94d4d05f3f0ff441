//! Two real nodes under load, killed again and again without warning: nothing acknowledged is lost,
//! nothing is released without its entry, and what is one-sided is told as such and no other.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postgres_server::Server;
use serde_json::Value;
use tests::command_line::{CliAgency, STOLEN_VEHICLE};
use tests::fixtures::{OFFICER, PLATE};

/// How often a node is killed.
const KILLS: u64 = 8;
/// Officers who ask at the same time.
const OFFICERS: usize = 3;
/// Most queries of each.
const MOST: usize = 400;

/// Asks until told to end; the ids of the queries whose reads were shown.
fn ask(home: &CliAgency, owner: &str, over: &AtomicBool) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    for _ in 0..MOST {
        if over.load(Ordering::SeqCst) {
            break;
        }
        let query = [&["query", "--to", owner, "--plate", PLATE], &STOLEN_VEHICLE[..]].concat();
        let ended = home.accord_as(OFFICER, &query);
        // A node that was killed leaves whole lines and perhaps the beginning of one.
        let lines = ended.out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        for line in lines.filter(|line| line["outcome"] == "answered") {
            assert_eq!(line["reads"].as_array().map(Vec::len), Some(3), "{line}");
            shown.insert(line["query_id"].as_str().expect("an id").to_owned());
        }
        if ended.code != 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    shown
}

/// The queries that a log has an entry of this kind for.
fn queries(home: &CliAgency, kind: &str) -> BTreeSet<String> {
    let entries = home.accord(&["audit", "log", "--kind", kind]).lines();
    entries.iter().filter_map(|entry| entry["query_id"].as_str().map(str::to_owned)).collect()
}

fn whole(home: &CliAgency, when: &str) {
    let verified = home.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{when}, {}: {verified:?}", home.id);
}

#[test]
fn nodes_killed_under_load_lose_nothing_that_they_acknowledged() {
    lose_nothing(CliAgency::with_officer("asking-ca-pd"), CliAgency::with_officer("owning-ca-pd"));
}

#[test]
fn nodes_on_postgresql_killed_under_load_lose_nothing_that_they_acknowledged() {
    let server = Server::start();
    let on = |id| CliAgency::with_officer_on(id, &server.database());
    lose_nothing(on("asking-ca-pd"), on("owning-ca-pd"));
}

fn lose_nothing(mut asking: CliAgency, mut owning: CliAgency) {
    asking.introduce(&owning);
    owning.add_reads(PLATE, 3);
    asking.agree_with(&owning);
    asking.desk().signs_in(OFFICER);

    let mut shown = BTreeSet::new();
    for kill in 0..KILLS {
        let over = AtomicBool::new(false);
        let (victim, other) =
            if kill % 2 == 0 { (&mut owning, &mut asking) } else { (&mut asking, &mut owning) };
        // Who asks is a home, whether its node lives or not.
        let asker = if kill % 2 == 0 { other.beside() } else { victim.beside() };
        std::thread::scope(|scope| {
            let officers: Vec<_> =
                (0..OFFICERS).map(|_| scope.spawn(|| ask(&asker, "owning-ca-pd", &over))).collect();
            // Each time at another point of what is under way.
            std::thread::sleep(Duration::from_millis(400 + 37 * kill));
            victim.kill();
            std::thread::sleep(Duration::from_millis(100));
            victim.start();
            std::thread::sleep(Duration::from_millis(400));
            over.store(true, Ordering::SeqCst);
            for officer in officers {
                shown.extend(officer.join().expect("an officer"));
            }
        });
        whole(victim, &format!("kill {kill}"));
    }
    assert!(shown.len() > 20, "there was load: {}", shown.len());

    // What waits is delivered; then nothing more is under way.
    asking.wait_for_delivery();
    owning.wait_for_delivery();
    let (received, answered) =
        (queries(&asking, "answer.received"), queries(&owning, "query.answered"));
    assert!(shown.is_subset(&received), "no officer saw an answer that is not in the log");
    assert!(received.is_subset(&answered), "no read was released without its entry");
    for (home, peer) in [(&asking, &owning), (&owning, &asking)] {
        whole(home, "at the end");
        let told = home.accord(&["audit", "reconcile", "--peer", &peer.id]);
        assert!(told.code <= 1, "{told:?}");
        let report = told.lines().remove(0);
        assert!(report["matched"].as_u64() >= Some(shown.len() as u64), "{report}");
        for finding in report["findings"].as_array().expect("findings") {
            let class = finding["class"].as_str().expect("a class");
            let one_sided = ["sent_owner_silent", "released_not_received", "refused_not_received"];
            assert!(one_sided.contains(&class), "{finding}");
        }
        assert_eq!(home.accord(&["audit", "alarms"]).out, "");
    }
    assert_eq!((asking.stop(), owning.stop()), (0, 0));
}
