//! End-to-end scenarios, faults and the architecture test.
