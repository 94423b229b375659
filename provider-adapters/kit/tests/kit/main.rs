//! The kit against lenders and adapters that do what they should, and against many that do not.

#[cfg(test)]
mod adapter;
#[cfg(test)]
mod bankfiles;
#[cfg(test)]
mod bent;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod lender;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod ratetable;
#[cfg(test)]
mod review;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod world;
