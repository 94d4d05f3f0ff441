//! The network between the nodes of a life: who reaches whom, and what becomes of frames on the way.
//!
//! A conversation is a pair of queues. Its frames come in order, each after a delay of its own; frames of
//! different conversations overtake each other. A link loses frames without a word, which a receiver
//! notices as silence; it is cut, which both ends notice; half of it closes, so that one side is heard
//! and does not hear; and it brings what opens a conversation twice.

mod channel;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use node::exchange::peer_server::PeerServer;
use peer::link::{Channel as _, Dial, Dialler, Host as _, LinkError, Reach};
use schemas::key::PublicKey;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::alive::Alive;
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::dishonest::Liar;
use crate::truth::Truth;

pub(crate) use channel::SimChannel;

/// How long a side waits for a frame before it takes the other for gone.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a dial into the dark takes.
const CONNECT: Duration = Duration::from_secs(5);

/// One direction of a link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// Nothing passes, and nobody is told.
    pub(crate) closed: bool,
    /// The longest delay of a frame, in milliseconds.
    pub(crate) delay_ms: u64,
    /// Frames lost, of a thousand.
    pub(crate) lost: u64,
    /// Conversations that are opened twice, of a thousand.
    pub(crate) twice: u64,
}

impl Default for Way {
    fn default() -> Self {
        Self { closed: false, delay_ms: 12, lost: 0, twice: 0 }
    }
}

struct Hosted {
    agency: usize,
    host: Arc<PeerServer>,
    alive: Alive,
    tasks: Vec<AbortHandle>,
}

struct Inner {
    hosts: BTreeMap<[u8; 32], Hosted>,
    ways: BTreeMap<(usize, usize), Way>,
    standing: BTreeSet<(usize, usize)>,
    cuts: BTreeMap<(usize, usize), watch::Sender<u64>>,
    /// Who does not reach whom at all, whatever heals.
    hidden: BTreeSet<(usize, usize)>,
}

