//! Prints the figures of `docs/benchmarks.md`, measured now on this machine, with the target beside each.
//!
//! A figure is the median of its rounds; the rounds of all figures are interleaved, so that a busy minute of the machine
//! touches all of them alike. Every loop is bounded. A missed target is printed, it is not an error.

use std::path::PathBuf;

use clap::Parser;

mod access_decide;
mod audit;
mod fanout;
mod figure;
mod gas;
mod list;
mod load;
mod machine;
mod normalise;
mod numbers;
mod report;
mod risk;
mod risk_decide;
mod sample;
mod stage;
mod streaming;

use figure::{Figure, Samples};

/// The same allocator as the `usance` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures and prints.
#[derive(Parser, Debug)]
#[command(name = "usance-bench")]
struct Options {
    /// Only figures whose name starts with this; may be given several times.
    #[arg(long)]
    only: Vec<String>,
    /// Rounds of each figure, 1 to 99.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// PostgreSQL 15 or newer; rows are added to it.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Gas figures of the contracts.
    #[arg(long, default_value = "contracts/gas-report.json")]
    gas_report: PathBuf,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let machine = machine::Machine::look();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let results = runtime.block_on(measure(&options))?;
    let mut lines = report::lines(&results);
    if options.wants("gas") {
        lines.extend(gas::lines(&options.gas_report)?);
    }
    if options.json {
        println!("{}", report::json(&machine, options.rounds, &lines)?);
    } else {
        print!("{}", report::text(&machine, options.rounds, &lines));
    }
    Ok(())
}

/// Runs every wanted figure once a round.
async fn measure(options: &Options) -> anyhow::Result<Vec<(Box<dyn Figure>, Vec<Samples>)>> {
    let mut figures = figures(options).await?;
    // Warms code, caches and connections, and is not counted.
    for (figure, _) in &mut figures {
        figure.round().await?;
    }
    for round in 1..=options.rounds {
        for (figure, samples) in &mut figures {
            eprintln!("round {round} of {}: {}", options.rounds, figure.name());
            samples.push(figure.round().await?);
        }
    }
    Ok(figures)
}

fn risk_figures(options: &Options) -> anyhow::Result<Vec<Box<dyn Figure>>> {
    let mut figures: Vec<Box<dyn Figure>> = Vec::new();
    for (name, full) in [("risk_forest", false), ("risk_forest_300x6", true)] {
        if options.wants(name) {
            figures.push(Box::new(risk::Forest::new(name, full)?));
        }
    }
    for (name, full) in [("risk_explain", false), ("risk_explain_300x6", true)] {
        if options.wants(name) {
            figures.push(Box::new(risk::Explain::new(name, full)?));
        }
    }
    for case in risk_decide::Case::ALL {
        if options.wants(case.name()) {
            figures.push(Box::new(risk_decide::Decide::new(case)?));
        }
    }
    Ok(figures)
}

async fn figures(options: &Options) -> anyhow::Result<Vec<(Box<dyn Figure>, Vec<Samples>)>> {
    let mut figures: Vec<Box<dyn Figure>> = Vec::new();
    if options.wants("apr_us_360") {
        figures.push(Box::new(numbers::Apr::new()?));
    }
    for (name, payments) in [("quote_whole_24", 24), ("quote_whole_60", 60)] {
        if options.wants(name) {
            figures.push(Box::new(numbers::WholeQuote::new(name, payments)?));
        }
    }
    if options.wants("access_decide") {
        figures.push(Box::new(access_decide::Decide::new()?));
    }
    if options.wants("normalise_fis12") {
        figures.push(Box::new(normalise::Normalise::new()?));
    }
    figures.extend(risk_figures(options)?);
    let stored = [
        "quote_request",
        "hung_lender",
        "first_streamed",
        "fan_out_100",
        "graphql_list",
        "audit_append",
        "audit_proof",
    ];
    if !stored.iter().any(|name| options.wants(name)) {
        return Ok(figures.into_iter().map(|figure| (figure, Vec::new())).collect());
    }
    let url = options.database_url.as_deref().ok_or_else(|| {
        anyhow::anyhow!(
            "DATABASE_URL is missing: run scripts/bench.sh, or choose --only apr_us_360, quote_whole, normalise, risk or gas"
        )
    })?;
    let world = stage::world(url).await?;
    let server = machine::Postgres::of(url);
    for (name, concurrency, requests) in load::SIZES {
        if options.wants(name) {
            figures.push(Box::new(load::Requests::new(
                name,
                concurrency,
                requests,
                (&world, server.clone()),
            )?));
        }
    }
    if options.wants("hung_lender") {
        figures.push(Box::new(load::HungLender::new(&world)?));
    }
    if options.wants("first_streamed") {
        figures.push(Box::new(streaming::FirstQuote::new(&world)?));
    }
    if options.wants("fan_out_100") {
        figures.push(Box::new(fanout::FanOut::new(&world)?));
    }
    if options.wants("audit_append") {
        figures.push(Box::new(audit::Append::new(world.clone())));
    }
    if options.wants("audit_proof") {
        figures.push(Box::new(audit::Proof::new(world.clone())));
    }
    for (name, cached) in [("graphql_list", true), ("graphql_list_uncached", false)] {
        if options.wants(name) {
            figures.push(Box::new(list::QuoteList::new(name, cached, &world).await?));
        }
    }
    Ok(figures.into_iter().map(|figure| (figure, Vec::new())).collect())
}
