//! Pure risk decisions: facts to score, probability of default, limits and reasons.
