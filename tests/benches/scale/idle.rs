//! What a peer costs a node that is connected and says nothing: memory of the program.

use std::time::Duration;

use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::frame::{Frame, FrameKind};
use tests::command_line::CliAgency;
use tests::fixtures::DAY_MS;
use tests::raw_peer::RawPeer;

/// Kilobytes that a process holds.
fn resident_kb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    let kb = line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok());
    kb.expect("kilobytes")
}

fn card_of(agency: &CliAgency) -> Card {
    let bytes = std::fs::read(agency.home().join("card.json")).expect("a card");
    let envelope = Envelope::parse(&bytes).expect("an envelope");
    serde_json::from_slice(envelope.unverified_payload()).expect("a card")
}

/// A peer that shows its card when it is asked, and nothing else.
fn idle(n: usize) -> RawPeer {
    let now = audit_log::clock::Clock::system().now().plus_millis(-DAY_MS);
    let mut peer = RawPeer::start(&format!("idle-{n:03}-ca-pd"), now);
    let card = peer.identity.card_envelope().as_bytes().to_vec();
    peer.answer(move |frame| {
        let shown = Frame::new(FrameKind::Card, card.clone());
        (frame.kind == FrameKind::Card).then(|| vec![shown])
    });
    peer
}

pub(crate) async fn run(peers: usize) {
    let mut agency = CliAgency::init("idle-ca-pd");
    agency.start();
    let (card, pid) = (card_of(&agency), agency.pid());
    let mut known = Vec::new();
    let mut held = vec![(0, resident_kb(pid))];
    let step = (peers / 3).max(1);
    while known.len() < peers {
        for _ in 0..step {
            let peer = idle(known.len());
            let file = agency.file("card.json");
            std::fs::write(&file, peer.identity.card_envelope().as_bytes()).expect("a file");
            let fingerprint = peer.identity.agency_key.public().fingerprint().to_string();
            let add = ["card", "add", &file, "--fingerprint", &fingerprint, "--verified-by", "x"];
            agency.accord(&add).done();
            peer.connect_to(&card).await.expect("a connection");
            known.push(peer);
        }
        // Cards are shown, and what making the connections took is given back.
        tokio::time::sleep(Duration::from_secs(5)).await;
        held.push((known.len(), resident_kb(pid)));
    }
    println!("\nmemory of `accord run`, with peers that are connected and idle");
    for (peers, kb) in &held {
        println!("{peers:>6} peers {:>10.0} kB", kb);
    }
    // From the first step on: before it stands what any connection takes once.
    if let (Some((few, less)), Some((many, more))) = (held.get(1), held.last()) {
        #[expect(clippy::cast_precision_loss, reason = "hundreds")]
        let each = (more - less) / (many - few) as f64;
        println!("an extra idle peer takes {each:.0} kB (goal: less than 200 kB)");
    }
    assert_eq!(agency.stop(), 0);
}
