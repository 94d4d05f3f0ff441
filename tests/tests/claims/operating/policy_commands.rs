//! `accord policy …` and `accord request …` as people and scripts use them.

use agreements::policy::Policy;
use audit_log::clock::Clock;
use serde_json::Value;
use tests::command_line::{CliAgency, CommandOutput, STOLEN_VEHICLE};
use tests::fixtures::{OFFICER, PLATE};

const INDIO: &str = "indio-ca-pd";
const CHIEF: &str = "Investigative Support Services Division Chief";
const PORT: &str = "los-angeles-ca-port-police";
const COMMANDER: &str = "Support Services Division Commander";

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &STOLEN_VEHICLE, &["--plate", PLATE, "--limit", "50"]].concat()
}

fn code(refused: &Value) -> (&str, Vec<&str>) {
    let reason = &refused["reasons"][0];
    let cited = reason["citations"].as_array().expect("citations");
    let sections = cited.iter().map(|cited| cited["section"].as_str().expect("a section"));
    (reason["code"].as_str().expect("a code"), sections.collect())
}

/// An agency that asks, and an owner under its own policy, with three reads.
fn pair(owner: &str, title: &str) -> (CliAgency, CliAgency) {
    let asking = CliAgency::with_officer("asking-ca-pd");
    let owning = CliAgency::under_its_policy(owner, title);
    asking.introduce(&owning);
    owning.add_reads(PLATE, 3);
    (asking, owning)
}

#[test]
fn policy_show_prints_what_is_in_force_and_what_others_have_published() {
    let agency = CliAgency::under_its_policy(INDIO, CHIEF);
    let shown = agency.accord(&["policy", "show"]).done();
    assert_eq!((&shown["agency"], &shown["policy"]["format"]), (&INDIO.into(), &2.into()));
    assert_eq!(shown["policy"]["approval"]["requests"]["titles"][0], CHIEF);
    let told = agency.accord_text("admin", &["policy", "show"]);
    let read = Policy::from_toml("shown", &told.out).expect("a policy again");
    let published = Policy::builtin_text(INDIO).expect("a policy");
    assert_eq!(read, Policy::from_toml(INDIO, published).expect("a policy"));

    let other = agency.accord(&["policy", "show", "--agency", "escondido-ca-pd"]).done();
    assert_eq!(other["agency"], "escondido-ca-pd");
    assert_eq!(other["policy"]["suspicion"]["standard"], "reasonable");
    let told = agency.accord_text("admin", &["policy", "show", "--agency", "escondido-ca-pd"]).out;
    let text = Policy::builtin_text("escondido-ca-pd").expect("a policy");
    assert_eq!(told.trim_end(), text.trim_end(), "as it is published");
    let unknown = agency.accord(&["policy", "show", "--agency", "nowhere-ca-pd"]);
    let said = unknown.failed(2);
    assert!(said.contains("nowhere-ca-pd") && said.contains("monrovia-ca-pd"), "{said}");
}

