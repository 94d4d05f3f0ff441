//! Doctor says what is wrong before it is needed: a peer that is away, a file that is gone, and why a node
//! does not start.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use tests::agency::{Agency, Plan, free_socket};
use tests::binary::binary;
use tests::federation::{pair, sharing_pair};
use tests::fixtures::PLATE;

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_with_an_agreement_in_force_that_cannot_be_reached_is_not_ok() {
    let (asking, mut owning, _) = sharing_pair().await;
    assert_eq!(asking.ask_one(owning.id(), PLATE).await.error, None);
    let (ok, said) = asking.accord(&["doctor"]).check("peers");
    assert!(ok, "{said}");
    owning.stop().await;
    let (ok, said) = asking.accord(&["doctor"]).check("peers");
    assert!(!ok && said.contains(owning.id().as_str()), "{said}");
    owning.run().await;
    let (ok, said) = asking.accord(&["doctor"]).check("peers");
    assert!(ok, "it is dialled: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_an_agreement_may_be_away() {
    let (asking, mut owning) = pair().await;
    owning.stop().await;
    assert!(asking.accord(&["doctor"]).check("peers").0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_or_open_to_others_is_named_while_the_node_runs() {
    let mut agency = Agency::start("owning-ca-pd").await;
    let files = |agency: &Agency| agency.accord(&["doctor"]).check("files");
    assert!(files(&agency).0, "{}", files(&agency).1);
    for gone in ["keys/agency.pem", "card.json"] {
        let path = agency.home().join(gone);
        let kept = fs::read(&path).expect("a file");
        fs::remove_file(&path).expect("removed");
        let (ok, said) = files(&agency);
        assert!(!ok && said.contains(gone), "{said}");
        fs::write(&path, kept).expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("permissions");
    }
    let key = agency.home().join("keys/log.pem");
    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("permissions");
    let (ok, said) = files(&agency);
    assert!(!ok && said.contains("log.pem") && said.contains("chmod 600"), "{said}");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("permissions");
    assert!(files(&agency).0);
    agency.stop().await;
    agency.delete_anchor();
    agency.run().await;
    let (ok, said) = files(&agency);
    assert!(!ok && said.contains("no anchor when the node started"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_node_is_told_why_it_does_not_start() {
    let mut agency = Agency::of(Plan::of("owning-ca-pd").with_https()).await;
    let lines = |agency: &Agency| agency.accord(&["doctor"]);
    agency.stop().await;
    let at_rest = lines(&agency);
    assert_eq!(at_rest.code, 1);
    assert!(at_rest.check("node").1.contains("run"), "{at_rest:?}");
    for name in ["files", "configuration", "ports", "database", "log", "clock"] {
        let (ok, said) = at_rest.check(name);
        assert!(ok, "{name}: {said}");
    }

    let config = agency.home().join("accord.toml");
    let text = fs::read_to_string(&config).expect("a configuration");
    let port = text.lines().find(|line| line.starts_with("http")).expect("a port");
    let address = port.split('"').nth(1).expect("an address");
    let taken = TcpListener::bind(address).expect("a port that is free");
    let (ok, said) = lines(&agency).check("ports");
    assert!(!ok && said.contains(address), "{said}");
    drop(taken);

    fs::write(&config, "agency = 3").expect("written");
    assert!(!lines(&agency).check("configuration").0);
    fs::write(&config, &text).expect("written");

    for file in ["accord.db-wal", "accord.db-shm"] {
        drop(fs::remove_file(agency.home().join(file)));
    }
    let database = agency.home().join("accord.db");
    let kept = fs::read(&database).expect("a database");
    fs::write(&database, "no database at all, for many bytes".repeat(1_000)).expect("written");
    assert!(!lines(&agency).check("database").0);
    fs::write(&database, kept).expect("written");

    let lock = fs::OpenOptions::new().write(true).open(agency.home().join("lock")).expect("a lock");
    lock.try_lock().expect("the lock");
    let (_, said) = lines(&agency).check("node");
    assert!(said.contains("running already"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_of_another_user_is_not_a_home_that_is_missing() {
    let agency = Agency::start("owning-ca-pd").await;
    // Root may look everywhere: somebody else is asked, where this is root.
    let reached = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "test", "-x"])
        .arg(binary())
        .status();
    if !reached.is_ok_and(|status| status.success()) {
        return;
    }
    fs::set_permissions(agency.home(), Permissions::from_mode(0o711)).expect("permissions");
    for args in [["doctor", "--json"], ["health", "--json"], ["run", "--json"]] {
        let said = Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(binary())
            .args(args)
            .env("ACCORD_HOME", agency.home())
            .output()
            .expect("a process");
        let out = String::from_utf8_lossy(&said.stdout);
        assert!(out.contains("home_forbidden") && out.contains("sudo -u"), "{args:?}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_another_listens_at_is_refused_with_the_reason() {
    let one = Agency::start("owning-ca-pd").await;
    let mut other = Agency::start("asking-ca-pd").await;
    other.stop().await;
    let listen = |agency: &Agency| {
        let text = fs::read_to_string(agency.home().join("accord.toml")).expect("a configuration");
        text.lines().find(|line| line.starts_with("listen")).expect("listen").to_owned()
    };
    let config = other.home().join("accord.toml");
    let text = fs::read_to_string(&config).expect("a configuration");
    let own = listen(&other);
    fs::write(&config, text.replace(&own, &listen(&one))).expect("written");
    let refused = other.start_error().await.to_string();
    assert!(refused.contains("another program listens there"), "{refused}");
    assert_eq!(one.accord(&["health"]).code, 0);

    // A foreign server there is no other case.
    let (foreign, at) = (free_socket(), &config);
    let listener = TcpListener::bind(foreign).expect("a port");
    let there = format!("listen = [\"/ip4/127.0.0.1/tcp/{}\"]", foreign.port());
    fs::write(at, text.replace(&own, &there)).expect("written");
    let refused = other.start_error().await.to_string();
    assert!(refused.contains("another program listens there"), "{refused}");
    drop(listener);
}
