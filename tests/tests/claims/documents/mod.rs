//! Every document is typed as it stands, on real nodes, and prints what it says.
//!
//! The shell blocks of a document are typed in order, in one shell. What follows the opening fence
//! says what becomes of a block:
//!
//! | fence | |
//! |---|---|
//! | `sh` | typed as it stands; every command in it must succeed |
//! | `console` | what stands behind `$ ` is typed, and must print what stands below it |
//! | `console stays` | the same, but its one command runs on while the rest is typed |
//! | `sh shown`, `console shown` | not typed: it takes root, another machine, or minutes |
//!
//! Every other language is no shell. A fence without a language, and a shell by another name, are
//! mistakes: nobody could tell whether they are typed. In what a command prints, `…` in a line stands
//! for anything, and a line of `…` for any lines. Ids, digests, fingerprints, keys and tokens are
//! those of the run that the document shows; what stands in their place is learnt, and typed
//! ([`words`]). Times and dates are any.
//!
//! `ACCORD_UPDATE=1` writes into the documents what their commands printed in this run.

mod blocks;
mod disasters;
mod guide;
mod links;
mod shell;
mod words;

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use self::blocks::{Kind, blocks};
use self::shell::{Shell, document};

/// The documents of which blocks are typed, each by a claim below or in [`guide`].
const TYPED: [&str; 10] = [
    "README.md",
    "docs/agreements-and-requests.md",
    "docs/auditing.md",
    "docs/check-by-hand.md",
    "docs/first-query.md",
    "docs/importing.md",
    "docs/operating.md",
    "docs/postgresql.md",
    "docs/retention.md",
    "docs/searching.md",
];

fn free_port() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address").port().to_string()
}

/// A shell whose nodes listen where the documents say, but for the ports: many documents are typed at
/// once.
fn two_nodes() -> Shell {
    Shell::begin(&["7421", "7422", "8443"].map(|port| (port, free_port())), &[])
}

/// Types the first query, and then `path`, which goes on from there, in the same shell.
fn goes_on(path: &str) -> Shell {
    let mut shell = two_nodes();
    shell.types("docs/first-query.md");
    shell.has("node/ingest");
    shell.types(path);
    shell
}

#[test]
fn the_readme_prints_what_it_says() {
    Shell::begin(&[], &[]).types("README.md");
}

#[test]
fn the_first_query_prints_what_it_says() {
    two_nodes().types("docs/first-query.md");
}

#[test]
fn searching_prints_what_it_says() {
    goes_on("docs/searching.md");
}

#[test]
fn importing_prints_what_it_says_of_every_fixture() {
    let shell = goes_on("docs/importing.md");
    let text = document("docs/importing.md");
    let fixtures = std::fs::read_dir(shell.dir().join("node/ingest/tests/fixtures"));
    for fixture in fixtures.expect("fixtures").map(|file| file.expect("a file").file_name()) {
        let name = fixture.to_str().expect("UTF-8");
        // An audit export of another system is none of reads.
        if name == "audit_export.csv" {
            continue;
        }
        assert!(text.contains(&format!("/{name}: ")), "{name} is not imported there");
    }
}

#[test]
fn agreements_and_requests_prints_what_it_says() {
    goes_on("docs/agreements-and-requests.md");
}

#[test]
fn auditing_prints_what_it_says() {
    goes_on("docs/auditing.md");
}

#[test]
fn checking_by_hand_prints_what_it_says() {
    goes_on("docs/check-by-hand.md");
}

#[test]
fn retention_prints_what_it_says() {
    goes_on("docs/retention.md");
}

#[test]
fn postgresql_prints_what_it_says() {
    let server = postgres_server::Server::start();
    // The document makes the role itself.
    drop(server.sql("postgres:///postgres", "drop role accord"));
    let socket = server.data().parent().expect("the server's folder").display().to_string();
    let stand_ins = [("7421", free_port()), ("/run/postgresql", socket.clone())];
    let variables = [("PGHOST", socket), ("PGUSER", "postgres".into())];
    Shell::begin(&stand_ins, &variables).types("docs/postgresql.md");
}

#[test]
fn every_shell_block_of_every_document_is_typed_or_marked_as_shown() {
    let documents = links::documents();
    for path in &documents {
        let all = blocks(&document(path)).unwrap_or_else(|why| panic!("{path}: {why}"));
        let mut typed = false;
        for block in &all {
            let line = block.line;
            let steps = block.steps().unwrap_or_else(|why| panic!("{path}: {why}"));
            typed |= !steps.is_empty();
            let nobody = !steps.is_empty() && !TYPED.contains(&path.as_str());
            assert!(!nobody, "{path}: line {line}: nothing types this; mark it as shown");
            if block.kind == Kind::Shown && block.language == "sh" {
                let script = block.lines.join("\n");
                let checked = Command::new("bash").args(["-n", "-c", &script]).output();
                let checked = checked.expect("bash");
                assert!(checked.status.success(), "{path}: line {line}: {checked:?}");
            }
        }
        assert!(typed || !TYPED.contains(&path.as_str()), "{path} has nothing to type");
    }
    for path in TYPED {
        assert!(documents.iter().any(|known| known == path), "{path} is no document");
    }
}

#[test]
fn every_link_of_every_document_leads_somewhere() {
    let broken = links::broken();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_readme_is_a_page_that_leads_to_every_document() {
    let readme = document("README.md");
    let lines = readme.lines().count();
    assert!(lines <= 150, "{lines} lines; the rest belongs into docs/");
    for path in links::documents() {
        let ours = path.starts_with("docs/") || !path.contains('/');
        let linked = readme.contains(&format!("]({path})")) || path == "README.md";
        assert!(!ours || linked, "README does not lead to {path}");
    }
}

#[test]
fn every_bound_of_an_exchange_stands_in_the_configuration_with_its_default() {
    let text = document("docs/configuration.md");
    let defaults = serde_json::to_value(node::config::Bounds::default()).expect("JSON");
    let defaults = defaults.as_object().expect("a table");
    for (key, value) in defaults {
        assert!(text.contains(&format!("| `exchange.{key}` | {value} |")), "{key} = {value}");
    }
    assert_eq!(text.matches("| `exchange.").count(), defaults.len(), "no key that is none");
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let missing = links::missing_files();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
