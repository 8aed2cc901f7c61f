//! A Rust compiler and standard libraries for other machines out of Debian's archive, unpacked below cargo's folder: nothing is installed, and no toolchain of
//! the user is changed.
//!
//! Debian keeps one compiler for years, and the standard library for each of its machines beside it. So where there is no rustup that has (or could bring) an older
//! compiler or another target, a Debian can show both within a minute.

use crate::process;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler is called `rustc-web` where the release has an older one by the name `rustc`.
const VARIANTS: &[&str] = &["-web", ""];

/// Other machines whose packages are asked for: a target's triple, and what Debian calls it.
const FOREIGN: &[(&str, &str)] = &[
    ("i686-unknown-linux-gnu", "i386"),
    ("aarch64-unknown-linux-gnu", "arm64"),
    ("s390x-unknown-linux-gnu", "s390x"),
];

/// A compiler that was unpacked.
pub(crate) struct DebianRust {
    archive: Archive,
    variant: &'static str,
    /// As in `1.85.0+dfsg3-1`.
    version: String,
    root: PathBuf,
}

impl DebianRust {
    /// The compiler `release`, which is a number such as `1.85`; `None` where Debian's archive is not there or has another one.
    pub(crate) fn provide(
        workspace: &Workspace,
        release: &str,
        progress: &ProgressBar,
    ) -> Result<Option<DebianRust>> {
        let folder = workspace.target().join("debian");
        let Some(archive) = Archive::open(&folder, progress)? else {
            return Ok(None);
        };
        let offers = VARIANTS.iter().find_map(|variant| {
            let version = archive.version(&format!("rustc{variant}"), release)?;
            Some((*variant, version))
        });
        let Some((variant, version)) = offers else {
            return Ok(None);
        };
        let rust = DebianRust {
            root: folder.join(&version),
            archive,
            variant,
            version,
        };
        rust.unpack_compiler(release, progress)?;
        Ok(Some(rust))
    }

    fn unpack_compiler(&self, release: &str, progress: &ProgressBar) -> Result<()> {
        if self.rustc().exists() {
            return Ok(());
        }
        let DebianRust {
            variant, version, ..
        } = self;
        let libraries = format!("libstd-rust{variant}-{release}={version}");
        let llvm = self.archive.dependency(&libraries, "libllvm")?;
        let packages = [
            llvm,
            libraries,
            format!("libstd-rust{variant}-dev={version}"),
            // Last, because its program is what says that all are there.
            format!("rustc{variant}={version}"),
        ];
        for package in packages {
            self.archive.unpack(&package, &self.root, progress)?;
        }
        Ok(())
    }

    /// Makes the standard library for `target` available, if Debian has one.
    pub(crate) fn add_target(&self, target: &str, progress: &ProgressBar) -> Result<bool> {
        let known = FOREIGN.iter().find(|(triple, _)| *triple == target);
        let Some((_, machine)) = known else {
            return Ok(false);
        };
        if !self.root.join("usr/lib/rustlib").join(target).exists() {
            let DebianRust {
                variant, version, ..
            } = self;
            let package = format!("libstd-rust{variant}-dev:{machine}={version}");
            self.archive.unpack(&package, &self.root, progress)?;
        }
        Ok(true)
    }

    /// Lets `cargo` build with this compiler.
    pub(crate) fn lend_to(&self, cargo: &mut Command) -> Result<()> {
        cargo.env("RUSTC", self.rustc());
        // Where the compiler's own libraries lie; it was built to find them in the system's folders.
        cargo.env("LD_LIBRARY_PATH", self.libraries()?);
        Ok(())
    }

    fn rustc(&self) -> PathBuf {
        self.root.join("usr/bin/rustc")
    }

    fn libraries(&self) -> Result<PathBuf> {
        let lib = self.root.join("usr/lib");
        for entry in fs::read_dir(&lib)? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with("-linux-gnu") {
                return Ok(path);
            }
        }
        anyhow::bail!("no libraries of the compiler below {}", lib.display())
    }
}

/// Debian's archive as this system is told to reach it, with lists of our own: they name the other machines' packages too.
struct Archive {
    folder: PathBuf,
}

