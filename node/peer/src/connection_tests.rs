//! Links that break without a word, between two networks that are real.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use audit_log::release::Released;
use schemas::frame::{Frame, FrameKind};
use schemas::key::{PublicKey, SecretKey};
use schemas::standing::StandingRequest;
use schemas::text::Text;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::link::{Channel, Dial, Dialler, Host, LinkError, Reach};
use crate::{Limits, Peers, Settings, start};

/// How long a connection may be silent here.
const SILENCE: Duration = Duration::from_secs(2);
/// What comes over a connection that stands comes long before one that says nothing is given up.
const SOON: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(30);

/// Answers everything with one word.
struct Answering;

impl Host for Answering {
    fn admits(&self, _: &PublicKey) -> bool {
        true
    }

    fn knows(&self, _: IpAddr) -> bool {
        true
    }

    fn turned_away(&self, _: &PublicKey) {}

    fn connected(&self, _: &PublicKey, _: Dialler) {}

    async fn serve<C: Channel>(
        &self,
        _: &PublicKey,
        _: Frame,
        channel: &mut C,
    ) -> Result<(), LinkError> {
        channel.send(&Released::failed("busy", "asked")).await
    }
}

/// Which end of a link hears that it broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    No,
    /// Neither.
    Silently,
    /// Whoever dialled it.
    ForTheDialler,
}

/// Passes bytes on between those who dial it and `target`; what it does with the links that stand when
/// it is told to break them.
async fn relay(target: SocketAddr) -> (SocketAddr, watch::Sender<Broken>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (tell, told) = watch::channel(Broken::No);
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let mut told = told.clone();
            told.mark_unchanged();
            tokio::spawn(link(near, target, told));
        }
    });
    (at, tell)
}

async fn link(mut near: TcpStream, target: SocketAddr, mut told: watch::Receiver<Broken>) {
    let mut far = TcpStream::connect(target).await.unwrap();
    let (mut here, mut there) = (vec![0; 4_096], vec![0; 4_096]);
    loop {
        tokio::select! {
            read = near.read(&mut here) => match read {
                Ok(read @ 1..) => far.write_all(&here[..read]).await.unwrap(),
                _ => return,
            },
            read = far.read(&mut there) => match read {
                Ok(read @ 1..) => near.write_all(&there[..read]).await.unwrap(),
                _ => return,
            },
            changed = told.changed() => {
                let Ok(()) = changed else { return };
                let how = *told.borrow_and_update();
                let _kept = (how == Broken::Silently).then_some(near);
                // Nothing is read, sent or closed any more.
                return std::future::pending().await;
            }
        }
    }
}

async fn node(seed: u8) -> (Peers, PublicKey, SocketAddr) {
    node_with(seed, Limits::default()).await
}

async fn node_with(seed: u8, limits: Limits) -> (Peers, PublicKey, SocketAddr) {
    let seed = [seed; 32];
    let node_key = SecretKey::from_seed(&seed);
    let node = node_key.public();
    let limits = Limits { silence: SILENCE, ..limits };
    let listen = vec!["/ip4/127.0.0.1/tcp/0".to_owned()];
    let peers = start(Settings { node_key, listen, limits }, Arc::new(Answering)).await.unwrap();
    let at = crate::listens_at(&peers.addresses()[0]).unwrap();
    (peers, node, at)
}

fn reach(node: PublicKey, at: Option<SocketAddr>) -> Reach {
    let address =
        |at: SocketAddr| -> Text { format!("/ip4/127.0.0.1/tcp/{}", at.port()).parse().unwrap() };
    Reach { nodes: vec![node], addresses: at.map(address).into_iter().collect() }
}

/// One conversation, in order.
async fn asks(peers: &Peers, to: &Reach) -> Result<(), LinkError> {
    let channel = peers.open(to).await?;
    asks_over(channel).await
}

async fn asks_over(mut channel: impl Channel) -> Result<(), LinkError> {
    channel.send(&Released::standing_asked(&StandingRequest { entries: Vec::new() })).await?;
    let frame = channel.recv().await?;
    assert_eq!(frame.kind, FrameKind::Failed);
    channel.finish();
    Ok(())
}

