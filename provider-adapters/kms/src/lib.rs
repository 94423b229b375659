//! Adapters of key management services.
