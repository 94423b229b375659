//! Crash points of the fault tests: the process dies on the spot, as under `kill -9`.

/// Reads `USANCE_CRASH_AT` (`point` or `point:n` for the n-th time) and arms that point.
#[cfg(feature = "crash-points")]
pub fn arm() -> anyhow::Result<()> {
    use anyhow::Context as _;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let Ok(text) = std::env::var("USANCE_CRASH_AT") else {
        return Ok(());
    };
    // The last colon parts the count; the names themselves hold `::`.
    let (point, nth) = match text.rsplit_once(':') {
        Some((point, count)) if !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()) => {
            (point.to_owned(), count.parse::<usize>().context("USANCE_CRASH_AT")?)
        }
        _ => (text.clone(), 1),
    };
    let seen = AtomicUsize::new(0);
    fail::cfg_callback(&point, move || {
        if seen.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            std::process::abort();
        }
    })
    .map_err(|error| anyhow::anyhow!("USANCE_CRASH_AT: {error}"))
}

/// Without the feature there is no crash point to arm, and asking for one is an error rather than a test that cannot fail.
#[cfg(not(feature = "crash-points"))]
pub fn arm() -> anyhow::Result<()> {
    anyhow::ensure!(
        std::env::var_os("USANCE_CRASH_AT").is_none(),
        "USANCE_CRASH_AT is set, but this binary was built without the feature crash-points"
    );
    Ok(())
}
