//! What every store must do, whichever database it is: one suite, run against each of them.
//!
//! A claim is a function over a [`Place`] where a store can be opened and opened again. A store's
//! own tests call [`holds_at`] once, which makes a test of each claim.

pub(super) mod debts;
pub(super) mod exchanges;
pub(super) mod heads;
pub(super) mod images;
pub(super) mod log;
pub(super) mod mentions;
pub(super) mod pages;
pub(super) mod reads;
pub(super) mod search;
pub(super) mod sign_in;

use std::sync::Arc;

use async_trait::async_trait;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, VERSION};
use schemas::merkle::{self, Frontier};
use schemas::query::QueryId;
use schemas::read::Read;
use schemas::time::Timestamp;

pub(super) use search::many;

use super::{LogState, Mention, Pages, Row, Served, Side, StateChanges, Store};

/// Where one database is.
#[async_trait]
pub(super) trait Place: Sync {
    /// Opens the store there. One that was opened before is gone by then.
    async fn open(&self) -> Arc<dyn Store>;
}

/// Waits for what no task may hold: migrations.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

/// Makes a test of each claim, at a new place of this type.
macro_rules! holds_at {
    ($place:ty) => {
        holds_at!(@claims $place,
            log: a_group_is_stored_whole_or_not_at_all,
            log: an_entry_that_is_there_is_not_written_again,
            mentions: what_bodies_mention_leads_to_their_entries_for_as_long_as_they_are_kept,
            mentions: who_saw_a_plate_is_told_for_as_long_as_the_bodies_are_kept,
            log: the_log_goes_on_where_it_ended_before_the_store_was_opened_again,
            log: the_tail_counts_answers_by_authority_day_and_receipt,
            log: the_tail_counts_what_each_peer_left_behind_on_the_day,
            log: entries_are_found_by_time_at_every_bound,
            log: entries_that_a_wrong_clock_stamped_are_found_by_the_time_of_the_right_one,
            log: answers_that_a_wrong_clock_stamped_count_on_the_day_of_the_right_one,
            log: entries_are_found_by_each_filter_and_by_all_at_once,
            log: subtrees_come_in_the_order_asked_for_and_one_that_is_missing_is_told,
            log: changes_come_in_order_with_their_entries,
            log: only_bodies_that_end_are_destroyed,
            heads: the_signed_head_is_of_the_last_group_that_is_durable_and_of_no_other,
            exchanges: a_query_served_before_fails_its_whole_group_and_leaves_nothing,
            exchanges: a_query_that_was_turned_away_may_be_served_later,
            exchanges: what_was_served_is_told_with_its_reply_and_receipt,
            exchanges: an_id_stands_for_what_was_served_then_for_what_was_asked,
            exchanges: a_query_of_ours_is_settled_once_but_for_silence,
            exchanges: exchanges_are_told_by_peer_period_and_entry,
            exchanges: messages_wait_in_order_until_they_are_delivered,
            debts: a_debt_stands_until_it_is_proved_and_counts_until_it_is_waived,
            heads: a_head_is_witnessed_in_the_place_of_the_one_that_was_there,
            heads: of_the_cosigned_heads_the_nearest_to_a_size_are_told,
            pages: pages_come_back_as_they_were_put_down_and_end_in_time,
            pages: pages_that_a_wrong_clock_kept_end_as_if_the_right_one_had,
            pages: ended_pages_come_in_order_some_at_a_time,
            pages: a_peers_read_is_found_in_the_pages_of_its_answer,
            reads: reads_are_known_by_their_ids_until_they_are_purged,
            reads: reads_of_many_months_are_due_in_order_some_at_a_time,
            reads: a_read_is_stored_once,
            reads: what_is_stored_is_counted,
            reads: a_correction_of_a_read_that_was_destroyed_leaves_nothing,
            reads: what_a_person_corrected_is_told_from_what_a_reader_told_better,
            reads: a_read_that_is_told_better_may_be_of_an_earlier_month,
            reads: the_earlier_readings_of_a_read_are_found,
            reads: what_entries_brought_or_told_otherwise_is_told_with_what_it_was,
            reads: versions_and_releases_end_with_the_read_that_they_are_of,
            images: photographs_are_counted_by_what_refers_to_them,
            sign_in: what_verifies_an_authenticator_stays_until_it_is_forgotten,
            sign_in: sessions_stay_until_they_are_forgotten,
            search: a_search_finds_what_fits_in_its_order_and_says_when_there_is_more,
            search: a_corrected_read_is_found_as_it_is_and_no_longer_as_it_was,
            search: a_withdrawn_read_is_found_by_no_search_and_ends_with_the_others,
            search: lookups_made_at_once_find_each_its_own_though_others_give_up,
        );
    };
    (@claims $place:ty, $($module:ident: $claim:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $claim() {
                $crate::contract::$module::$claim(&<$place>::new().await).await;
            }
        )*
    };
}
pub(super) use holds_at;

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis).unwrap()
}