#[test]
fn policy_adopt_puts_ones_own_policy_in_force_and_no_other() {
    let agency = CliAgency::under_its_policy(INDIO, CHIEF);
    let text = Policy::builtin_text(INDIO).expect("a policy");
    let written = |name: &str, text: &str| {
        let file = agency.file(name);
        std::fs::write(&file, text).expect("a file");
        file
    };
    let monrovia = Policy::builtin_text("monrovia-ca-pd").expect("a policy");
    let theirs = agency.accord(&["policy", "adopt", &written("theirs.toml", monrovia)]);
    let said = theirs.failed(2);
    assert!(said.contains("monrovia-ca-pd") && said.contains(INDIO), "{said}");
    // Whose law holds, the card says that its peers have taken in.
    let elsewhere = text.replace("state = \"CA\"", "state = \"NV\"");
    assert_ne!(elsewhere, text);
    let elsewhere = agency.accord(&["policy", "adopt", &written("elsewhere.toml", &elsewhere)]);
    let said = elsewhere.failed(2);
    assert!(said.contains("NV") && said.contains("is of CA"), "{said}");

    let line = |needle: &str| {
        let at = text.lines().position(|line| line == needle).expect("a line");
        format!("line {}", at + 1)
    };
    for (what, from, to, parts) in [
        ("a wrong sort", "most = 1000", "most = \"many\"", [line("most = 1000"), "most".into()]),
        ("an unknown key", "most = 1000", "mots = 1000", [line("most = 1000"), "mots".into()]),
        (
            "a wrong code",
            "demand = \"if_available\"",
            "demand = \"maybe\"",
            [line("demand = \"if_available\""), "demand".into()],
        ),
        (
            "below the text",
            "cut_off_years = 1",
            "cut_off_days = 30",
            ["retention.reads.cut_off_days".into(), "1 year".into()],
        ),
    ] {
        let file = written("mine.toml", &text.replace(from, to));
        let ended = agency.accord(&["policy", "adopt", &file]);
        let said = ended.failed(2);
        assert!(said.contains("mine.toml"), "{what}: {said}");
        assert!(parts.iter().all(|part| said.contains(part.as_str())), "{what}, {parts:?}: {said}");
    }
    assert_eq!(agency.accord(&["audit", "log", "--kind", "policy.adopted"]).lines().len(), 1);

    let before = Clock::system().now().to_string();
    let narrower = written("mine.toml", &text.replace("most = 1000", "most = 7"));
    let refused = agency.accord_as(OFFICER, &["policy", "adopt", &narrower]);
    assert!(refused.failed(1).contains("461.2"), "{refused:?}");
    let adopted = agency.accord(&["policy", "adopt", &narrower]).done();
    assert_eq!(adopted["policy"]["row_limit"]["most"], 7);
    assert_eq!(agency.accord(&["policy", "show"]).done()["policy"]["row_limit"]["most"], 7);
    let then = agency.accord(&["policy", "show", "--at", &before]).done();
    assert_eq!(then["policy"]["row_limit"]["most"], 1000, "the one before stays on record");
    assert_eq!(agency.accord(&["audit", "log", "--kind", "policy.adopted"]).lines().len(), 2);
}

#[test]
fn policy_page_has_the_seven_headings_of_the_statute() {
    let agency = CliAgency::under_its_policy(INDIO, CHIEF);
    let headings = [
        "A. Authorised purposes",
        "B. Who may use the system, and their training",
        "C. How the system is monitored",
        "D. Sharing: purposes, process and restrictions",
        "E. The official responsible",
        "F. Accuracy, and the correction of errors",
        "G. Retention and destruction",
    ];
    for (format, open, close) in [("html", "<h2>", "</h2>"), ("md", "\n## ", "\n")] {
        let page = agency.accord(&["policy", "page", "--format", format]).done();
        let page = page["page"].as_str().expect("a page").to_owned();
        let found: Vec<_> = page
            .split(open)
            .skip(1)
            .map(|rest| rest.split(close).next().expect("a heading"))
            .collect();
        assert_eq!(found, headings, "{format}");
        for part in [CHIEF, "Chris Doe", "461.7(a)", "461.3(f)", "missing persons"] {
            assert!(page.contains(part), "{format}: {part} in {page}");
        }
        assert_eq!(
            agency.accord_text("admin", &["policy", "page", "--format", format]).out,
            page_line(&page)
        );
    }
    let unknown = agency.accord(&["policy", "page", "--format", "docx"]);
    assert_eq!(unknown.only_error(2)["code"], "usage");
}

fn page_line(page: &str) -> String {
    format!("{}\n", page.trim_end())
}

