//! Written requests: filed, decided, withdrawn, and asked on.

use agreements::request::{RequestScope, Verdict};
use node::admin::requests::{self, DecisionInput, Submission};
use schemas::purpose::{Purpose, QueryKind};
use schemas::query::Elements;
use schemas::text::Text;
use tests::fixtures::{HOUR_MS, words};

use super::{ask, asking};
use crate::agency::or_crash;
use crate::dice::Dice;
use crate::truth::Bound;
use crate::world::{PLATES, World};

/// An officer asks on a request of theirs.
pub(super) async fn ask_citing(world: &World, from: usize, to: usize, dice: &Dice) {
    let Some(node) = world.node(from) else { return };
    let all = requests::list(node.own());
    let (me, owner) = (world.id(from), world.id(to));
    let mine = all.iter().filter(|row| {
        row.requester == me.as_str()
            && (row.state == "approved" || row.state == "used_up" || dice.happens(100))
    });
    let mine: Vec<_> = mine.collect();
    if mine.is_empty() {
        return;
    }
    let row = mine.iter().find(|row| row.owner == *owner).unwrap_or(dice.one(&mine));
    let to = world.agencies.iter().position(|agency| *agency.id() == row.owner);
    let mut draft = asking(world, from, to, dice);
    draft.authority = Some(row.request.clone().into());
    draft.elements.kind = QueryKind::Exact;
    draft.elements = Elements::exact(
        PLATES[0].parse().expect("a plate"),
        draft.elements.from,
        draft.elements.until,
    );
    ask(world, from, to, Some(draft), dice).await;
}

/// An officer files a request.
pub(super) async fn submit(world: &World, from: usize, to: usize, dice: &Dice) {
    let Some(node) = world.node(from) else { return };
    let now = world.agencies[from].now();
    let scope = RequestScope {
        plates: vec![PLATES[0].parse().expect("a plate")],
        uses: Some(1 + u32::try_from(dice.below(2)).unwrap_or(0)),
        valid_until: dice.happens(500).then(|| now.plus_millis(HOUR_MS * 20)),
        ..RequestScope::default()
    };
    let submission = Submission {
        to: Some(world.id(to).clone()),
        requested_by: Some(words("Maria Reyes")),
        purpose: Some(Purpose::StolenVehicle),
        case: words("26-004711"),
        reason: words("Stolen vehicle seen near the station"),
        scope: scope.clone(),
        danger: Text::default(),
        after_refusal: None,
    };
    let (store, by) = (node.context.store.clone(), world.agencies[from].officer());
    let filed = async {
        let keys = &node.context.keys;
        let filed = requests::submit(node.own(), keys, store.as_ref(), &by, &submission).await;
        if let Ok(row) = filed {
            let bound = Bound { uses: scope.uses, daily: None, end: scope.valid_until };
            world.truth.bound(row.request, bound);
        }
    };
    or_crash(&node, filed).await;
}

/// An official decides one of those that wait.
pub(super) async fn decide(world: &World, at: usize, dice: &Dice) {
    let Some(node) = world.node(at) else { return };
    let me = world.id(at);
    let open: Vec<_> = requests::list(node.own())
        .into_iter()
        .filter(|row| row.owner == *me && row.state == "submitted")
        .collect();
    if open.is_empty() {
        return;
    }
    let row = dice.one(&open);
    let (verdict, narrower) = match dice.below(10) {
        0 => (Verdict::Denied, RequestScope::default()),
        1..=3 => (Verdict::Approved, RequestScope { uses: Some(1), ..RequestScope::default() }),
        _ => (Verdict::Approved, RequestScope::default()),
    };
    let input = DecisionInput { verdict, reason: words("Need is shown"), narrower };
    let by = world.agencies[at].official();
    let decided = async {
        let decided =
            requests::decide(node.own(), &node.context.keys, &by, &row.request, &input).await;
        if let Ok(row) = decided {
            let bound = Bound { uses: row.scope.uses, daily: None, end: row.scope.valid_until };
            world.truth.bound(row.request, bound);
        }
    };
    or_crash(&node, decided).await;
}

/// An officer withdraws a request.
pub(super) async fn withdraw(world: &World, at: usize, dice: &Dice) {
    let Some(node) = world.node(at) else { return };
    let me = world.id(at);
    let mine: Vec<_> =
        requests::list(node.own()).into_iter().filter(|row| row.requester == me.as_str()).collect();
    if mine.is_empty() {
        return;
    }
    let (id, by) = (dice.one(&mine).request.clone(), world.agencies[at].officer());
    let withdrawn = async {
        drop(requests::withdraw(node.own(), &node.context.keys, &by, &id).await);
    };
    or_crash(&node, withdrawn).await;
}
