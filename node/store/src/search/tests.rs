//! Long searches, on reads in memory of which each stands for many.

use std::sync::Mutex;

use super::contract::{Draw, read, scope, start};
use super::*;

struct Memory {
    reads: Vec<Read>,
    /// For how many reads each one counts.
    each: u32,
    /// The cost of each statement that fetched.
    fetched: Mutex<Vec<u32>>,
    /// How many reads each glance went through.
    glanced: Mutex<Vec<u32>>,
}

impl Memory {
    fn new(each: u32) -> Self {
        let mut draw = Draw::new(7);
        // Those of which all was read; the others are looked for on a path of their own.
        let reads = (0..1_000).map(|n| read(n, &mut draw));
        let reads = reads.filter(|read| !read.plate.as_str().contains('?')).take(200).collect();
        Self { reads, each, fetched: Mutex::default(), glanced: Mutex::default() }
    }

    fn within(&self, period: &Range<Timestamp>) -> impl Iterator<Item = &Read> {
        self.reads.iter().filter(|read| period.contains(&read.at))
    }
}

#[async_trait]
impl SearchBackend for Memory {
    type Place = Timestamp;

    async fn cost(
        &self,
        path: &AccessPath,
        period: &Range<Timestamp>,
        most: u32,
    ) -> Result<u32, StoreError> {
        let whole = matches!(path, AccessPath::Beginning(_) | AccessPath::Ending(_));
        let reads = match path {
            AccessPath::Unread => 0,
            _ if whole => self.reads.len(),
            _ => self.within(period).count(),
        };
        Ok(most.min(u32::try_from(reads).unwrap() * self.each))
    }

    async fn reads(
        &self,
        path: &AccessPath,
        period: &Range<Timestamp>,
        _: &Filter,
        after: Option<&Timestamp>,
        limit: u32,
    ) -> Result<Vec<(Read, Timestamp)>, StoreError> {
        let cost = self.cost(path, period, u32::MAX).await?;
        self.fetched.lock().unwrap().push(cost);
        let after = after.copied().unwrap_or(Timestamp::MIN);
        let rows = self.within(period).filter(|read| read.at > after).take(limit as usize);
        Ok(rows.map(|read| (read.clone(), read.at)).collect())
    }

    async fn glance(
        &self,
        period: &Range<Timestamp>,
        filter: &Filter,
        most: u32,
        limit: u32,
    ) -> Result<Vec<Read>, StoreError> {
        self.glanced.lock().unwrap().push(most);
        let first = self.within(period).take((most / self.each) as usize);
        let beginning = filter.pattern.as_ref().unwrap().trim_end_matches('*');
        let fitting = first.filter(|read| read.plate.as_str().starts_with(beginning));
        Ok(fitting.take(limit as usize).cloned().collect())
    }
}

fn elements(asked: serde_json::Value) -> Elements {
    let mut asked = asked;
    asked["from"] = serde_json::json!(start());
    asked["until"] = serde_json::json!(start().plus_millis(86_400_000));
    serde_json::from_value(asked).unwrap()
}

async fn found(store: &Memory, elements: &Elements) -> Found {
    search(store, &scope(elements, 1_000)).await.unwrap()
}

#[tokio::test]
async fn a_long_period_is_gone_through_in_parts_and_nothing_is_left_out() {
    let store = Memory::new(4_900);
    let gray = elements(serde_json::json!({ "kind": "vehicle", "color": "gray" }));
    let all: Vec<_> = store.reads.iter().filter(|read| gray.fits(read)).cloned().collect();
    let found = found(&store, &gray).await;
    assert_eq!((found.reads, found.truncated), (all, false));
    let fetched = store.fetched.lock().unwrap();
    assert!(fetched.len() > 10 && fetched.iter().all(|cost| *cost <= PART), "{fetched:?}");
}

#[tokio::test]
async fn a_search_that_would_go_through_too_many_reads_ends_and_says_so() {
    let store = Memory::new(10_000);
    let gray = elements(serde_json::json!({ "kind": "vehicle", "color": "gray" }));
    let found = found(&store, &gray).await;
    assert!(found.truncated && !found.reads.is_empty());
    let through: u32 = store.fetched.lock().unwrap().iter().sum();
    assert!(through <= MOST_LOOKED_AT, "{through}");
    // Those that were looked at are the earliest.
    let last = found.reads.last().unwrap().at;
    let earlier = store.reads.iter().filter(|read| read.at <= last && gray.fits(read)).count();
    assert_eq!(found.reads.len(), earlier);
}

