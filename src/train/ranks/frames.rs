//! Messages between two ranks: a kind, a length, and so many bytes.
//!
//! Between messages each side says every few seconds that it is alive, from a thread of its own: a rank
//! that computes for minutes is not taken for a lost one, and one that was stopped is.

use super::RankError;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The other side is alive.
const BEAT: u8 = 0;
/// What was asked for.
const DATA: u8 = 1;
/// The other side leaves, and why.
const LEAVES: u8 = 2;
/// Kind and length.
const HEADER: usize = 9;
/// Longest look at a silent line.
const LOOK: Duration = Duration::from_millis(500);
/// Bytes that are moved at a time.
const PIECE: usize = 1 << 16;
/// Longest reason that is believed.
const WORDS: u64 = 1 << 16;

/// The sending half of a line, shared with the thread that says that this side is alive.
pub(super) type Voice = Arc<Mutex<TcpStream>>;

fn speak(voice: &Voice) -> MutexGuard<'_, TcpStream> {
    // A half-sent message is noticed by the other side.
    voice.lock().unwrap_or_else(PoisonError::into_inner)
}

fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let mut bytes = [kind; HEADER];
    for (byte, value) in bytes.iter_mut().skip(1).zip((length as u64).to_le_bytes()) {
        *byte = value;
    }
    bytes
}

/// Says that this side is alive; one that hears nothing any more is found out by whoever reads.
pub(super) fn beat(voice: &Voice) {
    // While a message is being sent there is nothing to add.
    if let Ok(mut stream) = voice.try_lock() {
        let _ = stream.write_all(&header(BEAT, 0));
    }
}

/// A line to another rank.
pub(super) struct Line {
    /// Who is at its end.
    pub rank: usize,
    ear: TcpStream,
    voice: Voice,
    silence: Duration,
}

impl Line {
    /// Over an open connection; a side that is silent for longer than `silence` is lost.
    pub fn new(rank: usize, stream: TcpStream, silence: Duration) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(LOOK.min(silence)))?;
        Ok(Self {
            rank,
            voice: Arc::new(Mutex::new(stream.try_clone()?)),
            ear: stream,
            silence,
        })
    }

    /// The same line, with another patience.
    pub fn with_silence(self, silence: Duration) -> std::io::Result<Self> {
        self.ear.set_read_timeout(Some(LOOK.min(silence)))?;
        Ok(Self { silence, ..self })
    }

    pub fn voice(&self) -> Voice {
        self.voice.clone()
    }

    fn lost(&self, why: impl ToString) -> RankError {
        RankError::Lost(self.rank, why.to_string())
    }

    /// Why nothing can be sent: what the other side said before it left, else the error.
    fn gone(&self, error: std::io::Error) -> RankError {
        loop {
            match self.length() {
                Ok(length) => {
                    // Whatever it is, nobody asked for it.
                    let mut rest = vec![0; length.min(WORDS) as usize];
                    if length > WORDS || self.fill(&mut rest).is_err() {
                        return self.lost(error);
                    }
                }
                Err(RankError::Lost(..)) => return self.lost(error),
                Err(told) => return told,
            }
        }
    }

    /// Sends a message.
    pub fn send(&self, message: &[u8]) -> Result<(), RankError> {
        let mut stream = speak(&self.voice);
        let sent = stream.write_all(&header(DATA, message.len()));
        sent.and_then(|()| stream.write_all(message))
            .map_err(|e| self.gone(e))
    }

    /// Sends numbers.
    pub fn send_numbers(&self, numbers: &[f32]) -> Result<(), RankError> {
        let mut stream = speak(&self.voice);
        let mut piece = Vec::with_capacity(PIECE);
        stream
            .write_all(&header(DATA, 4 * numbers.len()))
            .map_err(|e| self.gone(e))?;
        for numbers in numbers.chunks(PIECE / 4) {
            piece.clear();
            piece.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            stream.write_all(&piece).map_err(|e| self.gone(e))?;
        }
        Ok(())
    }

    /// Says why this side leaves.
    pub fn leave(&self, why: &str) {
        let mut stream = speak(&self.voice);
        let told = stream
            .write_all(&header(LEAVES, why.len()))
            .and_then(|()| stream.write_all(why.as_bytes()))
            .and_then(|()| stream.shutdown(Shutdown::Write));
        if let Err(error) = told {
            tracing::debug!(%error, rank = self.rank, "nobody hears why this rank leaves");
        }
    }

    /// The next message, of at most `most` bytes.
    pub fn receive(&self, most: usize) -> Result<Vec<u8>, RankError> {
        let length = self.length()?;
        if length > most as u64 {
            let text = format!("rank {} sends {length} bytes, expected {most}", self.rank);
            return Err(RankError::Confused(text));
        }
        let mut message = vec![0; length as usize];
        self.fill(&mut message)?;
        Ok(message)
    }

    /// The next numbers, each given to `take` with its old value in `numbers`.
    pub fn receive_numbers(
        &self,
        numbers: &mut [f32],
        take: impl Fn(&mut f32, f32),
    ) -> Result<(), RankError> {
        let (length, expected) = (self.length()?, 4 * numbers.len() as u64);
        if length != expected {
            let text = format!(
                "rank {} sends {length} bytes of gradients, expected {expected}",
                self.rank
            );
            return Err(RankError::Confused(text));
        }
        let mut piece = vec![0; PIECE];
        for numbers in numbers.chunks_mut(PIECE / 4) {
            let bytes = piece.get_mut(..4 * numbers.len()).unwrap_or_default();
            self.fill(bytes)?;
            for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(4)) {
                let bytes = <[u8; 4]>::try_from(bytes).unwrap_or_default();
                take(number, f32::from_le_bytes(bytes));
            }
        }
        Ok(())
    }

    /// The length of the next message, after all that only says that the other side is alive.
    fn length(&self) -> Result<u64, RankError> {
        loop {
            let mut bytes = [0; HEADER];
            self.fill(&mut bytes)?;
            let [kind, length @ ..] = bytes;
            let length = u64::from_le_bytes(length);
            match kind {
                BEAT => {}
                DATA => return Ok(length),
                LEAVES => {
                    let mut words = vec![0; length.min(WORDS) as usize];
                    self.fill(&mut words)?;
                    let words = String::from_utf8_lossy(&words).into_owned();
                    return Err(RankError::Ended(self.rank, words));
                }
                kind => {
                    let text = format!("rank {} sends a message of kind {kind}", self.rank);
                    return Err(RankError::Confused(text));
                }
            }
        }
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), RankError> {
        let (mut filled, mut heard) = (0, Instant::now());
        while filled < bytes.len() {
            let rest = bytes.get_mut(filled..).unwrap_or_default();
            match (&self.ear).read(rest) {
                Ok(0) => return Err(self.lost("its connection is closed")),
                Ok(count) => (filled, heard) = (filled + count, Instant::now()),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                        if heard.elapsed() >= self.silence {
                            let seconds = self.silence.as_secs_f64();
                            return Err(self.lost(format!("it said nothing for {seconds} seconds")));
                        }
                    }
                    _ => return Err(self.lost(error)),
                },
            }
        }
        Ok(())
    }
}
