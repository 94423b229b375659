//! Rules of the registry, shown on a database and a clock of their own.

mod database;
mod officers;
mod rules;
mod stage;
