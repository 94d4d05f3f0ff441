//! Faults of the machine: a full disk, a clock that is wrong.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::ground::{Figures, Made, Pair};
use crate::net::run;

/// A small file system in memory, unmounted when it goes.
struct Disk {
    dir: TempDir,
}

/// What the folders of disks are called, so that a later run finds those of one that was killed.
const PREFIX: &str = "accord-faults-disk-";

impl Disk {
    fn new() -> Self {
        let name = format!("{PREFIX}{}-", std::process::id());
        let dir = tempfile::Builder::new().prefix(&name).tempdir().expect("a folder");
        let path = dir.path().display().to_string();
        run("mount", &["-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", &path])
            .unwrap_or_else(|e| panic!("{e}"));
        Self { dir }
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn filler(&self) -> PathBuf {
        self.dir.path().join("filler")
    }

    /// Leaves not a byte free.
    fn fill(&self) {
        let mut file = File::create(self.filler()).expect("a file");
        let block = vec![7u8; 4_096];
        while file.write_all(&block).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.filler()).expect("the file that filled it");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(self.dir.path());
    }
}

fn unmount(path: &Path) {
    drop(run("umount", &["-l", &path.display().to_string()]));
}

/// Unmounts what runs that were killed have left.
pub(crate) fn sweep() {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    for path in mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(Path::new) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some((pid, _)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')) else {
            continue;
        };
        if !Path::new("/proc").join(pid).exists() {
            unmount(path);
            drop(std::fs::remove_dir(path));
        }
    }
}

/// The disk of the owner fills up under load, then that of the requester.
pub(crate) fn full() -> Figures {
    let disks = [Disk::new(), Disk::new()];
    let homes = Some([disks[0].home(), disks[1].home()]);
    let mut pair = Pair::made("full", Made { homes, ..Made::default() });
    for (disk, whose) in [(1, "owner"), (0, "requester"), (1, "owner")] {
        let officers = pair.officers(3);
        std::thread::sleep(Duration::from_millis(500));
        disks[disk].fill();
        std::thread::sleep(Duration::from_secs(3));
        disks[disk].empty();
        std::thread::sleep(Duration::from_millis(500));
        let told = officers.stop();
        pair.note(told);
        pair.over(&format!("the disk of the {whose} was full"));
    }
    pair.figures()
}

/// Where Debian's libfaketime is.
fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    libraries.into_iter().find(|library| library.exists())
}

/// Why a clock cannot be set off here, if it cannot.
pub(crate) fn clocks_impossible() -> Option<String> {
    faketime().is_none().then(|| "libfaketime is not installed: apt-get install libfaketime".into())
}

/// What a node's clock is off by, in seconds, while the node runs.
struct Wrong(PathBuf);

impl Wrong {
    fn set(&self, seconds: i64) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, format!("{seconds:+}\n")).expect("a file");
        std::fs::rename(new, &self.0).expect("a file in its place");
    }

    fn variables(&self, library: &Path) -> Vec<(String, String)> {
        let of = |name: &str, value: String| (name.to_owned(), value);
        vec![
            of("LD_PRELOAD", library.display().to_string()),
            of("FAKETIME_TIMESTAMP_FILE", self.0.display().to_string()),
            of("FAKETIME_NO_CACHE", "1".into()),
            // Timers go on as they are; the wall clock alone is wrong.
            of("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            of("DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }
}

/// Clocks that are hours wrong: by them nothing is appended, whether they are ahead of the time that has
/// passed or behind the last entry, so nothing is asked or answered; once they are right everything goes on.
pub(crate) fn wrong_clocks() -> Figures {
    /// More than a clock may be ahead, or behind the last entry.
    const WRONG: i64 = 2 * 3_600;
    let folder = TempDir::new().expect("a folder");
    let clocks = ["asking", "owning"].map(|name| Wrong(folder.path().join(name)));
    clocks.iter().for_each(|clock| clock.set(0));
    let library = faketime().expect("libfaketime");
    let variables = [clocks[0].variables(&library), clocks[1].variables(&library)];
    let mut pair = Pair::made("clock", Made { variables, ..Made::default() });
    let [asking, owning] = &clocks;
    let spell = |pair: &mut Pair| {
        std::thread::sleep(Duration::from_millis(100));
        let officers = pair.officers(2);
        std::thread::sleep(Duration::from_millis(1_500));
        let told = officers.stop();
        pair.note(told);
    };
    for (clock, whose) in [(owning, "owner"), (asking, "requester")] {
        for (seconds, how) in [(WRONG, "ahead"), (-WRONG, "behind")] {
            clock.set(seconds);
            spell(&mut pair);
            clock.set(0);
            pair.over(&format!("the {whose}'s clock was two hours {how}"));
        }
    }
    pair.figures()
}
