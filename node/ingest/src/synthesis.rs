//! Files of invented reads in the formats that the importers take, for demonstrations, tests and
//! measurements.
//!
//! Plates, cameras and agents are drawn from a seed, and the same plan always gives the same bytes.

use schemas::digest::{Digest, hex};
use schemas::plate::Plate;
use schemas::read::{Location, Read, ReadId};
use schemas::time::Timestamp;
use serde_json::{Value, json};

/// A camera of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Its name, which every format carries as the camera's id. In Rekor bodies a name of digits is
    /// written as a number, as the vendor does.
    pub name: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// A read that must be in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The plate.
    pub plate: Plate,
    /// When it is seen, exactly.
    pub at: Timestamp,
    /// By which camera: an index into [`Plan::cameras`], counted round when it is beyond the last.
    pub camera: usize,
}

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// Everything drawn follows from it.
    pub seed: u64,
    /// How many reads are drawn; planted ones come on top.
    pub reads: usize,
    /// Where they are seen. Without a camera there is no read.
    pub cameras: &'a [Camera],
    /// First instant.
    pub from: Timestamp,
    /// Last instant.
    pub until: Timestamp,
    /// Sightings that must be in the file. No drawn read has one of their plates.
    pub planted: &'a [Planted],
    /// Whether a record without a read (a heartbeat) comes first and a broken record stands in the
    /// middle. The native format has no heartbeat.
    pub with_flaws: bool,
}

/// One read of a plan, in order of time.
struct PlannedRead<'a> {
    number: usize,
    plate: Plate,
    at: Timestamp,
    camera: &'a Camera,
    /// Hundredths of a percent.
    score: u64,
    heading: u64,
    make: &'static str,
    model: &'static str,
    color: &'static str,
    body: &'static str,
}

/// A record that ends in the middle of a text.
const BROKEN: &str = "{\"data_type\":\"alpr_group\",\"hook\":{},\"plate\":\"7AB";

/// JSON Lines of Rekor `alpr_group` bodies, version 3.
#[must_use]
pub fn rekor(plan: &Plan<'_>) -> Vec<u8> {
    let agent = agent(plan.seed);
    let heartbeat = json!({
        "data_type": "heartbeat", "version": 1, "timestamp": plan.from.millis(),
        "agent_uid": agent, "agent_type": "alprd", "agent_hostname": "reader-host",
        "os": "linux", "cpu_cores": 8, "license_valid": true,
        "video_streams": plan.cameras.iter().map(|camera| json!({
            "camera_name": camera.name, "is_streaming": true, "fps": 25,
        })).collect::<Vec<Value>>(),
    });
    lines(plan, Some(heartbeat), |planned| {
        let camera = match planned.camera.name.parse::<u32>() {
            Ok(number) => json!(number),
            Err(_) => json!(planned.camera.name),
        };
        let at = planned.at.millis();
        let uuid = format!("{agent}-{}-{at}-{}", planned.camera.name, planned.number);
        let plate = planned.plate.as_str();
        let confidence = percent(planned.score);
        let named =
            |name: &str| json!([{ "name": name, "confidence": percent(planned.score / 2) }]);
        json!({
            "data_type": "alpr_group", "version": 3, "agent_type": "alprd", "agent_uid": agent,
            "camera_id": camera, "country": "us", "is_parked": false, "is_preview": false,
            "gps_latitude": planned.camera.latitude, "gps_longitude": planned.camera.longitude,
            "epoch_start": at, "epoch_end": planned.at.plus_millis(1_800).millis(),
            "frame_start": 0, "frame_end": 45,
            "best_uuid": uuid, "best_uuid_epoch_ms": planned.at.plus_millis(600).millis(),
            "uuids": [uuid], "plate_indexes": [0],
            "best_plate_number": plate, "best_confidence": confidence, "best_region": "us-ca",
            "best_region_confidence": 88, "matches_template": true,
            "best_plate": {
                "plate": plate, "plate_index": 0, "confidence": confidence, "region": "us-ca",
                "region_confidence": 88, "matches_template": 1,
            },
            "candidates": [{ "plate": plate, "confidence": confidence, "matches_template": 1 }],
            "travel_direction": planned.heading,
            "vehicle": {
                "make": named(planned.make),
                "make_model": named(&format!("{}_{}", planned.make, planned.model)),
                "color": named(planned.color), "body_type": named(planned.body),
                "year": named("2015-2019"), "orientation": named("180"),
            },
        })
    })
}

