//! `cargo bench -p tests` (or `devstack/bench.sh`): one table, each figure beside a limit measured
//! in the same run. Aims are shown, never asserted: machines differ.
//!
//! Arguments name sections (`api`, `boot`, `call`, `transfer`, `sim`, `scale`, `bays`, `lists`); none = all.
//! The program under test is `jeroboam` of the same build; what an environment variable does not offer
//! (`JEROBOAM_TEST_DOCKER`, `JEROBOAM_TEST_AMQP`) is left out, and said so.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench ends where it stands, and prints"
)]

mod api;
mod bays;
mod boot;
mod call;
mod client;
mod cloud;
mod engine;
mod limit;
mod lists;
mod load;
mod rows;
mod scale;
mod sim;
mod stopwatch;
mod table;
mod transfer;

use mimalloc::MiMalloc;
use table::Table;

/// As the program has it: some sections run its parts in this process.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A name for the command line, and what it measures.
type Section = (&'static str, fn(&mut Table));

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    // This program is also what it measures with, in processes of their own.
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["static-server", address] => return limit::serve(address.parse().expect("an address")),
        ["load", address, connections, ending] => {
            return load::report(address, connections, ending);
        }
        _ => {}
    }
    let wanted = |section: &str| words.is_empty() || words.iter().any(|word| word == section);
    let mut table = Table::default();
    let sections: [Section; 8] = [
        ("api", api::measure),
        ("sim", sim::measure),
        ("scale", scale::measure),
        ("transfer", transfer::measure),
        ("call", call::measure),
        ("boot", boot::measure),
        ("lists", lists::measure),
        ("bays", bays::measure),
    ];
    for (name, measure) in sections {
        if wanted(name) {
            eprintln!("measuring {name} …");
            measure(&mut table);
        }
    }
    println!("{table}");
}
