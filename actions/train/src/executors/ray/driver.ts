/** Where the driver lies in the work tree of a job. */
export const driverPath = '.headgate/ray/driver.py'
/** The file of its package that the driver gets its orders by. */
export const ordersFile = 'headgate-orders.json'
/** What the driver leaves about its end, below a run's folder among Ray's logs. */
export const resultFile = 'result.json'
/** While a job runs, the folder of its log in parts, `0`, `1`, …, which go with its end. */
export const partsFolder = 'log'
/** How long each part but the last is. */
export const partBytes = 65_536
/** Which files the output has. */
export const filesFile = 'files.json'

/** The folder of a run, as Ray's log folder has it. */
export function runFolder(runId: string): string {
  return `headgate-${runId}`
}

/** The line after which a log is the training's own: what stands before is Ray's, or an earlier run's. */
export function firstLine(runId: string): string {
  return `headgate: run ${runId}`
}

/**
 * Runs the command on a node of Ray, by its Python's standard library only: gives it the contract, keeps its memory and
 * time within their limits, ends all that it started, and says how it ended. Ray itself knows none of that.
 */
export const driverSource = String.raw`"""Runs one training of Headgate as a job of Ray: python3 -I driver.py COMMAND..."""
import ctypes
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

POLL = 0.05
GRACE = 1.5


def take_orders():
    """Reads the orders of this run, and leaves no secret behind on the disk."""
    for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        path = os.path.join(folder, "${ordersFile}")
        if folder and os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                orders = json.load(file)
            os.unlink(path)
            return orders, folder
    sys.exit("headgate: there are no orders: a job cannot be started a second time by Ray alone.")


def forget_package(folder, workers):
    """Tasks and actors need not get the orders, and get secrets only where the settings say so."""
    name = "RAY_JOB_CONFIG_JSON_ENV_VAR"
    config = json.loads(os.environ.get(name) or "{}")
    runtime = config.get("runtime_env") or {}
    package = os.path.basename(folder)
    runtime["py_modules"] = [uri for uri in runtime.get("py_modules") or [] if package not in uri]
    if not runtime["py_modules"]:
        del runtime["py_modules"]
    if workers:
        runtime["env_vars"] = {**(runtime.get("env_vars") or {}), **workers}
    if config:
        os.environ[name] = json.dumps({**config, "runtime_env": runtime})
    paths = [path for path in os.environ["PYTHONPATH"].split(os.pathsep) if path != folder]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def log_file():
    """Ray gives a job its log as its output."""
    path = os.readlink("/proc/self/fd/1") if os.path.exists("/proc/self/fd/1") else ""
    if os.path.basename(path).startswith("job-driver-"):
        return path
    return "/tmp/ray/session_latest/logs/job-driver-"


def await_ray(path):
    """Ray writes a line of its own once the command has begun; it must not come between those of the training."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            with open(path, "rb") as file:
                file.seek(max(0, os.path.getsize(path) - 1_000_000))
                tail = file.read()
        except OSError:
            return
        if b"Running entrypoint for job" in tail[tail.rfind(b"headgate: run ") + 1 :]:
            return
        time.sleep(0.02)


def make_folder(home, logs):
    """It lies beside Ray's logs, linked from there: so Ray serves it, and who gathers logs does not take it for one."""
    os.makedirs(os.path.join(home, "output"), mode=0o700)
    os.symlink(home, link_of(home, logs))


def remove_folder(home, logs):
    shutil.rmtree(home, ignore_errors=True)
    try:
        os.unlink(link_of(home, logs))
    except OSError:
        pass


def link_of(home, logs):
    return os.path.join(logs, "headgate-" + os.path.basename(home))


class Parts:
    """Keeps the log in parts: Ray serves files only from their beginning, and a log is read again and again."""

    def __init__(self, home, log):
        self.folder = os.path.join(home, "${partsFolder}")
        os.mkdir(self.folder)
        self.log = open(log, "rb") if os.path.isfile(log) else None
        self.copied = 0

    def begin(self, first_line):
        if self.log:
            before = self.log.read().find(first_line.encode() + b"\n")
            self.log.seek(before + len(first_line) + 1)

    def copy(self):
        while self.log and (room := ${partBytes} - self.copied % ${partBytes}) and (piece := self.log.read(room)):
            with open(os.path.join(self.folder, str(self.copied // ${partBytes})), "ab") as file:
                file.write(piece)
            self.copied += len(piece)


def adopt_orphans():
    """What a command leaves running in the background becomes our child, and is found."""
    try:
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    except (OSError, AttributeError):
        pass


def end_with_us():
    """In the command: it does not outlive us, even if we are killed."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        pass


def descendants(pid):
    found = []
    try:
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, thread)) as file:
                for child in file.read().split():
                    found += [int(child), *descendants(int(child))]
    except (OSError, ValueError):
        pass
    return found


def resident(pids):
    """Bytes, without memory that is shared with Ray's object store."""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/status" % pid) as file:
                kilobytes = dict(line.split(":", 1) for line in file)
            total += 1024 * (int(kilobytes["VmRSS"].split()[0]) - int(kilobytes.get("RssShmem", "0").split()[0]))
        except (OSError, KeyError, ValueError):
            pass
    return total


def kills_by_kernel():
    """How often the kernel killed for want of memory here, where it tells."""
    try:
        with open("/sys/fs/cgroup/memory.events") as file:
            return int(dict(line.split() for line in file).get("oom_kill", 0))
    except (OSError, ValueError):
        return 0


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except OSError:
        pass


def end_all(grace):
    """Ends whatever runs below us."""
    send(descendants(os.getpid()), signal.SIGTERM)
    until = time.monotonic() + grace
    while descendants(os.getpid()):
        if time.monotonic() > until:
            send(descendants(os.getpid()), signal.SIGKILL)
        reap()
        time.sleep(0.02)


class Stopped(Exception):
    pass


def stop(number, frame):
    signal.signal(number, signal.SIG_IGN)
    raise Stopped()


def watch(command, orders, parts):
    """Waits for the command. Returns how it ended."""
    limit, timeout = orders["memoryBytes"], orders["timeoutSeconds"]
    started, peak, looked = time.monotonic(), 0, 0.0
    while True:
        pid, status = os.waitpid(command, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            return {"exitCode": code, "cause": None, "peakMemoryBytes": peak or None}
        parts.copy()
        now = time.monotonic()
        if now - looked > (0 if limit else 0.5):
            looked, peak = now, max(peak, resident(descendants(os.getpid())))
        over = "memory" if limit and peak > limit else "timeout" if timeout and now - started > timeout else None
        if over:
            end_all(0 if over == "memory" else GRACE)
            return {"exitCode": None, "cause": over, "peakMemoryBytes": peak}
        time.sleep(POLL)


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            sha.update(piece)
    return sha.hexdigest()


def list_output(output):
    """What the training left. What is no file, and what cannot be read, is not told."""
    found = []
    for folder, _, names in os.walk(output):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                relative = os.path.relpath(path, output)
                found.append({"path": relative, "bytes": os.path.getsize(path), "sha256": digest(path)})
    return found


def write(home, name, value):
    with open(os.path.join(home, name + ".new"), "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(os.path.join(home, name + ".new"), os.path.join(home, name))


def said_out_of_memory(path):
    """Ray kills tasks for want of memory, and tells the command, whose log then says so."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - 20_000))
            return b"ray.exceptions.OutOfMemoryError" in file.read()
    except OSError:
        return False


def environment_of(orders, home, params):
    own = {
        "HEADGATE_DATA": "\n".join(orders["data"]),
        "HEADGATE_OUTPUT": os.path.join(home, "output"),
        "HEADGATE_PARAMS": params,
        "HEADGATE_RUN_ID": orders["runId"],
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **orders["variables"], **own}


def train(argv, orders, log, home):
    """Runs the command to its end, and leaves what it yields in the run's folder. Returns our exit code."""
    make_folder(home, os.path.dirname(log))
    params = os.path.join(home, "params.json")
    with open(params, "w", encoding="utf-8") as file:
        file.write(orders["params"])
    await_ray(log)
    print(orders["firstLine"], flush=True)
    parts = Parts(home, log)
    parts.begin(orders["firstLine"])
    kills = kills_by_kernel()
    try:
        # It shares our process group, which Ray ends should its own part of the job die.
        command = subprocess.Popen(argv, env=environment_of(orders, home, params), preexec_fn=end_with_us)
        result = watch(command.pid, orders, parts)
    except OSError as error:
        result = {"exitCode": None, "cause": "start", "message": str(error), "peakMemoryBytes": None}
    end_all(GRACE)
    code = result["exitCode"]
    if code not in (0, None) and (kills_by_kernel() > kills or said_out_of_memory(log)):
        result["cause"] = "memory"
    if code is not None and code < 0:
        result.update(exitCode=None, message=signal.Signals(-code).name, cause=result["cause"] or "signal")
    if code == 0:
        write(home, "${filesFile}", list_output(os.path.join(home, "output")))
    else:
        shutil.rmtree(os.path.join(home, "output"), ignore_errors=True)
    shutil.rmtree(parts.folder, ignore_errors=True)
    os.unlink(params)
    write(home, "${resultFile}", result)
    return 1 if code is None else code if code >= 0 else 128 - code


def main(argv):
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    orders, package = take_orders()
    forget_package(package, orders["workerVariables"])
    orders["data"] = [place if "://" in place else os.path.join(os.getcwd(), place) for place in orders["data"]]
    log = log_file()
    home = os.path.join(os.path.dirname(os.path.dirname(log)), "headgate", orders["runId"])
    adopt_orphans()
    try:
        return train(argv, orders, log, home)
    except Stopped:
        end_all(GRACE)
        remove_folder(home, os.path.dirname(log))
        return 143


sys.exit(main(sys.argv[1:]))
`
