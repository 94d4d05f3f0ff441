//! Whether an answer could be delivered again: its authority is decided upon once more at each delivery.

use agreements::decide::{Decision, Scope as _};
use schemas::query::Query;
use schemas::refusal::Reason;
use schemas::time::Timestamp;

use super::recent::Delivered;

/// Why an answer could not be delivered again by an entry of an instant, as it is decided by `decide`, in
/// a sentence. The entry may stand as long as `longest_ms` after its decision, and past the end of something.
pub(super) fn refused_again(
    known: &Delivered,
    at: Timestamp,
    longest_ms: i64,
    decide: impl Fn(&Query, Timestamp) -> Result<Decision, String>,
) -> Option<String> {
    let mut why = String::new();
    for earlier in [0, longest_ms] {
        match decide(&known.query, at.plus_millis(-earlier)) {
            Ok(Decision::Permit(permit)) if !known.images || permit.scope.images() => return None,
            Ok(Decision::Permit(_)) => why = "its photographs are opened no longer".into(),
            Ok(Decision::Refuse(refused)) => {
                let codes = refused.reasons.as_slice().iter().map(|one: &Reason| one.code.code());
                why = format!("it is refused: {}", codes.collect::<Vec<_>>().join(", "));
            }
            Err(what) => why = what,
        }
    }
    Some(format!("it was delivered again; decided again {why}"))
}
