//! The server itself: HTTP in front of a [`Play`].

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use axum::http::{HeaderMap, Method, Request, Response};
use baton::api::lease::{Append, Beat, Complete, Fail, Note, Pair, Release};
use baton::api::problem::status_of;
use baton::api::worker::{Claim, Heartbeat, Leave, Register};
use baton::{Fence, Problem, TaskId};
use baton_core::Code;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::answer::Answer;
use super::now;
use super::play::{Answered, Call, Play, Seen};
use crate::out::now_ms;

/// A body may be as long as this; a result of a MiB, written with escapes, fits.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// No claim is held longer, whatever it asks for.
const HELD_MAX_S: u64 = 60;

/// The play, and word of every change of it.
#[derive(Clone)]
pub(super) struct Server {
    play: Arc<Mutex<Play>>,
    changed: Arc<watch::Sender<()>>,
}

/// The answer is lost: the connection ends instead.
#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("this answer is lost, as it was to be")
    }
}

impl std::error::Error for Lost {}

/// A request, read.
struct Asked {
    call: Call,
    task: Option<TaskId>,
    beat: bool,
    body: Bytes,
    wait_s: Option<u64>,
}

impl Server {
    /// Serves until the runtime ends; where it does.
    pub(super) async fn start() -> Result<(Server, String)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("failed to listen")?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = Server { play: Arc::default(), changed: Arc::new(watch::Sender::new(())) };
        tokio::spawn(accept(listener, server.clone()));
        Ok((server, url))
    }

    pub(super) fn play(&self) -> MutexGuard<'_, Play> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the play, and lets everyone look who waits.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Play) -> T) -> T {
        let changed = change(&mut self.play());
        self.changed.send_replace(());
        changed
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Lost> {
        let Some(asked) = read(request).await else { return Ok(self.respond(problem(Code::NotFound))) };
        let at = self.change(|play| {
            play.seen.push(seen(&asked));
            play.seen.len() - 1
        });
        let answer = self.carry_out(at, &asked).await;
        let lost = matches!(answer, Answer::Body(..)) && self.play().loses(asked.call);
        let after_s = if let Answer::Refused { after_s, .. } = answer { after_s } else { None };
        let response = match answer {
            Answer::Body(status, body) => (status, "application/json", body.get().to_owned().into()),
            Answer::Nothing => (204, "application/json", Vec::new()),
            Answer::Problem(code) => problem(code),
            Answer::Refused { status, code, .. } => trouble(status, code),
        };
        let answered = match response.0 {
            _ if lost => Answered::Lost,
            200..300 => Answered::Fine,
            status => Answered::Refused(status),
        };
        self.change(|play| play.seen[at].answered = answered);
        if lost {
            return Err(Lost);
        }
        let mut response = self.respond(response);
        after_s.map(|after| response.headers_mut().insert(RETRY_AFTER, after.into()));
        Ok(response)
    }

    /// Does what is asked for.
    async fn carry_out(&self, at: usize, asked: &Asked) -> Answer {
        if asked.call != Call::Claim
            && let Some(refused) = self.play().refusal(asked.call)
        {
            return refused;
        }
        match asked.call {
            Call::Register => self.typed(asked, |play, body: Register| play.register(&body)),
            Call::Claim => self.claim(at, asked).await,
            Call::Heartbeat if asked.beat => self.of_lease(asked, |play, task, body: Beat| {
                play.seen[at].holding = vec![Pair { task, fence: body.fence }];
                play.beat(task, body.fence, now_ms())
            }),
            Call::Heartbeat => self.typed(asked, |play, body: Heartbeat| {
                play.seen[at].holding.clone_from(&body.holding);
                play.heartbeat(&body, now_ms())
            }),
            Call::Complete => self.report(asked, |body: &Complete| body.fence),
            Call::Fail => self.report(asked, |body: &Fail| body.fence),
            Call::Release => self.report(asked, |body: &Release| body.fence),
            Call::Note if asked.body.windows(6).any(|part| part == b"\"logs\"") => {
                self.of_lease(asked, |play, task, body: Append| play.note(task, body.fence))
            }
            Call::Note => self.of_lease(asked, |play, task, body: Note| play.note(task, body.fence)),
            Call::Leave => self.typed(asked, |play, _: Leave| play.leave()),
        }
    }

    fn report<T: DeserializeOwned>(&self, asked: &Asked, fence: impl Fn(&T) -> Fence) -> Answer {
        self.of_lease(asked, |play, task, body: T| play.report(asked.call, task, fence(&body), &asked.body))
    }

    fn of_lease<T: DeserializeOwned>(
        &self,
        asked: &Asked,
        act: impl FnOnce(&mut Play, TaskId, T) -> Answer,
    ) -> Answer {
        let Some(task) = asked.task else { return Answer::Problem(Code::UnknownTask) };
        self.typed(asked, |play, body| act(play, task, body))
    }

    /// Reads the body as a gateway does. What it would not take is remembered.
    fn typed<T: DeserializeOwned>(&self, asked: &Asked, act: impl FnOnce(&mut Play, T) -> Answer) -> Answer {
        let text = if asked.body.is_empty() { &b"{}"[..] } else { &asked.body[..] };
        match serde_json::from_slice(text) {
            Ok(body) => self.change(|play| act(play, body)),
            Err(error) => {
                self.change(|play| play.wrong.push(format!("{:?}: {error}", asked.call)));
                Answer::Problem(Code::Validation)
            }
        }
    }

    /// Holds a claim until there is something to give, or trouble begins.
    async fn claim(&self, at: usize, asked: &Asked) -> Answer {
        let mut changes = self.changes();
        let wait = Duration::from_secs(asked.wait_s.unwrap_or(0).min(HELD_MAX_S));
        let over = tokio::time::sleep(wait);
        tokio::pin!(over);
        loop {
            changes.borrow_and_update();
            if let Some(answer) = self.claimed(at, asked) {
                return answer;
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = &mut over => return Answer::Nothing,
            }
        }
    }

    /// One look. Trouble and a wrong body are an answer at once, and so is a task.
    fn claimed(&self, at: usize, asked: &Asked) -> Option<Answer> {
        let text = if asked.body.is_empty() { &b"{}"[..] } else { &asked.body[..] };
        let mut play = self.play();
        if let Some(refused) = play.refusal(Call::Claim) {
            return Some(refused);
        }
        match serde_json::from_slice::<Claim>(text) {
            Ok(body) => {
                let own = play.registered.as_ref().and_then(|worker| worker.boot.clone());
                play.seen[at].other_boot = body.boot.is_some() && body.boot != own;
                play.seen[at].holding.clone_from(&body.holding);
                play.seen[at].max = body.max;
                play.claim(&body, now_ms())
            }
            Err(error) => {
                play.wrong.push(format!("Claim: {error}"));
                Some(Answer::Problem(Code::Validation))
            }
        }
    }

    fn respond(&self, (status, kind, body): (u16, &'static str, Vec<u8>)) -> Response<Body> {
        let date = http_date(now_ms().saturating_add_signed(self.play().clock_s * 1_000));
        let built = Response::builder().status(status).header(CONTENT_TYPE, kind).header(DATE, date);
        built.body(Body::from(body)).unwrap_or_default()
    }
}

