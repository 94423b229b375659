//! The measurements.

use std::{collections::HashSet, path::Path, time::Instant};

use usance_screening::{Entity, EntityKind, Index, Scratch, SearchOptions, Subject, Weights, pairs as pair};

use crate::{
    data::{self, Pair, Positive},
    perturb::{self, CLASSES},
};

/// All that is measured on.
pub struct Corpus {
    pub entities: Vec<Entity>,
    pub positives: Vec<Positive>,
    pub second: Vec<Positive>,
    pub negatives: Vec<String>,
    pub mixed: Vec<String>,
    pub companies: Vec<String>,
    pub pairs: Vec<Pair>,
}

impl Corpus {
    pub fn read(folder: &Path, entities: Vec<Entity>) -> Self {
        let path = folder.join("ofac_perturbed.csv");
        let positives = data::positives(&path);
        let used: HashSet<String> = data::rows(&path)
            .into_iter()
            .filter_map(|r| r.get(4).cloned())
            .collect();
        Self {
            second: perturb::generate(&entities, 4242, 140, &used),
            positives,
            negatives: data::negatives(folder),
            mixed: data::mixed(folder, 8_000),
            companies: companies(),
            pairs: data::pairs(&folder.join("name_pairs.csv")),
            entities,
        }
    }
}

const BRANDS: [&str; 40] = [
    "Northgate",
    "Silverline",
    "Bluebird",
    "Harbor",
    "Summit",
    "Evergreen",
    "Lakeside",
    "Redwood",
    "Granite",
    "Sunrise",
    "Pacific",
    "Atlantic",
    "Orion",
    "Vertex",
    "Pinnacle",
    "Cedar",
    "Falcon",
    "Meridian",
    "Crestview",
    "Ironwood",
    "Oakridge",
    "Willow",
    "Maple",
    "Stonebridge",
    "Clearwater",
    "Brightway",
    "Highland",
    "Riverside",
    "Golden Gate",
    "Alder",
    "Kestrel",
    "Juniper",
    "Nimbus",
    "Copperfield",
    "Larkspur",
    "Tidewater",
    "Bayside",
    "Quantum",
    "Zephyr",
    "Solstice",
];
const TRADES: [&str; 20] = [
    "Trading",
    "Logistics",
    "Consulting",
    "Holdings",
    "Capital Partners",
    "Construction",
    "Foods",
    "Textiles",
    "Software",
    "Medical Supply",
    "Real Estate",
    "Energy",
    "Shipping",
    "Investment",
    "Technologies",
    "Motors",
    "Pharmacy",
    "Import Export",
    "Travel Agency",
    "Steel",
];
const FORMS: [&str; 8] = ["LLC", "Inc.", "Ltd", "GmbH", "S.A.", "Co., Ltd.", "B.V.", "S.A.S."];

/// Names of companies that do not exist.
fn companies() -> Vec<String> {
    let mut random = perturb::Random(5);
    (0..2_000)
        .map(|_| {
            let (a, b) = (BRANDS[random.below(BRANDS.len())], BRANDS[random.below(BRANDS.len())]);
            let (t, f) = (TRADES[random.below(TRADES.len())], FORMS[random.below(FORMS.len())]);
            if random.below(2) == 0 {
                format!("{a} {t} {f}")
            } else {
                format!("{a} {b} {t} {f}")
            }
        })
        .collect()
}

/// Scores of the best hits, highest first.
pub fn tops(index: &Index, names: &[String]) -> Vec<(f32, usize)> {
    let mut scratch = Scratch::default();
    let options = SearchOptions { limit: 1, floor: 0.0 };
    let mut out: Vec<(f32, usize)> = names
        .iter()
        .enumerate()
        .map(|(i, n)| {
            (
                index
                    .search(&Subject::named(n), &options, &mut scratch)
                    .first()
                    .map_or(0.0, |m| m.score),
                i,
            )
        })
        .collect();
    out.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    out
}

/// The score that this part of the names reaches or passes.
pub fn threshold(tops: &[(f32, usize)], part: f64) -> f32 {
    let n = ((tops.len() as f64 * part).floor() as usize).max(1);
    tops[n - 1].0
}

/// Score of the expected entity when it is among the best five.
pub fn hits(index: &Index, positives: &[Positive]) -> Vec<f32> {
    let mut scratch = Scratch::default();
    let options = SearchOptions::default();
    positives
        .iter()
        .map(|p| {
            let found = index.search(&Subject::named(&p.query), &options, &mut scratch);
            found.iter().find(|m| m.id == p.id).map_or(-1.0, |m| m.score)
        })
        .collect()
}

/// Mean of the recall of the classes.
pub fn macro_recall(positives: &[Positive], hits: &[f32], threshold: f32) -> (f64, f64) {
    let recalls: Vec<f64> = CLASSES
        .iter()
        .map(|class| recall(positives, hits, threshold, |p| p.class == *class))
        .collect();
    let worst = recalls.iter().copied().fold(1.0, f64::min);
    (recalls.iter().sum::<f64>() / recalls.len() as f64, worst)
}

