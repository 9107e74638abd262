//! The twin of a shard: batches of messages in, residual rows out.

mod close;
#[cfg(test)]
mod tests;

use crate::controller::{self, CHANNELS, Controller, Report, Sample};
use crate::error::TwinError;
use crate::freshness::{self, GATEWAYS_MAX, Path};
use crate::hydraulics::{Designs, ZONES_MAX};
use crate::mirror::{Channel, DeviceState, Mirror, Tally};
use crate::residual::ResidualRow;
use crate::site::SiteTwin;
use crate::soil::{Ground, Offset, Pace, ZoneSoil};
use crate::spec::Spec;
use crate::trend::Trend;
use crate::weather::Weather;
use crate::zone::{Settled, ZoneTwin};
use fieldmirror_core::ids::{DeviceIx, SiteIx};
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::{Register, Site, SiteModel};
use fieldmirror_core::time::{Span, Timestamp};
use std::sync::Arc;

/// The twin of one shard of farms.
///
/// Feed it every message in order of (`received_at`, device) with [`Twin::observe`], and close each
/// full hour with [`Twin::close_window`] before the messages of the next one.
#[derive(Clone, Debug)]
pub struct Twin {
    register: Arc<Register>,
    spec: Spec,
    start: Timestamp,
    /// End of the window closed last.
    window_start: Timestamp,
    /// The latest time that it was told of.
    now: Timestamp,
    /// Messages of unknown senders or of another class than the register's.
    unknown_messages: u64,
    /// Measured fields by class.
    channels: [Vec<Channel>; DeviceClass::ALL.len()],
    /// By device.
    mirrors: Vec<Mirror>,
    tallies: Vec<Tally>,
    water_offsets: Vec<Offset>,
    temperature_offsets: Vec<Offset>,
    trends: Vec<Trend>,
    /// A gateway's position on its site, by device; [`NO_SLOT`] for others.
    gateway_slots: Vec<u8>,
    sites: Vec<SiteTwin>,
    zones: Vec<ZoneTwin>,
    grounds: Vec<Ground>,
    designs: Designs,
    /// Scratch of the window's close.
    values: Vec<f64>,
}

const NO_SLOT: u8 = u8::MAX;

impl Twin {
    /// A twin that knows what the register says and has heard nothing yet.
    ///
    /// # Errors
    /// [`TwinError`] for a specification out of range, more gateways or zones on a site than the
    /// twin follows, or design values that the formulas refuse.
    pub fn new(register: Arc<Register>, start: Timestamp, spec: Spec) -> Result<Self, TwinError> {
        spec.check()?;
        let channels = DeviceClass::ALL.map(Channel::of);
        let (mut mirrors, mut cells) = (Vec::with_capacity(register.reporting), 0);
        for (device, asset) in register.iter().take(register.reporting) {
            let class = register.class(device).unwrap_or(DeviceClass::SoilProbe);
            mirrors.push(Mirror::new(class, device, asset.interval, cells as u32));
            cells += channels[class as usize].len();
        }
        let mut twin = Self {
            spec,
            start,
            window_start: start,
            now: start,
            unknown_messages: 0,
            channels,
            tallies: vec![Tally::default(); cells],
            water_offsets: vec![Offset::default(); mirrors.len()],
            temperature_offsets: vec![Offset::default(); mirrors.len()],
            trends: vec![Trend::default(); mirrors.len()],
            gateway_slots: vec![NO_SLOT; register.assets.len()],
            mirrors,
            sites: Vec::with_capacity(register.sites.len()),
            zones: Vec::with_capacity(register.zones.len()),
            grounds: Vec::new(),
            designs: Designs::default(),
            values: Vec::new(),
            register: Arc::clone(&register),
        };
        let mut grounds_of: Vec<Arc<SiteModel>> = Vec::new();
        for site in &register.sites {
            twin.add_site(site, &mut grounds_of)?;
        }
        Ok(twin)
    }

