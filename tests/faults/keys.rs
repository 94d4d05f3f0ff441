//! Keys that become others.

use std::time::Duration;

use crate::ground::{Figures, Pair};

/// The keys, and for how many minutes each still counts beside the next one: of those that sign, long
/// enough for what is under way; the node key ends at once, so every connection is made anew.
const KEYS: [(&str, &str); 4] =
    [("message", "60"), ("log", "60"), ("cosigner", "60"), ("node", "0")];

/// Every key of the owner, then of the requester, is exchanged under load.
pub(crate) fn rotated() -> Figures {
    let mut pair = Pair::new("rotated");
    for owner in [true, false] {
        for (key, overlap) in KEYS {
            let officers = pair.officers(4);
            std::thread::sleep(Duration::from_millis(400));
            let whose = if owner { &pair.owning } else { &pair.asking };
            whose.accord(&["key", "rotate", key, "--overlap", overlap]).done();
            std::thread::sleep(Duration::from_millis(600));
            let told = officers.stop();
            pair.note(told);
            let whose = if owner { "owner" } else { "requester" };
            pair.over(&format!("the {key} key of the {whose} is another"));
        }
    }
    pair.figures()
}
