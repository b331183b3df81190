"""A worker for Baton in one file, with the standard library only: register, claim, heartbeat, complete.

It runs one task at a time. Write handlers at the end of the file; each gets the task, and what it returns is the result.
"""

import http.client
import json
import os
import secrets
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

GATEWAY = os.environ.get("BATON_URL", "http://127.0.0.1:8000") + "/api/v1"
KEY = os.environ.get("BATON_API_KEY")  # only where the gateway asks who you are
AGAIN = (429, 502, 503, 504)  # they say nothing about the task
MARGIN = 2.0  # seconds: stop a little before the lease is over, never after it


class Fail(Exception):
    """No further attempt makes sense."""


class Lost(Exception):
    """The task is not ours any more: it was cancelled, or somebody else has it."""


class Refused(Exception):
    def __init__(self, status, problem, after):
        super().__init__(problem.get("detail"))
        self.status, self.code, self.after = status, problem.get("code"), after


def post(path, body, method="POST", timeout=40, over=lambda: False, sending=lambda: None):
    """One call, repeated word for word while nobody answers it, until `over`: every call is safe to repeat."""
    headers = {"Content-Type": "application/json"}
    if KEY:
        headers["Authorization"] = f"Bearer {KEY}"
    request = urllib.request.Request(GATEWAY + path, json.dumps(body).encode(), headers, method=method)
    wait = 0.1
    while True:
        wait = after = min(wait * 2, 4.0)
        sending()
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return parsed(answer.read())
        except urllib.error.HTTPError as error:
            told = error.headers.get("Retry-After", "")
            after = float(told) if told.isdecimal() else wait  # a proxy may name a date
            if error.code not in AGAIN or over():
                raise Refused(error.code, problem(error), after) from error
        except (OSError, http.client.HTTPException):
            if over():
                raise
        time.sleep(after)


def parsed(text):
    try:
        return json.loads(text) if text else None
    except ValueError as error:  # the page of a proxy, say: nobody answered
        raise OSError("the answer is no JSON") from error


def problem(error):
    """What a refusal says. A proxy on the way may refuse in words of its own."""
    try:
        return json.loads(error.read())
    except ValueError:
        return {"detail": str(error)}


class Task:
    """What a handler gets. `fence` only rises: give it to your own store, so that it can refuse an overtaken run."""

    def __init__(self, worker, claimed):
        self.id, self.kind, self.payload = claimed["id"], claimed["kind"], claimed["payload"]
        self.fence, self.attempt = claimed["fence"], claimed["attempt"]
        self.worker, self.lost = worker, threading.Event()

    def report(self, verb, **body):
        said = {"worker": self.worker.id, "fence": self.fence, **body}
        return post(f"/leases/{self.id}/{verb}", said, over=self.lost.is_set)

    def log(self, text):
        self.report("logs", logs=[{"level": "info", "text": text}])

    def check(self):
        """Call it now and then in a long handler."""
        if self.lost.is_set():
            raise Lost(self.id)


class Worker:
    def __init__(self, queues):
        self.queues, self.handlers, self.task, self.stopping, self.quiet = queues, {}, None, False, False
        self.boot = secrets.token_hex(8)  # names this life of the worker

    def handler(self, kind):
        return lambda function: self.handlers.setdefault(kind, function)

    def run(self):
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        about = {"kind": "python", "host": socket.gethostname(), "pid": os.getpid(), "slots": 1, "version": "example"}
        kinds = sorted(self.handlers)
        about.update(boot=self.boot, queues=self.queues, kinds=kinds)
        told = post("/workers/register", about, over=lambda: self.stopping)
        self.id, self.every = told["id"], told["renew_every_ms"] / 1000
        self.lease, self.alive = told["lease_ms"] / 1000, time.monotonic()
        threading.Thread(target=self.beat, daemon=True).start()
        print(f"{self.id} claims from {', '.join(self.queues)}", flush=True)
        while not self.stopping:
            if self.quiet:
                time.sleep(0.2)
            else:
                self.claim()
        try:
            post(f"/workers/{self.id}", {"boot": self.boot}, "DELETE", over=lambda: True)  # hands back what it holds
        except (Refused, OSError, http.client.HTTPException):
            pass  # the end of the lease does the same

    def stop(self):
        self.stopping = True

    def claim(self):
        # Nothing is held between two claims; what an answer brought that was lost on its way comes again.
        sent = []  # when, by try: the lease counts from the one that was answered, however long others took
        tries = {"over": lambda: self.stopping, "sending": lambda: sent.append(time.monotonic())}
        try:
            asked = {"boot": self.boot, "max": 1, "holding": []}
            answer = post(f"/workers/{self.id}/claim?wait=5", asked, **tries)
        except (Refused, OSError, http.client.HTTPException) as error:
            if not self.stopping and getattr(error, "code", None) != "lease_lost":
                raise  # superseded, for one: another process is this worker now
            return
        for claimed in answer["tasks"] if answer else []:
            self.alive = sent[-1]
            self.task = Task(self, claimed)
            self.settle(self.task)
            self.task = None

    def settle(self, task):
        """Runs the handler and reports; a report that is refused belongs to a run that does not count."""
        try:
            if task.kind not in self.handlers:
                return task.report("release", delay_ms=5000, reason="no handler")
            try:
                result = self.handlers[task.kind](task)
                task.check()
            except Lost:
                return None
            except Fail as error:
                return task.report("fail", error=str(error), permanent=True)
            except Exception as error:  # whatever else a handler raises is an attempt that failed
                return task.report("fail", error=f"{type(error).__name__}: {error}")
            return task.report("complete", result=result)
        except (Refused, OSError, http.client.HTTPException) as error:
            print(f"{task.id}: {getattr(error, 'code', error)}", flush=True)

    def beat(self):
        """Keeps the lease, beside the handler; without an answer in time the task is given up before others get it."""
        not_before = 0.0
        while True:
            time.sleep(min(self.every, 1.0))
            task, sent = self.task, time.monotonic()
            if task and sent > self.alive + self.lease - MARGIN:
                task.lost.set()
            if sent < max(self.alive + self.every, not_before):
                continue
            holding = [{"task": task.id, "fence": task.fence}] if task else []
            try:
                # Tried once: whatever holds it up must not hold up the look at the clock above.
                left = self.alive + self.lease - MARGIN - sent
                timeout = min(self.every, left) if left > 0 else self.every
                asked = {"boot": self.boot, "holding": holding}
                answer = post(f"/workers/{self.id}/heartbeat", asked, timeout=timeout, over=lambda: True)
            except Refused as refused:
                not_before = sent + refused.after
                if task and refused.status not in AGAIN:
                    task.lost.set()
                continue
            except (OSError, http.client.HTTPException):
                continue
            self.alive = sent
            if task and any(gone["task"] == task.id for gone in answer["gone"]):
                task.lost.set()
            self.quiet = "quiet" in answer["directives"]
            if "stop" in answer["directives"]:
                self.stop()


worker = Worker(queues=["python"])


@worker.handler("greet.python")
def greet(task):
    task.log(f"greeting {task.payload['name']}")
    return f"Hello, {task.payload['name']}!"


if os.environ.get("BATON_CONFORMANCE"):  # what `baton conformance` asks of a worker that it grades

    @worker.handler("echo")
    def echo(task):
        return task.payload

    @worker.handler("draw")
    def draw(task):
        return secrets.token_hex(8)

    @worker.handler("sleep")
    def sleep(task):
        end = time.monotonic() + task.payload["ms"] / 1000
        while time.monotonic() < end:
            task.check()
            time.sleep(0.05)


if __name__ == "__main__":
    worker.run()
