#!/bin/sh
# A handler: the task comes on standard input, as {"id":…,"kind":…,"payload":…}, and what is printed is the result, as
# JSON. A line on standard error goes into the log of the task. A code other than 0 fails it.
set -eu
task=$(cat)
echo "got ${#task} bytes" >&2
printf '{"got":%s}\n' "$task"
