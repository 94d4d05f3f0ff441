//! Floods of each sort, from a host of their own, beside an officer who asks: she is answered as before,
//! and the node grows by no more than what [operating](../../docs/operating.md) says.
//!
//! The flooding program is this one, run in the namespace of that host. What it floods with: documents and
//! halves of frames of a peer whose card is known; connections to the peers' port that say nothing or
//! garbage, from forty addresses; idle sockets at the HTTPS side; bodies of a source that drip.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use agreements::request::{Request, RequestScope};
use audit_log::clock::Clock;
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::key::SecretKey;
use schemas::purpose::Purpose;
use schemas::text::Text;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::fixtures::words;
use tests::https::drips_at;
use tests::identity::Identity;
use tests::raw_peer::RawPeer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::at_length;
use crate::ground::{Figures, HTTPS, Made, PORT, Pair};
use crate::net::{Net, run as command};

const FLOODING: &str = "flooding-ca-pd";
/// The host of the flood among the nodes' hosts.
const HOST: usize = 2;
/// Further addresses of that host, and the sockets from each.
const ADDRESSES: u8 = 40;
const EACH: usize = 8;
/// What a peer or a source does at once.
const LANES: usize = 32;
/// How long a flooding peer waits for a word.
const PATIENCE: Duration = Duration::from_secs(10);
/// Queries of the officer in a spell, with and without a flood: a share, and at length.
const QUERIES: [usize; 2] = [60, 300];
/// How often the 99th of a hundred may take as long as without the flood.
const SLOWER: u32 = 3;
/// Below this nobody notices, and a machine that is shared tells nothing.
const UNNOTICED: Duration = Duration::from_millis(150);
/// What a flood may add to the memory that a node takes, in megabytes.
const GROWTH_MB: u64 = 96;

const SORTS: [&str; 5] = ["documents", "handshakes", "substreams", "idle-https", "dripping"];
/// How many of them are played where not all are asked for.
const SHARE: usize = 2;

/// Each flood in turn, beside an officer who asks.
pub(crate) fn flooded() -> Figures {
    let made = Made { strangers: 1, https: true, ..Made::default() };
    let mut pair = Pair::made("flooded", made);
    for n in 0..ADDRESSES {
        let address = format!("10.77.0.{}/24", 100 + n);
        let namespace = pair.net.node(HOST);
        command("ip", &["-n", &namespace, "address", "add", &address, "dev", "eth0"])
            .unwrap_or_else(|e| panic!("{e}"));
    }
    let folder = TempDir::new().expect("a folder");
    admit(&pair, folder.path());
    // What a first exchange takes is no measure.
    drop(spell(&mut pair));
    let sorts = if at_length() { SORTS.len() } else { SHARE };
    for sort in SORTS.into_iter().take(sorts) {
        let quiet = p99(spell(&mut pair));
        let before = resident_mb(&pair);
        let mut flood = begun(&pair, sort, folder.path());
        std::thread::sleep(Duration::from_secs(1));
        let beside = p99(spell(&mut pair));
        let after = resident_mb(&pair);
        let still = flood.try_wait().expect("a process").is_none();
        drop(flood.kill());
        drop(flood.wait());
        assert!(still, "{sort}: the flood ended by itself");
        let quiet = quiet.max(p99(spell(&mut pair)));
        println!(
            "faults: flooded    {sort:<11} p99 {:.1} ms beside it, {:.1} ms without; memory {before} MB before, {after} MB",
            beside.as_secs_f64() * 1e3,
            quiet.as_secs_f64() * 1e3,
        );
        assert!(beside <= (quiet * SLOWER).max(UNNOTICED), "{sort}: {beside:?}, without {quiet:?}");
        assert!(after <= before + GROWTH_MB, "{sort}: {before} MB before, {after} MB");
        pair.over(sort);
    }
    pair.figures()
}

/// One spell of queries; how long each took.
fn spell(pair: &mut Pair) -> Vec<Duration> {
    (0..QUERIES[usize::from(at_length())]).map(|_| pair.timed()).collect()
}

fn p99(mut each: Vec<Duration>) -> Duration {
    each.sort_unstable();
    each[each.len() * 99 / 100 - 1]
}

/// What the owner's node takes, in megabytes.
fn resident_mb(pair: &Pair) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pair.owning.pid()));
    let status = status.expect("a running node");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number") / 1_024
}

/// The owner takes the flooding agency's card, and a source; what the flood needs stands in a folder.
fn admit(pair: &Pair, folder: &Path) {
    let identity = Identity::new(FLOODING, Vec::new(), Clock::system().now());
    let card = folder.join("flooding.card");
    std::fs::write(&card, identity.card_envelope().to_text()).expect("a file");
    let fingerprint = identity.agency_key.public().fingerprint().to_string();
    let card = card.to_str().expect("UTF-8");
    let confirmed = ["--fingerprint", &fingerprint, "--verified-by", "telephone"];
    pair.owning.accord(&[&["card", "add", card][..], &confirmed].concat()).done();
    let owner = folder.join("owner.card");
    let owner = owner.to_str().expect("UTF-8");
    pair.owning.accord(&["card", "show", "--out", owner]).done();
    let source = pair.owning.accord(&["source", "add", "gate", "--format", "native"]).done();
    let certificate = pair.owning.accord(&["certificate", "show"]).done();
    let keys = [
        &identity.agency_key,
        &identity.node_key,
        &identity.message_key,
        &identity.log_key,
        &identity.cosigner_key,
    ];
    let needed = json!({
        "seeds": keys.map(|key| key.seed().to_vec()),
        "token": source["token"],
        "pin": certificate["pin"],
    });
    std::fs::write(folder.join("flood.json"), needed.to_string()).expect("a file");
}

