//! What is packed comes back to the byte, whatever it is; what is not packed is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use schemas::envelope::{Envelope, Kind};
use schemas::key::SecretKey;

use super::*;

/// Texts made of what entries are made of, digits of odd lengths and marks among them.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[0-9a-f]{0,80}",
        "[A-Za-z0-9+/]{0,90}={0,3}",
        "([0-9a-f]{4}-){15}[0-9a-f]{4}",
        "([0-9a-f]{4}-){14}[0-9A-f]{4}",
        "\\\\[nrtu\\\\\"]",
        "[\\x00-\\x08]{0,2}",
        "\\PC{0,12}",
        Just("\"payloadType\":\"application/vnd.accord.query.v1+json\",\"payload\":\"".to_owned()),
        "[ -~]{0,60}".prop_map(|inside| BASE64.encode(inside)),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_text_comes_back_as_it_was(text in texts()) {
        prop_assert_eq!(unpack_text(&pack(text.as_bytes()).unwrap()).unwrap(), text);
    }

    #[test]
    fn any_bytes_come_back_as_they_were(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(unpack(&pack(&bytes).unwrap()).unwrap(), bytes);
    }

    #[test]
    fn a_record_comes_back_as_it_was(
        salt in any::<[u8; SALT]>(),
        body in texts(),
        envelopes in prop::option::of(texts()),
    ) {
        let packed = Record::pack(&salt, &body, envelopes.as_deref()).unwrap();
        let record = Record { salt: salt.to_vec(), body, envelopes };
        prop_assert_eq!(Record::unpack(&packed).unwrap(), record);
    }

    #[test]
    fn bytes_that_nobody_packed_are_refused_or_bounded(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(unpacked) = unpack(&bytes) {
            prop_assert!(unpacked.len() <= bytes.len() * 255 * 3);
        }
        drop(Record::unpack(&bytes));
    }
}

#[test]
fn an_envelope_is_kept_without_its_base64_and_without_the_words_that_all_have() {
    let key = SecretKey::from_seed(&[7; 32]);
    let payload =
        br#"{"query_id":"00112233445566778899aabbccddeeff","from":"asking-ca-pd"}"#.to_vec();
    let envelope = Envelope::sign(Kind::Receipt, payload, &key).unwrap();
    let packed = pack(envelope.as_bytes()).unwrap();
    assert_eq!(unpack(&packed).unwrap(), envelope.as_bytes());
    assert!(packed.len() * 2 < envelope.as_bytes().len(), "{} bytes", packed.len());
}

#[test]
fn what_says_that_it_is_longer_than_it_can_be_is_refused_before_room_is_made() {
    for length in [256, LONGEST, LONGEST + 1, usize::MAX >> 30] {
        let mut packed = vec![Form::Shorter as u8];
        put_number(&mut packed, length);
        packed.push(0);
        assert!(unpack(&packed).is_err(), "{length}");
    }
    assert!(unpack(&[]).is_err());
    assert!(unpack(&[9, 0]).is_err());
}

#[test]
fn a_record_whose_lengths_do_not_fit_is_refused() {
    let packed = Record::pack(&[1; SALT], "{}", Some("é")).unwrap();
    let (salt, rest) = packed.split_at(SALT);
    for first in [2u8, 9] {
        let mut edited = [salt, rest].concat();
        edited[SALT] = first;
        assert!(Record::unpack(&edited).is_err(), "{first}");
    }
    assert!(Record::unpack(salt).is_err());
}
