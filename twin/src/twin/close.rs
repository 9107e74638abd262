//! Closing a window: the models move on by it, then every device is compared with them.

use super::Twin;
use crate::controller::CHANNELS;
use crate::freshness::Freshness;
use crate::mirror::{Channel, Statistics};
use crate::residual::ResidualRow;
use crate::soil::{self, TEMPERATURE_FAULT_K, WATER_FAULT_PCT};
use fieldmirror_core::ids::{DeviceIx, SiteIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::Timestamp;

/// Position of soil temperature among a probe's channels.
const TEMPERATURE: usize = 0;

/// Position of available water among a probe's channels.
const WATER: usize = 1;

/// Samples of a window from which a constant is taken for a stuck value and not learned from.
const STUCK_SAMPLES: u32 = 3;

impl Twin {
    /// Moves weather, network and soil of a site on to the end of the window.
    pub(super) fn close_site(&mut self, site: usize, window_end: Timestamp) {
        let hours = (window_end - self.window_start).hours();
        self.sites[site].silent = self.silent_gateways(SiteIx::new(site as u32), window_end);
        let start = self.window_start;
        let weather = &mut self.sites[site].weather;
        let hour = weather.as_mut().and_then(|weather| weather.close(start, window_end));
        let demand = weather.as_ref().map(|weather| weather.demand());
        self.sites[site].hour = hour;
        for zone in self.sites[site].zones.clone() {
            self.commit(site, zone, window_end);
            let (ground, hold) = (&self.grounds[self.sites[site].ground], self.spec.flow_hold);
            let twin = &mut self.zones[zone];
            // A litre on a square metre stands a millimetre deep.
            let gross_mm = twin.controller.take_volume(window_end, hold) / twin.area_m2;
            twin.expected_pct = hour.zip(demand).map(|(hour, demand)| {
                twin.soil.advance(ground, start, &demand, hour.et0_mm, hour.rain_mm, gross_mm)
            });
            self.correct_zone(zone, hours);
        }
    }

    /// Finds what the probes of a zone have in common and pulls the balance towards it.
    fn correct_zone(&mut self, zone: usize, hours: f64) {
        let water = self.channels[DeviceClass::SoilProbe as usize][WATER];
        self.values.clear();
        for probe in &self.register.zones[zone].probes {
            let mirror = &self.mirrors[probe.index()];
            let tally = &self.tallies[mirror.first_tally as usize + WATER];
            if let Some(found) = tally.statistics(&water, mirror.samples()) {
                self.values.push(found.mean - self.water_offsets[probe.index()].get());
            }
        }
        let twin = &mut self.zones[zone];
        twin.median_pct = soil::median(&mut self.values);
        if let (Some(observed_pct), Some(expected_pct)) = (twin.median_pct, twin.expected_pct) {
            twin.soil.correct(observed_pct, expected_pct, hours, self.spec.assimilation);
        }
    }

    /// Appends the rows of a device and opens its next window.
    pub(super) fn close_device(
        &mut self,
        device: DeviceIx,
        window_end: Timestamp,
        out: &mut Vec<ResidualRow>,
    ) {
        let mirror = &self.mirrors[device.index()];
        let (class, samples) = (mirror.class(), mirror.samples());
        let asset = &self.register.assets[device.index()];
        let (site, zone) = (asset.site, asset.zone.map(|zone| zone.index()));
        let silent = self.sites[site.index()].silent;
        let (freshness, state) = self.judge(mirror, site, silent, window_end);
        let row = ResidualRow {
            time: window_end,
            device,
            metric: Metric::Temperature,
            observed: None,
            expected: None,
            residual: None,
            observed_sd: None,
            observed_min: None,
            observed_max: None,
            samples,
            repeats: 0,
            freshness,
            state,
            gateway: self.usual_gateway(mirror, site),
            context: 0.0,
        };
        match (class, zone) {
            (DeviceClass::SoilProbe, Some(zone)) => self.probe_rows(row, site, zone, out),
            (DeviceClass::PumpController, Some(zone)) => self.controller_rows(row, zone, out),
            _ => self.other_rows(row, class, out),
        }
        self.mirrors[device.index()].open_window();
    }

    fn statistics(&self, device: DeviceIx, channel: usize, samples: u32) -> Observed {
        let mirror = &self.mirrors[device.index()];
        let channel_of = self.channels[mirror.class() as usize][channel];
        let tally = &self.tallies[mirror.first_tally as usize + channel];
        Observed {
            channel: channel_of,
            statistics: tally.statistics(&channel_of, samples),
            samples,
            repeats: tally.repeats(samples),
        }
    }

    fn probe_rows(
        &mut self,
        row: ResidualRow,
        site: SiteIx,
        zone: usize,
        out: &mut Vec<ResidualRow>,
    ) {
        let (device, pace) = (row.device.index(), self.pace());
        let hours = (row.time - self.window_start).hours();

        let observed = self.statistics(row.device, TEMPERATURE, row.samples);
        let soil_c = self.sites[site.index()].hour.and_then(|hour| hour.soil_c);
        let offset = &mut self.temperature_offsets[device];
        out.push(observed.row(row, soil_c.map(|common| common + offset.get())));
        if let (Some(mean), Some(common)) = (observed.trusted_mean(), soil_c) {
            offset.learn(mean - common, hours, &pace, TEMPERATURE_FAULT_K);
        }

        let observed = self.statistics(row.device, WATER, row.samples);
        let zone = &self.zones[zone];
        let offset = &mut self.water_offsets[device];
        out.push(observed.row(row, zone.expected_pct.map(|common| common + offset.get())));
        if let (Some(mean), Some(common)) = (observed.trusted_mean(), zone.median_pct) {
            offset.learn(mean - common, hours, &pace, WATER_FAULT_PCT);
        }

        self.trend_row(row, WATER + 1, out);
    }

    fn controller_rows(&self, row: ResidualRow, zone: usize, out: &mut Vec<ResidualRow>) {
        let settled = &self.zones[zone].settled;
        if settled.samples == 0 && row.state == Freshness::Fresh {
            return;
        }
        for channel in 0..CHANNELS {
            let observed = self.statistics(row.device, channel, settled.samples);
            let row = ResidualRow { context: settled.context(), ..row };
            out.push(observed.row(row, settled.expected(channel)));
        }
    }

    /// Rows of a weather station, whose weather nothing on paper predicts, or of a gateway.
    fn other_rows(&mut self, row: ResidualRow, class: DeviceClass, out: &mut Vec<ResidualRow>) {
        for channel in 0..self.channels[class as usize].len() {
            let metric = self.channels[class as usize][channel].metric;
            if matches!(metric, Metric::BatteryVoltage | Metric::FramesReceived) {
                self.trend_row(row, channel, out);
            } else {
                out.push(self.statistics(row.device, channel, row.samples).row(row, None));
            }
        }
    }

    fn trend_row(&mut self, row: ResidualRow, channel: usize, out: &mut Vec<ResidualRow>) {
        let hours = (row.time - self.window_start).hours();
        let observed = self.statistics(row.device, channel, row.samples);
        let trend = &mut self.trends[row.device.index()];
        out.push(observed.row(row, trend.advance(hours)));
        if let Some(found) = observed.statistics {
            trend.learn(found.mean);
        }
    }
}

/// A channel over the closed window.
struct Observed {
    channel: Channel,
    statistics: Option<Statistics>,
    samples: u32,
    repeats: u32,
}

impl Observed {
    fn row(&self, row: ResidualRow, expected: Option<f64>) -> ResidualRow {
        let observed = self.statistics.map(|found| found.mean);
        ResidualRow {
            metric: self.channel.metric,
            observed,
            expected,
            residual: observed.zip(expected).map(|(observed, expected)| observed - expected),
            observed_sd: self.statistics.map(|found| found.sd),
            observed_min: self.statistics.map(|found| found.min),
            observed_max: self.statistics.map(|found| found.max),
            samples: self.samples,
            repeats: self.repeats,
            ..row
        }
    }

    /// The mean, unless every sample repeats its predecessor.
    fn trusted_mean(&self) -> Option<f64> {
        let stuck = self.samples >= STUCK_SAMPLES && self.repeats == self.samples;
        self.statistics.filter(|_| !stuck).map(|found| found.mean)
    }
}
