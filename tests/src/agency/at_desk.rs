//! Commands at the home of an agency, by the sessions of its people.

use ::sign_in::{enrolment_code, enrolment_digest};
use audit_log::entries::sign_in::{sign_in_succeeded, user_recovered};
use node::permission::Principal;
use node::sign_in::ENROLMENT_MS;
use schemas::authenticator::Enrolment;
use schemas::event::sign_in::{SignInSucceeded, UserRecovered};
use tokio::runtime::Handle;

use super::Agency;
use crate::command_line::desk::asks_for_a_session;
use crate::command_line::{CommandOutput, Desk};
use crate::fixtures::{HOUR_MS, OFFICER, session_at, words};

impl Agency {
    /// The officer, in her session where the log tells of one.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn officer(&self) -> Principal {
        let officer = OFFICER.parse().expect("a user name");
        let Some(session) = self.officers.clone() else { return Principal::of(officer, "test") };
        let auth = format!("session {}, {}, test", session.id, session.way.words());
        Principal { session: Some(session), ..Principal::of(officer, auth) }
    }

    /// Has the log tell that the officer signed in: what she asks from here on says so.
    ///
    /// # Panics
    /// When it does not take that.
    pub async fn officer_signs_in(&mut self) {
        let session = session_at(self.now());
        self.officers = Some(session.clone());
        let by = self.officer();
        let state = self.own().registry.state();
        let actor = self.own().actor(&state.users[&by.user], &by);
        let told = SignInSucceeded {
            session: session.id,
            way: session.way,
            authenticators: Vec::new(),
            provider: None,
            device: None,
            approved_in: None,
            client: words("test"),
            again: false,
            until: session.proved_at.plus_millis(12 * HOUR_MS),
        };
        let entry = sign_in_succeeded(&state, actor, told);
        self.own().log.append(entry).await.expect("an entry");
    }

    /// Runs a command with `--json` at its home, as the administrator.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord(&self, args: &[&str]) -> CommandOutput {
        self.accord_as("admin", args)
    }

    /// Runs a command with `--json` at its home, as `user`.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn accord_as(&self, user: &str, args: &[&str]) -> CommandOutput {
        self.at_desk(user, &[&["--json"], args].concat())
    }

    /// Runs a command at its home, as `user`.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn at_desk(&self, user: &str, args: &[&str]) -> CommandOutput {
        tokio::task::block_in_place(|| {
            let ran = self.desk.run(user, args);
            if !asks_for_a_session(&ran) || !self.has_user(user) {
                return ran;
            }
            // Time has passed here: enrolments and passwords are no longer good.
            Handle::current().block_on(self.admin_recovers());
            self.desk.run(user, args)
        })
    }

    fn has_user(&self, user: &str) -> bool {
        self.running.as_ref().is_some_and(|(node, _)| {
            let state = node.context.agency.registry.state();
            state.users.keys().any(|known| known.as_str() == user)
        })
    }

    /// Gives the administrator a way in anew, by the entry that a start makes of what was done at the
    /// machine.
    async fn admin_recovers(&self) {
        let (own, code) = (self.own(), enrolment_code().expect("a code"));
        let enrolment = Enrolment {
            user: self.admin().user,
            code: enrolment_digest(&code),
            by: None,
            identified: words("at the machine of the node"),
            until: self.now().plus_millis(ENROLMENT_MS),
        };
        let (reason, made_at) = (words("time has passed"), self.now());
        let recovered = UserRecovered { enrolment, reason, made_at, uid: 0 };
        let entry = user_recovered(&own.registry.state(), own.node_actor(), recovered);
        if own.log.append(entry).await.is_ok() {
            self.desk.admin_enrols_by(&code);
        }
    }

    /// Its people.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The administrator signs in at the desk: for what comes when she cannot.
    ///
    /// # Panics
    /// When she may not.
    pub fn admin_signs_in(&self) {
        tokio::task::block_in_place(|| self.desk.signs_in("admin"));
    }
}
