//! A file as a response body: read by the front-end, with no worker held.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio_util::io::poll_read_buf;

use crate::http::pipe::Aborted;

/// Bytes read at a time; also what one connection holds of a file.
const CHUNK: usize = 64 * 1024;

/// What is left to send of a file. tokio reads on threads of its own, because a disk may block.
#[derive(Debug)]
pub(crate) struct FileReader {
    file: tokio::fs::File,
    left: u64,
    buffer: BytesMut,
    is_broken: bool,
}

/// Opens a regular file for [`crate::ResponseBody::file`], and says how many bytes it has.
///
/// # Errors
///
/// The system's; [`io::ErrorKind::InvalidInput`] for what is no regular file, because a device or a
/// pipe has no length and may block for ever.
pub fn open_file(path: &std::path::Path) -> io::Result<(File, u64)> {
    // Before it is opened: opening a pipe lets its writer go on, which finds nobody to read then.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // It may have become a pipe since. Opening one waits for its writer, and nothing can end that wait.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok((file, metadata.len()))
}

impl FileReader {
    pub(crate) fn new(file: File, length: u64) -> Self {
        Self { file: tokio::fs::File::from_std(file), left: length, buffer: BytesMut::new(), is_broken: false }
    }

    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes. A file that has become shorter, or that cannot be read, breaks the
    /// connection; one that has become longer is cut.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Aborted>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        if self.is_broken {
            return Poll::Ready(Some(Err(Aborted)));
        }
        self.buffer.reserve(CHUNK);
        match ready!(poll_read_buf(Pin::new(&mut self.file), cx, &mut self.buffer)) {
            Ok(read) if read > 0 => {
                let mut chunk = self.buffer.split().freeze();
                chunk.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= chunk.len() as u64;
                Poll::Ready(Some(Ok(chunk)))
            }
            // Pending first, so that hyper flushes what there was, as in `PipeReader::poll`.
            Ok(_) | Err(_) => {
                self.is_broken = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
