//! Pure LoRaWAN: how long a frame is on air, who hears it, which frames destroy each other, and
//! what the network server makes of the copies.
//!
//! A frame's way: [`airtime`] and [`region`] say how long and when it may be sent ([`duty_cycle`]),
//! [`link`] how strong it arrives, [`gateway`] (with [`interference`]) whether a gateway of the
//! farm receives it, [`dedup`] which copies are one uplink; [`adr`] chooses the data rate.
//! [`spreading`] is the vocabulary of them all.
//!
//! Nothing here reads a clock, draws a random number or does IO: times, shadowing and powers are
//! arguments, the state machines are sans-IO. Same inputs give the same outputs to the last bit on
//! every platform.

pub mod adr;
pub mod airtime;
pub mod dedup;
pub mod duty_cycle;
pub mod error;
pub mod gateway;
pub mod interference;
pub mod link;
pub mod region;
pub mod spreading;
