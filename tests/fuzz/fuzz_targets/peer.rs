//! Every JSON that a peer sends: whatever it holds it is read or refused, and what was read and is
//! written again reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::answer::{Answer, LogPosition, Receipt};
use schemas::card::Card;
use schemas::correction::Correction;
use schemas::posted::PostedPolicy;
use schemas::query::Query;
use schemas::read::Read;
use schemas::refusal::Refusal;
use schemas::entry_proof::EntryProof;
use schemas::statement::{ExchangeRecord, Narrow, Node, Statement, StatementRequest};
use schemas::witness::{
    ConsistencyReply, ConsistencyRequest, Greeting, WitnessReply, WitnessRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn holds<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_vec(&value).expect("what was read is written");
    let again: T = serde_json::from_slice(&written).expect("what was written is read");
    assert_eq!(serde_json::to_vec(&again).expect("written again"), written);
}

// The first byte chooses the type, so that each input is tried as one.
fuzz_target!(|bytes: &[u8]| {
    let Some((which, json)) = bytes.split_first() else { return };
    match which {
        b'a' => holds::<Answer>(json),
        b'b' => holds::<LogPosition>(json),
        b'c' => holds::<Receipt>(json),
        b'd' => holds::<Card>(json),
        b'e' => holds::<Correction>(json),
        b'f' => holds::<Query>(json),
        b'g' => holds::<Read>(json),
        b'h' => holds::<Refusal>(json),
        b'i' => holds::<EntryProof>(json),
        b'j' => holds::<ExchangeRecord>(json),
        b'k' => holds::<Narrow>(json),
        b'l' => holds::<Node>(json),
        b'm' => holds::<Statement>(json),
        b'n' => holds::<StatementRequest>(json),
        b'o' => holds::<ConsistencyReply>(json),
        b'p' => holds::<ConsistencyRequest>(json),
        b'q' => holds::<WitnessReply>(json),
        b'r' => holds::<WitnessRequest>(json),
        b's' => holds::<Greeting>(json),
        b't' => holds::<PostedPolicy>(json),
        _ => {}
    }
});
