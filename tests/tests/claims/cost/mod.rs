//! What an exchange costs, in numbers that no machine changes: calls of the store, rows, pages and
//! commits, signatures, verifications, hashes, frames and allocations, on each side; beside it, of bringing reads in and of finding them. A change that makes
//! it dearer fails here, and says by how much.
//!
//! Each side runs on a thread of its own, and each bound stands beside what was measured. What follows an
//! exchange is gathered for a moment: acknowledgements, proofs between heads, the head that is kept. How
//! much is gathered depends on how busy the machine is, so what that changes (signatures, verifications,
//! frames, calls, commits) is bounded in between: a machine that is busy gathers less and passes; a change
//! by which nothing is gathered fails. These claims run while no other does.

mod database;
mod ledger;
mod reads;
mod side;

use ledger::{Bounds, Pair, hold};

/// Exchanges one after the other; figures are for each of them.
const ONE_BY_ONE: u64 = 16;
/// Exchanges at once.
const AT_ONCE: u64 = 64;

/// One exchange alone. Measured: signatures 6.1 (query, receipt, and two of the database's head and two
/// of the log's), one verification of the answer and one of the owner's head.
const REQUESTER: Bounds = Bounds {
    signed: 6.5,
    verified: 2.25,
    compressed: 480.0,    // 367
    frames: 4.5,          // 2.5
    frame_bytes: 4_700.0, // 4,132
    allocations: 2_000.0, // 1,532
    allocated: 400_000.0, // 340,000
    calls: 6.5,           // 3.1: two appends, acknowledgements and proofs some at a time
    commits: 4.25,        // 2.6
    pages: 25.0,          // 20.9
    rows: 9.0, // two entries, what was asked, pages, the plate that was shown, user and case twice
    kept: 6_500.0, // 5,376: of few exchanges, pages of the database begun
};

/// The other side of it. Measured: signatures 4.1 (answer, the log's head once, the database's twice),
/// two verifications of envelopes and two of the requester's heads.
const OWNER: Bounds = Bounds {
    signed: 4.5,
    verified: 4.25,
    compressed: 420.0,    // 302
    frames: 5.5,          // 3.5
    frame_bytes: 4_100.0, // 3,517
    allocations: 2_300.0, // 1,698
    allocated: 400_000.0, // 338,000
    calls: 9.5, // 5.8: is the id known, the search, is it that answer's receipt, two appends
    commits: 4.25, // 2.3
    pages: 22.0, // 17.5
    rows: 7.0,  // two entries, what was served, pages, the plate that was shown, user and case
    kept: 6_500.0, // 5,376, of which the pages end after a day
};

/// Of 64 at once, each. Groups share commits, signatures of heads, and verifications of the other side's.
const REQUESTER_AT_ONCE: Bounds = Bounds {
    signed: 3.5,          // 2.2, alone 6.1
    verified: 1.75,       // 1.1, alone 2
    compressed: 420.0,    // 329
    frames: 3.25,         // 2.06, and 2.41 on a busy machine; alone 2.5 to 4
    frame_bytes: 4_700.0, // 4,183
    allocations: 1_450.0, // 1,180
    allocated: 370_000.0, // 309,000
    calls: 1.5,           // 0.2 to 0.4, alone 3.1
    commits: 1.0,         // 0.14 to 0.3, alone 2.6
    pages: 8.0,           // 3.3 to 4.2, alone 20.9
    rows: 9.0,
    kept: 4_500.0, // 4,096
};

/// The owner's, of 64 at once.
const OWNER_AT_ONCE: Bounds = Bounds {
    signed: 2.75,         // 1.3 to 1.5, alone 4.1
    verified: 3.25,       // 2.1, and 2.45 on a busy machine; alone 4
    compressed: 400.0,    // 283
    frames: 4.25,         // 3.06, and 3.41 on a busy machine; alone 3.5 to 5
    frame_bytes: 4_000.0, // 3,486
    allocations: 1_650.0, // 1,355
    allocated: 370_000.0, // 317,000
    calls: 5.25,          // 3.2 to 4.1, alone 5.8
    commits: 1.2,         // 0.2 to 0.4, alone 2.3
    pages: 8.0,           // 4.5
    rows: 7.0,
    kept: 5_600.0, // 4,608 to 5,248, of which the pages end after a day
};

#[tokio::test]
async fn an_exchange_costs_each_side_what_is_stated() {
    let mut pair = Pair::start().await;
    pair.exchanges(4, 1).await;
    let cost = pair.exchanges(ONE_BY_ONE, 1).await;
    hold(&[("requester", &cost[0], &REQUESTER), ("owner", &cost[1], &OWNER)]);
    pair.stop().await;
}

#[tokio::test]
async fn exchanges_at_once_share_their_commits_and_heads() {
    let mut pair = Pair::start().await;
    pair.exchanges(AT_ONCE, AT_ONCE).await;
    let cost = pair.exchanges(AT_ONCE, AT_ONCE).await;
    let [requester, owner] = &cost;
    hold(&[("requester", requester, &REQUESTER_AT_ONCE), ("owner", owner, &OWNER_AT_ONCE)]);
    pair.stop().await;
}
