//! The fan-out on tokio: one thread with a current-thread runtime, a task per connection, a bounded channel per subscriber.
//!
//! One thread, because that is what costs this design least: no wake-up crosses cores. What arrives is split off its buffer
//! and frozen, pieces of unfinished messages included, so that no byte is copied in user space here either.

use std::fmt::Display;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow};
use bytes::{Buf, Bytes, BytesMut};
use cpu_time::ThreadTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task;

use crate::framing::Framing;

/// As the relay's defaults.
pub(crate) const BEHIND_BYTES: u64 = 4 * 1024 * 1024;
const BEHIND_PARTS: usize = 1024;
const MOST_MESSAGE_BYTES: usize = 1024 * 1024;
/// What a receive buffer has when it is new. The most that `BytesMut` remembers when it makes the next one.
const BUFFER_BYTES: usize = 64 * 1024;
/// A buffer with less room than this is left to those who still read it.
const LEAST_ROOM: usize = 4 * 1024;
/// As many parts as one send of the relay has at most.
const MOST_PARTS: usize = 32;

/// What other threads may look at while the relay runs.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) subscribers: AtomicU64,
    pub(crate) publishers_gone: AtomicU64,
    pub(crate) messages: AtomicU64,
}

/// A relay at work.
pub(crate) struct Relay {
    pub(crate) publish: SocketAddr,
    pub(crate) subscribe: SocketAddr,
    pub(crate) progress: Arc<Progress>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<Duration>>,
}

impl Relay {
    pub(crate) fn start() -> Result<Self> {
        let (publishers, subscribers) = (listener()?, listener()?);
        let (publish, subscribe) = (publishers.local_addr()?, subscribers.local_addr()?);
        let progress = Arc::new(Progress::default());
        let (stop, until) = oneshot::channel();
        let hub = Arc::new(Hub {
            subscribers: Mutex::default(),
            progress: progress.clone(),
        });
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
            runtime.block_on(serve(publishers, subscribers, hub, until))
        });
        Ok(Self {
            publish,
            subscribe,
            progress,
            stop,
            thread,
        })
    }

    /// Ends it in order: what was received is sent, then every connection is closed. Gives the CPU time of the relay's thread.
    pub(crate) fn stop(self) -> Result<Duration> {
        // Refused only if the thread has ended, and then joining it says why.
        let _ = self.stop.send(());
        let ended = self.thread.join();
        ended.map_err(|_| anyhow!("the relay panicked"))?
    }
}

