//! After each disaster the operator's guide says the way on, and it leads there: a clock that was ahead, a lost
//! key, stolen keys, a backup that was put back. (A full disk is one of the faults between hosts.)

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tests::command_line::CliAgency;
use tests::fixtures::{OFFICER, PLATE};

use super::guide::followed;
use super::shell::Shell;

/// What "Try it" and "Watch it" have one do, as people who sign in anew.
const AGAIN: &str = r#"
for person in jruiz mreyes tokafor; do accord login --from "$person.toml" >said; done
until accord --session mreyes query --to "$peer" --plate 7ABC123 --purpose stolen_vehicle \
    --case 26-00417 --reason "Silver Honda taken from Glendora Ave on Saturday night" >said; do
    sleep 0.2; tries=$((${tries:-0} + 1)); [ "$tries" -lt 100 ]
done
grep -q "$peer: 3 reads" said
accord --session tokafor audit verify >said
"#;

/// The exchange goes on in both directions, and both logs say the same.
fn goes_on(shell: &mut Shell, peer: &CliAgency) {
    shell.types_script(AGAIN);
    let why = ["--case", "26-00417", "--reason", "Silver Honda taken from Glendora Ave"];
    let query = ["query", "--to", "example-ca-pd", "--plate", PLATE, "--purpose", "stolen_vehicle"];
    peer.retry_until(&["card", "list"], |_| {
        let asked = peer.accord_as(OFFICER, &[&query[..], &why].concat());
        (asked.code == 0).then_some(())
    });
    shell.types_script(
        r#"accord --session tokafor audit reconcile --peer "$peer" >said; accord doctor >said || { cat said; false; }"#,
    );
}

/// Puts the node's clock ahead, as the service is started next; whether this machine can.
fn runs_ahead(shell: &Shell) -> bool {
    let found = std::fs::read_dir("/usr/lib").expect("a folder").flatten().find_map(|entry| {
        let library = entry.path().join("faketime/libfaketime.so.1");
        library.exists().then_some(library)
    });
    let Some(library) = found else { return false };
    let clock = format!(
        "LD_PRELOAD={}\nFAKETIME=+40m\nDONT_FAKE_MONOTONIC=1\nFAKETIME_DONT_RESET=1",
        library.display()
    );
    std::fs::write(shell.dir().join("clock"), clock).expect("a file");
    true
}

fn after_a_clock_ahead(shell: &mut Shell, peer: &CliAgency) {
    if !runs_ahead(shell) {
        return println!("no libfaketime here: no clock is put ahead");
    }
    shell.types_script(
        r#"
sudo systemctl restart accord
accord login --from jruiz.toml >said
rm clock
sudo systemctl restart accord || true # it is not ready by that clock
! accord doctor >said
grep -q "^clock *NOT OK" said
accord clock accept --from jruiz.toml --reason "the clock was ahead; set by the county's time server" >said
"#,
    );
    goes_on(shell, peer);
}

fn after_a_lost_key(shell: &mut Shell, peer: &CliAgency) {
    shell.types_script(
        r#"
accord login --from jruiz.toml >said
accord backup --out ~/backups >said
sudo systemctl stop accord
rm ~/.accord/keys/message*.pem
! accord doctor >said 2>&1
grep -q "message.*\.pem" said
cp "$(ls -d ~/backups/"$agency"-* | tail -1)"/keys/message*.pem ~/.accord/keys/
sudo systemctl start accord
"#,
    );
    goes_on(shell, peer);
}

fn after_stolen_keys(shell: &mut Shell, peer: &CliAgency) {
    peer.accord(&["card", "block", "example-ca-pd", "--reason", "Its keys were stolen"]).done();
    let printed = shell.types_script(
        r#"
accord login --from jruiz.toml >said
for key in agency message log cosigner node; do accord key rotate "$key" --overlap 0 >said; done
rm -f stolen.card
accord --json card show --out stolen.card
"#,
    );
    let shown: Value = serde_json::from_str(&printed.join("")).expect("JSON");
    let heard = shown["fingerprint"].as_str().expect("a fingerprint");
    let card = shell.dir().join("stolen.card");
    let add = ["card", "add", path(&card), "--fingerprint", heard, "--verified-by", "telephone"];
    peer.accord(&[&add[..], &["--replace"]].concat()).done();
    peer.accord(&["card", "unblock", "example-ca-pd", "--reason", "Its keys are new"]).done();
    goes_on(shell, peer);
}

fn after_a_restored_backup(shell: &mut Shell, peer: &CliAgency) {
    shell.types_script("accord login --from jruiz.toml >said; accord backup --out ~/backups >said");
    goes_on(shell, peer);
    shell.types_script(
        r#"
sudo systemctl stop accord
mv ~/.accord ~/lost
accord restore "$(ls -d ~/backups/"$agency"-* | tail -1)" >said
sudo systemctl start accord
for person in jruiz mreyes tokafor; do accord login --from "$person.toml" >said; done
"#,
    );
    // Either side is alarmed once it hears of the other, and an auditor of each says why they go on.
    let resolved = |shell: &mut Shell| {
        shell.types_script(
            r#"
accord --session tokafor audit reconcile --peer "$peer" >said || true
for alarm in $(accord --json --session tokafor audit alarms | grep -v '"resolved":{' | sed -n 's/.*"alarm":\([0-9]*\).*/\1/p'); do
    accord --session tokafor audit resolve "$alarm" --reason "A backup was put back; both logs were compared" >said
done
accord --session mreyes query --to "$peer" --plate 7ABC123 --purpose stolen_vehicle \
    --case 26-00417 --reason "Silver Honda taken from Glendora Ave on Saturday night" >said || true
"#,
        );
        let listed = peer.accord(&["audit", "alarms"]);
        let open = listed.lines().into_iter().filter(|one| one["resolved"].is_null());
        let open: Vec<u64> = open.filter_map(|one| one["alarm"].as_u64()).collect();
        for alarm in &open {
            let reason = ["--reason", "They put a backup back; both logs were compared"];
            peer.accord(&[&["audit", "resolve", &alarm.to_string()][..], &reason].concat()).done();
        }
        !open.is_empty()
    };
    let noticed = (0..60).any(|_| {
        let resolved = resolved(shell);
        std::thread::sleep(Duration::from_millis(if resolved { 0 } else { 500 }));
        resolved
    });
    assert!(noticed, "the peer is alarmed by a log that is behind");
    goes_on(shell, peer);
}

fn path(of: &Path) -> &str {
    of.to_str().expect("UTF-8")
}

#[test]
fn after_each_disaster_the_guide_goes_on() {
    let (mut shell, mut peer) = followed();
    for disaster in
        [after_a_clock_ahead, after_a_lost_key, after_stolen_keys, after_a_restored_backup]
    {
        disaster(&mut shell, &peer);
    }
    drop(shell);
    assert_eq!(peer.stop(), 0);
}
