//! What a client asks for.

use httparse::{EMPTY_HEADER, Status};

/// A longer head ends its connection.
pub(crate) const MOST_HEAD_BYTES: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// The part of a request's head that an answer depends on. Borrows from the received bytes.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) range: Option<&'a str>,
    pub(crate) if_none_match: Option<&'a str>,
    pub(crate) if_range: Option<&'a str>,
    pub(crate) keep_alive: bool,
    pub(crate) has_body: bool,
}

/// What the received bytes begin with.
pub(crate) enum Parsed<'a> {
    /// A head of so many bytes.
    Request(Request<'a>, usize),
    Partial,
    TooLong,
    Invalid,
}

pub(crate) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(Status::Complete(head)) => Parsed::Request(Request::of(&parsed), head),
        Ok(Status::Partial) if bytes.len() < MOST_HEAD_BYTES => Parsed::Partial,
        Ok(Status::Partial) | Err(httparse::Error::TooManyHeaders) => Parsed::TooLong,
        Err(_) => Parsed::Invalid,
    }
}

impl<'a> Request<'a> {
    fn of(parsed: &httparse::Request<'_, 'a>) -> Self {
        let mut request = Self {
            method: parsed.method.unwrap_or_default(),
            target: parsed.path.unwrap_or_default(),
            keep_alive: parsed.version == Some(1),
            ..Self::default()
        };
        for header in &*parsed.headers {
            let Ok(value) = std::str::from_utf8(header.value) else {
                continue;
            };
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("range") {
                request.range = Some(value);
            } else if is("if-none-match") {
                request.if_none_match = Some(value);
            } else if is("if-range") {
                request.if_range = Some(value);
            } else if is("connection") {
                let says = |word: &str| {
                    let mut words = value.split(',').map(str::trim);
                    words.any(|it| it.eq_ignore_ascii_case(word))
                };
                request.keep_alive = !says("close") && (request.keep_alive || says("keep-alive"));
            } else if is("transfer-encoding") || is("content-length") && value.trim() != "0" {
                request.has_body = true;
            }
        }
        request
    }
}
