//! The beginning of a TLS connection.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::io::socket::Socket;
use crate::tls::certificate;
use crate::tls::config::Tls;
use crate::tls::info::TlsInfo;

/// How long a handshake may go on after the server was told to stop: its client cannot know.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// Shakes hands within `max`. None if that fails, takes too long, or the server stops.
pub(crate) async fn accept<S: Socket>(
    stream: S,
    tls: &Tls,
    max: Duration,
    stopping: &watch::Receiver<bool>,
) -> Option<(TlsStream<S>, TlsInfo)> {
    let mut stopping = stopping.clone();
    let stopped = async {
        let _ = stopping.wait_for(|stop| *stop).await;
        sleep(STOP_GRACE).await;
    };
    // rustls tells the client by an alert what it does not like. There is nobody else to tell.
    let stream = tokio::select! {
        biased;
        accepted = timeout(max, TlsAcceptor::from(tls.current()).accept(stream)) => accepted.ok()?.ok()?,
        () = stopped => return None,
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let client = certificates.and_then(<[_]>::first).and_then(certificate::client);
    Some((stream, TlsInfo { client }))
}
