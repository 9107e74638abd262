//! Downscaled hours keep the sums and extremes of the day they come from.
