//! One window per home: a second start hands its files to the first one and ends.
//!
//! The first start holds a lock on a file and listens on a socket beside it. A lock goes with its
//! process, whatever ended it, so a socket that was left behind is known as such: whoever gets the
//! lock removes it. Without Unix sockets every start opens a window of its own.

use super::Places;
use std::ffi::OsString;
use std::path::PathBuf;

/// What a start is to do.
#[derive(Debug)]
pub enum Claim {
    /// Open the window and listen for others.
    First(Instance),
    /// End: the window that is open has the files.
    HandedOver,
    /// Open a window and listen for nobody: the one that is open does not answer.
    Alone,
}

/// What one start tells another, as one line of JSON.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Message {
    /// Files to open, by absolute path; names need not be text.
    files: Vec<OsString>,
    /// Only wakes the listener, so that it can end.
    #[serde(default)]
    wake: bool,
}

/// The answer to a message that was understood.
const TAKEN: &str = "taken";

#[cfg(unix)]
pub use unix::Instance;

#[cfg(not(unix))]
/// The right to listen for other starts.
#[derive(Debug)]
pub enum Instance {}

#[cfg(not(unix))]
impl Instance {
    pub(super) fn listen(
        self,
        _: impl Fn(Vec<PathBuf>) + Send + 'static,
    ) -> std::io::Result<Listener> {
        match self {}
    }
}

#[cfg(not(unix))]
/// The thread that listens for other starts.
pub(super) enum Listener {}

#[cfg(unix)]
pub(super) use unix::Listener;

/// Finds out whether a window is open already, and hands it the files if so.
pub fn claim(places: &Places, files: &[PathBuf]) -> Claim {
    #[cfg(unix)]
    {
        unix::claim(places, files)
    }
    #[cfg(not(unix))]
    {
        let _ = (places, files);
        Claim::Alone
    }
}

#[cfg(unix)]
mod unix {
    use super::{Claim, Message, TAKEN};
    use crate::job::Places;
    use std::fs::{File, OpenOptions, TryLockError};
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::JoinHandle;
    use std::time::{Duration, Instant};

    /// How long the other side may take for anything.
    const PATIENCE: Duration = Duration::from_secs(3);
    /// Longest message: some thousand paths.
    const LONGEST: u64 = 1 << 20;
    /// Longest path of a socket that every Unix takes.
    const LONGEST_PATH: usize = 100;

    /// The right to listen for other starts.
    #[derive(Debug)]
    pub struct Instance {
        listener: UnixListener,
        socket: PathBuf,
        /// Held as long as the window is open.
        lock: File,
    }

    /// The thread that listens for other starts.
    pub struct Listener {
        socket: PathBuf,
        ending: Arc<AtomicBool>,
        thread: Option<JoinHandle<()>>,
    }

