//! Pages of JSON Lines, each described by its digest.

use schemas::answer::{IMAGES_BYTES, MOST_PAGES, PAGE_BYTES, Page};
use schemas::digest::Digest;
use schemas::query::Query;
use serde::Serialize;

/// What a read takes in an answer, about, and the most that all of them together take.
const READ_BYTES: u64 = 1_024;
const PAGES_BYTES: u64 = 16 << 20;

/// The most that an answer to a query may take, in bytes, about.
pub(super) fn largest(query: &Query) -> u64 {
    let pages = u64::from(query.limit).saturating_mul(READ_BYTES).min(PAGES_BYTES);
    if query.images { pages.saturating_add(IMAGES_BYTES) } else { pages }
}

/// What was put into pages.
pub(super) struct Paged {
    /// The pages' bytes, in order.
    pub(super) pages: Vec<Vec<u8>>,
    /// What a header says of them.
    pub(super) described: Vec<Page>,
    /// How many values they hold: fewer than given when the pages do not suffice.
    pub(super) count: usize,
}

/// Puts values into as many pages as it takes, at most [`MOST_PAGES`].
pub(super) fn pages<'a, T: Serialize + 'a>(
    values: impl IntoIterator<Item = &'a T>,
) -> Result<Paged, serde_json::Error> {
    let mut paged = Paged { pages: Vec::new(), described: Vec::new(), count: 0 };
    let mut page = Vec::new();
    let mut lines = 0u32;
    for value in values {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        if lines > 0 && page.len().saturating_add(line.len()) > PAGE_BYTES {
            paged.put(std::mem::take(&mut page), std::mem::take(&mut lines));
        }
        if paged.pages.len() == MOST_PAGES {
            return Ok(paged);
        }
        page.extend(line);
        lines = lines.saturating_add(1);
    }
    if lines > 0 {
        paged.put(page, lines);
    }
    Ok(paged)
}

impl Paged {
    fn put(&mut self, page: Vec<u8>, lines: u32) {
        let bytes = u32::try_from(page.len()).unwrap_or(u32::MAX);
        self.described.push(Page { digest: Digest::of(&page), bytes, reads: lines });
        self.count = self.count.saturating_add(lines as usize);
        self.pages.push(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_one_page_and_no_page_is_too_large() {
        let values: Vec<String> = (0..1_000).map(|n| format!("{n:01000}")).collect();
        let paged = pages(&values).unwrap();
        assert_eq!(paged.count, 1_000);
        assert!(paged.pages.len() > 1 && paged.pages.iter().all(|page| page.len() <= PAGE_BYTES));
        let lines: Vec<String> = paged
            .pages
            .concat()
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(lines, values);
    }

    #[test]
    fn what_does_not_fit_is_not_counted() {
        let values: Vec<String> = (0..80).map(|_| "x".repeat(PAGE_BYTES - 10)).collect();
        let paged = pages(&values).unwrap();
        assert_eq!((paged.pages.len(), paged.count), (MOST_PAGES, MOST_PAGES));
    }
}
