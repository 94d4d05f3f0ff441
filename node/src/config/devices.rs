//! What holds for sessions that are opened from enrolled devices, by their class: the tables `[devices.CLASS]`.
//!
//! CJISSECPOL wants a device lock after at most 30 minutes without an act (AC-11), and exempts devices that are
//! part of a criminal justice conveyance and those of dispatch in a physically secure location. IA-5 j(11) repeats
//! the 30 minutes without that exemption, so that nothing is exempt unless the agency says so, and on what it
//! rests. Twelve hours in all hold for every class.

use ::sign_in::sessions::{IDLE_MS, IdleTimes};
use schemas::device::DeviceClass;
use schemas::text::Text;
use schemas::time::MINUTE_MS;
use serde::{Deserialize, Serialize};

use super::reading::Reading;

const EXPECTED: &str = "tables [devices.office], [devices.vehicle] or [devices.dispatch], each with idle_minutes, or of vehicle and dispatch with exempt";
/// The section that exempts some devices, as a setting has to cite it.
const SECTION: &str = "AC-11";

/// What holds for devices of one class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfClass {
    /// How long nothing may be done with a session, in minutes; 30 unless given, and no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_minutes: Option<i64>,
    /// That its devices are exempt from the device lock, and on what that rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exempt: Option<Text>,
}

/// What holds for devices, by their class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Devices {
    /// In offices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<OfClass>,
    /// In vehicles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<OfClass>,
    /// Where dispatch is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<OfClass>,
}

impl Devices {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What holds for a class, where something is set for it.
    #[must_use]
    pub fn of(&self, class: DeviceClass) -> Option<&OfClass> {
        match class {
            DeviceClass::Office => self.office.as_ref(),
            DeviceClass::Vehicle => self.vehicle.as_ref(),
            DeviceClass::Dispatch => self.dispatch.as_ref(),
        }
    }

    fn set(&self) -> impl Iterator<Item = (DeviceClass, &OfClass)> {
        DeviceClass::ALL.iter().filter_map(|class| Some((*class, self.of(*class)?)))
    }

    /// How long nothing may be done with a session, by class.
    #[must_use]
    pub fn idle_times(&self) -> IdleTimes {
        let idle = |set: &OfClass| match (&set.exempt, set.idle_minutes) {
            (Some(_), _) => None,
            (None, minutes) => Some(minutes.map_or(IDLE_MS, |one| one.saturating_mul(MINUTE_MS))),
        };
        IdleTimes::of(self.set().map(|(class, set)| (class, idle(set))))
    }
}

/// What is wrong with what is set for a class.
fn problems(class: DeviceClass, set: &OfClass) -> Vec<String> {
    let mut problems = Vec::new();
    let most = IDLE_MS / MINUTE_MS;
    if let Some(minutes) = set.idle_minutes.filter(|minutes| !(1..=most).contains(minutes)) {
        problems.push(format!(
            "devices.{class}.idle_minutes = {minutes}; expected 1 to {most} (CJISSECPOL, {SECTION} a)"
        ));
    }
    let Some(exempt) = &set.exempt else { return problems };
    if !class.can_be_exempt() {
        problems.push(format!(
            "devices.{class}.exempt = \"{exempt}\", but CJISSECPOL, {SECTION}, exempts devices in vehicles and of dispatch alone; take it out, or enrol the device as what it is"
        ));
    }
    if !exempt.as_str().contains(SECTION) {
        problems.push(format!(
            "devices.{class}.exempt = \"{exempt}\" cites no section; expected on what the exemption rests, such as \"CJISSECPOL, {SECTION}: dispatch in a physically secure location\""
        ));
    }
    if set.idle_minutes.is_some() {
        problems.push(format!(
            "devices.{class} has both idle_minutes and exempt: what is exempt has no idle time; take one out"
        ));
    }
    problems
}

impl Reading {
    /// What holds for devices, where it is right.
    pub(super) fn devices(&mut self) -> Devices {
        let devices: Devices = self.optional("devices", EXPECTED).unwrap_or_default();
        let all: Vec<_> = devices.set().flat_map(|(class, set)| problems(class, set)).collect();
        all.into_iter().for_each(|problem| self.problem(problem));
        devices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Devices, Vec<String>) {
        let table = text.parse().unwrap();
        let mut reading = Reading { table, within: "", problems: Vec::new() };
        let devices = reading.devices();
        (devices, reading.finish())
    }

    #[test]
    fn only_what_the_section_exempts_is_exempt_and_no_class_rests_longer_than_it_lets() {
        let good = "[devices.office]\nidle_minutes = 10\n[devices.dispatch]\nexempt = \"CJISSECPOL, AC-11: dispatch\"";
        let (devices, problems) = read(good);
        assert_eq!(problems, [""; 0]);
        let expected = [(DeviceClass::Office, Some(10 * MINUTE_MS)), (DeviceClass::Dispatch, None)];
        assert_eq!(devices.idle_times(), IdleTimes::of(expected));
        for (text, said) in [
            (
                "[devices.office]\nexempt = \"CJISSECPOL, AC-11\"",
                "devices in vehicles and of dispatch",
            ),
            ("[devices.vehicle]\nexempt = \"it is nicer\"", "cites no section"),
            ("[devices.vehicle]\nidle_minutes = 31", "expected 1 to 30"),
            ("[devices.vehicle]\nidle_minutes = 0", "expected 1 to 30"),
            ("[devices.vehicle]\nexempt = \"AC-11\"\nidle_minutes = 5", "take one out"),
            ("[devices.boat]\nidle_minutes = 5", "expected tables"),
            ("devices = 3", "devices = 3; expected tables"),
        ] {
            let (_, problems) = read(text);
            assert!(problems.len() == 1 && problems[0].contains(said), "{text}: {problems:?}");
        }
    }
}
