# SPDX-License-Identifier: MIT
"""How fast pictures of 75 KB come from a server on this machine, and what that costs the client.

    fetch.py BUILD_DIR [LOCATIONS]

Each client fetches the same four pictures of the same places from the same server, interleaved,
RUNS times; the table has the medians. gdje-fetch also asks for the metadata of each place, checks
every picture, syncs files to disk and commits rows; the others write plain files.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 5
HERE = os.path.dirname(os.path.abspath(__file__))
HEADINGS = (0, 90, 180, 270)


def timed(command):
    """Seconds of the clock and of the client's processor."""
    start = time.monotonic()
    quiet = subprocess.DEVNULL if command[0] == "curl" else None
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=quiet)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"fetch.py: {command[0]} ended with {process.returncode}")
    return elapsed, usage.ru_utime + usage.ru_stime


def lists(base, work, n):
    """The same pictures for the clients that take URLs."""
    with open(work + "/list", "w") as plain, open(work + "/curl", "w") as config:
        for i in range(n):
            for heading in HEADINGS:
                url = f"{base}/maps/api/streetview?size=640x640&pano=at_{i}&heading={heading}"
                path = f"{work}/out/{i}-{heading}.jpg"
                plain.write(f"{url}\t{path}\n")
                config.write(f'url = "{url}"\noutput = "{path}"\n')


def clients(build, base, work):
    def gdje(verify):
        return [build + "/gdje-fetch", "--catalog", work + "/c.gpkg", "--images", work + "/out",
                "--base-url", base, "--connections", "64", "--verify", verify, "-q"]
    found = {"gdje-fetch, ends": gdje("ends"), "gdje-fetch, decoded": gdje("decode")}
    if shutil.which("curl"):
        found["curl --parallel"] = ["curl", "--parallel", "--parallel-max", "64", "-s", "-f",
                                    "-K", work + "/curl"]
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import aiohttp"], stderr=subprocess.DEVNULL).returncode == 0:
        found["aiohttp"] = [python, HERE + "/fetch_aiohttp.py", work + "/list"]
    return found


def measure(build, base, work, n):
    wanted = clients(build, base, work)
    rates = {name: [] for name in wanted}
    cpus = {name: [] for name in wanted}
    subprocess.run([build + "/gdje-sample", "--catalog", work + "/new.gpkg", "--count", str(n), "-q"],
                   check=True)
    lists(base, work, n)
    for _ in range(RUNS):
        for name, command in wanted.items():
            shutil.rmtree(work + "/out", ignore_errors=True)
            os.mkdir(work + "/out")
            shutil.copy(work + "/new.gpkg", work + "/c.gpkg")
            os.sync()
            elapsed, cpu = timed(command)
            files = sum(len(names) for _, _, names in os.walk(work + "/out"))
            if files != 4 * n:
                sys.exit(f"fetch.py: {name} stored {files} of {4 * n} pictures")
            rates[name].append(4 * n / elapsed)
            cpus[name].append(1e3 * cpu / (4 * n))
    return rates, cpus


def show(rates, cpus):
    rate = {name: statistics.median(v) for name, v in rates.items()}
    others = [name for name in rate if not name.startswith("gdje")]
    print("client\timages/s\tlowest\thighest\tclient ms/image", *("x " + o for o in others), sep="\t")
    for name, v in rates.items():
        print(f"{name}\t{rate[name]:.0f}\t{min(v):.0f}\t{max(v):.0f}\t"
              f"{statistics.median(cpus[name]):.3f}",
              *(f"{rate[name] / rate[o]:.2f}" for o in others), sep="\t")


def main():
    build = os.path.abspath(sys.argv[1])
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    work = tempfile.mkdtemp(prefix="bench-fetch.", dir=build)
    server = subprocess.Popen([build + "/tests/bench/fetch_server"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        show(*measure(build, server.stdout.readline().strip(), work, n))
    finally:
        server.stdin.close()
        server.wait()
        shutil.rmtree(work, ignore_errors=True)


main()
