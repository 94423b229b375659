//! Screening of names, people and wallets against sanctions lists: pure, in memory, explained.
