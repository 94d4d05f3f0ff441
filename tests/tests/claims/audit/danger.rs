//! What was done in the name of a danger to life is looked at afterwards, and is not forgotten.

use tests::command_line::{CliAgency, STOLEN_VEHICLE};
use tests::fixtures::{OFFICER, PLATE};

#[test]
fn each_use_of_a_danger_to_life_waits_for_its_review() {
    let agency = CliAgency::with_officer("asking-ca-pd");
    let waiting = || {
        let rows = agency.accord(&["doctor"]).lines();
        let told = rows.iter().filter_map(|row| row["detail"].as_str());
        told.filter(|detail| detail.contains("danger to life"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let search = [&["reads", "search", "--plate", PLATE][..], &STOLEN_VEHICLE].concat();
    agency.accord_as(OFFICER, &search).done();
    assert_eq!(waiting(), Vec::<String>::new(), "nobody said so");
    let danger = ["--danger", "child in the back seat of the taken car"];
    agency.accord_as(OFFICER, &[&search[..], &danger].concat()).done();
    let told = waiting();
    let searched = agency.accord(&["audit", "log", "--kind", "reads.searched"]).lines();
    let index = searched[1]["index"].to_string();
    assert!(told.len() == 1 && told[0].contains(&format!("--entry {index}")), "{told:?}");
    let record = ["audit", "record", "--entry", &index, "--finding", "the child was in it", "--ok"];
    agency.accord(&record).done();
    assert_eq!(waiting(), Vec::<String>::new());
}
