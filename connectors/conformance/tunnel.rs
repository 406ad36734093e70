//! One lasting address in front of another: for systems whose documents are named by their address.

use std::sync::{Arc, Mutex};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

/// Carries each new connection to where it leads at that time.
pub(crate) struct Tunnel {
    pub(crate) address: String,
    target: Arc<Mutex<String>>,
}

impl Tunnel {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let target = Arc::new(Mutex::new(String::new()));
        let leads = Arc::clone(&target);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let to = leads.lock().unwrap().trim_start_matches("http://").to_owned();
                tokio::spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(to).await {
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Self { address, target }
    }

    /// From now on it leads to `http://127.0.0.1:1234`.
    pub(crate) fn lead_to(&self, address: &str) {
        address.clone_into(&mut self.target.lock().unwrap());
    }
}
