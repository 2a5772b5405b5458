"""Waits in a query while a timer ticks, and says what it got.

Usage: postgresql_client.py FOLDER_OF_PSYCOPG2 FOLDER_OF_SOCKET interrupts|restarts. Begins
when a line comes on standard input. SIGALRM has a handler without or with SA_RESTART. The
account is one line of JSON: `row`, what the query gave; `error`, what it raised; `seconds` it
took; `handled`, how often the Python handler ran; `libpq`, the version
that libpq says it is.
"""

import json
import signal
import sys
import time

sys.path.insert(0, sys.argv[1])
import psycopg2  # noqa: E402 - it is where the first argument says

PERIOD_S = 0.1
handled = []


def on_alarm(signo, frame):
    handled.append(1)


connection = psycopg2.connect(host=sys.argv[2], user="tester", dbname="postgres")
cursor = connection.cursor()
signal.signal(signal.SIGALRM, on_alarm)
signal.siginterrupt(signal.SIGALRM, sys.argv[3] == "interrupts")
print("ready")
sys.stdin.readline()
seen = {"row": None, "error": None}
started = time.monotonic()
signal.setitimer(signal.ITIMER_REAL, PERIOD_S, PERIOD_S)
try:
    cursor.execute("SELECT pg_sleep(0.65), 42")
    seen["row"] = cursor.fetchone()[1]
except Exception as error:
    seen["error"] = repr(error)
signal.setitimer(signal.ITIMER_REAL, 0)
seen["seconds"] = time.monotonic() - started
seen["handled"] = len(handled)
seen["libpq"] = psycopg2.__libpq_version__
print(json.dumps(seen))
