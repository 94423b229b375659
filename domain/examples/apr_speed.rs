//! Prints how long the annual percentage rate of a 360-payment loan takes: `cargo run --release --example apr_speed`.

use std::hint::black_box;
use std::time::Instant;

use usance_domain::calendar::{Date, Period, Unit};
use usance_domain::cashflow::{Convention, DatedFlows, verified};

const BATCH: u32 = 50;
/// The fastest batch counts: the others shared the processor.
const BATCHES: u32 = 400;

fn main() {
    let start = Date::from_ymd_opt(2024, 1, 31).expect("a date");
    let due = |month| Period::new(1, Unit::Month).after(start, month).expect("a date");
    let equal = DatedFlows {
        advances: vec![(start, 30_000_000)],
        payments: std::iter::once((start, 450_000))
            .chain((1..=360).map(|month| (due(month), 179_865)))
            .collect(),
    };
    let mut uneven = equal.clone();
    for (amount, extra) in uneven.payments.iter_mut().zip(0..) {
        amount.1 += extra % 7;
    }
    for (name, flows) in [("equal", &equal), ("uneven", &uneven)] {
        for convention in [Convention::UsNominal, Convention::EuEffective, Convention::IndiaNominal] {
            let rate = verified(flows, convention).expect("a rate").percent();
            let batch = || {
                let begin = Instant::now();
                for _ in 0..BATCH {
                    let _ = black_box(verified(black_box(flows), convention));
                }
                begin.elapsed() / BATCH
            };
            let fastest = (0..BATCHES).map(|_| batch()).min().unwrap_or_default();
            println!("360 {name} payments, {convention:?}: {rate} %, {fastest:?} each");
        }
    }
}
