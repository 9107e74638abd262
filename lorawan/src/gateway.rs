//! Reception: which frames of a farm's devices its gateways receive, and why the others are lost.
//!
//! One [`Radio`] holds all gateways of a farm and one short list of frames on air. Frames come in
//! order of their start, a window at a time; a verdict falls when a frame's end has passed, so a
//! frame that overlaps the edge of a window is held until a later one. Every frame gets exactly one
//! verdict.

#[cfg(test)]
mod tests;

use crate::{
    error::Error,
    interference::{Capture, Energies, Isolation, milliwatts},
    link,
    spreading::{SPREADING_FACTORS, SpreadingFactor},
};

/// Most gateways of one farm.
pub const GATEWAYS_MAX: usize = 4;

/// Demodulators of an SX1301 gateway.
///
/// # Source
/// Semtech SX1301 datasheet: eight LoRa demodulators.
pub const SX1301_DEMODULATORS: u32 = 8;

/// Most frames on air at once; a further one is lost as [`Loss::NoDemodulator`] without
/// interfering.
pub const ON_AIR_MAX: usize = 65_536;

/// A frame that a device sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// What the caller knows it by; comes back with the verdict.
    pub tag: u64,
    /// First moment on air, ns.
    pub start_ns: i64,
    /// First moment after it, ns.
    pub end_ns: i64,
    /// Channel; equal numbers share a frequency.
    pub channel: u8,
    /// Spreading factor.
    pub sf: SpreadingFactor,
    /// Power at each gateway, dBm; entries beyond the number of gateways are not read.
    pub rssi_dbm: [f64; GATEWAYS_MAX],
}

/// Why a frame was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Loss {
    /// Too weak to be heard.
    BelowSensitivity = 0,
    /// Destroyed by others on its channel.
    Collision = 1,
    /// All demodulators were busy when it began.
    NoDemodulator = 2,
    /// The gateway was not running.
    GatewayDown = 3,
}

impl Loss {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 4] =
        [Self::BelowSensitivity, Self::Collision, Self::NoDemodulator, Self::GatewayDown];

    /// Name in tables and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BelowSensitivity => "below_sensitivity",
            Self::Collision => "collision",
            Self::NoDemodulator => "no_demodulator",
            Self::GatewayDown => "gateway_down",
        }
    }
}

/// How a gateway heard a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Received {
    /// Index of the gateway in its farm.
    pub gateway: usize,
    /// Received power, dBm.
    pub rssi_dbm: f64,
    /// Signal to noise ratio, dB.
    pub snr_db: f64,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// The frame.
    pub frame: Frame,
    /// One bit for each gateway that received it.
    pub received_by: u8,
    /// Why it was lost: the reason of the gateway that heard it strongest; none if any gateway
    /// received it.
    pub loss: Option<Loss>,
    noise_floor_dbm: f64,
}

impl Verdict {
    /// Whether any gateway received it.
    pub fn is_delivered(&self) -> bool {
        self.received_by != 0
    }

    /// The gateways that received it, by index.
    pub fn copies(&self) -> impl Iterator<Item = Received> + '_ {
        (0..GATEWAYS_MAX).filter(|g| self.received_by >> g & 1 == 1).map(|gateway| {
            let rssi_dbm = self.frame.rssi_dbm[gateway];
            Received { gateway, rssi_dbm, snr_db: rssi_dbm - self.noise_floor_dbm }
        })
    }

    /// The strongest copy; of equal ones that of the first gateway.
    pub fn best(&self) -> Option<Received> {
        self.copies().reduce(|best, copy| if copy.rssi_dbm > best.rssi_dbm { copy } else { best })
    }
}

/// What a farm's gateways are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadioSpec {
    /// Number of gateways, 1 to [`GATEWAYS_MAX`].
    pub gateways: usize,
    /// Demodulators of each gateway.
    pub demodulators: u32,
    /// Weakest power heard, dBm, SF7 to SF12.
    pub sensitivity_dbm: [f64; SPREADING_FACTORS],
    /// Noise at the receivers, dBm.
    pub noise_floor_dbm: f64,
    /// What frames do to each other.
    pub isolation: Isolation,
}

impl RadioSpec {
    /// SX1301 gateways with the Goursaud matrix.
    ///
    /// # Source
    /// Sensitivities of the ns-3 lorawan module, eight demodulators, noise figure 6 dB in 125 kHz.
    pub fn sx1301(gateways: usize) -> Self {
        Self {
            gateways,
            demodulators: SX1301_DEMODULATORS,
            sensitivity_dbm: link::SX1301_SENSITIVITY_DBM,
            noise_floor_dbm: link::noise_floor_dbm(
                crate::airtime::BANDWIDTH_125_HZ,
                link::NOISE_FIGURE_DB,
            ),
            isolation: Isolation::Goursaud,
        }
    }
}