#[tokio::test]
async fn an_instant_with_too_many_reads_ends_a_search() {
    let store = Memory::new(PART + 1);
    let gray = elements(serde_json::json!({ "kind": "vehicle", "color": "gray" }));
    let found = found(&store, &gray).await;
    assert!(found.truncated && found.reads.is_empty());
    assert!(store.fetched.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_beginning_that_too_many_plates_have_is_looked_for_by_time() {
    let partial = elements(serde_json::json!({ "kind": "partial", "pattern": "7A*" }));
    for (each, statements) in [(100, 1), (5_001, 0)] {
        let store = Memory::new(each);
        let found = found(&store, &partial).await;
        let fits = store.reads.iter().filter(|read| partial.fits(read)).count();
        assert_eq!(found.truncated, statements == 0);
        assert!(found.reads.len() <= fits);
        let fetched = store.fetched.lock().unwrap();
        assert_eq!(fetched.len() == 1, statements == 1, "{fetched:?}");
    }
}

#[tokio::test]
async fn a_beginning_that_many_plates_have_is_found_at_a_glance_and_another_one_wholly() {
    let store = Memory::new(100);
    // The first two characters that the first forty reads have most often.
    let beginning = |read: &Read| read.plate.as_str().chars().take(2).collect::<String>();
    let beginnings: Vec<String> = store.reads[..40].iter().map(beginning).collect();
    let often = |of: &&String| beginnings.iter().filter(|other| other == of).count();
    let beginning = beginnings.iter().max_by_key(often).unwrap();
    let pattern = format!("{beginning}*");
    let partial = elements(serde_json::json!({ "kind": "partial", "pattern": pattern }));
    let all: Vec<_> = store.reads.iter().filter(|read| partial.fits(read)).collect();
    assert!(all.len() > 1, "{pattern}");
    for (limit, glances, fetched) in [(1, 1, 0), (1_000, 2, 1)] {
        let found = search(&store, &scope(&partial, limit)).await.unwrap();
        let most = all.len().min(limit as usize);
        assert_eq!(found.reads.iter().collect::<Vec<_>>(), all[..most]);
        assert_eq!(found.truncated, all.len() > most);
        assert_eq!(std::mem::take(&mut *store.glanced.lock().unwrap()), GLANCES[..glances]);
        assert_eq!(std::mem::take(&mut *store.fetched.lock().unwrap()).len(), fetched);
    }
}

#[test]
fn the_way_is_the_shortest_that_the_elements_show() {
    let of = |asked: serde_json::Value| access_path(&elements(asked)).map(|(path, _)| path);
    let json = |text: &str| serde_json::from_str(text).unwrap();
    let near = r#""near":{"center":{"latitude":34.1,"longitude":-118.0},"radius_m":10}"#;
    let beginning = |text: &str| AccessPath::Beginning(ahead(text));
    for (asked, expected) in [
        (r#"{"kind":"exact","plate":"7ABC123"}"#.to_owned(), AccessPath::Plate("7ABC123".into())),
        (r#"{"kind":"partial","pattern":"7AB*23"}"#.into(), beginning("7AB")),
        (r#"{"kind":"partial","pattern":"7*123"}"#.into(), AccessPath::Ending(ahead("321"))),
        (r#"{"kind":"partial","pattern":"7*3"}"#.into(), AccessPath::Time),
        (r#"{"kind":"partial","pattern":"?AB*"}"#.into(), AccessPath::Time),
        (format!(r#"{{"kind":"area",{near}}}"#), AccessPath::Cells(vec![446_778_200])),
        (
            format!(r#"{{"kind":"vehicle","make":"Kia",{near}}}"#),
            AccessPath::Cells(vec![446_778_200]),
        ),
        (
            r#"{"kind":"vehicle","make":"Mercedes-Benz"}"#.into(),
            AccessPath::Make("mercedes benz".into()),
        ),
        (
            r#"{"kind":"vehicle","make":"Kia","camera":"c 1"}"#.into(),
            AccessPath::Camera("c 1".into()),
        ),
        (r#"{"kind":"vehicle","color":"red"}"#.into(), AccessPath::Time),
    ] {
        let found = of(json(&asked)).unwrap();
        if let (AccessPath::Cells(found), AccessPath::Cells(_)) = (&found, &expected) {
            // Which they are is the grid's claim; here, that they are few.
            assert!((1..=4).contains(&found.len()), "{asked}");
        } else {
            assert_eq!(found, expected, "{asked}");
        }
    }
    assert_eq!(of(json(r#"{"kind":"exact"}"#)), None);
    let Some(AccessPath::Plates(plates)) = of(json(r#"{"kind":"misread","plate":"8A"}"#)) else {
        panic!()
    };
    assert_eq!(plates, [("8A".to_owned(), 0), ("BA".to_owned(), 1)]);
    let many = elements(json(r#"{"kind":"misread","plate":"0O0O0O0O0O"}"#));
    assert!(access_path(&many).is_some_and(|(_, all)| !all));
}
