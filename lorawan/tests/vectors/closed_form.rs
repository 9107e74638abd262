//! The tests of ns-3's lorawan module, path losses and sensitivities.

use fieldmirror_lorawan::{
    adr::{self, Setting},
    airtime::{BANDWIDTH_125_HZ, Modulation},
    duty_cycle,
    interference::{Capture, Isolation, milliwatts},
    link::{self, PathLoss},
    region::SubBand,
    spreading::SpreadingFactor,
};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/closed_form.json")).expect("valid JSON")
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list {key}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn factor(value: &Value) -> SpreadingFactor {
    SpreadingFactor::new(number(value) as u8).expect("7 to 12")
}

#[test]
fn ns3_airtimes_agree_within_its_rounding() {
    for case in list(&fixture(), "toa_ns3_test") {
        let modulation = Modulation {
            sf: factor(&case["sf"]),
            bandwidth_hz: number(&case["bw"]) as u32,
            coding_rate: number(&case["cr"]) as u8,
            preamble_symbols: number(&case["npre"]) as u32,
            implicit_header: number(&case["ih"]) > 0.0,
            crc: number(&case["crc"]) > 0.0,
            low_data_rate: number(&case["de"]) > 0.0,
        };
        let s = modulation.time_on_air_ns(number(&case["pl"]) as usize) as f64 / 1e9;
        assert!((s - number(&case["s"])).abs() <= 8.1e-6, "{case}: {s} s");
    }
}

#[test]
fn us915_payload_limit_follows_from_the_dwell_time() {
    for case in list(&fixture(), "us915_dwell") {
        let modulation = Modulation::uplink(factor(&case["sf"]));
        let ms = modulation.time_on_air_ns(number(&case["pl"]) as usize) as f64 / 1e6;
        assert!((ms - number(&case["toa_ms"])).abs() < 1e-3, "{case}: {ms} ms");
        assert_eq!(ms <= 400.0, case["ok"].as_bool().expect("a verdict"), "{case}");
    }
}

#[test]
fn ns3_interference_cases_survive_or_not() {
    let capture = Capture::new(Isolation::Goursaud);
    let mut cases = 0;
    for case in list(&fixture(), "interference_ns3_test") {
        if !case["edge"].is_null() {
            continue;
        }
        let wanted = factor(&case["sig"][1]);
        let mut energies = [0.0; 6];
        for interferer in list(case, "intf") {
            energies[factor(&interferer[1]).index()] +=
                milliwatts(number(&interferer[0])) * number(&interferer[2]);
        }
        let energy = milliwatts(number(&case["sig"][0]));
        let expected = case["ok"].as_bool().expect("a verdict");
        assert_eq!(capture.survives(wanted, energy, &energies), expected, "{case}");
        cases += 1;
    }
    assert_eq!(cases, 8);
}

#[test]
fn capture_of_the_same_spreading_factor_turns_at_six_decibels() {
    let capture = Capture::new(Isolation::Goursaud);
    let sf = SpreadingFactor::Sf7;
    for (interferer_dbm, survives) in [(8.1, false), (8.0, true), (7.9, true)] {
        let mut energies = [0.0; 6];
        energies[sf.index()] = milliwatts(interferer_dbm);
        assert_eq!(
            capture.survives(sf, milliwatts(14.0), &energies),
            survives,
            "{interferer_dbm} dBm against 14 dBm"
        );
    }
}

#[test]
fn path_losses_agree_at_their_distances() {
    let fixture = fixture();
    let models = [
        ("bor", PathLoss::BOR),
        ("ns3_log", PathLoss::NS3),
        ("oulu_ploss_no_gain", PathLoss::OULU),
    ];
    for (name, model) in models {
        for pair in list(&fixture["pathloss"], name) {
            let loss_db = model.loss_db(number(&pair[0]));
            assert!(
                (loss_db - number(&pair[1])).abs() < 5e-4 + 1e-9,
                "{name} {pair}: {loss_db} dB"
            );
        }
    }
}

#[test]
fn sensitivities_follow_from_noise_and_required_ratio() {
    let fixture = fixture();
    for sf in SpreadingFactor::ALL {
        let expected = number(&fixture["sensitivity_nf6_125k"][sf.number().to_string()]);
        let dbm = link::sensitivity_dbm(sf, BANDWIDTH_125_HZ, link::NOISE_FIGURE_DB);
        assert!((dbm - expected).abs() < 5e-3, "{sf:?}: {dbm} dBm");
    }
    // A link at 2990 m in ns-3's connectivity test lies between SF7 and SF8 of an end device.
    let rssi_dbm = link::rssi_dbm(14.0, 0.0, PathLoss::NS3.loss_db(2990.0), 0.0);
    assert!((rssi_dbm + 124.385).abs() < 1e-3, "{rssi_dbm} dBm");
}

#[test]
fn sub_band_rests_as_in_ns3() {
    for case in list(&fixture(), "duty_wait") {
        let airtime_ns = (number(&case["airtime_s"]) * 1e9) as i64;
        let expected_ns = (number(&case["wait_after_end_s"]) * 1e9) as i64;
        assert_eq!(duty_cycle::rest_ns(SubBand::M868, airtime_ns), expected_ns);
    }
}

#[test]
fn adaptation_spends_its_margin_on_speed_and_then_on_power() {
    let snr_db = -110.0 - link::noise_floor_dbm(BANDWIDTH_125_HZ, 6.0);
    assert!((snr_db - 7.031).abs() < 1e-3, "{snr_db} dB");
    let slow = Setting { sf: SpreadingFactor::Sf12, power_dbm: 14.0 };
    let without_margin = adr::adapt(slow, snr_db, 0.0);
    assert_eq!(without_margin, Setting { sf: SpreadingFactor::Sf7, power_dbm: 6.0 });
    let with_margin = adr::adapt(slow, snr_db, 10.0);
    assert_eq!(with_margin, Setting { sf: SpreadingFactor::Sf7, power_dbm: 14.0 });
}

#[test]
fn missing_margin_raises_the_power_only() {
    let quiet = Setting { sf: SpreadingFactor::Sf9, power_dbm: 8.0 };
    let louder = adr::adapt(quiet, -16.0, 0.0);
    assert_eq!(louder, Setting { sf: SpreadingFactor::Sf9, power_dbm: 12.0 });
    let loudest = adr::adapt(quiet, -40.0, 0.0);
    assert_eq!(loudest, Setting { sf: SpreadingFactor::Sf9, power_dbm: 14.0 });
}

#[test]
fn static_assignment_takes_the_fastest_factor_with_margin() {
    assert_eq!(adr::fastest_with_margin(2.5, 10.0), Some(SpreadingFactor::Sf7));
    assert_eq!(adr::fastest_with_margin(2.4, 10.0), Some(SpreadingFactor::Sf8));
    assert_eq!(adr::fastest_with_margin(-10.0, 10.0), Some(SpreadingFactor::Sf12));
    assert_eq!(adr::fastest_with_margin(-10.1, 10.0), None);
    assert_eq!(adr::static_assignment(-30.0, 10.0), SpreadingFactor::Sf12);
}
