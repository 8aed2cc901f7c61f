//! Reading what the standard test harness prints.

/// How many tests ran, over all test programs in `output`.
pub(crate) fn tests_run(output: &str) -> usize {
    output
        .lines()
        .filter_map(|line| passed_and_failed(line.trim()))
        .sum()
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn passed_and_failed(line: &str) -> Option<usize> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let (passed, rest) = counts.split_once(" passed; ")?;
    let (failed, _) = rest.split_once(" failed;")?;
    Some(passed.parse::<usize>().ok()? + failed.parse::<usize>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_ran_and_not_what_was_ignored() {
        let output = "running 4 tests\n\
             test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out\n";
        assert_eq!(tests_run(output), 5);
    }

    #[test]
    fn no_result_means_no_test() {
        assert_eq!(tests_run("   Compiling pool-core\n"), 0);
    }
}
