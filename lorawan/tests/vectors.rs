//! The formulas reproduce numbers that others computed: Semtech's airtimes, the tests of ns-3's
//! lorawan module, the deliveries of its complete network, the closed form that LoRaSim's simple
//! collisions follow.

#[path = "vectors/airtime.rs"]
mod airtime;
#[path = "vectors/aloha.rs"]
mod aloha;
#[path = "vectors/closed_form.rs"]
mod closed_form;
#[path = "vectors/ns3_network.rs"]
mod ns3_network;