pub(super) fn id(n: u8) -> QueryId {
    QueryId::from_bytes([n; 16])
}

/// What is signed with a group, where it is not asked about.
pub(super) const HEAD: &str = "a signed head";

/// An entry of an exchange; its place in the tree is not asked about.
pub(super) fn row(index: u64, millis: i64, query: QueryId, changes: StateChanges) -> Row {
    let header = Header {
        v: VERSION,
        index,
        at: at(millis),
        kind: EntryKind::QueryAnswered,
        peer: None,
        peer_seq: None,
        query: Some(query.digest()),
        body: Digest::of(b""),
        envelope: None,
    };
    // As many subtrees as an entry at this place completes.
    let nodes = vec![Digest::of(b"node"); index.trailing_ones() as usize];
    let envelopes = Some("query\nreply".to_owned());
    let mut row = Row {
        header,
        header_bytes: String::new(),
        salt: [7; 32],
        body: "{}".into(),
        envelopes,
        nodes,
        mentions: Vec::new(),
        changes,
    };
    write(&mut row);
    row
}

/// Writes what stands beside the body of a row that was changed: its header, and what it mentions.
fn write(row: &mut Row) {
    row.mentions = Mention::stored(&row.body).unwrap();
    row.header_bytes = String::from_utf8(row.header.to_bytes().unwrap()).unwrap();
}

/// A row without anything that happens beside it.
fn plain(index: u64, millis: i64) -> Row {
    row(index, millis, id(u8::try_from(index % 251).unwrap()), StateChanges::default())
}

/// An entry that accepts a clock, after one of the time `last`.
fn accepting(index: u64, millis: i64, last: i64, behind_since: Option<i64>) -> Row {
    let mut row = plain(index, millis);
    let behind_since = behind_since.map(at);
    row.changes.restamped = Some(super::Restamped { last: at(last), behind_since });
    row
}

/// Gives rows the nodes that belong to them in the tree after `tree`.
fn grow(tree: &mut Frontier, rows: &mut [Row]) {
    for row in rows {
        let completed = tree.push(merkle::leaf(row.header_bytes.as_bytes()));
        row.nodes = completed.into_iter().skip(1).map(|(_, hash)| hash).collect();
    }
}

pub(super) fn answer(query_id: QueryId) -> Served {
    Served {
        query_id,
        requester: "asking-ca-pd".parse().unwrap(),
        asked_at: at(0),
        query_digest: Digest::of(b"query"),
        reply_digest: Digest::of(b"reply"),
        answered: true,
        kept: true,
        authority: Some("owning-ca-pd/an-agreement".parse().unwrap()),
        released: None,
    }
}

pub(super) fn served(query_id: QueryId) -> StateChanges {
    let pages = vec![b"one\n".to_vec(), b"another\n".to_vec()];
    let pages = Pages { side: Side::Served, query_id, until: at(9_999), pages, images: Vec::new() };
    StateChanges { served: Some(answer(query_id)), pages: Some(pages), ..StateChanges::default() }
}

pub(super) fn read(n: u8, millis: i64, images: &[Digest]) -> Read {
    let images: Vec<_> = images
        .iter()
        .map(|digest| serde_json::json!({ "view": "plate", "digest": digest, "bytes": 4, "media": "image/jpeg" }))
        .collect();
    serde_json::from_value(serde_json::json!({
        "id": Digest::of(&[n]), "plate": "7ABC123", "plate_raw": "7ABC123", "at": at(millis),
        "camera": "1", "source": "native", "record": Digest::of(b""), "images": images,
    }))
    .unwrap()
}

pub(super) fn storing(reads: Vec<Read>) -> StateChanges {
    StateChanges { reads, ..StateChanges::default() }
}

/// The log's end, which whoever appends reads first.
async fn log_state(store: &dyn Store) -> LogState {
    store.log_state(at(0)).await.unwrap()
}

/// Opens the store and reads the log's end.
async fn begun(place: &impl Place) -> Arc<dyn Store> {
    let store = place.open().await;
    log_state(store.as_ref()).await;
    store
}
