//! Load and micro benchmarks.
