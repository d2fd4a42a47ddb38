//! Asks the hub: one request after the other, each of them counted.
//!
//! Redirects are followed here and not by the library, so that every request is seen and the token
//! goes to the hub alone, never to the server it sends us to for the file.

use super::address::{origin, public, redirected};
use super::requests::{Purpose, Request, next_id};
use super::{HubError, NetworkSettings, Patience};
use crate::job::{CancelToken, clock};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use ureq::http::{HeaderMap, Response, header};
use ureq::{Agent, Body, Proxy};

/// Hops of one request.
const MOST_REDIRECTS: usize = 6;
/// Bytes of an answer that is no file.
const MOST_TEXT: u64 = 32 << 20;

/// Hears of every request.
type Listener = Arc<dyn Fn(Request) + Send + Sync>;

/// What an answer begins with.
pub(super) struct Answer {
    /// The status: 200, 206 or 416.
    pub status: u16,
    /// The headers of the last hop.
    pub headers: HeaderMap,
    host: String,
    body: Body,
    told: Request,
    on_request: Listener,
}

/// The way to the hub.
pub(super) struct Client {
    agent: Agent,
    endpoint: String,
    token: Option<String>,
    patience: Patience,
    on_request: Listener,
    downloading: AtomicBool,
}

impl Client {
    /// Gets ready; nothing is asked yet.
    ///
    /// # Errors
    /// When the program is to stay offline, or the proxy's address cannot be read.
    pub(super) fn new(
        settings: &NetworkSettings,
        patience: Patience,
        on_request: impl Fn(Request) + Send + Sync + 'static,
    ) -> Result<Self, HubError> {
        if settings.offline {
            return Err(HubError::Offline);
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("lgd-studio/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_per_read(Some(patience.read))
            .timeout_per_write(Some(patience.read));
        // Without one of its own the proxy of the environment is used.
        if !settings.proxy.trim().is_empty() {
            let proxy = Proxy::new(settings.proxy.trim()).map_err(|_hidden| HubError::BadProxy)?;
            config = config.proxy(Some(proxy));
        }
        Ok(Self {
            agent: config.build().new_agent(),
            endpoint: settings.endpoint().to_owned(),
            token: (!settings.token.is_empty()).then(|| settings.token.reveal().to_owned()),
            patience,
            on_request: Arc::new(on_request),
            downloading: AtomicBool::new(false),
        })
    }

    /// What the next requests are for.
    pub(super) fn now_for(&self, purpose: Purpose) {
        let downloading = purpose == Purpose::Download;
        self.downloading.store(downloading, Ordering::Relaxed);
    }

    /// The address requests go to.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The headers of a file, from the hub itself.
    pub(super) fn head(&self, address: &str) -> Result<HeaderMap, HubError> {
        let mut address = address.to_owned();
        for _ in 0..MOST_REDIRECTS {
            let (response, _) = self.send("HEAD", &address, None)?;
            let status = response.status().as_u16();
            let told = response.headers().contains_key("x-linked-etag");
            match location(response.headers()) {
                // A renamed repository; a file that lies elsewhere is described already.
                Some(to) if (300..400).contains(&status) && !told => {
                    address = redirected(&address, &to);
                }
                _ if status < 400 => return Ok(response.headers().clone()),
                _ => return Err(refusal(&address, &response)),
            }
        }
        Err(odd(&address, "it redirects in circles"))
    }

    /// A file from its byte `from` on, wherever the hub sends us for it.
    pub(super) fn get(&self, address: &str, from: u64) -> Result<Answer, HubError> {
        let mut address = address.to_owned();
        for _ in 0..MOST_REDIRECTS {
            let range = (from > 0).then(|| format!("bytes={from}-"));
            let (response, told) = self.send("GET", &address, range)?;
            let status = response.status().as_u16();
            match (status, location(response.headers())) {
                (300..=399, Some(to)) => address = redirected(&address, &to),
                (200 | 206 | 416, _) => {
                    let (parts, body) = response.into_parts();
                    return Ok(Answer {
                        status,
                        headers: parts.headers,
                        host: host(&address),
                        body,
                        told,
                        on_request: self.on_request.clone(),
                    });
                }
                _ => return Err(refusal(&address, &response)),
            }
        }
        Err(odd(&address, "it redirects in circles"))
    }

    /// A small text, tried again where that may help.
    pub(super) fn text(&self, address: &str, token: &CancelToken) -> Result<Vec<u8>, HubError> {
        self.patiently(token, || {
            let mut bytes = Vec::new();
            let (host, body) = self.get(address, 0)?.into_body();
            let mut body = body.take(MOST_TEXT);
            body.read_to_end(&mut bytes)
                .map_err(|e| unreachable(host, &e))?;
            Ok(bytes)
        })
    }

    /// Does something until it works, cannot work, or has failed too often.
    pub(super) fn patiently<T>(
        &self,
        token: &CancelToken,
        mut attempt: impl FnMut() -> Result<T, HubError>,
    ) -> Result<T, HubError> {
        let mut failed = 0;
        loop {
            if token.is_cancelled() {
                return Err(HubError::Stopped);
            }
            match attempt() {
                Err(error) if error.may_pass() => {
                    failed += 1;
                    let wait = self.wait_for(&error, failed).ok_or(error)?;
                    pause(wait, token, |_| {})?;
                }
                other => return other,
            }
        }
    }

    /// How long to wait after so many attempts that brought nothing; none when it is enough.
    pub(super) fn wait_for(&self, error: &HubError, failed: u32) -> Option<Duration> {
        if failed >= self.patience.attempts {
            return None;
        }
        let wait = self.patience.wait_after(failed);
        match error {
            HubError::Refused {
                retry_after: Some(asked),
                ..
            } if *asked > self.patience.longest_wait => None,
            HubError::Refused {
                retry_after: Some(asked),
                ..
            } => Some(wait.max(*asked)),
            _ => Some(wait),
        }
    }

    fn send(
        &self,
        method: &'static str,
        address: &str,
        range: Option<String>,
    ) -> Result<(Response<Body>, Request), HubError> {
        let mut request = match method {
            "HEAD" => self.agent.head(address),
            _ => self.agent.get(address),
        };
        // Packed, a range would be one of the packed bytes.
        request = request.header(header::ACCEPT_ENCODING, "identity");
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        if let Some(token) = &self.token
            && origin(address) == origin(&self.endpoint)
        {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let answer = request.call();
        // A body follows only what was asked for and is sent.
        let with_body = |status: u16| method == "GET" && matches!(status, 200 | 206);
        let purpose = match self.downloading.load(Ordering::Relaxed) {
            true => Purpose::Download,
            false => Purpose::LookUp,
        };
        let told = Request {
            id: next_id(),
            at: clock::now(),
            method: method.to_owned(),
            address: public(address),
            purpose,
            bytes: match &answer {
                Ok(response) if with_body(response.status().as_u16()) => None,
                _ => Some(0),
            },
            answer: match &answer {
                Ok(response) => Ok(response.status().as_u16()),
                Err(error) => Err(error.to_string()),
            },
        };
        tracing::debug!(method, address = told.address, answer = ?told.answer, "request");
        (self.on_request)(told.clone());
        let answer = answer.map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                odd(address, "its address cannot be used")
            }
            ureq::Error::InvalidProxyUrl => HubError::BadProxy,
            error => HubError::Unreachable {
                host: host(address),
                why: plainly(&error),
            },
        });
        Ok((answer?, told))
    }
}

