//! `Kino.sleep`.

use std::time::{Duration, Instant};

use kino_engine::Parker;
use magnus::{Error, Float, Ruby, Value, value::ReprValue};

use crate::ruby::error::guard;
use crate::ruby::vm::gvl;

/// Sleeps on the system's clock, without the VM lock. `Kernel#sleep` goes through the VM's timer thread, which turns 5
/// ms into 10 in a Ractor of Ruby 3.4.
pub(crate) fn sleep(ruby: &Ruby, args: &[Value]) -> Result<i64, Error> {
    guard(ruby, || {
        let wanted = duration(ruby, args)?;
        let (start, parker) = (Instant::now(), Parker::new());
        while let Some(left) = wanted.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            gvl::without_gvl(&parker, || parker.park(left));
            gvl::check_interrupts()?;
        }
        Ok(start.elapsed().as_secs_f64().round() as i64)
    })
}

fn duration(ruby: &Ruby, args: &[Value]) -> Result<Duration, Error> {
    let [seconds] = args else {
        let message = format!("wrong number of arguments (given {}, expected 1)", args.len());
        return Err(Error::new(ruby.exception_arg_error(), message));
    };
    if !seconds.is_kind_of(ruby.class_numeric()) {
        let message = format!("can't convert {} into a number of seconds", seconds.class());
        return Err(Error::new(ruby.exception_type_error(), message));
    }
    let seconds: Float = seconds.funcall("to_f", ())?;
    Duration::try_from_secs_f64(seconds.to_f64()).map_err(|_| {
        let message = format!("time interval must be 0 or more seconds, got {}", seconds.to_f64());
        Error::new(ruby.exception_arg_error(), message)
    })
}
