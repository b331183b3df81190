#!/usr/bin/env python3
"""A handler: the task comes on standard input, as {"id":…,"kind":…,"payload":…}, and what is printed is the result, as
JSON. A line on standard error goes into the log of the task. A code other than 0 fails it.
"""
import json
import sys

task = json.load(sys.stdin)
print("got a task of kind", task["kind"], file=sys.stderr)
json.dump({"got": task["payload"]}, sys.stdout)
