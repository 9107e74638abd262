//! A new day's weather at its midnight.

use crate::resources::{Forcing, Skies, Tick};
use bevy_ecs::system::{Res, ResMut};

/// Makes the hours of a day that begins, once for each distinct place.
pub(crate) fn advance_weather(
    tick: Res<'_, Tick>,
    forcing: Res<'_, Forcing>,
    mut skies: ResMut<'_, Skies>,
) {
    // The first day was made with the world.
    if !tick.opens_day() || tick.day() == 0 {
        return;
    }
    for sky in &mut skies.0 {
        sky.turn(tick.seed, tick.start, &forcing.0, tick.day());
    }
}
