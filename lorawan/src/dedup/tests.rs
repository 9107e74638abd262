//! Copies become one uplink; replays are refused.
