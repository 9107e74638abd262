//! What can be measured: the channels that telemetry, twins and detectors name alike.

use std::fmt;

macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $unit:literal;)*) => {
        /// A measured channel. The order is the column order of the telemetry table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Metric {
            $($(#[$doc])* $variant,)*
        }

        impl Metric {
            /// All channels in column order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in payloads and tables.
            #[inline]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The unit's symbol.
            #[inline]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }
        }
    };
}

metrics! {
    /// Soil temperature at the probe, or air temperature at a weather station.
    Temperature = "temperature", "°C";
    /// Plant-available soil water: 100 (theta - wilting point)/(field capacity - wilting point).
    Humidity = "humidity", "%";
    /// Battery voltage under load.
    BatteryVoltage = "battery_v", "V";
    /// Relative humidity of the air.
    RelativeHumidity = "relative_humidity", "%";
    /// Wind speed at 2 m.
    WindSpeed = "wind_ms", "m/s";
    /// Solar radiation on a horizontal surface, mean over the interval.
    Radiation = "radiation_wm2", "W/m2";
    /// Rain that fell in the interval.
    Rain = "rain_mm", "mm";
    /// Flow through a zone's valve.
    ZoneFlow = "zone_flow_lps", "l/s";
    /// Flow through the pump.
    PumpFlow = "pump_flow_lps", "l/s";
    /// Pressure at the pump's outlet, before the filter.
    PumpPressure = "pump_pressure_kpa", "kPa";
    /// Pressure after the filter.
    FilterPressure = "filter_pressure_kpa", "kPa";
    /// Electric power of the pump's motor.
    Power = "power_kw", "kW";
    /// Frames that a gateway heard since its last report.
    FramesReceived = "rx_ok", "1";
}

impl Metric {
    /// The column index of this channel.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// How many channels there are.
    pub const COUNT: usize = Self::ALL.len();
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
