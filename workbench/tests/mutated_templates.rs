//! Whatever stands in a file, reading it ends without a panic and within its bounds: a seeded
//! mutator over the corpus.

use fieldmirror_workbench::inputs::cloudformation;
use std::path::Path;

/// A generator with a fixed seed: the test is the same each time.
struct Draws(u64);

impl Draws {
    /// Steele, Lea, Flood: "Fast splittable pseudorandom number generators", SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/templates");
    let mut files = Vec::new();
    for folder in [corpus.clone(), corpus.join("refused")] {
        for entry in std::fs::read_dir(folder).expect("the corpus") {
            let path = entry.expect("an entry").path();
            let name = path.display().to_string();
            if path.is_file() && !name.contains(".expected.") && !name.ends_with("doubling.yaml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("a file")).collect()
}

const PIECES: &[&str] = &[
    "!Ref ",
    "!Sub ",
    "!GetAtt ",
    "!If ",
    "!Select ",
    "!Join ",
    "!FindInMap ",
    "${",
    "${!",
    "}",
    "&a ",
    "*a ",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "\n",
    "  ",
    "\"",
    "'",
    "|",
    ">",
    "#",
    "?",
    "%",
    "---\n",
    "Fn::Sub",
    "Fn::If",
    "Fn::GetAtt",
    "Ref",
    "Type",
    "Properties",
    "AWS::IoT::TopicRule",
    "AWS::NoValue",
    "Condition",
    "null",
    "true",
    "-1",
    "99999999999999999999",
    "\u{0}",
    "\u{fffd}",
    "é",
    "\t",
    "\r\n",
];

/// Changes a few places of a text: bytes go, come, double, move, and pieces of the grammar appear.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], draws: &mut Draws) {
    for _ in 0..=draws.below(6) {
        let at = draws.below(bytes.len() + 1);
        let end = (at + draws.below(40)).min(bytes.len());
        match draws.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let piece = PIECES[draws.below(PIECES.len())].as_bytes().to_vec();
                bytes.splice(at..at, piece);
            }
            2 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            3 if at < bytes.len() => bytes[at] = draws.next() as u8,
            4 => {
                let from = draws.below(other.len());
                let to = (from + draws.below(200)).min(other.len());
                bytes.splice(at..end, other[from..to].to_vec());
            }
            _ => bytes.truncate(at.max(1)),
        }
    }
}

#[test]
fn mutated_templates_never_panic() {
    let seeds = seeds();
    let mut draws = Draws(0x5eed);
    let (mut read, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let mut bytes = seeds[round % seeds.len()].clone();
        let other = &seeds[draws.below(seeds.len())];
        mutate(&mut bytes, other, &mut draws);
        match cloudformation::fuzz(&bytes) {
            Ok(_) => read += 1,
            Err(problems) => {
                assert!(!problems.is_empty(), "refused without a reason");
                refused += 1;
            }
        }
    }
    // Both ways are reached often, or the mutator is too tame or too wild to find anything.
    assert!(read > ROUNDS / 50 && refused > ROUNDS / 50, "{read} read, {refused} refused");
}

/// Seeds are about 30: each is changed some hundred times.
const ROUNDS: usize = 6_000;
