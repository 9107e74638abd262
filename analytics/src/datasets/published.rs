//! What others published, to stand beside what is measured here.
//!
//! On the whole of a data set each: a run over a part of it is near them at best. None of it was
//! computed here.

use super::{Dataset, Figure, Measure, Origin, TableRow};

/// The published figures of a benchmark, best first. None for MSL, for which nobody published these
/// measures under this protocol.
pub fn published(dataset: Dataset) -> Vec<TableRow> {
    let group = match dataset {
        Dataset::Skab => SKAB,
        Dataset::Nab => NAB,
        Dataset::Batadal => BATADAL,
        Dataset::Tsb => TSB,
        Dataset::Msl => return Vec::new(),
    };
    let row = |(method, values): &(&str, &[f64])| TableRow {
        dataset,
        protocol: "standard".to_owned(),
        method: (*method).to_owned(),
        files: None,
        figures: group
            .measures
            .iter()
            .zip(*values)
            .map(|(&measure, &value)| Figure { measure, value })
            .collect(),
        origin: Origin::Published,
        source: Some(group.source.to_owned()),
    };
    group.rows.iter().map(row).collect()
}

struct Group {
    source: &'static str,
    measures: &'static [Measure],
    rows: &'static [(&'static str, &'static [f64])],
}

const SKAB: Group = Group {
    source: "published, all 34 files: SKAB's leaderboard for outlier detection (README of waico/SKAB)",
    measures: &[Measure::F1, Measure::Far, Measure::Mar],
    rows: &[
        ("Conv-AE", &[0.78, 13.55, 28.02]),
        ("MSET", &[0.78, 39.73, 14.13]),
        ("T-squared+Q", &[0.76, 26.62, 24.92]),
        ("LSTM-AE", &[0.74, 29.96, 25.92]),
        ("T-squared", &[0.66, 19.21, 42.6]),
        ("LSTM-VAE", &[0.56, 9.13, 55.03]),
        ("Vanilla AE", &[0.39, 2.59, 75.15]),
        ("Isolation forest", &[0.29, 2.56, 82.89]),
    ],
};

const NAB: Group = Group {
    source: "published, all files: NAB v1.0's scoreboard (README of numenta/NAB)",
    measures: &[Measure::NabStandard, Measure::NabLowFalsePositives, Measure::NabLowFalseNegatives],
    rows: &[
        ("ARTime", &[74.9, 65.1, 80.4]),
        ("Numenta HTM", &[70.5, 62.6, 75.2]),
        ("CAD OSE", &[69.9, 67.0, 73.2]),
        ("Skyline", &[58.2]),
        ("KNN-CAD", &[58.0]),
        ("Random Cut Forest", &[51.7]),
        ("Random", &[11.0]),
    ],
};

const BATADAL: Group = Group {
    source: "published, on the contest's test set and not on the attacks judged here: Taormina et al., \
             J. Water Resour. Plann. Manage. 144(8), 2018; quoted from memory",
    measures: &[Measure::S],
    rows: &[
        ("1st (with a hydraulic model)", &[0.970]),
        ("2nd", &[0.949]),
        ("3rd", &[0.927]),
        ("4th", &[0.894]),
    ],
};

const TSB: Group = Group {
    source: "published, means over all series: TSB-AD (Liu and Paparrizos, NeurIPS 2024); M is \
             multivariate, U univariate",
    measures: &[Measure::VusPr],
    rows: &[
        ("Sub-PCA (U)", &[0.423]),
        ("KShapeAD (U)", &[0.401]),
        ("POLY (U)", &[0.390]),
        ("MatrixProfile (U)", &[0.35]),
        ("Isolation forest (U)", &[0.30]),
        ("CNN (M)", &[0.313]),
        ("OmniAnomaly (M)", &[0.312]),
        ("PCA (M)", &[0.310]),
        ("AutoEncoder (M)", &[0.30]),
    ],
};
