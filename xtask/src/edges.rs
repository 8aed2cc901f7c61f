//! The ordering edges: named from both ends, weakened by a mutant, and listed in `docs/memory-orderings.md`.
//!
//! A label belongs to its crate; it may be mentioned from another one while only one crate has it.
//! The table has no line numbers, so that only a change of an edge makes it stale.

use crate::mutant_list::MutantList;
use crate::ordering_comments::{Opening, OrderingComments, labels, makes_edges};
use crate::source_text::before_tests;
use crate::steps::Outcome;
use crate::workspace::{CRATES, Workspace, rust_files};
use anyhow::{Context, Result, bail, ensure};
use core::fmt::Write;
use indicatif::ProgressBar;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

const TABLE: &str = "docs/memory-orderings.md";
const BEGIN: &str = "<!-- edges: written by `cargo xtask edges --bless`, not by hand -->";
const END: &str = "<!-- end of edges -->";

/// A source file of a crate, or one of its models.
struct Source {
    crate_name: String,
    /// Relative to the workspace root.
    path: String,
    comments: OrderingComments,
    makes_edges: bool,
}

/// A loom test file and the labels it is about.
struct Model {
    crate_name: String,
    file: String,
    labels: BTreeSet<String>,
}

/// The lists of mutants, by crate.
type Lists = BTreeMap<String, MutantList>;

pub(crate) fn step(_: &Workspace, _: &ProgressBar) -> Result<Outcome> {
    let (sources, models) = (read_sources()?, read_models()?);
    let lists = read_lists(&sources)?;
    require_consistent(&sources, &models)?;
    require_mutants(&sources, &lists)?;
    let file = fs::read_to_string(TABLE)
        .with_context(|| format!("{TABLE}: write it with `cargo xtask edges --bless`"))?;
    ensure!(
        with_table(&file, &table(&sources, &models, &lists))? == file,
        "{TABLE} is stale: write it anew with `cargo xtask edges --bless`"
    );
    Ok(Outcome::Passed(format!(
        "{} named ends of edges",
        openings(&sources).count()
    )))
}

pub(crate) fn command(_: &Workspace, bless: bool) -> Result<ExitCode> {
    let (sources, models) = (read_sources()?, read_models()?);
    let lists = read_lists(&sources)?;
    require_consistent(&sources, &models)?;
    let table = table(&sources, &models, &lists);
    if bless {
        let file = match fs::read_to_string(TABLE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => new_file(),
            file => file?,
        };
        fs::write(TABLE, with_table(&file, &table)?)?;
        println!(
            "{TABLE}: {} named ends of edges",
            openings(&sources).count()
        );
    } else {
        print!("{table}");
    }
    Ok(ExitCode::SUCCESS)
}

fn read_sources() -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in rust_files(CRATES)? {
        let Some((crate_name, "src")) = crate_and_folder(&path) else {
            continue;
        };
        let text = fs::read_to_string(&path)?;
        let text = before_tests(&text);
        sources.push(Source {
            crate_name: crate_name.to_owned(),
            path: path.display().to_string(),
            comments: OrderingComments::read(text),
            // The door to the atomics passes every ordering on and makes no edge itself.
            makes_edges: makes_edges(text) && !path.ends_with("sync.rs"),
        });
    }
    Ok(sources)
}

fn read_models() -> Result<Vec<Model>> {
    let mut models = Vec::new();
    for path in rust_files(CRATES)? {
        let Some((crate_name, "tests")) = crate_and_folder(&path) else {
            continue;
        };
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if file.starts_with("loom_") {
            let labels = labels(&fs::read_to_string(&path)?).collect();
            models.push(Model {
                crate_name: crate_name.to_owned(),
                file,
                labels,
            });
        }
    }
    Ok(models)
}

fn read_lists(sources: &[Source]) -> Result<Lists> {
    let mut lists = Lists::new();
    for source in sources {
        if !lists.contains_key(&source.crate_name) {
            let list = MutantList::read(&Path::new(CRATES).join(&source.crate_name))?;
            lists.insert(source.crate_name.clone(), list.unwrap_or_default());
        }
    }
    Ok(lists)
}

