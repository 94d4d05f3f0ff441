//! Providers of single sign-on: each is a table `[[provider]]`, and works through the pages.

use ::sign_in::provider::Settings;
use toml::{Table, Value};

use super::reading::Reading;

/// Most of them.
const MOST: usize = 8;

const EXPECTED: &str = "tables, [[provider]], each with name, label, issuer, client and two_factors, and authority, hours, groups and programs if need be";

impl Reading {
    /// Those under `provider`, each of which is right.
    pub(super) fn providers(&mut self, has_origin: bool) -> Vec<Settings> {
        let Some(tables) = self.optional::<Vec<Table>>("provider", EXPECTED) else {
            return Vec::new();
        };
        if !tables.is_empty() && !has_origin {
            self.problem(
                "provider is given without origin: people sign in by it on the pages".into(),
            );
        }
        if tables.len() > MOST {
            self.problem(format!(
                "provider stands {} times; expected at most {MOST}",
                tables.len()
            ));
        }
        let mut all: Vec<Settings> = Vec::new();
        for (number, table) in (1..).zip(tables) {
            let settings = match Value::Table(table).try_into::<Settings>() {
                Ok(settings) => settings,
                Err(error) => {
                    self.problem(format!(
                        "provider {number}: {}; expected {EXPECTED}",
                        error.message()
                    ));
                    continue;
                }
            };
            for problem in settings.problems() {
                self.problem(format!("provider {number}: {problem}"));
            }
            if all.iter().any(|one| one.name == settings.name || one.issuer == settings.issuer) {
                self.problem(format!("provider {number}: name or issuer is that of another"));
            }
            all.push(settings);
        }
        all
    }
}
