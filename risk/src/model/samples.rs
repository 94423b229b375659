//! Small models for tests.
#![expect(clippy::float_arithmetic, reason = "made-up models")]

use std::collections::BTreeMap;

use super::{
    Calibration, Draft, Drift, Feature, FeatureDrift, Input, Kind, Manifest, MissingRule, Monotone, Numbers, Scale,
    ScoreDrift, Slot, Status, Tree, Trees,
};

pub fn feature(name: &str, group: &str) -> Feature {
    Feature {
        name: name.to_owned(),
        title: format!("The {name}"),
        unit: "points".to_owned(),
        column: name.to_owned(),
        category: None,
        codes: BTreeMap::new(),
        missing: vec![String::new(), "NA".to_owned()],
        special: vec![],
        min: 0.0,
        max: 10.0,
        monotone: None,
        group: group.to_owned(),
        reference: Some(2.5),
        source: None,
    }
}

fn draft(kind: Kind, features: Vec<Feature>, numbers: Numbers) -> Draft {
    let scoring = kind != Kind::Isolation;
    let groups = features.iter().map(|feature| feature.group.clone());
    let spread = |feature: &Feature| {
        let drift = FeatureDrift {
            edges: vec![1.0, 3.0],
            shares: vec![0.25, 0.25, 0.5],
            missing: 0.1,
        };
        (feature.name.clone(), drift)
    };
    Draft {
        reasons: groups
            .map(|group| (group.clone(), format!("Text of {group}")))
            .collect(),
        card: "# A small model\n".to_owned(),
        numbers,
        manifest: Manifest {
            format: 1,
            name: "small".to_owned(),
            version: "1.0.0".to_owned(),
            kind,
            status: Status::Expert,
            purpose: "Tests.".to_owned(),
            expires: chrono::NaiveDate::from_ymd_opt(2027, 11, 21).unwrap(),
            input: Input {
                delimiter: ",".to_owned(),
                header: true,
                columns: features.iter().map(|feature| feature.column.clone()).collect(),
            },
            drift: Some(Drift {
                score: ScoreDrift {
                    edges: vec![560.0, 600.0],
                    shares: vec![0.2, 0.3, 0.5],
                },
                features: features.iter().map(spread).collect(),
            }),
            features,
            calibration: scoring.then_some(Calibration {
                slope: 1.0,
                intercept: -3.0,
            }),
            scale: scoring.then_some(Scale {
                base_score: 600,
                base_odds: 50.0,
                pdo: 20.0,
                min_score: 300,
                max_score: 850,
            }),
            cut_off: scoring.then_some(580),
            training: None,
            metrics: BTreeMap::new(),
            iterations: 1,
        },
    }
}

/// Two features, both with signs.
pub fn additive() -> Draft {
    let mut late = feature("LATE", "HISTORY");
    late.monotone = Some(Monotone::Up);
    let mut income = feature("INCOME", "CAPACITY");
    income.monotone = Some(Monotone::Down);
    let numbers = Numbers::Additive {
        thresholds: vec![vec![0.0, 2.0], vec![1.5]],
        intercept: -0.25,
        tables: vec![vec![-0.5, 0.25, 1.5, 0.75], vec![0.5, -0.5, 0.125]],
    };
    draft(Kind::Additive, vec![late, income], numbers)
}

fn trees(slots: Vec<Slot>, trees: Vec<Tree>) -> Trees {
    Trees {
        slots,
        start: 0.0,
        trees,
    }
}

/// Three features in two groups, ten trees of depths 0 to 2.
pub fn forest() -> Draft {
    let mut late = feature("LATE", "HISTORY");
    late.monotone = Some(Monotone::Up);
    let features = vec![late, feature("INCOME", "CAPACITY"), feature("AGE", "HISTORY")];
    let slot = |feature, missing| Slot { feature, missing };
    let slots = vec![
        slot(0, MissingRule::Right),
        slot(1, MissingRule::Left),
        slot(2, MissingRule::Zero),
        slot(0, MissingRule::Zero),
    ];
    let shapes = [
        (0, vec![], vec![0.1]),
        (1, vec![[0, 1]], vec![-0.3, 0.4]),
        (2, vec![[1, 0], [0, 0], [2, 1]], vec![0.1, 0.7, -0.9, 0.2]),
        (2, vec![[3, 1], [1, 0], [0, 255]], vec![-0.2, -0.1, 0.3, 0.3]),
    ];
    let shape = |number: usize| {
        let (depth, nodes, leaves) = shapes[number % shapes.len()].clone();
        Tree { depth, nodes, leaves }
    };
    let numbers = Numbers::Forest {
        thresholds: vec![vec![0.0, 2.0], vec![1.5], vec![-1.0, 4.0]],
        trees: trees(slots, (0..10).map(shape).collect()),
    };
    draft(Kind::Forest, features, numbers)
}

