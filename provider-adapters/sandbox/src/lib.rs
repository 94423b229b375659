//! Sandbox lenders for development: one binary that plays lenders by configuration.
