//! What grows with the number of peers, on one machine: `cargo bench -p tests --bench scale`, after
//! `cargo build --release -p node`. `SCALE.md` beside this folder says what the figures mean.
//!
//! One requester asks hundreds of owners, each a whole node with a home of its own, all in this
//! process and on its cores; memory is that of a node that runs as a program. What is drawn is drawn
//! from a seed. Nothing is asserted about time.
//!
//! `ACCORD_PEERS`, `ACCORD_ENTRIES`, `ACCORD_CHANGES` and `ACCORD_SEED` change 300 peers, a million
//! entries, 5,000 changes of the registry and the seed 1; the words `fanout`, `idle` and `restart` after `--` choose parts.

mod fanout;
mod idle;
mod restart;

/// A number out of the environment.
fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Megabytes of a home's database, of what its write-ahead log will add too.
fn database_mb(home: &std::path::Path) -> f64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = rusqlite::Connection::open_with_flags(home.join("accord.db"), flags);
    let database = database.expect("a database");
    let pragma = |name: &str| -> f64 {
        database.pragma_query_value(None, name, |row| row.get(0)).expect("a number")
    };
    pragma("page_count") * pragma("page_size") / 1e6
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` and listing runs pass flags of their own: measure only when asked to.
    if !args.iter().any(|arg| arg == "--bench") {
        println!("run with `cargo bench -p tests --bench scale [-- fanout|idle|restart]`");
        return;
    }
    let parts: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let chosen = |part: &str| parts.is_empty() || parts.iter().any(|given| *given == part);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!(
        "{} cores for everything",
        std::thread::available_parallelism().map_or(0, usize::from)
    );
    runtime.block_on(async {
        if chosen("idle") {
            idle::run(number("ACCORD_PEERS", 300)).await;
        }
        if chosen("restart") {
            restart::run(number("ACCORD_ENTRIES", 1_000_000), number("ACCORD_CHANGES", 5_000))
                .await;
        }
        if chosen("fanout") {
            fanout::run(number("ACCORD_PEERS", 300), number("ACCORD_SEED", 1) as u64).await;
        }
    });
}
