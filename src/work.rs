//! Counts the work of drawing in unit tests, which assert that a sender cannot choose its amount.

#[cfg(test)]
thread_local! {
    static DONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts bytes that were looked at one by one, or other steps.
pub(crate) fn count(steps: usize) {
    #[cfg(test)]
    DONE.set(DONE.get() + steps);
    #[cfg(not(test))]
    let _ = steps;
}

/// Returns the steps that a function took on this thread.
#[cfg(test)]
pub(crate) fn of(run: impl FnOnce()) -> usize {
    let before = DONE.get();
    run();
    DONE.get() - before
}
