//! A tiny farm for tests: four zones on the reference network, a weather station, two gateways.

use fieldmirror_core::ids::{DeviceIx, EntityKey, Names, SiteIx, ZoneIx};
use fieldmirror_core::message::{Message, RadioCopy};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::register::{
    Asset, AssetKind, CropModel, HydraulicsModel, IrrigationModel, PipeModel, ProbeModel,
    RadioModel, Register, Site, SiteModel, SoilModel, Zone,
};
use fieldmirror_core::time::{Span, Timestamp};
use std::sync::Arc;

/// Zones of the farm.
pub(crate) const ZONES: usize = 4;

/// Irrigated area of a zone, m2.
pub(crate) const AREA_M2: f64 = 400.0;

/// Report interval of every LoRaWAN device and of gateways.
pub(crate) const INTERVAL: Span = Span::from_seconds(900);

/// Report interval of a controller at rest.
pub(crate) const CONTROLLER_INTERVAL: Span = Span::from_seconds(600);

/// The start of every test.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_date(2018, 6, 1).expect("a date")
}

const fn pipe(length_m: f64, diameter_m: f64, minor_loss: f64) -> PipeModel {
    PipeModel { length_m, diameter_m, roughness: 130.0, minor_loss }
}

/// The pump and network of the EPANET reference cases.
pub(crate) fn hydraulics() -> HydraulicsModel {
    HydraulicsModel {
        reservoir_head_m: 2.0,
        pump_elevation_m: 2.0,
        pump_curve: [(0.0, 45.0), (12.0, 38.0), (24.0, 20.0)],
        pump_efficiency: 0.7,
        pump_best_flow_lps: 13.785,
        motor_efficiency: 0.9,
        filter: pipe(5.0, 0.1, 2.0),
        main: pipe(150.0, 0.09, 0.0),
        lateral: pipe(2.0, 0.05, 5.0),
        zone_elevation_m: vec![2.5, 3.0, 3.5, 4.0],
        zone_upstream: vec![None, Some(0), Some(1), Some(2)],
        emitter_coefficient: 0.003 / 15.0_f64.sqrt(),
    }
}

/// The farm's design values.
pub(crate) fn model() -> SiteModel {
    SiteModel {
        latitude_deg: 40.4,
        elevation_m: 1_000.0,
        soil: SoilModel {
            field_capacity: 0.25,
            wilting_point: 0.12,
            initial: 0.22,
            evaporation_depth_m: 0.1,
            readily_evaporable_mm: 9.0,
            curve_number: 75.0,
        },
        crop: CropModel {
            planted: start() - Span::from_days(20),
            kcb: [0.15, 1.15, 0.15],
            stages_d: [30, 40, 50, 30],
            height_m: [0.05, 2.0],
            root_depth_m: [0.3, 1.0],
            depletion_fraction: 0.55,
        },
        irrigation: IrrigationModel { efficiency: 0.9, wetted_fraction: 0.35 },
        hydraulics: hydraulics(),
        probe: ProbeModel {
            depth_m: 0.15,
            water_noise: 0.003,
            temperature_noise_k: 0.1,
            response_s: 300.0,
            drift_per_year: 0.01,
            battery_ah: 2.6,
        },
        radio: RadioModel {
            reference_loss_db: 40.0,
            reference_distance_m: 1.0,
            exponent: 2.8,
            burial_loss_db: 10.0,
            shadowing_db: 6.0,
            power_dbm: 14.0,
            margin_db: 10.0,
            interference: false,
        },
    }
}

/// A farm and the indices of its devices.
#[derive(Clone, Debug)]
pub(crate) struct Farm {
    pub(crate) register: Arc<Register>,
    /// By zone.
    pub(crate) probes: Vec<Vec<DeviceIx>>,
    /// By zone.
    pub(crate) controllers: Vec<DeviceIx>,
    pub(crate) station: DeviceIx,
    pub(crate) gateways: [DeviceIx; 2],
}

