//! A test's own world: the same test again, in a child process that has a network or a limit of its own.
//!
//! Where that is not allowed, the test prints `skipped: <reason>`. Nothing of it stays: namespaces end with their last process.

use std::env;
use std::ffi::OsString;
use std::process::{Command, Stdio};

/// Says to a child in which world it is.
const VARIABLE: &str = "URING_SEND_WORLD";
/// The exit code of a world that could not be made.
const NOT_MADE: i32 = 77;

/// How a world is made around a program.
#[derive(Clone, Copy)]
pub(crate) enum World {
    /// The loopback device takes packets and delivers none, without a copy.
    BlackHole,
    /// A pair of virtual cards, `10.7.0.1` here and `10.7.0.2` in the namespace `far`.
    Veth,
    /// 64 KiB may be pinned, and no capability lifts that.
    LittleMemlock,
}

impl World {
    fn name(self) -> &'static str {
        match self {
            Self::BlackHole => "black hole",
            Self::Veth => "veth",
            Self::LittleMemlock => "little memlock",
        }
    }

    /// The program that makes it, with what it is told before the program to run.
    fn maker(self) -> &'static [&'static str] {
        match self {
            Self::BlackHole => &["unshare", "--net"],
            Self::Veth => &["unshare", "--net", "--mount"],
            Self::LittleMemlock => &[
                "setpriv",
                "--inh-caps=-ipc_lock",
                "--bounding-set=-ipc_lock",
                "prlimit",
                "--memlock=65536:65536",
            ],
        }
    }

    /// What is done inside before the program runs.
    fn steps(self) -> &'static str {
        match self {
            Self::BlackHole => "ip link set lo up && tc qdisc add dev lo root blackhole",
            Self::Veth => {
                "mount -t tmpfs none /run && ip netns add far && ip link add near type veth peer name far netns far \
                 && ip addr add 10.7.0.1/24 dev near && ip link set near up \
                 && ip -n far addr add 10.7.0.2/24 dev far && ip -n far link set far up"
            }
            Self::LittleMemlock => "true",
        }
    }

    fn is_allowed(self) -> bool {
        let maker = self.maker();
        let tried = Command::new(maker[0])
            .args(&maker[1..])
            .arg("true")
            .stderr(Stdio::null())
            .status();
        tried.is_ok_and(|status| status.success())
    }
}

/// `true` in the child. Elsewhere makes the world, runs the test of this name in it, fails if it fails, and says `false`.
pub(crate) fn enter(world: World, test: &str) -> bool {
    if env::var(VARIABLE).is_ok_and(|name| name == world.name()) {
        return true;
    }
    if !world.is_allowed() {
        println!(
            "skipped: no world `{}` here (root, util-linux)",
            world.name()
        );
        return false;
    }
    let script = format!("{{ {}; }} || exit {NOT_MADE}; exec \"$@\"", world.steps());
    let mut maker = Command::new(world.maker()[0]);
    maker
        .args(&world.maker()[1..])
        .args(["sh", "-c", &script, "sh"]);
    let output = maker
        .arg(program())
        .args(["--exact", test, "--nocapture"])
        .env(VARIABLE, world.name())
        .output();
    let output = output.expect("it ran just now");
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(NOT_MADE) {
        println!(
            "skipped: a world `{}` cannot be made here (iproute2, qdisc)",
            world.name()
        );
        return false;
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "in the world `{}`: {printed}{errors}",
        world.name()
    );
    assert!(
        printed.contains("1 passed"),
        "`{test}` is the name of no test: {printed}"
    );
    printed
        .lines()
        .filter_map(|line| Some(&line[line.find("skipped: ")?..]))
        .for_each(|line| println!("{line}"));
    false
}

/// This program again, to be run in the namespace `far` of the world with [`World::Veth`].
pub(crate) fn far(test: &str, role: &str) -> Command {
    let mut command = Command::new("ip");
    command
        .args(["netns", "exec", "far"])
        .arg(program())
        .args(["--exact", test, "--nocapture"]);
    command
        .env(VARIABLE, role)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// Whether this process was begun as [`far`] with that role.
pub(crate) fn is(role: &str) -> bool {
    env::var(VARIABLE).is_ok_and(|name| name == role)
}

fn program() -> OsString {
    env::current_exe().expect("this program").into()
}
