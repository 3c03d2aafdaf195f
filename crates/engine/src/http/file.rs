//! A file as a response body, read by the front-end without a worker.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio_util::io::poll_read_buf;

use crate::http::pipe::Aborted;

/// Bytes that are read at a time, and so the most that one connection holds of a file.
const CHUNK: usize = 64 * 1024;

/// What is left to send of a file. tokio reads it on its blocking threads, because a disk may block.
#[derive(Debug)]
pub(crate) struct FileReader {
    file: tokio::fs::File,
    left: u64,
    buffer: BytesMut,
}

/// Opens a regular file for [`crate::ResponseBody::file`]. Returns it with its length in bytes.
///
/// # Errors
///
/// The system's, or [`io::ErrorKind::InvalidInput`] if it is not a regular file: a device or a pipe has no length and
/// may block for ever.
pub fn open_file(path: &std::path::Path) -> io::Result<(File, u64)> {
    // Checked before opening: opening a pipe would let its writer continue, and then find no reader.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // It may have become a pipe since. Without O_NONBLOCK, opening one waits for a writer, and nothing can end that
    // wait.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok((file, metadata.len()))
}

impl FileReader {
    pub(crate) fn new(file: File, length: u64) -> Self {
        Self { file: tokio::fs::File::from_std(file), left: length, buffer: BytesMut::new() }
    }

    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes. If the file has become shorter or cannot be read, the response breaks off; if it has become
    /// longer, it is cut.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Aborted>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.buffer.reserve(CHUNK);
        match ready!(poll_read_buf(Pin::new(&mut self.file), cx, &mut self.buffer)) {
            Ok(read) if read > 0 => {
                let mut chunk = self.buffer.split().freeze();
                chunk.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= chunk.len() as u64;
                Poll::Ready(Some(Ok(chunk)))
            }
            Ok(_) | Err(_) => Poll::Ready(Some(Err(Aborted))),
        }
    }
}
