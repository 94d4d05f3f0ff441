//! What of a policy is no fault, but may not be meant.

use schemas::purpose::Purpose;

use super::{Means, Policy, Standard};

impl Policy {
    /// What is no fault, but may not be meant.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.verification.means.contains(&Means::Image) {
            warnings.push(
                "`verification.means` has officers look at the image: agreements with `images = false`, as the templates have it, release none; sign ones with `images = true`".to_owned(),
            );
        }
        if self.purpose(Purpose::MissingPerson).is_some() {
            if !self.reason.lifesaving.contains(&Purpose::MissingPerson) {
                warnings.push("`reason.lifesaving` does not list `missing_person`: a reason that would do for a life is measured like any other".to_owned());
            }
            let suspicion = &self.suspicion;
            let demanded = suspicion.standard != Standard::None || suspicion.need_to_know;
            if demanded && !suspicion.except.contains(&Purpose::MissingPerson) {
                warnings.push("`suspicion` is demanded for `missing_person` too: nobody is suspected where a child is missing, and the search is refused; list it under `suspicion.except` where the text allows it".to_owned());
            }
        }
        warnings
    }
}
