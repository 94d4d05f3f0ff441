//! What statements go through: indexes, and months.

use super::*;
use crate::StateChanges;
use crate::contract::{HEAD, at, id, many, read, row, storing};

const DAY: i64 = 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn every_way_has_an_index_in_every_month() {
    let place = OnServer::new().await;
    let store = place.open().await;
    store.log_state(at(0)).await.unwrap();
    store.commit(&[row(0, 0, id(1), storing(many()))], HEAD).await.unwrap();
    assert_eq!(place.sql("analyze reads"), "ANALYZE");
    for (condition, index) in [
        (
            "plate = 'A' and at >= 1 and at < 9000000000000 order by at",
            "reads_2026_02_plate_at_idx",
        ),
        ("plate >= 'A' and plate < 'B~'", "reads_2026_02_plate_at_idx"),
        ("tail >= 'A' and tail < 'B~'", "reads_2026_02_tail_at_idx"),
        ("cell = any ('{1,2}'::int[])", "reads_2026_02_cell_at_idx"),
        ("camera = 'A' order by at", "reads_2026_02_camera_at_idx"),
        ("make = 'A' order by at", "reads_2026_02_make_at_idx"),
        ("at >= 1 and at < 9000000000000 order by at, id", "reads_2026_02_at_id_idx"),
    ] {
        let plan = place.sql(&format!(
            "set enable_seqscan = off; explain select read, at from reads where {condition} limit 9"
        ));
        assert!(plan.contains(index), "{condition}: {plan}");
    }
    let plan = place
        .sql("set enable_seqscan = off; explain select header from entries where query = '\\x00'");
    assert!(plan.contains("entries_by_query"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_looked_for_in_its_own_months() {
    let place = OnServer::new().await;
    let store = place.open().await;
    store.log_state(at(0)).await.unwrap();
    let reads = (0..12).map(|n| read(n, i64::from(n) * 31 * DAY, &[])).collect();
    store.commit(&[row(0, 0, id(1), storing(reads))], HEAD).await.unwrap();
    let months = "select count(*) from pg_inherits where inhparent = 'reads'::regclass";
    assert_eq!(place.sql(months), "12");
    // The twentieth of January to the tenth of February 2024.
    let plan = place.sql(
        "explain select read from reads
         where plate = '7ABC123' and at >= 1705708800000 and at < 1707523200000",
    );
    assert!(plan.contains("reads_2024_01") && plan.contains("reads_2024_02"), "{plan}");
    assert!(!plan.contains("reads_2023_12") && !plan.contains("reads_2024_03"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_whose_reads_are_all_destroyed_goes_with_its_files() {
    let place = OnServer::new().await;
    let store = place.open().await;
    store.log_state(at(0)).await.unwrap();
    let reads: Vec<_> = (0..3).map(|n| read(n, i64::from(n) * 31 * DAY, &[])).collect();
    let purged = vec![reads[0].id, reads[2].id];
    store.commit(&[row(0, 0, id(1), storing(reads))], HEAD).await.unwrap();
    store
        .commit(&[row(1, 0, id(2), StateChanges { purged, ..StateChanges::default() })], HEAD)
        .await
        .unwrap();
    store.erase_traces().await.unwrap();
    let months = "select string_agg(inhrelid::regclass::text, ' ' order by 1) from pg_inherits
                  where inhparent = 'reads'::regclass";
    assert_eq!(place.sql(months), "reads_2023_12");
    assert_eq!(store.stats().await.unwrap().reads, 1);
}
