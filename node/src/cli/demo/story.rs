//! Who and what the demonstration is about. All of it is invented but the agencies' names.

use schemas::agency::AgencyKind;
use schemas::purpose::Role;
use schemas::time::Timestamp;

use ingest::synthesis::{Camera, Plan, Planted, native, platerecognizer, rekor};

/// The car that everybody looks for.
pub(super) const PLATE: &str = "8KTR392";
/// The case.
pub(super) const CASE: &str = "26-0417";
/// Reads drawn for each agency, beside the planted ones.
pub(super) const READS: usize = 400;

/// The format an agency's readers write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrote {
    Rekor,
    PlateRecognizer,
    Native,
}

/// An agency of the demonstration.
pub(super) struct Agency {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) policy: &'static str,
    pub(super) kind: AgencyKind,
    pub(super) state: &'static str,
    /// The official who signs and approves.
    pub(super) official: (&'static str, &'static str),
    pub(super) officer: &'static str,
    /// What they are: whoever the policy lets query.
    pub(super) post: (Role, &'static str),
    pub(super) wrote: Wrote,
    /// Where its cameras stand.
    pub(super) place: (&'static str, f64, f64),
    /// How often the car was seen there.
    pub(super) seen: usize,
}

pub(super) const SHERIFF: &str = "los-angeles-ca-sheriff";
pub(super) const PORT: &str = "los-angeles-ca-port-police";
pub(super) const COVINA: &str = "west-covina-ca-pd";
pub(super) const MONROVIA: &str = "monrovia-ca-pd";
pub(super) const ESCONDIDO: &str = "escondido-ca-pd";
pub(super) const INDIO: &str = "indio-ca-pd";
pub(super) const FEDERAL: &str = "us-federal-agency";
pub(super) const ARIZONA: &str = "yuma-az-pd";

pub(super) const AGENCIES: [Agency; 8] = [
    Agency {
        id: SHERIFF,
        name: "Los Angeles County Sheriff's Department",
        policy: "california-statute",
        kind: AgencyKind::Sheriff,
        state: "CA",
        official: ("Morgan Reyes", "Commander"),
        officer: "Jordan Lee",
        post: (Role::Sworn, "Detective"),
        wrote: Wrote::Native,
        place: ("Temple City", 34.107, -118.058),
        seen: 1,
    },
    Agency {
        id: PORT,
        name: "Los Angeles Port Police",
        policy: PORT,
        kind: AgencyKind::PortPolice,
        state: "CA",
        official: ("Dana Whitfield", "Support Services Division Commander"),
        officer: "Chris Okafor",
        post: (Role::Sworn, "Detective"),
        wrote: Wrote::PlateRecognizer,
        place: ("San Pedro", 33.738, -118.262),
        seen: 2,
    },
    Agency {
        id: COVINA,
        name: "West Covina Police Department",
        policy: COVINA,
        kind: AgencyKind::Police,
        state: "CA",
        official: ("Pat Nakamura", "Patrol Captain"),
        officer: "Sam Ortiz",
        post: (Role::Sworn, "Detective"),
        wrote: Wrote::Rekor,
        place: ("West Covina", 34.068, -117.939),
        seen: 3,
    },
    Agency {
        id: MONROVIA,
        name: "Monrovia Police Department",
        policy: MONROVIA,
        kind: AgencyKind::Police,
        state: "CA",
        official: ("Robin Castellano", "Support Services Division Commander"),
        officer: "Alex Moreno",
        post: (Role::Dispatcher, "Communications dispatcher"),
        wrote: Wrote::Rekor,
        place: ("Monrovia", 34.148, -118.001),
        seen: 4,
    },
    Agency {
        id: ESCONDIDO,
        name: "Escondido Police Department",
        policy: ESCONDIDO,
        kind: AgencyKind::Police,
        state: "CA",
        official: ("Casey Lindqvist", "ALPR System Administrator"),
        officer: "Drew Haddad",
        post: (Role::Sworn, "Detective"),
        wrote: Wrote::PlateRecognizer,
        place: ("Escondido", 33.119, -117.086),
        seen: 2,
    },
    Agency {
        id: INDIO,
        name: "Indio Police Department",
        policy: INDIO,
        kind: AgencyKind::Police,
        state: "CA",
        official: ("Terry Villanueva", "Investigative Support Services Division Chief"),
        officer: "Kim Delgado",
        post: (Role::Sworn, "Detective"),
        wrote: Wrote::Rekor,
        place: ("Indio", 33.720, -116.216),
        seen: 3,
    },
    Agency {
        id: FEDERAL,
        name: "A federal agency",
        policy: "california-statute",
        kind: AgencyKind::Federal,
        state: "CA",
        official: ("Lee Abernathy", "Field NodeContext Director"),
        officer: "Pat Doyle",
        post: (Role::Sworn, "Detective"),
        wrote: Wrote::Native,
        place: ("Los Angeles", 34.054, -118.243),
        seen: 0,
    },
    Agency {
        id: ARIZONA,
        name: "Yuma Police Department",
        policy: "california-statute",
        kind: AgencyKind::Police,
        state: "AZ",
        official: ("Jamie Stone", "Lieutenant"),
        officer: "Taylor Brooks",
        post: (Role::Sworn, "Detective"),
        wrote: Wrote::Native,
        place: ("Yuma", 32.693, -114.628),
        seen: 0,
    },
];

impl Agency {
    /// The file that its readers left: drawn reads, the car, and where the format has them a
    /// heartbeat and a record that a power cut broke off.
    pub(super) fn file(&self, seed: u64, now: Timestamp) -> Vec<u8> {
        let (city, latitude, longitude) = self.place;
        let cameras: Vec<Camera> = [(1, 0.0), (2, 0.004), (3, 0.009)]
            .map(|(n, off)| Camera {
                name: format!("{city} {n}"),
                latitude: latitude + off,
                longitude: longitude - off,
            })
            .to_vec();
        let planted: Vec<Planted> = (0..self.seen)
            .filter_map(|n| {
                let hours = i64::try_from(n).ok()?.saturating_mul(9).saturating_add(5);
                Some(Planted {
                    plate: PLATE.parse().ok()?,
                    at: now.plus_millis(-hours * 3_600_000),
                    camera: n,
                })
            })
            .collect();
        let plan = Plan {
            seed,
            reads: READS,
            cameras: &cameras,
            from: now.minus_days(20),
            until: now.plus_millis(-3_600_000),
            planted: &planted,
            with_flaws: self.flawed(),
        };
        match self.wrote {
            Wrote::Rekor => rekor(&plan),
            Wrote::PlateRecognizer => platerecognizer(&plan),
            Wrote::Native => native(&plan),
        }
    }

    /// The format's name.
    pub(super) fn format(&self) -> &'static str {
        match self.wrote {
            Wrote::Rekor => "rekor",
            Wrote::PlateRecognizer => "platerecognizer",
            Wrote::Native => "native",
        }
    }

    pub(super) fn flawed(&self) -> bool {
        self.wrote != Wrote::Native
    }
}