/// JSON Lines of Plate Recognizer Stream webhook bodies.
#[must_use]
pub fn platerecognizer(plan: &Plan<'_>) -> Vec<u8> {
    let hook = |camera: &str| json!({ "id": camera, "event": "recognition" });
    let quiet = json!({
        "hook": hook("reader-host"),
        "data": {
            "camera_id": "reader-host", "timestamp": plan.from.to_string(), "results": [],
        },
    });
    lines(plan, Some(quiet), |planned| {
        let camera = &planned.camera.name;
        let plate = planned.plate.as_str().to_ascii_lowercase();
        json!({
            "hook": hook(camera),
            "data": {
                "camera_id": camera,
                "timestamp": planned.at.to_string(),
                "results": [{
                    "plate": plate, "score": share(planned.score), "dscore": 0.81,
                    "region": { "code": "us-ca", "score": 0.88 },
                    "candidates": [{ "plate": plate, "score": share(planned.score) }],
                    "box": { "xmin": 412, "ymin": 230, "xmax": 540, "ymax": 281 },
                    "vehicle": { "type": planned.body, "score": 0.7 },
                    "model_make": [{
                        "make": planned.make, "model": planned.model, "score": 0.6,
                    }],
                    "color": [{ "color": planned.color, "score": 0.7 }],
                    "direction": planned.heading,
                }],
            },
        })
    })
}

/// JSON Lines of the native format, as if exported by a node whose cameras write it.
#[must_use]
pub fn native(plan: &Plan<'_>) -> Vec<u8> {
    lines(plan, None, |planned| native_read(planned).map_or(Value::Null, |read| json!(read)))
}

fn native_read(planned: &PlannedRead<'_>) -> Option<Read> {
    let camera = &planned.camera;
    let plate_raw: schemas::text::Text = planned.plate.as_str().parse().ok()?;
    let name: schemas::text::Text = camera.name.parse().ok()?;
    let text = |word: &str| word.parse().ok();
    Some(Read {
        id: ReadId::of_sighting(name.as_str(), planned.at, &planned.plate),
        plate: planned.plate.clone(),
        record: Digest::of(format!("{name} {} {plate_raw}", planned.at).as_bytes()),
        plate_raw,
        plate_state: Some(schemas::agency::State::CALIFORNIA),
        at: planned.at,
        camera: name,
        location: Location::new(camera.latitude, camera.longitude).ok().flatten(),
        direction: text(&planned.heading.to_string()),
        confidence: share(planned.score).try_into().ok(),
        vehicle: schemas::read::Vehicle {
            make: text(planned.make),
            model: text(planned.model),
            color: text(planned.color),
            body: text(planned.body),
            year: None,
        },
        source: "native".parse().ok()?,
        vendor_id: None,
        reader_clock: None,
        earlier_of: None,
        images: Vec::new(),
    })
}

fn lines(
    plan: &Plan<'_>,
    first: Option<Value>,
    body: impl Fn(&PlannedRead<'_>) -> Value,
) -> Vec<u8> {
    let planned_reads = planned_reads(plan);
    let mut file = Vec::new();
    let mut line = |text: &str| {
        file.extend(text.as_bytes());
        file.push(b'\n');
    };
    if let Some(first) = first.filter(|_| plan.with_flaws) {
        line(&first.to_string());
    }
    for (index, planned) in planned_reads.iter().enumerate() {
        if plan.with_flaws && index == planned_reads.len() / 2 {
            line(BROKEN);
        }
        line(&body(planned).to_string());
    }
    file
}

fn planned_reads<'a>(plan: &Plan<'a>) -> Vec<PlannedRead<'a>> {
    let mut draw = Draw(plan.seed);
    let span = plan.until.distance(plan.from.min(plan.until));
    let mut wanted: Vec<(Plate, Timestamp, u64)> = Vec::new();
    for _ in 0..plan.reads {
        let Some(plate) = (0..100)
            .filter_map(|_| plate(&mut draw))
            .find(|plate| plan.planted.iter().all(|planted| planted.plate != *plate))
        else {
            continue;
        };
        let after = i64::try_from(draw.below(span.saturating_add(1))).unwrap_or_default();
        wanted.push((plate, plan.from.plus_millis(after), draw.next()));
    }
    let planted = plan.planted.iter();
    wanted.extend(planted.map(|one| (one.plate.clone(), one.at, one.camera as u64)));
    wanted.sort_by_key(|(_, at, _)| *at);
    let cameras = plan.cameras.len() as u64;
    let seen = wanted.into_iter().enumerate().filter_map(|(number, (plate, at, camera))| {
        let camera = usize::try_from(camera.checked_rem(cameras)?).ok()?;
        // One plate, one car.
        let mut car = Draw(plate.as_str().bytes().fold(7, |n, b| n.rotate_left(8) ^ u64::from(b)));
        let (make, model, body) = car.of(&CARS)?;
        Some(PlannedRead {
            number,
            plate,
            at,
            camera: plan.cameras.get(camera)?,
            score: 7_000 + draw.below(2_990),
            heading: draw.below(360),
            make,
            model,
            color: car.of(&COLORS)?,
            body,
        })
    });
    seen.collect()
}

