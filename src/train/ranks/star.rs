//! Ranks over TCP: rank 0 has a line to each of the others.
//!
//! Sums are made by rank 0 in the order of the ranks, so they come out the same every time. The network
//! is trusted: what keeps strangers out is the token alone, and nothing is encrypted.

use super::frames::{Line, Voice, beat};
use super::{Collective, RankError, Rendezvous};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Pause between two tries to meet.
const AGAIN: Duration = Duration::from_millis(50);
/// Signs of life within the time after which a silent rank is lost.
const BEATS: u32 = 6;
/// Longest greeting.
const GREETING: usize = 4096;
/// Longest message that is not numbers: parameters are sent one by one.
const MESSAGE: usize = 1 << 31;

/// How long others are waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until all are there.
    pub meeting: Duration,
    /// Until one of which nothing is heard counts as lost.
    pub silence: Duration,
}

impl Default for Patience {
    /// Ranks of a cluster's job may begin minutes after each other.
    fn default() -> Self {
        Self {
            meeting: Duration::from_secs(300),
            silence: Duration::from_secs(60),
        }
    }
}

/// What a rank says first.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Greeting {
    version: String,
    token: String,
    rank: usize,
    ranks: usize,
}

/// A rank with its lines: rank 0 to everybody, the others to rank 0.
pub struct Star {
    rank: usize,
    ranks: usize,
    lines: Vec<Line>,
    _alive: Alive,
}

impl Star {
    /// Meets the other ranks.
    ///
    /// # Errors
    /// When they are not all there in time.
    pub fn meet(place: &Rendezvous, patience: Patience) -> Result<Self, RankError> {
        match place.rank {
            0 => {
                let at = place.listens_at();
                let listener = TcpListener::bind(&at);
                let listener = listener
                    .map_err(|e| RankError::Apart(format!("nobody can listen at {at} ({e})")))?;
                Self::host(&listener, place, patience, &mut || Ok(()))
            }
            _ => Self::join(place, patience),
        }
    }

    /// Waits for the others as rank 0; `awaited` may say that somebody will not come.
    ///
    /// # Errors
    /// When they are not all there in time.
    pub fn host(
        listener: &TcpListener,
        place: &Rendezvous,
        patience: Patience,
        awaited: &mut dyn FnMut() -> Result<(), RankError>,
    ) -> Result<Self, RankError> {
        let apart = |e: io::Error| RankError::Apart(e.to_string());
        listener.set_nonblocking(true).map_err(apart)?;
        let began = Instant::now();
        let mut lines: Vec<Line> = Vec::new();
        while lines.len() + 1 < place.ranks {
            awaited()?;
            if began.elapsed() > patience.meeting {
                let missing: Vec<String> = (1..place.ranks)
                    .filter(|rank| lines.iter().all(|line| line.rank != *rank))
                    .map(|rank| rank.to_string())
                    .collect();
                let seconds = patience.meeting.as_secs_f64();
                let text = format!("rank {} did not come in {seconds} s", missing.join(", "));
                return Err(RankError::Apart(text));
            }
            match listener.accept() {
                Ok((stream, _)) => match welcome(stream, place, patience) {
                    Ok(line) => {
                        lines.retain(|known| known.rank != line.rank);
                        lines.push(line);
                    }
                    // Somebody who does not belong to the run.
                    Err(error) => tracing::warn!("{error}"),
                },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    std::thread::sleep(AGAIN);
                }
                Err(error) => return Err(apart(error)),
            }
        }
        lines.sort_by_key(|line| line.rank);
        Self::new(place, lines, patience)
    }

    fn join(place: &Rendezvous, patience: Patience) -> Result<Self, RankError> {
        let began = Instant::now();
        let stream = loop {
            match connect(place) {
                Ok(stream) => break stream,
                Err(error) if began.elapsed() > patience.meeting => {
                    let text = format!("rank 0 is not at {} ({error})", place.at());
                    return Err(RankError::Apart(text));
                }
                Err(_) => std::thread::sleep(AGAIN),
            }
        };
        let apart = |e: io::Error| RankError::Apart(e.to_string());
        // Rank 0 answers once everybody is there.
        let wait = patience.meeting.saturating_add(patience.silence);
        let line = Line::new(0, stream, wait).map_err(apart)?;
        line.send(&serde_json::to_vec(&greeting(place)).unwrap_or_default())?;
        line.receive(GREETING)?;
        let line = line.with_silence(patience.silence).map_err(apart)?;
        Self::new(place, vec![line], patience)
    }

    fn new(place: &Rendezvous, lines: Vec<Line>, patience: Patience) -> Result<Self, RankError> {
        if place.rank == 0 {
            for line in &lines {
                line.send(b"welcome")?;
            }
        }
        let voices = lines.iter().map(Line::voice).collect();
        let alive = Alive::start(voices, patience.silence / BEATS);
        let alive = alive.map_err(|e| RankError::Apart(e.to_string()))?;
        Ok(Self {
            rank: place.rank,
            ranks: place.ranks,
            lines,
            _alive: alive,
        })
    }

    fn numbers(&mut self, numbers: &mut [f32]) -> Result<(), RankError> {
        if self.rank > 0 {
            for line in &self.lines {
                line.send_numbers(numbers)?;
                line.receive_numbers(numbers, |number, mean| *number = mean)?;
            }
            return Ok(());
        }
        for line in &self.lines {
            line.receive_numbers(numbers, |sum, more| *sum += more)?;
        }
        let share = 1.0 / self.ranks as f32;
        numbers.iter_mut().for_each(|number| *number *= share);
        self.lines
            .iter()
            .try_for_each(|line| line.send_numbers(numbers))
    }
}

