//! Farms on paper for tests and benches: a register of any size with the product's names.

use fieldmirror_core::ids::{DeviceIx, EntityKey, Names, SiteIx, ZoneIx};
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::register::{
    Asset, AssetKind, CropModel, HydraulicsModel, IrrigationModel, PipeModel, ProbeModel,
    RadioModel, Register, Site, SiteModel, SoilModel, Zone,
};
use fieldmirror_core::time::{Span, Timestamp};
use std::sync::Arc;

/// `sites` farms (`farmA`, `farmB`, then `farm2`...) of `zones` zones with `probes` probes each.
#[allow(dead_code, reason = "not every test that shares this file needs all of it")]
pub(crate) fn register(sites: usize, zones: usize, probes: usize) -> Register {
    let mut farm = Farm::default();
    let per_site: Vec<_> = (0..sites).map(|site| farm.add_devices(site, zones, probes)).collect();
    let reporting = farm.assets.len();
    let model = Arc::new(site_model(zones));
    let mut register_sites = Vec::new();
    let mut register_zones = Vec::new();
    for (site, devices) in per_site.into_iter().enumerate() {
        let name = site_name(site);
        let pump = farm.add(site, None, AssetKind::Pump, &format!("{name}-pump"), 0);
        let filter = farm.add(site, None, AssetKind::Filter, &format!("{name}-filter"), 0);
        let first_zone = ZoneIx::new(register_zones.len() as u32);
        for (zone, (controller, probes)) in devices.zones.into_iter().enumerate() {
            let zone_name = format!("{name}-zone-{}", zone + 1);
            let ix = Some(ZoneIx::new(register_zones.len() as u32));
            let valve_name = format!("{name}-valve-{}", zone + 1);
            let valve = farm.add(site, ix, AssetKind::Valve, &valve_name, zone as u32 + 1);
            register_zones.push(Zone {
                key: EntityKey::of(&zone_name),
                name: zone_name,
                site: SiteIx::new(site as u32),
                position: zone,
                area_m2: 2_500.0,
                controller,
                valve,
                probes,
            });
        }
        register_sites.push(Site {
            key: EntityKey::of(&name),
            name,
            model: Arc::clone(&model),
            first_zone,
            zone_count: zones,
            weather_station: Some(devices.weather),
            gateways: vec![devices.gateway],
            pump,
            filter,
        });
    }
    Register {
        names: farm.names,
        assets: farm.assets,
        reporting,
        sites: register_sites,
        zones: register_zones,
    }
}

/// A probe's reading with humidity in tenths of a percent.
#[allow(dead_code, reason = "not every test that shares this file needs all of it")]
pub(crate) fn probe_reading(device: DeviceIx, sampled_at: Timestamp, humidity: i64) -> Reading {
    let mut reading = Reading::new(DeviceClass::SoilProbe, device);
    reading.set_raw(1, 213);
    reading.set_raw(2, humidity);
    reading.set_raw(3, sampled_at.millis());
    reading.set_raw(4, 3_605);
    reading
}

struct SiteDevices {
    weather: DeviceIx,
    gateway: DeviceIx,
    /// Controller and probes of each zone.
    zones: Vec<(DeviceIx, Vec<DeviceIx>)>,
}

#[derive(Default)]
struct Farm {
    names: Names,
    assets: Vec<Asset>,
}

impl Farm {
    fn add_devices(&mut self, site: usize, zones: usize, probes: usize) -> SiteDevices {
        let name = site_name(site);
        let device = AssetKind::Device;
        let weather_name = format!("{name}-weather-1");
        let weather = self.add(site, None, device(DeviceClass::WeatherStation), &weather_name, 1);
        let gateway =
            self.add(site, None, device(DeviceClass::Gateway), &format!("{name}-gw-1"), 1);
        let zones = (0..zones)
            .map(|zone| {
                let ix = Some(ZoneIx::new((site * zones + zone) as u32));
                let number = zone as u32 + 1;
                let pump_name = format!("{name}-pump-{number}");
                let class = device(DeviceClass::PumpController);
                let controller = self.add(site, ix, class, &pump_name, number);
                let probes = (0..probes as u32)
                    .map(|probe| {
                        let number = number * 100 + probe + 1;
                        let probe_name = format!("{name}-{number}");
                        self.add(site, ix, device(DeviceClass::SoilProbe), &probe_name, number)
                    })
                    .collect();
                (controller, probes)
            })
            .collect();
        SiteDevices { weather, gateway, zones }
    }

    fn add(
        &mut self,
        site: usize,
        zone: Option<ZoneIx>,
        kind: AssetKind,
        name: &str,
        number: u32,
    ) -> DeviceIx {
        let reports = matches!(kind, AssetKind::Device(_));
        self.assets.push(Asset {
            kind,
            key: EntityKey::of(name),
            site: SiteIx::new(site as u32),
            zone,
            position_m: [0.0; 2],
            interval: if reports { Span::from_seconds(600) } else { Span::ZERO },
            phase: Span::ZERO,
            number,
        });
        self.names.push(name)
    }
}

fn site_name(site: usize) -> String {
    match site {
        0 => "farmA".to_owned(),
        1 => "farmB".to_owned(),
        _ => format!("farm{site}"),
    }
}

fn site_model(zones: usize) -> SiteModel {
    let pipe = |length_m, diameter_m| PipeModel {
        length_m,
        diameter_m,
        roughness: 140.0,
        minor_loss: 0.0,
    };
    SiteModel {
        latitude_deg: 40.4,
        elevation_m: 1_035.0,
        soil: SoilModel {
            field_capacity: 0.31,
            wilting_point: 0.15,
            initial: 0.28,
            evaporation_depth_m: 0.1,
            readily_evaporable_mm: 9.0,
            curve_number: 75.0,
        },
        crop: CropModel {
            planted: Timestamp::from_nanos(0),
            kcb: [0.15, 1.15, 0.5],
            stages_d: [25, 40, 45, 30],
            height_m: [0.05, 2.0],
            root_depth_m: [0.3, 1.2],
            depletion_fraction: 0.55,
        },
        irrigation: IrrigationModel { efficiency: 0.9, wetted_fraction: 0.4 },
        hydraulics: HydraulicsModel {
            reservoir_head_m: 0.0,
            pump_elevation_m: 0.0,
            pump_curve: [(0.0, 50.0), (10.0, 40.0), (20.0, 10.0)],
            pump_efficiency: 0.7,
            pump_best_flow_lps: 10.0,
            motor_efficiency: 0.9,
            filter: pipe(1.0, 0.1),
            main: pipe(100.0, 0.1),
            lateral: pipe(50.0, 0.08),
            zone_elevation_m: vec![1.0; zones],
            zone_upstream: (0..zones).map(|zone| zone.checked_sub(1)).collect(),
            emitter_coefficient: 1e-3,
        },
        probe: ProbeModel {
            depth_m: 0.2,
            water_noise: 0.002,
            temperature_noise_k: 0.1,
            response_s: 60.0,
            drift_per_year: 0.01,
            battery_ah: 3.6,
        },
        radio: RadioModel {
            reference_loss_db: 40.0,
            reference_distance_m: 1.0,
            exponent: 3.0,
            burial_loss_db: 10.0,
            shadowing_db: 6.0,
            power_dbm: 14.0,
            margin_db: 10.0,
            interference: true,
        },
    }
}