    fn add_site(
        &mut self,
        site: &Site,
        grounds_of: &mut Vec<Arc<SiteModel>>,
    ) -> Result<(), TwinError> {
        check_counts(site)?;
        let refused = |source| TwinError::Design { site: site.name.clone(), source };
        let design = self.designs.index(&site.model).map_err(refused)?;
        let known = grounds_of.iter().position(|model| Arc::ptr_eq(model, &site.model));
        let ground = match known {
            Some(ground) => ground,
            None => {
                self.grounds.push(Ground::new(&site.model).map_err(refused)?);
                grounds_of.push(Arc::clone(&site.model));
                self.grounds.len() - 1
            }
        };
        for (slot, gateway) in site.gateways.iter().enumerate() {
            self.gateway_slots[gateway.index()] = slot as u8;
        }
        let first = site.first_zone.index();
        let zones = first..first + site.zone_count;
        for zone in &self.register.zones[zones.clone()] {
            self.zones.push(ZoneTwin {
                position: zone.position,
                area_m2: zone.area_m2,
                controller_device: zone.controller,
                controller: Controller::new(self.start),
                soil: ZoneSoil::new(&self.grounds[ground]),
                settled: Settled::default(),
                expected_pct: None,
                median_pct: None,
            });
        }
        let weather = site.weather_station.map(|station| {
            let interval = self.register.assets[station.index()].interval;
            Weather::new(&site.model, interval, self.start)
        });
        self.sites.push(SiteTwin {
            weather,
            design,
            ground,
            gateways: site.gateways.clone(),
            zones,
            changed_at: None,
            silent: 0,
            hour: None,
        });
        Ok(())
    }

    /// Takes in a batch of messages of any class, in order of (`received_at`, device).
    pub fn observe(&mut self, messages: &[Message]) {
        for message in messages {
            let device = message.device().index();
            let class = message.reading.class();
            let Some(mirror) = self.mirrors.get_mut(device).filter(|m| m.class() == class) else {
                self.unknown_messages += 1;
                continue;
            };
            let slot = message.radio.as_ref().and_then(|radio| {
                self.gateway_slots.get(radio.gateway.index()).map(|&slot| usize::from(slot))
            });
            if class == DeviceClass::PumpController {
                // Its tallies hold settled samples only.
                mirror.observe(message, &[], &mut [], slot);
                self.observe_controller(message);
                continue;
            }
            let channels = &self.channels[class as usize];
            let first = mirror.first_tally as usize;
            let tallies = &mut self.tallies[first..first + channels.len()];
            mirror.observe(message, channels, tallies, slot);
            if class == DeviceClass::WeatherStation {
                self.observe_weather(message);
            }
        }
        if let Some(last) = messages.last() {
            self.now = self.now.max(last.received_at);
        }
    }

    fn observe_weather(&mut self, message: &Message) {
        let device = message.device();
        let site = self.register.assets[device.index()].site;
        // A second station of a site is mirrored, but the first one drives the balance.
        if self.register.sites[site.index()].weather_station == Some(device)
            && let Some(weather) = &mut self.sites[site.index()].weather
        {
            weather.observe(&message.reading, message.received_at);
        }
    }

    fn observe_controller(&mut self, message: &Message) {
        let device = message.device();
        let asset = &self.register.assets[device.index()];
        let Some(zone) = asset.zone.map(|zone| zone.index()) else { return };
        if self.zones[zone].controller_device != device {
            return;
        }
        let (at, settle, hold) = (message.received_at, self.spec.settle, self.spec.flow_hold);
        let on = controller::says_on(&message.reading);
        let raw = controller::raw_channels(&message.reading);
        let zone_flow_lps = message.reading.value(controller::FIRST_CHANNEL);
        let report = self.zones[zone].controller.observe(on, zone_flow_lps, at, hold);
        let site = asset.site.index();
        let changed_at = self.sites[site].changed_at;
        match report {
            Report::Change => {
                self.sites[site].changed_at = Some(at);
                for neighbour in self.sites[site].zones.clone() {
                    self.commit(site, neighbour, at);
                    self.zones[neighbour].controller.unsettle();
                }
            }
            Report::Same { since } if on => {
                self.commit(site, zone, at);
                let steady =
                    changed_at.is_none_or(|changed| changed <= since && changed + settle <= at);
                if steady {
                    let open = self.open_zones(site, at);
                    self.zones[zone].controller.wait(Sample { at, open, raw });
                }
            }
            Report::Same { .. } => {}
        }
    }

    /// The zones of a site whose controllers are known to be ON, as bits by position.
    fn open_zones(&self, site: usize, now: Timestamp) -> u64 {
        let zones = &self.zones[self.sites[site].zones.clone()];
        let on = zones.iter().filter(|zone| zone.controller.is_on(now, self.spec.flow_hold));
        on.fold(0, |open, zone| open | 1 << zone.position)
    }

