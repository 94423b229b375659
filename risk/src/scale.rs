//! Raw score to log-odds, probability and points.
#![expect(clippy::float_arithmetic, reason = "a probability and a score, never money")]

use crate::model::{Calibration, Scale};

/// Log-odds of bad.
pub fn log_odds(calibration: Calibration, raw: f64) -> f64 {
    calibration.slope * raw + calibration.intercept
}

/// Probability of bad: 1 / (1 + exp(-log-odds)), by an exponential with the same bits on every machine.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// The raw score of an isolation forest: the sum of path lengths divided by its constant.
pub(crate) fn divided(sum: f64, constant: f64) -> f64 {
    sum / constant
}

/// How strange the raw score of an isolation forest is, 0 to 1 (Liu, Ting and Zhou 2008).
pub(crate) fn anomaly(raw: f64) -> f64 {
    libm::exp2(-raw)
}

/// 1,000 times a share, rounded.
pub(crate) fn permille(share: f64) -> i32 {
    whole(share * 1_000.0).clamp(0, 1_000)
}

impl Scale {
    /// Points of one unit of log-odds.
    pub fn factor(&self) -> f64 {
        self.pdo / std::f64::consts::LN_2
    }

    /// The score: rounded half away from zero, clamped.
    pub fn score(&self, log_odds: f64) -> i32 {
        self.score_with(libm::log(self.base_odds), log_odds)
    }

    /// The same with the logarithm of `base_odds` taken once.
    pub(crate) fn score_with(&self, log_base_odds: f64, log_odds: f64) -> i32 {
        let points = f64::from(self.base_score) + self.factor() * (-log_odds - log_base_odds);
        whole(points).clamp(self.min_score, self.max_score)
    }

    /// What a contribution to the log-odds of bad does to the score: negative when it counts against the applicant.
    pub fn points(&self, log_odds: f64) -> i32 {
        whole(-(self.factor() * log_odds))
    }

    /// The log-odds of bad at which the unrounded score is this many points.
    pub fn log_odds(&self, score: i32) -> f64 {
        (f64::from(self.base_score) - f64::from(score)) / self.factor() - libm::log(self.base_odds)
    }
}

/// Rounded half away from zero; beyond the integers the nearest of them.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and every score is clamped to its scale"
)]
pub(crate) fn whole(points: f64) -> i32 {
    points.round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale {
        base_score: 600,
        base_odds: 50.0,
        pdo: 20.0,
        min_score: 300,
        max_score: 850,
    };

    #[test]
    fn odds_double_every_pdo_points_and_the_ends_are_clamped() {
        let at = |odds: f64| SCALE.score(-libm::log(odds));
        assert_eq!(
            [at(50.0), at(100.0), at(25.0), at(1e12), at(1e-12)],
            [600, 620, 580, 850, 300]
        );
        assert!((SCALE.log_odds(620) + libm::log(100.0)).abs() < 1e-12);
        assert_eq!(SCALE.points(std::f64::consts::LN_2), -20);
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        assert_eq!(
            [whole(2.5), whole(-2.5), whole(0.49), whole(1e300)],
            [3, -3, 0, i32::MAX]
        );
    }

    #[test]
    fn a_probability_is_finite_at_every_log_odds() {
        for (log_odds, least, most) in [
            (0.0, 0.5, 0.5),
            (1e9, 1.0, 1.0),
            (-1e9, 0.0, 0.0),
            (-36.0, 1e-16, 1e-15),
        ] {
            let pd = probability(log_odds);
            assert!(least <= pd && pd <= most, "{log_odds}: {pd}");
        }
    }
}
