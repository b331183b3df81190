// @ts-check
// The live feed: one stream of events, gathered into small bundles. It runs in a SharedWorker, so that all tabs of a browser
// share one connection (a host gives a browser six), or in the page where there is no such worker.

/**
 * @typedef {{topics: string[], tasks: string[], queues: string[], counts: Record<string, number>|null, missed: boolean}} Bundle
 * @typedef {{state: "live"|"away"|"closed"}|{bundle: Bundle}} Told
 */

/** How long events are gathered, in ms. */
const GATHER = 150;
/** More ids than this are told as "something was missed". */
const TASKS_MAX = 500;
/** Kind of event -> topic of a page. */
const TOPICS = { task: "tasks", queue: "queues", worker: "workers" };

export class Feed {
  /** @param {(told: Told) => void} tell */
  constructor(tell) {
    this.tell = tell;
    /** @type {EventSource|null} */
    this.source = null;
    /** @type {"live"|"away"|"closed"} */
    this.state = "closed";
    this.timer = 0;
    this.clear();
  }

  clear() {
    /** @type {Set<string>} */ this.topics = new Set();
    /** @type {Set<string>} */ this.tasks = new Set();
    /** @type {Set<string>} */ this.queues = new Set();
    /** @type {Record<string, number>|null} */ this.counts = null;
    this.missed = false;
  }

  /** @param {string} url */
  open(url) {
    if (this.source && this.source.readyState !== EventSource.CLOSED) return;
    const source = new EventSource(url);
    this.source = source;
    // What happened while nobody listened is not known.
    source.onopen = () => { this.missed = true; this.become("live"); this.gather(); };
    source.onerror = () => this.become(source.readyState === EventSource.CLOSED ? "closed" : "away");
    for (const [name, topic] of Object.entries(TOPICS)) {
      source.addEventListener(name, (event) => this.heard(topic, event.data));
    }
    source.addEventListener("counts", (event) => { this.counts = JSON.parse(event.data); this.gather(); });
    source.addEventListener("reset", () => { this.missed = true; this.gather(); });
  }

  close() {
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
    this.timer = 0;
    this.clear();
    this.state = "closed";
  }

  /** @param {"live"|"away"|"closed"} state */
  become(state) {
    this.state = state;
    this.tell({ state });
  }

  /** @param {string} topic @param {string} data */
  heard(topic, data) {
    this.topics.add(topic);
    const { task, queue } = JSON.parse(data);
    if (queue) this.queues.add(queue);
    if (task && this.tasks.size < TASKS_MAX) this.tasks.add(task);
    else if (task) this.missed = true;
    this.gather();
  }

  gather() {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      const { counts, missed } = this;
      const bundle = { topics: [...this.topics], tasks: [...this.tasks], queues: [...this.queues], counts, missed };
      this.clear();
      this.tell({ bundle });
    }, GATHER);
  }
}

/** In a worker: tells every tab that listens, and holds the stream while there is one. */
function share() {
  /** @type {Set<MessagePort>} */
  const ports = new Set();
  const feed = new Feed((told) => ports.forEach((port) => port.postMessage(told)));
  self.addEventListener("connect", (/** @type {any} */ event) => {
    const port = event.ports[0];
    port.onmessage = (/** @type {MessageEvent} */ message) => {
      if (message.data.open) {
        ports.add(port);
        feed.open(message.data.open);
        port.postMessage({ state: feed.source?.readyState === EventSource.OPEN ? "live" : "away" });
      } else {
        ports.delete(port);
        if (ports.size === 0) feed.close();
      }
    };
  });
}

if ("SharedWorkerGlobalScope" in self) share();
