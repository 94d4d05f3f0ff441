//! Every document that people sign: whatever it holds it is read or refused, what is read prints as
//! it stands, and what was read and is written again reads the same.
#![no_main]

use agreements::DocumentError;
use agreements::agreement::{Adherence, Agreement, Notice};
use agreements::difference::differences;
use agreements::policy::Policy;
use agreements::request::{Request, Ruling, Withdrawal};
use libfuzzer_sys::fuzz_target;
use schemas::text::{hidden_in_lines, visible};

/// What could not be read says so in words that print.
fn prints(error: &DocumentError) {
    let said = error.to_string();
    assert_eq!(visible(&said), said);
}

macro_rules! holds {
    ($type:ty, $text:expr) => {
        match <$type>::from_toml("document", $text) {
            Ok(value) => {
                assert_eq!(hidden_in_lines($text), None);
                let written = value.to_toml().expect("what was read is written");
                let again = <$type>::from_toml("document", &written).expect("and read");
                assert_eq!(again, value);
            }
            Err(error) => prints(&error),
        }
    };
}

// The first byte chooses the kind, so that each input is tried as one.
fuzz_target!(|bytes: &[u8]| {
    let Some((which, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    match which {
        b'a' => {
            holds!(Agreement, text);
            if let Ok(agreement) = Agreement::from_toml("document", text) {
                assert!(differences(&agreement, &agreement).expect("values").is_empty());
            }
        }
        b'b' => holds!(Adherence, text),
        b'c' => holds!(Notice, text),
        b'd' => holds!(Request, text),
        b'e' => holds!(Ruling, text),
        b'f' => holds!(Withdrawal, text),
        b'g' => match Policy::from_toml("document", text) {
            Ok(_) => assert_eq!(hidden_in_lines(text), None),
            Err(error) => prints(&error),
        },
        _ => {}
    }
});
