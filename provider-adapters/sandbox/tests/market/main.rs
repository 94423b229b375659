//! The marketplace of rate tables and the bank by files, each against its counterparty, faults included.

#[cfg(test)]
mod bankfiles;
#[cfg(test)]
mod ratetable;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod statements;
