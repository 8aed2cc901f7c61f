//! The layer rule: who may know whom, and who may talk to the operating system.
//!
//! Read from what the manifests declare, so an optional dependency and one for another system count
//! too. Development dependencies are free: tests and examples may combine everything.

use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, Package};
use indicatif::ProgressBar;

struct Place {
    name: &'static str,
    layer: u8,
    /// The crates of lower layers it may have as normal or build dependencies.
    knows: &'static [&'static str],
}

const PLACES: &[Place] = &[
    Place {
        name: "pool-core",
        layer: 0,
        knows: &[],
    },
    Place {
        name: "framebuf",
        layer: 1,
        knows: &["pool-core"],
    },
    Place {
        name: "sizeclass",
        layer: 1,
        knows: &["pool-core"],
    },
    Place {
        name: "percore-slab",
        layer: 1,
        knows: &["pool-core"],
    },
    Place {
        name: "zerocopy-view",
        layer: 2,
        knows: &["pool-core", "framebuf", "sizeclass"],
    },
    Place {
        name: "uring-send",
        layer: 2,
        knows: &["pool-core"],
    },
];

/// Members that stand outside the layers and may use every crate.
const OUTSIDE: &[&str] = &["benches", "guide", "xtask"];

/// Foreign crates with a short list of members that may name them.
const RESERVED: &[(&str, &[&str])] = &[
    ("libc", &["pool-core", "percore-slab", "uring-send"]),
    ("io-uring", &["uring-send"]),
];

/// A member and its normal and build dependencies.
struct Member {
    name: String,
    dependencies: Vec<String>,
}

pub(crate) fn step(workspace: &Workspace, _: &ProgressBar) -> Result<Outcome> {
    let members: Vec<_> = workspace.members().iter().map(member).collect();
    let problems = problems(&members);
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(Outcome::Passed(format!(
        "{} crates in 3 layers",
        PLACES.len()
    )))
}

fn member(package: &Package) -> Member {
    let declared = package.dependencies.iter();
    let dependencies = declared
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.clone())
        .collect();
    Member {
        name: package.name.to_string(),
        dependencies,
    }
}

fn problems(members: &[Member]) -> Vec<String> {
    let absent = PLACES
        .iter()
        .filter(|place| members.iter().all(|m| m.name != place.name));
    let mut found: Vec<_> = absent
        .map(|p| format!("{} has a layer but is no member of the workspace", p.name))
        .collect();
    for member in members {
        if OUTSIDE.contains(&member.name.as_str()) {
            continue;
        }
        let Some(place) = place(&member.name) else {
            found.push(format!(
                "{} has no layer: give it a row in PLACES",
                member.name
            ));
            continue;
        };
        found.extend(
            member
                .dependencies
                .iter()
                .filter_map(|other| problem(place, other)),
        );
    }
    found
}

fn problem(from: &Place, to: &str) -> Option<String> {
    if let Some((_, users)) = RESERVED.iter().find(|(name, _)| *name == to) {
        let stranger = !users.contains(&from.name);
        return stranger.then(|| {
            format!(
                "{} depends on {to}, which is only for {}",
                from.name,
                users.join(", ")
            )
        });
    }
    if OUTSIDE.contains(&to) {
        return Some(format!(
            "{} depends on {to}, which is above all layers",
            from.name
        ));
    }
    let other = place(to)?;
    if from.knows.contains(&to) {
        return None;
    }
    let how = match other.layer {
        layer if layer > from.layer => "upwards",
        layer if layer == from.layer => "sideways",
        _ => "on a lower crate it is not to know",
    };
    Some(format!(
        "{} (layer {}) depends {how}: {to} (layer {})",
        from.name, from.layer, other.layer
    ))
}

fn place(name: &str) -> Option<&'static Place> {
    PLACES.iter().find(|place| place.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The workspace as it should be, with `extra` as one more dependency of `name`.
    fn workspace_with(name: &str, extra: &str) -> Vec<Member> {
        let mut members: Vec<_> = PLACES
            .iter()
            .map(|place| Member {
                name: place.name.into(),
                dependencies: place.knows.iter().map(|known| (*known).into()).collect(),
            })
            .collect();
        members.push(Member {
            name: "benches".into(),
            dependencies: vec!["uring-send".into()],
        });
        let member = members.iter_mut().find(|member| member.name == name);
        member
            .expect("a member by that name")
            .dependencies
            .push(extra.into());
        members
    }

    #[track_caller]
    fn assert_one_problem(members: &[Member], words: &str) {
        let found = problems(members);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(words), "{found:?}");
    }

    #[test]
    fn the_table_itself_points_downwards() {
        for place in PLACES {
            for known in place.knows {
                assert!(super::place(known).expect("a row").layer < place.layer);
            }
        }
    }

    #[test]
    fn allowed_graphs_pass() {
        for (name, extra) in [
            ("zerocopy-view", "bytes"),
            ("percore-slab", "libc"),
            ("uring-send", "io-uring"),
            ("benches", "libc"),
        ] {
            assert!(
                problems(&workspace_with(name, extra)).is_empty(),
                "{name} -> {extra}"
            );
        }
    }

    #[test]
    fn up_sideways_and_too_far_down_are_told_apart() {
        assert_one_problem(&workspace_with("pool-core", "framebuf"), "upwards");
        assert_one_problem(&workspace_with("framebuf", "sizeclass"), "sideways");
        assert_one_problem(&workspace_with("uring-send", "zerocopy-view"), "sideways");
        assert_one_problem(
            &workspace_with("zerocopy-view", "percore-slab"),
            "not to know",
        );
        assert_one_problem(&workspace_with("uring-send", "framebuf"), "not to know");
        assert_one_problem(&workspace_with("pool-core", "benches"), "above all layers");
    }

    #[test]
    fn the_doors_to_the_system_are_guarded() {
        assert_one_problem(&workspace_with("framebuf", "libc"), "only for pool-core");
        assert_one_problem(
            &workspace_with("percore-slab", "io-uring"),
            "only for uring-send",
        );
    }

    #[test]
    fn a_crate_without_a_layer_and_a_layer_without_a_crate_are_found() {
        let mut members = workspace_with("framebuf", "thiserror");
        members.push(Member {
            name: "newcomer".into(),
            dependencies: vec![],
        });
        assert_one_problem(&members, "newcomer has no layer");
        members.retain(|member| member.name != "newcomer" && member.name != "sizeclass");
        assert_one_problem(&members, "sizeclass has a layer");
    }
}
