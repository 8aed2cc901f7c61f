//! What is answered: a head from a pool's slot, and views of the body.

use std::fmt::Write as _;
use std::ops::Range;
use std::time::UNIX_EPOCH;

use zerocopy_view::View;

use crate::files::{Files, Served};
use crate::request::Request;

/// An answer. Its head is in the scratch text that it was made with.
pub(crate) struct Response {
    pub(crate) body: Option<View>,
    /// Whether the connection can take another request.
    pub(crate) keep_alive: bool,
}

/// Answers a request whose head was read.
pub(crate) fn answer(
    request: &Request<'_>,
    files: &mut Files,
    served: u64,
    head: &mut String,
) -> Response {
    if request.has_body {
        // Its body would have to be skipped; nothing here takes one.
        return refusal("413 Content Too Large", false, head);
    }
    let keep_alive = request.keep_alive;
    let with_body = match request.method {
        "GET" => true,
        "HEAD" => false,
        _ => return refusal("405 Method Not Allowed", keep_alive, head),
    };
    let mut response = if request.target == "/status" {
        let body = format!("requests {served}\n");
        begin(head, "200 OK", keep_alive);
        let _ = write!(
            head,
            "content-type: text/plain\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Response {
            body: Some(View::from(body.into_bytes())),
            keep_alive,
        }
    } else {
        match files.get(request.target) {
            Some(file) => of_file(request, file, head),
            None => refusal("404 Not Found", keep_alive, head),
        }
    };
    if !with_body {
        response.body = None;
    }
    response
}

/// Says no, in the words of the status.
pub(crate) fn refusal(status: &'static str, keep_alive: bool, head: &mut String) -> Response {
    begin(head, status, keep_alive);
    let _ = write!(
        head,
        "content-type: text/plain\r\ncontent-length: {}\r\n\r\n",
        status.len()
    );
    Response {
        body: Some(View::from_static(status.as_bytes())),
        keep_alive,
    }
}

fn of_file(request: &Request<'_>, file: &Served, head: &mut String) -> Response {
    let keep_alive = request.keep_alive;
    let since = file.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    let tag = format!("\"{:x}-{:x}\"", since.as_nanos(), file.bytes.len());
    if request
        .if_none_match
        .is_some_and(|known| known.contains(&tag))
    {
        begin(head, "304 Not Modified", keep_alive);
        let _ = write!(head, "etag: {tag}\r\n\r\n");
        let body = None;
        return Response { body, keep_alive };
    }
    let len = file.bytes.len();
    let same = request.if_range.is_none_or(|known| known == tag);
    let range = request
        .range
        .filter(|_| same)
        .map(|range| parse_range(range, len));
    let range = match range {
        None | Some(Asked::All) => {
            begin(head, "200 OK", keep_alive);
            0..len
        }
        Some(Asked::Part(range)) => {
            begin(head, "206 Partial Content", keep_alive);
            let _ = write!(
                head,
                "content-range: bytes {}-{}/{len}\r\n",
                range.start,
                range.end - 1
            );
            range
        }
        Some(Asked::Nothing) => {
            begin(head, "416 Range Not Satisfiable", keep_alive);
            let _ = write!(
                head,
                "content-range: bytes */{len}\r\ncontent-length: 0\r\n\r\n"
            );
            let body = None;
            return Response { body, keep_alive };
        }
    };
    let modified = httpdate::HttpDate::from(file.modified);
    let _ = write!(
        head,
        "content-type: {}\r\ncontent-length: {}\r\naccept-ranges: bytes\r\netag: {tag}\r\nlast-modified: {modified}\r\n\r\n",
        file.content_type,
        range.len(),
    );
    Response {
        body: Some(file.bytes.slice(range)),
        keep_alive,
    }
}

fn begin(head: &mut String, status: &str, keep_alive: bool) {
    head.clear();
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let _ = write!(head, "HTTP/1.1 {status}\r\nconnection: {connection}\r\n");
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// What is not understood, or asks for several ranges, is answered whole.
    All,
    Part(Range<usize>),
    /// No byte of it is there.
    Nothing,
}

/// What a `Range` header asks of `len` bytes.
fn parse_range(value: &str, len: usize) -> Asked {
    let Some((first, last)) = value
        .strip_prefix("bytes=")
        .and_then(|it| it.split_once('-'))
    else {
        return Asked::All;
    };
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let range = match (number(first), number(last)) {
        (Some(first), None) if last.trim().is_empty() => first..len,
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(len),
        (None, Some(suffix)) if first.trim().is_empty() => len.saturating_sub(suffix)..len,
        _ => return Asked::All,
    };
    if range.is_empty() {
        return Asked::Nothing;
    }
    Asked::Part(range)
}
