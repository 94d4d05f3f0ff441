//! The people of the demonstration: they enrol and sign in as people do, and what each signs in by
//! stands in a file of her agency's home, for `accord login --from`.

use std::path::Path;

use schemas::purpose::Role;
use schemas::query::UserName;
use schemas::time::Timestamp;
use schemas::user::User;

use super::federation::words;
use super::story::Agency;
use crate::admin::people;
use crate::cli::login::Authenticators;
use crate::permission::{ActError, Principal};
use crate::run::Node;
use crate::sign_in::{Second, enrol, finish_enrolment};
use host::home::read_text;
use zeroize::Zeroizing;

/// From where they sign in.
const SOURCE: &str = "the demonstration";
/// Who trains, where the policy says by what title.
const TRAINER: &str = "trainer";

fn name(user: &str) -> Result<UserName, ActError> {
    user.parse().map_err(|e| ActError::failed(format!("{e}")))
}

/// Somebody of an agency, by her session.
pub(super) async fn by(node: &Node, user: &str) -> Result<Principal, ActError> {
    let sessions = node.app.sign_in.sessions().await;
    let session = sessions.iter().find(|session| session.user.as_str() == user);
    let session = session.ok_or_else(|| ActError::failed(format!("`{user}` is not signed in")))?;
    Ok(session.into())
}

/// Whoever has this code binds a password and a card, and is signed in.
pub(super) async fn signs_in(node: &Node, user: &str, code: &str) -> Result<(), ActError> {
    let mut of = Authenticators::made(name(user)?)?;
    let door = &node.app.sign_in;
    let bound = finish_enrolment(door, code, &of.password, &Second::CodeCard, SOURCE).await?;
    of.card = bound.card.into_iter().map(Into::into).collect();
    let folder = node.home.dir().join("people");
    match std::fs::create_dir(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(ActError::failed(format!("`{}`: {error}", folder.display())))
        }
        _ => of.write_new(&folder.join(format!("{user}.toml"))),
    }
}

/// What somebody signs in by.
pub(super) fn signs_in_with(home: &Path, user: &str) -> Result<Authenticators, ActError> {
    let path = home.join("people").join(format!("{user}.toml"));
    let text = Zeroizing::new(read_text(&path)?);
    toml::from_str(&text).map_err(|e| ActError::failed(format!("`{}`: {e}", path.display())))
}

/// The people of an agency beside its administrator.
pub(super) async fn all(node: &Node, agency: &Agency) -> Result<(), ActError> {
    let trained = Some(node.context.agency.clock.now().minus_days(30).day_start());
    let (official, title) = agency.official;
    let (role, post) = agency.post;
    let state = node.context.agency.registry.state();
    let trainer = state.policy.as_ref().and_then(|policy| policy.training.trainer.clone());
    if let Some(title) = trainer {
        person(node, TRAINER, "Trainer of the agency", title.as_str(), Role::Supervisor, None)
            .await?;
    }
    for (name, full_name, title, role, trained_on) in [
        ("officer", agency.officer, post, role, trained),
        ("official", official, title, Role::Supervisor, trained),
        ("auditor", "Auditor of the agency", "Auditor", Role::Auditor, None),
    ] {
        person(node, name, full_name, title, role, trained_on).await?;
    }
    Ok(())
}

/// Registers somebody, who enrols.
pub(super) async fn person(
    node: &Node,
    user: &str,
    full_name: &str,
    title: &str,
    role: Role,
    trained_on: Option<Timestamp>,
) -> Result<(), ActError> {
    let state = node.context.agency.registry.state();
    let demands = state.policy.as_ref().filter(|_| trained_on.is_some());
    let by_whom = demands.and_then(|policy| policy.training.trainer.as_ref());
    let cleared = demands.and_then(|policy| policy.clearance.as_ref());
    let registered = User {
        trained_on,
        trained_by: by_whom.map(|_| name(TRAINER)).transpose()?,
        course: by_whom.map(|_| words("Course of the year")).transpose()?.unwrap_or_default(),
        cleared_on: cleared.and(trained_on),
        ..User::new(name(user)?, words(full_name)?, words(title)?, vec![role])
    };
    let (agency, admin) = (&node.context.agency, by(node, "admin").await?);
    people::add(agency, &admin, &registered).await?;
    let how = words("for the demonstration")?;
    let (_, code) = enrol(agency, &admin, &registered.name, &how).await?;
    signs_in(node, user, &code).await
}
