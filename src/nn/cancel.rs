//! Cancellation that reaches into a forward pass.
//!
//! A full-size network runs for seconds, so "stop" has to be heard between its blocks. Passing a
//! token through every forward would put it into every signature; instead the thread that runs a
//! job opens a [`scope`] and the networks call [`checkpoint`] between blocks. Outside a scope a
//! checkpoint costs one thread-local read and never fails.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag shared by the one who asks to stop and the one who works.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the work to stop at its next checkpoint.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The error a checkpoint returns once its token is cancelled.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

thread_local! {
    static CURRENT: RefCell<Vec<CancelToken>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work` with `token` watched by every [`checkpoint`] on this thread.
pub fn scope<T>(token: &CancelToken, work: impl FnOnce() -> T) -> T {
    struct Pop;
    impl Drop for Pop {
        fn drop(&mut self) {
            CURRENT.with_borrow_mut(|stack| stack.pop());
        }
    }
    CURRENT.with_borrow_mut(|stack| stack.push(token.clone()));
    let _pop = Pop; // also on unwind: a panicking job must not leave its token behind
    work()
}

/// Fails with [`Cancelled`] when the innermost scope's token was cancelled.
///
/// # Errors
/// [`Cancelled`], wrapped; ask with [`is_cancelled`].
pub fn checkpoint() -> candle_core::Result<()> {
    let cancelled =
        CURRENT.with_borrow(|stack| stack.last().is_some_and(CancelToken::is_cancelled));
    if cancelled {
        Err(candle_core::Error::wrap(Cancelled))
    } else {
        Ok(())
    }
}

/// Whether `error` says that the work was cancelled rather than that it failed.
pub fn is_cancelled(error: &candle_core::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = source {
        if current.is::<Cancelled>() {
            return true;
        }
        if let Some(error) = current.downcast_ref::<candle_core::Error>()
            && wraps_cancelled(error)
        {
            return true;
        }
        source = current.source();
    }
    false
}

/// Looks inside candle's own wrappers, which do not show what they hold as their source: one of
/// them, the backtrace, appears as soon as `RUST_BACKTRACE` is set.
fn wraps_cancelled(error: &candle_core::Error) -> bool {
    use candle_core::Error;
    match error {
        Error::Wrapped(inner) => inner.to_string() == Cancelled.to_string(),
        Error::WithBacktrace { inner, .. }
        | Error::WithPath { inner, .. }
        | Error::Context { inner, .. } => wraps_cancelled(inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancellation_is_recognised_through_candles_wrappers() {
        let token = CancelToken::default();
        token.cancel();
        let error = scope(&token, checkpoint).expect_err("cancelled");
        let wrapped = error.with_path("model.safetensors").context("loading");
        assert!(is_cancelled(&wrapped));
        let other = candle_core::Error::Msg("cancelled by nobody".to_owned());
        assert!(!is_cancelled(&other));
    }
}