/// Splits `crates/<name>/<folder>/…`.
fn crate_and_folder(path: &Path) -> Option<(&str, &str)> {
    let mut parts = path
        .strip_prefix(CRATES)
        .ok()?
        .iter()
        .filter_map(|part| part.to_str());
    Some((parts.next()?, parts.next()?))
}

fn openings(sources: &[Source]) -> impl Iterator<Item = (&Source, &Opening)> + Clone {
    sources
        .iter()
        .flat_map(|source| source.comments.openings.iter().map(move |o| (source, o)))
}

/// The end of an edge that `label` means when code of `crate_name` says it.
fn find<'a>(sources: &'a [Source], crate_name: &str, label: &str) -> Option<&'a Opening> {
    let all = openings(sources).filter(|(_, opening)| opening.label == label);
    let own = all
        .clone()
        .find(|(source, _)| source.crate_name == crate_name);
    let only = || all.clone().next().filter(|_| all.clone().count() == 1);
    own.or_else(only).map(|(_, opening)| opening)
}

fn require_consistent(sources: &[Source], models: &[Model]) -> Result<()> {
    ensure!(
        openings(sources).count() > 0,
        "no comment opens a label: there was nothing to check"
    );
    let mut problems = one_sided(sources);
    problems.extend(opened_twice(sources));
    problems.extend(loose_ends(sources, models));
    problems.extend(unnamed(sources));
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}

