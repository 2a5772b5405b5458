"""Says ready; told to, loads a library and waits in a function of it; says what that returned.

Usage: loaded_later.py LIBRARY [unlink]: with `unlink` the file is deleted once it is loaded.
Valid on Python 2.7 and 3. The account is one line of JSON.
"""

import ctypes
import json
import os
import signal
import sys

signal.signal(signal.SIGUSR1, lambda signo, frame: None)
print("ready")
os.read(0, 100)
library = ctypes.CDLL(sys.argv[1])
if "unlink" in sys.argv:
    os.unlink(sys.argv[1])
print("loaded")
print(json.dumps({"returned": library.wait_in_library(0)}))
