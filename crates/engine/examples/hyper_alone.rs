//! hyper without Kino: the baseline that benches compare the engine with.
//!
//! `hyper_alone [port] [threads]` answers `Hello World` until it is killed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::convert::Infallible;
use std::net::Ipv4Addr;

use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

/// A `String` is a body of known size, so hyper sends `content-length` and no chunks.
async fn answer(_request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    let mut response = Response::new(String::from("Hello World"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}

async fn serve(port: u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    println!("listening: http://{}", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            // The timer is for hyper's head timeout, which no server should run without.
            let mut http = http1::Builder::new();
            // A disconnect is not an error of the server.
            let _ = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

fn main() {
    let args: Vec<usize> = std::env::args().skip(1).map(|arg| arg.parse().unwrap()).collect();
    let port = u16::try_from(args.first().copied().unwrap_or(0)).unwrap();
    let threads = args.get(1).copied().unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
    // Spawned, because a future in `block_on` would run apart from the threads of the connections.
    let _ = runtime.block_on(runtime.spawn(serve(port)));
}