impl Collective for Star {
    fn rank(&self) -> usize {
        self.rank
    }

    fn ranks(&self) -> usize {
        self.ranks
    }

    fn mean(&mut self, values: Tensor) -> Result<Tensor, RankError> {
        let (shape, device) = (values.shape().clone(), values.device().clone());
        let mut numbers = values.flatten_all()?.to_vec1::<f32>()?;
        drop(values);
        self.numbers(&mut numbers)?;
        Ok(Tensor::from_vec(numbers, shape, &device)?)
    }

    fn broadcast(&mut self, said: Vec<u8>) -> Result<Vec<u8>, RankError> {
        match (self.rank, self.lines.first()) {
            (1.., Some(line)) => line.receive(MESSAGE),
            _ => {
                self.lines.iter().try_for_each(|line| line.send(&said))?;
                Ok(said)
            }
        }
    }

    fn gather(&mut self, said: Vec<u8>) -> Result<Vec<Vec<u8>>, RankError> {
        if self.rank > 0 {
            for line in &self.lines {
                line.send(&said)?;
            }
            let all = self.broadcast(Vec::new())?;
            return serde_json::from_slice(&all).map_err(|e| RankError::Confused(e.to_string()));
        }
        let mut all = vec![said];
        for line in &self.lines {
            all.push(line.receive(MESSAGE)?);
        }
        let text = serde_json::to_vec(&all).map_err(|e| RankError::Confused(e.to_string()))?;
        self.broadcast(text)?;
        Ok(all)
    }

    fn leave(&mut self, why: &str) {
        for line in &self.lines {
            line.leave(why);
        }
    }
}

fn greeting(place: &Rendezvous) -> Greeting {
    Greeting {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        token: place.token.clone(),
        rank: place.rank,
        ranks: place.ranks,
    }
}

fn connect(place: &Rendezvous) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the address is unknown");
    for address in (place.host.as_str(), place.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Hears who came.
fn welcome(stream: TcpStream, place: &Rendezvous, patience: Patience) -> Result<Line, RankError> {
    let apart = |e: io::Error| RankError::Apart(e.to_string());
    // Nobody who says nothing may keep the others waiting.
    let brief = patience.silence.min(Duration::from_secs(5));
    let mut line = Line::new(usize::MAX, stream, brief).map_err(apart)?;
    let said = line.receive(GREETING)?;
    let said: Greeting =
        serde_json::from_slice(&said).map_err(|e| RankError::Confused(e.to_string()))?;
    let expected = Greeting {
        rank: said.rank,
        ..greeting(place)
    };
    if said != expected || !(1..place.ranks).contains(&said.rank) {
        let why = match said.version == expected.version {
            false => format!("it is version {}, not {}", said.version, expected.version),
            true => "it belongs to another run".to_owned(),
        };
        line.leave(&format!("rank {} was sent away: {why}", said.rank));
        let text = format!("somebody who calls itself rank {}: {why}", said.rank);
        return Err(RankError::Confused(text));
    }
    line.rank = said.rank;
    line.with_silence(patience.silence).map_err(apart)
}

/// The thread that says that this rank is alive.
struct Alive {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Alive {
    fn start(voices: Vec<Voice>, every: Duration) -> io::Result<Self> {
        let (end, ended) = channel();
        let thread = std::thread::Builder::new().name("lgd-ranks".to_owned());
        let thread = thread.spawn(move || {
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                voices.iter().for_each(beat);
            }
        })?;
        Ok(Self {
            end: Some(end),
            thread: Some(thread),
        })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread between the ranks ended in an error of the program");
        }
    }
}