#[tokio::test]
async fn who_comes_back_over_a_new_connection_is_asked_there_and_the_dead_one_is_given_up() {
    let ((here, _, at), (there, other, _)) = (node(1).await, node(2).await);
    let (relayed, broken) = relay(at).await;
    let to_here = reach(here.proven().now.public(), Some(relayed));
    // Whoever cannot be dialled is asked over what it has dialled.
    let to_there = reach(other, None);
    asks(&there, &to_here).await.unwrap();
    asks(&here, &to_there).await.unwrap();
    let mut waiting = here.open(&to_there).await.unwrap();
    broken.send_replace(Broken::ForTheDialler);
    let back = tokio::time::timeout(LONG, async {
        while asks(&there, &to_here).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    back.await.expect("another connection");
    for _ in 0..4 {
        let asked = tokio::time::timeout(SOON, asks(&here, &to_there)).await;
        asked.expect("at once, on the connection that stands").unwrap();
    }
    // It is heard on the new one all the while, which says nothing of the old one.
    let heard = async {
        loop {
            asks(&here, &to_there).await.unwrap();
            tokio::time::sleep(SILENCE / 20).await;
        }
    };
    let dead = tokio::select! {
        dead = tokio::time::timeout(LONG, waiting.recv()) => dead,
        () = heard => unreachable!("it asks for ever"),
    };
    // It was there, on another connection.
    assert_eq!(dead.expect("given up"), Err(LinkError::Lost(LinkError::Silent.to_string())));
    asks(&here, &to_there).await.unwrap();
}

#[tokio::test]
async fn a_connection_on_which_nothing_can_be_opened_is_given_up_and_another_one_is_made() {
    let ((here, _, _), (_there, other, at)) = (node(1).await, node(2).await);
    let (relayed, broken) = relay(at).await;
    let to_there = reach(other, Some(relayed));
    // It is dropped, so that the next conversation has to open a substream.
    drop(here.open(&to_there).await.unwrap());
    broken.send_replace(Broken::Silently);
    let asked = tokio::time::timeout(LONG, asks(&here, &to_there)).await;
    asked.expect("an answer").expect("over another connection");
}

#[tokio::test]
async fn a_peer_that_is_heard_nowhere_is_told_from_one_that_does_not_answer() {
    let ((here, _, _), (there, other, at)) = (node(1).await, node(2).await);
    let (relayed, broken) = relay(at).await;
    let to_there = reach(other, Some(relayed));
    asks(&here, &to_there).await.unwrap();
    broken.send_replace(Broken::Silently);
    assert_eq!(asks(&here, &to_there).await, Err(LinkError::Silent));
    assert!(!here.connected().contains(&other), "nobody counts on it any more");
    asks(&here, &to_there).await.unwrap();
    there.shutdown().await;
}

#[tokio::test]
async fn who_comes_back_finds_the_places_that_a_dead_connection_held() {
    const PLACES: usize = 10;
    let few = Limits { conversations_per_peer: PLACES - 8, ..Limits::default() };
    let ((here, _, at), (there, _, _)) = (node_with(1, few).await, node(2).await);
    let (relayed, broken) = relay(at).await;
    let to_here = reach(here.proven().now.public(), Some(relayed));
    let all_at_once = async || {
        let mut channels = Vec::new();
        for _ in 0..PLACES {
            channels.push(there.open(&to_here).await?);
        }
        let asked = futures::future::join_all(channels.into_iter().map(asks_over)).await;
        asked.into_iter().collect::<Result<Vec<()>, LinkError>>()
    };
    all_at_once().await.unwrap();
    broken.send_replace(Broken::ForTheDialler);
    let back = tokio::time::timeout(LONG, async {
        while all_at_once().await.is_err() {
            tokio::time::sleep(SILENCE / 10).await;
        }
    });
    back.await.expect("as many as before");
}