/// All gateways of a farm.
#[derive(Debug, Clone, PartialEq)]
pub struct Radio {
    spec: RadioSpec,
    capture: Capture,
    is_down: [bool; GATEWAYS_MAX],
    /// Demodulators in use, for each gateway.
    held: [u32; GATEWAYS_MAX],
    /// Frames whose end has not passed.
    on_air: Vec<OnAir>,
    /// Everything before this moment has been fed, ns.
    fed_until_ns: i64,
    fed: u64,
    overflowed: u64,
}

/// A frame on air and what befell it so far.
#[derive(Debug, Clone, Copy, PartialEq)]
struct OnAir {
    frame: Frame,
    /// Order of feeding; settles equal ends.
    order: u64,
    /// One bit for each gateway whose demodulator it holds.
    holds: u8,
    /// Why each gateway lost it, unless interference decides.
    losses: [Option<Loss>; GATEWAYS_MAX],
    is_interfered: bool,
    power_mw: [f64; GATEWAYS_MAX],
    /// Interference at each gateway; meaningful once `is_interfered`.
    energies: [Energies; GATEWAYS_MAX],
}

impl Radio {
    /// Gateways that run and hear nothing yet.
    ///
    /// # Errors
    /// [`Error::GatewayCount`] unless there are 1 to [`GATEWAYS_MAX`].
    pub fn new(spec: RadioSpec) -> Result<Self, Error> {
        if !(1..=GATEWAYS_MAX).contains(&spec.gateways) {
            return Err(Error::GatewayCount { given: spec.gateways, max: GATEWAYS_MAX });
        }
        Ok(Self {
            spec,
            capture: Capture::new(spec.isolation),
            is_down: [false; GATEWAYS_MAX],
            held: [0; GATEWAYS_MAX],
            on_air: Vec::new(),
            fed_until_ns: i64::MIN,
            fed: 0,
            overflowed: 0,
        })
    }

    /// Takes a gateway out of service or puts it back. A frame is lost to it if it is down when the
    /// frame begins or at any change before the frame ends.
    ///
    /// # Panics
    /// If the farm has no such gateway.
    pub fn set_down(&mut self, gateway: usize, is_down: bool) {
        assert!(gateway < self.spec.gateways, "no gateway {gateway} in this farm");
        self.is_down[gateway] = is_down;
        if is_down {
            for entry in &mut self.on_air {
                entry.losses[gateway] = Some(Loss::GatewayDown);
            }
        }
    }

