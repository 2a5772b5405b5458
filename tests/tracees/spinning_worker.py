"""Says `ready TID` of a thread that computes for ever; ends when a line comes. For Python 3."""

import json
import sys
import threading


def spin():
    while True:
        pass


worker = threading.Thread(target=spin, daemon=True)
worker.start()
print("ready", worker.native_id)
sys.stdin.readline()
print(json.dumps({}))
