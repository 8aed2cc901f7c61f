//! The files below the root, each as one view that all answers are slices of.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use zerocopy_view::View;

/// How long a file is believed not to have changed.
const FRESH: Duration = Duration::from_secs(1);
/// So many files are kept; when there are more, all are read again.
const MOST_FILES: usize = 1024;
/// A larger file is not served: it would be read whole.
const MOST_BYTES: u64 = 64 << 20;

/// A file as it was when it was read.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) bytes: View,
    pub(crate) modified: SystemTime,
    pub(crate) content_type: &'static str,
}

pub(crate) struct Files {
    root: PathBuf,
    cache: HashMap<String, (Served, Instant)>,
}

impl Files {
    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        Ok(Self {
            root: root.canonicalize()?,
            cache: HashMap::new(),
        })
    }

    /// The file that a request's target names, if there is one below the root.
    pub(crate) fn get(&mut self, target: &str) -> Option<&Served> {
        let known = self.cache.get(target);
        if known.is_none_or(|(_, read)| read.elapsed() >= FRESH) {
            let known = known.map(|(served, _)| served.clone());
            let served = self.read(target, known)?;
            if self.cache.len() == MOST_FILES {
                self.cache.clear();
            }
            self.cache
                .insert(target.to_owned(), (served, Instant::now()));
        }
        self.cache.get(target).map(|(served, _)| served)
    }

    /// Reads a file, unless it is what it was.
    fn read(&self, target: &str, known: Option<Served>) -> Option<Served> {
        let path = self.resolve(target)?;
        let meta = fs::metadata(&path).ok()?;
        let modified = meta.modified().ok()?;
        if !meta.is_file() || meta.len() > MOST_BYTES {
            return None;
        }
        if let Some(known) = known.filter(|known| known.modified == modified) {
            return Some(known);
        }
        let mut bytes = Vec::new();
        let file = File::open(&path).ok()?;
        file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        Some(Served {
            bytes: View::from(bytes),
            modified,
            content_type: content_type(&path),
        })
    }

    /// The path that a target names: below the root, also after links were followed.
    fn resolve(&self, target: &str) -> Option<PathBuf> {
        let path = decode(target.split(['?', '#']).next()?)?;
        let relative = Path::new(path.strip_prefix('/')?);
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !relative.components().all(is_plain) {
            return None;
        }
        let mut path = self.root.join(relative);
        if path.is_dir() {
            path.push("index.html");
        }
        let path = path.canonicalize().ok()?;
        path.starts_with(&self.root).then_some(path)
    }
}

/// Takes percent signs out.
fn decode(target: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(target.len());
    let mut rest = target.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        if first == b'%' {
            let (digits, behind) = behind.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = behind;
        } else {
            bytes.push(first);
            rest = behind;
        }
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|it| !it.contains('\0'))
}

fn content_type(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|it| it.to_str());
    match extension.unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "txt" | "md" | "rs" | "toml" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}
