//! Child processes: both outputs in one text, the newest line shown while they run.

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};

/// With this exit code a program of the workspace says that something it needs is missing or forbidden here; its last line says what.
pub(crate) const CANNOT_RUN_HERE: i32 = 77;

/// A process that ended, well or not.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    /// What it wrote to its standard output and error, as they came.
    pub(crate) output: String,
}

impl Finished {
    /// The last line that says something.
    pub(crate) fn last_line(&self) -> &str {
        self.output
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("")
    }
}

/// Splits `line` at white space into a program and its arguments.
pub(crate) fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().expect("a command line names its program"));
    command.args(words);
    command
}

/// The command as it would be typed into a shell.
pub(crate) fn describe(command: &Command) -> String {
    let environment = command.get_envs().filter_map(|(name, value)| {
        Some(format!(
            "{}={}",
            name.to_string_lossy(),
            quoted(&value?.to_string_lossy())
        ))
    });
    let program = core::iter::once(command.get_program()).chain(command.get_args());
    let words = program.map(|word| quoted(&word.to_string_lossy()));
    environment.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+,:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

/// Runs `command` to its end, whatever that is.
pub(crate) fn run(command: Command, progress: &ProgressBar) -> Result<Finished> {
    run_watched(command, |line| progress.set_message(line.trim().to_owned()))
}

/// Runs `command` to its end and gives each line to `watch` when it comes.
pub(crate) fn run_watched(mut command: Command, mut watch: impl FnMut(&str)) -> Result<Finished> {
    let text = describe(&command);
    let (reader, writer) = std::io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{text}`"))?;
    drop(command); // It holds the writing end: without this the reader would wait for ever.

    let mut output = String::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        watch(&line);
        output.push_str(&line);
        output.push('\n');
    }
    Ok(Finished {
        status: child.wait()?,
        output,
    })
}

/// Runs `command`, which must succeed, and gives its output.
pub(crate) fn succeed(command: Command, progress: &ProgressBar) -> Result<String> {
    let text = describe(&command);
    let finished = run(command, progress)?;
    if !finished.status.success() {
        bail!(
            "`{text}` ended with {}\n{}",
            finished.status,
            end_of(finished.output.trim_end(), MOST_LINES)
        );
    }
    Ok(finished.output)
}

/// How much of a failed command's output is shown: what failed stands at its end.
const MOST_LINES: usize = 600;

/// The last lines of a text, and how many are left out.
fn end_of(text: &str, most_lines: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    let left_out = lines.len().saturating_sub(most_lines);
    let end = lines[left_out..].join("\n");
    if left_out == 0 {
        return end;
    }
    format!("({left_out} lines before these are left out)\n{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_output_is_shown() {
        assert_eq!(end_of("a\nb", 2), "a\nb");
        assert_eq!(
            end_of("a\nb\nc", 2),
            "(1 lines before these are left out)\nb\nc"
        );
        assert_eq!(end_of("", 2), "");
    }

    #[test]
    fn a_command_is_described_as_typed() {
        let mut command = command("cargo doc --no-deps");
        command.env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            describe(&command),
            "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps"
        );
    }

    #[test]
    fn both_outputs_and_the_exit_code_come_back() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo why not >&2; echo; exit 77"]);
        let finished = run(command, &ProgressBar::hidden()).expect("sh exists");
        assert_eq!(finished.status.code(), Some(77));
        assert_eq!(finished.output, "out\nwhy not\n\n");
        assert_eq!(finished.last_line(), "why not");
    }

    #[test]
    fn a_failure_shows_its_output() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo the reason; exit 1"]);
        let error = succeed(command, &ProgressBar::hidden()).expect_err("exit 1 is a failure");
        assert!(error.to_string().contains("the reason"), "{error}");
    }
}
