//! What must happen, what did, and whether they are the same.

use serde_json::json;

use super::super::output::{Output, err};
use crate::permission::ActError;

pub(super) struct Book {
    output: Output,
    steps: u32,
    failed: u32,
}

impl Book {
    pub(super) fn new(output: Output) -> Self {
        Self { output, steps: 0, failed: 0 }
    }

    pub(super) fn heading(&self, text: &str) {
        self.say(&format!("\n== {text} =="));
    }

    /// A line for people.
    pub(super) fn say(&self, text: &str) {
        if self.output.json() { err(text) } else { self.output.note(text) }
    }

    /// A step: right when what was observed is what must happen.
    pub(super) fn step(&mut self, step: &str, expected: &str, observed: &str) {
        let ok = expected == observed;
        self.steps = self.steps.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(!ok));
        let line = json!({ "step": step, "expected": expected, "observed": observed, "ok": ok });
        self.output.object(&line, || {
            let number = self.steps;
            if ok {
                format!("  ok    {number}. {step}: {observed}")
            } else {
                format!(
                    "  WRONG {number}. {step}\n          must be  {expected}\n          but was  {observed}"
                )
            }
        });
    }

    /// No more steps can take place: that too is something that must not happen.
    pub(super) fn broke_off(&mut self, error: &ActError) {
        self.step("the demonstration goes on", "every step takes place", &error.to_string());
    }

    /// The last line; whether everything was as it must be.
    pub(super) fn finish(&self) -> bool {
        let summary = json!({ "summary": { "steps": self.steps, "failed": self.failed } });
        self.output.object(&summary, || match self.failed {
            0 => format!("\n{} steps, and everything happened as it must.", self.steps),
            failed => format!("\n{failed} of {} steps went wrong.", self.steps),
        });
        self.failed == 0
    }
}
