//! Which cases are wanted: the words after `cargo xtask bench`, checked against the groups.

use super::record::Record;
use anyhow::{Result, bail};

/// Cases that begin with the same word, and the subject that they are about.
struct Group {
    name: &'static str,
    subject: &'static str,
}

/// In the order of the table that is printed.
const GROUPS: &[Group] = &[
    Group {
        name: "pool",
        subject: "pool-core",
    },
    Group {
        name: "frame",
        subject: "framebuf",
    },
    Group {
        name: "class",
        subject: "sizeclass",
    },
    Group {
        name: "view",
        subject: "zerocopy-view",
    },
    Group {
        name: "slab",
        subject: "percore-slab",
    },
    Group {
        name: "send",
        subject: "uring-send",
    },
    Group {
        name: RELAY,
        subject: RELAY,
    },
    Group {
        name: HTTP,
        subject: HTTP,
    },
    Group {
        name: SCALE,
        subject: "pool-core",
    },
    Group {
        name: "limit",
        subject: "machine",
    },
];

/// The groups of programs that run as a whole: criterion does not measure them.
const PROGRAMS: [&str; 2] = [RELAY, HTTP];
const RELAY: &str = "relay";
const HTTP: &str = "http";
/// The group that shows how cost grows. It takes long, so it runs where it is asked for.
const SCALE: &str = "scale";

/// The place of a case's group in the table.
pub(super) fn group_rank(case: &str) -> usize {
    GROUPS
        .iter()
        .position(|group| group.name == group_name(case))
        .unwrap_or(GROUPS.len())
}

fn group_name(case: &str) -> &str {
    case.split_once('/').map_or(case, |(group, _)| group)
}

/// Groups and full case ids; never empty.
#[derive(Debug)]
pub(super) struct Selection(Vec<String>);

impl Selection {
    /// What is named; without names everything, with what takes long only if `full`.
    pub(super) fn new(names: &[String], full: bool) -> Result<Selection> {
        let known: Vec<_> = GROUPS.iter().map(|group| group.name).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(&group_name(name))) {
            bail!(
                "no group is called `{name}`; there are: {}",
                known.join(", ")
            );
        }
        let is_in = |name: &&&str| full || **name != SCALE;
        let all = || {
            known
                .iter()
                .filter(is_in)
                .map(|name| (*name).to_owned())
                .collect()
        };
        Ok(Selection(if names.is_empty() {
            all()
        } else {
            names.to_vec()
        }))
    }

    pub(super) fn includes(&self, case: &str) -> bool {
        self.0.iter().any(|wanted| includes(wanted, case))
    }

    pub(super) fn wants_relay(&self) -> bool {
        self.0.iter().any(|wanted| group_name(wanted) == RELAY)
    }

    /// A regular expression over criterion's `<case>/<subject>`; none if only whole programs are wanted.
    pub(super) fn criterion_filter(&self) -> Option<String> {
        let wanted: Vec<_> = self.criterion_names().collect();
        (!wanted.is_empty()).then(|| format!("^({})", wanted.join("|")))
    }

    /// The same, one for each wanted name, without what takes long.
    pub(super) fn criterion_filters(&self) -> impl Iterator<Item = String> {
        let names = self
            .criterion_names()
            .filter(|name| group_name(name) != SCALE);
        names.map(|name| format!("^{name}"))
    }

    fn criterion_names(&self) -> impl Iterator<Item = String> {
        let is_program = |wanted: &&String| PROGRAMS.contains(&group_name(wanted));
        let wanted = self.0.iter().filter(move |wanted| !is_program(wanted));
        wanted.map(|name| format!("{name}/"))
    }

    /// What was wanted and has no row, unless our own subject said why it cannot run here.
    pub(super) fn unmeasured(&self, record: &Record) -> Vec<&str> {
        let is_measured = |wanted: &str| record.rows.iter().any(|row| includes(wanted, &row.case));
        let is_excused = |wanted: &str| {
            let group = GROUPS.iter().find(|group| group.name == group_name(wanted));
            group.is_some_and(|group| {
                let start = format!("{}: ", group.subject);
                record
                    .missing
                    .iter()
                    .any(|missing| missing.starts_with(&start))
            })
        };
        let wanted = self.0.iter().map(String::as_str);
        wanted
            .filter(|wanted| !is_measured(wanted) && !is_excused(wanted))
            .collect()
    }
}

fn includes(wanted: &str, case: &str) -> bool {
    wanted == case || wanted == group_name(case)
}

#[cfg(test)]
mod tests {
    use super::super::rows::Row;
    use super::*;

    fn selection(names: &[&str]) -> Selection {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Selection::new(&names, false).expect("known groups")
    }

    #[test]
    fn no_name_means_everything() {
        let everything = selection(&[]);
        assert!(everything.wants_relay());
        assert_eq!(
            everything.criterion_filter().as_deref(),
            Some("^(pool/|frame/|class/|view/|slab/|send/|limit/)")
        );
    }

    #[test]
    fn what_takes_long_runs_where_it_is_asked_for() {
        let full = Selection::new(&[], true).expect("no names");
        assert!(full.includes("scale/slots-64") && !selection(&[]).includes("scale/slots-64"));
        let named = selection(&["scale"]);
        assert!(named.includes("scale/slots-64"));
        assert_eq!(named.criterion_filters().count(), 0);
    }

    #[test]
    fn a_case_is_not_a_prefix_of_another() {
        let some = selection(&["pool/pair", "frame"]);
        assert!(!some.wants_relay());
        assert!(some.includes("pool/pair") && some.includes("frame/from_pool-64"));
        assert!(!some.includes("pool/pair-explicit") && !some.includes("view/clone"));
        assert_eq!(
            some.criterion_filter().as_deref(),
            Some("^(pool/pair/|frame/)")
        );
        assert!(some.criterion_filters().eq(["^pool/pair/", "^frame/"]));
    }

    #[test]
    fn whole_programs_need_no_criterion() {
        let programs = selection(&["relay/fanout-64k", "http"]);
        assert_eq!(programs.criterion_filter(), None);
    }

    #[test]
    fn an_unknown_group_is_refused_with_the_names() {
        let error = Selection::new(&["pools".into()], false).expect_err("no such group");
        assert!(
            error.to_string().contains("there are: pool, frame"),
            "{error}"
        );
    }

    #[test]
    fn what_measured_nothing_is_named_unless_it_said_why() {
        let mut record = Record::default();
        record
            .rows
            .push(Row::of_rounds("pool/pair", "pool-core", &[1.0]));
        record.missing.insert("uring-send: no io_uring".into());
        record.missing.insert("bytes: not built".into());
        let wanted = selection(&["pool", "pool/cross", "send", "view"]);
        assert_eq!(wanted.unmeasured(&record), ["pool/cross", "view"]);
    }
}
