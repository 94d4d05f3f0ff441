//! What peers' logs must hold of exchanges and have not proven.

use schemas::agency::AgencyId;

use super::*;
use crate::{NewDebt, Proved};

pub(crate) async fn a_debt_stands_until_it_is_proved_and_counts_until_it_is_waived(
    place: &impl Place,
) {
    let mallory: AgencyId = "mallory-ca-pd".parse().unwrap();
    let other: AgencyId = "other-ca-pd".parse().unwrap();
    let owing = |n: u64, peer: &AgencyId| {
        let n = u8::try_from(n).unwrap();
        let debt = NewDebt { peer: peer.clone(), query_id: id(n), envelope: Digest::of(&[n]) };
        row(n.into(), n.into(), id(n), StateChanges { owed: Some(debt), ..StateChanges::default() })
    };
    let proved = |n: u64, debts: Vec<u64>| {
        let counted = u32::try_from(debts.len()).unwrap();
        let proved = Some(Proved { peer: mallory.clone(), debts, counted });
        row(n, 9, id(99), StateChanges { proved, ..StateChanges::default() })
    };
    let store = begun(place).await;
    assert_eq!(store.debts(&mallory, None, 9).await.unwrap(), []);
    let group = [owing(0, &mallory), owing(1, &other), owing(2, &mallory), owing(3, &mallory)];
    store.commit(&group, HEAD).await.unwrap();
    let told = store.debts(&mallory, None, 2).await.unwrap();
    let entries: Vec<_> = told.iter().map(|debt| (debt.entry, debt.at, debt.query_id)).collect();
    assert_eq!(entries, [(0, at(0), id(0)), (2, at(2), id(2))]);
    assert_eq!(told[1].envelope, Digest::of(&[2]));
    let rest = store.debts(&mallory, Some(2), 9).await.unwrap();
    assert_eq!(rest.iter().map(|debt| debt.entry).collect::<Vec<_>>(), [3]);
    // Time counts for those that are owed by then, and for nobody else.
    store.waited(&mallory, 30).await.unwrap();
    store.commit(&[owing(4, &mallory)], HEAD).await.unwrap();
    store.waited(&mallory, 30).await.unwrap();
    let overdue = async |peer: &AgencyId, seconds| store.overdue(peer, seconds).await.unwrap();
    assert_eq!(overdue(&mallory, 60).await, 3);
    assert_eq!(overdue(&mallory, 30).await, 4);
    assert_eq!(overdue(&mallory, 61).await, 0);
    assert_eq!(overdue(&other, 1).await, 0);
    store.commit(&[proved(5, vec![0, 4])], HEAD).await.unwrap();
    let state = log_state(store.as_ref()).await;
    assert_eq!((state.unproven[&mallory], state.unproven[&other]), (2, 1));
    let waived = StateChanges { waived: Some(mallory.clone()), ..StateChanges::default() };
    store.commit(&[row(6, 9, id(98), waived), owing(7, &mallory)], HEAD).await.unwrap();
    store.waited(&mallory, 60).await.unwrap();
    assert_eq!(overdue(&mallory, 60).await, 1);
    drop(store);
    let store = begun(place).await;
    assert_eq!(log_state(store.as_ref()).await.unproven[&mallory], 1);
    let told = store.debts(&mallory, None, 9).await.unwrap();
    let waived: Vec<_> = told.iter().map(|debt| (debt.entry, debt.waived)).collect();
    assert_eq!(waived, [(2, true), (3, true), (7, false)]);
}
