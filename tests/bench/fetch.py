# SPDX-License-Identifier: MIT
"""How fast pictures of 75 KB come from a server on this machine, and what that costs the client.

    fetch.py BUILD_DIR [LOCATIONS [QUEUED]]

1. Each client fetches the same four pictures of the same places from the same server, in turn, RUNS
   times; the table has medians, and medians of the ratios within each round. gdje-fetch also asks
   for the metadata of each place, hashes and checks every picture, syncs files to disk and commits
   rows; the others write plain files.
2. Whether --rate is held and not exceeded, by the times at which requests arrive at the server.
3. How long a queue of QUEUED places takes to start on, and how much memory.

What one run leaves behind must not slow down the next: files are emptied, not removed, until the end
(ext4 without a journal avoids the inodes of files removed in the last minutes, and looks at each),
and memory is touched before each run (in a virtual machine the first touch is slow).
"""
import bisect
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 5
PICTURE_MB = 0.075
RATE, RATE_S, BUCKET_S = 500, 30, 0.05
HERE = os.path.dirname(os.path.abspath(__file__))
HEADINGS = (0, 90, 180, 270)


class Server:
    """The static server, for a with statement."""

    def __init__(self, build, arrivals=None):
        self.command = [build + "/tests/bench/fetch_server"] + ([arrivals] if arrivals else [])

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        return self.process.stdout.readline().strip()

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def timed(command, status=0):
    """Seconds of the clock and of the client's processor, and its memory in MB."""
    quiet = subprocess.DEVNULL if command[0] == "curl" or status != 0 else None
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=quiet)
    _, ended, usage = os.wait4(process.pid, 0)
    elapsed = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode != status:
        sys.exit(f"fetch.py: {command[0]} ended with {process.returncode}")
    return elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def gdje(build, base, catalog, out, *more):
    return [build + "/gdje-fetch", "--catalog", catalog, "--images", out, "--base-url", base,
            "--connections", "64", "-q", *more]


def sample(build, catalog, n):
    subprocess.run([build + "/gdje-sample", "--catalog", catalog, "--count", str(n), "-q"],
                   check=True)


# --- 1. beside others ------------------------------------------------------------------------------

def clients(build, base):
    """By name: the command that fetches into a folder, given the list of pictures in it."""
    found = {}
    for verify, name in (("ends", "gdje-fetch, ends"), ("decode", "gdje-fetch, decoded")):
        found[name] = lambda d, v=verify: gdje(build, base, d + "/c.gpkg", d + "/out", "--verify", v)
    if shutil.which("curl"):
        found["curl --parallel"] = lambda d: ["curl", "--parallel", "--parallel-max", "64", "-s",
                                              "-f", "-K", d + "/curl"]
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import aiohttp"], stderr=subprocess.DEVNULL).returncode == 0:
        found["aiohttp"] = lambda d: [python, HERE + "/fetch_aiohttp.py", d + "/list"]
    return found


def prepare(base, fresh, folder, n):
    """A folder for one run: an empty out/, a queue, and the same pictures as lists of URLs."""
    os.makedirs(folder + "/out")
    shutil.copy(fresh, folder + "/c.gpkg")
    with open(folder + "/list", "w") as plain, open(folder + "/curl", "w") as config:
        for i in range(n):
            for heading in HEADINGS:
                url = f"{base}/maps/api/streetview?size=640x640&pano=at_{i}&heading={heading}"
                path = f"{folder}/out/{i}-{heading}.jpg"
                plain.write(f"{url}\t{path}\n")
                config.write(f'url = "{url}"\noutput = "{path}"\n')
    os.sync()
    megabytes = int(4 * n * PICTURE_MB) + 100
    subprocess.run([sys.executable, "-c", f"b'1' * ({megabytes} << 20)"], check=True)


def empty(folder):
    """The number of files, which are empty now."""
    count = 0
    for place, _, names in os.walk(folder):
        count += len(names)
        for name in names:
            os.truncate(os.path.join(place, name), 0)
    return count


