//! The usance binary: configuration, telemetry, wiring, roles and client commands.