    /// Where the socket of these places is: beside the session, or in the system's folder for such
    /// things where that path is too long.
    fn socket_of(places: &Places) -> PathBuf {
        let near = places.state.join("window.sock");
        if near.as_os_str().len() <= LONGEST_PATH {
            return near;
        }
        use sha2::{Digest as _, Sha256};
        use std::os::unix::ffi::OsStrExt as _;
        let name = Sha256::digest(places.state.as_os_str().as_bytes());
        let name: String = name[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
        let folder = folder.map_or_else(std::env::temp_dir, PathBuf::from);
        folder.join(format!("lgd-studio-{name}.sock"))
    }

    pub(super) fn claim(places: &Places, files: &[PathBuf]) -> Claim {
        match take(places) {
            Ok(Some(instance)) => return Claim::First(instance),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "other starts will not be heard");
                return Claim::Alone;
            }
        }
        let message = Message {
            files: files.iter().map(|path| absolute(path)).collect(),
            wake: false,
        };
        match hand_over(&socket_of(places), &message) {
            Ok(()) => Claim::HandedOver,
            Err(error) => {
                tracing::warn!(%error, "the window that is open does not answer");
                Claim::Alone
            }
        }
    }

    fn absolute(path: &Path) -> std::ffi::OsString {
        std::path::absolute(path)
            .unwrap_or_else(|_| path.to_path_buf())
            .into_os_string()
    }

    /// Takes the lock and listens; none where somebody else has it.
    fn take(places: &Places) -> std::io::Result<Option<Instance>> {
        std::fs::create_dir_all(&places.state)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(places.state.join("window.lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let socket = socket_of(places);
        match std::fs::remove_file(&socket) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            // What is there belongs to a window that is gone.
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&socket)?;
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
        Ok(Some(Instance {
            listener,
            socket,
            lock,
        }))
    }

    /// Sends a message and waits until it is taken. A window that has only just begun may not listen
    /// yet.
    fn hand_over(socket: &Path, message: &Message) -> std::io::Result<()> {
        let end = Instant::now() + PATIENCE;
        let mut stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() >= end => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = String::new();
        BufReader::new(stream.take(64)).read_line(&mut answer)?;
        if answer.trim() == TAKEN {
            Ok(())
        } else {
            Err(std::io::Error::other("it did not take the files"))
        }
    }

    impl Instance {
        /// Listens on a thread of its own; `opened` hears the files of every other start, none of
        /// which may be a file at all.
        ///
        /// # Errors
        /// When the system gives no thread.
        pub(in crate::job) fn listen(
            self,
            opened: impl Fn(Vec<PathBuf>) + Send + 'static,
        ) -> std::io::Result<Listener> {
            let Self {
                listener,
                socket,
                lock,
            } = self;
            let ending = Arc::new(AtomicBool::new(false));
            let thread = std::thread::Builder::new()
                .name("lgd-starts".to_owned())
                .spawn({
                    let ending = ending.clone();
                    move || {
                        for stream in listener.incoming() {
                            if ending.load(Ordering::Acquire) {
                                break;
                            }
                            match stream.and_then(hear) {
                                Ok(message) if !message.wake => {
                                    let files = message.files.into_iter().map(PathBuf::from);
                                    opened(files.collect());
                                }
                                Ok(_) => {}
                                Err(error) => tracing::warn!(%error, "another start said nonsense"),
                            }
                        }
                        drop(lock);
                    }
                })?;
            Ok(Listener {
                socket,
                ending,
                thread: Some(thread),
            })
        }
    }

    /// Reads one message and says that it was understood.
    fn hear(stream: UnixStream) -> std::io::Result<Message> {
        // Some systems hand the listener's settings down.
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = String::new();
        BufReader::new((&stream).take(LONGEST)).read_line(&mut line)?;
        let message: Message = serde_json::from_str(&line)?;
        // The other start may have lost patience; its files are opened all the same.
        if writeln!(&stream, "{TAKEN}").is_err() {
            tracing::debug!("another start did not wait");
        }
        Ok(message)
    }

    impl Drop for Listener {
        fn drop(&mut self) {
            self.ending.store(true, Ordering::Release);
            // A new start that comes now finds no socket, and then the lock.
            let woken = UnixStream::connect(&self.socket).is_ok();
            if let Err(error) = std::fs::remove_file(&self.socket) {
                tracing::debug!(%error, "the socket stays behind");
            }
            if let Some(thread) = self.thread.take()
                && woken
                && thread.join().is_err()
            {
                tracing::error!("the thread that hears other starts ended in a panic");
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crossbeam_channel::unbounded;

        type Outcome = Result<(), Box<dyn std::error::Error>>;

        fn places(home: &Path) -> Places {
            Places {
                config: home.to_path_buf(),
                data: home.to_path_buf(),
                cache: home.to_path_buf(),
                state: home.join("state"),
            }
        }

        fn first(places: &Places) -> Result<Instance, String> {
            match claim(places, &[]) {
                Claim::First(instance) => Ok(instance),
                other => Err(format!("{other:?}")),
            }
        }

        #[test]
        fn a_second_start_hands_its_files_to_the_first() -> Outcome {
            let home = tempfile::tempdir()?;
            let places = places(home.path());
            let (heard_in, heard) = unbounded();
            let listener = first(&places)?.listen(move |files| {
                let _ = heard_in.send(files);
            })?;
            let files = ["/tmp/a frame.png", "run.lgdrun", "/tmp/图.png"].map(PathBuf::from);
            assert!(matches!(claim(&places, &files), Claim::HandedOver));
            let got = heard.recv_timeout(PATIENCE)?;
            assert_eq!(got[0], files[0]);
            assert_eq!(got[1], std::env::current_dir()?.join("run.lgdrun"));
            assert_eq!(got[2], files[2]);
            assert!(matches!(claim(&places, &[]), Claim::HandedOver));
            assert_eq!(heard.recv_timeout(PATIENCE)?, Vec::<PathBuf>::new());

            // Nobody else on this machine may speak to it.
            let socket = socket_of(&places);
            let mode = std::fs::metadata(&socket)?.permissions().mode() & 0o777;
            assert_eq!(mode, 0o600);
            drop(listener);
            assert!(!socket.exists());
            drop(first(&places)?);
            Ok(())
        }

        #[test]
        fn what_a_killed_window_left_behind_is_no_window() -> Outcome {
            let home = tempfile::tempdir()?;
            let places = places(home.path());
            std::fs::create_dir_all(&places.state)?;
            // A socket that nobody listens on, and a lock that nobody holds.
            drop(UnixListener::bind(socket_of(&places))?);
            std::fs::write(places.state.join("window.lock"), "")?;
            assert!(socket_of(&places).exists());
            drop(first(&places)?);
            Ok(())
        }

        #[test]
        fn a_window_that_does_not_answer_keeps_nobody_from_working() -> Outcome {
            let home = tempfile::tempdir()?;
            let places = places(home.path());
            let _silent = first(&places)?; // holds the lock and never listens
            let begun = Instant::now();
            assert!(matches!(claim(&places, &["a.png".into()]), Claim::Alone));
            assert!(begun.elapsed() < 4 * PATIENCE);
            Ok(())
        }

        #[test]
        fn nonsense_on_the_socket_is_heard_out_and_forgotten() -> Outcome {
            let home = tempfile::tempdir()?;
            let places = places(home.path());
            let (heard_in, heard) = unbounded();
            let _listener = first(&places)?.listen(move |files| {
                let _ = heard_in.send(files);
            })?;
            let mut stream = UnixStream::connect(socket_of(&places))?;
            stream.write_all(b"GET / HTTP/1.1\n")?;
            drop(UnixStream::connect(socket_of(&places))?);
            let file = ["/tmp/a.png".into()];
            assert!(matches!(claim(&places, &file), Claim::HandedOver));
            assert_eq!(heard.recv_timeout(PATIENCE)?, file);
            assert!(heard.is_empty());
            Ok(())
        }

        #[test]
        fn long_homes_have_a_short_socket() {
            let long = PathBuf::from("/tmp").join("x".repeat(150));
            let socket = socket_of(&places(&long));
            assert!(socket.as_os_str().len() <= LONGEST_PATH, "{socket:?}");
            assert_ne!(socket, socket_of(&places(&long.join("other"))));
        }
    }
}