#[test]
fn policy_explain_says_what_would_be_decided_and_asks_nobody() {
    let (asking, owning) = pair(PORT, COMMANDER);
    let explain = |more: &[&str]| {
        asking.accord_as(OFFICER, &with(&[&["policy", "explain", "--owner", PORT], more].concat()))
    };
    let refused = explain(&[]);
    assert_eq!((refused.code, refused.lines().len()), (1, 1), "{refused:?}");
    assert_eq!(refused.lines()[0]["decision"], "refuse");
    let line = &refused.lines()[0];
    assert_eq!(code(line).0, "no_authority");
    assert!(code(line).1.contains(&"462.7(a)"), "{line}");

    let before = Clock::system().now().to_string();
    let file = asking.file("draft.toml");
    let drafted = ["agreement", "draft", "--template", "lasd", "--out", &file];
    let parties = ["--party", asking.id.as_str(), "--party", PORT];
    let agreement = asking.accord(&[&drafted[..], &parties].concat()).done();
    let agreement = agreement["agreement"].as_str().expect("an id").to_owned();
    asking.accord(&["agreement", "propose", &file]).done();
    let by_admin = owning.sign_as_read("admin", &agreement);
    assert!(by_admin.code != 0, "the administrator is not the official");
    owning.sign_as_read("c.doe", &agreement).done();
    asking.retry_until(&["agreement", "show", &agreement], |shown| {
        (shown.done()["state"] == "in_force").then_some(())
    });

    let logs = [&asking, &owning].map(|agency| agency.accord(&["audit", "log"]).lines());
    let asked = |logs: &[Vec<Value>; 2]| -> usize {
        let exchange = |entry: &&Value| !entry["query_id"].is_null();
        logs.iter().flatten().filter(exchange).count()
    };
    let permitted = explain(&[]).done();
    assert_eq!(permitted["decision"], "permit");
    assert_eq!(permitted["basis"], format!("{agreement} v1"));
    assert!(permitted["scope"]["limit"] == 50 && permitted["scope"]["from"].is_string());
    assert_eq!(permitted["reasons"], Value::Array(Vec::new()));

    let then = explain(&["--at", &before]);
    assert_eq!((then.code, code(&then.lines()[0]).0), (1, "no_authority"), "{then:?}");
    let foreign = explain(&["--on-behalf-of", "some-federal-bureau"]);
    let line = &foreign.lines()[0];
    assert_eq!(
        (foreign.code, &line["decision"], code(line).0),
        (1, &"refuse".into(), "on_behalf_of")
    );
    assert!(code(line).1.contains(&"462.7"), "{line}");
    assert_eq!(line["own_reasons"][0]["code"], "on_behalf_of");
    let told = asking.accord_text(OFFICER, &with(&["policy", "explain", "--owner", PORT]));
    assert!(told.out.starts_with("permit") && told.out.contains(&agreement), "{}", told.out);

    // The owner explains the same of a peer, by its own policy.
    let here = ["policy", "explain", "--owner", PORT, "--asked-by", &asking.id];
    let here = owning.accord_as(OFFICER, &with(&here)).done();
    assert_eq!(
        (&here["decision"], &here["requester"]),
        (&"permit".into(), &asking.id.as_str().into())
    );
    let after = [&asking, &owning].map(|agency| agency.accord(&["audit", "log"]).lines());
    assert_eq!(asked(&after), asked(&logs), "nobody was asked");
}

#[test]
fn request_record_files_what_is_for_records_release() {
    let agency = CliAgency::under_its_policy(INDIO, CHIEF);
    let record = ["request", "record", "--from-body", "Desert Press", "--kind", "public_records"];
    let about = ["--about", "All reads of May", "--case", "PRA-17"];
    let filed = agency.accord_as("c.doe", &[&record[..], &about].concat()).done();
    assert_eq!(filed["state"], "records_release");
    assert_eq!((&filed["requester"], &filed["case"]), (&"Desert Press".into(), &"PRA-17".into()));
    assert!(filed["section"].as_str().is_some_and(|section| section.contains("461.7")), "{filed}");
    let id = filed["request"].as_str().expect("an id");
    let listed = agency.accord(&["request", "list", "--state", "records_release"]).done();
    assert_eq!(listed["request"], id);
    assert_eq!(agency.accord(&["request", "show", id]).done(), filed);
    let approved = agency.accord_as("c.doe", &["request", "approve", id, "--reason", "Press"]);
    assert!(approved.failed(2).contains(id), "{approved:?}");
    let body =
        agency.accord_as("c.doe", &["request", "record", "--from-body", "X", "--kind", "bribe"]);
    assert_eq!(body.only_error(2)["code"], "usage");
}

