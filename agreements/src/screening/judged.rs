//! What is judged of everything that an officer says beside one query.

use super::forbidden::Betrayed;
use super::measure::{self, Measured};
use super::said::{Said, Which};
use super::uses::{self, Found};
use super::vocabulary::{VOCABULARY, Vocabulary};
use crate::policy::ReasonRules;

impl Said<'_> {
    /// How the reason meets a policy's demand.
    pub(crate) fn measured(&self, rules: &ReasonRules) -> Measured {
        measure::measured(self, rules)
    }

    /// Whether a text that is measured by itself, such as a suspicion, says something in at least so many
    /// words.
    pub(crate) fn tells(&self, which: Which, least: usize) -> bool {
        measure::says_something(self, which, least)
    }

    /// The uses that it betrays and that a policy may forbid, traffic enforcement among them; `None` when
    /// that cannot be told, which is as good as a use that is forbidden.
    pub(crate) fn forbidden(&self) -> Option<&[Betrayed]> {
        self.forbidden.get_or_init(|| self.betrayed(VOCABULARY.as_ref()?)).as_deref()
    }

    fn betrayed(&self, vocabulary: &Vocabulary) -> Option<Vec<Betrayed>> {
        let mut all = Vec::new();
        let mut apart = None;
        for which in Which::ALL {
            let text = which.of(self.why);
            if text.is_empty() {
                continue;
            }
            let found: Found = uses::found(&text)?;
            // Most texts hold no such word, and need not be read for it.
            if found.nothing() {
                continue;
            }
            let offense = self.common(Which::Offense)?;
            let apart = apart.get_or_insert_with(|| measure::apart(vocabulary, self.why, offense));
            let beside = measure::beside(vocabulary, self.common(which)?, apart);
            for betrayed in found.betrayed(beside) {
                uses::stronger(&mut all, betrayed);
            }
        }
        all.extend(measure::traffic(vocabulary, self)?);
        Some(all)
    }
}
