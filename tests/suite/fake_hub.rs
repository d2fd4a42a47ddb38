//! A server on this machine that behaves like the hub, with faults on demand. It is two servers: the
//! hub, which knows repositories, and the one it sends people to for large files.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The one commit of the one repository.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// The one repository.
pub const REPO: &str = "somebody/toon";
/// Files of at least this size are large ones, which lie on the other server.
const LARGE: usize = 1000;

/// What goes wrong with one answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection ends after so many bytes of the body.
    Drop(usize),
    /// Another status, perhaps with a wait in seconds.
    Status(u16, Option<u64>),
    /// The bytes are others.
    Wrong,
    /// The range is not heard: the whole file comes.
    Whole,
    /// Nothing comes for a while.
    Silence(Duration),
}

/// A request as the servers heard it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// "hub", "files" or "proxy".
    pub server: &'static str,
    /// GET, HEAD or CONNECT.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The byte a range begins with.
    pub from: Option<u64>,
    /// What it says of who asks.
    pub authorization: Option<String>,
}

/// What the servers know.
#[derive(Default)]
pub struct Known {
    /// The files of the repository.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Faults of the next answers, by what the path contains.
    pub faults: Vec<(String, VecDeque<Fault>)>,
    /// Whether the list leaves out sizes and checksums, as some mirrors do.
    pub terse: bool,
    /// The token that is asked for.
    pub token: Option<String>,
    /// Bytes of bodies are sent in pieces of so many, with a wait after each.
    pub slowly: Option<(usize, Duration)>,
    /// Everything that was heard.
    pub heard: Vec<Heard>,
    /// Bytes of bodies that were sent.
    pub sent: usize,
    files_address: String,
}

/// The running servers. They end with the tests.
pub struct FakeHub {
    /// Where the hub is.
    pub address: String,
    known: Arc<Mutex<Known>>,
}

impl FakeHub {
    /// Starts the servers with these files.
    pub fn start(files: &[(&str, Vec<u8>)]) -> std::io::Result<Self> {
        let known: Arc<Mutex<Known>> = Arc::default();
        let hub = serve("hub", known.clone())?;
        let other = serve("files", known.clone())?;
        let fake = Self {
            address: format!("http://{hub}"),
            known,
        };
        let mut known = fake.known();
        known.files_address = format!("http://{other}");
        for (path, bytes) in files {
            known.files.insert((*path).to_owned(), bytes.clone());
        }
        drop(known);
        Ok(fake)
    }

    /// What it knows, to look at and to change.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next answers about paths that contain this go wrong.
    pub fn fault(&self, about: &str, faults: impl IntoIterator<Item = Fault>) {
        let faults = faults.into_iter().collect();
        self.known().faults.push((about.to_owned(), faults));
    }

    /// What was heard about paths that contain this.
    pub fn heard(&self, about: &str) -> Vec<Heard> {
        let known = self.known();
        let heard = known
            .heard
            .iter()
            .filter(|heard| heard.path.contains(about));
        heard.cloned().collect()
    }

    /// Starts a proxy in front of it and returns its address.
    pub fn proxy(&self) -> std::io::Result<String> {
        let address = serve("proxy", self.known.clone())?;
        Ok(format!("http://{address}"))
    }
}

/// Bytes that are different everywhere.
pub fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 11) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The checksum by which the hub names a file.
pub fn checksum(bytes: &[u8]) -> String {
    let digest: Vec<u8> = if bytes.len() >= LARGE {
        Sha256::digest(bytes).to_vec()
    } else {
        let mut hasher = Sha1::new();
        hasher.update(format!("blob {}\0", bytes.len()));
        hasher.update(bytes);
        hasher.finalize().to_vec()
    };
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn serve(server: &'static str, known: Arc<Mutex<Known>>) -> std::io::Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let known = known.clone();
            // Who asks may go away in the middle; that is its right.
            std::thread::spawn(move || drop(answer(server, stream, &known)));
        }
    });
    Ok(address)
}

fn answer(server: &'static str, stream: TcpStream, known: &Mutex<Known>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let mut heard = Heard {
        server,
        method: words.next().unwrap_or_default().to_owned(),
        path: words.next().unwrap_or_default().to_owned(),
        from: None,
        authorization: None,
    };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                let from = value
                    .trim()
                    .trim_start_matches("bytes=")
                    .trim_end_matches('-');
                heard.from = from.parse().ok();
            }
            "authorization" => heard.authorization = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    if server == "proxy" {
        return tunnel(stream, &heard, known);
    }
    let reply = reply(
        &heard,
        &mut known.lock().unwrap_or_else(PoisonError::into_inner),
    );
    send(stream, &heard, reply, known)
}

/// What is sent back.
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    ends_after: Option<usize>,
    silence: Option<Duration>,
}

impl Reply {
    fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            ends_after: None,
            silence: None,
        }
    }

    fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

