//! The records system to which records of requests for reads are pushed: the table `[records]`.

use std::path::PathBuf;

use host::https::callable_or_here;
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use super::reading::Reading;

const EXPECTED: &str = "a table, [records], with address, and authority if need be";

/// A records system that records are pushed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// Where it takes them.
    pub address: Text,
    /// The PEM file of the authorities by which it is known; those that the machine trusts unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
}

impl Reading {
    /// The records system under `records`, where it is right.
    pub(super) fn records(&mut self) -> Option<Records> {
        let records: Records = self.optional("records", EXPECTED)?;
        if callable_or_here(records.address.as_str()).is_none() {
            self.problem(format!(
                "records.address = \"{}\"; expected https:// and a name, such as \"https://rms.example.org/alpr\", without a password in it; http:// with a number of this machine alone",
                records.address
            ));
        }
        Some(records)
    }
}
