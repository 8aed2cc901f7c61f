//! Many runs of one kind: all of them are made, and one that fails makes the whole fail.

use anyhow::{Result, bail, ensure};
use indicatif::ProgressBar;

pub(crate) struct Matrix<'a> {
    pub(crate) progress: &'a ProgressBar,
    /// Whether each run is told when it ends: on its own, yes; as a step among others, no.
    tells: bool,
    passed: usize,
    failures: Vec<String>,
}

impl<'a> Matrix<'a> {
    pub(crate) fn silent(progress: &'a ProgressBar) -> Matrix<'a> {
        Matrix {
            progress,
            tells: false,
            passed: 0,
            failures: Vec::new(),
        }
    }

    pub(crate) fn telling(progress: &'a ProgressBar) -> Matrix<'a> {
        Matrix {
            tells: true,
            ..Matrix::silent(progress)
        }
    }

    /// Takes note of the run called `name` and of what it counted.
    pub(crate) fn add(&mut self, name: &str, result: Result<String>) {
        let line = match result {
            Ok(detail) => {
                self.passed += 1;
                format!("ok      {name}: {detail}")
            }
            Err(error) => {
                self.failures.push(format!("{name}: {error:#}"));
                format!("FAILED  {name}")
            }
        };
        if self.tells {
            self.progress.suspend(|| println!("{line}"));
        }
    }

    /// How many runs there were, if all passed and there was at least one.
    pub(crate) fn finish(self, kind: &str) -> Result<usize> {
        self.progress.finish_and_clear();
        if !self.failures.is_empty() {
            bail!("{}", self.failures.join("\n\n"));
        }
        ensure!(
            self.passed > 0,
            "there is no {kind} to run: nothing was checked"
        );
        Ok(self.passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn one_failure_fails_all_and_does_not_hide_the_others() {
        let progress = ProgressBar::hidden();
        let mut matrix = Matrix::silent(&progress);
        matrix.add("a", Err(anyhow!("first")));
        matrix.add("b", Ok("3 models".to_owned()));
        matrix.add("c", Err(anyhow!("second")));
        let error = matrix.finish("model").expect_err("two failed").to_string();
        assert_eq!(error, "a: first\n\nc: second");
    }

    #[test]
    fn nothing_run_is_a_failure() {
        let progress = ProgressBar::hidden();
        let error = Matrix::silent(&progress)
            .finish("model")
            .expect_err("nothing ran");
        assert!(
            error.to_string().starts_with("there is no model to run"),
            "{error}"
        );
    }
}
