//! The operator's guide is followed word by word on a clean home, with a peer at the other end; what
//! it says of checks and alarms is complete.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use schemas::alarm::AlarmKind;
use tests::command_line::CliAgency;
use tests::fixtures::{OFFICER, PLATE};

use super::free_port;
use super::shell::{Shell, document};

const GUIDE: &str = "docs/operating.md";
const UNIT: &str = include_str!("../../../../node/packaging/accord.service");

/// A machine as the guide takes it for granted, of which the node itself is real: who may act for
/// root, and a service manager that does what the unit says.
fn machine(shell: &Shell) {
    let started = UNIT.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/"));
    let started = started.expect("what the unit starts");
    shell.has_program("sudo", "#!/bin/sh\nexec \"$@\"\n");
    let systemctl = format!(
        r#"#!/bin/bash
set -eu
start() {{
    clock=(); [ ! -e "$HOME/clock" ] || mapfile -t clock <"$HOME/clock"
    env -u ACCORD_SESSION "${{clock[@]}}" {started} </dev/null >/dev/null 2>>"$HOME/journal" & echo $! >"$HOME/pid"
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
    shell.has_program("systemctl", &systemctl);
}

/// Says that the guide is at its end, however that comes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the peer does meanwhile: it takes the card that it was sent, signs, and confirms the agency key
/// that is exchanged. Whether it did.
fn takes_the_card_and_signs(peer: &CliAgency, folder: &Path, over: &AtomicBool) -> bool {
    let until = |done: &dyn Fn() -> bool| {
        while !done() {
            if over.load(Ordering::Relaxed) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        true
    };
    if !until(&|| folder.join("pilot-2026.toml").exists()) {
        return false;
    }
    let read_out = || {
        let card = CliAgency::at(folder.join(".accord"), &folder.join(".runtime"), "example-ca-pd");
        let card = card.accord_as("jruiz", &["card", "show"]);
        card.done()["fingerprint"].as_str().expect("one").to_owned()
    };
    let fingerprint = read_out();
    let ours = folder.join("ours.card");
    let add = ["card", "add", ours.to_str().expect("UTF-8"), "--fingerprint", &fingerprint];
    peer.accord(&[&add[..], &["--verified-by", "telephone"]].concat()).done();
    until(&|| peer.accord(&["agreement", "show", "pilot-2026"]).code == 0)
        && peer.sign_as_read("admin", "pilot-2026").code == 0
        && until(&|| peer.accord(&["card", "list"]).done()["waiting"].is_string())
        && {
            let held = ["card", "add", "--held", "example-ca-pd", "--replace"];
            let heard = read_out();
            let heard = ["--fingerprint", &heard, "--verified-by", "telephone"];
            peer.accord(&[&held[..], &heard].concat()).code == 0
        }
}

/// A shell in which the guide was followed from its beginning to its end, and the peer at the other end.
pub(super) fn followed() -> (Shell, CliAgency) {
    let peer = CliAgency::with_officer("peer-ca-pd");
    peer.add_reads(PLATE, 3);
    let card = peer.file("peer.card");
    let shown = peer.accord(&["card", "show", "--out", &card]).done();
    let heard = shown["fingerprint"].as_str().expect("a fingerprint").to_owned();
    let mut shell = Shell::begin(&[("7420", free_port())], &[("heard", heard)]);
    machine(&shell);
    std::fs::copy(card, shell.dir().join("peer.card")).expect("a card");
    let (folder, over) = (shell.dir().to_owned(), AtomicBool::new(false));
    let signed = std::thread::scope(|scope| {
        let signs = scope.spawn(|| takes_the_card_and_signs(&peer, &folder, &over));
        let ends = Over(&over);
        shell.types(GUIDE);
        drop(ends);
        signs.join().expect("the peer")
    });
    assert!(signed, "the peer signed, and confirmed the new agency key");
    (shell, peer)
}

#[test]
fn the_guide_is_followed_word_by_word_on_a_clean_home() {
    let (shell, mut peer) = followed();
    // After every key was exchanged, in the order of the page, the link stands.
    let (ok, said) = peer.accord(&["doctor"]).check("peers");
    assert!(ok, "{said}");
    let case = ["--purpose", "stolen_vehicle", "--case", "26-00417"];
    let why = ["--reason", "Silver Honda taken from Glendora Ave on Saturday night"];
    let query = ["query", "--to", "example-ca-pd", "--plate", PLATE];
    let answered = peer.accord_as(OFFICER, &[&query[..], &case, &why].concat()).done();
    assert_eq!(answered["outcome"], "answered", "{answered}");
    drop(shell);
    assert_eq!(peer.stop(), 0);
}

#[test]
fn the_guide_says_what_to_do_about_every_check_and_every_alarm() {
    let guide = document(GUIDE);
    let agency = CliAgency::with_officer("example-ca-pd");
    for check in agency.accord(&["doctor"]).lines() {
        let row = format!("| `{}` |", check["check"].as_str().expect("a name"));
        assert!(guide.contains(&row), "{row}");
    }
    use AlarmKind as A;
    for alarm in [A::Fork, A::Proof, A::Card, A::RolledBack, A::PartyKey] {
        assert!(guide.contains(&format!("| {} |", alarm.words())), "{}", alarm.words());
    }
}
