//! The promises of docs/lessons.md: each has a test named after it, and each such test is listed.
//!
//! In that file an id in bold (`**POOL-1**`) needs a test `l_pool_1_…`: a function, a file of a
//! compile-fail case, or the name given to a compile-fail doc test. What stands under a heading that
//! begins with "Not yet" waits for its subject.

use crate::workspace::{CRATES, rust_files};
use anyhow::Result;
use core::fmt::Write;
use std::collections::BTreeSet;
use std::fs;

const LESSONS: &str = "docs/lessons.md";

pub(crate) fn problems() -> Result<Vec<String>> {
    let Ok(lessons) = fs::read_to_string(LESSONS) else {
        return Ok(vec![format!("{LESSONS} cannot be read")]);
    };
    let mut crates = String::new();
    for path in rust_files(CRATES)? {
        writeln!(crates, "{}", path.display())?;
        crates.push_str(&fs::read_to_string(&path)?);
    }
    Ok(disagreements(&lessons, &crates))
}

/// Where the list of lessons and the text of the crates do not fit.
fn disagreements(lessons: &str, crates: &str) -> Vec<String> {
    let ids = ids(lessons);
    let (listed, written) = (test_names(lessons), test_names(crates));
    let mut found = Vec::new();
    if ids.is_empty() {
        found.push(format!("{LESSONS}: no lesson in bold"));
    }
    for id in &ids {
        let start = format!("l_{}_", id.to_lowercase().replace('-', "_"));
        if !written.iter().any(|name| name.starts_with(&start)) {
            found.push(format!(
                "{LESSONS}: {id} has no test `{start}…` in {CRATES}/"
            ));
        }
    }
    for name in listed.difference(&written) {
        found.push(format!(
            "{LESSONS}: the test `{name}` is nowhere in {CRATES}/"
        ));
    }
    for name in written.difference(&listed) {
        found.push(format!("{LESSONS}: does not list the test `{name}`"));
    }
    found
}

fn ids(lessons: &str) -> BTreeSet<&str> {
    let mut waiting = false;
    let mut ids = BTreeSet::new();
    for line in lessons.lines() {
        if line.starts_with('#') {
            waiting = line.trim_start_matches('#').trim().starts_with("Not yet");
        } else if !waiting {
            ids.extend(
                line.split("**")
                    .skip(1)
                    .step_by(2)
                    .filter(|bold| is_id(bold)),
            );
        }
    }
    ids
}

fn is_id(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(words, number)| {
        words.chars().all(|c| c.is_ascii_uppercase() || c == '-')
            && !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit())
    })
}

/// Every `l_<word>_<number>_<more>` in a text.
fn test_names(text: &str) -> BTreeSet<&str> {
    let names = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    names.filter(|name| is_test_name(name)).collect()
}

fn is_test_name(name: &str) -> bool {
    let mut parts = name.split('_');
    parts.next() == Some("l")
        && parts
            .next()
            .is_some_and(|word| word.chars().all(char::is_alphabetic))
        && parts.any(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
        && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# Lessons\n- **POOL-1** no. `l_pool_1_swap`\n**bold** words\n\
                        ## Not yet\n- **SLAB-3** later.\n";

    #[test]
    fn a_lesson_with_its_test_passes() {
        assert_eq!(
            disagreements(LIST, "#[test]\nfn l_pool_1_swap() {}\n"),
            [""; 0]
        );
    }

    #[test]
    fn a_lesson_without_a_test_and_a_wrong_name_are_found() {
        let found = disagreements(LIST, "fn l_pool_10_fifo() {}\nfn l_x() {}\n");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].contains("POOL-1 has no test `l_pool_1_…`"),
            "{found:?}"
        );
        assert!(found[1].contains("`l_pool_1_swap` is nowhere"), "{found:?}");
        assert!(
            found[2].contains("does not list the test `l_pool_10_fifo`"),
            "{found:?}"
        );
    }

    #[test]
    fn an_empty_list_is_found() {
        assert!(disagreements("# Lessons\n", "")[0].contains("no lesson in bold"));
    }
}
