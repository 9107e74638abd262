//! Schema-shaped readings: a payload as typed decimals, rendered to JSON only when somebody asks.
//!
//! A device class has one [`Schema`]: its fields in payload order. A [`Reading`] holds the raw
//! integers, so that JSON text, `f64` value and table column are exact images of each other:
//! `raw / 10^scale` with scale <= 22 is the correctly rounded decimal, which is what a correct
//! JSON parser returns for the printed text.

use crate::ids::{DeviceIx, Names};
use crate::metric::Metric;

/// The most fields that a schema may have.
pub const FIELDS_MAX: usize = 8;

/// What kind of device sends a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DeviceClass {
    /// A battery-powered soil probe on LoRaWAN.
    SoilProbe,
    /// A weather station on LoRaWAN.
    WeatherStation,
    /// The controller of one zone's valve and of the shared pump; an MQTT client on mains power.
    PumpController,
    /// A LoRaWAN gateway with its own backhaul.
    Gateway,
}

impl DeviceClass {
    /// All classes.
    pub const ALL: [Self; 4] =
        [Self::SoilProbe, Self::WeatherStation, Self::PumpController, Self::Gateway];

    /// The name in tables.
    #[inline]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SoilProbe => "soil_probe",
            Self::WeatherStation => "weather_station",
            Self::PumpController => "pump_controller",
            Self::Gateway => "gateway",
        }
    }

    /// The payload's shape.
    #[inline]
    pub const fn schema(self) -> &'static Schema {
        match self {
            Self::SoilProbe => &SOIL_PROBE,
            Self::WeatherStation => &WEATHER_STATION,
            Self::PumpController => &PUMP_CONTROLLER,
            Self::Gateway => &GATEWAY,
        }
    }
}

/// How a field's raw integer is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// The sender's name; the raw integer is its [`DeviceIx`].
    Device,
    /// The decimal `raw / 10^scale`.
    Decimal {
        /// Digits after the point, at most 9.
        scale: u8,
    },
    /// One of a few words; the raw integer is the position.
    Word(&'static [&'static str]),
}

/// One field of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The JSON key.
    pub name: &'static str,
    /// How to read the raw integer.
    pub kind: FieldKind,
    /// The channel it measures, if it is a measurement.
    pub metric: Option<Metric>,
    /// Bytes in a radio frame, two's complement, most significant first; 0 if not sent (the network
    /// server knows the sender).
    pub frame_bytes: u8,
}

/// The fields of a device class's payload, in payload order.
#[derive(Debug, PartialEq, Eq)]
pub struct Schema {
    /// The class that sends it.
    pub class: DeviceClass,
    /// At most [`FIELDS_MAX`] fields.
    pub fields: &'static [Field],
}

const fn device() -> Field {
    Field { name: "device", kind: FieldKind::Device, metric: None, frame_bytes: 0 }
}

const fn channel(metric: Metric, scale: u8) -> Field {
    Field {
        name: metric.name(),
        kind: FieldKind::Decimal { scale },
        metric: Some(metric),
        frame_bytes: 2,
    }
}

const fn timestamp() -> Field {
    Field {
        name: "timestamp",
        kind: FieldKind::Decimal { scale: 0 },
        metric: None,
        // Milliseconds since 1970 fit 48 bits until the year 10889.
        frame_bytes: 6,
    }
}

static SOIL_PROBE: Schema = Schema {
    class: DeviceClass::SoilProbe,
    fields: &[
        device(),
        channel(Metric::Temperature, 1),
        channel(Metric::Humidity, 1),
        timestamp(),
        channel(Metric::BatteryVoltage, 3),
    ],
};

static WEATHER_STATION: Schema = Schema {
    class: DeviceClass::WeatherStation,
    fields: &[
        device(),
        channel(Metric::Temperature, 2),
        channel(Metric::RelativeHumidity, 1),
        channel(Metric::WindSpeed, 1),
        channel(Metric::Radiation, 0),
        channel(Metric::Rain, 1),
        timestamp(),
        channel(Metric::BatteryVoltage, 3),
    ],
};

static PUMP_CONTROLLER: Schema = Schema {
    class: DeviceClass::PumpController,
    fields: &[
        device(),
        Field {
            name: "state",
            kind: FieldKind::Word(&["OFF", "ON"]),
            metric: None,
            frame_bytes: 1,
        },
        channel(Metric::ZoneFlow, 3),
        channel(Metric::PumpFlow, 3),
        channel(Metric::PumpPressure, 1),
        channel(Metric::FilterPressure, 1),
        channel(Metric::Power, 3),
        timestamp(),
    ],
};

