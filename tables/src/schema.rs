//! The tables of a run and their Arrow schemas: one function per table, a unit on every quantity.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use fieldmirror_core::metric::Metric;
use std::collections::HashMap;
use std::sync::Arc;

/// The version of all schemas here; it rises when a column changes its name, type or meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// Metadata key of a field's unit.
pub const UNIT: &str = "unit";

/// Metadata key of a schema's table name.
pub const TABLE: &str = "fieldmirror.table";

/// Metadata key of a schema's version.
pub const VERSION: &str = "fieldmirror.version";

/// A table of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// The fate of every frame sent over the air.
    Uplinks,
    /// Every publish that the cloud accepted.
    Messages,
    /// Everything that the cloud refused.
    Rejections,
    /// Every rule that fired.
    RuleMatches,
    /// Every action of a rule that fired.
    Actions,
    /// Every accepted shadow update.
    Shadows,
    /// The true water balance of each zone, hourly.
    Soil,
    /// The true flows and pressures while a pump runs.
    Hydraulics,
    /// What the twin observed, what it expected, and how fresh that is.
    Residuals,
    /// Measurements as they arrived, one row a message.
    Telemetry,
    /// Detectors' scores.
    Scores,
    /// Events that detectors raised.
    Findings,
    /// The faults that the world really had.
    Truth,
}

impl Table {
    /// All tables in the order of manifests and comparisons: causes before effects.
    pub const ALL: [Self; 13] = [
        Self::Uplinks,
        Self::Messages,
        Self::Rejections,
        Self::RuleMatches,
        Self::Actions,
        Self::Shadows,
        Self::Soil,
        Self::Hydraulics,
        Self::Residuals,
        Self::Telemetry,
        Self::Scores,
        Self::Findings,
        Self::Truth,
    ];

    /// How many tables there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The position in [`Table::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name in manifests and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uplinks => "uplinks",
            Self::Messages => "messages",
            Self::Rejections => "rejections",
            Self::RuleMatches => "rule_matches",
            Self::Actions => "actions",
            Self::Shadows => "shadows",
            Self::Soil => "soil",
            Self::Hydraulics => "hydraulics",
            Self::Residuals => "residuals",
            Self::Telemetry => "telemetry",
            Self::Scores => "scores",
            Self::Findings => "findings",
            Self::Truth => "truth",
        }
    }

    /// The table called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The file in a run directory.
    pub fn file(self) -> String {
        format!("{}.parquet", self.name())
    }

    /// Whether its rows come from the simulated world and the twin, not from a trained model: such
    /// tables are equal on every machine.
    pub const fn is_world(self) -> bool {
        !matches!(self, Self::Scores | Self::Findings)
    }

    /// The Arrow schema.
    pub fn schema(self) -> SchemaRef {
        match self {
            Self::Uplinks => uplinks(),
            Self::Messages => messages(),
            Self::Rejections => rejections(),
            Self::RuleMatches => rule_matches(),
            Self::Actions => actions(),
            Self::Shadows => shadows(),
            Self::Soil => soil(),
            Self::Hydraulics => hydraulics(),
            Self::Residuals => residuals(),
            Self::Telemetry => telemetry(),
            Self::Scores => scores(),
            Self::Findings => findings(),
            Self::Truth => truth(),
        }
    }
}

/// Schema of [`Table::Uplinks`].
pub fn uplinks() -> SchemaRef {
    schema(
        Table::Uplinks,
        vec![
            time("time"),
            key("device"),
            quantity("frame_counter", DataType::UInt32, "1"),
            quantity("frequency_hz", DataType::UInt32, "Hz"),
            quantity("spreading_factor", DataType::UInt8, "1"),
            quantity("airtime_ms", DataType::Float32, "ms"),
            optional(key("gateway")),
            quantity("copies", DataType::UInt8, "1"),
            optional(quantity("rssi_dbm", DataType::Float32, "dBm")),
            optional(quantity("snr_db", DataType::Float32, "dB")),
            flag("delivered"),
            optional(key("lost")),
        ],
    )
}

/// Schema of [`Table::Messages`].
pub fn messages() -> SchemaRef {
    schema(
        Table::Messages,
        vec![
            time("time"),
            key("topic"),
            optional(key("principal")),
            text("payload"),
            key("source"),
        ],
    )
}