fn listener() -> io::Result<StdListener> {
    let listener = StdListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn serve(
    publishers: StdListener,
    subscribers: StdListener,
    hub: Arc<Hub>,
    until: oneshot::Receiver<()>,
) -> Result<Duration> {
    let cpu = ThreadTime::now();
    let publishers = TcpListener::from_std(publishers)?;
    let subscribers = TcpListener::from_std(subscribers)?;
    let from_publishers = task::spawn(accept_publishers(publishers, hub.clone()));
    let from_subscribers = task::spawn(accept_subscribers(subscribers, hub.clone()));
    // An error: whoever would stop it is gone.
    let _ = until.await;
    from_publishers.abort();
    from_subscribers.abort();
    let delivering = hub.take_subscribers();
    for subscriber in delivering {
        // Without its sender, the task ends when everything is delivered.
        drop(subscriber.queue);
        subscriber.task.await?;
    }
    Ok(cpu.elapsed())
}

async fn accept_publishers(listener: TcpListener, hub: Arc<Hub>) {
    while let Ok((stream, _)) = listener.accept().await {
        task::spawn(receive(stream, hub.clone()));
    }
}

async fn accept_subscribers(listener: TcpListener, hub: Arc<Hub>) {
    while let Ok((stream, _)) = listener.accept().await {
        hub.join(stream);
    }
}

/// Follows one publisher.
async fn receive(stream: TcpStream, hub: Arc<Hub>) {
    if let Err(error) = receive_all(stream, &hub).await {
        eprintln!("tokio relay: publisher: {error}");
    }
    // Relaxed: a count on its own.
    hub.progress.publishers_gone.fetch_add(1, Relaxed);
}

async fn receive_all(mut stream: TcpStream, hub: &Hub) -> io::Result<()> {
    let mut framing = Framing::new(MOST_MESSAGE_BYTES);
    let mut buffer = BytesMut::with_capacity(BUFFER_BYTES);
    let mut pieces: Vec<Bytes> = Vec::new();
    loop {
        buffer.reserve(LEAST_ROOM);
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        let mut rest = buffer.split().freeze();
        let scan = framing.scan(&rest);
        let scan = scan.map_err(|too_long| io::Error::other(too_long.to_string()))?;
        let complete = rest.split_to(scan.complete);
        if scan.messages > 0 {
            pieces.push(complete);
            hub.send_to_all(&pieces);
            pieces.clear();
            // Relaxed: a count on its own.
            hub.progress.messages.fetch_add(scan.messages, Relaxed);
        }
        if !rest.is_empty() {
            pieces.push(rest);
        }
    }
}

/// Who is to get what arrives.
struct Hub {
    subscribers: Mutex<Vec<Subscriber>>,
    progress: Arc<Progress>,
}

struct Subscriber {
    queue: mpsc::Sender<Bytes>,
    queued_bytes: Arc<AtomicU64>,
    task: task::JoinHandle<()>,
}

impl Hub {
    fn join(&self, stream: TcpStream) {
        let (queue, parts) = mpsc::channel(BEHIND_PARTS);
        let queued_bytes = Arc::new(AtomicU64::new(0));
        let task = task::spawn(deliver(stream, parts, queued_bytes.clone()));
        let mut subscribers = self.subscribers();
        subscribers.push(Subscriber {
            queue,
            queued_bytes,
            task,
        });
        // Relaxed: a count on its own.
        self.progress
            .subscribers
            .store(subscribers.len() as u64, Relaxed);
    }

    fn send_to_all(&self, parts: &[Bytes]) {
        self.subscribers().retain(|subscriber| {
            let kept = parts.iter().try_for_each(|part| subscriber.send(part));
            if let Err(why) = &kept {
                eprintln!("tokio relay: subscriber dropped: {why}");
                subscriber.task.abort();
            }
            kept.is_ok()
        });
    }

    fn take_subscribers(&self) -> Vec<Subscriber> {
        std::mem::take(&mut *self.subscribers())
    }

    fn subscribers(&self) -> std::sync::MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber {
    fn send(&self, part: &Bytes) -> Result<(), impl Display + use<>> {
        let bytes = part.len() as u64;
        // Relaxed: a count on its own.
        let queued = self.queued_bytes.fetch_add(bytes, Relaxed) + bytes;
        if queued > BEHIND_BYTES {
            return Err(format!("{queued} bytes behind"));
        }
        let sent = self.queue.try_send(part.clone());
        sent.map_err(|error| error.to_string())
    }
}

/// Writes to one subscriber what is queued for it, as much at once as there is.
async fn deliver(stream: TcpStream, parts: mpsc::Receiver<Bytes>, queued_bytes: Arc<AtomicU64>) {
    if let Err(error) = deliver_all(stream, parts, &queued_bytes).await {
        eprintln!("tokio relay: subscriber: {error}");
    }
}

async fn deliver_all(
    mut stream: TcpStream,
    mut parts: mpsc::Receiver<Bytes>,
    queued_bytes: &AtomicU64,
) -> io::Result<()> {
    let mut batch = Vec::with_capacity(MOST_PARTS);
    while parts.recv_many(&mut batch, MOST_PARTS).await > 0 {
        let mut first = 0;
        while first < batch.len() {
            let written = write_some(&mut stream, &batch[first..]).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            // Relaxed: a count on its own.
            queued_bytes.fetch_sub(written as u64, Relaxed);
            first += advance(&mut batch[first..], written);
        }
        batch.clear();
    }
    stream.shutdown().await
}

async fn write_some(stream: &mut TcpStream, parts: &[Bytes]) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); MOST_PARTS];
    for (slice, part) in slices.iter_mut().zip(parts) {
        *slice = IoSlice::new(part);
    }
    stream.write_vectored(&slices[..parts.len()]).await
}

/// Takes what was written off the front; gives how many parts are done.
fn advance(parts: &mut [Bytes], written: usize) -> usize {
    let mut left = written;
    let mut done = 0;
    for part in parts {
        let step = left.min(part.len());
        part.advance(step);
        left -= step;
        if !part.is_empty() {
            break;
        }
        done += 1;
    }
    done
}
