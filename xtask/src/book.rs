//! The book in `docs/`: its table of contents is complete, and each relative link leads to a file and, if it says so, to a heading there.
//!
//! The same is asked of the other pages at the workspace's root. The links in the crates' READMEs are rustdoc's, which checks them itself.

use crate::process;
use crate::steps::Outcome;
use crate::workspace::{Workspace, files, resolved};
use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFEST: &str = "book.toml";
const SUMMARY: &str = "SUMMARY.md";

/// What this step asks of `book.toml`; mdBook reads the rest.
#[derive(Deserialize)]
struct Manifest {
    book: Book,
}

#[derive(Deserialize)]
struct Book {
    src: PathBuf,
}

/// What a page offers to links and asks of them.
struct Page {
    anchors: Vec<String>,
    links: Vec<String>,
}

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let manifest: Manifest = toml::from_str(&fs::read_to_string(MANIFEST)?)?;
    let pages = pages(&manifest.book.src)?;
    let mut problems = contents_problems(&manifest.book.src, &pages)?;
    let mut links = 0;
    for (path, page) in &pages {
        for link in &page.links {
            links += usize::from(!is_foreign(link));
            let problem = link_problem(path, link, &pages)
                .or_else(|| rendering_problem(&manifest.book.src, path, link));
            if let Some(problem) = problem {
                problems.push(format!("{}: {problem}", path.display()));
            }
        }
    }
    ensure!(links > 0, "no page has a relative link");
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    let rendered = render(workspace, progress)?;
    Ok(Outcome::Passed(format!(
        "{} pages, {links} relative links{rendered}",
        pages.len()
    )))
}

/// Every page of the book, and those at the root of the workspace, by their paths from there.
fn pages(book: &Path) -> Result<BTreeMap<PathBuf, Page>> {
    let mut pages = BTreeMap::new();
    for path in files(".")? {
        let is_ours = path.starts_with(book) || path.parent() == Some(Path::new(""));
        if is_ours && path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path)?;
            pages.insert(path, read(&text));
        }
    }
    Ok(pages)
}

fn read(markdown: &str) -> Page {
    let mut page = Page {
        anchors: Vec::new(),
        links: Vec::new(),
    };
    let mut heading = None;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor(&heading.take().unwrap_or_default());
                page.anchors.push(distinct(anchor, &page.anchors));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(dest_url.into_string());
            }
            _ => {}
        }
    }
    page
}

/// A heading's name in links, as mdBook and the usual viewers of repositories make it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The second heading of a name is `name-1`, the third `name-2`.
fn distinct(anchor: String, before: &[String]) -> String {
    let numbered = (1..).map(|number| format!("{anchor}-{number}"));
    core::iter::once(anchor.clone())
        .chain(numbered)
        .find(|name| !before.contains(name))
        .expect("the numbers do not end")
}

fn contents_problems(book: &Path, pages: &BTreeMap<PathBuf, Page>) -> Result<Vec<String>> {
    let summary = book.join(SUMMARY);
    let contents = &pages
        .get(&summary)
        .with_context(|| format!("there is no {}", summary.display()))?
        .links;
    let mut problems = Vec::new();
    for path in pages.keys().filter(|path| **path != summary) {
        let Ok(name) = path.strip_prefix(book) else {
            continue; // a page of the root
        };
        let times = contents
            .iter()
            .filter(|link| Path::new(link) == name)
            .count();
        if times != 1 {
            problems.push(format!(
                "{} lists {} {times} times instead of once",
                summary.display(),
                name.display()
            ));
        }
    }
    Ok(problems)
}

/// Whether a link leads out of the repository, where nobody looks here.
fn is_foreign(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:")
}

