//! The agency of a life that is dishonest: in which way, and what becomes of what it sends, hears and
//! stores. Its node is the product's as well, and lies through what stands around it: its link, its
//! database, its home. What it does at a time of its own is in [`deeds`]; what others must see of it, and
//! by when, in [`seen`].

pub(crate) mod deeds;
pub(crate) mod seen;

use std::collections::{BTreeSet, VecDeque};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemas::frame::{Frame, FrameKind};
use schemas::plate::Plate;
use schemas::query::QueryId;
use schemas::read::{Read, ReadId};
use schemas::witness::WitnessReply;
use store::Found;

use crate::store::Disk;

/// Most frames that are kept to be sent again.
const TAPE: usize = 300;
/// The plate of reads that nobody made.
const MADE_UP: &str = "9ZZZ999";

/// In which way an agency is dishonest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dishonesty {
    /// Its receipts never leave.
    WithholdsReceipts,
    /// It proves nothing of its log.
    WithholdsProofs,
    /// It states fewer exchanges than there were.
    HidesExchanges,
    /// It hands in a bundle that ends earlier than its log.
    KeepsBackTheEnd,
    /// Its answers hold reads that do not belong there.
    MakesUpReads,
    /// Its log is written anew, with other bodies.
    RewritesBodies,
    /// It shows some agencies another log than others.
    HasTwoFaces,
    /// It sends again, to anybody, whatever it sent or heard.
    Replays,
    /// It asks more than anybody can serve, most of it rubbish.
    Floods,
}

impl Dishonesty {
    pub(crate) const ALL: [(&'static str, Self); 9] = [
        ("withholds-receipts", Self::WithholdsReceipts),
        ("withholds-proofs", Self::WithholdsProofs),
        ("hides-exchanges", Self::HidesExchanges),
        ("keeps-back-the-end", Self::KeepsBackTheEnd),
        ("makes-up-reads", Self::MakesUpReads),
        ("rewrites-bodies", Self::RewritesBodies),
        ("has-two-faces", Self::HasTwoFaces),
        ("replays", Self::Replays),
        ("floods", Self::Floods),
    ];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, how)| *how == self).map_or("?", |(name, _)| name)
    }

    /// Whether what it is told of its own log must not reach its node, which would stop by itself.
    fn is_deaf(self) -> bool {
        matches!(self, Self::RewritesBodies | Self::HasTwoFaces)
    }
}

impl FromStr for Dishonesty {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, how)| *how);
        found.ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("`{name}` is no dishonesty; expected one of {}", all.join(", "))
        })
    }
}

/// What the dishonest agency has done so far.
#[derive(Default)]
pub(super) struct Done {
    /// What it sent and heard, with for whom it was.
    pub(super) tape: VecDeque<(usize, Frame)>,
    /// Exchanges that it left out of what it stated.
    pub(super) hidden: BTreeSet<QueryId>,
    /// The bundle that it hands in, and entries in it.
    pub(super) bundle: Option<(Vec<u8>, u64)>,
    /// Who holds a head of its log that the one which it rewrote does not lead to.
    pub(super) must_see: BTreeSet<usize>,
    /// The log that it does not show at this moment, and how long both were when they parted.
    pub(super) other_face: Option<Arc<Disk>>,
    pub(super) parted_at: u64,
    /// Whether it shows its second face.
    pub(super) turned: bool,
}

#[derive(Default)]
struct Inner {
    who: Option<(usize, Dishonesty)>,
    began: AtomicBool,
    done: Mutex<Done>,
}

/// The dishonest agency of a life, if there is one. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Liar(Arc<Inner>);

impl Liar {
    /// An agency that is dishonest in some way once it has begun.
    pub(crate) fn of(who: Option<(usize, Dishonesty)>) -> Self {
        Self(Arc::new(Inner { who, ..Inner::default() }))
    }

    /// Who it is, and how.
    pub(crate) fn who(&self) -> Option<(usize, Dishonesty)> {
        self.0.who
    }

