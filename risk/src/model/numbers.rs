//! `model.bin`: the numbers of the evaluator, read with every bound checked, and written.

use super::artefact::MAX_FEATURES;
use super::files::NUMBERS;
use super::{ArtefactError, Kind};

const MAGIC: &[u8; 4] = b"USRM";
const FORMAT: u16 = 1;
const MAX_THRESHOLDS: usize = 254;
const MAX_SLOTS: usize = 255;
const MAX_TREES: usize = 4_096;
const MAX_DEPTH: u8 = 10;
/// No leaf, table value or intercept is beyond it, so no sum overflows.
const MAX_VALUE: f64 = 1e9;
/// The k of a node below a leaf that lies higher: it always goes left.
pub(crate) const ALWAYS_LEFT: u8 = 255;

/// What a slot makes of a missing value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingRule {
    /// It counts as 0.0.
    Zero,
    /// It goes left.
    Left,
    /// It goes right.
    Right,
}

/// A feature as the nodes see it, with one rule of missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// From 0.
    pub feature: u16,
    /// Of a missing value.
    pub missing: MissingRule,
}

/// A complete tree in breadth-first order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// 0 to 10.
    pub depth: u8,
    /// `(slot, k)`: left when the slot's bin is at most k. 2^depth - 1 of them.
    pub nodes: Vec<[u8; 2]>,
    /// 2^depth of them.
    pub leaves: Vec<f64>,
}

/// Trees, in the order in which they are added up.
#[derive(Clone, Debug, PartialEq)]
pub struct Trees {
    /// At most 255.
    pub slots: Vec<Slot>,
    /// Start of the sum.
    pub start: f64,
    /// 1 to 4,096.
    pub trees: Vec<Tree>,
}

/// What stands in `model.bin`. In all kinds `thresholds` holds the rising thresholds of each feature.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Boosted trees.
    Forest {
        /// Of each feature.
        thresholds: Vec<Vec<f64>>,
        /// The trees.
        trees: Trees,
    },
    /// Tables.
    Additive {
        /// Of each feature.
        thresholds: Vec<Vec<f64>>,
        /// Added first.
        intercept: f64,
        /// For each feature one value a bin, then the one of a missing value.
        tables: Vec<Vec<f64>>,
    },
    /// An isolation forest.
    Isolation {
        /// Of each feature.
        thresholds: Vec<Vec<f64>>,
        /// The trees; their leaves are path lengths.
        trees: Trees,
        /// The sum is divided by it: number of trees x mean path length of an unsuccessful search.
        constant: f64,
    },
}

impl Numbers {
    /// Which kind they are of.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Forest { .. } => Kind::Forest,
            Self::Additive { .. } => Kind::Additive,
            Self::Isolation { .. } => Kind::Isolation,
        }
    }

    /// The thresholds of each feature.
    pub fn thresholds(&self) -> &[Vec<f64>] {
        match self {
            Self::Forest { thresholds, .. }
            | Self::Additive { thresholds, .. }
            | Self::Isolation { thresholds, .. } => thresholds,
        }
    }

    /// Reads and checks all of them: nothing may follow.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ArtefactError> {
        let mut from = Reader { bytes, at: 0 };
        let read = from.numbers();
        read.map_err(|what| ArtefactError::format(NUMBERS, format!("byte {}: {what}", from.at)))
    }

    /// As the format writes them.
    pub(crate) fn write(&self) -> Vec<u8> {
        let kind = match self.kind() {
            Kind::Forest => 1,
            Kind::Additive => 2,
            Kind::Isolation => 3,
        };
        let mut out = Vec::from(*MAGIC);
        out.extend(FORMAT.to_le_bytes());
        out.extend([kind, 0]);
        put_len(&mut out, self.thresholds().len());
        for thresholds in self.thresholds() {
            put_len(&mut out, thresholds.len());
            put_all(&mut out, thresholds);
        }
        match self {
            Self::Forest { trees, .. } => put_trees(&mut out, trees),
            Self::Isolation { trees, constant, .. } => {
                put_trees(&mut out, trees);
                put_all(&mut out, &[*constant]);
            }
            Self::Additive { intercept, tables, .. } => {
                put_all(&mut out, &[*intercept]);
                for table in tables {
                    put_all(&mut out, table);
                }
            }
        }
        out
    }
}