/// Two features, two trees.
pub fn isolation() -> Draft {
    let slots = vec![Slot {
        feature: 1,
        missing: MissingRule::Zero,
    }];
    let tree = Tree {
        depth: 1,
        nodes: vec![[0, 0]],
        leaves: vec![1.0, 4.5],
    };
    let numbers = Numbers::Isolation {
        thresholds: vec![vec![], vec![3.0]],
        trees: trees(slots, vec![tree.clone(), tree]),
        constant: 5.5,
    };
    let features = vec![feature("A", "PATTERN"), feature("B", "PATTERN")];
    draft(Kind::Isolation, features, numbers)
}

/// A fixed sequence of numbers (splitmix).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below a length.
    pub fn below(&mut self, length: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(length).unwrap()).unwrap()
    }

    pub fn byte(&mut self, below: usize) -> u8 {
        u8::try_from(self.below(below)).unwrap()
    }

    /// A multiple of an eighth, within 8.
    pub fn value(&mut self) -> f64 {
        let eighths = i16::try_from(self.below(129)).unwrap() - 64;
        f64::from(eighths) * 0.125
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const RULES: [MissingRule; 3] = [MissingRule::Zero, MissingRule::Left, MissingRule::Right];

/// Up to 12 features in up to 8 groups, up to 20 trees of up to `deepest` levels; no signs.
pub fn random_forest(random: &mut Random, deepest: usize) -> Draft {
    let count = 1 + random.below(12);
    let groups = 1 + random.below(8);
    let mut features: Vec<Feature> = (0..count)
        .map(|number| feature(&format!("F{number}"), &format!("GROUP_{}", number % groups)))
        .collect();
    for feature in &mut features {
        feature.reference = (random.below(4) > 0).then(|| random.value());
    }
    let mut thresholds = Vec::new();
    for _ in 0..count {
        let mut own: Vec<f64> = (0..=random.below(9)).map(|_| random.value()).collect();
        own.sort_by(f64::total_cmp);
        own.dedup();
        thresholds.push(own);
    }
    let slots: Vec<Slot> = (0..=random.below(30))
        .map(|_| Slot {
            feature: u16::from(random.byte(count)),
            missing: random.pick(&RULES),
        })
        .collect();
    let made = (0..=random.below(20)).map(|_| random_tree(random, &slots, &thresholds, deepest));
    let made = made.collect();
    let numbers = Numbers::Forest {
        trees: trees(slots, made),
        thresholds,
    };
    draft(Kind::Forest, features, numbers)
}

fn random_tree(random: &mut Random, slots: &[Slot], thresholds: &[Vec<f64>], deepest: usize) -> Tree {
    let depth = random.byte(deepest + 1);
    let mut node = || {
        let slot = random.byte(slots.len());
        let bins = thresholds[usize::from(slots[usize::from(slot)].feature)].len();
        [slot, random.byte(bins)]
    };
    let nodes = (1..1_usize << depth).map(|_| node()).collect();
    let leaves = (0..1_usize << depth).map(|_| random.value() / 7.0).collect();
    Tree { depth, nodes, leaves }
}

/// Values on, beside and far from the thresholds, missing ones and infinities.
pub fn random_row(random: &mut Random, features: usize) -> Vec<f64> {
    let strange = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        0.0,
        f64::MAX,
        f64::MIN_POSITIVE,
    ];
    let mut value = || match random.below(8) {
        0 => random.pick(&strange),
        1 => random.value().next_up(),
        2 => random.value().next_down(),
        _ => random.value(),
    };
    (0..features).map(|_| value()).collect()
}
