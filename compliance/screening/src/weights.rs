//! The numbers that scores are made with.
#![expect(clippy::float_arithmetic, reason = "scores of likeness are not money")]

/// Price of what stays without a partner, in parts of its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Words left over on both sides at once: two different names.
    pub conflict: f32,
    /// Words that only the query has.
    pub query: f32,
    /// Words that only the listed name has.
    pub listed: f32,
}

/// The numbers that scores are made with. The defaults were found on one half of the labelled data and on perturbed
/// names made by another seed; see the chapter on screening.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// People.
    pub person: Shape,
    /// Everything else.
    pub body: Shape,
    /// Weight of the most common word, in parts of the rarest.
    pub common: f32,
    /// Weight of a particle.
    pub particle: f32,
    /// Weight of a title.
    pub title: f32,
    /// Weight of a word of a legal form.
    pub legal: f32,
    /// Weight of a word that names a trade.
    pub trade: f32,
    /// Weight of "and", "of".
    pub stop: f32,
    /// Weight of a number.
    pub number: f32,
    /// Weight of a single letter.
    pub initial: f32,
    /// Weight of a family name, where the list marks it.
    pub family: f32,
    /// Fall of similarity per edited part of a word.
    pub slope: f32,
    /// Edited part of a word above which similarity falls faster.
    pub knee: f32,
    /// How much faster.
    pub steep: f32,
    /// Taken off words that were read from Han, Hangul, Arabic or Hebrew letters, per letter of the reading.
    pub lossy: f32,
    /// Similarity of a short form to its name.
    pub nick: f32,
    /// Similarity of an initial to a name.
    pub letter: f32,
    /// Similarity of two words of one trade or two legal forms of one sort.
    pub class: f32,
    /// Factor on words joined or split.
    pub join: f32,
    /// How much more unlikeness counts in words joined or split.
    pub unlike: f32,
    /// How much more unlikeness counts between two words that both are known.
    pub known: f32,
    /// Taken off for each word out of order.
    pub order: f32,
    /// Factor when the names on both sides of "bin" have changed places.
    pub swap: f32,
    /// Part of the score that a match on common words alone loses.
    pub thin: f32,
    /// Weight of matched words at which that loss has fallen to a third.
    pub enough: f32,
    /// Factor on a weak alias.
    pub weak: f32,
    /// Factor on a former name.
    pub former: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            person: Shape {
                conflict: 2.707,
                query: 0.5,
                listed: 0.27,
            },
            body: Shape {
                conflict: 1.0,
                query: 0.407,
                listed: 0.179,
            },
            common: 0.2,
            particle: 0.139,
            title: 0.168,
            legal: 0.182,
            trade: 0.545,
            stop: 0.1,
            number: 0.592,
            initial: 0.303,
            family: 1.0,
            slope: 0.919,
            knee: 0.234,
            steep: 2.808,
            lossy: 0.65,
            nick: 0.89,
            letter: 0.78,
            class: 0.8,
            join: 0.999,
            unlike: 1.025,
            known: 1.547,
            order: 0.004,
            swap: 0.549,
            thin: 0.179,
            enough: 0.42,
            weak: 0.8,
            former: 0.95,
        }
    }
}

impl Weights {
    /// Similarity of two words of lengths `a` and `b` that are `distance` hundredths of an edit apart.
    pub(crate) fn similarity(&self, distance: u16, a: usize, b: usize) -> f32 {
        if distance == 0 {
            return 1.0;
        }
        let part = f32::from(distance) / (100.0 * count(a.max(b)));
        let fall = self.slope * part + self.steep * (part - self.knee).max(0.0);
        (1.0 - fall).max(0.0)
    }

    /// Similarity of words joined or split, from that of their letters.
    pub(crate) fn joined(&self, similarity: f32) -> f32 {
        (1.0 - (1.0 - similarity) * self.unlike).max(0.0) * self.join
    }

    /// The largest distance at which words of such lengths may still be as alike as `least`.
    pub(crate) fn limit(&self, a: usize, b: usize, least: f32) -> u16 {
        let fall = (1.0 - least).max(0.0);
        let before = self.slope * self.knee;
        let part = if fall <= before {
            fall / self.slope.max(0.01)
        } else {
            self.knee + (fall - before) / (self.slope + self.steep).max(0.01)
        };
        whole(part * 100.0 * count(a.max(b)))
    }

    /// Weight of a word borne by `bearers` of `all` entities, 0..=1: the rarer, the heavier.
    /// `prior` is the part of all people who bear it as a name.
    pub(crate) fn rarity(&self, bearers: u32, all: u32, prior: f32) -> f32 {
        let all = number(all.max(20));
        let bearers = number(bearers).max(all * prior);
        let idf = ((all + 1.0) / (bearers + 1.0)).ln() / (all + 1.0).ln();
        self.common + (1.0 - self.common) * idf.clamp(0.0, 1.0)
    }
}

/// A length as a float; names are short, nothing is lost.
pub(crate) fn count(n: usize) -> f32 {
    f32::from(u16::try_from(n).unwrap_or(u16::MAX))
}

/// A count of entities as a float; a rounding of large ones does no harm.
#[expect(clippy::cast_precision_loss, reason = "a logarithm is taken of it")]
fn number(n: u32) -> f32 {
    n as f32
}

/// A price rounded up, within the range of prices.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range"
)]
fn whole(price: f32) -> u16 {
    price.ceil().clamp(0.0, 30_000.0) as u16
}
