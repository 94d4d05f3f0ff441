//! People sign in at the command line, with real authenticators.

use tests::command_line::{CliAgency, CommandOutput};
use tests::fixtures::OFFICER;

fn code(of: &serde_json::Value) -> String {
    of["code"].as_str().expect("a code").to_owned()
}

#[test]
fn the_administrator_enrols_herself_and_an_officer_and_the_log_says_how_each_signed_in() {
    let mut agency = CliAgency::init("asking-ca-pd");
    agency.start();
    let (admins, officers) = (agency.file("admin.toml"), agency.file("officer.toml"));
    let enrolment = agency.enrolment.clone();
    let signed_in = agency.accord(&["login", "--enrol", &enrolment, "--save", &admins]).done();
    assert_eq!(signed_in["signed_in"], "admin");
    assert!(
        agency
            .accord(&["login", "--enrol", &enrolment, "--save", &agency.file("again")])
            .failed(1)
            .contains("no enrolment")
    );
    agency
        .accord(&["user", "add", OFFICER, "--full-name", "Maria Reyes", "--role", "sworn"])
        .done();
    let sheet = agency.accord(&["user", "enrol", OFFICER, "--identified", "in person"]).done();
    let card = ["login", "--enrol", &code(&sheet), "--card", "--save", &officers];
    assert_eq!(agency.accord(&card).done()["signed_in"], OFFICER);
    // A card's code, then another; and codes by the clock, which are shown once each.
    for file in [&officers, &officers, &admins] {
        agency.accord(&["login", "--from", file]).done();
    }
    let session = agency.accord_as(OFFICER, &["session"]).done();
    assert_eq!((&session["user"], &session["session"]["user"]), (&OFFICER.into(), &OFFICER.into()));
    assert_eq!(session["signed_in"], "password and code card", "{session}");
    let listed = agency.accord_as(OFFICER, &["authenticator", "list", OFFICER]);
    assert_eq!(listed.lines().len(), 2, "{listed:?}");
    let others = agency.accord_as(OFFICER, &["authenticator", "list", "admin"]);
    assert!(others.failed(1).contains("may not do this"));
    agency.accord_as(OFFICER, &["logout"]).done();
    let list = ["--json", "authenticator", "list", OFFICER];
    let over = agency.desk().command(OFFICER, &list).output().expect("a process");
    let over = CommandOutput::from(over);
    assert!(over.failed(1).contains("is not signed in here"), "{over:?}");
    // A name alone is no longer worth anything.
    let named = agency.accord_without_sessions("admin", &["audit", "log"]);
    assert!(named.failed(1).contains("`admin` is not signed in here"), "{named:?}");
    agency
        .accord(&["user", "add", "a.auditor", "--full-name", "Ann Auditor", "--role", "auditor"])
        .done();
    let log = agency.accord_as("a.auditor", &["audit", "log"]).lines();
    let by = |kind: &str| {
        let found = log.iter().rfind(|entry| entry.to_string().contains(&format!("\"{kind}\"")));
        found.unwrap_or_else(|| panic!("no {kind} in {log:?}")).to_string()
    };
    let added = by("user.added");
    assert!(added.contains("session ") && added.contains("password and one-time code"), "{added}");
    assert!(by("sign_in.succeeded").contains("socket, uid"));
    let verified = agency.accord_as("a.auditor", &["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    assert_eq!(agency.stop(), 0);
}

#[test]
fn a_file_of_authenticators_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut agency = CliAgency::init("asking-ca-pd");
    agency.start();
    let (file, enrolment) = (agency.file("admin.toml"), agency.enrolment.clone());
    agency.accord(&["login", "--enrol", &enrolment, "--save", &file]).done();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("a file");
    assert!(agency.accord(&["login", "--from", &file]).failed(2).contains("can be read by others"));
    let stopped = agency.accord(&["user", "recover", "admin", "--reason", "lost the telephone"]);
    assert!(stopped.failed(1).contains("stop it first"), "{stopped:?}");
    assert_eq!(agency.stop(), 0);
    let made =
        agency.accord(&["user", "recover", "admin", "--reason", "lost the telephone"]).done();
    agency.start();
    let again = agency.file("again.toml");
    agency.accord(&["login", "--enrol", &code(&made), "--save", &again]).done();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a file");
    assert!(agency.accord(&["login", "--from", &file]).failed(1).contains("is not right"));
    assert_eq!(agency.stop(), 0);
}

#[test]
fn what_is_enrolled_is_in_its_file_before_it_counts_and_the_code_in_no_journal() {
    use std::os::unix::fs::PermissionsExt as _;
    let agency = CliAgency::without_home("asking-ca-pd");
    let (code, file) = (agency.file("enrolment"), agency.file("admin.toml"));
    let mut agency = agency.init_with(
        "california-statute",
        tests::agency::free_address().as_str(),
        &["--enrolment-to", &code],
    );
    assert_eq!(agency.enrolment, "", "it is not printed");
    let mode = std::fs::metadata(&code).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    agency.start();
    let enrols = |file: &str| {
        let login = ["--json", "login", "--enrol", "-", "--save", file];
        let mut command = agency.desk().command_of_nobody(&login);
        let code = std::fs::File::open(&code).expect("a code");
        CommandOutput::from(command.stdin(code).output().expect("a process"))
    };
    // Where nothing can be written nothing is bound: the code is as good as before.
    std::fs::write(&file, "mine").expect("a file");
    for unwritable in [file.as_str(), &agency.file("no/such/folder")] {
        assert_eq!(enrols(unwritable).code, 3, "{unwritable}");
    }
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "mine");
    let other = agency.file("other.toml");
    assert_eq!(enrols(&other).done()["signed_in"], "admin");
    agency.accord_unnamed(&["login", "--from", &other]).done();
    // What is refused leaves no file behind.
    let again = agency.file("again.toml");
    assert!(enrols(&again).failed(1).contains("no enrolment"));
    assert!(!std::path::Path::new(&again).exists());
    assert_eq!(agency.stop(), 0);
}
