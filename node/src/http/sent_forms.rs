//! Forms of the console that were sent a while ago, so that what one asks for is done once, however often its
//! button is pressed. Kept in memory: after a restart what an act itself looks for keeps it from being done
//! twice, such as that a request is decided already.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use schemas::digest::Digest;

/// Most forms that are remembered; the oldest are forgotten first.
const MOST: usize = 4_096;

/// The forms that were sent last.
#[derive(Debug, Default)]
pub struct SentForms(Mutex<Sent>);

#[derive(Debug, Default)]
struct Sent {
    known: HashSet<Digest>,
    order: VecDeque<Digest>,
}

impl SentForms {
    /// Takes in a form; whether it comes for the first time.
    pub fn comes_first(&self, form: Digest) -> bool {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !sent.known.insert(form) {
            return false;
        }
        sent.order.push_back(form);
        if sent.order.len() > MOST
            && let Some(oldest) = sent.order.pop_front()
        {
            sent.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_first_once_until_thousands_came_after_it() {
        let sent = SentForms::default();
        let form = |n: usize| Digest::of(n.to_string().as_bytes());
        assert!(sent.comes_first(form(0)) && !sent.comes_first(form(0)));
        assert!((1..=MOST).all(|n| sent.comes_first(form(n))));
        assert!(!sent.comes_first(form(1)), "the newest are remembered");
        assert!(sent.comes_first(form(0)), "and no more than so many");
    }
}
