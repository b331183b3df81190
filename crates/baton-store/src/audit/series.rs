//! A10: series against the stream, bucket by bucket.

use std::collections::BTreeMap;

use baton_core::audit::rule::SERIES_DIFFER;
use baton_core::series::Counter;

use super::Auditor;
use super::figures::{Bucket, NEAR_END_MS, Sums};
use super::report::Finding;
use super::stream::Stream;
use crate::error::Error;

type Counts = [u64; Counter::ALL.len()];

impl Auditor<'_> {
    pub(super) fn judge_series(
        &mut self,
        stream: &Stream,
        least: &Sums,
        most: &Sums,
        said: &BTreeMap<Bucket, Counts>,
    ) -> Result<(), Error> {
        // The stream reached into the bucket in which it begins now; and what is forgotten soon may be.
        let judged = said.iter().filter(|((resolution, at_ms, _), _)| {
            (stream.whole || *at_ms > stream.first.ms)
                && resolution.forgotten_ms(*at_ms) > stream.last.ms.max(stream.began_ms) + NEAR_END_MS
        });
        let of = |sums: &Sums, bucket: &Bucket| sums.series.get(bucket).copied().unwrap_or_default();
        let (mut looked, mut wrong) = (0, Vec::new());
        for (bucket, said) in judged {
            looked += 1;
            let (least, most) = (of(least, bucket), of(most, bucket));
            for (at, counter) in Counter::ALL.iter().enumerate() {
                if !(least[at]..=most[at]).contains(&said[at]) {
                    wrong.push((bucket.clone(), *counter, (least[at], most[at]), said[at]));
                }
            }
        }
        self.report.look("A10", looked);
        for (bucket, counter, (least, most), said) in wrong {
            let key = self.series_key(stream.shard, &bucket)?;
            let span = if least == most { least.to_string() } else { format!("{least} to {most}") };
            let one = SERIES_DIFFER.broken(format!("{counter} {span}"), said.to_string());
            self.find(Finding::of(
                one,
                bucket.2.map_or("all queues".to_owned(), |queue| format!("queue {queue}")),
                vec![key],
            ));
        }
        Ok(())
    }
}