impl Archive {
    /// `None` where there is no apt.
    fn open(folder: &Path, progress: &ProgressBar) -> Result<Option<Archive>> {
        let Some(machine) = tools::quiet(Command::new("dpkg").arg("--print-architecture")) else {
            return Ok(None);
        };
        let archive = Archive {
            folder: folder.to_owned(),
        };
        let settings = archive.settings();
        if !settings.exists() {
            for part in ["lists/partial", "cache/archives/partial", "packages"] {
                fs::create_dir_all(folder.join(part))?;
            }
            // One of the system's other sources may be out of reach: what came is what counts.
            fs::write(folder.join("new"), archive.settings_text(machine.trim()))?;
            let mut update = Command::new("apt-get");
            update.env("APT_CONFIG", folder.join("new")).arg("update");
            process::run(update, progress)?;
            fs::rename(folder.join("new"), settings)?;
        }
        Ok(Some(archive))
    }

    /// Written when the lists are there.
    fn settings(&self) -> PathBuf {
        self.folder.join("apt.conf")
    }

    fn settings_text(&self, machine: &str) -> String {
        let machines = FOREIGN.iter().map(|(_, foreign)| *foreign);
        let machines: Vec<_> = core::iter::once(machine)
            .chain(machines.filter(|foreign| *foreign != machine))
            .map(|name| format!("\"{name}\";"))
            .collect();
        let folder = self.folder.display();
        // Not as another user, who may not write here.
        format!(
            "APT::Architecture \"{machine}\";\nAPT::Architectures {{ {} }};\n\
             APT::Sandbox::User \"\";\n\
             Dir::State::lists \"{folder}/lists\";\nDir::Cache \"{folder}/cache\";\n",
            machines.join(" ")
        )
    }

    fn ask(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.settings()).args(arguments);
        tools::quiet(&mut command)
    }

    /// The version of a package that begins with `release`.
    fn version(&self, package: &str, release: &str) -> Option<String> {
        let offers = self.ask("apt-cache", &["madison", package])?;
        version_of(&offers, release)
    }

    /// The name of what `package=version` depends on that begins with `prefix`.
    fn dependency(&self, package: &str, prefix: &str) -> Result<String> {
        let about = self.ask("apt-cache", &["show", package]);
        let about = about.with_context(|| format!("nothing is known of {package}"))?;
        let found = dependency_of(&about, prefix);
        found.with_context(|| format!("{package} depends on no {prefix}…"))
    }

    /// Fetches a package and lays its files below `root`.
    fn unpack(&self, package: &str, root: &Path, progress: &ProgressBar) -> Result<()> {
        let packages = self.folder.join("packages");
        let mut download = Command::new("apt-get");
        download.env("APT_CONFIG", self.settings());
        download.args(["download", package]).current_dir(&packages);
        process::succeed(download, progress)?;
        let mut unpacked = 0;
        for entry in fs::read_dir(&packages)? {
            let file = entry?.path();
            let mut unpack = Command::new("dpkg-deb");
            unpack.arg("-x").arg(&file).arg(root);
            process::succeed(unpack, progress)?;
            fs::remove_file(&file)?;
            unpacked += 1;
        }
        ensure!(unpacked > 0, "apt-get download {package} left no file");
        Ok(())
    }
}

/// Reads `name | version | where` lines.
fn version_of(offers: &str, release: &str) -> Option<String> {
    let mut versions = offers.lines().filter_map(|line| line.split('|').nth(1));
    let wanted = versions.find(|version| version.trim().starts_with(&format!("{release}.")));
    Some(wanted?.trim().to_owned())
}

/// Reads the field `Depends: a, b (>= 1), c`.
fn dependency_of(about: &str, prefix: &str) -> Option<String> {
    let list = about
        .lines()
        .find_map(|line| line.strip_prefix("Depends: "))?;
    let names = list.split(", ").filter_map(|one| one.split(' ').next());
    Some(
        names
            .into_iter()
            .find(|name| name.starts_with(prefix))?
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_found_among_others() {
        let offers = " rustc-web | 1.96.0+dfsg1-1 | http://x bookworm-security/main\n \
                      rustc-web | 1.85.0+dfsg3-1~deb12u3 | http://x bookworm/main\n";
        let found = version_of(offers, "1.85").expect("it is the second");
        assert_eq!(found, "1.85.0+dfsg3-1~deb12u3");
        assert_eq!(version_of(offers, "1.8"), None);
        assert_eq!(version_of("", "1.85"), None);
    }

    #[test]
    fn a_dependency_is_found_by_its_beginning() {
        let about = "Package: libstd-rust-1.85\nDepends: libc6 (>= 2.34), libllvm19, libstdc++6\n";
        let found = dependency_of(about, "libllvm").expect("it is the second");
        assert_eq!(found, "libllvm19");
        assert_eq!(dependency_of(about, "libz"), None);
    }
}
