//! TLS connections as sockets.

use std::io;

use rustls::ServerConnection;
use tokio_rustls::server::TlsStream;

use crate::io::socket::Socket;

impl<S: Socket> Socket for TlsStream<S> {
    fn reset(&mut self) {
        self.get_mut().0.reset();
    }

    /// Sends close_notify first, or else the client would take the end for an attack (RFC 8446 section 6.1).
    fn shut_down_write(&mut self) {
        let (socket, session) = self.get_mut();
        session.send_close_notify();
        let _ = send_pending(socket, session);
        socket.shut_down_write();
    }

    /// What was accepted before goes first. Accepts nothing if that does not get on.
    fn send_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (socket, session) = self.get_mut();
        if session.wants_write() && !send_pending(socket, session)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let accepted = io::Write::write(&mut session.writer(), bytes)?;
        send_pending(socket, session)?;
        Ok(accepted)
    }

    /// What rustls has decrypted was read before anybody asks.
    fn has_unread(&self) -> bool {
        self.get_ref().0.has_unread()
    }
}

/// Sends what rustls has encrypted, as far as the system takes it. Returns whether it took anything.
fn send_pending<S: Socket>(socket: &mut S, session: &mut ServerConnection) -> io::Result<bool> {
    let mut has_sent = false;
    while session.wants_write() {
        match session.write_tls(&mut SendNow(socket)) {
            Ok(0) => break,
            Ok(_) => has_sent = true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(has_sent)
}

struct SendNow<'a, S>(&'a mut S);

impl<S: Socket> io::Write for SendNow<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send_now(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
