//! Files that people ask for: for their owner alone, whole or not there, and never through a link or
//! into anything but a plain file, whoever else writes into the folder. What cannot be printed is an
//! error, and what is nobody's business need not stand among a command's arguments.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tests::binary::audit_binary;
use tests::command_line::{CliAgency, CommandOutput};
use tests::fixtures::{OFFICER, PLATE};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn a_file_that_is_asked_for_is_its_owners_alone_and_goes_through_no_link() {
    let (port, covina) =
        (CliAgency::with_officer("port-ca-pd"), CliAgency::with_officer("covina-ca-pd"));
    port.introduce(&covina);
    let agreement = port.agree_with(&covina);
    let bundles = [port.file("port.bundle"), covina.file("covina.bundle")];
    for (agency, bundle) in [(&port, &bundles[0]), (&covina, &bundles[1])] {
        agency.accord(&["audit", "export", "--out", bundle]).done();
    }
    let pin = |agency: &CliAgency| {
        let card = agency.accord(&["card", "show"]).done();
        let fingerprint = card["fingerprint"].as_str().expect("one");
        format!("{}={}", agency.id, fingerprint.replace(' ', ""))
    };
    let pins = [pin(&port), pin(&covina)];
    let compared = [bundles[0].as_str(), &bundles[1], "--key", &pins[0], "--key", &pins[1]];
    let log = port.accord(&["audit", "log", "--kind", "agreement.proposed"]).done();
    let entry = log["index"].to_string();
    let draft = ["agreement", "draft", "--template", "lasd", "--party", "port-ca-pd"];
    let draft = [&draft[..], &["--party", "covina-ca-pd"]].concat();
    let commands: [&[&str]; 7] = [
        &["card", "show"],
        &draft,
        &["agreement", "show", &agreement],
        &["audit", "envelope", &entry],
        &["audit", "proof", &entry],
        &["audit", "export"],
        &[&["audit", "reconcile"], &compared[..]].concat(),
    ];
    for (number, command) in commands.into_iter().enumerate() {
        let folder = port.file(&format!("shared-{number}"));
        let folder = Path::new(&folder);
        fs::create_dir(folder).expect("a folder");
        // Whoever may write into the folder has put something there.
        let target = folder.join("target");
        fs::write(&target, "stays").expect("a file");
        symlink(&target, folder.join("link")).expect("a link");
        symlink(&target, folder.join("plain.part")).expect("a link");
        symlink(folder, folder.join("way")).expect("a link");
        let pipe = folder.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().is_ok_and(|ended| ended.success()));
        let run = |name: &str| {
            let out = folder.join(name);
            port.accord(&[command, &["--out", out.to_str().expect("a path")]].concat())
        };
        for (name, why) in [
            ("link", "is a link"),
            ("way/plain", "is a link"),
            ("pipe", "is no plain file"),
            ("way", "is a link"),
        ] {
            let refused = run(name);
            assert!(refused.failed(3).contains(why), "{command:?}: {refused:?}");
        }
        for _ in 0..2 {
            let written = run("plain");
            assert!(written.code < 2, "{command:?}: {written:?}");
            assert_eq!(mode(&folder.join("plain")), 0o600, "{command:?}");
            fs::set_permissions(folder.join("plain"), fs::Permissions::from_mode(0o644))
                .expect("a file");
        }
        assert_eq!(fs::read_to_string(&target).expect("a file"), "stays", "{command:?}");
        let names = tests::sources::file_names(folder);
        assert_eq!(names, ["link", "pipe", "plain", "plain.part", "target", "way"], "{command:?}");
    }
    // The auditor's program alike.
    let out = port.file("shared-0/link");
    let compare = [&["--json", "reconcile"], &compared[..], &["--out", &out]].concat();
    let refused = Command::new(audit_binary()).args(compare).output().expect("a process");
    let refused = CommandOutput::from(refused);
    assert!(refused.failed(3).contains("is a link"), "{refused:?}");
}

#[test]
fn output_that_cannot_be_written_ends_with_3() {
    let agency = CliAgency::with_officer("port-ca-pd");
    let bundle = agency.file("bundle");
    agency.accord(&["audit", "export", "--out", &bundle]).done();
    let full = || File::options().write(true).open("/dev/full").expect("a device");
    let commands: [&[&str]; 6] = [
        &["user", "list"],
        &["--json", "user", "list"],
        &["audit", "verify"],
        &["doctor"],
        &["--help"],
        &["--version"],
    ];
    for command in commands {
        let ended = agency.desk().command("admin", command).stdout(full()).output();
        let ended = CommandOutput::from(ended.expect("a process"));
        assert_eq!(ended.code, 3, "{command:?}: {ended:?}");
        assert!(ended.err.contains("could not be written"), "{command:?}: {ended:?}");
    }
    let commands: [&[&str]; 3] =
        [&["verify", &bundle], &["--json", "verify", &bundle], &["--help"]];
    for command in commands {
        let ended = Command::new(audit_binary()).args(command).stdout(full()).output();
        let ended = CommandOutput::from(ended.expect("a process"));
        assert_eq!(ended.code, 3, "{command:?}: {ended:?}");
        assert!(ended.err.contains("could not be written"), "{command:?}: {ended:?}");
    }
}

#[test]
fn a_plate_and_a_reason_need_not_stand_among_the_arguments() {
    let agency = CliAgency::with_officer("port-ca-pd");
    agency.add_reads(PLATE, 2);
    agency.desk().signs_in(OFFICER);
    let args = [
        "--json",
        "reads",
        "search",
        "--purpose",
        "stolen_vehicle",
        "--plate",
        "-",
        "--reason",
        "-",
        "--case=-",
    ];
    let mut command = agency.desk().command(OFFICER, &args);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut asking = piped.spawn().expect("a process");
    let mut stdin = asking.stdin.take().expect("its stdin");
    writeln!(stdin, "{PLATE}\nStolen vehicle reported by its owner").expect("a line");
    // It waits for the case, and has the rest. Until it has begun, the arguments are this test's.
    let shown = || fs::read(format!("/proc/{}/cmdline", asking.id())).expect("its arguments");
    let begun = |arguments: &[u8]| String::from_utf8_lossy(arguments).contains("\0search\0");
    let mut arguments = shown();
    while !begun(&arguments) {
        std::thread::yield_now();
        arguments = shown();
    }
    let arguments = String::from_utf8_lossy(&arguments).into_owned();
    assert!(arguments.contains("--plate\0-") && !arguments.contains(PLATE), "{arguments}");
    writeln!(stdin, "26-004711").expect("a line");
    let found = CommandOutput::from(asking.wait_with_output().expect("its end")).done();
    assert_eq!(found["reads"].as_array().map(Vec::len), Some(2), "{found}");
    let log = agency.accord(&["audit", "log", "--kind", "reads.searched"]).done();
    assert_eq!((&log["elements"]["plate"], &log["case"]), (&PLATE.into(), &"26-004711".into()));
    assert_eq!(log["reason"], "Stolen vehicle reported by its owner");
}