/// Schema of [`Table::Rejections`].
pub fn rejections() -> SchemaRef {
    schema(
        Table::Rejections,
        vec![time("time"), optional(key("principal")), key("code"), text("detail")],
    )
}

/// Schema of [`Table::RuleMatches`].
pub fn rule_matches() -> SchemaRef {
    schema(
        Table::RuleMatches,
        vec![time("time"), key("rule"), key("topic"), optional(key("principal"))],
    )
}

/// Schema of [`Table::Actions`].
pub fn actions() -> SchemaRef {
    schema(
        Table::Actions,
        vec![
            time("time"),
            key("rule"),
            key("kind"),
            key("target"),
            optional(text("resource")),
            text("body"),
            optional(text("parameters")),
            key("outcome"),
            optional(text("error")),
        ],
    )
}

/// Schema of [`Table::Shadows`].
pub fn shadows() -> SchemaRef {
    schema(
        Table::Shadows,
        vec![
            time("time"),
            key("thing"),
            quantity("version", DataType::UInt64, "1"),
            optional(text("desired")),
            optional(text("reported")),
            optional(text("delta")),
        ],
    )
}

/// Schema of [`Table::Soil`]. Amounts are those of the hour that ends at `time`.
pub fn soil() -> SchemaRef {
    schema(
        Table::Soil,
        vec![
            time("time"),
            key("site"),
            key("zone"),
            real("et0_mm", "mm"),
            real("etc_mm", "mm"),
            real("eta_mm", "mm"),
            real("evaporation_mm", "mm"),
            real("transpiration_mm", "mm"),
            real("rain_mm", "mm"),
            real("runoff_mm", "mm"),
            real("irrigation_mm", "mm"),
            real("deep_percolation_mm", "mm"),
            real("depletion_mm", "mm"),
            real("surface_depletion_mm", "mm"),
            real("taw_mm", "mm"),
            real("root_depth_m", "m"),
            real("stress", "1"),
            real("theta", "m3/m3"),
            real("available_pct", "%"),
            real("residual_mm", "mm"),
        ],
    )
}

/// Schema of [`Table::Hydraulics`]: one row per zone and interval that begins at `time`.
pub fn hydraulics() -> SchemaRef {
    schema(
        Table::Hydraulics,
        vec![
            time("time"),
            real("duration_s", "s"),
            key("site"),
            key("zone"),
            flag("valve_open"),
            real("zone_flow_lps", "l/s"),
            real("zone_pressure_kpa", "kPa"),
            real("pump_flow_lps", "l/s"),
            real("pump_head_m", "m"),
            real("pump_pressure_kpa", "kPa"),
            real("filter_pressure_kpa", "kPa"),
            real("power_kw", "kW"),
            real("applied_mm", "mm"),
        ],
    )
}

/// Schema of [`Table::Residuals`]. `observed`, `expected` and `residual` have the unit of `metric`.
pub fn residuals() -> SchemaRef {
    let of_metric = "of the metric";
    schema(
        Table::Residuals,
        vec![
            time("time"),
            key("device"),
            key("class"),
            key("site"),
            optional(key("zone")),
            optional(key("gateway")),
            key("metric"),
            optional(real("observed", of_metric)),
            optional(real("expected", of_metric)),
            optional(real("residual", of_metric)),
            optional(real("observed_sd", of_metric)),
            optional(real("observed_min", of_metric)),
            optional(real("observed_max", of_metric)),
            quantity("samples", DataType::UInt32, "1"),
            quantity("repeats", DataType::UInt32, "1"),
            optional(real("freshness_s", "s")),
            key("state"),
            optional(real("context", "1")),
        ],
    )
}

/// Schema of [`Table::Telemetry`]: one nullable column per channel, in the order of
/// [`Metric::ALL`].
pub fn telemetry() -> SchemaRef {
    let mut fields = vec![
        time("time"),
        time("sampled_at"),
        key("device"),
        key("class"),
        key("site"),
        optional(key("zone")),
        optional(key("gateway")),
    ];
    fields.extend(Metric::ALL.iter().map(|metric| optional(real(metric.name(), metric.unit()))));
    schema(Table::Telemetry, fields)
}

/// Schema of [`Table::Scores`].
pub fn scores() -> SchemaRef {
    schema(
        Table::Scores,
        vec![
            time("time"),
            key("device"),
            key("detector"),
            quantity("score", DataType::Float32, "1"),
            quantity("threshold", DataType::Float32, "1"),
            flag("alarm"),
        ],
    )
}

