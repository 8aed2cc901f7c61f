//! The server under clients of the standard library: every byte of every answer is compared, and nothing is held at the end.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use sha2::{Digest, Sha256};

use crate::Options;
use crate::server::{Report, Server};

const LARGE: usize = 3_000_000;

/// An answer as a client sees it.
struct Answer {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.iter().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn new(address: SocketAddr) -> Result<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(address)?)))
    }

    fn write(&mut self, request: &str) -> Result<()> {
        Ok(self.0.get_mut().write_all(request.as_bytes())?)
    }

    fn get(&mut self, target: &str, headers: &str) -> Result<Answer> {
        self.write(&format!(
            "GET {target} HTTP/1.1\r\nhost: here\r\n{headers}\r\n"
        ))?;
        self.read(true)
    }

    fn read(&mut self, has_body: bool) -> Result<Answer> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            ensure!(self.0.read_line(&mut line)? > 0, "the server hung up");
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let status = lines[0].split(' ').nth(1).context("a status")?.parse()?;
        let mut answer = Answer {
            status,
            headers: lines,
            body: Vec::new(),
        };
        let len = answer.header("content-length").unwrap_or("0").parse()?;
        answer.body.resize(if has_body { len } else { 0 }, 0);
        self.0.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    fn is_ended(&mut self) -> Result<bool> {
        match self.0.read(&mut [0]) {
            Ok(bytes) => Ok(bytes == 0),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let root = std::env::temp_dir().join(format!("http-self-test-{}", std::process::id()));
    fs::create_dir_all(root.join("folder"))?;
    let outcome = serve_and_check(options, &root);
    fs::remove_dir_all(&root)?;
    let report = outcome?;
    let (served, unsent) = (report.served, report.unsent);
    println!(
        "{served} requests, {unsent} messages not taken: {:?}",
        report.stats
    );
    ensure!(
        report.slots_in_use == 0,
        "slots in use: {}",
        report.slots_in_use
    );
    let held = report.stats.operations.in_flight + report.stats.entries;
    ensure!(held == 0, "sends in flight or queued at the end: {held}");
    println!("http self-test: every byte as it is in the files, nothing held at the end");
    Ok(())
}

fn serve_and_check(options: &Options, root: &std::path::Path) -> Result<Report> {
    let large = pattern(LARGE);
    fs::write(root.join("large.bin"), &large)?;
    fs::write(root.join("index.html"), "<p>index</p>")?;
    fs::write(root.join("folder/with space.txt"), "spaced")?;
    let options = Options {
        root: root.to_owned(),
        connections: 64,
        ..options.clone()
    };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = Server::new(&options, listener)?;
    let stop = server.stopper();
    let server = thread::spawn(move || server.run());
    let checked = check(address, &large);
    stop.stop();
    let report = server.join().map_err(|_| anyhow!("the server panicked"))?;
    checked?;
    report
}

fn check(address: SocketAddr, large: &[u8]) -> Result<()> {
    // It asks for everything, reads nothing and stays: the others must not notice.
    let mut stalled = Client::new(address)?;
    for _ in 0..8 {
        stalled.write("GET /large.bin HTTP/1.1\r\n\r\n")?;
    }
    files(address, large)?;
    ranges(address, large)?;
    refusals(address)?;
    pipelined(address, large)?;
    at_once(address, large)?;
    for _ in 0..8 {
        ensure!(stalled.read(true)?.body == large, "the stalled client");
    }
    drop(stalled);
    let mut leaving = Client::new(address)?;
    leaving.write("GET /large.bin HTTP/1.1\r\n\r\n")?;
    Ok(())
}

fn files(address: SocketAddr, large: &[u8]) -> Result<()> {
    let mut client = Client::new(address)?;
    for target in ["/", "/index.html", "/?query"] {
        let answer = client.get(target, "")?;
        ensure!(
            answer.status == 200 && answer.body == b"<p>index</p>",
            "{target}"
        );
        ensure!(
            answer.header("content-type") == Some("text/html; charset=utf-8"),
            "{target}"
        );
    }
    let answer = client.get("/folder/with%20space.txt", "")?;
    ensure!(answer.body == b"spaced", "a name with a space");
    let answer = client.get("/large.bin", "")?;
    ensure!(answer.body == large, "a large file");
    let tag = answer.header("etag").context("an etag")?.to_owned();
    let same = client.get("/large.bin", &format!("if-none-match: {tag}\r\n"))?;
    ensure!(same.status == 304 && same.body.is_empty(), "not modified");
    client.write("HEAD /large.bin HTTP/1.1\r\n\r\n")?;
    let head = client.read(false)?;
    ensure!(
        head.header("content-length") == Some("3000000"),
        "a head alone"
    );
    let first = client.get("/status", "")?;
    ensure!(
        first.status == 200 && first.body.starts_with(b"requests "),
        "status"
    );
    ensure!(
        client.get("/status", "")?.body != first.body,
        "status is made anew"
    );
    // Byte by byte, and the last request of its connection.
    for byte in "GET / HTTP/1.1\r\nconnection: close\r\n\r\n".split_inclusive(' ') {
        client.write(byte)?;
    }
    ensure!(
        client.read(true)?.status == 200 && client.is_ended()?,
        "close"
    );
    let mut old = Client::new(address)?;
    old.write("GET / HTTP/1.0\r\n\r\n")?;
    ensure!(old.read(true)?.status == 200 && old.is_ended()?, "HTTP/1.0");
    Ok(())
}

fn ranges(address: SocketAddr, large: &[u8]) -> Result<()> {
    let mut client = Client::new(address)?;
    for (asked, range) in [
        ("0-0", 0..1),
        ("0-", 0..LARGE),
        ("1000-1999", 1000..2000),
        ("2999000-9999999", 2_999_000..LARGE),
        ("-5", LARGE - 5..LARGE),
        ("-9999999", 0..LARGE),
        ("65535-1065536", 65_535..1_065_537),
    ] {
        let answer = client.get("/large.bin", &format!("range: bytes={asked}\r\n"))?;
        ensure!(answer.status == 206, "{asked}: {}", answer.status);
        let expected = format!("bytes {}-{}/{LARGE}", range.start, range.end - 1);
        ensure!(answer.header("content-range") == Some(&expected), "{asked}");
        ensure!(answer.body == large[range], "{asked}: other bytes");
    }
    for asked in ["3000000-", "-0", "9999999-99999999"] {
        let answer = client.get("/large.bin", &format!("range: bytes={asked}\r\n"))?;
        ensure!(answer.status == 416 && answer.body.is_empty(), "{asked}");
    }
    for asked in ["bytes=5-4", "bytes=1-2,4-5", "lines=1-2"] {
        let answer = client.get("/large.bin", &format!("range: {asked}\r\n"))?;
        ensure!(answer.status == 200 && answer.body == large, "{asked}");
    }
    let headers = "range: bytes=0-1\r\nif-range: \"another\"\r\n";
    let answer = client.get("/large.bin", headers)?;
    ensure!(answer.status == 200, "if-range");
    Ok(())
}

fn refusals(address: SocketAddr) -> Result<()> {
    let mut client = Client::new(address)?;
    for target in [
        "/none",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/%zz",
        "/%00",
        "//etc/passwd",
    ] {
        let answer = client.get(target, "")?;
        ensure!(answer.status == 404, "{target}: {}", answer.status);
    }
    client.write("DELETE / HTTP/1.1\r\n\r\n")?;
    ensure!(client.read(true)?.status == 405, "DELETE");
    client.write("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc")?;
    ensure!(client.read(true)?.status == 413, "a body");
    let mut client = Client::new(address)?;
    client.write("no request at all\r\n\r\n")?;
    ensure!(
        client.read(true)?.status == 400 && client.is_ended()?,
        "garbage"
    );
    let mut client = Client::new(address)?;
    client.write(&format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(17_000)))?;
    ensure!(client.read(true)?.status == 431, "a head without end");
    Ok(())
}