/// A farm with `probes` probes a zone.
pub(crate) fn farm(probes: usize) -> Farm {
    let mut names = Names::default();
    let mut assets = Vec::new();
    let mut add = |name: String, kind, zone: Option<usize>, interval, number| {
        assets.push(Asset {
            kind,
            key: EntityKey::of(&name),
            site: SiteIx::new(0),
            zone: zone.map(|zone| ZoneIx::new(zone as u32)),
            position_m: [0.0; 2],
            interval,
            phase: Span::ZERO,
            number,
        });
        names.push(&name)
    };
    let device = AssetKind::Device;
    let of_zone = |zone: usize, add: &mut dyn FnMut(usize) -> DeviceIx| {
        (1..=probes).map(|probe| add(100 * (zone + 1) + probe)).collect::<Vec<_>>()
    };
    let mut probes = Vec::new();
    for zone in 0..ZONES {
        probes.push(of_zone(zone, &mut |number| {
            let name = format!("farmA-{number}");
            add(name, device(DeviceClass::SoilProbe), Some(zone), INTERVAL, number as u32)
        }));
    }
    let class = device(DeviceClass::WeatherStation);
    let station = add("farmA-weather-1".to_owned(), class, None, INTERVAL, 1);
    let controllers: Vec<_> = (0..ZONES)
        .map(|zone| {
            let name = format!("farmA-pump-{}", zone + 1);
            let class = device(DeviceClass::PumpController);
            add(name, class, Some(zone), CONTROLLER_INTERVAL, zone as u32 + 1)
        })
        .collect();
    let gateways = [1, 2].map(|number| {
        let name = format!("farmA-gw-{number}");
        add(name, device(DeviceClass::Gateway), None, INTERVAL, number)
    });
    let pump = add("farmA-pump".to_owned(), AssetKind::Pump, None, Span::ZERO, 0);
    let filter = add("farmA-filter".to_owned(), AssetKind::Filter, None, Span::ZERO, 0);
    let valves: Vec<_> = (0..ZONES)
        .map(|zone| {
            let name = format!("farmA-valve-{}", zone + 1);
            add(name, AssetKind::Valve, Some(zone), Span::ZERO, zone as u32 + 1)
        })
        .collect();
    let zones = (0..ZONES)
        .map(|zone| Zone {
            name: format!("farmA-zone-{}", zone + 1),
            key: EntityKey::of("zone"),
            site: SiteIx::new(0),
            position: zone,
            area_m2: AREA_M2,
            controller: controllers[zone],
            valve: valves[zone],
            probes: probes[zone].clone(),
        })
        .collect();
    let site = Site {
        name: "farmA".to_owned(),
        key: EntityKey::of("farmA"),
        model: Arc::new(model()),
        first_zone: ZoneIx::new(0),
        zone_count: ZONES,
        weather_station: Some(station),
        gateways: gateways.to_vec(),
        pump,
        filter,
    };
    let reporting = gateways[1].index() + 1;
    let register = Register { names, assets, reporting, sites: vec![site], zones };
    Farm { register: Arc::new(register), probes, controllers, station, gateways }
}

/// A reading with the given channels.
pub(crate) fn reading(class: DeviceClass, device: DeviceIx, values: &[(Metric, f64)]) -> Reading {
    let mut reading = Reading::new(class, device);
    for &(metric, value) in values {
        reading.set(class.schema().channel(metric).expect("a channel of the class"), value);
    }
    reading
}

/// A message over the air.
pub(crate) fn radio(reading: Reading, at: Timestamp, gateway: DeviceIx, copies: u8) -> Message {
    let radio = Some(RadioCopy { gateway, copies, rssi_dbm: -100.0, snr_db: 5.0 });
    Message { sampled_at: at, received_at: at, reading, radio }
}

/// A message of a client.
pub(crate) fn client(reading: Reading, at: Timestamp) -> Message {
    Message { sampled_at: at, received_at: at, reading, radio: None }
}

/// A controller's state report.
pub(crate) fn state(
    device: DeviceIx,
    at: Timestamp,
    on: bool,
    values: &[(Metric, f64)],
) -> Message {
    let mut reading = reading(DeviceClass::PumpController, device, values);
    reading.set_raw(1, i64::from(on));
    client(reading, at)
}
