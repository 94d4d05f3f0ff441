//! A thread whose time and randomness are made up, for a simulation in which one seed is one history.
//!
//! A program that links this crate gets `clock_gettime`, `getrandom` and `epoll_wait` from here and not
//! from the C library. On an ordinary thread they ask the system, as ever. On a thread that
//! [`on_a_virtual_thread`] made, the clocks stand still but when the thread waits: then they jump to the
//! end of the wait. What is random follows from a seed: keys, salts, ids, and the order of hash maps. So
//! code that is built as for the machine is simulated as it stands: its timers, its timeouts and its
//! deadlines are those of the product, only that nobody waits for them.
//!
//! Other threads are not simulated. One that the virtual thread waits for with a lock or a channel does
//! its work while virtual time stands.
//!
//! Linux alone, on which nodes run.

use std::cell::Cell;
use std::ptr;

use libc::{c_int, c_long, c_uint, c_void, clockid_t, epoll_event, size_t, ssize_t, timespec};

thread_local! {
    /// Nanoseconds since the thread began, of its own time; `None` on every other thread.
    static NOW: Cell<Option<i64>> = const { Cell::new(None) };
    /// What the calendar said when it began, in nanoseconds since 1970.
    static BEGAN: Cell<i64> = const { Cell::new(0) };
    /// The state of the generator of what is random.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// What the monotonic clock of a virtual thread begins with: no instant lies before the machine's start.
const SINCE_BOOT_NS: i64 = 1_000_000 * SECOND_NS;
const SECOND_NS: i64 = 1_000_000_000;
const MILLI_NS: i64 = 1_000_000;
/// Bytes of the kernel's set of signals.
const SIGNALS: c_long = 8;

/// Runs `work` on a thread of its own whose randomness follows from `seed`, and whose calendar begins
/// with `began_ms`, in milliseconds since 1970.
///
/// # Panics
/// As `work` does.
pub fn on_a_virtual_thread<T: Send + 'static>(
    seed: u64,
    began_ms: i64,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(move || {
        STATE.set(seed);
        BEGAN.set(began_ms.saturating_mul(MILLI_NS));
        NOW.set(Some(0));
        let done = work();
        NOW.set(None);
        done
    });
    match thread.expect("a thread").join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The time of this thread, if it is virtual. A thread that ends has none any more.
fn now() -> Option<i64> {
    NOW.try_with(Cell::get).ok().flatten()
}

/// The next 64 bits: the generator SplitMix64.
fn random() -> u64 {
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What a clock says.
///
/// # Safety
/// As the C library's: `to` is null or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, to: *mut timespec) -> c_int {
    let Some(now) = now() else {
        // SAFETY: the caller's pointer is passed on as it came.
        return unsafe { libc::syscall(libc::SYS_clock_gettime, c_long::from(clock), to) } as c_int;
    };
    let calendar = [libc::CLOCK_REALTIME, libc::CLOCK_REALTIME_COARSE].contains(&clock);
    let at = now + if calendar { BEGAN.get() } else { SINCE_BOOT_NS };
    // SAFETY: the caller says that it may be written to, or that it is null.
    if let Some(to) = unsafe { to.as_mut() } {
        to.tv_sec = at.div_euclid(SECOND_NS);
        to.tv_nsec = at.rem_euclid(SECOND_NS);
    }
    0
}

/// Bytes that nobody foresees.
///
/// # Safety
/// As the C library's: `length` bytes from `to` on may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(to: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    if now().is_none() {
        // SAFETY: the caller's pointer is passed on as it came.
        let filled = unsafe { libc::syscall(libc::SYS_getrandom, to, length, flags) };
        return filled as ssize_t;
    }
    for at in 0..length {
        // SAFETY: the caller says that so many bytes may be written to.
        unsafe { ptr::write(to.cast::<u8>().add(at), random() as u8) };
    }
    length as ssize_t
}

/// Waits for events. A virtual thread for which none is there does not wait: its time jumps.
///
/// # Safety
/// As the C library's: `most` events from `events` on may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn epoll_wait(
    epoll: c_int,
    events: *mut epoll_event,
    most: c_int,
    timeout_ms: c_int,
) -> c_int {
    let wait = |timeout_ms: c_int| {
        let no_signals = ptr::null::<c_void>();
        let (epoll, most, timeout) =
            (c_long::from(epoll), c_long::from(most), c_long::from(timeout_ms));
        let call = libc::SYS_epoll_pwait;
        // SAFETY: the caller's pointer is passed on as it came.
        let came =
            unsafe { libc::syscall(call, epoll, events, most, timeout, no_signals, SIGNALS) };
        came as c_int
    };
    let Some(now) = now().filter(|_| timeout_ms > 0) else { return wait(timeout_ms) };
    let came = wait(0);
    if came == 0 {
        NOW.set(Some(now.saturating_add(i64::from(timeout_ms).saturating_mul(MILLI_NS))));
    }
    came
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::RandomState;
    use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

    use super::*;

    const BEGAN_MS: i64 = 1_772_000_000_000;

    fn wait(millis: c_int) {
        // SAFETY: a descriptor of the kernel's, and room for one event.
        unsafe {
            let epoll = libc::epoll_create1(0);
            let mut event = epoll_event { events: 0, u64: 0 };
            assert_eq!(epoll_wait(epoll, &raw mut event, 1, millis), 0);
            libc::close(epoll);
        }
    }

    #[test]
    fn a_virtual_day_passes_at_once_on_every_clock() {
        let really = Instant::now();
        let (passed, calendar) = on_a_virtual_thread(1, BEGAN_MS, || {
            let before = Instant::now();
            assert_eq!(before.elapsed(), Duration::ZERO);
            wait(86_400_000);
            #[expect(clippy::disallowed_methods, reason = "it is this clock that is stood in for")]
            (before.elapsed(), SystemTime::now().duration_since(UNIX_EPOCH).expect("a time"))
        });
        assert_eq!(passed, Duration::from_secs(86_400));
        let end_ms = u64::try_from(BEGAN_MS).expect("after 1970") + 86_400_000;
        assert_eq!(calendar, Duration::from_millis(end_ms));
        assert!(really.elapsed() < Duration::from_secs(3_600));
    }

    #[test]
    fn what_is_random_follows_from_the_seed_on_a_virtual_thread_alone() {
        let order = |seed| {
            on_a_virtual_thread(seed, BEGAN_MS, || {
                let set: HashSet<u32, RandomState> = (0..100).collect();
                set.into_iter().collect::<Vec<_>>()
            })
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let ordinary = || {
            let mut bytes = [0u8; 16];
            // SAFETY: so many bytes may be written to.
            let filled = unsafe { getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
            assert_eq!(filled, 16);
            bytes
        };
        assert_ne!(ordinary(), ordinary());
    }
}
