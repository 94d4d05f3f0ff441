//! The operator's guide is followed word by word on a clean home: its shell blocks are run as they
//! stand there, with a peer at the other end; what it says of checks and alarms is complete.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tests::binary::binary;
use tests::command_line::CliAgency;
use tests::fixtures::PLATE;

const GUIDE: &str = include_str!("../../../../OPERATING.md");
const UNIT: &str = include_str!("../../../../node/packaging/accord.service");
/// How long the whole guide may take before it is given up, in seconds.
const LONGEST: &str = "240";

/// The blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let begin = format!("```{language}\n");
    let parts = GUIDE.split(&begin).skip(1);
    parts.map(|part| part.split("```").next().expect("its end")).collect()
}

fn program(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).expect("a program");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its permissions");
}

/// A machine as the guide takes it for granted, of which the node itself is real: who may act for
/// root, and a service manager that does what the unit says.
fn machine(folder: &Path) {
    let started = UNIT.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/"));
    let started = started.expect("what the unit starts");
    program(folder, "accord", &format!("#!/bin/sh\nexec '{}' \"$@\"\n", binary().display()));
    program(folder, "sudo", "#!/bin/sh\nexec \"$@\"\n");
    let systemctl = format!(
        r#"#!/bin/bash
set -eu
start() {{
    env -u ACCORD_USER {started} </dev/null >/dev/null 2>>"$HOME/journal" & echo $! >"$HOME/pid"
    for _ in $(seq 200); do accord health >/dev/null 2>&1 && return; sleep 0.1; done
    cat "$HOME/journal" >&2; exit 1
}}
stop() {{ pid=$(cat "$HOME/pid"); kill "$pid"; while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done; }}
case "$*" in
    "enable --now accord" | "start accord") start ;;
    "stop accord") stop ;;
    "restart accord") stop; start ;;
    *) echo "systemctl $*: not in the guide's test" >&2; exit 1 ;;
esac
"#
    );
    program(folder, "systemctl", &systemctl);
}

/// Ends the node that the guide started, however the test ends.
struct Started<'a>(&'a Path);

impl Drop for Started<'_> {
    fn drop(&mut self) {
        if let Ok(pid) = fs::read_to_string(self.0.join("pid")) {
            drop(Command::new("kill").arg(pid.trim()).stderr(Stdio::null()).status());
        }
    }
}

#[test]
fn the_guide_is_followed_word_by_word_on_a_clean_home() {
    let mut peer = CliAgency::with_officer("peer-ca-pd");
    peer.add_reads(PLATE, 3);
    let dir = tempfile::TempDir::new().expect("a folder");
    let (home, programs) = (dir.path().join("accord"), dir.path().join("bin"));
    for folder in [&home, &programs] {
        fs::create_dir(folder).expect("a folder");
    }
    machine(&programs);
    let theirs = home.join("peer.card");
    let shown = peer.accord(&["card", "show", "--out", theirs.to_str().expect("UTF-8")]).done();
    let script = format!("set -euo pipefail\nset -x\n{}", blocks("sh").join("\n"));
    fs::write(dir.path().join("guide.sh"), script).expect("a script");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("a path"));
    let _started = Started(&home);
    let (said, errors) = (dir.path().join("said"), dir.path().join("errors"));
    let mut guide = Command::new("timeout")
        .args([LONGEST, "bash"])
        .arg(dir.path().join("guide.sh"))
        .current_dir(&home)
        .env_clear()
        .envs([("PATH", path.as_str()), ("HOME", home.to_str().expect("UTF-8"))])
        .env("heard", shown["fingerprint"].as_str().expect("a fingerprint"))
        .stdin(Stdio::null())
        .stdout(fs::File::create(&said).expect("a file"))
        .stderr(fs::File::create(&errors).expect("a file"))
        .spawn()
        .expect("bash");

    // What the peer does meanwhile: it takes the card that it was sent, and signs.
    let mut known = false;
    let mut signed = false;
    let ended = loop {
        if let Some(ended) = guide.try_wait().expect("its end") {
            break ended;
        }
        let ours = home.join("ours.card");
        if !known && home.join("pilot-2026.toml").exists() {
            let card =
                CliAgency::at(home.join(".accord"), "example-ca-pd").accord(&["card", "show"]);
            let fingerprint = card.done()["fingerprint"].as_str().expect("one").to_owned();
            let add = ["card", "add", ours.to_str().expect("UTF-8"), "--fingerprint", &fingerprint];
            peer.accord(&[&add[..], &["--verified-by", "telephone"]].concat()).done();
            known = true;
        }
        signed = signed || known && peer.accord(&["agreement", "sign", "pilot-2026"]).code == 0;
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let said = fs::read_to_string(said).expect("what it said");
    let errors = fs::read_to_string(errors).expect("what it said");
    assert!(ended.success(), "{ended}\n{said}\n{errors}");
    assert!(signed && said.contains("3 reads under pilot-2026"), "{said}\n{errors}");
    assert!(said.contains("0 findings"), "{said}");
    assert_eq!(peer.stop(), 0);
}

#[test]
fn what_root_types_is_at_least_shell() {
    for block in blocks("sh root") {
        let checked = Command::new("bash").args(["-n", "-c", block]).output().expect("bash");
        assert!(checked.status.success(), "{block}: {checked:?}");
    }
    assert_eq!(blocks("sh root").len(), 3);
}

#[test]
fn the_guide_says_what_to_do_about_every_check_and_every_alarm() {
    let agency = CliAgency::with_officer("example-ca-pd");
    for check in agency.accord(&["doctor"]).lines() {
        let row = format!("| `{}` |", check["check"].as_str().expect("a name"));
        assert!(GUIDE.contains(&row), "{row}");
    }
    use schemas::alarm::AlarmKind as A;
    for alarm in [A::Fork, A::Shrunk, A::Proof, A::Card, A::RolledBack] {
        assert!(GUIDE.contains(&format!("| {} |", alarm.words())), "{}", alarm.words());
    }
}
