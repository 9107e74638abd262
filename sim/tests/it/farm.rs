//! Small farms for tests and benches: a register and a specification made by hand.

use fieldmirror_core::ids::{DeviceIx, EntityKey, Names, SiteIx, ZoneIx};
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::{
    Asset, AssetKind, CropModel, HydraulicsModel, IrrigationModel, PipeModel, ProbeModel,
    RadioModel, Register, Site, SiteModel, SoilModel, Zone,
};
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_sim::{DailyForcing, Spec, Uncertainty};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How large the farms are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) sites: usize,
    pub(crate) zones: usize,
    pub(crate) probes_per_zone: usize,
    pub(crate) gateways: usize,
    pub(crate) interval: Span,
    pub(crate) step: Span,
    pub(crate) days: usize,
    pub(crate) interference: bool,
}

impl Plan {
    /// One farm of two zones, three probes each, over four days.
    pub(crate) const SMALL: Self = Self {
        sites: 1,
        zones: 2,
        probes_per_zone: 3,
        gateways: 2,
        interval: Span::from_seconds(900),
        step: Span::from_seconds(60),
        days: 4,
        interference: true,
    };
}

/// Midnight of the first of June.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_date(2018, 6, 1).expect("a date")
}

/// The specification of a plan's farms without faults.
pub(crate) fn spec(plan: &Plan, seed: u64) -> Spec {
    let forcing: Vec<DailyForcing> = (0..=plan.days)
        .map(|day| DailyForcing {
            tmin_c: 14.0 + (day % 3) as f64,
            tmax_c: 29.0 + (day % 5) as f64,
            rain_mm: if day % 4 == 1 { 12.4 } else { 0.0 },
            wind_ms: 2.5,
            reference_et0_mm: 5.5,
        })
        .collect();
    Spec {
        seed: Seed::new(seed),
        start: start(),
        step: plan.step,
        register: Arc::new(register(plan, Seed::new(seed), &[])),
        forcing: forcing.into(),
        faults: Vec::new(),
        confounders: Vec::new(),
        uncertainty: Uncertainty::default(),
    }
}

/// Where the asset called `name` stands in the register.
pub(crate) fn device(register: &Register, name: &str) -> DeviceIx {
    let index = register.names.iter().position(|known| known == name);
    DeviceIx::new(index.expect(name) as u32)
}

struct Draft {
    name: String,
    kind: AssetKind,
    site: usize,
    zone: Option<usize>,
    position_m: [f32; 2],
    interval: Span,
    phase: Span,
    number: u32,
}

/// A register of a plan's farms, and of further probes (name, zone) of the first farm.
pub(crate) fn register(plan: &Plan, seed: Seed, further_probes: &[(&str, usize)]) -> Register {
    let mut drafts = Vec::new();
    for site in 0..plan.sites {
        draft_site(plan, site, &mut drafts);
    }
    for (name, zone) in further_probes {
        let number = 900 + drafts.len() as u32;
        let kind = AssetKind::Device(DeviceClass::SoilProbe);
        drafts.push(draft(plan, name.to_string(), kind, 0, Some(*zone), number));
    }
    for draft in drafts.iter_mut().filter(|draft| draft.interval > Span::ZERO) {
        let share = seed.draws(EntityKey::of(&draft.name), Purpose::ReportPhase).uniform(0);
        let milliseconds = (share * draft.interval.seconds() * 1_000.0) as i64;
        draft.phase = Span::from_nanos(milliseconds * 1_000_000);
    }
    drafts.sort_by_key(|draft| (draft.interval == Span::ZERO, draft.phase));
    assemble(plan, &drafts)
}

fn draft_site(plan: &Plan, site: usize, drafts: &mut Vec<Draft>) {
    let farm = farm_name(site);
    let device = AssetKind::Device;
    let mut push = |name: &str, kind, zone, number| {
        drafts.push(draft(plan, format!("{farm}-{name}"), kind, site, zone, number));
    };
    for zone in 0..plan.zones {
        for probe in 0..plan.probes_per_zone {
            let number = (100 * (zone + 1) + probe + 1) as u32;
            push(&number.to_string(), device(DeviceClass::SoilProbe), Some(zone), number);
        }
        let number = zone as u32 + 1;
        push(&format!("pump-{number}"), device(DeviceClass::PumpController), Some(zone), number);
        push(&format!("valve-{number}"), AssetKind::Valve, Some(zone), number);
    }
    for gateway in 1..=plan.gateways as u32 {
        push(&format!("gw-{gateway}"), device(DeviceClass::Gateway), None, gateway);
    }
    push("weather-1", device(DeviceClass::WeatherStation), None, 1);
    push("pump", AssetKind::Pump, None, 0);
    push("filter", AssetKind::Filter, None, 0);
}

