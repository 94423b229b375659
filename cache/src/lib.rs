//! Redis behind the ports of `domain`. It holds only what may vanish: losing it never changes a money decision.

mod answer;
mod script;
mod velocity;

pub use velocity::{RedisOptions, RedisVelocity};