const CARS: [(&str, &str, &str); 6] = [
    ("toyota", "camry", "sedan-standard"),
    ("honda", "civic", "sedan-compact"),
    ("ford", "f-150", "truck-standard"),
    ("chevrolet", "tahoe", "suv-standard"),
    ("tesla", "model-3", "sedan-standard"),
    ("nissan", "altima", "sedan-standard"),
];

const COLORS: [&str; 6] = ["white", "black", "silver-gray", "red", "blue", "green"];

/// A California plate: `#@@@###` of a car or `#@#####` of a truck, without the
/// letters I, O and Q, which are easily taken for digits.
fn plate(draw: &mut Draw) -> Option<Plate> {
    const LETTERS: [char; 23] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'R', 'S', 'T', 'U',
        'V', 'W', 'X', 'Y', 'Z',
    ];
    let pattern = if draw.below(5) == 0 { "#@#####" } else { "#@@@###" };
    let mut text = String::new();
    for mark in pattern.chars() {
        match mark {
            '@' => text.push(draw.of(&LETTERS)?),
            // Series in use begin at 5.
            _ if text.is_empty() => text.push_str(&(5 + draw.below(5)).to_string()),
            _ => text.push_str(&draw.below(10).to_string()),
        }
    }
    text.parse().ok()
}

/// An agent's id: 40 characters that follow from the seed.
fn agent(seed: u64) -> String {
    let digest = Digest::of(&seed.to_be_bytes());
    hex(digest.as_bytes()).to_ascii_uppercase().chars().take(40).collect()
}

fn percent(hundredths: u64) -> f64 {
    hundredths as f64 / 100.0
}

fn share(hundredths: u64) -> f64 {
    hundredths as f64 / 10_000.0
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`; the bias of the remainder does not matter to an invented read.
    fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or_default()
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let index = usize::try_from(self.below(choices.len() as u64)).ok()?;
        choices.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Item, items};

    fn cameras() -> Vec<Camera> {
        vec![
            Camera { name: "2041".into(), latitude: 34.0561, longitude: -118.2365 },
            Camera { name: "Harbor Dr N".into(), latitude: 32.7157, longitude: -117.1611 },
        ]
    }

    #[test]
    fn every_format_holds_the_plan_and_what_is_planted() {
        let cameras = cameras();
        let planted = [Planted {
            plate: "9ZZT417".parse().unwrap(),
            at: "2026-02-14T10:30:00.125Z".parse().unwrap(),
            camera: 1,
        }];
        let plan = Plan {
            seed: 7,
            reads: 200,
            cameras: &cameras,
            from: "2026-02-14T00:00:00Z".parse().unwrap(),
            until: "2026-02-15T00:00:00Z".parse().unwrap(),
            planted: &planted,
            with_flaws: true,
        };
        for (make, format, empties) in [
            (rekor as fn(&Plan<'_>) -> Vec<u8>, Format::Rekor, 1),
            (platerecognizer, Format::PlateRecognizer, 1),
            (native, Format::Native, 0),
        ] {
            let file = make(&plan);
            assert_eq!(file, make(&plan), "{format}");
            for asked in [Format::Auto, format] {
                let found: Vec<Item> = items(asked, &file[..]).map(Result::unwrap).collect();
                let reads: Vec<&Read> = found
                    .iter()
                    .filter_map(
                        |item| if let Item::Read(one) = item { Some(&one.read) } else { None },
                    )
                    .collect();
                assert_eq!(reads.len(), 201, "{format}");
                let rejected = found.iter().filter(|i| matches!(i, Item::Rejected(_))).count();
                assert_eq!((rejected, found.len()), (1, 202 + empties), "{format}");
                let seen: Vec<&&Read> =
                    reads.iter().filter(|read| read.plate == planted[0].plate).collect();
                assert_eq!(seen.len(), 1, "{format}");
                assert_eq!(seen[0].at, planted[0].at, "{format}");
                assert_eq!(seen[0].camera.as_str(), "Harbor Dr N", "{format}");
                let ids: std::collections::BTreeSet<_> = reads.iter().map(|read| read.id).collect();
                assert_eq!(ids.len(), reads.len(), "{format}");
                assert!(reads.iter().all(|read| plan.from <= read.at && read.at <= plan.until));
            }
        }
        let other = Plan { seed: 8, ..plan.clone() };
        assert_ne!(native(&plan), native(&other));
    }

    #[test]
    fn a_plan_without_cameras_or_reads_is_an_empty_file() {
        let at = Timestamp::from_millis(1_770_000_000_000).unwrap();
        let plan = Plan {
            seed: 1,
            reads: 0,
            cameras: &[],
            from: at,
            until: at,
            planted: &[],
            with_flaws: false,
        };
        assert!(rekor(&plan).is_empty());
        assert!(native(&Plan { reads: 5, ..plan }).is_empty());
    }
}