fn farm_name(site: usize) -> String {
    if site == 0 { "farmA".to_owned() } else { format!("farm{site}") }
}

fn draft(
    plan: &Plan,
    name: String,
    kind: AssetKind,
    site: usize,
    zone: Option<usize>,
    number: u32,
) -> Draft {
    let is_device = matches!(kind, AssetKind::Device(_));
    let place = EntityKey::of(&name).bits();
    let position_m = [(place % 800) as f32, (place / 800 % 600) as f32];
    let interval = if is_device { plan.interval } else { Span::ZERO };
    Draft { name, kind, site, zone, position_m, interval, phase: Span::ZERO, number }
}

fn assemble(plan: &Plan, drafts: &[Draft]) -> Register {
    let mut names = Names::default();
    let mut assets = Vec::new();
    let mut by_name = BTreeMap::new();
    for draft in drafts {
        by_name.insert(draft.name.as_str(), names.push(&draft.name));
        assets.push(Asset {
            kind: draft.kind,
            key: EntityKey::of(&draft.name),
            site: SiteIx::new(draft.site as u32),
            zone: draft.zone.map(|zone| ZoneIx::new((draft.site * plan.zones + zone) as u32)),
            position_m: draft.position_m,
            interval: draft.interval,
            phase: draft.phase,
            number: draft.number,
        });
    }
    let model = Arc::new(model(plan));
    let mut sites = Vec::new();
    let mut zones = Vec::new();
    for site in 0..plan.sites {
        let name = farm_name(site);
        let find = |part: &str| by_name[format!("{name}-{part}").as_str()];
        for zone in 0..plan.zones {
            let of_zone = |draft: &&Draft| draft.site == site && draft.zone == Some(zone);
            let is_probe = |kind| kind == AssetKind::Device(DeviceClass::SoilProbe);
            let zone_name = format!("{name}-zone-{}", zone + 1);
            zones.push(Zone {
                key: EntityKey::of(&zone_name),
                name: zone_name,
                site: SiteIx::new(site as u32),
                position: zone,
                area_m2: 2_000.0,
                controller: find(&format!("pump-{}", zone + 1)),
                valve: find(&format!("valve-{}", zone + 1)),
                probes: drafts
                    .iter()
                    .filter(of_zone)
                    .filter(|draft| is_probe(draft.kind))
                    .map(|draft| by_name[draft.name.as_str()])
                    .collect(),
            });
        }
        sites.push(Site {
            key: EntityKey::of(&name),
            model: Arc::clone(&model),
            first_zone: ZoneIx::new((site * plan.zones) as u32),
            zone_count: plan.zones,
            weather_station: Some(find("weather-1")),
            gateways: (1..=plan.gateways).map(|gateway| find(&format!("gw-{gateway}"))).collect(),
            pump: find("pump"),
            filter: find("filter"),
            name,
        });
    }
    let reporting = drafts.iter().filter(|draft| draft.interval > Span::ZERO).count();
    Register { names, assets, reporting, sites, zones }
}

fn model(plan: &Plan) -> SiteModel {
    let pipe = |length_m, diameter_m, minor_loss| PipeModel {
        length_m,
        diameter_m,
        roughness: 130.0,
        minor_loss,
    };
    SiteModel {
        latitude_deg: 40.4,
        elevation_m: 1_000.0,
        soil: SoilModel {
            field_capacity: 0.29,
            wilting_point: 0.15,
            initial: 0.24,
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
        hydraulics: HydraulicsModel {
            reservoir_head_m: 2.0,
            pump_elevation_m: 2.0,
            pump_curve: [(0.0, 45.0), (12.0, 38.0), (24.0, 20.0)],
            pump_efficiency: 0.7,
            pump_best_flow_lps: 13.0,
            motor_efficiency: 0.9,
            filter: pipe(5.0, 0.1, 2.0),
            main: pipe(150.0, 0.09, 0.0),
            lateral: pipe(2.0, 0.05, 5.0),
            zone_elevation_m: (0..plan.zones).map(|i| 2.5 + 0.5 * i as f64).collect(),
            zone_upstream: (0..plan.zones).map(|i: usize| i.checked_sub(1)).collect(),
            emitter_coefficient: 0.003 / 15.0_f64.sqrt(),
        },
        probe: ProbeModel {
            depth_m: 0.2,
            water_noise: 0.003,
            temperature_noise_k: 0.1,
            response_s: 120.0,
            drift_per_year: 0.01,
            battery_ah: 2.6,
        },
        radio: RadioModel {
            reference_loss_db: 7.7,
            reference_distance_m: 1.0,
            exponent: 3.76,
            burial_loss_db: 10.0,
            shadowing_db: 4.0,
            power_dbm: 14.0,
            margin_db: 10.0,
            interference: plan.interference,
        },
    }
}
