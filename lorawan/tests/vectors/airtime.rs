//! Time on air in all combinations of the reference file.

use fieldmirror_lorawan::{
    airtime::{self, Modulation},
    spreading::SpreadingFactor,
};

const TOLERANCE_MS: f64 = 1e-3;

#[test]
fn time_on_air_agrees_in_all_360_rows() {
    let text = include_str!("../fixtures/time_on_air.csv");
    let mut rows = 0;
    let mut worst_ms: f64 = 0.0;
    for line in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let integer = |i: usize| cells[i].parse::<u32>().expect("an integer");
        let sf = SpreadingFactor::new(integer(1) as u8).expect("7 to 12");
        let modulation = Modulation {
            sf,
            bandwidth_hz: integer(2),
            coding_rate: integer(3) as u8,
            preamble_symbols: integer(4),
            implicit_header: integer(5) == 1,
            crc: integer(6) == 1,
            low_data_rate: integer(7) == 1,
        };
        let ruled = airtime::needs_low_data_rate(sf, modulation.bandwidth_hz);
        assert_eq!(ruled, modulation.low_data_rate, "{line}");
        let ms = modulation.time_on_air_ns(integer(0) as usize) as f64 / 1e6;
        let expected_ms: f64 = cells[8].parse().expect("a number");
        worst_ms = worst_ms.max((ms - expected_ms).abs());
        assert!((ms - expected_ms).abs() <= TOLERANCE_MS, "{line}: {ms} ms");
        rows += 1;
    }
    assert_eq!(rows, 360);
    println!("largest deviation {worst_ms:.1e} ms");
}

#[test]
fn lorawan_uplinks_take_their_known_times() {
    let expected_ms = [
        (13, [46.336, 82.432, 164.864, 288.768, 577.536, 1155.072]),
        (23, [61.696, 113.152, 205.824, 370.688, 823.296, 1482.752]),
        (51, [102.656, 184.832, 328.704, 616.448, 1314.816, 2465.792]),
    ];
    for (phy_bytes, row) in expected_ms {
        for (sf, ms) in SpreadingFactor::ALL.into_iter().zip(row) {
            let ns = Modulation::uplink(sf).time_on_air_ns(phy_bytes);
            assert_eq!(ns, (ms * 1e6_f64).round() as i64, "{sf:?} {phy_bytes} bytes");
        }
    }
}
