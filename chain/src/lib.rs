//! EVM chains: contract bindings, registry, durable submitter, event indexer and fee oracle.