static GATEWAY: Schema = Schema {
    class: DeviceClass::Gateway,
    fields: &[device(), channel(Metric::FramesReceived, 0), timestamp()],
};

impl Schema {
    /// The position of the field called `name`.
    #[inline]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The position of the field that measures `metric`.
    #[inline]
    pub fn channel(&self, metric: Metric) -> Option<usize> {
        self.fields.iter().position(|field| field.metric == Some(metric))
    }
}

/// The longest binary payload of any class, in bytes.
pub const FRAME_BYTES_MAX: usize = 24;

/// A LoRaWAN application payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramePayload {
    bytes: [u8; FRAME_BYTES_MAX],
    len: u8,
}

impl FramePayload {
    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// One payload as raw integers in the order of its class's [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    class: DeviceClass,
    raw: [i64; FIELDS_MAX],
}

/// Powers of ten that are exact in `f64`.
const POWERS_OF_TEN: [f64; 10] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

impl Reading {
    /// A reading of `class` by `device`, with all other fields zero.
    #[inline]
    pub const fn new(class: DeviceClass, device: DeviceIx) -> Self {
        let mut raw = [0; FIELDS_MAX];
        raw[0] = device.raw() as i64;
        Self { class, raw }
    }

    /// The sender's class.
    #[inline]
    pub const fn class(&self) -> DeviceClass {
        self.class
    }

    /// The sender.
    #[inline]
    pub const fn device(&self) -> DeviceIx {
        DeviceIx::new(self.raw[0] as u32)
    }

    /// The raw integer of field `position`.
    #[inline]
    pub const fn raw(&self, position: usize) -> i64 {
        self.raw[position]
    }

    /// Sets the raw integer of field `position`.
    #[inline]
    pub const fn set_raw(&mut self, position: usize, raw: i64) {
        self.raw[position] = raw;
    }

    /// Sets field `position` to the decimal nearest `value`, ties away from zero.
    #[inline]
    pub fn set(&mut self, position: usize, value: f64) {
        let FieldKind::Decimal { scale } = self.class.schema().fields[position].kind else {
            debug_assert!(false, "field {position} is no decimal");
            return;
        };
        self.raw[position] = (value * POWERS_OF_TEN[scale as usize]).round() as i64;
    }

    /// The value of field `position`: the decimal, or the position of the word.
    #[inline]
    pub fn value(&self, position: usize) -> f64 {
        match self.class.schema().fields[position].kind {
            FieldKind::Decimal { scale } => {
                self.raw[position] as f64 / POWERS_OF_TEN[scale as usize]
            }
            FieldKind::Device | FieldKind::Word(_) => self.raw[position] as f64,
        }
    }

    /// The value of the field that measures `metric`, if this class has one.
    #[inline]
    pub fn metric(&self, metric: Metric) -> Option<f64> {
        self.class.schema().channel(metric).map(|position| self.value(position))
    }

    /// The binary form that a LoRaWAN device sends: each field's raw integer in its
    /// [`Field::frame_bytes`], most significant byte first. A value beyond its field saturates.
    pub fn encode(&self) -> FramePayload {
        let mut payload = FramePayload { bytes: [0; FRAME_BYTES_MAX], len: 0 };
        for (field, raw) in self.class.schema().fields.iter().zip(self.raw) {
            let width = usize::from(field.frame_bytes);
            if width == 0 {
                continue;
            }
            let largest = (1_i64 << (8 * width - 1)) - 1;
            let bytes = raw.clamp(-largest - 1, largest).to_be_bytes();
            let at = usize::from(payload.len);
            payload.bytes[at..at + width].copy_from_slice(&bytes[8 - width..]);
            payload.len += field.frame_bytes;
        }
        payload
    }

    /// Reads the binary form of a frame that `device` of `class` sent; `None` if its length is not
    /// that of the class.
    pub fn decode(class: DeviceClass, device: DeviceIx, bytes: &[u8]) -> Option<Self> {
        let mut reading = Self::new(class, device);
        let mut rest = bytes;
        for (position, field) in class.schema().fields.iter().enumerate() {
            let width = usize::from(field.frame_bytes);
            if width == 0 {
                continue;
            }
            let (head, tail) = rest.split_at_checked(width)?;
            let sign = if head[0] & 0x80 == 0 { 0 } else { -1 };
            reading.raw[position] =
                head.iter().fold(sign, |value, &byte| value << 8 | i64::from(byte));
            rest = tail;
        }
        rest.is_empty().then_some(reading)
    }