/// Schema of [`Table::Findings`].
pub fn findings() -> SchemaRef {
    schema(
        Table::Findings,
        vec![
            text("finding_id"),
            time("time"),
            time("onset"),
            optional(time("end")),
            key("device"),
            key("class"),
            key("site"),
            optional(key("zone")),
            key("detector"),
            real("score", "1"),
            optional(key("metric")),
            optional(real("contribution", "1")),
            text("contributions"),
            text("evidence_table"),
            quantity("evidence_from", DataType::UInt64, "1"),
            quantity("evidence_to", DataType::UInt64, "1"),
            text("evidence_column"),
            optional(real("evidence_value", "evidence_unit")),
            text("evidence_unit"),
        ],
    )
}

/// Schema of [`Table::Truth`].
pub fn truth() -> SchemaRef {
    schema(
        Table::Truth,
        vec![
            text("fault_id"),
            key("class"),
            key("device"),
            time("onset"),
            optional(time("end")),
            real("severity", "1"),
        ],
    )
}

/// The type of all times in tables: nanoseconds since 1970, UTC.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
}

/// The type of all dictionary columns.
pub fn key_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// A schema as canonical text: what digests and snapshots are made of.
pub fn schema_text(schema: &Schema) -> String {
    let mut text = String::new();
    let sorted = |metadata: &HashMap<String, String>| {
        let mut pairs: Vec<String> =
            metadata.iter().map(|(key, value)| format!("{key}={value}")).collect();
        pairs.sort();
        pairs.join(" ")
    };
    text.push_str(&sorted(schema.metadata()));
    text.push('\n');
    for field in schema.fields() {
        let null = if field.is_nullable() { "null" } else { "not null" };
        let metadata = sorted(field.metadata());
        let line = format!("{}: {} {null} {metadata}", field.name(), type_name(field.data_type()));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Names of our own, since `DataType`'s `Display` may change with the library.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Timestamp(TimeUnit::Nanosecond, Some(zone)) => format!("timestamp[ns, {zone}]"),
        DataType::Dictionary(..) => "dictionary<int32, utf8>".to_owned(),
        DataType::Utf8 => "utf8".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::UInt8 => "uint8".to_owned(),
        DataType::UInt32 => "uint32".to_owned(),
        DataType::UInt64 => "uint64".to_owned(),
        DataType::Float32 => "float32".to_owned(),
        DataType::Float64 => "float64".to_owned(),
        other => format!("{other:?}"),
    }
}

fn schema(table: Table, fields: Vec<Field>) -> SchemaRef {
    let metadata = HashMap::from([
        (TABLE.to_owned(), table.name().to_owned()),
        (VERSION.to_owned(), SCHEMA_VERSION.to_string()),
    ]);
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

fn time(name: &str) -> Field {
    Field::new(name, time_type(), false)
}

fn key(name: &str) -> Field {
    Field::new(name, key_type(), false)
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, false)
}

fn flag(name: &str) -> Field {
    Field::new(name, DataType::Boolean, false)
}

fn quantity(name: &str, data_type: DataType, unit: &str) -> Field {
    Field::new(name, data_type, false)
        .with_metadata(HashMap::from([(UNIT.to_owned(), unit.to_owned())]))
}

fn real(name: &str, unit: &str) -> Field {
    quantity(name, DataType::Float64, unit)
}

fn optional(field: Field) -> Field {
    field.with_nullable(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `FIELDMIRROR_BLESS=1 cargo test -p fieldmirror-tables` rewrites the file after a deliberate
    /// change; raise [`SCHEMA_VERSION`] with it.
    #[test]
    fn schemas_are_those_of_the_golden_file() {
        let mut text = String::new();
        for table in Table::ALL {
            text.push_str(&schema_text(&table.schema()));
            text.push('\n');
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/schemas.txt");
        if std::env::var_os("FIELDMIRROR_BLESS").is_some() {
            std::fs::write(path, &text).expect("writable");
        }
        let golden = std::fs::read_to_string(path).expect("golden file");
        assert_eq!(text, golden);
    }

    #[test]
    fn tables_are_found_by_name_and_index() {
        for (index, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(table.index(), index);
            assert_eq!(Table::named(table.name()), Some(table));
        }
        assert_eq!(Table::named("Uplinks"), None);
        assert_eq!(Table::ALL.iter().filter(|table| !table.is_world()).count(), 2);
    }
}
