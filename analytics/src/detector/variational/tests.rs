//! The laws of detectors with networks hold, and what scores rebuilds as what learned.

use super::*;
use crate::detector::network::examples::{laws, waves};
use crate::detector::{Role, Rows};

laws!(Variational, 250, 30);

#[test]
fn the_layers_that_score_rebuild_as_the_network_that_learned() {
    alone(|| {
        let training_rows = waves(64, 4, 1);
        let stretches = [Rows::new(&training_rows, 4)];
        let roles = [Role::Measured; 4];
        let seed = fieldmirror_core::seed::Seed::new(3);
        let training = Training { noise: &[], stretches: &stretches, roles: &roles, seed };
        let newest = Newest::new(16, &training);
        let mut fresh = Fresh::new(Mean::NAME, seed, candle_core::Device::Cpu);
        let halves = Halves::build(&mut fresh, &Settings::default(), &newest)?;
        let network = Layered::new(&newest, halves.layers(&newest)?);
        let rebuilt = Learned::<Layered<Mean>> { newest, network }.rebuild(stretches[0], 1);
        let x = Tensor::from_slice(&training_rows[..64], (1, 64), &candle_core::Device::Cpu)?;
        let mean = linear(&linear(&x, &halves.first)?.relu()?, &halves.mean)?;
        let all = linear(&linear(&mean, &halves.third)?.relu()?, &halves.last)?;
        let all = all.flatten_all()?.to_vec1::<f32>()?;
        for (ours, theirs) in rebuilt.iter().zip(&all[60..]) {
            assert!((ours - theirs).abs() < 1e-5, "{ours} {theirs}");
        }
        Ok(())
    })
    .unwrap();
}
