//! Reads that are drawn: the n-th is always the same.

use schemas::digest::Digest;
use schemas::read::{Location, Read, ReadId, Vehicle};
use schemas::time::Timestamp;
use tests::fixtures::words;

/// Days over which reads are spread.
const DAYS: u64 = 360;
const DAY_MS: u64 = 86_400_000;
const CAMERAS: u64 = 60;
const MAKES: [&str; 12] = [
    "toyota",
    "honda",
    "ford",
    "chevrolet",
    "nissan",
    "tesla",
    "bmw",
    "kia",
    "subaru",
    "jeep",
    "mazda",
    "mercedes-benz",
];
const COLORS: [&str; 8] =
    ["white", "black", "silver-gray", "blue", "red", "green", "gold-beige", "brown"];
const BODIES: [&str; 5] =
    ["sedan-standard", "suv-crossover", "truck-standard", "van-mini", "coupe"];

/// So many reads before an instant.
pub(crate) struct Drawn {
    end: Timestamp,
    count: u64,
}

/// Bits that look random and are always the same.
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn of<'a>(all: &[&'a str], bits: u64) -> &'a str {
    all[(bits % all.len() as u64) as usize]
}

/// A plate of the pattern `#@@@###`.
fn plate(bits: u64) -> String {
    let letter = |n: u64| char::from(b'A' + (n % 26) as u8);
    let digits = bits % 1_000;
    // Newer series are seen more often than older ones.
    let first = 5 + (bits >> 10) % 5;
    let (a, b, c) = (bits >> 16, bits >> 24, bits >> 32);
    format!("{first}{}{}{}{digits:03}", letter(a % 5), letter(b), letter(c))
}

/// Where a camera stands, in a city of some 25 km across.
fn place(camera: u64) -> Location {
    let bits = mixed(camera ^ 0xCA11);
    let latitude = 34.0 + (bits % 2_300) as f64 / 10_000.0;
    let longitude = -118.0 - ((bits >> 20) % 2_700) as f64 / 10_000.0;
    Location::new(latitude, longitude).expect("degrees").expect("a place")
}

impl Drawn {
    /// `count` reads of the days before `end`.
    pub(crate) fn before(end: Timestamp, count: u64) -> Self {
        Self { end: end.minus_days(1), count }
    }

    /// When the last are seen.
    pub(crate) fn end(&self) -> Timestamp {
        self.end
    }

    /// The plate of the n-th read.
    pub(crate) fn plate(&self, n: u64) -> String {
        // Three reads of each plate, on average.
        plate(mixed(mixed(n) % (n / 3 + 1_000)))
    }

    /// Where the n-th read was made.
    pub(crate) fn place(&self, n: u64) -> Location {
        place(mixed(n ^ 0xCA) % CAMERAS)
    }

    /// When the n-th read was made. Reads come in nearly in the order of time: within minutes.
    pub(crate) fn at(&self, n: u64) -> Timestamp {
        let late = mixed(n ^ 0xDA7E) % 600_000;
        let ago = (self.count - n) * (DAYS * DAY_MS / self.count.max(1)) + late;
        self.end.plus_millis(-i64::try_from(ago).expect("a year"))
    }

    /// The n-th read.
    pub(crate) fn read(&self, n: u64) -> Read {
        let (bits, plate, at) = (mixed(n ^ 0xB175), self.plate(n), self.at(n));
        let camera = mixed(n ^ 0xCA) % CAMERAS;
        let camera_name = format!("fixed-{camera:02}");
        Read {
            id: ReadId::of_vendor_id("drawn", &n.to_string()),
            plate: plate.parse().expect("a plate"),
            plate_raw: words(&plate),
            plate_state: Some("CA".parse().expect("a state")),
            at,
            camera: words(&camera_name),
            location: Some(place(camera)),
            direction: Some(words("93.5")),
            confidence: schemas::read::Confidence::try_from(0.93).ok(),
            vehicle: Vehicle {
                make: Some(words(of(&MAKES, bits))),
                model: None,
                color: Some(words(of(&COLORS, bits >> 8))),
                body: Some(words(of(&BODIES, bits >> 16))),
                year: None,
            },
            source: "native".parse().expect("a source"),
            vendor_id: Some(words(&n.to_string())),
            record: Digest::of(&n.to_be_bytes()),
            reader_clock: None,
            earlier_of: None,
            images: Vec::new(),
        }
    }
}
