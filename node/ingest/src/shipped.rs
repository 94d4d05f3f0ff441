//! The mappings that come with the project, and what a mapping may say.

/// What a mapping may say, for people.
pub const MAPPING_REFERENCE: &str = include_str!("mapping/reference.txt");

/// A mapping that comes with the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShippedMapping {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        [$(ShippedMapping {
            name: $name,
            text: include_str!(concat!("../mappings/", $name, ".toml")),
        }),*]
    };
}

/// All of them, by name.
pub const SHIPPED_MAPPINGS: [ShippedMapping; 14] = shipped![
    "blueiris",
    "boss",
    "elsag",
    "fixed",
    "flock",
    "frigate",
    "fusus",
    "fusus-csv",
    "milesight",
    "pipes",
    "unifi",
    "verkada",
    "vigilant",
    "table",
];

impl ShippedMapping {
    /// Whether no real sample of what it reads was at hand when it was made.
    #[must_use]
    pub fn is_untested(&self) -> bool {
        self.about().contains("untested")
    }

    /// What it is for: the comment that it begins with.
    #[must_use]
    pub fn about(&self) -> String {
        let comment = self.text.lines().take_while(|line| line.starts_with('#'));
        comment.map(|line| line.trim_start_matches(['#', ' '])).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mapping;

    #[test]
    fn every_shipped_mapping_can_be_used_and_says_what_it_is_for() {
        for one in SHIPPED_MAPPINGS {
            assert!(one.text.parse::<Mapping>().is_ok(), "{}", one.name);
            assert!(!one.about().is_empty(), "{}", one.name);
        }
    }

    #[test]
    fn the_reference_names_every_column() {
        for column in [
            "plate",
            "at",
            "id",
            "camera",
            "state",
            "latitude",
            "longitude",
            "place",
            "direction",
            "confidence",
            "make",
            "model",
            "color",
            "body",
            "year",
            "photograph",
        ] {
            assert!(MAPPING_REFERENCE.contains(column), "{column}");
        }
    }
}
