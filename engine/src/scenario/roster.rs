//! From one farm pattern to the asset registers of all shards.
//!
//! A shard is a fixed group of farms, so that a run's partitions are a property of the scenario and
//! not of the machine. Within a shard the reporting devices stand in the order of their report
//! phase: those that report together lie together in memory.

use super::file::ScenarioText;
use fieldmirror_core::ids::{EntityKey, Names, SiteIx, ZoneIx};
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::{Asset, AssetKind, Register, Site, SiteModel, Zone};
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_core::time::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The names of the farms, in order.
pub(crate) fn farm_names(text: &ScenarioText) -> Vec<String> {
    let Some(fleet) = &text.fleet else { return vec![text.site.name.clone()] };
    (1..=fleet.farms).map(|n| format!("{}{n:04}", text.site.name)).collect()
}

/// The registers of all shards, in order.
pub(crate) fn registers(text: &ScenarioText, seed: Seed) -> Vec<Arc<Register>> {
    let model = Arc::new(text.site_model());
    let farms_per_shard = text.fleet.as_ref().map_or(1, |fleet| fleet.farms_per_shard.max(1));
    farm_names(text)
        .chunks(farms_per_shard as usize)
        .map(|names| Arc::new(shard(text, seed, &model, names)))
        .collect()
}

/// An asset before it has an index.
struct Draft {
    name: String,
    asset: Asset,
}

fn shard(text: &ScenarioText, seed: Seed, model: &Arc<SiteModel>, farms: &[String]) -> Register {
    let mut drafts = Vec::new();
    for (site, farm) in farms.iter().enumerate() {
        farm_assets(text, seed, SiteIx::new(site as u32), farm, &mut drafts);
    }
    // Equipment (no interval) goes last; ties of phase are broken by name, so that the order does
    // not depend on where a farm stands in the file.
    drafts.sort_by(|a, b| {
        let order = |d: &Draft| (d.asset.interval == Span::ZERO, d.asset.phase);
        order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name))
    });
    let mut names = Names::default();
    let mut index = BTreeMap::new();
    for draft in &drafts {
        index.insert(draft.name.clone(), names.push(&draft.name));
    }
    let assets: Vec<Asset> = drafts.into_iter().map(|draft| draft.asset).collect();
    let reporting = assets.iter().filter(|asset| asset.interval != Span::ZERO).count();
    let zones_per_farm = text.zones.len();
    let (mut sites, mut zones) = (Vec::new(), Vec::new());
    for (s, farm) in farms.iter().enumerate() {
        let at = |suffix: &str| index[&format!("{farm}-{suffix}")];
        let site = SiteIx::new(s as u32);
        sites.push(Site {
            name: farm.clone(),
            key: EntityKey::of(farm),
            model: Arc::clone(model),
            first_zone: ZoneIx::new((s * zones_per_farm) as u32),
            zone_count: zones_per_farm,
            weather_station: Some(at("weather-1")),
            gateways: (1..=text.gateways.len()).map(|n| at(&format!("gw-{n}"))).collect(),
            pump: at("pump"),
            filter: at("filter"),
        });
        for (z, zone) in text.zones.iter().enumerate() {
            let name = format!("{farm}-zone-{}", z + 1);
            zones.push(Zone {
                key: EntityKey::of(&name),
                name,
                site,
                position: z,
                area_m2: zone.area_m2,
                controller: at(&format!("pump-{}", z + 1)),
                valve: at(&format!("valve-{}", z + 1)),
                probes: (1..=zone.probes).map(|p| at(&probe_number(z, p).to_string())).collect(),
            });
        }
    }
    Register { names, assets, reporting, sites, zones }
}

/// Probe ids carry the zone: 101.. in the first zone, 201.. in the second.
const fn probe_number(zone: usize, probe: u32) -> u32 {
    (zone as u32 + 1) * 100 + probe
}

fn farm_assets(text: &ScenarioText, seed: Seed, site: SiteIx, farm: &str, out: &mut Vec<Draft>) {
    let interval = text.site.report_every.0;
    let zones_per_farm = text.zones.len() as u32;
    let zone_ix = |z: usize| Some(ZoneIx::new(site.raw() * zones_per_farm + z as u32));
    let mut add = |suffix: &str, kind, zone, centre: [f32; 2], spread_m: f32, number| {
        let name = format!("{farm}-{suffix}");
        let key = EntityKey::of(&name);
        let [u, v] = seed.draws(key, Purpose::Placement).uniforms(0);
        let offset = |u: f64| (2.0 * u as f32 - 1.0) * spread_m;
        let reports = matches!(kind, AssetKind::Device(_));
        let interval = if reports { interval } else { Span::ZERO };
        let phase = seed.draws(key, Purpose::ReportPhase).uniform(0) * interval.nanos() as f64;
        let asset = Asset {
            kind,
            key,
            site,
            zone,
            position_m: [centre[0] + offset(u), centre[1] + offset(v)],
            interval,
            phase: Span::from_nanos(phase as i64),
            number,
        };
        out.push(Draft { name, asset });
    };
    for (z, zone) in text.zones.iter().enumerate() {
        // Probes stand anywhere on a square of the zone's area.
        let half_side = zone.area_m2.sqrt() as f32 / 2.0;
        for p in 1..=zone.probes {
            let number = probe_number(z, p);
            let kind = AssetKind::Device(DeviceClass::SoilProbe);
            add(&number.to_string(), kind, zone_ix(z), zone.position_m, half_side, number);
        }
        let n = z as u32 + 1;
        let kind = AssetKind::Device(DeviceClass::PumpController);
        add(&format!("pump-{n}"), kind, zone_ix(z), [0.0, 0.0], 0.0, n);
        add(&format!("valve-{n}"), AssetKind::Valve, zone_ix(z), zone.position_m, 0.0, n);
    }
    for (g, gateway) in text.gateways.iter().enumerate() {
        let n = g as u32 + 1;
        let kind = AssetKind::Device(DeviceClass::Gateway);
        add(&format!("gw-{n}"), kind, None, gateway.position_m, 0.0, n);
    }
    let kind = AssetKind::Device(DeviceClass::WeatherStation);
    add("weather-1", kind, None, [0.0, 30.0], 0.0, 1);
    add("pump", AssetKind::Pump, None, [0.0, 0.0], 0.0, 1);
    add("filter", AssetKind::Filter, None, [0.0, 0.0], 0.0, 1);
}