    /// Counts the waiting sample of a zone's controller, if it has settled.
    fn commit(&mut self, site: usize, zone: usize, now: Timestamp) {
        let zone = &mut self.zones[zone];
        let Some(sample) = zone.controller.settled(now, self.spec.settle) else { return };
        let first = self.mirrors[zone.controller_device.index()].first_tally as usize;
        for (channel, tally) in self.tallies[first..first + CHANNELS].iter_mut().enumerate() {
            let raw = sample.raw[channel];
            let repeats = zone.settled.last_raw.is_some_and(|last| last[channel] == raw);
            tally.add(raw, repeats, zone.settled.samples == 0);
        }
        zone.settled.last_raw = Some(sample.raw);
        let nominal = self.designs.state(self.sites[site].design, sample.open);
        zone.settled.add(nominal, zone.position, sample.open);
    }

    /// The mirror of `device` as of the latest time that the twin was told of; `None` for
    /// equipment, which does not report.
    pub fn state_of(&self, device: DeviceIx) -> Option<DeviceState> {
        let mirror = self.mirrors.get(device.index())?;
        let site = self.register.assets[device.index()].site;
        let silent = self.silent_gateways(site, self.now);
        let (age, state) = self.judge(mirror, site, silent, self.now);
        Some(DeviceState {
            device,
            reading: mirror.reading(),
            sampled_at: mirror.sampled_at(),
            received_at: mirror.received_at(),
            reports: mirror.reports(),
            age,
            state,
            gateway: self.usual_gateway(mirror, site),
        })
    }

    /// The latest time that the twin was told of.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// How many messages came from senders that the register does not know, or with a payload of
    /// another class. They changed nothing else.
    pub const fn unknown_messages(&self) -> u64 {
        self.unknown_messages
    }

    /// Closes the window that ends at `window_end` and appends its rows to `out`, in order of
    /// (device, metric).
    ///
    /// Rows of pump metrics come only for hours with settled samples, or while the controller is
    /// overdue. A pump sample becomes sure one settling time after it was taken and counts in the
    /// window in which it does. A window that does not end after the one before yields nothing.
    pub fn close_window(&mut self, window_end: Timestamp, out: &mut Vec<ResidualRow>) {
        if window_end <= self.window_start {
            return;
        }
        self.now = self.now.max(window_end);
        for site in 0..self.sites.len() {
            self.close_site(site, window_end);
        }
        for device in 0..self.mirrors.len() {
            self.close_device(DeviceIx::new(device as u32), window_end, out);
        }
        for zone in &mut self.zones {
            zone.settled.open_window();
        }
        self.window_start = window_end;
    }

    /// Bits of the site's gateways that are overdue at `now`.
    fn silent_gateways(&self, site: SiteIx, now: Timestamp) -> u8 {
        let gateways = self.sites[site.index()].gateways.iter().enumerate();
        gateways.fold(0, |silent, (slot, gateway)| {
            let mirror = &self.mirrors[gateway.index()];
            let (_, state) =
                freshness::judge(mirror, Path::Gateway, self.spec.stale_intervals, self.start, now);
            silent | u8::from(state != freshness::Freshness::Fresh) << slot
        })
    }

    fn judge(
        &self,
        mirror: &Mirror,
        site: SiteIx,
        silent: u8,
        now: Timestamp,
    ) -> (Span, freshness::Freshness) {
        let path = match mirror.class() {
            DeviceClass::Gateway => Path::Gateway,
            DeviceClass::PumpController => Path::Client,
            DeviceClass::SoilProbe | DeviceClass::WeatherStation => {
                Path::Radio { silent, count: self.sites[site.index()].gateways.len() }
            }
        };
        freshness::judge(mirror, path, self.spec.stale_intervals, self.start, now)
    }

    fn usual_gateway(&self, mirror: &Mirror, site: SiteIx) -> Option<DeviceIx> {
        let slot = mirror.hearing().usual()?;
        self.sites[site.index()].gateways.get(slot).copied()
    }

    fn pace(&self) -> Pace {
        Pace {
            learning_h: self.spec.bias_learning.hours() as f32,
            memory_h: self.spec.bias_memory.hours() as f32,
        }
    }
}

fn check_counts(site: &Site) -> Result<(), TwinError> {
    let designed = site.model.hydraulics.zone_elevation_m.len();
    for (what, count, limit) in
        [("gateways", site.gateways.len(), GATEWAYS_MAX), ("zones", site.zone_count, ZONES_MAX)]
    {
        if count > limit {
            return Err(TwinError::TooMany { site: site.name.clone(), what, count, limit });
        }
    }
    if site.zone_count != designed {
        let (site, zones) = (site.name.clone(), site.zone_count);
        return Err(TwinError::ZoneCount { site, zones, designed });
    }
    Ok(())
}
