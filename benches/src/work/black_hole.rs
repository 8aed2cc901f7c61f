//! Datagrams into a network that takes them and delivers none, without a copy: what sending alone costs.

use std::net::UdpSocket;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use super::send::DatagramSender;
use crate::case::{Case, each_of_cpu};

/// How many datagrams go to the kernel at once.
const BATCH: usize = 32;

/// Datagrams of `BYTES`: the sender's processor time, per datagram.
pub fn datagrams<S: DatagramSender, const BYTES: usize>(case: &mut Case<'_>) {
    let set_up = || {
        let sender = socket().and_then(|socket| S::new(socket, BATCH));
        let datagram: Arc<[u8]> = Arc::from(vec![7; BYTES]);
        (sender.expect("checked: it can be made"), datagram)
    };
    case.only_time(
        S::NAME,
        || check::<S>(BYTES),
        set_up,
        |bencher, (sender, datagram)| {
            each_of_cpu(bencher, BATCH as u64, || sender.send(datagram, BATCH));
        },
    );
}

/// Tells whether datagrams go, and whether their memory is let go.
fn check<S: DatagramSender>(bytes: usize) -> Result<(), String> {
    let mut sender = S::new(socket()?, BATCH)?;
    let datagram: Arc<[u8]> = Arc::from(vec![7; bytes]);
    sender.send(&datagram, BATCH);
    drop(sender);
    if Arc::strong_count(&datagram) != 1 {
        return Err("kept a datagram".into());
    }
    Ok(())
}

/// A socket in a network namespace of its own. That ends with its last socket.
fn socket() -> Result<UdpSocket, String> {
    // A namespace is a thread's: the socket stays in it, whoever uses it.
    let made = thread::spawn(|| {
        // SAFETY: changes which network this thread sees; touches no memory.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            return Err("no network namespace (root)".to_owned());
        }
        let commands: [(&str, &[&str]); 2] = [
            ("ip", &["link", "set", "lo", "up"]),
            ("tc", &["qdisc", "add", "dev", "lo", "root", "blackhole"]),
        ];
        for (program, arguments) in commands {
            let status = Command::new(program).args(arguments).status();
            if !status.is_ok_and(|status| status.success()) {
                return Err(format!("`{program}` did not make a black hole (iproute2)"));
            }
        }
        let socket = UdpSocket::bind("127.0.0.1:0").and_then(|socket| {
            socket.connect("127.0.0.1:9")?;
            Ok(socket)
        });
        socket.map_err(|error| error.to_string())
    });
    made.join().map_err(|_| "panicked")?
}