/// Many requests before the first answer is read.
fn pipelined(address: SocketAddr, large: &[u8]) -> Result<()> {
    let mut client = Client::new(address)?;
    let mut expected = Vec::new();
    for number in 0..200 {
        let (first, last) = (number * 10_000, number * 10_000 + number * 37);
        client.write(&format!(
            "GET /large.bin HTTP/1.1\r\nrange: bytes={first}-{last}\r\n\r\n"
        ))?;
        expected.push(&large[first..=last]);
    }
    for expected in expected {
        ensure!(
            client.read(true)?.body == expected,
            "pipelined: other bytes"
        );
    }
    Ok(())
}

fn at_once(address: SocketAddr, large: &[u8]) -> Result<()> {
    thread::scope(|scope| {
        let client = |number: usize| -> Result<()> {
            let mut client = Client::new(address)?;
            for round in 0..20 {
                let range = number * 1000..(number + 1) * (round + 1) * 4000;
                let headers = format!("range: bytes={}-{}\r\n", range.start, range.end - 1);
                let answer = client.get("/large.bin", &headers)?;
                ensure!(answer.body == large[range], "client {number}: other bytes");
            }
            Ok(())
        };
        let clients: Vec<_> = (0..30).map(|n| scope.spawn(move || client(n))).collect();
        for client in clients {
            client.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        Ok(())
    })
}

/// Known bytes without repetition.
fn pattern(len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 32);
    let mut block = Sha256::digest(b"http");
    while bytes.len() < len {
        bytes.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    bytes.truncate(len);
    bytes
}