    /// Whether an agency is the dishonest one.
    pub(crate) fn is(&self, agency: usize) -> bool {
        self.0.who.is_some_and(|(who, _)| who == agency)
    }

    /// From now on it lies.
    fn begin(&self) {
        self.0.began.store(true, Ordering::SeqCst);
    }

    /// Whether an agency lies in this way by now.
    pub(crate) fn lies(&self, agency: usize, how: Dishonesty) -> bool {
        self.0.who == Some((agency, how)) && self.0.began.load(Ordering::SeqCst)
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.0.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of a frame that an agency sends to another.
    pub(crate) fn sends(&self, from: usize, to: usize, mut frame: Frame) -> Option<Frame> {
        if self.lies(from, Dishonesty::WithholdsReceipts) && frame.kind == FrameKind::Receipt {
            return None;
        }
        if self.lies(from, Dishonesty::WithholdsProofs) {
            match frame.kind {
                FrameKind::Consistency | FrameKind::Standing => return None,
                FrameKind::Card => {}
                _ => frame.beside.clear(),
            }
        }
        self.keep(from, to, &frame);
        Some(frame)
    }

    /// What becomes of a frame that an agency hears.
    pub(crate) fn hears(&self, agency: usize, mut frame: Frame) -> Frame {
        self.keep(agency, agency, &frame);
        let deaf = self.0.who.is_some_and(|(who, how)| who == agency && how.is_deaf());
        match frame.kind {
            FrameKind::Card if deaf => frame.beside.clear(),
            FrameKind::Witnessed if deaf => {
                if let Ok(WitnessReply::Refused { refusal, .. }) =
                    serde_json::from_slice(&frame.body)
                {
                    let unsaid = WitnessReply::Refused { refusal, held: None };
                    frame.body = serde_json::to_vec(&unsaid).expect("JSON");
                }
            }
            _ => {}
        }
        frame
    }

    /// Keeps what opens a conversation, to be sent again.
    fn keep(&self, agency: usize, meant_for: usize, frame: &Frame) {
        let opens = matches!(
            frame.kind,
            FrameKind::Query
                | FrameKind::Receipt
                | FrameKind::Card
                | FrameKind::Document
                | FrameKind::Statement
                | FrameKind::Witness
                | FrameKind::Heads
        );
        if !opens || self.0.who != Some((agency, Dishonesty::Replays)) {
            return;
        }
        let mut done = self.done();
        if done.tape.len() >= TAPE {
            done.tape.pop_front();
        }
        done.tape.push_back((meant_for, frame.clone()));
    }

    /// Leaves some exchanges out of what an agency states.
    pub(crate) fn hides(&self, agency: usize, exchanges: &mut Vec<schemas::exchange::Exchange>) {
        if !self.lies(agency, Dishonesty::HidesExchanges) {
            return;
        }
        exchanges.retain(|one| {
            let hidden = one.query.as_bytes()[0] % 3 == 0;
            if hidden {
                self.done().hidden.insert(one.query_id);
            }
            !hidden
        });
    }

    /// Puts a read of another plate and of another time into what an agency found.
    pub(crate) fn makes_up(&self, agency: usize, found: &mut Found) {
        if self.lies(agency, Dishonesty::MakesUpReads) {
            make_up(found, 400);
        }
    }
}

/// Puts a read that was not asked for into what was found, so many days older than the first.
pub(crate) fn make_up(found: &mut Found, days: u32) {
    let Some(read) = found.reads.first().cloned() else { return };
    let plate: Plate = MADE_UP.parse().expect("a plate");
    let at = read.at.minus_days(days);
    let id = ReadId::of_sighting("wider", at, &plate);
    found.reads.push(Read { id, plate, at, ..read });
}

/// Whether a read was made up.
pub(crate) fn is_made_up(read: &Read) -> bool {
    read.plate.as_str() == MADE_UP
}