#[test]
fn a_refused_query_becomes_a_request_and_its_sheet_in_a_handful_of_commands() {
    let (asking, owning) = pair(INDIO, CHIEF);
    let refused = asking.accord_as(OFFICER, &with(&["query", "--to", INDIO]));
    assert_eq!((refused.code, code(&refused.lines()[0]).0), (1, "no_authority"));
    let query = refused.lines()[0]["query_id"].as_str().expect("an id").to_owned();
    let follows = ["request", "submit", "--after-refusal", &query];
    let row = asking.accord_as(OFFICER, &follows).done();
    assert_eq!((&row["owner"], &row["requested_by"]), (&INDIO.into(), &"Maria Reyes".into()));
    assert_eq!((&row["purpose"], &row["case"]), (&"stolen_vehicle".into(), &"26-004711".into()));
    assert_eq!((&row["scope"]["plates"][0], &row["uses_left"]), (&PLATE.into(), &1.into()));
    let (id, again) = (row["request"].as_str().expect("one"), row["rerun"].as_str().expect("one"));

    let show = ["request", "show", id];
    owning.retry_until(&show, |shown| (shown.code == 0).then_some(()));
    let approve = ["request", "approve", id, "--reason", "Need is shown"];
    let not_the_official = owning.accord(&approve);
    let said = not_the_official.failed(1);
    assert!(said.contains(CHIEF) && said.contains("461.7(b)"), "{said}");
    let wider = [&approve[..], &["--uses", "2"]].concat();
    assert!(owning.accord_as("c.doe", &wider).failed(2).contains("not wider"));
    let approved = owning.accord_as("c.doe", &approve).done();
    assert_eq!((&approved["state"], &approved["title"]), (&"approved".into(), &CHIEF.into()));
    asking.retry_until(&show, |shown| (shown.done()["state"] == "used_up").then_some(()));
    let answer = asking.accord_as(OFFICER, &["query", "--again", again]).done();
    assert_eq!((&answer["outcome"], &answer["query_id"]), (&"answered".into(), &again.into()));
    assert_eq!(answer["reads"].as_array().map(Vec::len), Some(3));
    let viewed = asking.accord(&["audit", "log", "--kind", "answer.viewed"]).lines();
    assert_eq!((viewed.len(), &viewed[0]["user"]), (1, &OFFICER.into()));

    let sheet = [&show[..], &["--format", "html"]].concat();
    let printed = owning.accord_as("c.doe", &sheet).done();
    assert_eq!(printed["request"], id);
    let html = printed["html"].as_str().expect("a sheet");
    let told = owning.accord_text("c.doe", &sheet).out;
    for page in [html, told.as_str()] {
        assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
        for part in [id, CHIEF, "Chris Doe", "461.7(a)", "Need is shown", "Maria Reyes", PLATE] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }
    let refused: CommandOutput = owning.accord_as(OFFICER, &sheet);
    assert_eq!(refused.only_error(1)["code"], "role_not_authorized", "it shows what the log holds");
    let late = asking.accord_as(OFFICER, &["request", "submit", "--after-refusal", again]);
    assert!(late.failed(2).contains("was not refused"), "{late:?}");
}

#[test]
fn who_was_never_trained_sees_no_answer_that_others_received() {
    let (asking, owning) = pair(INDIO, CHIEF);
    let add = ["user", "add", "n.new", "--full-name", "Nia New", "--role", "sworn"];
    asking.accord(&add).done();
    let refused = asking.accord_as(OFFICER, &with(&["query", "--to", INDIO]));
    let query = refused.lines()[0]["query_id"].as_str().expect("an id").to_owned();
    let row = asking.accord_as(OFFICER, &["request", "submit", "--after-refusal", &query]).done();
    let (id, again) = (row["request"].as_str().expect("one"), row["rerun"].as_str().expect("one"));
    owning.retry_until(&["request", "show", id], |shown| (shown.code == 0).then_some(()));
    owning.accord_as("c.doe", &["request", "approve", id, "--reason", "Need is shown"]).done();
    asking.retry_until(&["request", "show", id], |shown| {
        (shown.done()["state"] == "used_up").then_some(())
    });
    assert_eq!(asking.accord_as(OFFICER, &["query", "--again", again]).code, 0);
    let seen = asking.accord_as("n.new", &["query", "--again", again]);
    assert_eq!(seen.code, 1, "{seen:?}");
    assert!(!seen.out.contains(&format!("\"plate_raw\":\"{PLATE}\"")), "{seen:?}");
}
