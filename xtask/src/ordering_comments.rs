//! Reading the ordering comments of a source file.
//!
//! ```text
//! // [POP-LOAD] Acquire: the link under the top slot is visible from here on.
//! // Pairs with [PUSH].
//! ```
//!
//! *opens* the label `POP-LOAD`, with an ordering, a first sentence and one partner. An opening is
//! a line of a plain comment that starts with a label and goes on with the name of an ordering; it
//! lasts to the next opening or to the end of the comment. Its partners are the labels behind
//! "Pairs with"; without a label the words there tell which end is outside of our sources ("Pairs
//! with the kernel's load of the tail"). A label in any other place is a mention: it must exist.

use crate::source_text::split_comment;
use std::collections::BTreeSet;

/// Words with which the text after a label may begin.
const ORDERINGS: &[&str] = &[
    "Relaxed",
    "Acquire",
    "Release",
    "AcqRel",
    "SeqCst",
    "Compiler",
    "Fence",
    "Membarrier",
];

/// The orderings that publish or receive something, so that each needs a named edge.
const STRONG: &[&str] = &["Acquire", "Release", "AcqRel", "SeqCst"];

/// The place where a label is defined.
#[derive(Debug, PartialEq)]
pub(crate) struct Opening {
    pub(crate) label: String,
    /// What stands before the colon, such as `Acquire` or `SeqCst fence`.
    pub(crate) ordering: String,
    /// What stands after the colon, up to the first full stop.
    pub(crate) sentence: String,
    /// The labels it pairs with, which may include its own.
    pub(crate) partners: BTreeSet<String>,
    /// What it pairs with, where that has no label.
    pub(crate) outside: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct OrderingComments {
    pub(crate) openings: Vec<Opening>,
    /// Labels that are named and neither opened nor paired with there.
    pub(crate) mentions: BTreeSet<String>,
    /// Comments that start like an opening and are none.
    pub(crate) malformed: Vec<String>,
}

impl OrderingComments {
    pub(crate) fn read(text: &str) -> OrderingComments {
        let mut found = OrderingComments::default();
        for comment in comments(text) {
            found.add(&comment);
        }
        found
    }

    fn add(&mut self, comment: &Comment) {
        // What stands before the first opening, then the openings.
        let mut pieces = vec![String::new()];
        for line in &comment.lines {
            if comment.plain && opens(line) {
                pieces.push(String::new());
            }
            let piece = pieces.last_mut().expect("there is one from the start");
            piece.push_str(line);
            piece.push(' ');
        }
        let loose = pieces.remove(0);
        self.mentions.extend(labels(&loose));
        if comment.plain && leading_label(&loose).is_some_and(|(label, _)| label.contains('-')) {
            self.malformed
                .push(format!("no ordering after the label: {loose}"));
        }
        for piece in &pieces {
            match opening(piece.trim_end()) {
                Some(opening) => self.add_opening(opening, piece),
                None => self
                    .malformed
                    .push(format!("no colon after the ordering: {piece}")),
            }
        }
    }

    fn add_opening(&mut self, opening: Opening, text: &str) {
        let is_other =
            |label: &String| *label != opening.label && !opening.partners.contains(label);
        self.mentions.extend(labels(text).filter(is_other));
        self.openings.push(opening);
    }
}

/// Whether code (not a comment, not a `use`) names an ordering that makes an edge.
pub(crate) fn makes_edges(text: &str) -> bool {
    let code = text.lines().map(crate::source_text::code);
    code.filter(|line| !line.trim_start().starts_with("use ") && !line.contains("pub(crate) use"))
        .any(|line| {
            STRONG
                .iter()
                .any(|ordering| names_ordering(&line, ordering))
        })
}

/// `Acquire` as an argument or after `Ordering::`, not as part of a name or a list of imports.
fn names_ordering(code: &str, ordering: &str) -> bool {
    let before = [
        format!("Ordering::{ordering}"),
        format!(", {ordering}"),
        format!("({ordering}"),
    ];
    let after = [")", ","];
    before.iter().any(|word| {
        after
            .iter()
            .any(|end| code.contains(&format!("{word}{end}")))
    }) || code.trim() == format!("{ordering},")
}

/// Lines of comment with no code between them, without their slashes.
struct Comment {
    lines: Vec<String>,
    /// `//`, not `///` or `//!`.
    plain: bool,
}

fn comments(text: &str) -> Vec<Comment> {
    let mut comments: Vec<Comment> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let (code, comment) = split_comment(line);
        let Some(comment) = comment else {
            goes_on = false;
            continue;
        };
        let plain = !comment.starts_with("///") && !comment.starts_with("//!");
        let words = comment.trim_start_matches(['/', '!']).trim().to_owned();
        match comments.last_mut() {
            Some(last) if goes_on && code.trim().is_empty() && last.plain == plain => {
                last.lines.push(words);
            }
            _ => comments.push(Comment {
                lines: vec![words],
                plain,
            }),
        }
        goes_on = true;
    }
    comments
}

fn opens(line: &str) -> bool {
    leading_label(line).is_some_and(|(_, rest)| {
        let first = rest
            .split(|c: char| !c.is_alphabetic())
            .next()
            .unwrap_or("");
        ORDERINGS
            .iter()
            .any(|ordering| ordering.eq_ignore_ascii_case(first))
    })
}

