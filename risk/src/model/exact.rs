//! Numbers of JSON read to the nearest double. `serde_json`'s own reading may be one unit in the last place off, which
//! puts a reference value that lies on a threshold into another bin.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

fn read<E: Error>(raw: &RawValue) -> Result<f64, E> {
    match raw.get().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(E::custom(format!("{} is not a finite number", raw.get()))),
    }
}

/// A number.
pub fn one<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    read(&Box::<RawValue>::deserialize(from)?)
}

/// A number or null.
pub fn option<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let raw = Option::<Box<RawValue>>::deserialize(from)?;
    raw.map(|raw| read(&raw)).transpose()
}

/// A list of numbers.
pub fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let raw = Vec::<Box<RawValue>>::deserialize(from)?;
    raw.iter().map(|raw| read(raw)).collect()
}

/// Numbers by name.
pub fn map<'de, D: Deserializer<'de>>(from: D) -> Result<std::collections::BTreeMap<String, f64>, D::Error> {
    let raw = std::collections::BTreeMap::<String, Box<RawValue>>::deserialize(from)?;
    raw.into_iter().map(|(name, raw)| Ok((name, read(&raw)?))).collect()
}
