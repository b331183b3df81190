//! The worker that people copy does what its page says: also when a handler fails, a task is cancelled, or it is told to end.

use crate::page::Block;
use crate::room::Room;

const HANDLERS: &str = r#"
import sys, time
sys.path.insert(0, "docs/examples")
import worker

@worker.worker.handler("never")
def never(task):
    raise worker.Fail("no such customer")

@worker.worker.handler("slow")
def slow(task):
    open(task.payload["mark"], "w").close()
    while task.payload.get("forever"):
        task.check()
        time.sleep(0.05)
    time.sleep(0.3)
    return 12345678901234567890

worker.worker.run()
open("left", "w").close()
"#;

/// What the shell of the test says; `until` waits for what a handler has done.
const TOLD: &str = r#"export PATH="$PWD/target/demo:$PATH"
submit() { baton task submit --queue python "$@"; }
submit never --wait > never || true
grep 'attempts *1 of 5 failed' never
submit greet.python --payload '{}' --max-attempts 1 --wait > bad || true
grep "error *KeyError: 'name'" bad
task=$(submit slow --payload '{"forever":true,"mark":"began"}' -o name)
until [ -e began ]; do sleep 0.05; done
baton task cancel $task
submit greet.python --payload '{"name":"next"}' --wait | grep 'Hello, next!'
task=$(submit slow --payload '{"mark":"again"}' -o name)
until [ -e again ]; do sleep 0.05; done
kill $(cat pid)
baton task wait $task | grep 'result *12345678901234567890'
until [ -e left ]; do sleep 0.05; done
"#;

#[test]
fn the_worker_in_python_fails_stops_and_leaves_in_good_order() {
    let mut room = Room::new();
    room.add(&Block::File { name: "more.py".to_owned(), text: HANDLERS.to_owned() });
    let start = "#!/bin/sh\necho $$ > pid\nexec python3 more.py\n";
    room.add(&Block::File { name: "start".to_owned(), text: start.to_owned() });
    room.add(&Block::Terminal("target/demo/baton dev".to_owned()));
    room.add(&Block::Terminal("sh start".to_owned()));
    room.add(&Block::Typed(TOLD.to_owned()));
    room.run();
}
