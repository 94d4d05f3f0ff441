use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, Mode};
use tempfile::TempDir;

use super::*;

fn place() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().canonicalize().unwrap();
    (dir, path)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o777
}

/// What a folder may hold beside plain files, each under the name that the caller gives.
fn everything_else(folder: &Path, target: &Path) -> [&'static str; 5] {
    symlink(target, folder.join("link")).unwrap();
    let fifo = folder.join("pipe");
    rustix::fs::mknodat(CWD, &fifo, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
    drop(UnixListener::bind(folder.join("socket")).unwrap());
    fs::create_dir(folder.join("folder")).unwrap();
    fs::write(folder.join("twice"), "twice").unwrap();
    fs::hard_link(folder.join("twice"), folder.join("twice-too")).unwrap();
    ["link", "pipe", "socket", "folder", "twice"]
}

#[test]
fn a_folder_is_reached_through_no_link_and_the_error_names_it() {
    let (_dir, at) = place();
    fs::create_dir_all(at.join("real/deep")).unwrap();
    symlink(at.join("real"), at.join("link")).unwrap();
    assert!(Folder::open(&at.join("real/deep")).is_ok());
    assert!(Folder::open(&at.join("real/../real/./deep")).is_ok());
    for path in ["link", "link/deep", "real/../link/deep"] {
        for opened in [Folder::open(&at.join(path)), Folder::make(&at.join(path))] {
            let error = opened.unwrap_err();
            assert!(matches!(error.why, Unfit::Link), "{error}");
            assert!(error.path.ends_with("link"), "{error}");
        }
    }
    fs::write(at.join("file"), "").unwrap();
    let error = Folder::open(&at.join("file")).unwrap_err();
    assert!(matches!(error.why, Unfit::NotFolder), "{error}");
}

#[test]
fn a_folder_within_stays_within_and_is_this_accounts_alone() {
    let (_dir, at) = place();
    let folder = Folder::open(&at).unwrap();
    let made = folder.own_below(Path::new("a/b")).unwrap();
    assert_eq!((mode(&at.join("a")), mode(made.path())), (0o700, 0o700));
    for out in ["..", "a/../../x", "/tmp", "/"] {
        assert!(folder.own_below(Path::new(out)).is_err(), "{out}");
    }
    symlink("/tmp", at.join("out")).unwrap();
    assert!(matches!(folder.own_below(Path::new("out")).unwrap_err().why, Unfit::Link));
    fs::create_dir(at.join("open")).unwrap();
    fs::set_permissions(at.join("open"), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(folder.own_below(Path::new("open")).unwrap_err().why, Unfit::NotOwn));
}

#[test]
fn nothing_but_a_plain_file_with_one_name_is_read_and_nothing_waits() {
    let (_dir, at) = place();
    let folder = Folder::open(&at).unwrap();
    let others = everything_else(&at, Path::new("/etc/passwd"));
    for name in others {
        let error = folder.read_single(OsStr::new(name)).unwrap_err();
        let right = match name {
            "link" => matches!(error.why, Unfit::Link),
            "twice" => matches!(error.why, Unfit::HardLinked),
            _ => matches!(error.why, Unfit::NotPlain),
        };
        assert!(right, "{name}: {error}");
    }
    let device = Folder::open(Path::new("/dev")).unwrap();
    assert!(matches!(device.read(OsStr::new("zero")).unwrap_err().why, Unfit::NotPlain));
    for name in ["..", ".", "", "/etc/passwd", "folder/x"] {
        assert!(matches!(folder.read(OsStr::new(name)).unwrap_err().why, Unfit::NoName), "{name}");
    }
    fs::write(at.join("plain"), "as it is").unwrap();
    let listed = folder.plain_files().unwrap();
    let listed: Vec<_> = listed.iter().map(|seen| seen.name.to_str().unwrap()).collect();
    assert_eq!(listed, ["plain", "twice", "twice-too"]);
    let (mut file, seen) = folder.read(OsStr::new("plain")).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), seen.size), ("as it is", 8));
}

#[test]
fn a_file_is_destroyed_only_as_it_was_seen() {
    let (_dir, at) = place();
    let folder = Folder::open(&at).unwrap();
    let path = at.join("file");
    fs::write(&path, "first").unwrap();
    let seen = folder.look(OsStr::new("file")).unwrap().unwrap();
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"more").unwrap();
    assert!(matches!(folder.destroy(&seen).unwrap_err().why, Unfit::Exchanged));
    fs::remove_file(&path).unwrap();
    fs::write(at.join("other"), "first").unwrap();
    symlink(at.join("other"), &path).unwrap();
    assert!(matches!(folder.destroy(&seen).unwrap_err().why, Unfit::Link));
    let other = folder.look(OsStr::new("other")).unwrap().unwrap();
    folder.destroy(&other).unwrap();
    assert_eq!(names(&at), ["file"]);
}

