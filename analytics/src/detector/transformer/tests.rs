//! The detector learns waves, keeps the laws of detectors and survives poor data.

use super::*;
use crate::detector::Role;
use crate::detector::network::examples::{
    fitted, hold_to_the_laws, ignores_outside_influence, survives_poor_data, waves,
};

fn boxed(training: &Training<'_>) -> Result<Box<dyn Detector>> {
    let settings = Settings { steps: 30, ..Settings::default() };
    Ok(Box::new(Transformer::fit(training, &settings)?))
}

#[test]
fn waves_are_learned_and_the_laws_hold() {
    let settings = Settings { steps: 250, ..Settings::default() };
    let fit = |training: &Training<'_>| Transformer::fit(training, &settings);
    let detector = fitted(&waves(1_000, 4, 1), &[Role::Measured; 4], fit).unwrap();
    hold_to_the_laws(&detector, |weights| Ok(Box::new(Transformer::restore(weights)?)));
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
fn a_prediction_does_not_see_what_it_predicts() {
    use crate::detector::network::trainer::{Fresh, alone};
    use candle_core::Device;
    alone(|| {
        let mut rows = waves(9, 2, 1);
        let stretches = [Rows::new(&rows, 2)];
        let roles = [Role::Measured; 2];
        let seed = fieldmirror_core::seed::Seed::new(3);
        let training = Training { noise: &[], stretches: &stretches, roles: &roles, seed };
        let newest = Newest::new(9, &training);
        let network = Block::build(&mut Fresh::new("test", seed, Device::Cpu), &newest)?;
        let run = |rows: &[f32]| -> Result<Vec<f32>> {
            let x = Tensor::from_slice(rows, (1, 9, 2), &Device::Cpu)?.narrow(1, 0, 8)?;
            Ok(network.predict(&x, 8)?.flatten_all()?.to_vec1::<f32>()?)
        };
        let before = run(&rows)?;
        // Row 5 changes: predictions made from rows 0 to 4 stay, later ones move.
        rows[10] += 1.0;
        let after = run(&rows)?;
        assert_eq!(before[..10], after[..10]);
        assert_ne!(before[10..12], after[10..12]);
        Ok(())
    })
    .unwrap();
}
