//! A response body on its way from the worker to the connection.

use std::sync::Arc;

use bytes::Bytes;
use loom::thread;

use super::{FOREVER, context, in_every_order, wait_for};
use crate::http::pipe::{Aborted, CAPACITY, Pipe, PipeReader, Pushed};
use crate::parker::Wake;

/// Fills a pipe all by itself.
static FULL: [u8; CAPACITY] = [b'a'; CAPACITY];

/// Writes as a worker does: waits where there is no room. False if nobody reads any more.
fn write(pipe: &Pipe, chunk: &'static [u8]) -> bool {
    let mut chunk = Bytes::from_static(chunk);
    loop {
        match pipe.push(chunk, false) {
            Pushed::Written => return true,
            Pushed::Gone => return false,
            Pushed::Full(back) => chunk = back,
        }
        assert_eq!(pipe.parker().park(FOREVER), Wake::Unparked);
    }
}

fn read(reader: &mut PipeReader) -> Option<Result<usize, Aborted>> {
    wait_for(|cx| reader.poll(cx)).map(|chunk| chunk.map(|chunk| chunk.len()))
}

#[test]
fn a_writer_that_waits_for_room_gets_it_and_the_reader_all_of_the_body() {
    in_every_order(|| {
        let (pipe, mut reader) = Pipe::new(context());
        let writer = thread::spawn(move || {
            assert!(write(&pipe, &FULL));
            assert!(write(&pipe, b"rest"));
            pipe.finish();
        });
        assert_eq!(read(&mut reader).unwrap().unwrap(), CAPACITY);
        assert_eq!(read(&mut reader).unwrap().unwrap(), 4);
        assert!(read(&mut reader).is_none());
        writer.join().unwrap();
    });
}

#[test]
fn a_writer_that_waits_for_room_learns_that_the_client_left() {
    in_every_order(|| {
        let context = context();
        let (pipe, mut reader) = Pipe::new(Arc::clone(&context));
        reader.hand_over();
        let writer = thread::spawn(move || {
            write(&pipe, &FULL);
            assert!(!write(&pipe, b"rest"), "written to nobody");
        });
        drop(reader);
        writer.join().unwrap();
        assert_eq!(context.stats.snapshot(0).disconnects, 1);
    });
}

#[test]
fn an_abort_ends_both_ends_and_never_passes_for_the_whole() {
    in_every_order(|| {
        let (pipe, mut reader) = Pipe::new(context());
        let writer = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || {
                let is_written = write(&pipe, &FULL) && write(&pipe, b"rest");
                pipe.finish();
                is_written
            }
        });
        let aborter = thread::spawn(move || pipe.abort());
        let mut bytes = 0;
        let is_whole = loop {
            match read(&mut reader) {
                Some(Ok(length)) => bytes += length,
                Some(Err(Aborted)) => break false,
                None => break true,
            }
        };
        aborter.join().unwrap();
        let is_written = writer.join().unwrap();
        assert!(!is_whole || (is_written && bytes == CAPACITY + 4));
    });
}
