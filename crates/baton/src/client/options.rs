//! How a task is to be done: the same words for a task by itself and for a task of a flow.

/// The methods that say it, for a builder with a `set` of its own. What is said last counts, and the first thing that
/// is wrong stays.
macro_rules! options {
    ($builder:ty $(, <$output:ident>)?) => {
        impl$(<$output>)? $builder {
            pub fn queue(self, queue: &str) -> Self {
                self.set(|task| queue.parse().map(|queue| task.queue = Some(queue)).map_err(Error::invalid))
            }

            /// 0 to 9, 9 first.
            pub fn priority(self, priority: u8) -> Self {
                self.set(|task| {
                    task.priority = Some(i64::from(priority));
                    Ok(())
                })
            }

            /// Not before this time: a [`Timestamp`](crate::Timestamp) or a [`SystemTime`](std::time::SystemTime).
            pub fn at(self, time: impl Into<Timestamp>) -> Self {
                self.set(|task| {
                    (task.run_at, task.delay_ms) = (Some(time.into()), None);
                    Ok(())
                })
            }

            /// Not before this long from now, by the clock of Redis.
            pub fn delay(self, delay: Duration) -> Self {
                self.set(|task| {
                    (task.delay_ms, task.run_at) = (Some(millis(delay)), None);
                    Ok(())
                })
            }

            /// While a task carries the same key, the answer is the problem `duplicate_key`. Not for a task of a new
            /// flow: within a flow a key belongs to one task anyway.
            pub fn reject_duplicates(self) -> Self {
                self.set(|task| {
                    task.on_duplicate = Some(OnDuplicate::Reject);
                    Ok(())
                })
            }

            /// In the place of a task that carries the same key and does not run: that one is cancelled. While one runs, the
            /// answer is the problem `duplicate_key`. Not for a task of a new flow.
            pub fn replace_duplicates(self) -> Self {
                self.set(|task| {
                    task.on_duplicate = Some(OnDuplicate::Replace);
                    Ok(())
                })
            }

            /// How long its result is kept once it has completed; unless said, as its kind says, or as long as the task.
            pub fn keep_result(self, time: Duration) -> Self {
                self.set(|task| {
                    task.result_ttl_ms = Some(millis(time));
                    Ok(())
                })
            }

            /// What it shares with others of its queue: groups can have limits, and take turns.
            pub fn group(self, group: &str) -> Self {
                self.set(|task| group.parse().map(|group| task.group = Some(group)).map_err(Error::invalid))
            }

            pub fn tags<T: AsRef<str>>(self, tags: impl IntoIterator<Item = T>) -> Self {
                self.set(|task| {
                    for tag in tags {
                        task.tags.push(tag.as_ref().parse().map_err(Error::invalid)?);
                    }
                    Ok(())
                })
            }

            /// How long one run may take.
            pub fn timeout(self, timeout: Duration) -> Self {
                self.set(|task| {
                    task.timeout_ms = Some(millis(timeout));
                    Ok(())
                })
            }

            pub fn max_attempts(self, attempts: u64) -> Self {
                self.set(|task| {
                    task.max_attempts = Some(attempts);
                    Ok(())
                })
            }

            /// How many workers may vanish while they run it.
            pub fn max_crashes(self, crashes: u64) -> Self {
                self.set(|task| {
                    task.max_crashes = Some(crashes);
                    Ok(())
                })
            }

            /// The first wait after a failure is at most this; it doubles with each further one, up to `cap`.
            pub fn backoff(self, first: Duration, cap: Duration) -> Self {
                self.set(|task| {
                    (task.backoff_ms, task.backoff_cap_ms) = (Some(millis(first)), Some(millis(cap)));
                    Ok(())
                })
            }

            /// What it does when one of its parents fails, times out or is cancelled. Unless something is said here, it
            /// stays blocked, and goes on when that parent is rerun and completes.
            pub fn on_parent_failure(self, policy: OnParentFailure) -> Self {
                self.set(|task| {
                    task.on_parent_failure = Some(policy);
                    Ok(())
                })
            }
        }
    };
}

pub(super) use options;
