//! The real hyper on loopback: a body that lies in a slot goes out from there, as `Bytes` or as it is, and one that arrives becomes a view.

#![cfg(not(any(loom, miri)))]

mod loopback;

use std::convert::Infallible;

use bytes::{Buf, Bytes};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};
use hyper_util::rt::TokioIo;
use pool_core::Pool;
use tokio::net::{TcpListener, TcpStream};
use zerocopy_view::{View, ViewChain, ViewMut};

use crate::loopback::run;

/// Posts `message` to a server that answers with it, and gives the answer.
async fn echoed<B>(message: B, answer: fn(View) -> B) -> View
where
    B: Buf + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let echo = service_fn(async |request: Request<Incoming>| {
            let received = request.into_body().collect().await.unwrap().to_bytes();
            Ok::<_, Infallible>(Response::new(Full::new(answer(View::from(received)))))
        });
        let mut builder = server::conn::http1::Builder::new();
        let serving = builder.keep_alive(false);
        let served = serving.serve_connection(TokioIo::new(socket), echo).await;
        served.unwrap();
    });
    let socket = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = client::conn::http1::handshake(socket).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::post("/").header("host", "loopback");
    let request = request.body(Full::new(message)).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    drop(sender);
    connection.await.unwrap().unwrap();
    server.await.unwrap();
    body.into()
}

fn pooled(pool: &Pool) -> View {
    let mut buffer = ViewMut::with_capacity(pool.slot_bytes(), pool);
    (0..pool.slot_bytes()).for_each(|at| buffer.extend([at as u8]));
    buffer.freeze()
}

#[test]
fn a_body_of_bytes_is_the_view_where_it_lies() {
    let pool = Pool::builder().slots(1).slot_bytes(10_000).build().unwrap();
    let view = pooled(&pool);
    let (address, expected) = (view.as_ptr(), view.to_vec());
    let body = Bytes::from(view);
    assert_eq!(body.as_ptr(), address);
    assert_eq!(run(echoed(body, Bytes::from)), expected);
    assert_eq!(pool.in_use(), 0, "sent and dropped");
}

#[test]
fn a_view_or_a_chain_is_a_body_itself() {
    let pool = Pool::builder().slots(1).slot_bytes(10_000).build().unwrap();
    let view = pooled(&pool);
    let expected = view.to_vec();
    let chain = ViewChain::from_iter([view.slice(..9), view.slice(9..5000), view.slice(5000..)]);
    assert_eq!(run(echoed(view, |view| view)), expected);
    assert_eq!(run(echoed(chain, ViewChain::from)), expected);
    assert_eq!(pool.in_use(), 0, "sent and dropped");
}
