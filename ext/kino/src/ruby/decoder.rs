//! `Kino::Native::ChunkedDecoder`: decodes a body that the app has chunked itself.

use std::cell::RefCell;

use magnus::{Error, RModule, RString, Ruby, TypedData, function, method, prelude::*};

use crate::ruby::error::{bad_response, guard};
use crate::ruby::vm::string;

/// Borrowed only while Ruby is not called, so the VM lock guards it.
#[derive(TypedData, Default)]
#[magnus(class = "Kino::Native::ChunkedDecoder", free_immediately)]
pub(crate) struct ChunkedDecoder(RefCell<kino_engine::ChunkedDecoder>);

impl magnus::DataTypeFunctions for ChunkedDecoder {}

pub(crate) fn init(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    let class = native.define_class("ChunkedDecoder", ruby.class_object())?;
    class.undef_default_alloc_func();
    class.define_singleton_method("new", function!(ChunkedDecoder::default, 0))?;
    class.define_method("decode", method!(decode, 1))?;
    class.define_method("done?", method!(is_done, 0))?;
    ChunkedDecoder::class(ruby);
    Ok(())
}

fn decode(ruby: &Ruby, decoder: &ChunkedDecoder, text: RString) -> Result<RString, Error> {
    guard(ruby, || {
        let data = string::with_bytes(text, |bytes| decoder.0.borrow_mut().decode(bytes))
            .map_err(|failed| bad_response(ruby, failed.to_string()))?;
        // Not made from the data at once: without memory for it, Ruby would jump over the drop of the data.
        let decoded = ruby.str_buf_new(0);
        string::push(decoded, &data)?;
        Ok(decoded)
    })
}

fn is_done(ruby: &Ruby, decoder: &ChunkedDecoder) -> Result<bool, Error> {
    guard(ruby, || Ok(decoder.0.borrow().is_done()))
}
