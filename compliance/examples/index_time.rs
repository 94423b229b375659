//! Measures how long the screening index takes to build: `cargo run --release -p usance-compliance --example index_time`.

use std::time::Instant;

use usance_compliance::ScreeningIndex;

fn main() -> Result<(), usance_compliance::ScreeningError> {
    let (names, wallets) = (include_str!("../data/names.tsv"), include_str!("../data/wallets.tsv"));
    for _ in 0..5 {
        let start = Instant::now();
        let index = ScreeningIndex::load(names, wallets)?;
        println!("{:?} in {:?}", index, start.elapsed());
    }
    let index = ScreeningIndex::built_in()?;
    let start = Instant::now();
    for _ in 0..100_000 {
        std::hint::black_box(index.screen(std::hint::black_box("Maria Alice Nathan Leão"), None));
    }
    println!("100,000 names screened in {:?}", start.elapsed());
    Ok(())
}
