//! From one page of kept answers to the next, and back to where one was.

use maud::{Markup, html};
use schemas::query::QueryId;
use schemas::time::Timestamp;

/// The search whose kept answers are read page by page.
pub(super) struct Turning<'a> {
    /// What every form of the session carries.
    pub(super) form: &'a Markup,
    pub(super) search: QueryId,
    /// When it was asked.
    pub(super) at: Timestamp,
}

impl Turning<'_> {
    /// The button that shows a page, counted from 0, from the first of its reads on.
    pub(super) fn to(&self, page: usize, said: &str) -> Markup {
        html! {
            form.inline method="post" action="/answers#timeline" {
                (self.form)
                input type="hidden" name="search" value=(self.search.to_string());
                input type="hidden" name="at" value=(self.at.millis());
                input type="hidden" name="page" value=(page);
                button type="submit" { (said) }
            }
        }
    }
}
