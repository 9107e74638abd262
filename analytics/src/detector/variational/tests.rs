//! The detector learns waves, keeps the laws of detectors and survives poor data.

use super::*;
use crate::detector::Role;
use crate::detector::network::examples::{
    fitted, hold_to_the_laws, ignores_outside_influence, survives_poor_data, waves,
};

fn boxed(training: &Training<'_>) -> Result<Box<dyn Detector>> {
    let settings = Settings { steps: 30, ..Settings::default() };
    Ok(Box::new(Variational::fit(training, &settings)?))
}

#[test]
fn waves_are_learned_and_the_laws_hold() {
    let settings = Settings { steps: 250, ..Settings::default() };
    let fit = |training: &Training<'_>| Variational::fit(training, &settings);
    let detector = fitted(&waves(1_000, 4, 1), &[Role::Measured; 4], fit).unwrap();
    hold_to_the_laws(&detector, |weights| Ok(Box::new(Variational::restore(weights)?)));
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
fn the_layers_that_score_rebuild_as_the_network_that_learned() {
    alone(|| {
        let training_rows = waves(64, 4, 1);
        let stretches = [Rows::new(&training_rows, 4)];
        let roles = [Role::Measured; 4];
        let seed = fieldmirror_core::seed::Seed::new(3);
        let training = Training { noise: &[], stretches: &stretches, roles: &roles, seed };
        let newest = Newest::new(16, &training);
        let mut fresh = Fresh::new(NAME, seed, candle_core::Device::Cpu);
        let network = Halves::build(&mut fresh, &Settings::default(), &newest)?;
        let rebuilder = Rebuilder::new(newest, network.layers()?);
        let rebuilt = rebuilder.rebuild(stretches[0], 1);
        let x = Tensor::from_slice(&training_rows[..64], (1, 64), &candle_core::Device::Cpu)?;
        let mean = linear(&linear(&x, &network.first)?.relu()?, &network.mean)?;
        let all = linear(&linear(&mean, &network.third)?.relu()?, &network.last)?;
        let all = all.flatten_all()?.to_vec1::<f32>()?;
        for (ours, theirs) in rebuilt.iter().zip(&all[60..]) {
            assert!((ours - theirs).abs() < 1e-5, "{ours} {theirs}");
        }
        Ok(())
    })
    .unwrap();
}