/// The flood, in the namespace of its host.
fn begun(pair: &Pair, sort: &str, folder: &Path) -> Child {
    let program = std::env::current_exe().expect("this program");
    Command::new("ip")
        .args(["netns", "exec", &pair.net.node(HOST)])
        .arg(program)
        .args(["flood", sort])
        .arg(folder)
        .stdin(Stdio::null())
        .spawn()
        .expect("a process")
}

/// Floods until it is ended.
pub(crate) fn run(sort: &str, folder: &str) {
    let folder = Path::new(folder);
    let needed = std::fs::read_to_string(folder.join("flood.json")).expect("what a flood needs");
    let needed: Value = serde_json::from_str(&needed).expect("JSON");
    let owner: IpAddr = Net::address(1).parse().expect("an address");
    let [peers, https] = [PORT, HTTPS].map(|port| SocketAddr::new(owner, port));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match sort {
            "handshakes" => besiege(peers, b"\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n").await,
            "idle-https" => besiege(https, b"").await,
            "dripping" => {
                let pin: Digest = needed["pin"].as_str().expect("a pin").parse().expect("one");
                let token = needed["token"].as_str().expect("a token").to_owned();
                let lane = || async {
                    loop {
                        let at = https.to_string();
                        let _ = drips_at(&at, pin, "/sources/gate/reads", &token).await;
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                };
                futures::future::join_all((0..LANES).map(|_| lane())).await;
            }
            _ => {
                let by = Arc::new(RawPeer::with(identity(&needed, folder)));
                let card = std::fs::read(folder.join("owner.card")).expect("a card");
                let card = Envelope::parse(&card).expect("an envelope");
                let mut card = Card::open(&card).expect("a card");
                // Past the relay, which is no part of it.
                let address = format!("/ip4/{owner}/tcp/{PORT}");
                card.addresses = vec![address.parse().expect("an address")];
                let lanes = (0..LANES).map(|_| peer_floods(sort, &by, &card));
                futures::future::join_all(lanes).await;
            }
        }
    });
}

fn identity(needed: &Value, folder: &Path) -> Identity {
    let seed = |n: usize| {
        let bytes: Vec<u8> = serde_json::from_value(needed["seeds"][n].clone()).expect("a seed");
        SecretKey::from_seed(&bytes.try_into().expect("32 bytes"))
    };
    let card = std::fs::read(folder.join("flooding.card")).expect("a card");
    let card = Card::open(&Envelope::parse(&card).expect("an envelope")).expect("a card");
    Identity {
        id: card.id.clone(),
        agency_key: seed(0),
        node_key: seed(1),
        message_key: seed(2),
        log_key: seed(3),
        cosigner_key: seed(4),
        card,
    }
}

/// Sockets from many addresses that say this much and no more, opened again as soon as one is closed.
async fn besiege(to: SocketAddr, words: &'static [u8]) {
    let lanes = (0..ADDRESSES).flat_map(|n| (0..EACH).map(move |_| n)).map(|n| async move {
        loop {
            let from = SocketAddr::from(([10, 77, 0, 100 + n], 0));
            let socket = TcpSocket::new_v4().and_then(|socket| socket.bind(from).map(|()| socket));
            if let Ok(socket) = socket
                && let Ok(mut stream) = socket.connect(to).await
                && stream.write_all(words).await.is_ok()
            {
                let mut said = [0; 256];
                while stream.read(&mut said).await.is_ok_and(|read| read > 0) {}
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    futures::future::join_all(lanes).await;
}

/// One lane of an admitted peer: written requests as large as they may be, or substreams that stop inside a
/// large frame.
async fn peer_floods(sort: &str, by: &RawPeer, owner: &Card) {
    loop {
        let Some(mut wire) = by.open_to(owner).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        loop {
            let sent = if sort == "documents" {
                let request = document(&by.identity, owner);
                wire.send(FrameKind::Document, request.as_bytes()).await
            } else {
                let head = [&30_005u32.to_be_bytes()[..], &[FrameKind::Query as u8], &[0; 4]];
                wire.send_bytes(&[head.concat(), vec![b' '; 29_000]].concat()).await
            };
            // A half is waited for, until its substream is given up and another one opened.
            let said = tokio::time::timeout(PATIENCE, wire.next()).await;
            if sent.is_err() || !matches!(said, Ok(Some(_))) {
                break;
            }
        }
    }
}

/// A written request under a new id, as large as it may be.
fn document(by: &Identity, owner: &Card) -> Envelope {
    let slug = node::exchange::ask::random_id().expect("randomness");
    let request = Request {
        id: format!("{}/req-{slug}", by.id).parse().expect("an id"),
        from: by.id.clone(),
        to: owner.id.clone(),
        requested_by: words("Mal Lory"),
        user: "m.lory".parse().expect("a user"),
        purpose: Purpose::StolenVehicle,
        case: words("26-00417"),
        reason: words("Stolen this morning"),
        danger: Text::default(),
        after_refusal: None,
        at: Clock::system().now(),
        scope: RequestScope { uses: Some(1), ..RequestScope::default() },
    };
    let mut text = request.to_toml().expect("a request");
    text += &"# filler\n".repeat((8_192 - text.len()) / 9);
    Envelope::sign(Kind::Request, text.into_bytes(), &by.message_key).expect("an envelope")
}
