//! Turns of what is being sent: so many requests at once, and of one source only some of them, so that one
//! that is slow, or whose token leaked, keeps no other waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use registry::SourceName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most requests at once.
const ALL: usize = 16;
/// Most of them of one source.
const OF_ONE: usize = 4;

/// The turns.
#[derive(Debug)]
pub struct SendingTurns {
    all: Arc<Semaphore>,
    by_source: Mutex<HashMap<SourceName, Arc<Semaphore>>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _of_source: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Default for SendingTurns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(ALL)), by_source: Mutex::default() }
    }
}

impl SendingTurns {
    /// A turn of this source, once there is one.
    pub async fn turn(&self, source: &SourceName) -> Option<Turn> {
        let of_source = {
            let mut by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
            let turns = by_source.entry(source.clone());
            turns.or_insert_with(|| Arc::new(Semaphore::new(OF_ONE))).clone()
        };
        // A source waits for itself before it waits for others.
        let of_source = of_source.acquire_owned().await.ok()?;
        let of_all = self.all.clone().acquire_owned().await.ok()?;
        Some(Turn { _of_source: of_source, _of_all: of_all })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_source_has_some_of_the_turns_and_leaves_the_others() {
        let turns = SendingTurns::default();
        let name = |text: &str| text.parse::<SourceName>().expect("a name");
        let mut taken = Vec::new();
        for _ in 0..OF_ONE {
            taken.push(turns.turn(&name("slow")).await.expect("a turn"));
        }
        assert!(turns.turn(&name("slow")).now_or_never().is_none(), "it waits for itself");
        assert!(turns.turn(&name("other")).now_or_never().flatten().is_some());
        taken.pop();
        assert!(turns.turn(&name("slow")).now_or_never().flatten().is_some());
    }
}
