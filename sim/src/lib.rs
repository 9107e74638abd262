//! The farm: a bevy_ecs world that emits uplinks and obeys commands.
