//! A server under test: a process of ours, on the loopback interface, with one worker on one core.

use super::SERVER_CORE;
use crate::process;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// Debian puts it where only root looks.
const NGINX: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

/// Ended when it is dropped.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// The example, serving `folder`.
    pub(super) fn ours(program: &Path, folder: &Path) -> Result<Server> {
        let address = free_address()?;
        let mut command = pinned(&program.to_string_lossy());
        command.arg("--listen").arg(address.to_string());
        command.arg("--root").arg(folder);
        Server::start(command, address)
    }

    /// nginx, serving `folder`, from which it also has its configuration; the process that is started is its one worker.
    pub(super) fn nginx(folder: &Path, name: &str, sendfile: &str) -> Result<Server> {
        let address = free_address()?;
        let file = folder.join(format!("{name}.conf"));
        fs::write(&file, configuration(folder, name, sendfile, address))?;
        let program = nginx().context("asked for before")?;
        let mut command = pinned(program);
        command.arg("-p").arg(folder).arg("-c").arg(&file);
        Server::start(command, address)
    }

    fn start(mut command: Command, address: SocketAddr) -> Result<Server> {
        let text = process::describe(&command);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        let child = command
            .spawn()
            .with_context(|| format!("cannot start `{text}`"))?;
        let mut server = Server { child, address };
        server.wait_until_it_listens().context(text)?;
        Ok(server)
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        const TRIES: u32 = 500;
        for _ in 0..TRIES {
            match TcpStream::connect(self.address) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(error) => bail!("{}: {error}", self.address),
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("ended with {status} before it listened");
            }
            thread::park_timeout(Duration::from_millis(10));
        }
        bail!("does not listen on {}", self.address)
    }

    pub(super) fn url(&self, file: &str) -> String {
        format!("http://{}/{file}", self.address)
    }

    /// Whether it answers with the file's bytes.
    pub(super) fn check(&self, file: &str, body: &[u8]) -> Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let (address, close) = (self.address, "Connection: close");
        write!(
            stream,
            "GET /{file} HTTP/1.1\r\nHost: {address}\r\n{close}\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        ensure!(answer.starts_with(b"HTTP/1.1 200 "), "no 200");
        ensure!(answer.ends_with(body), "not the file's bytes");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors: it ended by itself, and there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn has_nginx() -> bool {
    nginx().is_some()
}

fn nginx() -> Option<&'static str> {
    let is_there = |program: &&str| Command::new(program).arg("-v").output().is_ok();
    NGINX.into_iter().find(is_there)
}

fn pinned(program: &str) -> Command {
    let mut command = process::command(&format!("taskset -c {SERVER_CORE}"));
    command.arg(program);
    command
}

/// One that nobody has at the moment.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn configuration(folder: &Path, name: &str, sendfile: &str, address: SocketAddr) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("  {kind}_temp_path {folder}/{name}-{kind};\n"))
        .concat();
    format!(
        "daemon off;\n\
         master_process off;\n\
         worker_processes 1;\n\
         error_log {folder}/{name}.log;\n\
         pid {folder}/{name}.pid;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         {temporary}  \
           access_log off;\n  \
           sendfile {sendfile};\n  \
           keepalive_requests 1000000000;\n  \
           server {{ listen {address}; root {folder}; }}\n\
         }}\n"
    )
}
