"""Training of the risk models: reads a data set, fits and compares models, writes signed artefacts (risk/FORMAT.md)."""
