//! Columns of telemetry as settings say them, for a source.

use crate::error::{AnalyticsError, Result};
use crate::telemetry::settings::{Columns, Late, Settings};
use fieldmirror_tables::source::{ColumnMap, DateOrder, Format, Layout, SourceSpec};

/// How to read `inputs` with the columns of `settings`.
///
/// # Errors
/// [`AnalyticsError::Settings`] for a format that does not exist.
pub fn source_spec(settings: &Settings, inputs: &[String], threads: usize) -> Result<SourceSpec> {
    let columns = &settings.columns;
    Ok(SourceSpec {
        inputs: inputs.to_vec(),
        format: columns.format.as_deref().map(format).transpose()?,
        columns: map(columns),
        layout: match &columns.metric {
            Some(metric) => Layout::Long { metric: metric.clone(), value: columns.value.clone() },
            None => Layout::Wide,
        },
        delimiter: columns.delimiter.map(|delimiter| delimiter as u8),
        decimal_comma: columns.decimal_comma,
        time_format: columns.time_format.clone(),
        date_order: columns.date_order.as_deref().map(date_order).transpose()?,
        device_from_file: columns.device_from_file,
        // Rows that may be skipped are for whoever skips them.
        reorder_rows: match settings.time.late {
            Late::Refuse => settings.time.reorder_rows,
            Late::Skip => usize::MAX,
        },
        threads,
        digest: false,
    })
}

fn format(name: &str) -> Result<Format> {
    Format::named(name).ok_or_else(|| {
        let known = Format::ALL.map(Format::name).join(", ");
        let problem = format!("columns.format: `{name}` is no format; expected one of {known}");
        AnalyticsError::Settings { problem }
    })
}

fn date_order(name: &str) -> Result<DateOrder> {
    DateOrder::named(name).ok_or_else(|| {
        let known = DateOrder::ALL.map(DateOrder::name).join(", ");
        let problem = format!("columns.date_order: `{name}` is none; expected one of {known}");
        AnalyticsError::Settings { problem }
    })
}

fn map(columns: &Columns) -> ColumnMap {
    ColumnMap {
        time: columns.time.clone(),
        device: columns.device.clone(),
        class: columns.class.clone(),
        channels: columns.channels.clone(),
        exogenous: columns.exogenous.clone(),
        ignore: columns.ignore.clone(),
        units: columns.units.clone(),
    }
}
