//! Folders that other accounts write into: whatever is put there, the node reads, writes and destroys
//! nothing elsewhere, goes on with other folders, stops when it is told to, and its operational log
//! names no file.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use audit_log::clock::Clock;
use serde_json::Value;
use tempfile::TempDir;
use tests::command_line::CliAgency;
use tests::fixtures::{PLATE, json_lines, reads};
use tests::sources::file_names;
use tests::wait::LONGEST;

/// Files that are exchanged at once, and for how long: some are plain whenever they are looked at.
const EXCHANGED: usize = 64;
const EXCHANGING: Duration = Duration::from_secs(12);

/// A folder that every account may write into.
fn open_folder() -> (TempDir, PathBuf) {
    let dir = TempDir::new().expect("a folder");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("a folder");
    let path = dir.path().canonicalize().expect("a folder");
    (dir, path)
}

/// A shell in `folder`, as an account without rights where this one is root.
fn other_account(folder: &Path, script: &str) -> Command {
    let me = fs::metadata("/proc/self").expect("this process");
    let mut command = if std::os::unix::fs::MetadataExt::uid(&me) == 0 {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command.args(["-ec", script]).current_dir(folder);
    command
}

fn as_another(folder: &Path, script: &str) {
    let ended = other_account(folder, script).output().expect("a shell");
    assert!(ended.status.success(), "{ended:?}");
}

/// A node whose operational log is a file.
fn agency() -> (CliAgency, PathBuf) {
    let agency = CliAgency::without_home("monrovia-ca-pd");
    let log = agency.file("log");
    let into = format!("exec \"$@\" 2>>'{log}'");
    let agency = agency.run_under(&["sh", "-c", &into, "sh"], &[]);
    let listen = tests::agency::free_address();
    let agency = agency.init_with("california-statute", listen.as_str(), &[]);
    (agency.start_with_officer(), log.into())
}

fn add(agency: &CliAgency, name: &str, folder: &Path) -> Value {
    let folder = folder.to_str().expect("a path");
    let add = ["source", "add", name, "--format", "native", "--folder", folder, "--shared"];
    agency.accord(&add).done()
}

fn lines(plate: &str, count: usize) -> String {
    let owner = "monrovia-ca-pd".parse().expect("an id");
    json_lines(&reads(&owner, plate, count, Clock::system().now()))
}

fn stored(agency: &CliAgency, source: &str) -> u64 {
    let all = agency.accord(&["source", "list"]).lines();
    let of = all.iter().find(|one| one["source"] == source).expect("a source");
    of["stored"].as_u64().expect("a number")
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + LONGEST;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn who_else_may_write_into_a_folder_is_named_before_it_is_watched_and_recorded_then() {
    let (agency, _) = agency();
    let (_dir, folder) = open_folder();
    let of = folder.to_str().expect("a path");
    let add = ["source", "add", "gate", "--format", "native", "--folder", of];
    let refused = agency.accord(&add);
    assert!(refused.failed(2).contains("written by every account"), "{refused:?}");
    let added = agency.accord(&[&add[..], &["--shared"]].concat()).done();
    assert_eq!(added["writers"][0], "every account");
    let log = agency.accord(&["audit", "log", "--kind", "source.added"]).done();
    assert_eq!(log["detail"]["writers"][0], "every account", "{log}");
    // One's own home is nobody's spool: what is in it would be destroyed.
    for (name, inside) in [("a", agency.home()), ("b", agency.home().join("keys"))] {
        let inside = inside.to_str().expect("a path");
        let add = ["source", "add", name, "--format", "native", "--folder", inside];
        let refused = agency.accord(&add);
        assert!(refused.failed(2).contains("home"), "{refused:?}");
    }
}

#[test]
fn whoever_writes_into_a_watched_folder_overwrites_and_destroys_nothing_of_the_node() {
    let (mut agency, log) = agency();
    let targets = TempDir::new().expect("a folder");
    let profile = targets.path().join("profile");
    fs::write(&profile, "as it was").expect("a file");
    let old = targets.path().join("keys");
    fs::create_dir(&old).expect("a folder");
    fs::write(old.join("agency.pem"), "a key").expect("a file");
    let of = old.join("agency.pem");
    let touched = Command::new("touch").args(["-d", "2001-01-01"]).arg(of).status();
    assert!(touched.is_ok_and(|ended| ended.success()));

    let dirs: Vec<_> = (0..4).map(|_| open_folder()).collect();
    let [errors, swept, blocked, plain] = &dirs[..] else { panic!("four folders") };
    // What is wrong with a file is to be written through a link.
    let link = format!(
        "mkdir rejected; ln -s '{}' rejected/a.jsonl.errors.txt
         printf 'Detections of `id > PWNED`\\n' > a.jsonl",
        profile.display()
    );
    as_another(&errors.1, &link);
    // What is past its retention is to be destroyed behind a link.
    as_another(&swept.1, &format!("ln -s '{}' rejected", old.display()));
    // A file that cannot be set aside, and has a plate for its name.
    as_another(&blocked.1, "echo > rejected; echo nonsense > 8SECRET1.jsonl");
    for (name, folder) in
        [("errors", errors), ("swept", swept), ("blocked", blocked), ("plain", plain)]
    {
        fs::write(folder.1.join("good.jsonl"), lines(PLATE, 2)).expect("a file");
        drop(add(&agency, name, &folder.1));
    }
    for (_, folder) in &dirs {
        until("the files are taken", || {
            let left = file_names(folder);
            left.iter().all(|name| name == "rejected")
        });
    }
    let aside = agency.home().join("rejected/errors");
    assert_eq!(file_names(&aside), ["a.jsonl", "a.jsonl.errors.txt"]);
    let told = fs::read_to_string(aside.join("a.jsonl.errors.txt")).expect("a file");
    assert!(told.contains("Detections of") && told.lines().count() == 3, "{told}");
    for path in [aside.join("a.jsonl"), aside.join("a.jsonl.errors.txt")] {
        let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    assert_eq!(fs::read_to_string(&profile).expect("a file"), "as it was");
    assert_eq!(file_names(&old), ["agency.pem"]);
    assert_eq!(agency.stop(), 0);
    let said = fs::read_to_string(log).expect("a log");
    assert!(!said.contains("8SECRET1"), "{said}");
}

#[test]
fn a_folder_that_became_a_link_is_not_followed_and_keeps_back_no_other() {
    let (mut agency, log) = agency();
    let (_above, above) = open_folder();
    let (_elsewhere, elsewhere) = open_folder();
    let (_other, other) = open_folder();
    as_another(&above, "mkdir -m 777 spool");
    drop(add(&agency, "spool", &above.join("spool")));
    drop(add(&agency, "other", &other));
    fs::write(elsewhere.join("x.jsonl"), lines("8LINKED", 2)).expect("a file");
    as_another(&above, &format!("mv spool away; ln -s '{}' spool", elsewhere.display()));
    fs::write(other.join("y.jsonl"), lines("8PLAIN", 2)).expect("a file");
    until("the other folder is looked into", || stored(&agency, "other") == 2);
    until("it is said", || {
        let said = fs::read_to_string(&log).expect("a log");
        said.contains("is a link")
    });
    assert_eq!((stored(&agency, "spool"), file_names(&elsewhere)), (0, vec!["x.jsonl".into()]));
    assert_eq!(agency.stop(), 0);
}

#[test]
fn a_file_with_a_second_name_is_left_alone_and_that_is_said() {
    let (agency, _) = agency();
    let (_dir, folder) = open_folder();
    drop(add(&agency, "gate", &folder));
    fs::write(folder.join(".kept"), lines("8LINKED", 2)).expect("a file");
    fs::hard_link(folder.join(".kept"), folder.join("x.jsonl")).expect("a link");
    agency.retry_until(&["doctor"], |doctor| {
        let (ok, said) = doctor.check("sources");
        (!ok && said.contains("hard link")).then_some(())
    });
    assert_eq!(stored(&agency, "gate"), 0);
    // With one name it is a file like any other.
    fs::remove_file(folder.join(".kept")).expect("a file");
    until("it is taken", || stored(&agency, "gate") == 2);
    assert_eq!(file_names(&folder), [""; 0]);
}

/// Exchanges each name with what is hidden beside it, as fast as it can, until it is told to stop.
fn exchange(folder: &Path, stop: &AtomicBool) {
    let path = |name: String| folder.join(name);
    while !stop.load(Ordering::Relaxed) {
        for number in 0..EXCHANGED {
            let (name, other) = (path(format!("{number}.jsonl")), path(format!(".{number}")));
            let now = path(format!(".now{number}"));
            // What was taken in meanwhile is gone, and the other stays.
            if fs::rename(&name, &now).is_ok() && fs::rename(&other, &name).is_ok() {
                drop(fs::rename(&now, &other));
            }
        }
    }
}

/// Tells a thread to stop, however the test ends.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn files_that_become_pipes_and_links_while_they_are_opened_hold_neither_the_node_nor_its_stop() {
    let (mut agency, _) = agency();
    let (_dir, folder) = open_folder();
    let (_plain, plain) = open_folder();
    let targets = TempDir::new().expect("a folder");
    fs::write(targets.path().join("x.jsonl"), lines("8SECRET", 1)).expect("a file");
    drop(add(&agency, "gate", &folder));
    drop(add(&agency, "plain", &plain));
    for number in 0..EXCHANGED {
        let (name, other) = (format!("{number}.jsonl"), format!(".{number}"));
        fs::write(folder.join(&name), lines(&format!("8A{number:03}"), 1)).expect("a file");
        if number % 2 == 0 {
            let made = Command::new("mkfifo").arg(folder.join(other)).status();
            assert!(made.is_ok_and(|ended| ended.success()));
        } else {
            symlink(targets.path().join("x.jsonl"), folder.join(other)).expect("a link");
        }
    }
    // Each name is now the plain file, now the pipe or the link.
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _ended = Ended(&stop);
        scope.spawn(|| exchange(&folder, &stop));
        std::thread::sleep(EXCHANGING);
        fs::write(plain.join("y.jsonl"), lines("8PLAIN", 2)).expect("a file");
        until("the other folder is looked into", || stored(&agency, "plain") == 2);
        let asked = Instant::now();
        assert_eq!(agency.stop(), 0);
        assert!(asked.elapsed() < LONGEST, "it stood still");
    });
    assert_eq!(file_names(targets.path()), ["x.jsonl"]);
}
