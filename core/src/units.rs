//! Units as types: a pressure cannot be passed where a temperature is wanted.

use std::fmt;

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $symbol:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            /// The unit's symbol.
            pub const SYMBOL: &'static str = $symbol;

            /// The quantity of `value` in this unit.
            #[inline]
            pub const fn new(value: f64) -> Self {
                Self(value)
            }

            /// The number, in this unit.
            #[inline]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if let Some(digits) = f.precision() {
                    write!(f, "{:.*} {}", digits, self.0, $symbol)
                } else {
                    write!(f, "{} {}", self.0, $symbol)
                }
            }
        }
    };
}

unit! {
    /// Temperature in degrees Celsius.
    Celsius, "°C"
}
unit! {
    /// Pressure in kilopascals, relative to the atmosphere unless said otherwise.
    Kilopascals, "kPa"
}
unit! {
    /// A depth of water in millimetres, that is litres a square metre.
    Millimetres, "mm"
}
unit! {
    /// Length in metres; also a head of water.
    Metres, "m"
}
unit! {
    /// Volume flow in litres a second.
    LitresPerSecond, "l/s"
}
unit! {
    /// Power in kilowatts.
    Kilowatts, "kW"
}
unit! {
    /// Radio power relative to a milliwatt.
    Dbm, "dBm"
}
unit! {
    /// A ratio in decibels.
    Decibels, "dB"
}
unit! {
    /// Electric potential in volts.
    Volts, "V"
}
unit! {
    /// Soil water as a volume fraction, cubic metres of water a cubic metre of soil.
    VolumetricWater, "m3/m3"
}
unit! {
    /// A share in percent.
    Percent, "%"
}

impl Metres {
    /// The pressure of this head of water at `9.80665` m/s2 and 1000 kg/m3.
    #[inline]
    pub fn to_kilopascals(self) -> Kilopascals {
        Kilopascals::new(self.0 * 9.806_65)
    }
}

impl Kilopascals {
    /// The head of water with this pressure.
    #[inline]
    pub fn to_metres(self) -> Metres {
        Metres::new(self.0 / 9.806_65)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_pressure_convert_both_ways() {
        let p = Metres::new(35.0).to_kilopascals();
        assert!((p.to_metres().get() - 35.0).abs() < 1e-12, "m");
        assert_eq!(format!("{p:.1}"), "343.2 kPa");
    }
}