fn opening(text: &str) -> Option<Opening> {
    let (label, rest) = leading_label(text)?;
    let (ordering, words) = rest.split_once(':')?;
    let sentence = words.split_once(". ").map_or(words, |(first, _)| first);
    Some(Opening {
        label: label.to_owned(),
        ordering: ordering.trim().to_owned(),
        sentence: sentence.trim().trim_end_matches('.').to_owned(),
        partners: partners(words).flat_map(labels).collect(),
        outside: partners(words)
            .find(|words| labels(words).next().is_none())
            .map(str::to_owned),
    })
}

/// What stands behind each "Pairs with", up to its full stop.
fn partners(words: &str) -> impl Iterator<Item = &str> {
    let rests = words.split("Pairs with ").skip(1);
    rests.map(|rest| {
        rest.split_once(". ")
            .map_or(rest, |(first, _)| first)
            .trim_end_matches('.')
    })
}

/// Splits `[LABEL] rest`.
fn leading_label(text: &str) -> Option<(&str, &str)> {
    let (label, rest) = text.strip_prefix('[')?.split_once("] ")?;
    is_label(label).then_some((label, rest))
}

/// Every `[LABEL]` in a text; `[label](link)` is a link.
pub(crate) fn labels(text: &str) -> impl Iterator<Item = String> {
    text.split('[').skip(1).filter_map(|rest| {
        let (label, after) = rest.split_once(']')?;
        (is_label(label) && !after.starts_with('(')).then(|| label.to_owned())
    })
}

/// Words of capitals and digits, joined by dashes. A number at the end makes it the name of an
/// invariant (`LEASE-1`) or of something else (`SHA-256`), not of an edge.
fn is_label(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    text.len() > 1 && text.split('-').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE_LIST: &str = "
        // [POP-LOAD] Acquire: the link under the top slot, and its last owner's
        // writes, are visible. Unlike [POP-RETRY]. Pairs with [PUSH]. The end.
        let mut seen = self.head.load(Acquire);
        match self.head.compare_exchange_weak(
            // Relaxed: [POP-LOAD] or [POP-RETRY] ordered this.
            Relaxed,
            // [POP-RETRY] Acquire: reloaded here.
            // Pairs with
            // [PUSH]. See [`Head`], [Head], [this](that), [N] and [LEASE-1].
            Acquire,
        ) {}
        self.head.store(1, Release); // [PUSH] Release: the link. Pairs with [POP-LOAD], [POP-RETRY].
    ";

    #[test]
    fn openings_are_read_whole() {
        let found = OrderingComments::read(FREE_LIST);
        let labels: Vec<_> = found
            .openings
            .iter()
            .map(|opening| &opening.label[..])
            .collect();
        assert_eq!(labels, ["POP-LOAD", "POP-RETRY", "PUSH"]);
        let first = &found.openings[0];
        assert_eq!(first.ordering, "Acquire");
        assert_eq!(
            first.sentence,
            "the link under the top slot, and its last owner's writes, are visible"
        );
        assert!(first.partners.iter().eq(["PUSH"]));
        assert!(found.openings[1].partners.iter().eq(["PUSH"]), "{found:?}");
        assert!(
            found.openings[2]
                .partners
                .iter()
                .eq(["POP-LOAD", "POP-RETRY"])
        );
        assert!(found.mentions.iter().eq(["POP-LOAD", "POP-RETRY"]));
        assert!(found.malformed.is_empty());
    }

    #[test]
    fn one_comment_may_open_two_labels() {
        let text = "// [TAKE-OK] AcqRel: a.\n// [TAKE-FAIL] Acquire fence: b, as [TAKE-OK]. Pairs with a signal.\n";
        let found = OrderingComments::read(text);
        assert_eq!(found.openings.len(), 2);
        assert_eq!(found.openings[1].ordering, "Acquire fence");
        assert!(found.openings[1].partners.is_empty());
        assert_eq!(found.openings[1].outside.as_deref(), Some("a signal"));
        assert!(found.mentions.iter().eq(["TAKE-OK"]));
    }

    #[test]
    fn an_opening_without_its_parts_is_reported() {
        assert_eq!(
            OrderingComments::read("// [PUSH-ALL] publishes.")
                .malformed
                .len(),
            1
        );
        assert_eq!(
            OrderingComments::read("// [PUSH] Release and no more.")
                .malformed
                .len(),
            1
        );
    }

    #[test]
    fn documentation_mentions_and_does_not_open() {
        let found = OrderingComments::read("/// [PUSH-ALL] Release: what it does.\n");
        assert!(found.openings.is_empty() && found.malformed.is_empty());
        assert!(found.mentions.contains("PUSH-ALL"));
    }

    #[test]
    fn orderings_in_code_make_edges() {
        assert!(makes_edges("head.load(Acquire)"));
        assert!(makes_edges("head.store(1, Ordering::Release);"));
        assert!(makes_edges("    AcqRel,\n"));
        assert!(!makes_edges(
            "use atomic::{Acquire, Release};\n// load(Acquire)\nload(Relaxed)"
        ));
    }
}