impl Answer {
    /// What is left of the file.
    pub(super) fn into_body(self) -> (String, impl Read) {
        // The library limits what is read of a body; a file has its own size.
        let reader = self.body.into_with_config().limit(u64::MAX).reader();
        let counted = Counted {
            reader,
            told: self.told,
            received: 0,
            on_request: self.on_request,
        };
        (self.host, counted)
    }

    /// A header as a text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        text_of(&self.headers, name)
    }
}

/// A body that is counted, and told with its size when nobody reads on.
struct Counted<R> {
    reader: R,
    told: Request,
    received: u64,
    on_request: Listener,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(into)?;
        self.received += read as u64;
        Ok(read)
    }
}

impl<R> Drop for Counted<R> {
    fn drop(&mut self) {
        (self.on_request)(Request {
            bytes: Some(self.received),
            ..self.told.clone()
        });
    }
}

/// A header as a text.
pub(super) fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Waits, and says every now and then how much longer.
pub(super) fn pause(
    wait: Duration,
    token: &CancelToken,
    mut on_tick: impl FnMut(Duration),
) -> Result<(), HubError> {
    let until = Instant::now() + wait;
    loop {
        if token.is_cancelled() {
            return Err(HubError::Stopped);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        on_tick(left);
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
}

/// A connection that broke.
pub(super) fn unreachable(host: String, error: &std::io::Error) -> HubError {
    HubError::Unreachable {
        host,
        why: error.to_string(),
    }
}

fn host(address: &str) -> String {
    let origin = public(origin(address));
    let host = origin.split_once("://").map(|(_, host)| host.to_owned());
    host.unwrap_or(origin)
}

/// Why a server was not reached, without the names of errors.
fn plainly(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "it refuses the connection".to_owned()
        }
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn odd(address: &str, why: &str) -> HubError {
    HubError::BadAnswer {
        host: host(address),
        why: why.to_owned(),
    }
}

fn location(headers: &HeaderMap) -> Option<String> {
    text_of(headers, "location").map(str::to_owned)
}

fn refusal(address: &str, response: &Response<Body>) -> HubError {
    let seconds = text_of(response.headers(), "retry-after").and_then(|text| text.parse().ok());
    HubError::Refused {
        host: host(address),
        status: response.status().as_u16(),
        retry_after: seconds.map(Duration::from_secs),
    }
}
