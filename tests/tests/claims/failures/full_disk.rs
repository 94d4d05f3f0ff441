//! The disk of a home fills up: what was acknowledged stays, what cannot be kept is refused in
//! words, and the node goes on by itself once there is room.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use audit_log::clock::Clock;
use tests::agency::free_address;
use tests::command_line::{CliAgency, CommandOutput};
use tests::fixtures::{OFFICER, PLATE, id, json_lines, reads};

/// The size of the disk, in MiB: room for the database's write-ahead log of 16 MiB and some reads.
const DISK: u32 = 64;
/// Reads of one file.
const READS: usize = 5_000;
/// Most files until the disk is full.
const FILES: usize = 40;

/// A small disk of its own, in memory.
struct Disk(PathBuf);

impl Disk {
    /// `None` where this user may not mount one.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).expect("a folder");
        let size = format!("size={DISK}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at);
        let mounted = mount.output().is_ok_and(|ended| ended.status.success());
        mounted.then(|| Self(at.to_owned()))
    }

    /// Takes what room there is.
    fn fill(&self) {
        let path = self.0.join("ballast");
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
        for size in [1 << 20, 1 << 12] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Has four times the room from now on.
    fn grow(&self) {
        let size = format!("remount,size={}m", 4 * DISK);
        let grown = Command::new("mount").args(["-o", &size]).arg(&self.0).status();
        assert!(grown.expect("mount").success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

fn in_words(ended: &CommandOutput) {
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.err.contains("full") || ended.err.contains("cannot be written"), "{ended:?}");
}

fn stored(agency: &CliAgency) -> u64 {
    agency.accord(&["reads", "stats"]).done()["reads"].as_u64().expect("a number")
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged_and_the_node_goes_on_once_there_is_room() {
    let agency = CliAgency::without_home("owning-ca-pd");
    let Some(disk) = Disk::mount(&agency.home()) else {
        eprintln!("skipped: mounting a small disk takes root");
        return;
    };
    let listen = free_address();
    let mut agency =
        agency.init_with("california-statute", listen.as_str(), &[]).start_with_officer();
    let owner = id("owning-ca-pd");
    let import = |n: usize| {
        let plate = format!("8FUL{n:03}");
        let file = agency.file(&format!("{n}.jsonl"));
        if !Path::new(&file).exists() {
            let lines = json_lines(&reads(&owner, &plate, READS, Clock::system().now()));
            fs::write(&file, lines).expect("a file");
        }
        agency.accord(&["reads", "import", "--format", "native", &file])
    };
    let mut acknowledged = 0;
    let mut refused = None;
    for n in 0..FILES {
        let ended = import(n);
        if ended.code != 0 {
            in_words(&ended);
            refused = Some(n);
            break;
        }
        acknowledged += ended.done()["stored"].as_u64().expect("a number");
    }
    let refused = refused.expect("an import that finds the disk full");
    assert!(acknowledged > 0, "there was room at first");

    // Nothing at all is left: whatever is done is either logged or not done.
    disk.fill();
    assert!(!agency.accord(&["doctor"]).check("disk").0);
    let health = agency.accord(&["health"]);
    assert!(health.failed(3).contains("free on the disk of the home"), "{health:?}");
    let look = || {
        let search = ["reads", "search", "--purpose", "stolen_vehicle", "--case", "26-1"];
        let about = ["--reason", "Stolen vehicle reported by its owner", "--plate", PLATE];
        agency.accord_as(OFFICER, &[&search[..], &about].concat())
    };
    let mut looked = 0;
    let mut failed = 0;
    for _ in 0..30 {
        let ended = look();
        if ended.code == 0 {
            looked += 1;
        } else {
            in_words(&ended);
            assert_eq!(ended.out, "", "no read is shown without its entry");
            failed += 1;
        }
    }
    in_words(&import(refused));
    let searches = |agency: &CliAgency| {
        agency.accord(&["audit", "log", "--kind", "reads.searched"]).lines().len()
    };

    // There is room again, and nobody restarts anything.
    disk.grow();
    agency.retry_until(&["health"], |ended| match ended.code {
        0 => Some(()),
        // The log is written by whoever comes next.
        _ => {
            drop(look());
            None
        }
    });
    let more = searches(&agency);
    assert!(more >= looked, "{looked} shown, {failed} refused, {more} logged");
    assert!(stored(&agency) >= acknowledged);
    let verified = agency.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    assert_eq!(agency.stop(), 0);
    agency.start();
    assert!(stored(&agency) >= acknowledged);
    let verified = agency.accord(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}
