//! What every store's search must come to: the reads that fit, in their order, and whether there
//! were more. Held against looking at every read one by one.

use agreements::decide::{OwnScope, Reasons, decide_own};
use agreements::policy::Policy;
use schemas::agency::AgencyId;
use schemas::area::{Near, Polygon};
use schemas::purpose::QueryKind;
use schemas::query::{Elements, Query};
use schemas::read::{Location, Read};
use schemas::time::Timestamp;
use serde_json::{Value, json};

use crate::Store;

/// Numbers that look random and are the same every time.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    fn characters(&mut self, of: &str, least: u64, most: u64) -> String {
        let length = least + self.below(most - least + 1);
        (0..length)
            .map(|_| self.of(&of.split("").filter(|c| !c.is_empty()).collect::<Vec<_>>()))
            .collect()
    }

    /// A place in a town of a few kilometres, on a lattice so that some fall together.
    fn place(&mut self) -> (f64, f64) {
        (34.0 + self.below(40) as f64 * 0.002, -118.0 + self.below(40) as f64 * 0.002)
    }
}

pub(crate) fn start() -> Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

const MAKES: [&str; 5] = ["Honda", "honda", "Mercedes-Benz", "FORD", "Škoda"];
const COLORS: [&str; 4] = ["silver-gray", "Gray", "red", "gold-beige"];
const BODIES: [&str; 4] = ["sedan-standard", "SUV crossover", "pickup", "van"];
const CAMERAS: [&str; 3] = ["fixed-1", "fixed-2", "100% _car_ 7"];

/// A read, `n` thirds of a second after the start.
pub(crate) fn read(n: u64, draw: &mut Draw) -> Read {
    let mut plate = draw.characters("7AB8C0OD12IZX", 3, 7);
    if draw.below(5) == 0 {
        // A character that was not read.
        let at = usize::try_from(draw.below(3)).unwrap();
        plate.replace_range(at..=at, "?");
    }
    let mut read = json!({
        "id": format!("{n:064x}"),
        "plate": plate,
        "plate_raw": plate,
        "at": start().plus_millis(i64::try_from(n * 333).unwrap()).to_string(),
        "camera": draw.of(&CAMERAS),
        "source": "native",
        "record": "0".repeat(64),
        "vehicle": {},
    });
    if draw.below(4) > 0 {
        read["plate_state"] = json!(draw.of(&["CA", "NV"]));
    }
    if draw.below(5) > 0 {
        let (latitude, longitude) = draw.place();
        read["location"] = json!({ "latitude": latitude, "longitude": longitude });
    }
    for (key, values) in [("make", &MAKES[..]), ("color", &COLORS), ("body", &BODIES)] {
        if draw.below(4) > 0 {
            read["vehicle"][key] = json!(draw.of(values));
        }
    }
    serde_json::from_value(read).unwrap()
}

/// Something that may be asked for among `reads`.
fn elements(reads: &[Read], draw: &mut Draw) -> Elements {
    let sample = &reads[usize::try_from(draw.below(reads.len() as u64)).unwrap()];
    let plate = if draw.below(4) == 0 { "7ABC123" } else { sample.plate.as_str() }.to_owned();
    let span = reads.len() as u64 * 333;
    let mut ends = [draw.below(span), draw.below(span)];
    ends.sort_unstable();
    if draw.below(2) == 0 {
        ends = [0, span];
    }
    let at = |ms: u64| start().plus_millis(i64::try_from(ms).unwrap()).to_string();
    let kind = QueryKind::ALL[usize::try_from(draw.below(5)).unwrap()];
    let mut asked = json!({ "kind": kind, "from": at(ends[0]), "until": at(ends[1] + 1) });
    match kind {
        QueryKind::Exact | QueryKind::Misread => asked["plate"] = json!(plate),
        QueryKind::Partial => asked["pattern"] = json!(pattern(&plate, draw)),
        QueryKind::Area => area(&mut asked, draw),
        QueryKind::Vehicle => {
            let (key, values) = *draw.of(&[
                &("make", &MAKES[..]),
                &("color", &["gray", "silver gray", "RED", "gra"]),
                &("body", &["suv", "sedan", "pickup", "standard"]),
                &("camera", &CAMERAS),
            ]);
            asked[key] = json!(draw.of(values));
        }
    }
    for (key, values) in [
        ("plate_state", &["CA", "NV"][..]),
        ("make", &MAKES),
        ("color", &["gray", "beige"]),
        ("body", &["suv"]),
        ("camera", &CAMERAS),
    ] {
        if draw.below(9) == 0 {
            asked[key] = json!(draw.of(values));
        }
    }
    if draw.below(5) == 0 {
        area(&mut asked, draw);
    }
    serde_json::from_value(asked).unwrap()
}

