//! Whether what is shown to the public is what an official released: each entry that says so names the
//! release that it rests on.

use std::collections::BTreeMap;

use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::event::Event;
use schemas::event::audit::Shown;

use crate::problem::{Problem, problem};

/// Holds what is shown against what was released.
#[derive(Debug, Default)]
pub(crate) struct ShownCheck {
    whole: bool,
    /// What is released of each sort, and by which entry.
    released: BTreeMap<Shown, (u64, Digest)>,
    problems: Vec<Problem>,
}

impl ShownCheck {
    /// Of a `whole` log, or of some entries of one, which do not tell what was released before them.
    pub(crate) fn new(whole: bool) -> Self {
        Self { whole, ..Self::default() }
    }

    /// Takes in the next entry, with its body, which stays as long as the log.
    pub(crate) fn see(&mut self, header: &Header, body: Option<&Body>) {
        let Some(body) = body.filter(|_| self.whole) else { return };
        if let Some(why) = self.wrong(header.index, &body.event) {
            self.problems.push(problem(Some(header.index), "public", why));
        }
    }

    /// What of entry `index` the entries before it do not bear out.
    fn wrong(&mut self, index: u64, event: &Event) -> Option<String> {
        match event {
            Event::PublicReleased(said) => {
                let before = self.released.insert(said.shown, (index, said.digest));
                let before = before.map(|(_, digest)| digest);
                (said.shown == Shown::Report && before.is_some() && said.previous != before)
                    .then(|| "it does not name the report that was released before it".into())
            }
            Event::PublicWithdrawn(said) => {
                self.released.remove(&said.shown);
                None
            }
            Event::PublicShown(said) => match self.released.get(&said.shown) {
                None => Some("it says that what nobody had released is shown".into()),
                Some((entry, digest)) if (*entry, *digest) != (said.released, said.digest) => {
                    Some(format!(
                        "it says that {} of entry {} is shown; released is {digest} of entry {entry}",
                        said.digest, said.released
                    ))
                }
                Some(_) => None,
            },
            _ => None,
        }
    }

    /// What was found since the last call.
    pub(crate) fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }
}

#[cfg(test)]
mod tests {
    use schemas::event::audit::{PublicReleased, PublicShown, PublicWithdrawn};
    use schemas::text::Text;

    use super::*;

    fn released(text: &str, previous: Option<&str>) -> Event {
        Event::PublicReleased(PublicReleased {
            shown: Shown::Report,
            digest: Digest::of(text.as_bytes()),
            report: Some(0),
            previous: previous.map(|text| Digest::of(text.as_bytes())),
            in_parts: false,
            title: Text::default(),
        })
    }

    fn shown(text: &str, released: u64) -> Event {
        let digest = Digest::of(text.as_bytes());
        Event::PublicShown(PublicShown { shown: Shown::Report, digest, released })
    }

    #[test]
    fn what_is_shown_is_what_was_released_last_and_is_not_withdrawn() {
        let withdrawn = || {
            let reason = "a mistake in it".parse().unwrap();
            Event::PublicWithdrawn(PublicWithdrawn { shown: Shown::Report, reason })
        };
        // Each is the entry of its place in the list.
        let table: [(&[Event], Option<&str>); 7] = [
            (&[released("a", None), shown("a", 0)], None),
            (&[released("a", None), released("b", Some("a")), shown("b", 1)], None),
            (&[shown("a", 0)], Some("nobody had released")),
            (&[released("a", None), shown("prettier", 0)], Some("released is")),
            (&[released("a", None), released("b", Some("a")), shown("a", 0)], Some("of entry 1")),
            (&[released("a", None), withdrawn(), shown("a", 0)], Some("nobody had released")),
            (&[released("a", None), released("b", Some("other"))], Some("does not name")),
        ];
        for (events, expected) in table {
            let mut check = ShownCheck::new(true);
            let found: Vec<String> =
                (0..).zip(events).filter_map(|(index, event)| check.wrong(index, event)).collect();
            let fits = match (found.as_slice(), expected) {
                ([], None) => true,
                ([one], Some(part)) => one.contains(part),
                _ => false,
            };
            assert!(fits, "{events:?}: {found:?}");
        }
    }
}