fn put_len(out: &mut Vec<u8>, length: usize) {
    // A length that does not fit is written as the largest, which the reader refuses.
    out.extend(u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
}

fn put_all(out: &mut Vec<u8>, numbers: &[f64]) {
    for number in numbers {
        out.extend(number.to_le_bytes());
    }
}

fn put_trees(out: &mut Vec<u8>, trees: &Trees) {
    put_len(out, trees.slots.len());
    for slot in &trees.slots {
        out.extend(slot.feature.to_le_bytes());
        out.push(match slot.missing {
            MissingRule::Zero => 0,
            MissingRule::Left => 1,
            MissingRule::Right => 2,
        });
    }
    put_all(out, &[trees.start]);
    put_len(out, trees.trees.len());
    for tree in &trees.trees {
        out.push(tree.depth);
        out.extend(tree.nodes.as_flattened());
        put_all(out, &tree.leaves);
    }
}

type Read<T> = Result<T, String>;

/// Trees whose leaves are path lengths, so that the anomaly lies between 0 and 1.
fn paths(trees: Trees) -> Read<Trees> {
    let leaves = trees.trees.iter().flat_map(|tree| &tree.leaves);
    if leaves.chain([&trees.start]).all(|length| *length >= 0.0) {
        Ok(trees)
    } else {
        Err("a path length of an isolation forest is below 0".to_owned())
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Read<[u8; N]> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        let taken = *taken.ok_or("ends too early")?;
        self.at += N;
        Ok(taken)
    }

    fn u8(&mut self) -> Read<u8> {
        Ok(self.take::<1>()?[0])
    }

    fn u16(&mut self) -> Read<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn count(&mut self, what: &str, least: usize, most: usize) -> Read<usize> {
        let count = usize::from(self.u16()?);
        if (least..=most).contains(&count) {
            Ok(count)
        } else {
            Err(format!("{count} {what}, {least} to {most} are allowed"))
        }
    }

    /// A number that may be added up.
    fn value(&mut self) -> Read<f64> {
        let value = f64::from_le_bytes(self.take()?);
        if value.abs() <= MAX_VALUE {
            Ok(value)
        } else {
            Err(format!("{value} is not a number within 1e9"))
        }
    }

    fn values(&mut self, count: usize) -> Read<Vec<f64>> {
        (0..count).map(|_| self.value()).collect()
    }

    fn thresholds(&mut self) -> Read<Vec<f64>> {
        let count = self.count("thresholds", 0, MAX_THRESHOLDS)?;
        let mut thresholds: Vec<f64> = Vec::with_capacity(count);
        for _ in 0..count {
            let next = f64::from_le_bytes(self.take()?);
            if !next.is_finite() || thresholds.last().is_some_and(|last| *last >= next) {
                return Err("the thresholds have to be finite and to rise".to_owned());
            }
            thresholds.push(next);
        }
        Ok(thresholds)
    }

    fn numbers(&mut self) -> Read<Numbers> {
        if self.take::<4>()? != *MAGIC {
            return Err("does not begin with USRM".to_owned());
        }
        let format = self.u16()?;
        if format != FORMAT {
            return Err(format!("format {format}, this build reads {FORMAT}"));
        }
        let [kind, zero] = self.take()?;
        if zero != 0 {
            return Err("the byte after the kind is not 0".to_owned());
        }
        let features = self.count("features", 1, MAX_FEATURES)?;
        let thresholds = (0..features).map(|_| self.thresholds()).collect::<Read<Vec<_>>>()?;
        let numbers = match kind {
            1 => Numbers::Forest {
                trees: self.trees(&thresholds)?,
                thresholds,
            },
            2 => Numbers::Additive {
                intercept: self.value()?,
                tables: (thresholds.iter().map(|t| self.values(t.len() + 2))).collect::<Read<_>>()?,
                thresholds,
            },
            3 => Numbers::Isolation {
                trees: paths(self.trees(&thresholds)?)?,
                constant: self.constant()?,
                thresholds,
            },
            other => return Err(format!("kind {other} is not known")),
        };
        if self.at == self.bytes.len() {
            Ok(numbers)
        } else {
            Err("more bytes than the numbers need".to_owned())
        }
    }

    fn constant(&mut self) -> Read<f64> {
        let constant = self.value()?;
        if constant >= 1e-3 {
            Ok(constant)
        } else {
            Err("the constant of an isolation forest is above 0.001".to_owned())
        }
    }

    fn trees(&mut self, thresholds: &[Vec<f64>]) -> Read<Trees> {
        let count = self.count("slots", 1, MAX_SLOTS)?;
        let slots = (0..count)
            .map(|_| self.slot(thresholds.len()))
            .collect::<Read<Vec<_>>>()?;
        let start = self.value()?;
        let count = self.count("trees", 1, MAX_TREES)?;
        let trees = (0..count).map(|_| self.tree(&slots, thresholds)).collect::<Read<_>>()?;
        Ok(Trees { slots, start, trees })
    }

    fn slot(&mut self, features: usize) -> Read<Slot> {
        let feature = self.u16()?;
        if usize::from(feature) >= features {
            return Err(format!("a slot of feature {feature}, which there is not"));
        }
        let missing = match self.u8()? {
            0 => MissingRule::Zero,
            1 => MissingRule::Left,
            2 => MissingRule::Right,
            other => return Err(format!("rule {other} of missing values is not known")),
        };
        Ok(Slot { feature, missing })
    }

    fn tree(&mut self, slots: &[Slot], thresholds: &[Vec<f64>]) -> Read<Tree> {
        let depth = self.u8()?;
        if depth > MAX_DEPTH {
            return Err(format!("a tree of depth {depth}, at most {MAX_DEPTH} is allowed"));
        }
        let leaves = 1_usize << depth;
        let mut nodes = Vec::with_capacity(leaves - 1);
        for _ in 1..leaves {
            let node @ [slot, k] = self.take()?;
            let Some(Slot { feature, .. }) = slots.get(usize::from(slot)) else {
                return Err(format!("a node of slot {slot}, which there is not"));
            };
            let bins = thresholds.get(usize::from(*feature)).map_or(0, Vec::len);
            if usize::from(k) >= bins && node != [0, ALWAYS_LEFT] {
                return Err(format!("a node at threshold {k} of slot {slot}, which has {bins}"));
            }
            nodes.push(node);
        }
        let leaves = self.values(leaves)?;
        Ok(Tree { depth, nodes, leaves })
    }
}