/// The network.
pub(crate) struct Net {
    inner: Mutex<Inner>,
    dice: Dice,
    truth: Truth,
    bug: Option<Bug>,
    liar: Liar,
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl Net {
    pub(crate) fn new(dice: Dice, truth: Truth, bug: Option<Bug>, liar: Liar) -> Arc<Self> {
        let inner = Inner {
            hosts: BTreeMap::new(),
            ways: BTreeMap::new(),
            standing: BTreeSet::new(),
            cuts: BTreeMap::new(),
            hidden: BTreeSet::new(),
        };
        Arc::new(Self { inner: Mutex::new(inner), dice, truth, bug, liar })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A node listens.
    pub(crate) fn listen(
        &self,
        agency: usize,
        key: &PublicKey,
        host: Arc<PeerServer>,
        alive: Alive,
    ) {
        let hosted = Hosted { agency, host, alive, tasks: Vec::new() };
        self.inner().hosts.insert(*key.as_bytes(), hosted);
    }

    /// An agency's node is gone: nobody listens there, and its connections end.
    pub(crate) fn gone(&self, agency: usize) {
        let mut inner = self.inner();
        inner.hosts.retain(|_, hosted| {
            if hosted.agency == agency {
                hosted.tasks.iter().for_each(AbortHandle::abort);
            }
            hosted.agency != agency
        });
        drop(inner);
        self.cut_all(agency);
    }

    /// Every connection of an agency ends.
    fn cut_all(&self, agency: usize) {
        let mut inner = self.inner();
        inner.standing.retain(|(a, b)| *a != agency && *b != agency);
        for ((a, b), cut) in &inner.cuts {
            if *a == agency || *b == agency {
                cut.send_modify(|era| *era += 1);
            }
        }
    }

    /// The connections between two agencies end.
    pub(crate) fn cut(&self, a: usize, b: usize) {
        let mut inner = self.inner();
        inner.standing.remove(&pair(a, b));
        if let Some(cut) = inner.cuts.get(&pair(a, b)) {
            cut.send_modify(|era| *era += 1);
        }
    }

    /// Changes how frames go from one agency to another.
    pub(crate) fn change(&self, from: usize, to: usize, change: impl FnOnce(&mut Way)) {
        change(self.inner().ways.entry((from, to)).or_default());
    }

    /// Every link is as it should be again.
    pub(crate) fn heal(&self) {
        self.inner().ways.clear();
    }

    /// Two agencies do not reach each other, or do again.
    pub(crate) fn hide(&self, a: usize, b: usize, hidden: bool) {
        if hidden {
            self.inner().hidden.insert(pair(a, b));
            self.cut(a, b);
        } else {
            self.inner().hidden.remove(&pair(a, b));
        }
    }

    /// Everybody reaches everybody.
    pub(crate) fn hide_nothing(&self) {
        self.inner().hidden.clear();
    }

    fn way(&self, from: usize, to: usize) -> Way {
        let inner = self.inner();
        let way = inner.ways.get(&(from, to)).copied().unwrap_or_default();
        Way { closed: way.closed || inner.hidden.contains(&pair(from, to)), ..way }
    }

    /// An end of a conversation between two nodes that run, opened by no node: the frame that is put
    /// there comes from the key of the one.
    pub(crate) fn open_raw(self: &Arc<Self>, from: usize, to: usize) -> Option<SimChannel> {
        let (key, alive, host, there) = {
            let inner = self.inner();
            let host = |agency| inner.hosts.iter().find(move |(_, of)| of.agency == agency);
            let ((key, here), (_, there)) = (host(from)?, host(to)?);
            (
                PublicKey::from_bytes(key)?,
                here.alive.clone(),
                there.host.clone(),
                there.alive.clone(),
            )
        };
        let [near, far] = self.conversation(&alive, from, &there, to);
        serve(self, &key, host, far);
        Some(near)
    }

    fn delay(&self, from: usize, to: usize) -> Duration {
        Duration::from_millis(self.dice.within(0..self.way(from, to).delay_ms + 1))
    }

    /// A pair of ends of one conversation.
    fn conversation(
        self: &Arc<Self>,
        from: &Alive,
        a: usize,
        to: &Alive,
        b: usize,
    ) -> [SimChannel; 2] {
        let (there, here) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let cut = {
            let mut inner = self.inner();
            inner.cuts.entry(pair(a, b)).or_insert_with(|| watch::channel(0).0).subscribe()
        };
        let end = |from, to, alive: &Alive, out, inn| SimChannel {
            net: self.clone(),
            from,
            to,
            alive: alive.clone(),
            out,
            inn,
            cut: cut.clone(),
            last: Instant::now(),
        };
        [end(a, b, from, there.0, here.1), end(b, a, to, here.0, there.1)]
    }
}

/// Reaches peers over the network of a life.
pub(crate) struct SimDial {
    pub(crate) net: Arc<Net>,
    pub(crate) me: usize,
    pub(crate) key: PublicKey,
    pub(crate) alive: Alive,
}

impl SimDial {
    /// The node that is meant, if it is there.
    fn found(&self, to: &Reach) -> Option<(PublicKey, usize, Arc<PeerServer>, Alive)> {
        let inner = self.net.inner();
        to.nodes.iter().find_map(|key| {
            let hosted = inner.hosts.get(key.as_bytes())?;
            Some((*key, hosted.agency, hosted.host.clone(), hosted.alive.clone()))
        })
    }

    fn own_host(&self) -> Option<Arc<PeerServer>> {
        self.net.inner().hosts.get(self.key.as_bytes()).map(|hosted| hosted.host.clone())
    }

    async fn connect(
        &self,
        key: &PublicKey,
        other: usize,
        host: &PeerServer,
    ) -> Result<(), LinkError> {
        let (net, me) = (&self.net, self.me);
        sleep(net.delay(me, other) + net.delay(other, me)).await;
        self.alive.goes_on().await;
        if !host.admits(&self.key) {
            host.turned_away(&self.key);
            return Err(LinkError::Lost("closed by the peer".into()));
        }
        let own = self.own_host();
        if let Some(own) = own.as_ref().filter(|own| !own.admits(key)) {
            own.turned_away(key);
            return Err(LinkError::Lost("not admitted here".into()));
        }
        if net.inner().standing.insert(pair(me, other)) {
            host.connected(&self.key, Dialler::Them);
            if let Some(own) = own {
                own.connected(key, Dialler::Us);
            }
        }
        Ok(())
    }
}

impl Dial for SimDial {
    type Channel = SimChannel;

    async fn open(&self, to: &Reach) -> Result<SimChannel, LinkError> {
        self.alive.goes_on().await;
        let (net, me) = (&self.net, self.me);
        let Some((key, other, host, alive)) = self.found(to) else {
            sleep(Duration::from_millis(net.dice.within(1..10))).await;
            return Err(LinkError::unreachable("connection refused"));
        };
        if net.way(me, other).closed || net.way(other, me).closed {
            sleep(CONNECT).await;
            let why = "no answer to the dial".to_owned();
            return Err(LinkError::Unreachable { why, at_once: false });
        }
        if !net.inner().standing.contains(&pair(me, other)) {
            if to.addresses.is_empty() {
                return Err(LinkError::unreachable("no connection stands"));
            }
            self.connect(&key, other, &host).await?;
        }
        let [near, far] = net.conversation(&self.alive, me, &alive, other);
        serve(net, &self.key, host, far);
        Ok(near)
    }

    async fn open_as_before(&self, _to: &Reach) -> Option<Result<SimChannel, LinkError>> {
        None
    }
}

/// Serves what a peer opens, one conversation after another, until it goes.
fn serve(net: &Net, dialler: &PublicKey, host: Arc<PeerServer>, mut channel: SimChannel) {
    let (agency, dialler) = (channel.from, *dialler);
    let task = tokio::spawn(async move {
        while let Ok(opening) = channel.recv().await {
            if host.serve(&dialler, opening, &mut channel).await.is_err() {
                break;
            }
        }
    });
    for hosted in net.inner().hosts.values_mut().filter(|hosted| hosted.agency == agency) {
        hosted.tasks.retain(|task| !task.is_finished());
        hosted.tasks.push(task.abort_handle());
    }
}
