/**
 * The application that is submitted to a cluster, in Python. It runs the command in the job's folder, which is its one
 * argument, and does there what the cluster does not: keeps log and exit code, watches memory and time, ends the
 * command when it is told to, when the folder was removed, or when Java, its parent, is gone: Spark ends a driver's
 * Java only, and leaves the Python that it started running.
 */
export const launcher = `import json, os, signal, subprocess, sys, time

folder = sys.argv[1]


def path(name):
    return os.path.join(folder, name)


def write(name, value):
    with open(path(name + '.new'), 'w') as file:
        json.dump(value, file)
    os.replace(path(name + '.new'), path(name))


def is_gone(name):
    try:
        os.stat(path(name))
        return False
    except FileNotFoundError:
        return True
    except OSError:
        return False


def die_with_parent():
    try:
        import ctypes
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except Exception:
        pass


def group_bytes(group):
    pages = 0
    for name in os.listdir('/proc') if os.path.isdir('/proc/self') else []:
        if name.isdigit():
            try:
                fields = open('/proc/' + name + '/stat').read().rpartition(')')[2].split()
                pages += int(fields[21]) if int(fields[2]) == group else 0
            except (OSError, IndexError, ValueError):
                pass
    return pages * os.sysconf('SC_PAGE_SIZE')


def signal_group(group, number):
    try:
        os.killpg(group, number)
        return True
    except OSError:
        return False


def end(child):
    signal_group(child.pid, signal.SIGTERM)
    until = time.monotonic() + 3
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    signal_group(child.pid, signal.SIGKILL)
    child.wait()


def memory_error(folder_of_java):
    # What Java prints last does not reach Python; a standalone worker keeps it beside, once it has been told.
    time.sleep(0.5)
    try:
        with open(os.path.join(folder_of_java, 'stderr'), 'rb') as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 262144))
            lines = [line for line in file.read().splitlines() if b'java.lang.OutOfMemoryError' in line]
            return lines[-1] if lines else None
    except OSError:
        return None


def main():
    begun_in = os.getcwd()
    if os.path.exists(path('cancel')):
        write('exit.json', {'cause': 'cancelled', 'exitCode': None, 'signal': None, 'peakBytes': None})
        return 1
    job = json.load(open(path('driver.json')))
    told = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: told.append('stopped'))
    parent = os.getppid()
    begun = time.monotonic()
    log = open(path('log'), 'ab', 0)
    log_to = dict(stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    own = dict(os.environ, **job['variables'])
    command = [sys.executable] + job['argv']
    child = subprocess.Popen(command, cwd=path('code'), env=own, start_new_session=True, preexec_fn=die_with_parent, **log_to)
    write('started.json', {'pid': os.getpid()})
    peak, cause, looked_in_vain = 0, None, 0
    while child.poll() is None and cause is None:
        peak = max(peak, group_bytes(child.pid))
        looked_in_vain = looked_in_vain + 1 if is_gone('job.json') else 0
        if told:
            cause = told[0]
        elif os.path.exists(path('cancel')) or looked_in_vain > 4:
            cause = 'cancelled'
        elif os.getppid() != parent:
            cause = 'lost'
        elif job['memoryBytes'] is not None and peak > job['memoryBytes']:
            cause = 'memory'
        elif job['timeoutSeconds'] is not None and time.monotonic() - begun > job['timeoutSeconds']:
            cause = 'timeout'
        else:
            try:
                child.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
    end(child)
    code = child.returncode
    error = memory_error(begun_in) if code != 0 and cause in (None, 'lost') else None
    if error is not None:
        log.write(error + bytes([10]))
        cause = 'memory' if cause == 'lost' else cause
    killed = signal.Signals(-code).name if code < 0 else None
    if not is_gone('job.json'):
        write('exit.json', {'cause': cause, 'exitCode': None if code < 0 else code, 'signal': killed, 'peakBytes': peak or None})
    return 0 if code == 0 and cause is None else code if code > 0 else 1


sys.exit(main())
`
