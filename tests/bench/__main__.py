"""What the tool costs, as medians and ratios within this run, with their spread."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.every_call import bench_every_call
from tests.bench.hold import bench_hold
from tests.bench.large_log import bench_large_log
from tests.bench.pauses import bench_pauses
from tests.bench.watched import bench_asleep, bench_progress

# Each is given a folder of its own for files, and prints its table as soon as it has it; the
# first line of its docstring is its help.
PARTS: dict[str, Callable[[Path], None]] = {
    "asleep": bench_asleep,
    "progress": bench_progress,
    "hold": bench_hold,
    "every-call": bench_every_call,
    "pauses": bench_pauses,
    "log": bench_large_log,
}


def main() -> None:
    """Run the parts named on the command line, or all."""
    listed = "\n".join(
        f"  {name:<14} {(part.__doc__ or '').splitlines()[0]}" for name, part in PARTS.items()
    )
    parser = argparse.ArgumentParser(
        prog="make bench",
        usage='make bench [BENCH="PART..."]',
        description=__doc__,
        epilog=f"parts:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", metavar="PART", nargs="*", help="which (default: all)")
    wanted = parser.parse_args().parts or list(PARTS)
    for name in wanted:
        if name not in PARTS:
            parser.error(f"no part {name!r}; there are {', '.join(PARTS)}")
    begun = time.monotonic()
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name](Path(folder))
        print(f"({name}: {time.monotonic() - begun:.0f} s since the start)", flush=True)


if __name__ == "__main__":
    main()
