//! Adapters of identity verification and wallet screening services.
