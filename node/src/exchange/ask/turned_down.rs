//! What is said and logged when nothing is asked.

use schemas::body::Actor;
use schemas::entry::EntryKind;
use schemas::text::Text;

use crate::context::NodeContext;
use crate::permission::Principal;
use audit_log::append::AppendError;
use audit_log::entry::Entry;
use schemas::draft::Draft;

impl NodeContext {
    /// The verification notice of this agency's own policy, which binds its officers.
    pub(crate) fn own_notice(&self) -> Text {
        let state = self.agency.registry.state();
        state.policy.as_ref().map(|policy| policy.verification.text.clone()).unwrap_or_default()
    }

    /// Logs an attempt to ask that was turned down before there was a query.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn log_turned_down(
        &self,
        by: &Principal,
        draft: &Draft,
        why: &str,
    ) -> Result<(), AppendError> {
        let state = self.agency.registry.state();
        let full_name = state.users.get(&by.user).map(|user| user.full_name.clone());
        let actor = Actor {
            user: Some(by.user.clone()),
            full_name: full_name.unwrap_or_default(),
            agency: self.agency.id.clone(),
            auth: by.auth.clone(),
        };
        let unwritable = |e: serde_json::Error| AppendError::Unwritable(e.to_string());
        let entry = Entry::new(EntryKind::QueryDeclined, actor)
            .with_detail("turned_down", why)
            .with_detail("draft", serde_json::to_value(draft).map_err(unwritable)?);
        self.agency.log.append(entry).await.map(drop)
    }
}
