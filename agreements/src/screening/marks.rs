//! The tokens of a text that are no words: what is known and said again, sections of codes, and numbers.

use schemas::statute::Code;

use super::fold::Token;
use super::reader::{Known, Named, Reader, Says};
use super::statutes::{self, Cited};
use super::vocabulary::Kind;

/// Most different sections that are told apart in one text: more than a query names, and than any demand.
const MOST_SECTIONS: usize = 32;

impl Reader<'_, '_> {
    fn mark(&mut self, from: usize, until: usize, says: Says) {
        for mark in self.marks.iter_mut().take(until).skip(from) {
            *mark = Some(says);
        }
    }

    pub(super) fn free(&self, at: usize) -> bool {
        self.marks.get(at).is_some_and(Option::is_none)
    }

    /// Tokens that together spell what is known, as `8KTR-392`.
    pub(super) fn repeated(&mut self, known: &Known<'_>) {
        for spelled in known.spelled() {
            let mut from = 0;
            while from < self.tokens.len() {
                let mut rest = spelled;
                let used = self.tokens.iter().skip(from).take_while(|token| {
                    let fits = rest.strip_prefix(token.word).filter(|_| !rest.is_empty());
                    rest = fits.unwrap_or(rest);
                    fits.is_some()
                });
                let used = used.count();
                if used > 0 && rest.is_empty() {
                    self.mark(from, from + used, Says::Repeated);
                    from += used;
                } else {
                    from += 1;
                }
            }
        }
    }

    fn after_number_word(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
        let hash = self.tokens.get(at).is_some_and(|token| token.before.contains('#'));
        hash || before.is_some_and(|token| {
            let id = self.vocabulary.lexicon.exact(token.word);
            id.is_some_and(|id| self.vocabulary.number_words.contains(&id))
        })
    }

    /// Whether a token belongs to one run of letters and digits with those around it.
    fn glued(&self, from: usize, until: usize) -> bool {
        let dashed = |token: &Token<'_>| token.touches() || matches!(token.before, "-" | "." | ":");
        from > 0 && self.tokens.get(from).is_some_and(dashed)
            || self.tokens.get(until).is_some_and(dashed)
    }

    pub(super) fn sections(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let found = if self.free(at) { statutes::cited(&self.tokens, at) } else { Vec::new() };
            let coded = found.first().is_some_and(|cited| cited.code.is_some());
            let mut next = at + 1;
            for cited in found {
                let bare = !coded
                    && !self.after_number_word(cited.from)
                    && !self.glued(cited.from, cited.until)
                    && self.vocabulary.of_section(&cited).is_some();
                let touching = coded
                    && self
                        .tokens
                        .get(cited.from)
                        .is_some_and(|token| cited.from > 0 && token.touches() && cited.from == at);
                if (coded && !touching) || bare {
                    self.mark(cited.from, cited.until, Says::Statute);
                    next = cited.until.max(next);
                    self.section(&cited);
                }
            }
            at = next;
        }
    }

    fn section(&mut self, cited: &Cited) {
        let listed = self.vocabulary.of_section(cited);
        let number = cited.section.number();
        let by_number = |at| self.vocabulary.offence(at)?.code_of_bare(number);
        let code = cited.code.or_else(|| listed.and_then(by_number));
        let signed = code.map(|code| format!("{} {}", code.short(), cited.section));
        match (listed, code) {
            (Some(at), _) => self.offence(Named::Listed(at), signed.as_deref().unwrap_or_default()),
            // What else the Vehicle Code says is traffic.
            (None, Some(Code::Vehicle)) => self.reading.infraction.clone_from(&signed),
            // An attempt at another.
            (None, Some(Code::Penal)) if cited.section.number() == "664" => {}
            (None, Some(code)) => {
                self.offence(Named::Section(code, statutes::key(&cited.section, 0)), "")
            }
            (None, None) => {}
        }
        let sections = &self.reading.sections;
        let known = sections.len() >= MOST_SECTIONS
            || sections.iter().any(|(text, _)| Some(text) == signed.as_ref());
        if let Some(signed) = signed.filter(|_| !known) {
            self.reading.sections.push((signed, listed));
        }
    }

    pub(super) fn offence(&mut self, named: Named, words: &str) {
        if let Named::Listed(at) = named
            && self.vocabulary.offence(at).is_some_and(|of| of.kind == Kind::Infraction)
        {
            self.reading.infraction = Some(words.to_owned());
            return;
        }
        let offences = &mut self.reading.offences;
        let unlisted = matches!(named, Named::Section(..));
        if !(offences.contains(&named) || unlisted && offences.len() >= MOST_SECTIONS) {
            offences.push(named);
        }
    }

    /// Runs of letters and digits, such as a plate, a case number or a call sign.
    pub(super) fn numbers(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let mut until = at + 1;
            while self.free(until)
                && self.tokens.get(until).is_some_and(|token| {
                    token.touches()
                        || matches!(token.before, "-" | "/" | "." | ":" | "_") && token.is_number()
                })
            {
                until += 1;
            }
            let run = self.tokens.get(at..until).unwrap_or_default();
            let digits: usize =
                run.iter().filter(|token| token.is_number()).map(|token| token.word.len()).sum();
            if self.free(at) && digits > 0 {
                let first = run.first();
                let word = first.filter(|token| !token.is_number() && token.word.len() > 2);
                let known = word.is_some_and(|token| {
                    self.vocabulary.lexicon.exact(token.word).is_some() && digits <= 2
                });
                self.reading.case_number |=
                    digits >= 5 || (digits >= 3 && self.after_number_word(at));
                self.mark(if known { at + 1 } else { at }, until, Says::Number);
            }
            at = until;
        }
    }
}
