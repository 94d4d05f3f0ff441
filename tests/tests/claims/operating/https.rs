//! What a node serves over HTTPS beside reads: its health, figures for monitoring, a certificate.

use std::fs;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, IsCa,
    KeyPair,
};
use tests::agency::{Agency, Plan};
use tests::fixtures::PLATE;
use tests::https::{pin, send};
use tests::sources::{add_source, agency_with_https, native_lines, token};
use tests::wait::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn monitoring_is_told_numbers_and_nothing_that_names_anybody() {
    let agency = agency_with_https().await;
    let gate = add_source(&agency, &["gate-1", "--format", "native"]);
    let bearer = format!("Bearer {}", token(&gate));
    let body = native_lines(&agency, PLATE, 3);
    assert_eq!(send(&agency, "POST", "/sources/gate-1/reads", Some(&bearer), body).await.0, 200);
    assert_eq!(send(&agency, "GET", "/healthz", None, "").await, (200, "ok\n".into()));
    assert_eq!(agency.accord(&["health"]).done()["ready"], true);
    for wrong in [None, Some(&*bearer)] {
        assert_eq!(send(&agency, "GET", "/metrics", wrong, "").await.0, 401);
    }
    let token = fs::read_to_string(agency.home().join("tls/metrics-token")).expect("a token");
    let (status, said) =
        send(&agency, "GET", "/metrics", Some(&format!("Bearer {token}")), "").await;
    assert_eq!(status, 200, "{said}");
    for line in [
        "accord_log_appends_total{kind=\"reads.imported\"} 1",
        "accord_source_records{source=\"gate-1\",outcome=\"stored\"} 3",
        "accord_peers{what=\"connected\"} 0",
        "accord_alarms_open 0",
    ] {
        assert!(said.lines().any(|of| of == line), "{line} is not in\n{said}");
    }
    for name in [
        "accord_log_commit_seconds_bucket",
        "accord_disk_free_bytes",
        "accord_certificate_end_timestamp_seconds",
    ] {
        assert!(said.contains(name), "{name} is not in\n{said}");
    }
    for secret in [PLATE, "admin", "Alex"] {
        assert!(!said.contains(secret), "{secret} is in\n{said}");
    }
    for path in ["/status", "/users", "/audit/log", "/queries", "/sources"] {
        assert_eq!(
            send(&agency, "GET", path, None, "").await.0,
            404,
            "{path} is not for the network"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_used_without_a_restart_and_a_pin_outlives_it() {
    let agency = agency_with_https().await;
    let before = fs::read(agency.home().join("tls/cert.pem")).expect("a certificate");
    let pinned = pin(&agency);
    let shown = agency.accord(&["certificate", "renew", "--name", "alpr.monrovia.example"]).done();
    assert_eq!(shown["names"], serde_json::json!(["alpr.monrovia.example"]));
    assert_eq!(shown["pin"], pinned.to_string());
    assert_ne!(fs::read(agency.home().join("tls/cert.pem")).expect("a certificate"), before);
    eventually("the node uses it", async || {
        let served = agency.node().app.certificate.as_ref().expect("an HTTPS side").certificate();
        (served.names == ["alpr.monrovia.example"]).then_some(())
    })
    .await;
    assert_eq!(pin(&agency), pinned);
    assert_eq!(send(&agency, "GET", "/healthz", None, "").await.0, 200);

    // Files that do not belong together are not used: what was served before still is.
    let key = agency.home().join("tls/key.pem");
    let kept = fs::read(&key).expect("a key");
    fs::write(&key, "no key").expect("a file");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(send(&agency, "GET", "/healthz", None, "").await.0, 200);
    fs::write(&key, kept).expect("a file");
    let shown = agency.accord(&["certificate", "renew", "--new-key"]).done();
    assert_ne!(shown["pin"], pinned.to_string());
    eventually("the new key is used", async || (pin(&agency) != pinned).then_some(())).await;
    assert_eq!(send(&agency, "GET", "/healthz", None, "").await.0, 200);
}

type Authority = CertifiedIssuer<'static, KeyPair>;

/// An authority, below another or by itself.
fn authority(name: &str, above: Option<&Authority>) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    match above {
        Some(above) => CertifiedIssuer::signed_by(params, key, above).expect("an authority"),
        None => CertifiedIssuer::self_signed(params, key).expect("an authority"),
    }
}

/// What an authority makes of a request, between two years.
fn signed(request: &str, by: &Authority, years: [i32; 2]) -> String {
    let mut asked = CertificateSigningRequestParams::from_pem(request).expect("a request");
    asked.params.not_before = rcgen::date_time_ymd(years[0], 1, 1);
    asked.params.not_after = rcgen::date_time_ymd(years[1], 1, 1);
    asked.signed_by(by).expect("a certificate").pem()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agencys_authority_signed_is_taken_and_what_does_not_fit_is_told_why() {
    let agency = Agency::of(Plan::of("asking-ca-pd").with_pages()).await;
    let pinned = pin(&agency);
    let (ok, said) = agency.accord(&["doctor"]).check("certificate");
    assert!(!ok && said.contains("certificate request"), "{said}");
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let asked = agency.accord(&["certificate", "request", "--out", &path("request.pem")]).done();
    assert_eq!(asked["names"][0], "localhost", "the name of the pages");
    let request = fs::read_to_string(path("request.pem")).expect("a request");
    assert!(!request.contains("PRIVATE KEY"), "the key stays");

    let root = authority("Root", None);
    let below = authority("Below", Some(&root));
    let now = [2020, 2100];
    let good = signed(&request, &below, now);
    let other_name = {
        let args = ["certificate", "request", "--out", &path("o.pem"), "--name", "b.example.org"];
        assert_eq!(agency.accord(&args).code, 0);
        signed(&fs::read_to_string(path("o.pem")).expect("a request"), &below, now)
    };
    let other_key = {
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        params.signed_by(&key, &below).expect("a certificate").pem()
    };
    let own = fs::read_to_string(agency.home().join("tls/cert.pem")).expect("a certificate");
    let turned_down = [
        ("nothing".to_owned(), "in PEM"),
        (own.clone(), "vouches for itself alone"),
        (other_key, "not for the key of this home"),
        (other_name, "pages are reached at `localhost`"),
        (signed(&request, &below, [2001, 2002]), "it is valid from"),
        (good.clone() + &root.pem(), "number 1 is not signed by the one after it"),
    ];
    let file = path("signed.pem");
    for (text, why) in turned_down {
        fs::write(&file, text).expect("a file");
        let ended = agency.accord(&["certificate", "install", &file]);
        let said = ended.failed(2);
        assert!(said.contains(why), "{why}: {said}");
        let there = fs::read_to_string(agency.home().join("tls/cert.pem")).expect("a file");
        assert_eq!(there, own, "{why}: what was there stays");
    }
    fs::write(&file, good + &below.pem()).expect("a file");
    let shown = agency.accord(&["certificate", "install", &file]).done();
    assert_eq!(shown["self_signed"], false);
    assert_eq!(shown["pin"], pinned.to_string(), "whoever pins the key notices nothing");
    eventually("the node uses it", async || {
        let served = agency.node().app.certificate.as_ref().expect("an HTTPS side").certificate();
        (!served.self_signed).then_some(())
    })
    .await;
    let (ok, said) = agency.accord(&["doctor"]).check("certificate");
    assert!(ok, "{said}");
}
