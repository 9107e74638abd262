//! Devices and equipment, in register order.

use super::factor;
use crate::components::{
    Controller, Due, Filter, Gateway, Node, Power, Probe, Reporter, Station, Valve, Wear,
};
use crate::error::SimError;
use crate::resources::{Deviations, Directory, Grounds, Links};
use crate::spec::Spec;
use crate::systems::probes::next_due;
use bevy_ecs::world::World;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::register::{Asset, AssetKind, Site};
use fieldmirror_core::seed::Purpose;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_lorawan::adr;
use fieldmirror_lorawan::airtime::{BANDWIDTH_125_HZ, FRAME_OVERHEAD_BYTES, Modulation};
use fieldmirror_lorawan::duty_cycle::DutyCycle;
use fieldmirror_lorawan::link::{NOISE_FIGURE_DB, PathLoss, noise_floor_dbm, rssi_dbm};
use fieldmirror_physics::battery::{Battery, Currents};
use fieldmirror_physics::sensor::first_order_lag;

/// How long a node listens after a frame and measures before it, in seconds.
///
/// # Source
/// Two receive windows of a class A device that hear nothing, a capacitive probe's warm-up: the
/// values of the reference lifetimes.
const RECEIVE_S: f64 = 0.1;
const MEASURE_S: f64 = 0.2;

/// Spawns every asset.
pub(super) fn spawn_devices(
    world: &mut World,
    spec: &Spec,
    sky_of_site: &[usize],
    grounds: &Grounds,
    links: &mut Links,
    directory: &mut Directory,
) -> Result<(), SimError> {
    let spawner = Spawner { spec, sky_of_site, grounds };
    for (device, asset) in spec.register.iter() {
        let entity = match asset.kind {
            AssetKind::Pump => world.spawn(Wear::default()).id(),
            AssetKind::Filter => world.spawn(Filter::default()).id(),
            AssetKind::Valve => world.spawn(Valve::default()).id(),
            AssetKind::Device(class) => {
                let reporter = spawner.reporter(device, asset)?;
                let entity = match class {
                    DeviceClass::SoilProbe => {
                        let probe = spawner.probe(device, asset)?;
                        let node = spawner.node(class, device, asset, links);
                        let due = Due(spawner.first_radio_due(&reporter));
                        world.spawn((due, reporter, probe, spawner.power(asset), node))
                    }
                    DeviceClass::WeatherStation => {
                        let node = spawner.node(class, device, asset, links);
                        let due = Due(spawner.first_radio_due(&reporter));
                        let station = spawner.station(asset);
                        world.spawn((due, reporter, station, spawner.power(asset), node))
                    }
                    DeviceClass::PumpController => {
                        let controller = spawner.controller(device, asset)?;
                        world.spawn((Due(reporter.first), reporter, controller))
                    }
                    DeviceClass::Gateway => {
                        let gateway = spawner.gateway(device, asset)?;
                        world.spawn((Due(reporter.first), reporter, gateway))
                    }
                };
                entity.id()
            }
        };
        directory.devices[device.index()] = entity;
    }
    Ok(())
}

struct Spawner<'a> {
    spec: &'a Spec,
    sky_of_site: &'a [usize],
    grounds: &'a Grounds,
}