async fn accept(listener: TcpListener, server: Server) {
    while let Ok((stream, _)) = listener.accept().await {
        let server = server.clone();
        let service = service_fn(move |request| {
            let server = server.clone();
            async move { server.answer(request).await }
        });
        // A connection that ends early is what some of this is about.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// `None`: there is no such call.
async fn read(request: Request<Incoming>) -> Option<Asked> {
    let (head, body) = request.into_parts();
    let (call, task, beat) = call(&head.method, head.uri.path())?;
    let wait_s = wait_s(head.uri.query().unwrap_or_default(), &head.headers);
    let body = to_bytes(Body::new(body), BODY_BYTES_MAX).await.ok()?;
    Some(Asked { call, task, beat, body, wait_s })
}

fn call(method: &Method, path: &str) -> Option<(Call, Option<TaskId>, bool)> {
    let parts: Vec<&str> = path.strip_prefix("/api/v1/")?.split('/').collect();
    let call = match (method.as_str(), &parts[..]) {
        ("POST", ["workers", "register"]) => Call::Register,
        ("POST", ["workers", _, "claim"]) => Call::Claim,
        ("POST", ["workers", _, "heartbeat"] | ["leases", _, "heartbeat"]) => Call::Heartbeat,
        ("DELETE", ["workers", _]) => Call::Leave,
        ("POST", ["leases", _, "complete"]) => Call::Complete,
        ("POST", ["leases", _, "fail"]) => Call::Fail,
        ("POST", ["leases", _, "release"]) => Call::Release,
        ("POST", ["leases", _, "progress" | "logs"]) => Call::Note,
        _ => return None,
    };
    let of_lease = parts[0] == "leases";
    Some((call, of_lease.then(|| parts[1].parse().ok()).flatten(), of_lease))
}

fn wait_s(query: &str, headers: &HeaderMap) -> Option<u64> {
    let asked = query.split('&').find_map(|part| part.strip_prefix("wait=")?.parse().ok());
    let preferred = || headers.get("prefer")?.to_str().ok()?.split("wait=").nth(1)?.trim().parse().ok();
    asked.or_else(preferred)
}

fn seen(asked: &Asked) -> Seen {
    Seen {
        at: now(),
        call: asked.call,
        task: asked.task,
        body: asked.body.to_vec(),
        holding: Vec::new(),
        wait_s: asked.wait_s,
        other_boot: false,
        max: None,
        answered: Answered::NotYet,
    }
}

fn problem(code: Code) -> (u16, &'static str, Vec<u8>) {
    trouble(status_of(code), code.as_str())
}

fn trouble(status: u16, code: &str) -> (u16, &'static str, Vec<u8>) {
    let problem = Problem {
        kind: format!("/problems/{code}"),
        title: code.replace('_', " "),
        status,
        detail: "This is the server of `baton conformance`.".to_owned(),
        instance: "/".to_owned(),
        code: code.to_owned(),
        error: None,
        errors: Vec::new(),
        request_id: "conformance".to_owned(),
        trace_id: None,
        retry_after_ms: None,
    };
    (status, "application/problem+json", serde_json::to_vec(&problem).unwrap_or_default())
}

/// As HTTP has it: Sun, 06 Nov 1994 08:49:37 GMT.
fn http_date(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.unwrap_or_default().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_http() {
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
