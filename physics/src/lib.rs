//! Pure formulas of the farm, each with its source.
