//! Programs of an agency come and go, and ask for a person who let them.

use ::sign_in::Token;
use node::admin::programs::{self, NewProgram};
use node::permission::{ActError, Principal};
use node::sign_in::{
    PROGRAM, approve_terminal, begin_program, end_of_program, finish_terminal, principal,
};
use registry::ProgramName;
use schemas::program::ProgramScope;
use schemas::purpose::Purpose;
use tests::fixtures::HOUR_MS;

use super::people::{self, DESK};
use super::{ask_as, asking};
use crate::agency::{Running, because, or_crash};
use crate::dice::Dice;
use crate::world::World;

/// The one purpose for which the program may ask.
const PURPOSE: Purpose = Purpose::CriminalInvestigation;

fn name() -> ProgramName {
    "dispatch".parse().expect("a name")
}

/// From where the program shows the sessions that it was let have.
fn source() -> String {
    format!("{PROGRAM}{}", name())
}

/// A program is added, gets another token, or is revoked.
pub(super) async fn upkeep(world: &World, at: usize, dice: &Dice) {
    let Some(node) = world.node(at) else { return };
    let by = world.agencies[at].admin();
    let done = async {
        if !in_force(world, at, &node) {
            add(world, at, &node, dice).await;
            return;
        }
        if dice.happens(500) {
            drop(programs::renew(node.own(), &by, &name(), None).await);
            return;
        }
        let revoked = programs::revoke(node.own(), &by, &name(), &because()).await;
        if let (Ok(_), Ok(door)) = (revoked, node.sign_in().await) {
            drop(end_of_program(&door, &name()).await);
            if by_program(world, at, &node).await.is_some() {
                let what = format!("agency {at}: a program that was revoked asks");
                world.truth.broken("session", what);
            }
        }
    };
    or_crash(&node, done).await;
}

fn in_force(world: &World, at: usize, node: &Running) -> bool {
    let now = world.agencies[at].now();
    node.own().registry.state().programs.get(&name()).is_some_and(|one| one.in_force(now))
}

async fn add(world: &World, at: usize, node: &Running, dice: &Dice) {
    let hours = 1 + i64::try_from(dice.below(400)).unwrap_or(0);
    let new = NewProgram {
        name: name(),
        scope: vec![ProgramScope::Ask],
        purposes: vec![PURPOSE],
        addresses: Vec::new(),
        certificate: None,
        until: world.agencies[at].now().plus_millis(HOUR_MS * hours),
    };
    drop(programs::add(node.own(), &world.agencies[at].admin(), &new).await);
}

/// The program asks an owner: in the session that a person let it have, or lets it have now.
pub(super) async fn ask(world: &World, from: usize, to: usize, dice: &Dice) {
    let Some(node) = world.node(from) else { return };
    let mut draft = asking(world, from, Some(to), dice);
    draft.why.purpose = PURPOSE;
    let asked = async {
        if !in_force(world, from, &node) {
            add(world, from, &node, dice).await;
        }
        let by = match by_program(world, from, &node).await {
            Some(by) => by,
            None => match approved(world, from, &node).await {
                Ok(Some(by)) => by,
                Ok(None) | Err(_) => return,
            },
        };
        if !in_force(world, from, &node) {
            let what = format!("agency {from}: a program asks that is not in force");
            world.truth.broken("session", what);
        }
        ask_as(world, &node, from, &draft, &by).await;
    };
    or_crash(&node, asked).await;
}

/// As whom the program asks, as long as the session lasts that it was let have.
async fn by_program(world: &World, at: usize, node: &Running) -> Option<Principal> {
    let token = world.known(|known| {
        known.people.get(&at).and_then(|one| one.lent.as_ref()).map(|lent| Token::shown(lent))
    });
    let (by, _) = principal(&*node.sign_in().await.ok()?, &token?, &source()).await.ok()?;
    Some(Principal { purposes: Some(vec![PURPOSE]), ..by })
}

/// A person who is signed in approves the code that the program shows her.
async fn approved(world: &World, at: usize, node: &Running) -> Result<Option<Principal>, ActError> {
    if people::signed_in(world, at, node, true).await.is_none() {
        return Ok(None);
    }
    let token = world.known(|known| {
        let person = known.people.get(&at)?;
        person.session.as_ref().map(|(token, _)| Token::shown(token))
    });
    let (Some(token), Ok(door)) = (token, node.sign_in().await) else { return Ok(None) };
    let (_, session) = principal(&door, &token, DESK).await?;
    let waits = begin_program(&door, &source())?;
    approve_terminal(&door, &session, &waits.code)?;
    let Some(lent) = finish_terminal(&door, &waits.secret, &source()).await? else {
        return Ok(None);
    };
    world.truth.opened(at, lent.session.id);
    world.known(|known| known.people.entry(at).or_default().lent = Some(lent.token));
    Ok(by_program(world, at, node).await)
}
