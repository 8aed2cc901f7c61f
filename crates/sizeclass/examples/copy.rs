//! Copies a file past the page cache, through buffers of mixed sizes under a budget of 32 MiB, and checks the digest:
//! `cargo run --release -p sizeclass --example copy [FROM TO]`. Without arguments it makes a file of 36 MiB to copy.
//!
//! One thread reads ahead, another writes. Nothing but the budget holds the reader back: when 32 MiB are on their way, it waits for the writer.

use std::env;
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pool_core::Budget;
use sha2::{Digest, Sha256};
use sizeclass::{BufferPool, PooledBuffer};

const KIB: usize = 1024;
const BUDGET: usize = 32 * KIB * KIB;
/// What `O_DIRECT` wants addresses, lengths and places in the file to be multiples of, on any disk.
const BLOCK: usize = 4 * KIB;
/// What is read at a time: as mixed as what a database asks for.
const SIZES: [usize; 6] = [
    4 * KIB,
    1024 * KIB,
    64 * KIB,
    256 * KIB,
    12 * KIB,
    512 * KIB,
];

/// A piece of the file on its way.
struct Piece {
    at: u64,
    bytes: PooledBuffer,
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    match &arguments[..] {
        [from, to] if from.exists() => copy(from, to),
        _ => of_our_own(),
    }
}

/// Copies a file that is made for it, and removes both.
fn of_our_own() -> Result<(), Box<dyn Error>> {
    let folder = env::temp_dir().join(format!("sizeclass-copy-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (from, to) = (folder.join("from"), folder.join("to"));
    let done = make(&from)
        .map_err(Into::into)
        .and_then(|()| copy(&from, &to));
    fs::remove_dir_all(&folder)?;
    done
}

/// A file of 36 MiB and a bit, so that its end is no whole block.
fn make(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    let block: Vec<u8> = (0..KIB * KIB).map(|at| (at * 31 % 251) as u8).collect();
    for number in 0..36_u8 {
        file.write_all(&[number])?;
        file.write_all(&block)?;
    }
    file.sync_all()
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let budget = Budget::builder().name("copy").limit_bytes(BUDGET).build();
    let pool = BufferPool::builder()
        .capacity_per_class(64)
        .budget(&budget)
        .align(BLOCK)
        .build()?;
    let bytes = fs::metadata(from)?.len();
    let progress = ProgressBar::new(bytes).with_style(ProgressStyle::with_template(
        "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec}",
    )?);

    let source = open_past_the_cache(from)?;
    let target = File::create(to)?;
    let (reader, pieces) = mpsc::channel();
    thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        let pool = &pool;
        let reading = scope.spawn(move || read_ahead(&source, pool, bytes, &reader));
        for Piece { at, bytes } in pieces {
            target.write_all_at(&bytes, at)?;
            progress.inc(bytes.len() as u64);
        }
        reading
            .join()
            .expect("the reader does not panic")
            .map_err(Into::into)
    })?;
    target.sync_all()?;
    progress.finish();

    let report = budget.snapshot();
    println!("{}\n\n{report}", pool.stats());
    let (expected, copied) = (digest(from)?, digest(to)?);
    assert_eq!(expected, copied, "the copy differs");
    assert!(report.total().peak <= BUDGET && report.total().overdrafts == 0);
    println!("{bytes} bytes, SHA-256 {copied}");
    Ok(())
}

/// With `O_DIRECT`, if the file system can.
fn open_past_the_cache(path: &Path) -> io::Result<File> {
    let direct = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECT)
        .open(path);
    direct.or_else(|why| {
        println!("O_DIRECT: {why}; reading through the page cache instead");
        File::open(path)
    })
}

/// Reads the file piece by piece, as far ahead of who takes the pieces as the budget lets it.
fn read_ahead(
    source: &File,
    pool: &BufferPool,
    end: u64,
    pieces: &mpsc::Sender<Piece>,
) -> io::Result<()> {
    let mut at = 0;
    for size in SIZES.into_iter().cycle() {
        if at >= end {
            break;
        }
        let buffer = pool.acquire_timeout(size, Duration::MAX);
        let mut bytes = buffer.map_err(io::Error::other)?;
        // Only the file's end may give less.
        let read = source.read_at(&mut bytes, at)?;
        if read == 0 {
            break;
        }
        bytes.truncate(read);
        let piece = Piece { at, bytes };
        at += read as u64;
        if pieces.send(piece).is_err() {
            break; // The writer failed, and says why.
        }
    }
    Ok(())
}

fn digest(path: &Path) -> io::Result<String> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut part = vec![0; KIB * KIB];
    loop {
        match file.read(&mut part)? {
            0 => break,
            read => hash.update(&part[..read]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
