//! Coordinate search over the weights, on the tuned half of the pairs, on the second seed and on half of the file.

use usance_screening::{Index, Weights};

use crate::{
    data,
    measure::{self, Corpus},
    perturb::Random,
};

type Field = (&'static str, fn(&mut Weights) -> &mut f32);

const FIELDS: [Field; 29] = [
    ("person.conflict", |w| &mut w.person.conflict),
    ("person.query", |w| &mut w.person.query),
    ("person.listed", |w| &mut w.person.listed),
    ("body.conflict", |w| &mut w.body.conflict),
    ("body.query", |w| &mut w.body.query),
    ("body.listed", |w| &mut w.body.listed),
    ("common", |w| &mut w.common),
    ("particle", |w| &mut w.particle),
    ("title", |w| &mut w.title),
    ("legal", |w| &mut w.legal),
    ("trade", |w| &mut w.trade),
    ("stop", |w| &mut w.stop),
    ("number", |w| &mut w.number),
    ("initial", |w| &mut w.initial),
    ("family", |w| &mut w.family),
    ("slope", |w| &mut w.slope),
    ("knee", |w| &mut w.knee),
    ("steep", |w| &mut w.steep),
    ("nick", |w| &mut w.nick),
    ("letter", |w| &mut w.letter),
    ("class", |w| &mut w.class),
    ("join", |w| &mut w.join),
    ("order", |w| &mut w.order),
    ("swap", |w| &mut w.swap),
    ("thin", |w| &mut w.thin),
    ("enough", |w| &mut w.enough),
    ("unlike", |w| &mut w.unlike),
    ("known", |w| &mut w.known),
    ("lossy", |w| &mut w.lossy),
];

/// Higher is better.
fn worth(corpus: &Corpus, weights: &Weights) -> (f64, String) {
    let index = Index::build_with(&corpus.entities, *weights);
    let tops = measure::tops(&index, &corpus.mixed[..3_000]);
    let second: Vec<_> = corpus.second.iter().step_by(2).cloned().collect();
    let hits = measure::hits(&index, &second);
    let mut recall = 0.0;
    for (part, share) in [(0.001, 0.2), (0.002, 0.5), (0.0045, 0.3)] {
        let (mean, worst) = measure::macro_recall(&second, &hits, measure::threshold(&tops, part));
        recall += share * (mean + 0.1 * worst.min(0.9));
    }
    let scores = measure::scored(corpus, weights);
    let of = |person: Option<bool>| -> Vec<(f32, bool)> {
        let all = corpus.pairs.iter().zip(&scores).filter(|(p, _)| !p.held_out);
        all.filter(|(p, _)| person.is_none_or(|w| w == (p.kind == usance_screening::EntityKind::Person)))
            .map(|(p, s)| (*s, p.same))
            .collect()
    };
    let (f1, _, auc) = measure::curve(&of(None));
    let (_, _, people) = measure::curve(&of(Some(true)));
    let (_, _, others) = measure::curve(&of(Some(false)));
    let value = 12.0 * recall + f1 + 1.5 * auc + 0.5 * people + 0.5 * others;
    (
        value,
        format!("recall {recall:.4} F1 {f1:.4} AUC {auc:.4} people {people:.4} others {others:.4}"),
    )
}

pub fn run(corpus: &Corpus, rounds: usize) {
    let mut random = Random(data::hash(&std::env::var("SEED").unwrap_or_default()));
    let mut weights = Weights::default();
    let (mut best, mut text) = worth(corpus, &weights);
    println!("start {best:.5} {text}");
    for round in 0..rounds {
        let mut next = weights;
        for _ in 0..=random.below(2) {
            let (_, field) = FIELDS[random.below(FIELDS.len())];
            let value = field(&mut next);
            let step = (random.below(2_001) as f32 / 1_000.0 - 1.0) * 0.35;
            *value = (*value * (1.0 + step)).clamp(0.0, 6.0);
        }
        next.join = next.join.min(0.999);
        next.letter = next.letter.min(0.95);
        next.class = next.class.min(0.97);
        next.nick = next.nick.min(0.95);
        let (value, said) = worth(corpus, &next);
        if value > best {
            (best, text, weights) = (value, said, next);
            println!("{round} {best:.5} {text}");
            println!("  {weights:?}");
        }
    }
    println!("end {best:.5} {text}\n{weights:#?}");
}