fn reply(heard: &Heard, known: &mut Known) -> Reply {
    known.heard.push(heard.clone());
    let mut faults = known.faults.iter_mut();
    let fault = faults
        .find(|(about, faults)| heard.path.contains(about.as_str()) && !faults.is_empty())
        .and_then(|(_, faults)| faults.pop_front());
    if let Some(Fault::Status(status, wait)) = fault {
        let reply = Reply::new(status);
        return match wait {
            Some(wait) => reply.header("Retry-After", wait),
            None => reply,
        };
    }
    let token = known.token.as_ref().map(|token| format!("Bearer {token}"));
    if heard.server == "hub" && token.is_some() && heard.authorization != token {
        return Reply::new(401);
    }
    if heard.path.starts_with("/api/") {
        return api(heard, known);
    }
    let path = heard.path.split('?').next().unwrap_or_default();
    let resolve = format!("/{REPO}/resolve/{COMMIT}/");
    let found = match heard.server {
        "files" => known
            .files
            .iter()
            .find(|(_, bytes)| path == format!("/{}", checksum(bytes))),
        _ => path
            .strip_prefix(&resolve)
            .and_then(|path| known.files.get_key_value(path)),
    };
    let Some((_, bytes)) = found else {
        return Reply::new(404);
    };
    let sum = checksum(bytes);
    if heard.server == "hub" && bytes.len() >= LARGE {
        return Reply::new(302)
            .header("X-Repo-Commit", COMMIT)
            .header("X-Linked-Etag", format!("\"{sum}\""))
            .header("X-Linked-Size", bytes.len())
            .header(
                "Location",
                format!("{}/{sum}?Signature=secret", known.files_address),
            );
    }
    part(heard, bytes, &sum, fault)
}

/// A file, or the end of it.
fn part(heard: &Heard, bytes: &[u8], sum: &str, fault: Option<Fault>) -> Reply {
    let whole = matches!(fault, Some(Fault::Whole));
    let from = heard.from.filter(|_| !whole).unwrap_or(0) as usize;
    if from > bytes.len() {
        return Reply::new(416);
    }
    let mut body = bytes[from..].to_vec();
    if matches!(fault, Some(Fault::Wrong)) {
        body.iter_mut().for_each(|byte| *byte ^= 0x55);
    }
    let mut reply =
        Reply::new(if from > 0 { 206 } else { 200 }).header("ETag", format!("\"{sum}\""));
    if from > 0 {
        let last = bytes.len() - 1;
        reply = reply.header(
            "Content-Range",
            format!("bytes {from}-{last}/{}", bytes.len()),
        );
    }
    reply.body = body;
    match fault {
        Some(Fault::Drop(after)) => reply.ends_after = Some(after),
        Some(Fault::Silence(how_long)) => reply.silence = Some(how_long),
        _ => {}
    }
    reply
}

fn api(heard: &Heard, known: &Known) -> Reply {
    let wanted = format!("/api/models/{REPO}/revision/");
    let revision = heard.path.strip_prefix(&wanted);
    let revision = revision.and_then(|rest| rest.split('?').next());
    if !matches!(revision, Some("main" | COMMIT)) {
        return Reply::new(404);
    }
    let siblings: Vec<serde_json::Value> = known
        .files
        .iter()
        .map(|(path, bytes)| {
            let mut file = serde_json::json!({ "rfilename": path });
            if !known.terse {
                file["size"] = bytes.len().into();
                file["blobId"] = "0".repeat(40).into();
                if bytes.len() >= LARGE {
                    file["lfs"] = serde_json::json!({
                        "sha256": checksum(bytes), "size": bytes.len(), "pointerSize": 134
                    });
                } else {
                    file["blobId"] = checksum(bytes).into();
                }
            }
            file
        })
        .collect();
    let info = serde_json::json!({
        "id": REPO, "sha": COMMIT, "siblings": siblings, "cardData": { "license": "mit" }
    });
    let mut reply = Reply::new(200).header("Content-Type", "application/json");
    reply.body = info.to_string().into_bytes();
    reply
}

fn send(
    mut stream: TcpStream,
    heard: &Heard,
    reply: Reply,
    known: &Mutex<Known>,
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Said\r\nConnection: close\r\n", reply.status);
    head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if heard.method == "HEAD" {
        return Ok(());
    }
    if let Some(silence) = reply.silence {
        std::thread::sleep(silence);
    }
    let end = reply
        .ends_after
        .unwrap_or(reply.body.len())
        .min(reply.body.len());
    let slowly = known.lock().unwrap_or_else(PoisonError::into_inner).slowly;
    let (piece, wait) = slowly.unwrap_or((1 << 16, Duration::ZERO));
    for piece in reply.body[..end].chunks(piece.max(1)) {
        stream.write_all(piece)?;
        known.lock().unwrap_or_else(PoisonError::into_inner).sent += piece.len();
        std::thread::sleep(wait);
    }
    stream.flush()
}

/// Joins who asks with where they want to go.
fn tunnel(mut from: TcpStream, heard: &Heard, known: &Mutex<Known>) -> std::io::Result<()> {
    known
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .heard
        .push(heard.clone());
    let mut to = TcpStream::connect(&heard.path)?;
    from.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let (mut there, mut back) = (from.try_clone()?, to.try_clone()?);
    std::thread::spawn(move || {
        let mut block = [0; 4096];
        while let Ok(read @ 1..) = there.read(&mut block) {
            if back.write_all(&block[..read]).is_err() {
                break;
            }
        }
    });
    std::io::copy(&mut to, &mut from).map(|_bytes| ())
}
