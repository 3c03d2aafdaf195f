//! The Date header (RFC 9110 section 6.6.1).

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use httpdate::HttpDate;

thread_local! {
    /// The second that was rendered last, and its text.
    static LAST: RefCell<Option<(u64, HeaderValue)>> = const { RefCell::new(None) };
}

/// The value for a response that is sent now. Each thread renders it once a second.
pub(crate) fn now() -> HeaderValue {
    let time = SystemTime::now();
    let second = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    LAST.with_borrow_mut(|last| match last {
        Some((known, text)) if *known == second => text.clone(),
        _ => {
            let text = render(time);
            *last = Some((second, text.clone()));
            text
        }
    })
}

fn render(time: SystemTime) -> HeaderValue {
    HeaderValue::from_str(&HttpDate::from(time).to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_that_of_the_current_second() {
        let before = render(SystemTime::now());
        let date = now();
        let after = render(SystemTime::now());
        assert!(date == before || date == after, "{date:?}");
        assert_eq!(render(UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
