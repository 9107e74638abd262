//! The detector learns waves, keeps the laws of detectors and survives poor data.

use super::*;
use crate::detector::Role;
use crate::detector::network::examples::{
    fitted, hold_to_the_laws, ignores_outside_influence, survives_poor_data, waves,
};

fn boxed(training: &Training<'_>) -> Result<Box<dyn Detector>> {
    let settings = Settings { steps: 30, ..Settings::default() };
    Ok(Box::new(Convolutional::fit(training, &settings)?))
}

#[test]
fn waves_are_learned_and_the_laws_hold() {
    let settings = Settings { steps: 250, ..Settings::default() };
    let fit = |training: &Training<'_>| Convolutional::fit(training, &settings);
    let detector = fitted(&waves(1_000, 4, 1), &[Role::Measured; 4], fit).unwrap();
    hold_to_the_laws(&detector, |weights| Ok(Box::new(Convolutional::restore(weights)?)));
}

#[test]
fn poor_data_is_survived() {
    survives_poor_data(boxed);
}

#[test]
fn outside_influences_are_not_judged() {
    ignores_outside_influence(boxed);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let weights = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fitted(&waves(300, 3, 1), &[Role::Measured; 3], boxed).unwrap().weights())
    };
    assert_eq!(weights(1), weights(3));
}

#[test]
fn decoding_the_newest_row_alone_gives_what_decoding_all_rows_does() {
    use crate::detector::network::trainer::{Fresh, alone};
    use candle_core::Device;
    for window in [16, 7] {
        alone(|| {
            let rows = waves(window, 3, 1);
            let stretches = [Rows::new(&rows, 3)];
            let roles = [Role::Measured, Role::Exogenous, Role::Measured];
            let seed = fieldmirror_core::seed::Seed::new(3);
            let training = Training { noise: &[], stretches: &stretches, roles: &roles, seed };
            let newest = Newest::new(window, &training);
            let mut fresh = Fresh::new("test", seed, Device::Cpu);
            let network = Shapes::build(&mut fresh, &newest)?;
            let x = Tensor::from_slice(&rows, (1, window, 3), &Device::Cpu)?;
            let all = network.decode(&network.encode(&x)?, false)?.flatten_all()?;
            let all = all.to_vec1::<f32>()?;
            assert_eq!(all.len(), window * 2);
            let last = network.newest(&x)?.flatten_all()?.to_vec1::<f32>()?;
            for (one, other) in last.iter().zip(&all[(window - 1) * 2..]) {
                assert!((one - other).abs() < 1e-5, "{one} {other}");
            }
            Ok(())
        })
        .unwrap();
    }
}
