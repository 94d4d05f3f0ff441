//! Whatever an officer writes is read, and read the same twice; what is typed of it stays as it is.
#![no_main]

use agreements::policy::Policy;
use agreements::screening::{forbidden_uses, typed};
use libfuzzer_sys::fuzz_target;
use schemas::query::Justification;
use schemas::text::Text;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(reason) = text.parse::<Text>() else { return };
    let name = "california-statute";
    let policy = Policy::builtin_text(name).expect("a policy that comes with the node");
    let policy = Policy::from_toml(name, policy).expect("it reads");
    let why = serde_json::json!({ "purpose": "criminal_investigation", "reason": reason });
    let why: Justification = serde_json::from_value(why).expect("a justification");
    assert_eq!(forbidden_uses(&why), forbidden_uses(&why));
    let once = typed(&why, &policy.reason);
    assert_eq!(typed(&once, &policy.reason), once);
});