fn link_problem(from: &Path, link: &str, pages: &BTreeMap<PathBuf, Page>) -> Option<String> {
    if is_foreign(link) {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let to = match file {
        "" => from.to_owned(),
        file => resolved(from.parent().unwrap_or(Path::new("")), file),
    };
    if !to.exists() {
        return Some(format!(
            "`{link}` leads to {}, which is not there",
            to.display()
        ));
    }
    if anchor.is_empty() {
        return None;
    }
    let page = pages.get(&to);
    let is_there = page.is_some_and(|page| page.anchors.iter().any(|known| known == anchor));
    (!is_there).then(|| format!("`{link}`: {} has no heading `#{anchor}`", to.display()))
}

/// mdBook makes each link to a page one to a rendered page, and renders those of the book only.
fn rendering_problem(book: &Path, from: &Path, link: &str) -> Option<String> {
    let file = link.split('#').next().unwrap_or_default();
    if is_foreign(link) || !from.starts_with(book) || !file.ends_with(".md") {
        return None;
    }
    let to = resolved(from.parent().unwrap_or(Path::new("")), file);
    (!to.starts_with(book)).then(|| {
        format!("`{link}` leads out of the book, where mdBook renders no page: name its folder")
    })
}

/// Lets mdBook itself read the book, where it is installed; says what was done.
fn render(workspace: &Workspace, progress: &ProgressBar) -> Result<&'static str> {
    if crate::tools::quiet(Command::new("mdbook").arg("--version")).is_none() {
        return Ok("; not rendered: no mdbook here");
    }
    let mut command = process::command("mdbook build --dest-dir");
    command.arg(workspace.target().join("book"));
    process::succeed(command, progress)?;
    Ok("; rendered by mdbook")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_anchors_are_read_as_markdown_has_them() {
        let page = read(
            "# One *word*, `two`\n## A\n## A\n| a |\n|---|\n| [x](y.md#z) |\n\n\
             `[no](link)` <https://a.b/> [r]\n\n[r]: ../c\n",
        );
        assert_eq!(page.anchors, ["one-word-two", "a", "a-1"]);
        assert_eq!(page.links, ["y.md#z", "https://a.b/", "../c"]);
    }

    #[test]
    fn a_link_needs_its_file_and_its_heading() {
        let from = PathBuf::from("src/page.md");
        let pages = BTreeMap::from([(from.clone(), read("# Here\n"))]);
        // The tests of a package run in its folder.
        assert_eq!(link_problem(&from, "../Cargo.toml", &pages), None);
        assert_eq!(link_problem(&from, "main.rs", &pages), None);
        assert_eq!(link_problem(&from, "https://a.b/#c", &pages), None);
        let gone = link_problem(&from, "gone.md", &pages).expect("there is no such file");
        assert!(gone.contains("src/gone.md, which is not there"), "{gone}");
        let nowhere = link_problem(&from, "main.rs#there", &pages).expect("it has no headings");
        assert!(nowhere.contains("no heading `#there`"), "{nowhere}");
    }

    #[test]
    fn a_page_of_the_book_links_to_no_page_outside() {
        let problem = |from, link| rendering_problem(Path::new("docs"), Path::new(from), link);
        assert!(problem("docs/a.md", "../SECURITY.md#x").is_some());
        assert_eq!(problem("docs/a.md", "b.md#x"), None);
        assert_eq!(problem("docs/a.md", "../fuzz"), None);
        assert_eq!(problem("docs/a.md", "https://a.b/c.md"), None);
        assert_eq!(problem("README.md", "docs/a.md"), None);
    }

    #[test]
    fn each_page_is_in_the_contents_once() {
        let page = |name: &str, text| (PathBuf::from(name), read(text));
        let pages = BTreeMap::from([
            page("docs/SUMMARY.md", "- [A](a.md)\n- [C](c.md)\n- [C](c.md)\n"),
            page("docs/a.md", ""),
            page("docs/b.md", ""),
            page("docs/c.md", ""),
            page("README.md", ""),
        ]);
        let problems = contents_problems(Path::new("docs"), &pages).expect("there is a summary");
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("b.md 0 times") && problems[1].contains("c.md 2 times"));
    }
}