fn recall(positives: &[Positive], hits: &[f32], threshold: f32, which: impl Fn(&Positive) -> bool) -> f64 {
    let of: Vec<f32> = positives
        .iter()
        .zip(hits)
        .filter(|(p, _)| which(p))
        .map(|(_, h)| *h)
        .collect();
    of.iter().filter(|h| **h >= threshold).count() as f64 / of.len().max(1) as f64
}

/// Prints recall and speed.
pub fn report(corpus: &Corpus, index: &Index, misses: bool) {
    let negatives = tops(index, &corpus.negatives);
    let mixed = tops(index, &corpus.mixed);
    let companies = tops(index, &corpus.companies);
    println!(
        "negatives (file):  top {:?}",
        negatives.iter().take(8).map(|n| n.0).collect::<Vec<_>>()
    );
    println!(
        "negatives (mixed): top {:?}",
        mixed.iter().step_by(4).take(8).map(|n| n.0).collect::<Vec<_>>()
    );
    if misses {
        print_tops(index, &corpus.negatives, &negatives, 16);
        print_tops(index, &corpus.mixed, &mixed, 24);
        print_tops(index, &corpus.companies, &companies, 12);
    }
    for (label, positives) in [("file", &corpus.positives), ("second seed", &corpus.second)] {
        let hits = hits(index, positives);
        for (of, tops) in [("file", &negatives), ("mixed", &mixed)] {
            for part in [0.002, 0.0045, 0.01] {
                let t = threshold(tops, part);
                let (mean, worst) = macro_recall(positives, &hits, t);
                let people = recall(positives, &hits, t, |p| p.person);
                let others = recall(positives, &hits, t, |p| !p.person);
                let alerts = companies.iter().filter(|c| c.0 >= t).count();
                println!(
                    "{label}: {:.2}% of negatives {of}: t {t:.4} macro {mean:.4} worst {worst:.3} people {people:.3} others {others:.3}; company alerts {alerts}/{}",
                    part * 100.0,
                    companies.len()
                );
            }
        }
        let t = threshold(&negatives, 0.002);
        let top5 = recall(positives, &hits, 0.0, |_| true);
        println!("{label}: in top five {top5:.4}");
        for class in CLASSES {
            print!("  {class} {:.3}", recall(positives, &hits, t, |p| p.class == class));
        }
        println!();
        if misses {
            print_misses(index, positives, &hits, t);
        }
    }
    speed(corpus, index);
}

fn print_tops(index: &Index, names: &[String], tops: &[(f32, usize)], count: usize) {
    let mut scratch = Scratch::default();
    for (score, at) in tops.iter().take(count) {
        let found = index.search(&Subject::named(&names[*at]), &SearchOptions::default(), &mut scratch);
        println!("    NEG {score:.4} {} -> {}", names[*at], found[0].name);
    }
}

fn print_misses(index: &Index, positives: &[Positive], hits: &[f32], threshold: f32) {
    let mut scratch = Scratch::default();
    for (p, hit) in positives.iter().zip(hits).filter(|(_, h)| **h < threshold) {
        let found = index.search(&Subject::named(&p.query), &SearchOptions::default(), &mut scratch);
        let own = found.iter().find(|m| m.id == p.id).or(found.first());
        println!(
            "    MISS {} {hit:.4} {} -> {:?}",
            p.class,
            p.query,
            own.map(|m| (&m.name, m.score))
        );
        if let Some(own) = own {
            for piece in &own.explanation {
                println!(
                    "        {:?} {} | {} w {:.3} s {:.3}",
                    piece.how, piece.query, piece.listed, piece.weight, piece.similarity
                );
            }
        }
    }
}

/// Prints the hits of single names.
pub fn show(index: &Index, names: &[String]) {
    let mut scratch = Scratch::default();
    for name in names {
        println!("{name}");
        for m in index.search(&Subject::named(name), &SearchOptions::default(), &mut scratch) {
            println!("  {:.4} {} {}", m.score, m.id, m.name);
            for piece in &m.explanation {
                println!(
                    "      {:?} {} | {} w {:.3} s {:.3}",
                    piece.how, piece.query, piece.listed, piece.weight, piece.similarity
                );
            }
        }
    }
}

