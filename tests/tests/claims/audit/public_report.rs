//! What the public may see: nothing until the named official releases it, then exactly that, with a proof
//! that anybody checks.

use audit::public::PublicReport;
use schemas::digest::Digest;
use serde_json::Value;
use tests::agency::{Agency, Plan};
use tests::auditor::Auditor;
use tests::command_line::CliAgency;
use tests::fixtures::{OFFICER, PLATE, draft};
use tests::https::send;

#[test]
fn nothing_is_shown_before_the_named_official_releases_it() {
    let agency = CliAgency::with_officer("showing-ca-pd");
    let chief = ["user", "add", "c.doe", "--full-name", "Chris Doe", "--role", "supervisor"];
    agency.accord(&[&chief[..], &["--title", "ALPR Administrator"]].concat()).done();

    let made = agency.accord(&["audit", "report", "--kind", "public"]).done();
    assert_eq!(made["agency"], "showing-ca-pd");
    assert_eq!(made["periods"], Value::Array(Vec::new()), "no month is over yet");
    let entry = made["entry"].as_u64().expect("an entry").to_string();
    // The same once more, to the byte.
    let again = agency.accord(&["audit", "report", "--kind", "public", "--as-of", &entry]).done();
    assert_eq!(again, made);
    let text = agency.accord_text(
        "admin",
        &["audit", "report", "--kind", "public", "--as-of", &entry, "--format", "json"],
    );
    let digest = Digest::of(format!("{}\n", text.out.trim_end()).as_bytes()).to_string();

    // Neither an officer nor the administrator releases it, and nobody something else.
    let release = ["audit", "release", "report", "--entry", &entry, "--digest", &digest];
    assert!(agency.accord_as(OFFICER, &release).failed(1).contains("ALPR Administrator"));
    assert!(agency.accord(&release).failed(1).contains("1798.90.51(b)(2)(E)"));
    let other = "0".repeat(64);
    let wrong = ["audit", "release", "report", "--entry", &entry, "--digest", &other];
    assert!(agency.accord_as("c.doe", &wrong).failed(2).contains(&digest));
    let none = ["audit", "release", "report", "--entry", "0", "--digest", &digest];
    assert!(agency.accord_as("c.doe", &none).failed(2).contains("records no public report"));
    assert!(!agency.home().join("public-report.json").exists());
    agency.accord_as("c.doe", &release).done();
    let shown = std::fs::read_to_string(agency.home().join("public-report.json")).expect("a file");
    assert_eq!(serde_json::from_str::<Value>(&shown).expect("JSON"), made);

    let page = agency.accord(&["policy", "page"]).done();
    let digest = page["digest"].as_str().expect("a digest");
    agency.accord_as("c.doe", &["audit", "release", "page", "--digest", digest]).done();
    let shown = std::fs::read_to_string(agency.home().join("public-page.html")).expect("a file");
    assert_eq!(shown, page["page"].as_str().expect("a page"));
    let released = agency.accord(&["audit", "log", "--kind", "public.released"]).lines();
    assert_eq!(released.len(), 2, "{released:?}");
    agency.accord(&["audit", "verify"]).done();

    let withdraw = ["audit", "withdraw", "page", "--reason", "the chief changes"];
    assert!(agency.accord_as(OFFICER, &withdraw).failed(1).contains("ALPR Administrator"));
    agency.accord_as("c.doe", &withdraw).done();
    assert!(agency.accord_as("c.doe", &withdraw).failed(2).contains("nothing of the kind"));
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_sees_what_was_released_and_checks_that_it_is_on_record() {
    let agency = Agency::of(Plan::of("showing-ca-pd").with_https()).await;
    let get = async |path: &str| send(&agency, "GET", &format!("/public/{path}"), None, "").await;
    let paths = ["policy", "report", "report.json", "report.csv", "report.proof.json"];
    for path in paths {
        assert_eq!(get(path).await.0, 404, "{path}");
    }
    let chief = ["user", "add", "c.doe", "--full-name", "Chris Doe", "--role", "supervisor"];
    agency.accord(&[&chief[..], &["--title", "ALPR Administrator"]].concat()).done();
    // What was done in the months before.
    agency.add_reads(PLATE, 1).await;
    let draft = draft(&[agency.id()], PLATE, agency.now());
    for _ in 0..12 {
        agency.search_own(&draft).await.expect("an answer");
    }
    agency.clock.shift(40 * 24 * 60 * 60_000);
    let release = async || {
        let made = agency.accord(&["audit", "report", "--kind", "public"]).done();
        let bytes = PublicReport::read(made.to_string().as_bytes()).expect("a report").bytes();
        let (entry, digest) = (made["entry"].to_string(), Digest::of(&bytes).to_string());
        let release = ["audit", "release", "report", "--entry", &entry, "--digest", &digest];
        agency.accord_as("c.doe", &release).done();
        String::from_utf8(bytes).expect("UTF-8")
    };
    let first = release().await;
    let (status, shown) = get("report.json").await;
    assert_eq!((status, &shown), (200, &first), "exactly what was released");
    assert!(shown.contains("own reads searched") && !shown.contains(PLATE), "{shown}");
    assert!(get("report").await.1.contains("own reads searched"));
    assert!(get("report.csv").await.1.contains("\"12\""));
    assert_eq!(get("policy").await.0, 404, "each is released for itself");

    // Who has the report, the proof and the agency's key needs no node and no log.
    let auditor = Auditor::default();
    let write = |name: &str, text: &str| std::fs::write(auditor.file(name), text).expect("a file");
    write("report", &shown);
    let proven = get("report.proof.json").await.1;
    for private in ["c.doe", "Chris", "session", "uid"] {
        assert!(!proven.contains(private), "who released it is the log's to say: {proven}");
    }
    agency.search_own(&draft).await.expect("an answer");
    assert_eq!(get("report.proof.json").await.1, proven, "how busy the log is shows in none");
    write("proof", &proven);
    let key = format!("showing-ca-pd={}", agency.identity.card.agency_key.fingerprint());
    let [report, proof, before] = ["report", "proof", "before"].map(|name| auditor.path(name));
    let check = |more: &[&str]| {
        let public = ["--json", "public", report.as_str(), "--proof", &proof];
        auditor.run_without_node(&[&public[..], more].concat())
    };
    assert_eq!(check(&["--key", &key]).done()["ok"], true);
    assert_eq!(check(&[]).code, 1, "whose card it is, the card itself says");
    write("report", &shown.replace("\"count\": 12", "\"count\": 11"));
    let forged = check(&["--key", &key]);
    assert!(forged.code == 1 && forged.out.contains("records the release"), "{forged:?}");

    // The next report tells again what this one told.
    let second = release().await;
    write("before", &first);
    write("report", &second);
    write("proof", &get("report.proof.json").await.1);
    assert_eq!(check(&["--key", &key, "--before", &before]).done()["ok"], true);
    write("before", &first.replace("\"count\": 12", "\"count\": 11"));
    assert_eq!(check(&["--key", &key, "--before", &before]).code, 1);

    // A file that somebody changed is not shown.
    std::fs::write(agency.home().join("public-report.json"), shown).expect("a file");
    assert_eq!(get("report.json").await.0, 404);
}