    /// Feeds the frames that start before `until_ns` and after those of earlier windows, and
    /// appends the verdict of every frame that has ended by `until_ns`, in order of their ends (of
    /// equal ends, of their starts).
    ///
    /// A frame that begins exactly when another ends does not touch it.
    ///
    /// # Errors
    /// [`Error::OutOfOrder`] and [`Error::OutsideWindow`]; nothing has been fed then.
    pub fn window(
        &mut self,
        frames: &[Frame],
        until_ns: i64,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Error> {
        self.check(frames, until_ns)?;
        for frame in frames {
            self.settle(frame.start_ns, verdicts);
            self.feed(frame, verdicts);
        }
        self.settle(until_ns, verdicts);
        self.fed_until_ns = self.fed_until_ns.max(until_ns);
        Ok(())
    }

    /// Appends the verdicts of all frames that are still on air, as if nothing followed.
    pub fn finish(&mut self, verdicts: &mut Vec<Verdict>) {
        self.settle(i64::MAX, verdicts);
    }

    /// Number of frames without a verdict.
    pub fn undecided(&self) -> usize {
        self.on_air.len()
    }

    /// Moment at which the next verdict falls if nothing is fed, ns.
    pub fn next_deadline_ns(&self) -> Option<i64> {
        self.on_air.iter().map(|entry| entry.frame.end_ns).min()
    }

    /// How many frames met [`ON_AIR_MAX`].
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// The gateways' constants.
    pub fn spec(&self) -> &RadioSpec {
        &self.spec
    }

    fn check(&self, frames: &[Frame], until_ns: i64) -> Result<(), Error> {
        let mut last_ns = self.fed_until_ns;
        for (index, &Frame { start_ns, end_ns, .. }) in frames.iter().enumerate() {
            if start_ns < last_ns {
                return Err(Error::OutOfOrder { index, start_ns, last_ns });
            }
            if start_ns >= until_ns || end_ns <= start_ns {
                return Err(Error::OutsideWindow { index, start_ns, end_ns, until_ns });
            }
            last_ns = start_ns;
        }
        Ok(())
    }

    fn feed(&mut self, frame: &Frame, verdicts: &mut Vec<Verdict>) {
        let mut entry = OnAir {
            frame: *frame,
            order: self.fed,
            holds: 0,
            losses: [None; GATEWAYS_MAX],
            is_interfered: false,
            power_mw: [0.0; GATEWAYS_MAX],
            energies: [[0.0; SPREADING_FACTORS]; GATEWAYS_MAX],
        };
        self.fed += 1;
        if self.on_air.len() == ON_AIR_MAX {
            self.overflowed += 1;
            entry.losses = [Some(Loss::NoDemodulator); GATEWAYS_MAX];
            verdicts.push(self.verdict(&entry));
            return;
        }
        for gateway in 0..self.spec.gateways {
            entry.losses[gateway] = self.admit(frame, gateway);
            if entry.losses[gateway].is_none() {
                self.held[gateway] += 1;
                entry.holds |= 1 << gateway;
            }
        }
        if !self.capture.is_off() {
            for other in &mut self.on_air {
                if other.frame.channel == frame.channel {
                    interfere(other, &mut entry, self.spec.gateways);
                }
            }
        }
        self.on_air.push(entry);
    }

    /// Whether a gateway has a demodulator for a frame that begins, or why not.
    fn admit(&self, frame: &Frame, gateway: usize) -> Option<Loss> {
        if self.is_down[gateway] {
            Some(Loss::GatewayDown)
        } else if frame.rssi_dbm[gateway] < self.spec.sensitivity_dbm[frame.sf.index()] {
            Some(Loss::BelowSensitivity)
        } else if self.held[gateway] >= self.spec.demodulators {
            Some(Loss::NoDemodulator)
        } else {
            None
        }
    }

    /// Gives every frame that has ended by `now_ns` its verdict.
    fn settle(&mut self, now_ns: i64, verdicts: &mut Vec<Verdict>) {
        loop {
            let next = self
                .on_air
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.frame.end_ns <= now_ns)
                .min_by_key(|(_, entry)| (entry.frame.end_ns, entry.order))
                .map(|(i, _)| i);
            let Some(i) = next else {
                return;
            };
            let entry = self.on_air.swap_remove(i);
            for gateway in 0..self.spec.gateways {
                self.held[gateway] -= u32::from(entry.holds >> gateway & 1);
            }
            verdicts.push(self.verdict(&entry));
        }
    }

    fn verdict(&self, entry: &OnAir) -> Verdict {
        let mut received_by = 0;
        let mut strongest: Option<(f64, Loss)> = None;
        for gateway in 0..self.spec.gateways {
            let loss = entry.losses[gateway].or_else(|| self.collision(entry, gateway));
            let rssi_dbm = entry.frame.rssi_dbm[gateway];
            match loss {
                None => received_by |= 1 << gateway,
                Some(loss) if strongest.is_none_or(|(best, _)| rssi_dbm > best) => {
                    strongest = Some((rssi_dbm, loss));
                }
                Some(_) => {}
            }
        }
        Verdict {
            frame: entry.frame,
            received_by,
            loss: if received_by == 0 { strongest.map(|(_, loss)| loss) } else { None },
            noise_floor_dbm: self.spec.noise_floor_dbm,
        }
    }

    fn collision(&self, entry: &OnAir, gateway: usize) -> Option<Loss> {
        if !entry.is_interfered {
            return None;
        }
        let frame = &entry.frame;
        let energy = entry.power_mw[gateway] * (frame.end_ns - frame.start_ns) as f64;
        let survives = self.capture.survives(frame.sf, energy, &entry.energies[gateway]);
        (!survives).then_some(Loss::Collision)
    }
}

/// Lets two frames that overlap on one channel fall into each other; `second` begins last.
fn interfere(first: &mut OnAir, second: &mut OnAir, gateways: usize) {
    let overlap_ns = (first.frame.end_ns.min(second.frame.end_ns) - second.frame.start_ns) as f64;
    for entry in [&mut *first, &mut *second] {
        if !entry.is_interfered {
            entry.is_interfered = true;
            for gateway in 0..gateways {
                entry.power_mw[gateway] = milliwatts(entry.frame.rssi_dbm[gateway]);
            }
        }
    }
    for gateway in 0..gateways {
        first.energies[gateway][second.frame.sf.index()] += second.power_mw[gateway] * overlap_ns;
        second.energies[gateway][first.frame.sf.index()] += first.power_mw[gateway] * overlap_ns;
    }
}
