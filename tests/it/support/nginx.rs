//! Debian's nginx as a real upstream: one process, its files in a sandbox, killed with it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use super::sandbox::{Running, Sandbox};
use super::{require, wait_for};

/// Another process may take the port between our asking for a free one and nginx's binding it.
const PORT_ATTEMPTS: usize = 5;

/// An nginx that serves `/small` (a line), `/1MiB` and `/10MiB`.
pub(crate) struct Nginx {
    address: SocketAddr,
    // Before the sandbox: first the process ends, then its files go.
    _running: Running,
    sandbox: Sandbox,
}

/// Starts nginx, and waits until it accepts connections. `None` where it is not installed and tests may skip.
pub(crate) fn nginx() -> Option<Nginx> {
    let program = require("nginx")?;
    let mut said = String::new();
    for _ in 0..PORT_ATTEMPTS {
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let address = free.expect("a free loopback port");
        let sandbox = Sandbox::new();
        sandbox.write("nginx.conf", configuration(address));
        sandbox.write("files/small", Nginx::SMALL);
        sandbox.write("files/1MiB", Nginx::bytes(1 << 20));
        sandbox.write("files/10MiB", Nginx::bytes(10 << 20));
        let mut command = Command::new(&program);
        command.arg("-p").arg(sandbox.path()).args(["-c", "nginx.conf", "-e", "stderr"]);
        let mut running = sandbox.spawn(&mut command);
        let accepts = wait_for("nginx to accept connections or to end", || {
            let ended = running.ended().map(|_| false);
            ended.or_else(|| TcpStream::connect(address).is_ok().then_some(true))
        });
        if accepts && running.ended().is_none() {
            return Some(Nginx { address, _running: running, sandbox });
        }
        said.push_str(&running.wait().stderr);
    }
    panic!("nginx did not start in {PORT_ATTEMPTS} attempts: {said}");
}

// === impl Nginx ===

impl Nginx {
    /// What `/small` holds.
    pub(crate) const SMALL: &'static str = "hello from nginx\n";

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What the large files hold: bytes that repeat at no power of two, so that a lost or moved block shows.
    pub(crate) fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index % 251) as u8).collect()
    }

    /// The access log so far: one line a request, `METHOD URI STATUS BYTES`.
    pub(crate) fn access_log(&self) -> String {
        fs_err::read_to_string(self.sandbox.path().join("access.log")).unwrap_or_default()
    }
}

/// One process in the foreground (`master_process off`), so that it runs as whoever runs the tests, and a kill ends it.
fn configuration(address: SocketAddr) -> String {
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
events {{ worker_connections 512; }}
http {{
    log_format short '$request_method $request_uri $status $body_bytes_sent';
    access_log access.log short;
    client_body_temp_path temp_body;
    proxy_temp_path temp_proxy;
    fastcgi_temp_path temp_fastcgi;
    uwsgi_temp_path temp_uwsgi;
    scgi_temp_path temp_scgi;
    default_type application/octet-stream;
    keepalive_timeout 60s;
    server {{
        listen {address};
        root files;
    }}
}}
"
    )
}
