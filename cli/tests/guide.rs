//! Every command of docs/coming-from-aws.md prints what stands there, one after the other, as a
//! new user types them. `FIELDMIRROR_RECORD=1` writes outputs anew, but for those cut by `[...]`.

#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands in for lines that the page leaves out.
const CUT: &str = "[...]";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

/// A place where commands are typed, as the page says in its first block.
struct Desk {
    folder: tempfile::TempDir,
    path: String,
    last: Option<i32>,
}

impl Desk {
    fn new() -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_fieldmirror"));
        let beside = binary.parent().expect("a folder").display();
        let path = format!("{beside}:{}", std::env::var("PATH").unwrap_or_default());
        let mut desk = Self { folder: tempfile::tempdir().expect("a folder"), path, last: None };
        desk.run("cp \"$E/irrigation.yaml\" .");
        desk
    }

    /// What a command prints.
    fn run(&mut self, command: &str) -> Vec<String> {
        if command == "echo $?" {
            return vec![self.last.expect("a command before").to_string()];
        }
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(self.folder.path())
            .env("PATH", &self.path)
            .env("E", root().join("docs/examples/irrigation"))
            .output()
            .expect("a shell");
        self.last = output.status.code();
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
    }
}

/// Whether lines are as written, where [`CUT`] stands for any lines.
fn is_as_written(written: &[&str], lines: &[String]) -> bool {
    match written {
        [] => lines.is_empty(),
        [CUT, rest @ ..] => (0..=lines.len()).any(|cut| is_as_written(rest, &lines[cut..])),
        [line, rest @ ..] => lines
            .split_first()
            .is_some_and(|(first, lines)| first == line && is_as_written(rest, lines)),
    }
}

/// The page as it should be, and what differs from it.
fn typed(page: &str) -> (String, Vec<String>, usize) {
    let (mut out, mut wrong, mut typed) = (String::new(), Vec::new(), 0);
    let mut desk = Desk::new();
    let mut lines = page.lines().peekable();
    let mut is_console = false;
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if line.starts_with("```") {
            is_console = line == "```" && lines.peek().is_some_and(|next| next.starts_with("$ "));
        }
        let Some(start) = line.strip_prefix("$ ").filter(|_| is_console) else { continue };
        let mut command = start.to_owned();
        while command.ends_with('\\') {
            let next = lines.next().expect("a line after a backslash");
            out.push_str(next);
            out.push('\n');
            command.truncate(command.len() - 1);
            command.push_str(next.trim_start());
        }
        let mut written = Vec::new();
        while let Some(next) =
            lines.next_if(|next| !next.starts_with("$ ") && !next.starts_with("```"))
        {
            written.push(next);
        }
        let printed = desk.run(&command);
        typed += 1;
        if !is_as_written(&written, &printed) {
            wrong.push(format!("$ {command}\n{}", printed.join("\n")));
        }
        let is_kept = written.contains(&CUT) || is_as_written(&written, &printed);
        let kept: Vec<String> = written.iter().map(|line| (*line).to_owned()).collect();
        for line in if is_kept { kept } else { printed } {
            out.push_str(&line);
            out.push('\n');
        }
    }
    (out, wrong, typed)
}

#[test]
fn the_guide_prints_what_it_says() {
    let path = root().join("docs/coming-from-aws.md");
    let mut page = std::fs::read_to_string(&path).expect("the page");
    if std::env::var_os("FIELDMIRROR_RECORD").is_some() {
        page = typed(&page).0;
        std::fs::write(&path, &page).expect("a writable page");
    }
    let (_, wrong, typed) = typed(&page);
    assert!(typed > 10, "{typed} commands");
    assert!(wrong.is_empty(), "the page says otherwise:\n{}", wrong.join("\n\n"));
}
