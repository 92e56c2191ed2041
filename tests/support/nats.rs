//! Servers of NATS, and a client that writes any bytes.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Tested;
use super::tools::is_installed;

/// A server with JetStream, until it is dropped.
pub(crate) struct NatsServer {
    child: Child,
    /// Port of clients.
    pub(crate) port: u16,
    folder: PathBuf,
    args: Vec<String>,
}

impl NatsServer {
    /// Starts a server that keeps its streams in a folder; none if it is not installed.
    pub(crate) fn start(folder: &Path) -> Tested<Option<Self>> {
        Self::start_with(folder, &["-js"], "")
    }

    /// As [`Self::start`], with other arguments and a configuration.
    pub(crate) fn start_with(folder: &Path, args: &[&str], config: &str) -> Tested<Option<Self>> {
        if !is_installed("nats-server") {
            return Ok(None);
        }
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        fs::create_dir_all(folder)?;
        fs::write(folder.join("nats.conf"), config)?;
        Ok(Some(Self::run(folder, args, -1)?))
    }

    fn run(folder: &Path, args: Vec<String>, port: i32) -> Tested<Self> {
        let mut child = Command::new("nats-server")
            .current_dir(folder)
            .args(["-c", "nats.conf", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd", "streams"])
            .args(&args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no stderr")?).lines();
        let mut port = None;
        let mut said = String::new();
        for line in lines.by_ref() {
            let line = line?;
            if let Some((_, address)) = line.split_once("Listening for client connections on ") {
                port = address.rsplit(':').next().and_then(|port| port.trim().parse().ok());
            }
            said.push_str(&line);
            said.push('\n');
            if line.contains("Server is ready") {
                break;
            }
        }
        let port = port.ok_or_else(|| format!("nats-server said:\n{said}"))?;
        // The server would block if its output was not read.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, port, folder: folder.to_owned(), args })
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the server at once.
    pub(crate) fn kill(&mut self) -> Tested {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts a killed server again, with the same port and streams.
    pub(crate) fn start_again(&mut self) -> Tested {
        let port = i32::from(self.port);
        *self = Self::run(&self.folder, self.args.clone(), port)?;
        Ok(())
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts three servers that replicate streams; none if the program is not installed.
pub(crate) fn cluster(folder: &Path) -> Tested<Option<Vec<NatsServer>>> {
    // The servers have to know each other's ports before they start.
    let listeners: Vec<TcpListener> =
        (0..3).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    let ports: Vec<u16> = listeners
        .iter()
        .map(|listener| listener.local_addr().map(|address| address.port()))
        .collect::<Result<_, _>>()?;
    drop(listeners);
    let routes: Vec<String> =
        ports.iter().map(|port| format!("nats-route://127.0.0.1:{port}")).collect();
    let mut servers = Vec::new();
    for (at, port) in ports.iter().enumerate() {
        let config = format!(
            "server_name: n{at}\njetstream {{ }}\ncluster {{ name: c, listen: \"127.0.0.1:{port}\", \
             routes: [{}] }}\n",
            routes.join(", ")
        );
        let Some(server) =
            NatsServer::start_with(&folder.join(format!("n{at}")), &["-js"], &config)?
        else {
            return Ok(None);
        };
        servers.push(server);
    }
    Ok(Some(servers))
}

/// A connection that writes the bytes it is given.
pub(crate) struct RawClient {
    stream: BufReader<TcpStream>,
}

impl RawClient {
    pub(crate) fn connect(server: &NatsServer) -> Tested<Self> {
        let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", server.port))?);
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let mut client = Self { stream };
        client.write(b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true}\r\n")?;
        client.sync()?;
        Ok(client)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Tested {
        Ok(self.stream.get_mut().write_all(bytes)?)
    }

    /// Publishes a message whose headers are these bytes.
    pub(crate) fn publish(&mut self, subject: &str, headers: &[u8], payload: &[u8]) -> Tested {
        let (head, all) = (headers.len(), headers.len() + payload.len());
        let line = if headers.is_empty() {
            format!("PUB {subject} {all}\r\n")
        } else {
            format!("HPUB {subject} {head} {all}\r\n")
        };
        self.write(&[line.as_bytes(), headers, payload, b"\r\n"].concat())
    }

    /// Sends a request, and returns the payload of the first reply, which may not take long.
    pub(crate) fn request(&mut self, subject: &str, payload: &[u8]) -> Tested<Vec<u8>> {
        self.stream.get_ref().set_read_timeout(Some(Duration::from_secs(1)))?;
        let head = format!("SUB reply 1\r\nPUB {subject} reply {}\r\n", payload.len());
        self.write(&[head.as_bytes(), payload, b"\r\n"].concat())?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the server has closed the connection".into());
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["MSG" | "HMSG", .., size] => {
                    let mut reply = vec![0; size.parse()?];
                    self.stream.read_exact(&mut reply)?;
                    self.write(b"UNSUB 1\r\n")?;
                    return Ok(reply);
                }
                ["PING"] => self.write(b"PONG\r\n")?,
                _ => {}
            }
        }
    }

    /// Waits until the server has taken everything.
    pub(crate) fn sync(&mut self) -> Tested {
        self.write(b"PING\r\n")?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the server has closed the connection".into());
            }
            match line.trim() {
                "PONG" => return Ok(()),
                "PING" => self.write(b"PONG\r\n")?,
                _ => {}
            }
        }
    }

    /// Waits for a message, and returns the subject for its reply.
    pub(crate) fn next_reply_subject(&mut self) -> Tested<String> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the server has closed the connection".into());
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["MSG", _, _, reply_to, _] = words.as_slice() {
                return Ok((*reply_to).to_owned());
            }
        }
    }
}