impl Spawner<'_> {
    fn site(&self, asset: &Asset) -> &Site {
        &self.spec.register.sites[asset.site.index()]
    }

    fn fail<T>(&self, device: DeviceIx, why: &str) -> Result<T, SimError> {
        Err(SimError::Register { asset: self.spec.name(device).to_owned(), why: why.to_owned() })
    }

    fn reporter(&self, device: DeviceIx, asset: &Asset) -> Result<Reporter, SimError> {
        if asset.interval <= self.spec.uncertainty.report_delay {
            return self.fail(device, "its interval is not longer than the largest report delay");
        }
        if asset.phase < Span::ZERO || asset.phase >= asset.interval {
            return self.fail(device, "its phase is not within its interval");
        }
        Ok(Reporter {
            key: asset.key,
            first: self.spec.start + asset.phase,
            interval: asset.interval,
            device,
            site: asset.site,
            sequence: 0,
        })
    }

    fn first_radio_due(&self, reporter: &Reporter) -> Timestamp {
        let [word, ..] = self.spec.seed.draws(reporter.key, Purpose::ReportJitter).block(0);
        next_due(&Deviations(self.spec.uncertainty), reporter, word)
    }

    fn probe(&self, device: DeviceIx, asset: &Asset) -> Result<Probe, SimError> {
        let Some(zone) = asset.zone.filter(|zone| zone.index() < self.grounds.0.len()) else {
            return self.fail(device, "a soil probe stands in no zone");
        };
        let (seed, uncertainty) = (self.spec.seed, &self.spec.uncertainty);
        let model = &self.site(asset).model.probe;
        let truth = seed.draws(asset.key, Purpose::ProbeTruth);
        let [gain, offset] = truth.normals(0);
        let drift = seed.draws(asset.key, Purpose::SensorDrift).normal(0);
        Ok(Probe {
            zone,
            gain: (1.0 + uncertainty.probe_gain * gain) as f32,
            offset: (uncertainty.probe_offset * offset) as f32,
            drift_per_year: (model.drift_per_year * drift) as f32,
            follows: first_order_lag(0.0, 1.0, asset.interval.seconds(), model.response_s) as f32,
            temperature_offset_k: (uncertainty.temperature_offset_k * truth.normal(1)) as f32,
            shown: self.grounds.0[zone.index()].theta[0] as f32,
            fault_drift: 0.0,
            last: [0; 2],
            is_stuck: false,
        })
    }

    fn station(&self, asset: &Asset) -> Station {
        let draws = self.spec.seed.draws(asset.key, Purpose::ProbeTruth);
        Station {
            sky: self.sky_of_site[asset.site.index()],
            temperature_offset_k: self.spec.uncertainty.temperature_offset_k * draws.normal(1),
            reported_at: self.spec.start,
            radiation_mj: 0.0,
            tips: 0,
        }
    }

    fn power(&self, asset: &Asset) -> Power {
        let draws = self.spec.seed.draws(asset.key, Purpose::BatteryTruth);
        let nominal_ah = self.site(asset).model.probe.battery_ah;
        let capacity_ah = (nominal_ah * factor(&draws, 0, self.spec.uncertainty.battery)) as f32;
        Power { battery: Battery { charge_ah: f64::from(capacity_ah) }, capacity_ah }
    }

    /// A device's links with their frozen shadowing. The spreading factor leaves the model's margin
    /// at the gateway that hears it best, which is where adaptive data rate would take it.
    fn node(&self, class: DeviceClass, device: DeviceIx, asset: &Asset, links: &mut Links) -> Node {
        let site = self.site(asset);
        let radio = &site.model.radio;
        let path = PathLoss {
            reference_loss_db: radio.reference_loss_db,
            reference_m: radio.reference_distance_m,
            exponent: radio.exponent,
        };
        let buried_db = if class == DeviceClass::SoilProbe { radio.burial_loss_db } else { 0.0 };
        let first_link = links.0.len() as u32;
        let mut best_dbm = f64::NEG_INFINITY;
        for &gateway in &site.gateways {
            let other = &self.spec.register.assets[gateway.index()];
            let shadowing = self.spec.seed.draws(asset.key.pair(other.key), Purpose::Shadowing);
            let shadowing_db = radio.shadowing_db * shadowing.normal(0);
            let loss_db = path.loss_db(distance_m(asset, other)) + buried_db;
            let power_dbm = rssi_dbm(radio.power_dbm, 0.0, loss_db, shadowing_db);
            links.0.push(power_dbm as f32);
            best_dbm = best_dbm.max(power_dbm);
        }
        let snr_db = best_dbm - noise_floor_dbm(BANDWIDTH_125_HZ, NOISE_FIGURE_DB);
        let sf = adr::static_assignment(snr_db, radio.margin_db);
        let payload_bytes = Reading::new(class, device).encode().as_bytes().len();
        let airtime_ns =
            Modulation::uplink(sf).time_on_air_ns(payload_bytes + FRAME_OVERHEAD_BYTES);
        let currents = Currents::SX1276_PROBE;
        let sleep_uah = currents.sleep_uah(asset.interval.seconds());
        let airtime_s = Span::from_nanos(airtime_ns).seconds();
        Node {
            duty: DutyCycle::new(),
            airtime_ns,
            first_link,
            gateways: site.gateways.len() as u8,
            report_uah: (currents.uplink_uah(airtime_s, RECEIVE_S, MEASURE_S) + sleep_uah) as f32,
            blocked_uah: (currents.uplink_uah(0.0, 0.0, MEASURE_S) + sleep_uah) as f32,
            sf,
        }
    }

    fn controller(&self, device: DeviceIx, asset: &Asset) -> Result<Controller, SimError> {
        let zone = asset.zone.and_then(|zone| self.spec.register.zones.get(zone.index()));
        let Some(zone) = zone.filter(|zone| zone.controller == device) else {
            return self.fail(device, "no zone names it as its pump controller");
        };
        Ok(Controller {
            position: zone.position,
            until: None,
            is_switched: false,
            reported_on: false,
        })
    }

    fn gateway(&self, device: DeviceIx, asset: &Asset) -> Result<Gateway, SimError> {
        let gateways = &self.site(asset).gateways;
        let Some(index) = gateways.iter().position(|&gateway| gateway == device) else {
            return self.fail(device, "its farm does not list it as a gateway");
        };
        Ok(Gateway { index, heard: 0, is_down: false })
    }
}

fn distance_m(a: &Asset, b: &Asset) -> f64 {
    let east_m = f64::from(a.position_m[0]) - f64::from(b.position_m[0]);
    let north_m = f64::from(a.position_m[1]) - f64::from(b.position_m[1]);
    (east_m * east_m + north_m * north_m).sqrt()
}
