//! From a delivered payload to what a pump controller does: the controller's firmware.

use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::Span;
use fieldmirror_sim::{Command, CommandKind};
use serde::Deserialize;

/// `{"command":"ON","duration":600}` or `{"command":"OFF"}`.
#[derive(Deserialize)]
struct Payload {
    command: Word,
    duration: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Word {
    On,
    Off,
}

/// The longest irrigation that a controller obeys, in seconds (a day); longer ones are cut.
const DURATION_S_MAX: f64 = 86_400.0;

/// Reads a command; `None` if the controller does not understand it and so does nothing.
pub(crate) fn parse(device: DeviceIx, payload: &[u8]) -> Option<Command> {
    let payload: Payload = serde_json::from_slice(payload).ok()?;
    let kind = match payload.command {
        Word::On => {
            let seconds = payload.duration.filter(|s| *s > 0.0)?.min(DURATION_S_MAX);
            CommandKind::On { duration: Span::from_seconds_f64(seconds) }
        }
        Word::Off => CommandKind::Off,
    };
    Some(Command { device, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_nonsense_is_ignored() {
        let pump = DeviceIx::new(3);
        let on = |seconds| {
            Some(Command {
                device: pump,
                kind: CommandKind::On { duration: Span::from_seconds(seconds) },
            })
        };
        for (text, expected) in [
            (r#"{"command":"ON","duration":600}"#, on(600)),
            (r#"{"command":"ON","duration":1e9}"#, on(86_400)),
            (r#"{"command":"OFF"}"#, Some(Command { device: pump, kind: CommandKind::Off })),
            (r#"{"command":"ON"}"#, None),
            (r#"{"command":"ON","duration":-1}"#, None),
            (r#"{"command":"on","duration":600}"#, None),
            ("ON", None),
        ] {
            assert_eq!(parse(pump, text.as_bytes()), expected, "{text}");
        }
    }
}