fn speed(corpus: &Corpus, index: &Index) {
    let queries: Vec<&String> = corpus
        .positives
        .iter()
        .map(|p| &p.query)
        .chain(&corpus.negatives)
        .collect();
    let mut scratch = Scratch::default();
    let options = SearchOptions::default();
    // Other work on the machine lengthens single answers, so each query counts by the fastest of its runs.
    let mut times = vec![std::time::Duration::MAX; queries.len()];
    for _ in 0..RUNS {
        let busy = cpu();
        for (query, time) in queries.iter().zip(&mut times) {
            let start = Instant::now();
            std::hint::black_box(index.search(&Subject::named(query), &options, &mut scratch));
            *time = start.elapsed().min(*time);
        }
        println!("{:.0} queries per CPU second", queries.len() as f64 / (cpu() - busy));
    }
    let total: f64 = times.iter().map(std::time::Duration::as_secs_f64).sum();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 1_000).min(times.len() - 1)];
    println!(
        "fastest of {RUNS} runs: {:.0} queries/s; p50 {:?} p95 {:?} p99 {:?} p99.9 {:?} max {:?}",
        queries.len() as f64 / total,
        at(500),
        at(950),
        at(990),
        at(999),
        at(1_000)
    );
}

/// Runs of the speed measurement.
const RUNS: usize = 5;

/// Seconds that this thread has run.
pub fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos: f64 = stat.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0.0);
    nanos / 1e9
}

/// Best F1 and its threshold, and the area under the curve.
pub fn curve(scored: &[(f32, bool)]) -> (f64, f32, f64) {
    let mut sorted = scored.to_vec();
    sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let positive = sorted.iter().filter(|s| s.1).count() as f64;
    let (mut best, mut at, mut hits) = (0.0, 0.0, 0.0);
    for (i, (score, same)) in sorted.iter().enumerate() {
        hits += f64::from(u8::from(*same));
        if sorted.get(i + 1).is_some_and(|n| n.0 >= *score) {
            continue;
        }
        let f1 = 2.0 * hits / ((i + 1) as f64 + positive);
        if f1 > best {
            best = f1;
            at = *score;
        }
    }
    let (mut wins, mut all) = (0.0, 0.0);
    for (a, _) in sorted.iter().filter(|s| s.1) {
        for (b, _) in sorted.iter().filter(|s| !s.1) {
            all += 1.0;
            wins += if a > b {
                1.0
            } else if a < b {
                0.0
            } else {
                0.5
            };
        }
    }
    (best, at, if all > 0.0 { wins / all } else { 0.0 })
}

/// Scores of the pairs.
pub fn scored(corpus: &Corpus, weights: &Weights) -> Vec<f32> {
    corpus
        .pairs
        .iter()
        .map(|p| pair::score_with(weights, p.kind, &p.a, &p.b))
        .collect()
}

/// Prints the curves of the pairs.
pub fn pairs(corpus: &Corpus, weights: &Weights, misses: bool) {
    let start = Instant::now();
    let scores = scored(corpus, weights);
    let each = start.elapsed() / u32::try_from(scores.len().max(1)).unwrap_or(1);
    let all: Vec<(&Pair, f32)> = corpus.pairs.iter().zip(scores).collect();
    let of = |which: &dyn Fn(&Pair) -> bool| -> Vec<(f32, bool)> {
        all.iter()
            .filter(|(p, _)| which(p))
            .map(|(p, s)| (*s, p.same))
            .collect()
    };
    let (_, t, _) = curve(&of(&|_| true));
    for (label, part) in [
        ("all", of(&|_| true)),
        ("tuned half", of(&|p| !p.held_out)),
        ("held-out half", of(&|p| p.held_out)),
        ("people", of(&|p| p.kind == EntityKind::Person)),
        ("others", of(&|p| p.kind != EntityKind::Person)),
    ] {
        let (f1, at, auc) = curve(&part);
        println!(
            "pairs {label} ({}): best F1 {f1:.4} at {at:.4}, AUC {auc:.4}",
            part.len()
        );
    }
    println!("pair: {each:?}");
    for (p, s) in &all {
        let wrong = (*s >= t) != p.same;
        if p.strong && wrong {
            println!("  STRONG wrong {s:.4} {} {} | {}", p.same, p.a, p.b);
        }
        if misses && wrong && !p.held_out {
            println!("    PAIR {s:.4} {} {} | {}", p.same, p.a, p.b);
        }
    }
}

/// Every listed name must find its own entity at rank one with score 1.
pub fn own_names(corpus: &Corpus, index: &Index) {
    let mut scratch = Scratch::default();
    let (mut all, mut lost, mut below) = (0, 0, 0);
    for entity in &corpus.entities {
        for name in &entity.names {
            all += 1;
            let options = SearchOptions { limit: 40, floor: 0.0 };
            let found = index.search(&Subject::named(&name.text), &options, &mut scratch);
            let best = found.first().map_or(0.0, |m| m.score);
            match found.iter().find(|m| m.id == entity.id) {
                Some(m) if m.score >= 1.0 => {}
                Some(m) if m.score >= best => below += 1,
                other => {
                    lost += 1;
                    println!("    NOT FIRST {} {:?}", name.text, other.map(|m| m.score));
                }
            }
        }
    }
    println!("own names: {all}, not at rank one {lost}, at rank one below 1.0 {below}");
}
