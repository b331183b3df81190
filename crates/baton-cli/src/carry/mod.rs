//! `baton export` and `baton import`: a namespace as lines of JSON, straight from Redis and straight into it.

mod line;
mod read;

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use baton_core::Namespace;
use baton_gateway::config::{Config, Flags};
use baton_store::Store;
use baton_store::carry::{Begun, Broken, Carried, Import as Writing, ShardSum};
use clap::Args;

use crate::exit::{Exit, Stop};
use crate::out::{Out, say};
use crate::progress::Progress;
use crate::serve::{sources, unusable};
use line::Line;
use read::Lines;

#[derive(Args)]
#[command(before_help = "Examples:
  baton export backup.ndjson                      the namespace of BATON_REDIS_URL, into a file that only you can read
  baton export | zstd > backup.ndjson.zst
  baton export | jq -c 'select(.task.fields.status == \"failed\") | .task.id'
  baton import backup.ndjson                      into a namespace in which nothing is
It speaks to Redis itself, not to a gateway. Tasks go along with everything that is theirs, and so do flows, queues, workers and
their leases, pools, schedules, kinds, webhooks (with what their secrets are made of), operations, figures and the trail; users, sessions,
API keys and signing keys never do. Each task is as it was at one moment; where nothing happened meanwhile, so is the whole,
and the last line says so.")]
pub(crate) struct Export {
    /// Where to write it; `-` is standard output
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
#[command(before_help = "Examples:
  baton import backup.ndjson                      into the namespace of BATON_REDIS_URL, in which nothing may be
  baton import backup.ndjson --namespace staging
  baton import backup.ndjson --check              only look whether it can be read
  zstd -dc backup.ndjson.zst | baton import -
  baton import backup.ndjson --start-over         after an import that was interrupted
Until the last line is in, gateways and workers refuse the namespace. Then a fleet goes on with it: a task whose worker is gone
comes back when its lease is over.")]
pub(crate) struct Import {
    /// What to read; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only look whether it can be read: nothing is written
    #[arg(long)]
    check: bool,
    /// Remove what an import left that was interrupted, and begin anew
    #[arg(long, conflicts_with = "check")]
    start_over: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Place {
    /// Another namespace than that of the configuration
    #[arg(long, value_name = "NAME")]
    namespace: Option<Namespace>,
    /// The configuration file of a gateway [env: BATON_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    fn store(&self) -> Result<Store> {
        let sources = sources(self.config.as_deref(), Flags::default().given())?;
        let mut options = Config::resolve(&sources).map_err(unusable)?.store;
        if let Some(namespace) = &self.namespace {
            options.namespace = namespace.clone();
        }
        Ok(Store::unopened(options)?)
    }
}

pub(crate) async fn export(out: &Out, asked: &Export) -> Result<Exit> {
    let store = asked.place.store()?;
    let origin = store.origin().await?;
    let mut progress = Progress::new(None, "lines");
    let mut count = 0;
    let mut sink = Sink::open(out, &asked.file)?;
    let now = baton::api::Timestamp::from_ms(origin.exported_ms).to_string();
    let mut write = |line: &Line| -> Result<u64> {
        count += 1;
        progress.at(count);
        sink.line(line)?;
        Ok(count)
    };
    write(&Line::header(&origin, now))?;
    let name = |Broken { id, why }| say(&format!("{id} is left out: {why}"));
    let sums = store.export(|carried| write(&Line::of(carried)).map(|_| ()), name).await?;
    let before = count;
    sink.line(&Line::end(before, &sums))?;
    sink.close()?;
    drop(progress);
    tell(&sums);
    Ok(if sums.iter().any(|sum| sum.broken > 0) { Exit::Warned } else { Exit::Fine })
}

fn tell(sums: &[ShardSum]) {
    let tasks: u64 = sums.iter().map(|sum| sum.tasks).sum();
    let keys: u64 = sums.iter().map(|sum| sum.keys).sum();
    say(&format!("exported {tasks} tasks and {keys} other keys"));
    let broken: u64 = sums.iter().map(|sum| sum.broken).sum();
    if broken > 0 {
        say(&format!(
            "{broken} tasks are left out, because no import would take them; `baton audit` says what is wrong"
        ));
    }
    let moved = sums.iter().filter(|sum| !sum.still && sum.broken == 0).count();
    if moved > 0 {
        say(&format!(
            "in {moved} of {} shards something happened meanwhile: each task there is as it was at one moment, not all at the same",
            sums.len()
        ));
    }
}

/// A file is there under its name once it is whole.
enum Sink<'a> {
    Out(&'a Out, Vec<u8>),
    File { file: BufWriter<std::fs::File>, part: PathBuf, name: &'a Path },
}

/// So much is gathered before it is written.
const WRITE_BYTES: usize = 256 * 1024;

impl<'a> Sink<'a> {
    fn open(out: &'a Out, name: &'a Path) -> Result<Sink<'a>> {
        if name == Path::new("-") {
            return Ok(Sink::Out(out, Vec::new()));
        }
        if name.exists() {
            let sentence = format!("{} is there already: choose another name, or remove it", name.display());
            return Err(Stop::new(Exit::Usage, sentence).into());
        }
        let mut part = name.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        // What tasks carry is nobody else's business.
        // What an export left that came to nothing may be open to others, or lead elsewhere: this is a file of our own.
        match std::fs::remove_file(&part) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("failed to remove {}", part.display()));
            }
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
        let file = file.with_context(|| format!("failed to write {}", part.display()))?;
        Ok(Sink::File { file: BufWriter::with_capacity(WRITE_BYTES, file), part, name })
    }

    fn line(&mut self, line: &Line) -> Result<()> {
        match self {
            Sink::Out(out, bytes) => {
                serde_json::to_writer(&mut *bytes, line)?;
                bytes.push(b'\n');
                if bytes.len() >= WRITE_BYTES {
                    out.bytes(bytes)?;
                    bytes.clear();
                }
            }
            Sink::File { file, part, .. } => {
                let bytes = serde_json::to_vec(line)?;
                let written = file.write_all(&bytes).and_then(|()| file.write_all(b"\n"));
                written.with_context(|| format!("failed to write {}", part.display()))?;
            }
        }
        Ok(())
    }

    fn close(self) -> Result<()> {
        match self {
            Sink::Out(out, bytes) => out.bytes(&bytes),
            Sink::File { file, part, name } => {
                let ended = file.into_inner().map_err(std::io::IntoInnerError::into_error);
                ended
                    .and_then(|file| file.sync_all())
                    .and_then(|()| std::fs::rename(&part, name))
                    .with_context(|| format!("failed to write {}", name.display()))
            }
        }
    }
}

