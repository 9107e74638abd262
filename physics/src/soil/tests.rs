//! The balance closes by day and by hour, also at its limits.
