//! Claims about an import whose node is killed without warning while it merges: sent again, nothing is lost
//! and nothing is stored twice.

use std::time::Duration;

use audit_log::clock::Clock;
use postgres_server::Server;
use serde_json::json;
use tests::command_line::{CliAgency, STOLEN_VEHICLE};
use tests::fixtures::OFFICER;

/// Cars that one camera tells of, each three times: more records than go into a batch.
const CARS: usize = 900;
/// How often the node is killed.
const KILLS: u64 = 3;

/// The plate as it is told first, and as it is told from then on.
fn plates(car: usize) -> [String; 2] {
    [format!("8K{car:03}X1"), format!("8K{car:03}XI")]
}

/// What the camera tells: of all cars first, then of all again with the better plate, then once more.
fn told() -> String {
    let begin = Clock::system().now().plus_millis(-3_600_000).millis();
    let mut lines = String::new();
    for (turn, (state, sure)) in [("new", 0.6), ("update", 0.9), ("lost", 0.95)].iter().enumerate()
    {
        for car in 0..CARS {
            let plate = &plates(car)[turn.min(1)];
            let at = begin + i64::try_from(car * 1_000 + turn * 300).expect("few");
            let record = json!({
                "plateUTF8": plate, "plateASCII": plate, "plateConfidence": sure.to_string(),
                "carState": state, "carID": (car + 1).to_string(),
                "carMoveDirection": if turn == 2 { "in" } else { "unknown" },
                "capture_timestamp": at.to_string(), "camera_info": { "SerialNumber": "B8A4" },
            });
            lines.push_str(&format!("{record}\n"));
        }
    }
    lines
}

fn reads(agency: &CliAgency) -> u64 {
    agency.accord(&["reads", "stats"]).done()["reads"].as_u64().expect("a count")
}

#[test]
fn an_import_killed_in_the_middle_of_merging_loses_and_doubles_nothing() {
    ends_as_if_nothing_had_happened(CliAgency::with_officer("owning-ca-pd"));
}

#[test]
fn an_import_into_postgresql_killed_in_the_middle_of_merging_loses_and_doubles_nothing() {
    let server = Server::start();
    let agency = CliAgency::with_officer_on("owning-ca-pd", &server.database());
    ends_as_if_nothing_had_happened(agency);
}

fn ends_as_if_nothing_had_happened(mut agency: CliAgency) {
    let file = agency.file("axis.jsonl");
    std::fs::write(&file, told()).expect("a file");
    let import = ["reads", "import", &file];
    let mut in_the_middle = false;
    for kill in 0..KILLS {
        let sender = agency.beside();
        std::thread::scope(|scope| {
            let sent = scope.spawn(|| sender.accord(&import));
            // Each time at another point, from the first batch on.
            let first = if kill == 0 { 1 } else { CARS as u64 + 1 };
            while reads(&agency) < first && !sent.is_finished() {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(11 * kill));
            agency.kill();
            in_the_middle = in_the_middle || sent.join().expect("an import").code != 0;
        });
        agency.start();
        assert_eq!(agency.accord(&["audit", "verify"]).code, 0, "after kill {kill}");
    }
    assert!(in_the_middle, "some import was under way when its node was killed");

    let last = agency.accord(&import).done();
    assert_eq!(last["rejected"], 0, "{last}");
    let again = agency.accord(&import).done();
    assert_eq!((&again["stored"], &again["merged"]), (&json!(0), &json!(0)), "{again}");
    assert_eq!(reads(&agency), 2 * CARS as u64, "each car once, and its earlier reading beside it");
    agency.desk().signs_in(OFFICER);
    for car in [0, CARS / 2, CARS - 1] {
        for (plate, earlier) in plates(car).iter().zip([true, false]) {
            let search = [&["reads", "search", "--plate", plate], &STOLEN_VEHICLE[..]].concat();
            let found = agency.accord_as(OFFICER, &search).done();
            let found = found["reads"].as_array().expect("reads");
            assert_eq!(found.len(), 1, "{plate}: {found:?}");
            assert_eq!(found[0].get("earlier_of").is_some(), earlier, "{plate}: {found:?}");
            if !earlier {
                assert_eq!(found[0]["direction"], "in", "what was told last");
                assert_eq!(found[0]["confidence"], 0.95);
            }
        }
    }
    assert_eq!(agency.stop(), 0);
}
