//! Sanctions screening in the life of the product: lists from a folder, the index of the day, and what was screened by it.

pub mod folder;