pub(crate) async fn import(asked: &Import) -> Result<Exit> {
    let store = asked.place.store()?;
    let is_stream = asked.file == Path::new("-");
    let mut total = 0;
    // What can be read twice is looked at as a whole before anything is written.
    if !is_stream || asked.check {
        let mut lines = Lines::open(&asked.file, &store)?;
        while let Some(carried) = lines.next()? {
            drop(carried);
        }
        total = lines.count();
        lines.check_parents()?;
        if asked.check {
            say(&format!("{total} lines, and nothing wrong with them"));
            return Ok(Exit::Fine);
        }
    }
    let mut lines = Lines::open(&asked.file, &store)?;
    let mut writing = begin(&store, &lines, asked.start_over).await?;
    let mut progress = Progress::new(Some(total), "lines");
    let ended = write(&mut lines, &mut writing, &mut progress).await;
    drop(progress);
    let sums = ended.context(HALF)?;
    let done = writing.finish(&sums).await.context(HALF)?;
    say(&format!("imported {} tasks and {} other keys: the namespace is whole", done.tasks, done.keys));
    if done.repeated > 0 {
        say(&format!("{} tasks came more than once; the first of each counts", done.repeated));
    }
    Ok(Exit::Fine)
}

const HALF: &str =
    "the import is not whole, so gateways and workers refuse this namespace; --start-over begins it anew";

async fn begin(store: &Store, lines: &Lines, over: bool) -> Result<Writing> {
    let conflict = |sentence: String| Stop::new(Exit::Conflict, sentence).into();
    match Writing::begin(store, lines.origin(), over).await? {
        Begun::Import(writing) => Ok(*writing),
        Begun::NotEmpty(key) => Err(conflict(format!(
            "the namespace {} is not empty: {key:?} is there; import into another one, with --namespace",
            store.namespace()
        ))),
        Begun::Importing => Err(conflict(format!(
            "an import into {} has begun and has not come to its end: let it, or use --start-over, which removes what it left",
            store.namespace()
        ))),
    }
}

async fn write(lines: &mut Lines, writing: &mut Writing, progress: &mut Progress) -> Result<Vec<ShardSum>> {
    while let Some(carried) = lines.next()? {
        let what = matches!(carried, Carried::Task(_)).then_some("task").unwrap_or("key");
        let put = writing.put(carried).await;
        put.with_context(|| format!("line {}, or one shortly before it, a {what}", lines.count()))?;
        progress.at(lines.count());
    }
    lines.sums()
}
