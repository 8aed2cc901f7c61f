//! What a registry would get of each crate.

use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Result, bail, ensure};
use cargo_metadata::Package;
use indicatif::ProgressBar;
use std::fs;

/// Beside its code a package has these; whoever has only the package must be allowed to use it, and see what changed.
const TEXTS: &[&str] = &["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];

const README_IS_DOCUMENTATION: &str = "#![doc = include_str!(\"../README.md\")]";

/// A registry takes no more keywords and categories.
const MOST_WORDS: usize = 5;

/// Packs each crate without building it, and looks at what is packed and said of it.
pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    pack(workspace, "--no-verify --quiet", progress)?;
    let mut problems = Vec::new();
    let mut crates = 0;
    for package in workspace.crates() {
        crates += 1;
        let mut list = process::command("cargo package --list --allow-dirty --quiet -p");
        list.arg(package.name.as_str());
        let list = process::succeed(list, progress)?;
        let lib = fs::read_to_string(package.manifest_path.with_file_name("src/lib.rs"))?;
        let shows_readme = lib.contains(README_IS_DOCUMENTATION);
        let undocumented =
            (!shows_readme).then(|| "its README is not its documentation".to_owned());
        let problems_here = metadata_problems(package).into_iter().chain(undocumented);
        let missing = TEXTS
            .iter()
            .filter(|text| list.lines().all(|line| line != **text))
            .map(|text| format!("{text} is not packed"));
        let said = problems_here
            .chain(missing)
            .map(|problem| format!("{}: {problem}", package.name));
        problems.extend(said);
    }
    ensure!(crates > 0, "there is no crate to pack");
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(Outcome::Passed(format!("{crates} packages")))
}

/// Builds each crate from its packed form, the others taken from their packed forms too.
pub(crate) fn build_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    pack(workspace, "", progress)?;
    Ok(Outcome::Passed(String::new()))
}

fn pack(workspace: &Workspace, options: &str, progress: &ProgressBar) -> Result<()> {
    // Where everything is at hand already, this asks nobody.
    process::succeed(process::command("cargo fetch"), progress)?;
    let line = format!("cargo package --offline --allow-dirty {options}");
    let mut command = process::command(&line);
    for package in workspace.crates() {
        command.args(["-p", package.name.as_str()]);
    }
    process::succeed(command, progress)?;
    Ok(())
}

fn metadata_problems(package: &Package) -> Vec<String> {
    let words = |kind: &str, words: &[String]| {
        let count = words.len();
        let fits = (1..=MOST_WORDS).contains(&count);
        (!fits).then(|| format!("{count} {kind}, and a registry takes 1 to {MOST_WORDS}"))
    };
    let missing = |name: &str, is_there: bool| (!is_there).then(|| format!("says no `{name}`"));
    let docs_rs = package.metadata.pointer("/docs/rs").is_some();
    [
        missing("description", package.description.is_some()),
        missing("license", package.license.is_some()),
        missing("readme", package.readme.is_some()),
        missing("rust-version", package.rust_version.is_some()),
        missing("package.metadata.docs.rs", docs_rs),
        words("keywords", &package.keywords),
        words("categories", &package.categories),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cargo_metadata::MetadataCommand;

    #[test]
    fn what_is_not_said_is_named() {
        let metadata = MetadataCommand::new().no_deps().exec();
        let packages = metadata.expect("the tests run in the workspace").packages;
        let find = |name: &str| packages.iter().find(|package| package.name == name);
        let published = find("pool-core").expect("it is a member");
        assert_eq!(metadata_problems(published), [""; 0]);
        let tool = find("xtask").expect("it is a member");
        let said = metadata_problems(tool).join("\n");
        assert!(said.contains("says no `readme`"), "{said}");
        assert!(said.contains("0 keywords"), "{said}");
    }
}
