//! Prints how long the annual percentage rate of a 360-payment loan takes: `cargo run --release --example apr_speed`.

use std::hint::black_box;
use std::time::Instant;

use usance_domain::calendar::{Date, Period, Unit};
use usance_domain::cashflow::{Convention, DatedFlows, verified};

const ROUNDS: u32 = 20_000;

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
            let begin = Instant::now();
            for _ in 0..ROUNDS {
                let _ = black_box(verified(black_box(flows), convention));
            }
            println!(
                "360 {name} payments, {convention:?}: {rate} %, {:?} each",
                begin.elapsed() / ROUNDS
            );
        }
    }
}
