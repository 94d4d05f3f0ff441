//! Who is meant: roles with their titles, paths with their agencies, officials with their designees.

use schemas::agency::AgencyId;
use schemas::purpose::Role;
use schemas::text::Text;

use super::{Officials, Path, People, Policy, Roles};

impl Roles {
    /// Whether a person with these roles and this title is one of them. A vendor is let in only
    /// where vendors are named, whatever else they are.
    #[must_use]
    pub fn admit(&self, roles: &[Role], title: &Text) -> bool {
        if roles.contains(&Role::Vendor) && !self.roles.contains(&Role::Vendor) {
            return false;
        }
        roles
            .iter()
            .filter(|role| self.roles.contains(role))
            .any(|role| self.titled.get(role).is_none_or(|demanded| same_title(demanded, title)))
    }
}

impl Path {
    /// Whether this path is open to `peer`.
    #[must_use]
    pub fn open_to(&self, peer: &AgencyId) -> bool {
        self.with.is_empty() || self.with.contains(peer)
    }
}

impl Officials {
    /// The title by which a person approves: one's own, or one delegated; `None` when neither is
    /// one of these. Without titles, whoever has a role that approves does so by their own.
    #[must_use]
    pub fn relied_on<'a>(
        &'a self,
        own: &'a Text,
        delegated: impl IntoIterator<Item = &'a Text>,
    ) -> Option<(&'a Text, Reliance)> {
        if self.titles.is_empty() {
            return Some((own, Reliance::Own));
        }
        let listed = |title: &Text| self.titles.iter().any(|listed| same_title(listed, title));
        if listed(own) {
            return Some((own, Reliance::Own));
        }
        let delegated = delegated.into_iter().find(|title| self.designee && listed(title))?;
        Some((delegated, Reliance::Delegated))
    }
}

impl People {
    /// Whether a person with these roles and this title sees what is asked for her: who queries does.
    #[must_use]
    pub fn sees(&self, roles: &[Role], title: &Text) -> bool {
        self.query.admit(roles, title)
            || self.see.as_ref().is_some_and(|see| see.admit(roles, title))
    }

    /// What says who sees: the value of its own, or that of who queries.
    #[must_use]
    pub fn seeing(&self) -> &Roles {
        self.see.as_ref().unwrap_or(&self.query)
    }
}

impl Policy {
    /// Whether something here counts only with this title: it signs, decides or administers.
    #[must_use]
    pub fn names_title(&self, title: &Text) -> bool {
        let People { query, see, peers, collect, administer, approve, audit } = &self.people;
        let roles = [query, peers, collect, administer, approve, audit];
        let titled = roles.into_iter().chain(see).flat_map(|roles| roles.titled.values());
        let officials = [&self.approval.requests, &self.approval.agreements];
        let signing = officials.into_iter().flat_map(|officials| &officials.titles);
        let custodian = self.administration.custodian.iter().map(|official| &official.title);
        let administrator = std::iter::once(&self.administration.administrator.title);
        let access = self.administration.access.iter().flat_map(|access| &access.titles);
        titled
            .chain(signing)
            .chain(custodian)
            .chain(administrator)
            .chain(access)
            .chain(&self.training.trainer)
            .any(|named| same_title(named, title))
    }

    /// Whether this role gives power over others: it administers, approves or audits, or releases what
    /// others ask.
    #[must_use]
    pub fn gives_power(&self, role: Role) -> bool {
        let People { administer, approve, audit, .. } = &self.people;
        let releases =
            self.danger.as_ref().is_some_and(|danger| danger.released_by.contains(&role));
        releases
            || [administer, approve, audit].into_iter().any(|roles| roles.roles.contains(&role))
    }
}

/// By what an official acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reliance {
    /// Their own title.
    Own,
    /// A delegation of another's.
    Delegated,
}

fn same_title(one: &Text, other: &Text) -> bool {
    one.as_str().trim().eq_ignore_ascii_case(other.as_str().trim())
}
