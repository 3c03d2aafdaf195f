//! Responses: those of workers, and those that the engine gives by itself.

use std::fs::File;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};

use crate::http::file::FileReader;
use crate::http::pipe::{Aborted, PipeReader};
use crate::http::syntax::decimal;

/// A response, or the head of one whose body follows.
#[derive(Debug)]
pub struct Response {
    /// The final status.
    pub status: StatusCode,
    /// The headers in the order in which they go out.
    pub headers: HeaderMap,
    /// The body.
    pub body: ResponseBody,
}

/// An interim response: any number of them may come before the response (RFC 9110 section 15.2).
#[derive(Debug)]
pub struct InterimResponse {
    status: StatusCode,
    headers: HeaderMap,
}

impl InterimResponse {
    /// What the headers of the response will be, as far as the app knows already (RFC 8297).
    ///
    /// Without those that only make sense in a response: an interim one has no content (RFC 9110 sections 8.6 and
    /// 15.2), and ends no connection.
    pub fn early_hints(mut headers: HeaderMap) -> Self {
        for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE] {
            remove(&mut headers, &name);
        }
        Self { status: StatusCode::EARLY_HINTS, headers }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// A response body.
#[derive(Debug)]
pub struct ResponseBody(Content);

#[derive(Debug)]
enum Content {
    Full(Bytes),
    Stream(PipeReader),
    File(Box<FileReader>),
    Withheld,
}

impl ResponseBody {
    /// No bytes.
    pub fn empty() -> Self {
        Self(Content::Full(Bytes::new()))
    }

    /// All the bytes at once.
    pub fn full(bytes: Bytes) -> Self {
        Self(Content::Full(bytes))
    }

    /// `length` bytes of `file`, from its start. The front-end reads them as the client takes them; if the file has
    /// become shorter by then, the response breaks off.
    pub fn file(file: File, length: u64) -> Self {
        Self(Content::File(Box::new(FileReader::new(file, length))))
    }

    /// No bytes, although the headers announce some: those of another response. It has no known size, because hyper
    /// leaves the Content-Length of a 304 out if it knows the body to be empty.
    fn withheld() -> Self {
        Self(Content::Withheld)
    }

    /// Notes that the connection has it now.
    pub(crate) fn hand_over(&mut self) {
        if let Content::Stream(reader) = &mut self.0 {
            reader.hand_over();
        }
    }

    pub(crate) fn stream(reader: PipeReader) -> Self {
        Self(Content::Stream(reader))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        match &mut self.0 {
            Content::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Withheld => Poll::Ready(None),
            Content::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Stream(reader) => reader.poll(cx).map(|next| next.map(|chunk| chunk.map(Frame::data))),
            Content::File(reader) => reader.poll(cx).map(|next| next.map(|chunk| chunk.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Full(bytes) => bytes.is_empty(),
            Content::Stream(_) | Content::Withheld => false,
            Content::File(reader) => reader.left() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(_) | Content::Withheld => SizeHint::default(),
            Content::File(reader) => SizeHint::with_exact(reader.left()),
        }
    }
}

/// Whether a response with this status has no body, whatever its headers say (RFC 9110 sections 15.2, 15.3.5 and
/// 15.4.5).
pub fn is_bodiless(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The value of Content-Length, if it is there.
///
/// # Errors
///
/// [`NoLength`] if it is not one whole number.
pub fn announced(headers: &HeaderMap) -> Result<Option<u64>, NoLength> {
    // A look-up in the map would hash the name, which costs more than comparing it with the few there are.
    let mut values = headers.iter().filter(|(name, _)| *name == CONTENT_LENGTH).map(|(_, value)| value);
    let Some(value) = values.next() else { return Ok(None) };
    match (decimal(value.as_bytes()), values.next()) {
        (Some(length), None) => Ok(Some(length)),
        _ => Err(NoLength),
    }
}

/// Content-Length is there, and is not one whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("content-length must be one whole number")]
pub struct NoLength;

/// Removes a header and keeps the app's order. `HeaderMap::remove` would put the last header in its place.
fn remove(headers: &mut HeaderMap, unwanted: &HeaderName) {
    if headers.keys().any(|name| name == unwanted) {
        let all = std::mem::take(headers);
        headers.extend(
            all.iter().filter(|(name, _)| *name != unwanted).map(|(name, value)| (name.clone(), value.clone())),
        );
    }
}

impl Response {
    /// A response of the engine's own: the status and its name as plain text.
    pub fn canned(status: StatusCode) -> Self {
        let text = format!("{} {}\n", status.as_u16(), status.canonical_reason().unwrap_or("Unknown"));
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Self { status, headers, body: ResponseBody::full(text.into()) }
    }

    /// Makes the framing consistent with the status and the body, whatever the headers say. hyper trusts the
    /// Content-Length beside a body whose size it knows, so a wrong one would let the client take the next response for
    /// the rest of this one. A response that cannot be sent becomes a 500.
    pub(crate) fn normalise(&mut self, is_head: bool) {
        remove(&mut self.headers, &TRANSFER_ENCODING);
        let announced = announced(&self.headers);
        let is_bodiless = is_head || is_bodiless(self.status);
        let size = self.body.size_hint().exact().filter(|_| !is_bodiless);
        let fits = announced.is_ok_and(|announced| announced.is_none() || size.is_none() || announced == size);
        if !fits || self.status.is_informational() {
            *self = Self::canned(StatusCode::INTERNAL_SERVER_ERROR);
            return;
        }
        self.remove_length_of_nothing();
        // The length is that of the response to GET, or of the 200 (RFC 9110 sections 9.3.2 and 15.4.5).
        if is_bodiless && announced.is_ok_and(|announced| announced.is_some()) {
            self.body = ResponseBody::withheld();
        }
    }

    /// Removes Content-Length from a response that has no content (RFC 9110 section 8.6).
    pub(crate) fn remove_length_of_nothing(&mut self) {
        if self.status.is_informational() || self.status == StatusCode::NO_CONTENT {
            remove(&mut self.headers, &CONTENT_LENGTH);
        }
    }

    /// The 503 for a full queue (RFC 9110 section 15.6.4: Retry-After).
    pub(crate) fn overloaded() -> Self {
        let mut response = Self::canned(StatusCode::SERVICE_UNAVAILABLE);
        response.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
    use http::{HeaderMap, StatusCode};

    use super::{Response, ResponseBody};

    fn response(status: StatusCode) -> Response {
        let names = [HeaderName::from_static("a"), CONTENT_LENGTH, TRANSFER_ENCODING];
        let more = ["b", "c", "d", "b"].map(HeaderName::from_static);
        let headers = names.into_iter().chain(more).map(|name| (name, HeaderValue::from_static("0")));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        Response { status, headers: map, body: ResponseBody::empty() }
    }

    fn names(response: &Response) -> Vec<&str> {
        response.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn what_is_taken_out_leaves_the_rest_in_order() {
        for (status, kept) in [
            (StatusCode::NO_CONTENT, &["a", "b", "b", "c", "d"][..]),
            (StatusCode::OK, &["a", "content-length", "b", "b", "c", "d"]),
        ] {
            let mut response = response(status);
            response.normalise(false);
            assert_eq!(names(&response), kept, "{status}");
        }
    }

    #[test]
    fn the_last_head_of_a_connection_has_no_length_where_there_is_no_content() {
        for status in [StatusCode::SWITCHING_PROTOCOLS, StatusCode::NO_CONTENT] {
            let mut response = response(status);
            response.remove_length_of_nothing();
            assert!(!response.headers.contains_key(CONTENT_LENGTH), "{status}");
        }
    }
}
