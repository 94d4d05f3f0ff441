//! Strangers who take what there is to take: sockets that say nothing, handshakes that never end, bodies that
//! drip. Whoever is known is served beside them.

use std::net::SocketAddr;
use std::time::Duration;

use schemas::envelope::Kind as Signed;
use tests::agency::Agency;
use tests::federation::owner_and_raw;
use tests::fixtures::{PLATE, query};
use tests::https::{address, drips, send};
use tests::sources::{add_source, agency_with_https, native_lines, stored_reads, token};
use tests::wait::{eventually, within};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// A socket from another machine of this network to `to`.
async fn connect(from: [u8; 4], to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(SocketAddr::from((from, 0))).ok()?;
    socket.connect(to).await.ok()
}

/// Keeps `each` sockets that say nothing open from each of these machines, and opens another as soon as one
/// is closed.
fn besiege(from: impl Iterator<Item = [u8; 4]>, each: usize, to: SocketAddr) -> JoinSet<()> {
    let mut siege = JoinSet::new();
    for machine in from {
        for _ in 0..each {
            siege.spawn(async move {
                loop {
                    if let Some(mut socket) = connect(machine, to).await {
                        let _ = socket.read(&mut [0]).await;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
        }
    }
    siege
}

/// Where the peers of an agency reach it.
fn peer_port(agency: &Agency) -> SocketAddr {
    let address = agency.identity.card.addresses[0].as_str();
    let port = address.rsplit('/').next().and_then(|port| port.parse().ok()).expect("a port");
    SocketAddr::from(([127, 0, 0, 1], port))
}

async fn sends(agency: &Agency, token: &str, plate: &str) -> u16 {
    let basic = format!("Bearer {token}");
    let body = native_lines(agency, plate, 1);
    send(agency, "POST", "/sources/gate/reads", Some(&basic), body).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_served_while_strangers_hold_every_place_of_the_https_side() {
    let agency = agency_with_https().await;
    let gate = add_source(&agency, &["gate", "--format", "native"]);
    let siege = besiege((2..6).map(|n| [127, 0, 0, n]), 64, address(&agency));
    let counts = || agency.node().app.https_places.counts();
    eventually("every place is taken, and more want one", async || {
        let counts = counts();
        (counts.open >= 190 && counts.ended + counts.turned_away > 0).then_some(())
    })
    .await;
    for n in 0..6 {
        assert_eq!(sends(&agency, token(&gate), &format!("7ABC12{n}")).await, 200, "number {n}");
    }
    assert_eq!(stored_reads(&agency).await, 6);
    let (_, said) = agency.accord(&["doctor"]).check("strangers");
    assert!(said.contains("HTTPS: ") && said.contains("ended while idle"), "{said}");
    drop(siege);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_source_that_drips_keeps_no_other_waiting() {
    let agency = agency_with_https().await;
    let (slow, gate) = (
        add_source(&agency, &["slow", "--format", "native"]),
        add_source(&agency, &["gate", "--format", "native"]),
    );
    let mut dripping = JoinSet::new();
    for _ in 0..16 {
        dripping.spawn(drips(&agency, "/sources/slow/reads", token(&slow)));
    }
    let counts = || agency.node().app.https_places.counts();
    eventually("all of them are under way", async || (counts().open >= 16).then_some(())).await;
    for n in 0..3 {
        let plate = format!("7ABC12{n}");
        let sent = sends(&agency, token(&gate), &plate);
        assert_eq!(within("a turn", sent).await, 200, "number {n}");
    }
    assert_eq!(stored_reads(&agency).await, 3);
    dripping.abort_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admitted_peer_connects_anew_while_strangers_from_many_machines_say_nothing() {
    let (owner, honest, _) = owner_and_raw().await;
    let siege = besiege((1..41).map(|n| [127, 0, 1, n]), 8, peer_port(&owner));
    let counts = || owner.node().peers.handshakes();
    eventually("strangers have their places", async || (counts().open >= 150).then_some(())).await;
    for n in 0..8 {
        // What either of them is just about to open stands a moment later.
        eventually("no connection stands", async || {
            owner.node().peers.disconnect(&honest.identity.card.node_key).await;
            (!honest.is_connected(&owner)).then_some(())
        })
        .await;
        let asked = query(honest.id(), owner.id(), PLATE, owner.now());
        let asked = honest.identity.sign(Signed::Query, &asked);
        let reply = within("an answer", honest.ask(&owner, &asked)).await;
        drop(reply.answered());
        assert!(honest.is_connected(&owner), "number {n}");
    }
    drop(siege);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_cost_is_among_the_metrics_and_every_metric_says_what_it_is() {
    let agency = agency_with_https().await;
    let text = agency.accord(&["health"]);
    assert_eq!(text.code, 0);
    let told = std::fs::read_to_string(agency.home().join("tls/metrics-token")).expect("a token");
    let bearer = format!("Bearer {}", told.trim());
    let (status, text) = send(&agency, "GET", "/metrics", Some(&bearer), "").await;
    assert_eq!(status, 200);
    for name in [
        "accord_connections_waiting",
        "accord_connections_ended_idle",
        "accord_connections_turned_away",
        "accord_audits_due",
        "accord_requests_waiting",
        "accord_agreements_ending_soon",
    ] {
        assert!(text.contains(&format!("\n{name}")), "{name} in {text}");
    }
    for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).expect("a name");
        let help = text.lines().find_map(|line| line.strip_prefix(&format!("# HELP {name} ")));
        assert!(help.is_some_and(|help| help.len() > 10), "{name} has no help");
    }
}