#[test]
fn a_written_file_is_its_owners_alone_and_takes_the_place_of_a_plain_file_only() {
    let (_dir, at) = place();
    let (_elsewhere, outside) = place();
    fs::write(outside.join("target"), "stays").unwrap();
    for name in everything_else(&at, &outside.join("target")) {
        let written = write(&at.join(name), b"new");
        assert_eq!(written.is_ok(), name == "twice", "{name}: {written:?}");
    }
    // The name is given to the new file; the other name of the one before keeps what it had.
    assert_eq!(fs::read_to_string(at.join("twice")).unwrap(), "new");
    assert_eq!(fs::read_to_string(at.join("twice-too")).unwrap(), "twice");
    assert_eq!(fs::read_to_string(outside.join("target")).unwrap(), "stays");
    assert!(write(Path::new("/dev/null"), b"new").is_err());
    let path = at.join("made");
    write(&path, b"one").unwrap();
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    write(&path, b"two").unwrap();
    assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o600, b"two".to_vec()));
    let folder = Folder::open(&at).unwrap();
    let taken = folder.write(OsStr::new("made"), b"three", Existing::Stays).unwrap_err();
    assert!(taken.is_taken(), "{taken}");
    symlink(at.join("made"), at.join("to-made")).unwrap();
    let taken = folder.write(OsStr::new("to-made"), b"three", Existing::Stays).unwrap_err();
    assert!(taken.is_taken(), "{taken}");
    assert_eq!(fs::read(&path).unwrap(), b"two");
    symlink(&at, outside.join("way")).unwrap();
    let error = write(&outside.join("way/x"), b"new").unwrap_err();
    assert!(matches!(error.why, Unfit::Link), "{error}");
    assert!(names(&at).iter().all(|name| !name.ends_with(".part")), "{:?}", names(&at));
}

#[test]
fn a_file_that_is_not_finished_leaves_nothing() {
    let (_dir, at) = place();
    let mut half = create(&at.join("half")).unwrap();
    half.write_all(&[7; 100_000]).unwrap();
    assert_eq!(names(&at).len(), 1);
    drop(half);
    assert_eq!(names(&at), [""; 0]);
}

#[test]
fn a_folder_is_whole_or_under_another_name() {
    let (_dir, at) = place();
    let folder = NewFolder::begin(&at.join("bag")).unwrap();
    let data = folder.folder().make_below(Path::new("data/images")).unwrap();
    data.write(OsStr::new("1.jpg"), b"1", Existing::Stays).unwrap();
    assert_eq!(names(&at), ["bag.part"]);
    folder.finish().unwrap();
    assert_eq!(fs::read(at.join("bag/data/images/1.jpg")).unwrap(), b"1");
    for path in ["bag", "bag/data", "bag/data/images"] {
        assert_eq!(mode(&at.join(path)), 0o700);
    }
    assert!(NewFolder::begin(&at.join("bag")).unwrap_err().is_taken());
    symlink("/tmp", at.join("new.part")).unwrap();
    assert!(NewFolder::begin(&at.join("new")).unwrap_err().is_taken());
    // Another one that is put in its place while it is filled does not become it.
    let folder = NewFolder::begin(&at.join("second")).unwrap();
    fs::rename(at.join("second.part"), at.join("away")).unwrap();
    fs::create_dir(at.join("second.part")).unwrap();
    folder.folder().write(OsStr::new("1"), b"1", Existing::Stays).unwrap();
    assert!(matches!(folder.finish().unwrap_err().why, Unfit::Exchanged));
    assert_eq!(names(&at.join("away")), ["1"]);
}

/// Exchanges what stands under a name as fast as it can, until it is told to stop.
fn exchanging(stop: &AtomicBool, one: &Path, other: &Path) {
    while !stop.load(Ordering::Relaxed) {
        let flags = rustix::fs::RenameFlags::EXCHANGE;
        // One of them may be destroyed at this moment.
        let _ = rustix::fs::renameat_with(CWD, one, CWD, other, flags);
    }
}

#[test]
fn whatever_is_exchanged_meanwhile_nothing_is_read_written_or_destroyed_elsewhere() {
    const ROUNDS: usize = 300;
    let (_dir, at) = place();
    let (_elsewhere, outside) = place();
    fs::write(outside.join("x"), "secret").unwrap();
    fs::create_dir(at.join("folder")).unwrap();
    symlink(&outside, at.join("folder-link")).unwrap();
    symlink(outside.join("x"), at.join("link")).unwrap();
    fs::write(at.join("x"), "").unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| exchanging(&stop, &at.join("folder"), &at.join("folder-link")));
        scope.spawn(|| exchanging(&stop, &at.join("x"), &at.join("link")));
        let here = Folder::open(&at).unwrap();
        let mut worked = [0usize; 3];
        for _ in 0..ROUNDS {
            if let Ok((mut file, seen)) = here.read(OsStr::new("x")) {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                assert_ne!(text, "secret");
                worked[0] += usize::from(here.destroy(&seen).is_ok());
                // Whichever name it has now: the other thread needs both.
                for name in ["x", "link"] {
                    drop(File::create_new(at.join(name)));
                }
            }
            worked[1] += usize::from(write(&at.join("folder/made"), b"made").is_ok());
            worked[2] += usize::from(here.make_below(Path::new("folder/below")).is_ok());
        }
        stop.store(true, Ordering::Relaxed);
        assert!(worked.iter().all(|times| *times > 0), "{worked:?}");
    });
    assert_eq!(names(&outside), ["x"]);
    assert_eq!(fs::read_to_string(outside.join("x")).unwrap(), "secret");
}

#[test]
fn who_else_may_write_into_a_folder_is_named() {
    let (_dir, at) = place();
    let folder = at.join("above/folder");
    fs::create_dir_all(&folder).unwrap();
    let set = |path: &Path, bits| {
        fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
    };
    set(&folder, 0o755);
    assert!(other_writers(&folder).unwrap().is_empty(), "{:?}", other_writers(&folder));
    set(&folder, 0o1777);
    assert!(other_writers(&folder).unwrap().contains("every account"));
    set(&folder, 0o700);
    set(&at.join("above"), 0o777);
    assert!(other_writers(&folder).unwrap().contains("every account"), "it can be exchanged");
    set(&at.join("above"), 0o1777);
    assert!(other_writers(&folder).unwrap().is_empty());
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&folder, Some(65_534), Some(65_534)).unwrap();
        set(&folder, 0o775);
        let writers: Vec<_> = other_writers(&folder).unwrap().into_iter().collect();
        assert_eq!(writers, ["account nobody", "group nogroup"]);
    }
}
