//! Telling code from comments, line by line.
//!
//! Good enough for sources that rustfmt has formatted: strings that span lines are taken for code.

/// Cuts a line into its code and the comment after it (with its slashes), if there is one.
pub(crate) fn split_comment(line: &str) -> (&str, Option<&str>) {
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            // A quotation mark as a character literal, '"', opens no string.
            b'"' if !line[..at].ends_with('\'') => in_string = !in_string,
            b'/' if !in_string && line[at..].starts_with("//") => {
                return (&line[..at], Some(&line[at..]));
            }
            _ => {}
        }
    }
    (line, None)
}

/// The code of a line: no comment, and strings emptied.
pub(crate) fn code(line: &str) -> String {
    let pieces = split_comment(line).0.split('"').step_by(2);
    pieces.collect::<Vec<_>>().join("\"\"")
}

/// Whether `text` contains `word` with no letter, digit or underscore next to it.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

/// The file without its unit tests: house style puts them last.
pub(crate) fn before_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests {")
        .map_or(text, |at| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_starts_outside_strings() {
        assert_eq!(split_comment("a(); // b"), ("a(); ", Some("// b")));
        assert_eq!(
            split_comment(r#"a("http://b");"#),
            (r#"a("http://b");"#, None)
        );
        assert_eq!(
            split_comment(r#"a('"'); // b"#),
            (r#"a('"'); "#, Some("// b"))
        );
        assert_eq!(
            split_comment(r#"a("\"//"); // b"#),
            (r#"a("\"//"); "#, Some("// b"))
        );
    }

    #[test]
    fn code_has_no_text_in_it() {
        assert_eq!(code(r#"say("word"); // word"#), r#"say(""); "#);
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("unsafe { }", "unsafe"));
        assert!(!has_word("unsafe_op_in_unsafe_fn", "unsafe"));
    }

    #[test]
    fn unit_tests_are_cut_off() {
        assert_eq!(before_tests("code\n#[cfg(test)]\nmod tests {\n}"), "code");
        assert_eq!(before_tests("code"), "code");
    }
}
