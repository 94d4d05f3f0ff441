//! What of a read was left out, or stored as it is though something about it is unusual.
//!
//! Decides into which kind it is counted. Only a plate and a time can cost a read; of everything else
//! that cannot be read, a note says so.

use std::fmt;

use crate::field::Fault;

/// Most notes of one read; a record that is wrong throughout is told by its first.
const MOST_NOTES: usize = 16;

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// A photograph that is left out.
    Photograph,
    /// A place that is left out.
    Place,
    /// A state of a plate that is left out.
    State,
    /// A confidence that is left out.
    Confidence,
    /// A direction that is left out.
    Direction,
    /// A part of a vehicle's description that is left out.
    Vehicle,
    /// An id of the source that is left out: the read is known by camera, time and plate.
    Id,
    /// A camera that was not named, or whose name holds what does not print.
    Camera,
    /// A plate that is compared by less than was written.
    Plate,
    /// A plate of which some characters were not read.
    PartialPlate,
    /// A plate that is a word for none; it is kept, since it may be somebody's plate.
    PlateWord,
    /// A time that was read otherwise than it is written.
    Time,
    /// Text in another encoding than was said.
    Encoding,
    /// A table that is not quite a table.
    Row,
    /// A camera that is far from where it was.
    Far,
}

impl NoteKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Photograph,
        Self::Place,
        Self::State,
        Self::Confidence,
        Self::Direction,
        Self::Vehicle,
        Self::Id,
        Self::Camera,
        Self::Plate,
        Self::PartialPlate,
        Self::PlateWord,
        Self::Time,
        Self::Encoding,
        Self::Row,
        Self::Far,
    ];

    /// The kind in words, of one and of several.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Photograph => ("photograph left out", "photographs left out"),
            Self::Place => ("place left out", "places left out"),
            Self::State => ("state left out", "states left out"),
            Self::Confidence => ("confidence left out", "confidences left out"),
            Self::Direction => ("direction left out", "directions left out"),
            Self::Vehicle => ("description left out", "descriptions left out"),
            Self::Id => ("id left out", "ids left out"),
            Self::Camera => ("camera not named", "cameras not named"),
            Self::Plate => ("plate compared by less", "plates compared by less"),
            Self::PartialPlate => ("plate read in part", "plates read in part"),
            Self::PlateWord => ("plate that is a word for none", "plates that are a word for none"),
            Self::Time => ("time read otherwise", "times read otherwise"),
            Self::Encoding => ("text in another encoding", "texts in another encoding"),
            Self::Row => ("row of another shape", "rows of another shape"),
            Self::Far => ("camera far from where it was", "cameras far from where they were"),
        }
    }

    /// The kind as a word of JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Photograph => "photograph",
            Self::Place => "place",
            Self::State => "state",
            Self::Confidence => "confidence",
            Self::Direction => "direction",
            Self::Vehicle => "vehicle",
            Self::Id => "id",
            Self::Camera => "camera",
            Self::Plate => "plate",
            Self::PartialPlate => "partial_plate",
            Self::PlateWord => "plate_word",
            Self::Time => "time",
            Self::Encoding => "encoding",
            Self::Row => "row",
            Self::Far => "far",
        }
    }
}

/// What of a read was left out or is unusual: one sentence with the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// Where, such as `line 3`; empty for all that was sent.
    pub at: String,
    /// The sentence; at most about 300 characters.
    pub said: String,
}

impl Note {
    /// A note of which it is not yet known where it stands.
    #[must_use]
    pub const fn new(kind: NoteKind, said: String) -> Self {
        Self { kind, at: String::new(), said }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at.as_str() {
            "" => f.write_str(&self.said),
            at => write!(f, "{at}: {}", self.said),
        }
    }
}

/// The notes of a read that is being made.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    pub(crate) fn add(&mut self, kind: NoteKind, said: impl fmt::Display) {
        if self.0.len() < MOST_NOTES {
            self.0.push(Note::new(kind, Fault::new(said).into_sentence()));
        }
    }

    /// The value; where it cannot be used, nothing and a note.
    pub(crate) fn take<T>(&mut self, kind: NoteKind, value: Result<Option<T>, Fault>) -> Option<T> {
        match value {
            Ok(value) => value,
            Err(fault) => {
                self.add(kind, fault.into_sentence());
                None
            }
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Note> {
        self.0
    }
}
