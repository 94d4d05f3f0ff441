//! Where faults happen: two agencies in namespaces of their own, joined by a relay, and the book of
//! what officers were told and what was found.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use audit_log::clock::Clock;
use tempfile::TempDir;
use tests::command_line::CliAgency;
use tests::fixtures::PLATE;

use crate::judge::{Judged, judge};
use crate::load::{Officer, Officers, Told, ask, resumes};
use crate::net::{HUB, Net};
use crate::relay::{Relay, Route, Towards};

pub(crate) const ASKING: &str = "asking-ca-pd";
pub(crate) const OWNING: &str = "owning-ca-pd";
pub(crate) const PORT: u16 = 7420;
/// Where the HTTPS side of the owner is, if it has one.
pub(crate) const HTTPS: u16 = 7443;
/// What the relay's uneven delays are drawn from: the same in every run.
const SEED: u64 = 1;
/// Where the relay listens for those that go to the owner, and to the requester.
const RELAYED: [u16; 2] = [7501, 7502];

/// How a pair is made.
#[derive(Default)]
pub(crate) struct Made {
    /// Where their homes are, if not in a temporary folder.
    pub(crate) homes: Option<[PathBuf; 2]>,
    /// Variables that each node runs with.
    pub(crate) variables: [Vec<(String, String)>; 2],
    /// Hosts beside those of the two nodes, at the bridge.
    pub(crate) strangers: usize,
    /// Whether the owner has an HTTPS side, at [`HTTPS`].
    pub(crate) https: bool,
}

/// A requester and an owner under an agreement. The nodes go first, the net last.
pub(crate) struct Pair {
    pub(crate) asking: CliAgency,
    pub(crate) owning: CliAgency,
    /// The one who asks.
    officer: Officer,
    // What people have at hand where their homes are elsewhere.
    _at_hand: [TempDir; 2],
    pub(crate) relay: Relay,
    pub(crate) net: Net,
    pub(crate) clock: Clock,
    label: &'static str,
    told: Vec<Told>,
    faults: u64,
    last: Judged,
}

/// What a scenario came to.
pub(crate) struct Figures {
    pub(crate) label: &'static str,
    pub(crate) faults: u64,
    pub(crate) asked: u64,
    pub(crate) answered: u64,
    pub(crate) judged: Judged,
}

fn address(ip: &str, port: u16) -> String {
    format!("/ip4/{ip}/tcp/{port}")
}

impl Pair {
    pub(crate) fn new(label: &'static str) -> Self {
        Self::made(label, Made::default())
    }

    pub(crate) fn made(label: &'static str, made: Made) -> Self {
        let net = Net::new(label, 2 + made.strangers);
        let socket = |ip: &str, port| SocketAddr::new(ip.parse().expect("an address"), port);
        let routes: Vec<Route> = [(1, Towards::Owner), (0, Towards::Requester)]
            .into_iter()
            .zip(RELAYED)
            .map(|((node, towards), port)| Route {
                listen: socket(HUB, port),
                target: socket(&Net::address(node), PORT),
                towards,
            })
            .collect();
        let relay = Relay::start(&net.hub(), &routes, SEED);
        let at_hand = [(); 2].map(|()| TempDir::new().expect("a directory"));
        let agency = |node: usize, id: &str, relayed: u16| {
            let agency = match &made.homes {
                None => CliAgency::without_home(id),
                Some(homes) => CliAgency::at(homes[node].clone(), at_hand[node].path(), id),
            };
            let variables: Vec<_> = made.variables[node]
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let listen = address(&Net::address(node), PORT);
            let reached = address(HUB, relayed);
            let https = format!("{}:{HTTPS}", Net::address(node));
            let mut further = vec!["--address", &reached];
            if made.https && node == 1 {
                further.extend(["--http", &https]);
            }
            agency
                .run_under(&["ip", "netns", "exec", &net.node(node)], &variables)
                .init_with("california-statute", &listen, &further)
                .start_with_officer()
        };
        let (asking, owning) = (agency(0, ASKING, RELAYED[1]), agency(1, OWNING, RELAYED[0]));
        asking.introduce(&owning);
        owning.add_reads(PLATE, 3);
        asking.agree_with(&owning);
        let clock = Clock::system();
        let officer = Officer::of(&asking);
        let mut pair = Self {
            asking,
            owning,
            officer,
            _at_hand: at_hand,
            relay,
            net,
            clock,
            label,
            told: Vec::new(),
            faults: 0,
            last: Judged::default(),
        };
        pair.resumes("before any fault");
        pair
    }

    /// One officer asks once.
    pub(crate) fn ask(&mut self) {
        let told = ask(&self.officer, &[OWNING], &self.clock);
        self.told.extend(told);
    }

    /// Officers who ask the owner until they are told to stop.
    pub(crate) fn officers(&self, count: usize) -> Officers {
        Officers::at(&self.officer, count, &[OWNING], &self.clock)
    }

    /// One officer asks; how long that took.
    pub(crate) fn timed(&mut self) -> Duration {
        let began = Instant::now();
        self.ask();
        let took = began.elapsed();
        let last = self.told.last().map(|told| told.outcome.as_str());
        assert_eq!(last, Some("answered"), "{}", self.label);
        took
    }

    /// What officers were told.
    pub(crate) fn note(&mut self, told: Vec<Told>) {
        self.told.extend(told);
    }

    fn resumes(&mut self, when: &str) {
        let told = resumes(when, &self.officer, OWNING, &self.clock);
        self.told.extend(told);
        self.asking.wait_for_delivery();
        self.owning.wait_for_delivery();
    }

    /// A fault is over: service resumes by itself, and both logs hold.
    pub(crate) fn over(&mut self, what: &str) {
        self.faults += 1;
        self.holds(what);
    }

    fn holds(&mut self, what: &str) {
        self.resumes(what);
        let when = format!("{}, {what}", self.label);
        self.last = judge(&when, &self.asking, &self.owning, &self.told);
    }

    /// The end: what it came to.
    pub(crate) fn figures(mut self) -> Figures {
        self.holds("at the end");
        assert_eq!((self.asking.stop(), self.owning.stop()), (0, 0), "{}", self.label);
        let answered = self.told.iter().filter(|told| told.outcome == "answered").count();
        Figures {
            label: self.label,
            faults: self.faults,
            asked: self.told.len() as u64,
            answered: answered as u64,
            judged: self.last.clone(),
        }
    }
}