def measure(build, base, work, n):
    wanted = clients(build, base)
    names = list(wanted)
    rates = {name: [] for name in names}
    cpus = {name: [] for name in names}
    sample(build, work + "/fresh.gpkg", n)
    for run in range(RUNS):
        for name in names[run % len(names):] + names[:run % len(names)]:
            folder = f"{work}/{run}-{names.index(name)}"
            prepare(base, work + "/fresh.gpkg", folder, n)
            elapsed, cpu, _ = timed(wanted[name](folder))
            stored = empty(folder + "/out")
            if stored != 4 * n:
                sys.exit(f"fetch.py: {name} stored {stored} of {4 * n} pictures")
            rates[name].append(4 * n / elapsed)
            cpus[name].append(1e3 * cpu / (4 * n))
    return rates, cpus


def show(rates, cpus):
    others = [name for name in rates if not name.startswith("gdje")]
    print("client\timages/s\tlowest\thighest\tclient ms/image", *("x " + o for o in others), sep="\t")
    for name, v in rates.items():
        ratios = (statistics.median(a / b for a, b in zip(v, rates[o])) for o in others)
        print(f"{name}\t{statistics.median(v):.0f}\t{min(v):.0f}\t{max(v):.0f}\t"
              f"{statistics.median(cpus[name]):.3f}", *(f"{r:.2f}" for r in ratios), sep="\t")


# --- 2. the pace -----------------------------------------------------------------------------------

def pace(build, work):
    catalog, arrivals = work + "/pace.gpkg", work + "/arrivals"
    sample(build, catalog, RATE * (RATE_S + 5) // 5)
    with Server(build, arrivals) as base:
        timed(gdje(build, base, catalog, work + "/pace", "--verify", "ends", "--rate", str(RATE),
                   "--stop-after", f"{RATE_S + 2}s"), status=1)
    empty(work + "/pace")
    with open(arrivals) as f:
        at = sorted(map(float, f))
    begin = at[0] + 1
    held = (bisect.bisect(at, begin + RATE_S) - bisect.bisect(at, begin)) / RATE_S
    most = max(bisect.bisect_left(at, t + 1) - i for i, t in enumerate(at))
    print(f"\n--rate {RATE}: {held:.1f} requests/s arrived over {RATE_S} s "
          f"({100 * (held / RATE - 1):+.2f} %), at most {most} in any second "
          f"(rate and bucket: {RATE + RATE * BUCKET_S:.0f})")


# --- 3. a long queue ------------------------------------------------------------------------------

def enqueue(catalog, n):
    db = sqlite3.connect(catalog)
    db.executescript(f"""
        PRAGMA synchronous = OFF;
        BEGIN;
        DELETE FROM request;
        WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < {n})
        INSERT INTO request (id, lat_deg, lon_deg, queued)
        SELECT i, 45 + (i % 3163) * 1e-4, 15 + (i / 3163) * 1e-4, '2026-11-20T00:00:00Z' FROM k;
        COMMIT;
        PRAGMA wal_checkpoint(TRUNCATE);""")
    db.close()


def long_queue(build, work, n):
    catalog, arrivals = work + "/long.gpkg", work + "/arrivals"
    sample(build, catalog, 1)
    enqueue(catalog, n)
    with Server(build, arrivals) as base:
        start = time.monotonic()
        _, _, memory = timed(gdje(build, base, catalog, work + "/long", "--limit", "500"))
    empty(work + "/long")
    with open(arrivals) as f:
        first = min(map(float, f)) - start
    print(f"{n} queued places: the first request after {first:.2f} s, {memory:.0f} MB of memory")


def main():
    build = os.path.abspath(sys.argv[1])
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    n_queued = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000_000
    work = tempfile.mkdtemp(prefix="bench-fetch.", dir=build)
    try:
        with Server(build) as base:
            show(*measure(build, base, work, n))
        pace(build, work)
        long_queue(build, work, n_queued)
    finally:
        shutil.rmtree(work, ignore_errors=True)


main()
