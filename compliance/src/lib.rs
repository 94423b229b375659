//! Pure compliance decisions: dated rules, sanctions screening and adverse-action reasons.
