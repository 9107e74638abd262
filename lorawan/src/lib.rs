//! Pure LoRaWAN: airtime, link budget, interference, gateways, deduplication.
