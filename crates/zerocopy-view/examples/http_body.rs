//! A server on hyper and tokio whose answer goes out from a pool's slot: the view becomes `Bytes` for one small box, and no byte is copied:
//! `cargo run -p zerocopy-view --example http_body`.

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};
use hyper_util::rt::TokioIo;
use pool_core::Pool;
use tokio::net::{TcpListener, TcpStream};
use zerocopy_view::{View, ViewMut};

/// Answers each request on one connection with `page`.
async fn serve(listener: TcpListener, page: View) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (socket, _) = listener.accept().await?;
    let answer = service_fn(move |_request| {
        let body = Bytes::from(page.clone());
        async { Ok::<_, Infallible>(Response::new(Full::new(body))) }
    });
    let mut http = server::conn::http1::Builder::new();
    http.keep_alive(false);
    Ok(http.serve_connection(TokioIo::new(socket), answer).await?)
}

async fn get(socket: TcpStream) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(socket)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get("/")
        .header("host", "loopback")
        .body(Empty::<Bytes>::new())?;
    let body = sender
        .send_request(request)
        .await?
        .into_body()
        .collect()
        .await?;
    connection.await??;
    Ok(body.to_bytes())
}

pub(crate) fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let pool = Pool::builder().slots(4).slot_bytes(4096).build()?;
    let mut page = ViewMut::with_capacity(4096, &pool);
    for line in 0..100 {
        use std::fmt::Write;
        writeln!(page, "<p>line {line}</p>")?; // written in place, into the slot
    }
    let page = page.freeze();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let received = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(serve(listener, page.clone()));
        let received = get(TcpStream::connect(address).await?).await?;
        server.await??;
        Ok::<_, Box<dyn Error + Send + Sync>>(received)
    })?;
    println!("{} bytes from one slot", received.len());
    assert_eq!(page, received);
    drop(page);
    assert_eq!(pool.in_use(), 0);
    Ok(())
}