fn pattern(plate: &str, draw: &mut Draw) -> String {
    let half = plate.len() / 2;
    let (start, end) = plate.split_at(half);
    let open = draw.of(&["*", "?", "??"]);
    match draw.below(5) {
        0 => format!("{start}{open}"),
        1 => format!("{open}{end}"),
        2 => format!("{}{open}{end}", plate.split_at(1).0),
        3 => format!("*{}*", end.split_at(1).0),
        _ => format!("{start}?{}", end.split_at(1).1),
    }
}

fn area(asked: &mut Value, draw: &mut Draw) {
    let (latitude, longitude) = draw.place();
    let place =
        |up: f64, right: f64| Location::new(latitude + up, longitude + right).unwrap().unwrap();
    if draw.below(2) == 0 {
        let radius_m = u32::try_from(100 + draw.below(5_000)).unwrap();
        asked["near"] = json!(Near { center: place(0.0, 0.0), radius_m });
    } else {
        // Corners on the lattice, so that some reads lie on an edge.
        let side = 0.002 * (1 + draw.below(20)) as f64;
        let corners = vec![place(0.0, 0.0), place(0.0, side), place(side, 0.0)];
        asked["polygon"] = json!(Polygon::new(corners).unwrap());
    }
}

/// The scope of somebody who may ask.
pub(crate) fn scope(elements: &Elements, limit: u32) -> OwnScope {
    decided(elements, limit).unwrap_or_else(|reasons| panic!("{reasons:?}"))
}

fn decided(elements: &Elements, limit: u32) -> Result<OwnScope, Reasons> {
    let text = Policy::builtin_text("california-statute").unwrap();
    let policy = Policy::from_toml("california-statute", text).unwrap();
    let now = start().plus_millis(86_400_000);
    let me: AgencyId = "owning-ca-pd".parse().unwrap();
    let query = json!({
        "id": "0".repeat(32), "from": me, "to": me, "at": now, "limit": limit,
        "requester": {
            "user": "jdoe", "full_name": "Jane Doe", "roles": ["sworn"],
            "trained_on": now.minus_days(30),
        },
        "why": {
            "purpose": "stolen_vehicle", "case": "26-1234",
            "reason": "taken from a driveway on Foothill Boulevard overnight",
        },
        "elements": elements,
    });
    let query: Query = serde_json::from_value(query).unwrap();
    decide_own(&policy, &me, &query, now)
}

/// Searches `store`, which holds `reads`, in many ways.
pub(crate) async fn finds_what_fits(store: &dyn Store, reads: &[Read], seed: u64) {
    let mut draw = Draw::new(seed);
    let (mut found_any, mut cut) = (0, 0);
    for _ in 0..500 {
        let elements = elements(reads, &mut draw);
        let limit = u32::try_from(1 + draw.below(60)).unwrap();
        // Too little of a plate, perhaps.
        let Ok(scope) = decided(&elements, limit) else { continue };
        let mut expected: Vec<&Read> = reads.iter().filter(|read| elements.fits(read)).collect();
        expected.sort_by_key(|read| (elements.substitutions(read).len(), read.at));
        let truncated = expected.len() > limit as usize;
        expected.truncate(limit as usize);
        let found = store.search(&scope).await.unwrap();
        let asked = serde_json::to_string(&elements).unwrap();
        assert_eq!(found.reads.iter().collect::<Vec<_>>(), expected, "{asked}");
        assert_eq!(found.truncated, truncated, "{asked}");
        found_any += usize::from(!found.reads.is_empty());
        cut += usize::from(truncated);
    }
    // The comparison means something.
    assert!(found_any > 200 && cut > 50, "{found_any} found something, {cut} were truncated");
}
