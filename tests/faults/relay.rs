//! A relay between nodes that delays and cuts: a process of its own in the hub's
//! namespace, told what to do by lines of JSON on its input, answering each with one on its output.
//!
//! It knows bytes and directions, not frames, which are encrypted: `ask` is towards the owner, `own`
//! towards the requester, whichever of the two has dialled.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Towards whom bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Towards {
    /// The owner.
    Owner,
    /// The requester.
    Requester,
}

impl Towards {
    fn other(self) -> Self {
        match self {
            Self::Owner => Self::Requester,
            Self::Requester => Self::Owner,
        }
    }
}

/// How a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum How {
    /// Both ends are told.
    Closed,
    /// Neither end hears anything any more.
    Silent,
}

/// What the relay is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Word {
    /// Record from now on how many bytes go in which direction, in order.
    Trace,
    /// What was recorded.
    Traced,
    /// Cut everything once so many more bytes have gone there.
    Arm(Towards, u64, How),
    /// How many cuts there were; what was armed and has not come to it is dropped.
    Cuts,
    /// Cut everything at once.
    Cut(How),
    /// Hold back what passes for between so many milliseconds.
    Delay(u64, u64),
}

/// Bytes in one direction, until some went in the other.
pub(crate) type Burst = (Towards, u64);

/// What the relay says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Said {
    Done,
    Traced(Vec<Burst>),
    Cuts(u64),
}

/// One address it listens at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Route {
    pub(crate) listen: SocketAddr,
    pub(crate) target: SocketAddr,
    /// Whose node the target is.
    pub(crate) towards: Towards,
}

