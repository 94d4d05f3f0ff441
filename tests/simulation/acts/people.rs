//! People sign in and leave again; who asks peers does so in her session.

use std::sync::Arc;

use ::sign_in::{Secret, Token};
use node::permission::{ActError, Principal};
use node::sign_in::{
    Attempt, Second, SignIn, SignedIn, begin_enrolment, enrol, finish_enrolment, principal,
    sign_in, sign_out,
};
use schemas::query::UserName;
use tests::fixtures::{HOUR_MS, words};
use zeroize::Zeroizing;

use crate::agency::{Running, or_crash};
use crate::dice::Dice;
use crate::world::{Person, World};

/// From where people sign in here.
pub(super) const DESK: &str = "socket, uid 1000";
/// Longest that a session lasts, and somewhat more: two clocks may differ.
const LONGEST_MS: i64 = 12 * HOUR_MS + 300_000;
const PASSWORD: &str = "maple engine teapot cellar";
/// How often somebody tries to sign in, one after the other: by what she has, which may be spent or too old, and
/// then as one who is enrolled anew.
const ATTEMPTS: usize = 2;
/// Of a thousand who have no session, so many sign in before they ask: where their own policy lets nobody
/// ask otherwise, and elsewhere.
const DEMANDED: u64 = 950;
const BY_HERSELF: u64 = 600;

/// Who asks peers at an agency signs in; the first time with what she is enrolled by.
pub(super) async fn come(world: &World, at: usize) {
    let Some(node) = world.node(at) else { return };
    or_crash(&node, comes(world, at, &node)).await;
}

async fn comes(world: &World, at: usize, node: &Running) {
    let user = world.agencies[at].asks().user;
    let Ok(door) = node.sign_in().await else { return };
    let code = world.known(|known| known.people.get_mut(&at).and_then(|one| one.card.pop()));
    let signed_in = match code {
        // Without a code that was never shown she is enrolled anew.
        None => first_time(world, at, node, &door, &user).await,
        Some(code) => {
            let attempt = Attempt {
                user: user.to_string(),
                password: Secret::from(PASSWORD.to_owned()),
                code: Secret::from(code),
                notice: door.notice().digest,
            };
            sign_in(&door, &attempt, DESK).await
        }
    };
    world.truth.tell(|| {
        let came = signed_in.as_ref().map(|signed_in| signed_in.session.id);
        format!("agency {at}: {user} signs in: {:?}", came.map_err(ToString::to_string))
    });
    match signed_in {
        Ok(signed_in) => {
            world.truth.opened(at, signed_in.session.id);
            let session = (signed_in.token, world.agencies[at].now());
            world.known(|known| known.people.entry(at).or_default().session = Some(session));
        }
        // What she has may be worth nothing: it is replaced.
        Err(ActError::Refused(_)) => world.known(|known| drop(known.people.remove(&at))),
        Err(_) => {}
    }
}

async fn first_time(
    world: &World,
    at: usize,
    node: &Running,
    door: &Arc<SignIn>,
    user: &UserName,
) -> Result<SignedIn, ActError> {
    let by = world.agencies[at].admin();
    let (_, code) = enrol(node.own(), &by, user, &words("in person")).await?;
    begin_enrolment(door, &code, DESK).await?;
    let password = Zeroizing::new(PASSWORD.to_owned());
    let bound = finish_enrolment(door, &code, &password, &Second::CodeCard, DESK).await?;
    let person = Person { card: bound.card, ..Person::default() };
    world.known(|known| known.people.insert(at, person));
    bound.signed_in.ok_or_else(|| ActError::failed("nobody is signed in".into()))
}

/// She leaves again: from then on nobody acts in her session.
pub(super) async fn leave(world: &World, at: usize) {
    let Some(node) = world.node(at) else { return };
    let session = world.known(|known| known.people.get_mut(&at).and_then(|one| one.session.take()));
    let Some((token, _)) = session else { return };
    let token = Token::shown(&token);
    let left = async {
        let Ok(door) = node.sign_in().await else { return };
        let ended = sign_out(&door, &token).await;
        if ended.is_ok() && principal(&door, &token, DESK).await.is_ok() {
            world.truth.broken("session", format!("agency {at}: a session lasts after its end"));
        }
    };
    or_crash(&node, left).await;
}

/// Who asks, in her session where she has one. One that has ended is forgotten.
async fn in_session(world: &World, at: usize, node: &Running) -> Option<Principal> {
    let session = world.known(|known| {
        known.people.get(&at)?.session.as_ref().map(|(token, since)| (Token::shown(token), *since))
    });
    let (token, since) = session?;
    let door = node.sign_in().await.ok()?;
    let by = match principal(&door, &token, DESK).await {
        Ok((by, _)) => by,
        Err(ActError::Refused(_)) => {
            let over = |known: &mut crate::world::Known| {
                let one = known.people.get_mut(&at);
                drop(one.and_then(|one| one.session.take_if(|(_, began)| *began == since)));
            };
            world.known(over);
            return None;
        }
        Err(_) => return None,
    };
    let lasted = world.agencies[at].now().millis() - since.millis();
    if lasted > LONGEST_MS {
        world.truth.broken("session", format!("agency {at}: a session lasts {lasted} ms"));
    }
    Some(by)
}

/// Who asks: in her session, which she opens first where she has none, or without one.
pub(super) async fn who_asks(world: &World, at: usize, node: &Running, dice: &Dice) -> Principal {
    let state = node.own().registry.state();
    let demanded = state.policy.as_ref().is_some_and(|own| own.people.query.signed_in.is_some());
    let signs_in = dice.happens(if demanded { DEMANDED } else { BY_HERSELF });
    signed_in(world, at, node, signs_in).await.unwrap_or_else(|| world.agencies[at].asks())
}

/// Who asks, in her session; she opens one where she has none, if she does that now.
pub(crate) async fn signed_in(
    world: &World,
    at: usize,
    node: &Running,
    signs_in: bool,
) -> Option<Principal> {
    if let Some(by) = in_session(world, at, node).await {
        return Some(by);
    }
    if !signs_in {
        return None;
    }
    // One of those who ask at once signs in, and the others wait for it.
    let _desk = world.agencies[at].desk.lock().await;
    for _ in 0..ATTEMPTS {
        if let Some(by) = in_session(world, at, node).await {
            return Some(by);
        }
        comes(world, at, node).await;
    }
    in_session(world, at, node).await
}
