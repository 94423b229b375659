//! Rules of the registry, shown on a database and a clock of their own.

mod conformance;
mod database;
mod officers;
mod rules;
mod stage;
