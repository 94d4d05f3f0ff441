//! How far something long is, on stderr, for a person who looks on; nothing where nobody does.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use schemas::text::one_line;

/// How often it moves.
const TICK: Duration = Duration::from_millis(200);

/// A line that says how far something is, how fast it goes and how long it still takes. Cheap to
/// clone: clones are one line.
#[derive(Clone)]
pub(super) struct Progress {
    bar: ProgressBar,
    things: &'static str,
}

impl Progress {
    /// Of bytes.
    pub(super) fn of_bytes() -> Self {
        Self::of("")
    }

    /// Of `things`, in the plural: `rows`.
    pub(super) fn of(things: &'static str) -> Self {
        let this = Self { bar: ProgressBar::no_length(), things };
        this.styled(false);
        this.bar.enable_steady_tick(TICK);
        this
    }

    fn styled(&self, whole: bool) {
        let things = self.things;
        let template = match (things.is_empty(), whole) {
            (true, false) => "{spinner} {msg}  {bytes}  {bytes_per_sec}  {elapsed}".to_owned(),
            (true, true) => {
                "{spinner} {msg}  {wide_bar} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left"
                    .to_owned()
            }
            (false, false) => {
                format!("{{spinner}} {{msg}}  {{human_pos}} {things}  {{per_sec}}  {{elapsed}}")
            }
            (false, true) => format!(
                "{{spinner}} {{msg}}  {{wide_bar}} {{human_pos}} of {{human_len}} {things}  {{per_sec}}  {{eta}} left"
            ),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            self.bar.set_style(style);
        }
    }

    /// How much there is in all, once that is known.
    pub(super) fn whole(&self, whole: u64) {
        self.styled(true);
        self.bar.set_length(whole);
    }

    /// What is being done at this moment.
    pub(super) fn doing(&self, what: impl Into<String>) {
        // A file's name, or a case: others may have written it.
        self.bar.set_message(one_line(&what.into()));
    }

    /// So much more is done.
    pub(super) fn advance(&self, by: u64) {
        self.bar.inc(by);
    }

    /// So much is done in all.
    pub(super) fn reached(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// How much is done.
    pub(super) fn position(&self) -> u64 {
        self.bar.position()
    }

    /// Whether nobody looks on.
    pub(super) fn unseen(&self) -> bool {
        self.bar.is_hidden()
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