/// The relay, as the suite sees it.
pub(crate) struct Relay {
    child: Child,
    words: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Relay {
    pub(crate) fn start(namespace: &str, routes: &[Route], seed: u64) -> Self {
        let this = std::env::current_exe().expect("this program");
        let mut child = Command::new("ip")
            .args(["netns", "exec", namespace])
            .arg(this)
            .arg("relay")
            .arg(seed.to_string())
            .arg(serde_json::to_string(routes).expect("JSON"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a relay");
        let words = child.stdin.take().expect("its input");
        let said = BufReader::new(child.stdout.take().expect("its output"));
        let mut relay = Self { child, words, said };
        // It listens before it says so.
        assert!(matches!(relay.hears(), Said::Done));
        relay
    }

    fn hears(&mut self) -> Said {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("a line of the relay");
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("the relay said `{line}`: {e}"))
    }

    fn tell(&mut self, word: &Word) -> Said {
        let line = serde_json::to_string(word).expect("JSON") + "\n";
        self.words.write_all(line.as_bytes()).expect("a relay that listens");
        self.hears()
    }

    pub(crate) fn does(&mut self, word: &Word) {
        self.tell(word);
    }

    pub(crate) fn traced(&mut self) -> Vec<Burst> {
        match self.tell(&Word::Traced) {
            Said::Traced(bursts) => bursts,
            said => panic!("{said:?} in place of a trace"),
        }
    }

    pub(crate) fn cuts(&mut self) -> u64 {
        match self.tell(&Word::Cuts) {
            Said::Cuts(cuts) => cuts,
            said => panic!("{said:?} in place of a number"),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a connection does with its bytes, as of the last cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Era(u64, How);

struct State {
    trace: Option<Vec<Burst>>,
    armed: Option<(Towards, u64, How)>,
    delay: (u64, u64),
    cuts: u64,
    random: u64,
}

struct Shared {
    state: Mutex<State>,
    era: watch::Sender<Era>,
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self, how: How) {
        self.state().cuts += 1;
        self.era.send_modify(|era| *era = Era(era.0 + 1, how));
    }

    /// How many of these bytes pass, and whether everything is cut after them.
    fn passes(&self, towards: Towards, bytes: u64) -> (u64, Option<How>) {
        let mut state = self.state();
        let (passes, cut) = match &mut state.armed {
            Some((armed, left, how)) if *armed == towards => {
                if bytes >= *left {
                    let (passes, how) = (*left, *how);
                    state.armed = None;
                    (passes, Some(how))
                } else {
                    *left -= bytes;
                    (bytes, None)
                }
            }
            _ => (bytes, None),
        };
        if let Some(trace) = &mut state.trace {
            match trace.last_mut() {
                Some((last, sum)) if *last == towards => *sum += passes,
                _ => trace.push((towards, passes)),
            }
        }
        (passes, cut)
    }

    /// A pause of the length that delays have now.
    fn pause(&self) -> Duration {
        let mut state = self.state();
        let (least, most) = state.delay;
        let random = state.next();
        Duration::from_millis(least + random % (most - least + 1))
    }
}

impl State {
    /// Xorshift: the same seed makes the same run.
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

/// The relay's process.
pub(crate) fn run(seed: u64, routes: &str) {
    let routes: Vec<Route> = serde_json::from_str(routes).expect("routes");
    let state = State { trace: None, armed: None, delay: (0, 0), cuts: 0, random: seed.max(1) };
    let shared =
        Arc::new(Shared { state: Mutex::new(state), era: watch::channel(Era(0, How::Closed)).0 });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        for route in routes {
            let listener = TcpListener::bind(route.listen).await.expect("an address");
            tokio::spawn(connections(listener, route, shared.clone()));
        }
        let say = |said: &Said| println!("{}", serde_json::to_string(said).expect("JSON"));
        say(&Said::Done);
        tokio::task::spawn_blocking(move || {
            // Ends with whoever speaks.
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                say(&hear(&shared, &serde_json::from_str(&line).expect("a word")));
            }
        })
        .await
        .expect("words");
    });
    std::process::exit(0);
}

fn hear(shared: &Shared, word: &Word) -> Said {
    let mut state = shared.state();
    match *word {
        Word::Trace => state.trace = Some(Vec::new()),
        Word::Traced => return Said::Traced(state.trace.take().unwrap_or_default()),
        Word::Arm(towards, bytes, how) => state.armed = Some((towards, bytes, how)),
        Word::Cuts => {
            state.armed = None;
            return Said::Cuts(state.cuts);
        }
        Word::Cut(how) => {
            drop(state);
            shared.cut(how);
        }
        Word::Delay(least, most) => state.delay = (least, most),
    }
    Said::Done
}

async fn connections(listener: TcpListener, route: Route, shared: Arc<Shared>) {
    while let Ok((near, _)) = listener.accept().await {
        let (target, towards, shared) = (route.target, route.towards, shared.clone());
        tokio::spawn(async move {
            // What was cut before this one was made is not meant.
            let era = shared.era.subscribe();
            let Ok(far) = TcpStream::connect(target).await else { return };
            drop((near.set_nodelay(true), far.set_nodelay(true)));
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::join!(
                pipe(near_in, far_out, towards, shared.clone(), era.clone()),
                pipe(far_in, near_out, towards.other(), shared.clone(), era),
            );
        });
    }
}

/// Passes bytes on until one end closes, or a cut says otherwise.
async fn pipe(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    towards: Towards,
    shared: Arc<Shared>,
    mut era: watch::Receiver<Era>,
) {
    let mut buffer = vec![0; 64 * 1_024];
    let passing = async {
        loop {
            let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
            let pause = shared.pause();
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let (passes, cut) = shared.passes(towards, read as u64);
            let passes = usize::try_from(passes).unwrap_or(read);
            if to.write_all(&buffer[..passes]).await.is_err() {
                return;
            }
            if let Some(how) = cut {
                shared.cut(how);
                // What this cut means comes by the era.
                std::future::pending::<()>().await;
            }
        }
    };
    let how = tokio::select! {
        () = passing => How::Closed,
        changed = era.changed() => match changed {
            Ok(()) => era.borrow_and_update().1,
            Err(_) => How::Closed,
        },
    };
    if how == How::Silent {
        // As a link that broke: for longer than any run, nothing is read, sent or closed.
        tokio::time::sleep(Duration::from_secs(3_600)).await;
    }
}
