//! When to ask again.

use crate::Error;
use std::{pin::pin, time::Duration};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// The client's waits and timeouts, and its number of attempts.
#[derive(Clone, Copy)]
pub(crate) struct Timings {
    /// Before the first retry; doubles with every further failure.
    pub(crate) min_delay: Duration,
    /// The longest wait between retries.
    pub(crate) max_delay: Duration,
    /// Per request; following a box never gives up.
    pub(crate) max_attempts: u32,
    /// How long after the first attempt another may begin.
    pub(crate) patience: Duration,
    /// The longest `Retry-After` that is waited for; with a longer one, the refusal is final.
    pub(crate) max_retry_after: Duration,
    /// Until there is a connection: a host that drops packets never answers.
    pub(crate) connect_timeout: Duration,
    /// Until a response is complete.
    pub(crate) response_timeout: Duration,
    /// The same when a box is created. It is longer than the patience, so an attempt that times out is the last.
    pub(crate) create_timeout: Duration,
    /// How long a new stream may stay silent: a server writes at once, unless a proxy buffers.
    pub(crate) stream_open_timeout: Duration,
    /// How long an open stream may stay silent: the server writes every 15 s.
    pub(crate) stream_idle_timeout: Duration,
    pub(crate) long_poll_wait: Duration,
    /// How long to use long-polls before trying the stream again.
    pub(crate) long_poll_period: Duration,
    /// Between two long-polls that find nothing, in case the server does not wait.
    pub(crate) min_poll_interval: Duration,
    /// Between two acknowledgements, so that not every message costs a request.
    pub(crate) acknowledge_interval: Duration,
    /// How long the last acknowledgement of a loop may take.
    pub(crate) flush_timeout: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            min_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(15),
            max_attempts: 10,
            patience: Duration::MAX,
            max_retry_after: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(4),
            response_timeout: Duration::from_secs(30),
            create_timeout: Duration::from_secs(10),
            stream_open_timeout: Duration::from_secs(3),
            stream_idle_timeout: Duration::from_secs(45),
            long_poll_wait: Duration::from_secs(25),
            long_poll_period: Duration::from_secs(300),
            min_poll_interval: Duration::from_secs(1),
            acknowledge_interval: Duration::from_millis(250),
            flush_timeout: Duration::from_secs(5),
        }
    }
}

impl Timings {
    /// Nothing is lost yet by whoever creates a box, so it is better to say soon that the URL is wrong.
    pub(crate) fn for_creating(self) -> Self {
        Self {
            max_attempts: 5,
            patience: self.connect_timeout,
            max_retry_after: Duration::from_secs(5),
            response_timeout: self.create_timeout,
            ..self
        }
    }

    /// How long to wait after so many failures in a row: exponential backoff with jitter, so that clients disconnected
    /// together do not all return together, added to what the server asked for.
    pub(crate) fn backoff_delay(&self, failures: u32, asked: Duration) -> Duration {
        let doubled = self.min_delay.saturating_mul(1 << (failures - 1).min(30));
        asked + doubled.min(self.max_delay).mul_f64(0.5 + random_fraction() / 2.0)
    }
}

fn random_fraction() -> f64 {
    // Without randomness, all clients wait equally long, and that is all.
    f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX)
}

/// Sends an idempotent request until there is a final response, or the attempts are used up.
pub(crate) async fn retry<T, F>(
    timings: &Timings,
    may_repeat: fn(&Error) -> bool,
    mut request: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let began = Instant::now();
    let mut failures = 0;
    loop {
        let error = match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        failures += 1;
        if failures >= timings.max_attempts
            || began.elapsed() >= timings.patience
            || error.retry_after() > timings.max_retry_after
            || !may_repeat(&error)
        {
            return Err(error);
        }
        sleep(timings.backoff_delay(failures, error.retry_after())).await;
    }
}

/// The result of the work, unless it takes longer.
pub(crate) async fn in_time<T>(
    server: &str,
    limit: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(limit, work).await.unwrap_or_else(|_| {
        let source = format!("no response within {limit:?}").into();
        Err(Error::Unreachable { server: server.into(), source })
    })
}

/// The result of the work, unless it takes longer although it is waited for.
///
/// While the consumer does something else, nobody gives the work a chance to go on. If the end of the time is noticed
/// only later, that was so, and the time begins anew.
pub(crate) async fn while_waiting<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    const LATE: Duration = Duration::from_millis(100);
    let mut work = pin!(work);
    loop {
        let end = Instant::now() + limit;
        if let Ok(result) = timeout_at(end, work.as_mut()).await {
            return Some(result);
        }
        if end.elapsed() < LATE {
            return None;
        }
    }
}