    /// Appends field `position` to `out` as JSON.
    #[inline]
    pub fn render_field(&self, position: usize, names: &Names, out: &mut Vec<u8>) {
        match self.class.schema().fields[position].kind {
            FieldKind::Device => {
                out.push(b'"');
                // Thing names are [a-zA-Z0-9:_-]: nothing to escape.
                out.extend_from_slice(names.name(self.device()).as_bytes());
                out.push(b'"');
            }
            FieldKind::Decimal { scale } => render_decimal(self.raw[position], scale, out),
            FieldKind::Word(words) => {
                out.push(b'"');
                out.extend_from_slice(words[self.raw[position] as usize].as_bytes());
                out.push(b'"');
            }
        }
    }

    /// Appends the whole payload to `out` as a JSON object in schema order.
    pub fn render(&self, names: &Names, out: &mut Vec<u8>) {
        for (position, field) in self.class.schema().fields.iter().enumerate() {
            out.extend_from_slice(if position == 0 { b"{\"" } else { b",\"" });
            out.extend_from_slice(field.name.as_bytes());
            out.extend_from_slice(b"\":");
            self.render_field(position, names, out);
        }
        out.push(b'}');
    }
}

/// Appends `raw / 10^scale` in plain notation without trailing zeros, as JSON number text.
#[inline]
pub fn render_decimal(raw: i64, scale: u8, out: &mut Vec<u8>) {
    if raw < 0 {
        out.push(b'-');
    }
    let (mut digits, mut scale) = (raw.unsigned_abs(), usize::from(scale));
    while scale > 0 && digits % 10 == 0 {
        digits /= 10;
        scale -= 1;
    }
    let mut buffer = [b'0'; 40];
    let mut at = buffer.len();
    let mut written = 0;
    while digits > 0 || written <= scale {
        if written == scale && scale > 0 {
            at -= 1;
            buffer[at] = b'.';
        }
        at -= 1;
        buffer[at] = b'0' + (digits % 10) as u8;
        digits /= 10;
        written += 1;
    }
    out.extend_from_slice(&buffer[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: i64, scale: u8) -> String {
        let mut out = Vec::new();
        render_decimal(raw, scale, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn decimals_print_as_the_shortest_plain_number() {
        for (raw, scale, expected) in [
            (0, 0, "0"),
            (0, 3, "0"),
            (5, 1, "0.5"),
            (-5, 3, "-0.005"),
            (1200, 2, "12"),
            (3512, 3, "3.512"),
            (-1050, 2, "-10.5"),
            (1_527_811_200_000, 0, "1527811200000"),
            (i64::MIN, 0, "-9223372036854775808"),
        ] {
            assert_eq!(text(raw, scale), expected);
        }
    }

    #[test]
    fn printed_decimals_parse_back_to_the_same_value() {
        for raw in (-20_000..20_000).step_by(37) {
            for scale in 0..4 {
                let value: f64 = text(raw, scale).parse().expect("a number");
                assert_eq!(value, raw as f64 / POWERS_OF_TEN[scale as usize]);
            }
        }
    }

    #[test]
    fn a_probe_payload_has_the_agreed_keys_in_order() {
        let mut names = Names::default();
        let device = names.push("farmA-101");
        let mut reading = Reading::new(DeviceClass::SoilProbe, device);
        reading.set(1, 21.34);
        reading.set(2, 34.96);
        reading.set_raw(3, 1_527_811_200_000);
        reading.set(4, 3.6);
        let mut out = Vec::new();
        reading.render(&names, &mut out);
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            r#"{"device":"farmA-101","temperature":21.3,"humidity":35,"timestamp":1527811200000,"battery_v":3.6}"#
        );
    }

    #[test]
    fn a_frame_carries_every_field_and_refuses_other_lengths() {
        for class in DeviceClass::ALL {
            let mut reading = Reading::new(class, DeviceIx::new(9));
            for (position, field) in class.schema().fields.iter().enumerate().skip(1) {
                let raw =
                    if field.frame_bytes == 6 { 1_527_811_200_123 } else { -(position as i64) };
                reading.set_raw(position, raw);
            }
            let payload = reading.encode();
            assert_eq!(Reading::decode(class, DeviceIx::new(9), payload.as_bytes()), Some(reading));
            let short = &payload.as_bytes()[1..];
            assert_eq!(Reading::decode(class, DeviceIx::new(9), short), None);
        }
    }

    #[test]
    fn schemas_fit_their_limit_and_start_with_the_device() {
        for class in DeviceClass::ALL {
            let schema = class.schema();
            assert!(schema.fields.len() <= FIELDS_MAX);
            assert_eq!(schema.fields[0].kind, FieldKind::Device);
            assert_eq!(schema.class, class);
        }
    }
}
