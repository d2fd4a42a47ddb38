//! A thread for one task, which can be asked to stop.

use super::CancelToken;
use std::thread::JoinHandle;

/// One task at work. It goes on when this is dropped; whoever has to see its end closes it.
pub(super) struct Stoppable {
    name: &'static str,
    token: CancelToken,
    thread: JoinHandle<()>,
}

impl Stoppable {
    /// Starts `work` on a thread called `name`; it looks at the token to see whether to stop.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        name: &'static str,
        work: impl FnOnce(&CancelToken) + Send + 'static,
    ) -> std::io::Result<Self> {
        let token = CancelToken::default();
        let given = token.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&given))?;
        Ok(Self {
            name,
            token,
            thread,
        })
    }

    /// Asks it to stop; it still tells its end.
    pub(super) fn stop(&self) {
        self.token.cancel();
    }

    /// Whether it has ended.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Asks it to stop, and waits for the end.
    pub(super) fn close(self) {
        self.stop();
        if self.thread.join().is_err() {
            tracing::error!("{} ended in a panic", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    #[test]
    fn closing_stops_the_work_and_waits_for_its_end() -> std::io::Result<()> {
        let (tell, told) = channel();
        let task = Stoppable::start("test-stoppable", move |token| {
            while !token.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(50));
            let _ = tell.send("the last words");
        })?;
        let early = told.recv_timeout(Duration::from_millis(20));
        assert_eq!(early, Err(RecvTimeoutError::Timeout), "nobody asked it to");
        assert!(!task.is_finished());
        task.close();
        assert_eq!(told.try_recv().ok(), Some("the last words"));
        Ok(())
    }

    #[test]
    fn a_panic_stays_in_its_thread() -> std::io::Result<()> {
        let task = Stoppable::start("test-panic", |_| panic!("on purpose"))?;
        while !task.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        task.close();
        Ok(())
    }
}
