//! What an agency says of one of its people with its own key, for agreements that demand it.
//!
//! A query is signed with the message key, which a node holds at any hour; the agency key may be kept
//! apart from it. So whoever takes over a node can ask in the names of people that the agency has
//! attested, and can invent none.

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;
use crate::attestation::SignedAttestation;
use crate::key::PublicKey;
use crate::purpose::Role;
use crate::query::{Requester, UserName};
use crate::text::Text;
use crate::time::Timestamp;

/// Most days between an attestation and its end: one training year.
pub const LONGEST_ATTESTATION_DAYS: u32 = 366;

/// A person of an agency, as it vouches for her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The agency.
    pub agency: AgencyId,
    /// User name there.
    pub user: UserName,
    /// Full name.
    pub full_name: Text,
    /// Title.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub title: Text,
    /// Roles.
    pub roles: Vec<Role>,
    /// Day of the last training, as an instant at its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_on: Option<Timestamp>,
    /// When it was signed.
    pub at: Timestamp,
    /// From when on it holds no longer.
    pub ends: Timestamp,
}

/// Why an attestation does not bear out who asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotBorneOut {
    /// It is not signed with the key that is known of the agency.
    #[error("it does not verify with the agency key that is known here ({0})")]
    Signature(String),
    /// It is of somebody else, or says something else of the person.
    #[error("it says another `{0}` than the query")]
    Differs(&'static str),
    /// It is over, or not begun.
    #[error("it holds from {0} until {1}")]
    Time(Timestamp, Timestamp),
}

impl Attestation {
    /// That a signed one bears out who asks at `at`, by the key that is known of the agency that asks.
    ///
    /// # Errors
    /// Why it does not.
    pub fn bears_out(
        signed: &SignedAttestation,
        agency: &AgencyId,
        requester: &Requester,
        key: &PublicKey,
        at: Timestamp,
    ) -> Result<(), NotBorneOut> {
        let said: Self = signed.verified(key).map_err(|e| NotBorneOut::Signature(e.to_string()))?;
        let differs = [
            ("agency", said.agency == *agency),
            ("user", said.user == requester.user),
            ("full_name", said.full_name == requester.full_name),
            ("title", said.title == requester.title),
            // A person may ask with fewer roles than she has.
            ("roles", requester.roles.iter().all(|role| said.roles.contains(role))),
            ("trained_on", said.trained_on == requester.trained_on),
        ];
        if let Some((what, _)) = differs.into_iter().find(|(_, alike)| !alike) {
            return Err(NotBorneOut::Differs(what));
        }
        let longest = said.at.plus_days(LONGEST_ATTESTATION_DAYS);
        if at < said.at || at >= said.ends.min(longest) {
            return Err(NotBorneOut::Time(said.at, said.ends));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::{Envelope, Kind};
    use crate::key::SecretKey;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(&[seed; 32])
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn requester() -> Requester {
        Requester {
            user: "jlee".parse().unwrap(),
            full_name: "Jordan Lee".parse().unwrap(),
            title: "Detective".parse().unwrap(),
            roles: vec![Role::Sworn],
            trained_on: Some(at("2026-01-05T00:00:00Z")),
            cleared_on: None,
            session: None,
            asserted_by: None,
            attestation: None,
        }
    }

    fn attestation() -> Attestation {
        let who = requester();
        Attestation {
            agency: "asking-ca-pd".parse().unwrap(),
            user: who.user,
            full_name: who.full_name,
            title: who.title,
            roles: vec![Role::Sworn, Role::Supervisor],
            trained_on: who.trained_on,
            at: at("2026-02-01T00:00:00Z"),
            ends: at("2026-08-01T00:00:00Z"),
        }
    }

    #[test]
    fn it_bears_out_this_person_of_this_agency_while_it_holds_and_nobody_else() {
        let agency: AgencyId = "asking-ca-pd".parse().unwrap();
        let signed = SignedAttestation::sign(&attestation(), &key(1)).unwrap();
        let known = key(1).public();
        let holds = |who: &Requester, when: &str| {
            Attestation::bears_out(&signed, &agency, who, &known, at(when))
        };
        assert_eq!(holds(&requester(), "2026-02-01T00:00:00Z"), Ok(()));
        assert_eq!(holds(&requester(), "2026-07-31T23:59:59Z"), Ok(()));
        for over in ["2026-01-31T23:59:59Z", "2026-08-01T00:00:00Z"] {
            assert!(matches!(holds(&requester(), over), Err(NotBorneOut::Time(..))), "{over}");
        }
        let when = "2026-03-01T00:00:00Z";
        for (what, who) in [
            ("user", Requester { user: "other".parse().unwrap(), ..requester() }),
            ("full_name", Requester { full_name: "Invented".parse().unwrap(), ..requester() }),
            ("title", Requester { title: "Chief".parse().unwrap(), ..requester() }),
            ("roles", Requester { roles: vec![Role::Sworn, Role::Dispatcher], ..requester() }),
            ("trained_on", Requester { trained_on: Some(at(when)), ..requester() }),
        ] {
            assert_eq!(holds(&who, when), Err(NotBorneOut::Differs(what)));
        }
        let other: AgencyId = "other-ca-pd".parse().unwrap();
        let of_other = Attestation::bears_out(&signed, &other, &requester(), &known, at(when));
        assert_eq!(of_other, Err(NotBorneOut::Differs("agency")));
        let of_key =
            Attestation::bears_out(&signed, &agency, &requester(), &key(2).public(), at(when));
        assert!(matches!(of_key, Err(NotBorneOut::Signature(_))));
    }

    #[test]
    fn it_holds_no_longer_than_a_year_whatever_it_says() {
        let long = Attestation { ends: at("2036-01-01T00:00:00Z"), ..attestation() };
        let signed = SignedAttestation::sign(&long, &key(1)).unwrap();
        let agency = long.agency.clone();
        let holds = |when: &str| {
            Attestation::bears_out(&signed, &agency, &requester(), &key(1).public(), at(when))
                .is_ok()
        };
        assert!(holds("2027-02-01T00:00:00Z"));
        assert!(!holds("2027-02-03T00:00:00Z"));
    }

    #[test]
    fn it_takes_no_more_than_a_kilobyte_and_is_of_its_own_type() {
        let name = |length: usize| "x".repeat(length).parse().unwrap();
        let small = Attestation { full_name: name(100), ..attestation() };
        assert!(SignedAttestation::sign(&small, &key(1)).is_ok());
        let large = Attestation { full_name: name(200), title: name(200), ..attestation() };
        assert!(SignedAttestation::sign(&large, &key(1)).is_err());
        let other = Envelope::sign_json(Kind::Receipt, &attestation(), &key(1)).unwrap();
        assert!(SignedAttestation::try_from(other.to_text()).is_err());
    }
}
