//! The use cases and their store: quoting, acceptance, settlement, servicing, ledger, identity and events.
