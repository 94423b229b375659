//! Measures the screening engine: accuracy on misspelt listed names, on names of people and companies that are not
//! listed, on labelled pairs; and speed.
//!
//! `cargo run --release -p usance-screening --example evaluate -- DATA_FOLDER [--misses] [--frequencies] [--tune N] [--query NAME ...]`
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "statistics of a measurement"
)]

mod data;
mod measure;
mod perturb;
mod tune;

use std::{path::PathBuf, time::Instant};

use measure::Corpus;
use usance_screening::{Index, Weights};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = args.iter().find(|a| !a.starts_with("--")).map(PathBuf::from) else {
        println!("usage: evaluate DATA_FOLDER [--misses] [--frequencies] [--tune N] [--query NAME ...]");
        return;
    };
    let flag = |name: &str| args.iter().any(|a| a == name);
    let entities = data::ofac(&folder.join("ofac-2023-12-28"));
    if flag("--frequencies") {
        for (word, count) in Index::build(&entities).frequencies().iter().filter(|(_, n)| *n >= 4) {
            println!("{word}\t{count}");
        }
        return;
    }
    let corpus = Corpus::read(&folder, entities);
    if let Some(at) = args.iter().position(|a| a == "--query") {
        measure::show(&Index::build(&corpus.entities), &args[at + 1..]);
        return;
    }
    if let Some(at) = args.iter().position(|a| a == "--tune") {
        let rounds = args.get(at + 1).and_then(|n| n.parse().ok()).unwrap_or(100);
        tune::run(&corpus, rounds);
        return;
    }
    let weights = Weights::default();
    for _ in 0..3 {
        let (start, busy) = (Instant::now(), measure::cpu());
        let index = Index::build(&corpus.entities);
        println!(
            "index of {} names built in {:?}, CPU {:.3} s",
            index.names(),
            start.elapsed(),
            measure::cpu() - busy
        );
    }
    let index = Index::build_with(&corpus.entities, weights);
    measure::report(&corpus, &index, flag("--misses"));
    measure::pairs(&corpus, &weights, flag("--misses"));
    measure::own_names(&corpus, &index);
}
