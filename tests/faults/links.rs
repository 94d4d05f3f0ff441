//! Faults of the link between two nodes.

use std::time::Duration;

use crate::ground::{Figures, Pair};
use crate::relay::{Burst, How, Towards, Word};

/// Most bursts of an exchange that are cut.
const MOST_BURSTS: usize = 8;

/// The bursts of one exchange over a connection that stands, or of one that makes it.
fn traced(pair: &mut Pair, anew: bool) -> Vec<Burst> {
    if anew {
        pair.relay.does(&Word::Cut(How::Closed));
        std::thread::sleep(Duration::from_millis(200));
    }
    pair.relay.does(&Word::Trace);
    pair.ask();
    // The receipt's acknowledgement comes after the officer has the answer.
    std::thread::sleep(Duration::from_millis(300));
    pair.relay.traced()
}

/// Places before, in and after each burst, as bytes in its direction since the beginning.
fn places(bursts: &[Burst]) -> Vec<(Towards, u64)> {
    let mut gone = [0; 2];
    let mut places = Vec::new();
    for (towards, bytes) in bursts.iter().take(MOST_BURSTS) {
        let before: &mut u64 = &mut gone[usize::from(*towards == Towards::Owner)];
        for at in [*before, *before + bytes / 2, *before + bytes] {
            // A cut after no byte at all would come at the first one.
            places.push((*towards, at.max(1)));
        }
        *before += bytes;
    }
    places.dedup();
    places
}

/// The link is cut before, in and after each step of an exchange, with and without a word to the
/// ends.
pub(crate) fn cut_in_an_exchange() -> Figures {
    let mut pair = Pair::new("cut");
    let bursts = traced(&mut pair, false);
    assert!(bursts.len() >= 2, "an exchange goes both ways: {bursts:?}");
    for how in [How::Closed, How::Silent] {
        for (towards, bytes) in places(&bursts) {
            let before = pair.relay.cuts();
            pair.relay.does(&Word::Arm(towards, bytes, how));
            pair.ask();
            std::thread::sleep(Duration::from_millis(50));
            // Exchanges differ by some bytes: what was not reached was no fault.
            if pair.relay.cuts() > before {
                pair.over(&format!("{how:?} after {bytes} bytes towards the {towards:?}"));
            }
        }
    }
    pair.figures()
}

/// The same while a connection is being made.
pub(crate) fn cut_in_a_handshake() -> Figures {
    let mut pair = Pair::new("handshake");
    let bursts = traced(&mut pair, true);
    for (towards, bytes) in places(&bursts) {
        pair.relay.does(&Word::Cut(How::Closed));
        std::thread::sleep(Duration::from_millis(100));
        let before = pair.relay.cuts();
        pair.relay.does(&Word::Arm(towards, bytes, How::Closed));
        pair.ask();
        if pair.relay.cuts() > before {
            pair.over(&format!("a handshake closed after {bytes} bytes towards the {towards:?}"));
        }
    }
    pair.figures()
}

/// A node's cable is pulled under load, and plugged in again.
pub(crate) fn isolated() -> Figures {
    let mut pair = Pair::new("isolated");
    for (node, whose) in [(1, "owner"), (0, "requester"), (1, "owner")] {
        let officers = pair.officers(2);
        std::thread::sleep(Duration::from_millis(700));
        pair.net.plug(node, false);
        std::thread::sleep(Duration::from_secs(4));
        pair.net.plug(node, true);
        std::thread::sleep(Duration::from_secs(1));
        let told = officers.stop();
        pair.note(told);
        pair.over(&format!("the {whose} was isolated"));
    }
    pair.figures()
}

/// Links that break without a word, one after another, more often than a peer may have connections.
pub(crate) fn broken_in_silence() -> Figures {
    let mut pair = Pair::new("silent");
    for n in 0..6 {
        pair.relay.does(&Word::Cut(How::Silent));
        pair.over(&format!("silence {n}"));
    }
    pair.figures()
}

/// A slow, uneven link.
pub(crate) fn slow() -> Figures {
    let mut pair = Pair::new("slow");
    for (least, most) in [(5, 40), (0, 150)] {
        pair.relay.does(&Word::Delay(least, most));
        let officers = pair.officers(6);
        std::thread::sleep(Duration::from_secs(3));
        let told = officers.stop();
        pair.note(told);
        pair.over(&format!("delays of {least} to {most} ms"));
    }
    pair.figures()
}
