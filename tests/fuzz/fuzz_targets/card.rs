//! Whatever a card says, who signs it and who reads it agree: what can be signed is read as it was, and
//! fits; and what is read is bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::card::{Card, LARGEST, MOST_ADDRESSES, MOST_REVOCATIONS};
use schemas::key::SecretKey;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut card) = serde_json::from_slice::<Card>(bytes) else { return };
    let [agency, node, message, log, cosigner] =
        [1, 2, 3, 4, 5].map(|byte| SecretKey::from_seed(&[byte; 32]));
    card.agency_key = agency.public();
    card.node_key = node.public();
    card.message_key = message.public();
    card.log_key = log.public();
    card.cosigner_key = cosigner.public();
    let keys = [node, message, log, cosigner];
    let Ok(envelope) = card.sign(&agency, &keys) else { return };
    assert!(envelope.as_bytes().len() <= LARGEST);
    let read = Card::open(&envelope).expect("what was signed is read");
    assert!(read.addresses.len() <= MOST_ADDRESSES && read.revocations.len() <= MOST_REVOCATIONS);
    card.possession = read.possession;
    assert_eq!(read, card);
});
