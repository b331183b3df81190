//! Metrics: one recorder for the process, rendered as Prometheus text. Whoever serves it brings the route.

mod sum;
mod table;
mod text;

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

pub use sum::Sum;
pub use table::{METRICS, Metric, Type};

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// Reads what the recorder has seen. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Makes the recorder of this process. It can be made once; later calls answer the same one.
pub fn install() -> Metrics {
    static INSTALLED: OnceLock<Metrics> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        let (recorder, metrics) = recorder();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::error!("another library records metrics in this process; ours stay empty");
        }
        metrics
    });
    installed.clone()
}

/// A recorder of one's own, with its reader: what [`install`] makes global.
pub fn recorder() -> (PrometheusRecorder, Metrics) {
    let mut builder = PrometheusBuilder::new();
    for Metric { name, buckets, .. } in METRICS.iter().filter(|metric| !metric.buckets.is_empty()) {
        // Without buckets it renders summaries, which cannot be added up over processes.
        builder = match builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets) {
            Ok(builder) => builder,
            Err(_) => unreachable!("no list of buckets in the table is empty"),
        };
    }
    let recorder = builder.build_recorder();
    metrics::with_local_recorder(&recorder, || METRICS.iter().for_each(Metric::describe));
    let handle = recorder.handle();
    (recorder, Metrics { handle })
}

impl Metrics {
    /// Everything as Prometheus text.
    pub fn render(&self) -> String {
        if let Some(bytes) = resident_bytes(None) {
            metrics::gauge!("baton_process_resident_bytes").set(bytes as f64);
        }
        self.handle.render()
    }

    /// Makes room: call it every few seconds, whether anybody asks for the text or not.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// Says which build this is.
pub fn build_info(version: &'static str) {
    let revision = option_env!("BATON_REVISION").unwrap_or("unknown");
    metrics::gauge!("baton_build_info", "version" => version, "revision" => revision).set(1.0);
}

/// The memory of a process, of this one for `None`, where the kernel tells.
pub fn resident_bytes(process: Option<i32>) -> Option<u64> {
    let process = process.map_or_else(|| "self".to_owned(), |number| number.to_string());
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_have_buckets_and_every_metric_its_help() {
        let (recorder, metrics) = recorder();
        let text = metrics::with_local_recorder(&recorder, || {
            for metric in METRICS {
                match metric.kind {
                    Type::Counter => metrics::counter!(metric.name).increment(1),
                    Type::Gauge => metrics::gauge!(metric.name).set(1.0),
                    Type::Histogram => metrics::histogram!(metric.name).record(0.2),
                }
            }
            build_info("1.2.3");
            metrics.render()
        });
        assert!(!text.contains("summary"), "{text}");
        assert!(text.contains(r#"baton_build_info{version="1.2.3",revision="#));
        for metric in METRICS {
            assert!(text.contains(&format!("# HELP {} ", metric.name)), "{}", metric.name);
            let typed = format!("# TYPE {} {}\n", metric.name, format!("{:?}", metric.kind).to_lowercase());
            assert!(text.contains(&typed), "{typed}");
        }
    }

    #[test]
    fn this_process_has_a_size() {
        assert!(resident_bytes(None).is_none_or(|bytes| bytes > 1_000_000));
        assert_eq!(resident_bytes(Some(i32::MAX)), None);
    }
}
