//! What a side does while something runs on its thread.

use allocation_counter::AllocationInfo;
use schemas::work::Work;
use tests::side::Side;

/// What a thread did while a job ran there, with all that ran beside it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) work: Work,
    pub(super) allocations: u64,
    pub(super) allocated: u64,
}

/// Runs a future on the thread of a side; what it gave, and what the thread did meanwhile.
pub(super) async fn counted<T, F>(
    side: &Side,
    job: impl FnOnce() -> F + Send + 'static,
) -> (T, Counted)
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    side.with(move |runtime| {
        let before = Work::of_this_thread();
        let mut given = None;
        let AllocationInfo { count_total, bytes_total, .. } =
            allocation_counter::measure(|| given = Some(runtime.block_on(job())));
        let work = Work::of_this_thread() - before;
        let counted = Counted { work, allocations: count_total, allocated: bytes_total };
        (given.expect("a future that ends"), counted)
    })
    .await
}