/// Openings whose partner is missing, or does not name them back.
fn one_sided(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for (source, opening) in openings(sources) {
        let at = format!("{}: [{}]", source.path, opening.label);
        if opening.partners.is_empty() && opening.outside.is_none() {
            problems.push(format!("{at} does not say what it \"Pairs with\""));
        }
        for partner in &opening.partners {
            match find(sources, &source.crate_name, partner) {
                None => problems.push(format!("{at} pairs with [{partner}], which opens nowhere")),
                Some(other) if !other.partners.contains(&opening.label) => {
                    problems.push(format!(
                        "{at} pairs with [{partner}], which does not name it back"
                    ));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

fn opened_twice(sources: &[Source]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = openings(sources);
    let twice = all.filter(|(source, opening)| !seen.insert((&source.crate_name, &opening.label)));
    twice
        .map(|(s, o)| format!("{}: [{}] opens a second time in its crate", s.path, o.label))
        .collect()
}

/// Mentions outside openings, in sources and models, of labels that do not exist. Without a dash,
/// capitals in brackets may be something else.
fn loose_ends(sources: &[Source], models: &[Model]) -> Vec<String> {
    let in_sources = sources
        .iter()
        .map(|s| (s.path.as_str(), &s.crate_name, &s.comments.mentions));
    let in_models = models
        .iter()
        .map(|m| (m.file.as_str(), &m.crate_name, &m.labels));
    let mut problems = Vec::new();
    for (file, crate_name, labels) in in_sources.chain(in_models) {
        let gone =
            |label: &&String| label.contains('-') && find(sources, crate_name, label).is_none();
        problems.extend(
            labels
                .iter()
                .filter(gone)
                .map(|l| format!("{file}: names [{l}], which opens nowhere")),
        );
    }
    problems
}

/// Files with orderings and no label, and comments that only look like an opening.
fn unnamed(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for Source {
        path,
        comments,
        makes_edges,
        ..
    } in sources
    {
        problems.extend(
            comments
                .malformed
                .iter()
                .map(|comment| format!("{path}: {comment}")),
        );
        if *makes_edges && comments.openings.is_empty() {
            problems.push(format!(
                "{path}: uses orderings, but no comment opens a label"
            ));
        }
    }
    problems
}

fn require_mutants(sources: &[Source], lists: &Lists) -> Result<()> {
    let problems = without_mutant(sources, lists);
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}

/// Ends of edges that no mutant is named after and no argument covers; and arguments for what has a mutant, or is not there.
fn without_mutant(sources: &[Source], lists: &Lists) -> Vec<String> {
    let mut problems = Vec::new();
    for (source, opening) in openings(sources) {
        let at = format!("{}: [{}]", source.path, opening.label);
        let list = lists.get(&source.crate_name);
        let mutants = list.map_or(0, |list| list.mutants_of(&opening.label));
        match (mutants, list.is_some_and(|list| list.argues(&opening.label))) {
            (0, false) => problems.push(format!(
                "{at} has no mutant: name one after it in mutants.toml, or argue there why none dies"
            )),
            (1.., true) => problems.push(format!("{at} has a mutant and an argument against one")),
            _ => {}
        }
    }
    for (crate_name, list) in lists {
        let edges = list.argued.iter().flat_map(|argued| &argued.edges);
        let own = openings(sources).filter(|(source, _)| source.crate_name == *crate_name);
        let is_gone = |edge: &&String| !own.clone().any(|(_, opening)| opening.label == **edge);
        problems.extend(
            edges
                .filter(is_gone)
                .map(|edge| format!("{crate_name}: argues about [{edge}], which opens nowhere")),
        );
    }
    problems
}

fn table(sources: &[Source], models: &[Model], lists: &Lists) -> String {
    let mut text = String::from(
        "| edge end | where | ordering | what it is for | pairs with | models | mutants |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for (source, opening) in openings(sources) {
        let about_it = models.iter().filter(|model| {
            model.crate_name == source.crate_name && model.labels.contains(&opening.label)
        });
        let cells = [
            format!("`{}`", opening.label),
            source.path.trim_start_matches("crates/").to_owned(),
            opening.ordering.clone(),
            opening.sentence.replace('|', "\\|"),
            partners(opening),
            list(about_it.map(|model| &model.file)),
            match lists[&source.crate_name].mutants_of(&opening.label) {
                0 => "argued".to_owned(),
                count => count.to_string(),
            },
        ];
        writeln!(text, "| {} |", cells.join(" | ")).expect("a string takes all");
    }
    text.push_str(&arguments(lists));
    text
}

/// The ends that have no mutant.
fn arguments(lists: &Lists) -> String {
    let mut text = String::from(
        "\n## Without a mutant that dies\n\n| crate | edge ends | why |\n|---|---|---|\n",
    );
    for (crate_name, mutants) in lists {
        for argued in &mutants.argued {
            let edges = list(argued.edges.iter());
            writeln!(text, "| {crate_name} | {edges} | {} |", argued.why)
                .expect("a string takes all");
        }
    }
    text
}

fn partners(opening: &Opening) -> String {
    match &opening.outside {
        Some(words) if opening.partners.is_empty() => words.clone(),
        _ => list(opening.partners.iter()),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "—".to_owned()
    } else {
        names.join(", ")
    }
}

fn new_file() -> String {
    format!(
        "# Memory orderings\n\n\
         Each row is one end of a happens-before edge, named by the comment at its atomic access.\n\n\
         {BEGIN}\n{END}\n"
    )
}

/// `file` with `table` between the two marks.
fn with_table(file: &str, table: &str) -> Result<String> {
    let parts = file.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) =
        parts.with_context(|| format!("{TABLE} has no lines `{BEGIN}` and `{END}`"))?;
    Ok(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(crate_name: &str, text: &str) -> Source {
        Source {
            crate_name: crate_name.into(),
            path: format!("crates/{crate_name}/src/free_list.rs"),
            comments: OrderingComments::read(text),
            makes_edges: makes_edges(text),
        }
    }

    fn problems(sources: &[Source]) -> String {
        require_consistent(sources, &[])
            .err()
            .map_or_else(String::new, |error| error.to_string())
    }

    const PUSH: &str =
        "// [PUSH] Release: the link. Pairs with [POP-LOAD].\nx.store(1, Release);\n";
    const POP: &str = "// [POP-LOAD] Acquire: the link | all of it. Pairs with [PUSH].\n";

    #[test]
    fn a_pair_named_from_both_ends_passes() {
        assert_eq!(problems(&[source("a", PUSH), source("a", POP)]), "");
    }

    #[test]
    fn an_edge_may_cross_crates_while_its_name_is_unique() {
        assert_eq!(problems(&[source("a", PUSH), source("b", POP)]), "");
        let third = "// [PUSH] Release: another. Pairs with [PULL].\n\n// [PULL] Acquire: it. Pairs with [PUSH].\n";
        let found = problems(&[source("a", PUSH), source("b", POP), source("c", third)]);
        assert!(
            found.contains("[POP-LOAD] pairs with [PUSH], which opens nowhere"),
            "{found}"
        );
    }

    #[test]
    fn one_sided_and_lonely_edges_are_found() {
        let found = problems(&[
            source("a", PUSH),
            source("a", "// [POP-LOAD] Acquire: alone.\n"),
        ]);
        assert!(
            found.contains("[PUSH] pairs with [POP-LOAD], which does not name it back"),
            "{found}"
        );
        assert!(found.contains("[POP-LOAD] does not say what"), "{found}");
        assert!(
            problems(&[source("a", PUSH)]).contains("pairs with [POP-LOAD], which opens nowhere")
        );
    }

    #[test]
    fn a_label_opens_once_per_crate() {
        let found = problems(&[source("a", PUSH), source("a", POP), source("a", POP)]);
        assert!(found.contains("[POP-LOAD] opens a second time"), "{found}");
    }

    #[test]
    fn loose_mentions_must_exist() {
        let text = format!("{PUSH}\n{POP}\n// Relaxed: [POP-LOAD] ordered it, not [POP-RETRY].\n");
        let found = problems(&[source("a", &text)]);
        assert_eq!(
            found,
            "crates/a/src/free_list.rs: names [POP-RETRY], which opens nowhere"
        );
    }

    #[test]
    fn orderings_without_a_label_are_found() {
        let silent = source("b", "self.head.load(Acquire);\n");
        let found = problems(&[source("a", PUSH), source("a", POP), silent]);
        assert!(
            found.contains("b/src/free_list.rs: uses orderings"),
            "{found}"
        );
    }

    fn mutants(name: &str, argued: &str) -> MutantList {
        let text = format!(
            "[[mutant]]\nname='{name} publishes nothing'\nfile='a'\nfind='b'\nreplace='c'\nkilled_by='loom_a::b'\n\
             [[argued]]\nedges=['{argued}']\nwhy='it rests on another'\n"
        );
        toml::from_str(&text).expect("complete")
    }

    #[test]
    fn each_end_has_a_mutant_or_an_argument() {
        let sources = [source("a", PUSH), source("a", POP)];
        let found = |name, argued| {
            let lists = Lists::from([("a".to_owned(), mutants(name, argued))]);
            without_mutant(&sources, &lists).join("\n")
        };
        assert_eq!(found("[PUSH]", "POP-LOAD"), "");
        assert!(found("PUSH", "POP-LOAD").contains("[PUSH] has no mutant"));
        assert!(found("[PUSH] [POP-LOAD]", "POP-LOAD").contains("[POP-LOAD] has a mutant and"));
        assert!(found("[PUSH]", "POP").contains("argues about [POP], which opens nowhere"));
        assert!(!without_mutant(&sources, &Lists::new()).is_empty());
    }

    #[test]
    fn nothing_to_check_is_an_error() {
        assert!(problems(&[source("a", "fn main() {}")]).contains("nothing to check"));
    }

    #[test]
    fn the_table_replaces_what_is_between_the_marks() {
        let sources = [source("a", PUSH), source("a", POP)];
        let model = Model {
            crate_name: "a".into(),
            file: "loom_free_list.rs".into(),
            labels: ["PUSH".to_owned()].into(),
        };
        let lists = Lists::from([("a".to_owned(), mutants("[PUSH]", "POP-LOAD"))]);
        let table = table(&sources, &[model], &lists);
        assert!(table.contains(
            "| `PUSH` | a/src/free_list.rs | Release | the link | `POP-LOAD` | `loom_free_list.rs` | 1 |"
        ));
        assert!(
            table.contains("the link \\| all of it | `PUSH` | — | argued |"),
            "{table}"
        );
        assert!(table.contains("| a | `POP-LOAD` | it rests on another |"));

        let file = format!("words\n{BEGIN}\nold\n{END}\nmore words\n");
        let blessed = with_table(&file, &table).expect("the marks are there");
        assert!(blessed.starts_with("words\n") && blessed.ends_with("\nmore words\n"));
        assert!(!blessed.contains("old"));
        assert_eq!(with_table(&blessed, &table).expect("still there"), blessed);
        assert!(with_table("no marks", &table).is_err());
    }
}
