/** The folder in the working directory that holds what is ours. */
export const ownFolder = '.headgate-ray'

/** How a file of results is called in the log folder of the node that ran the job. */
export function resultNames(name: string, runId: string): { readonly told: string; readonly content: string } {
  return { told: `headgate-${name}-${runId}.json`, content: `headgate-${name}-${runId}.bin` }
}

/**
 * What Ray starts: runs the command as the training contract says, and leaves its output in the node's log folder, the
 * only place that Ray's HTTP interface reads files from. Secrets come by a file that is removed at once: the variables
 * of a runtime environment can be read in the dashboard.
 */
export const program = `import ctypes, hashlib, json, os, resource, shutil, signal, subprocess, sys, tempfile, time

own = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(own, 'training.json')) as file: training = json.load(file)
variables_file = os.path.join(own, 'variables.json')
with open(variables_file) as file: variables = json.load(file)
os.remove(variables_file)

logs = os.path.dirname(os.readlink('/proc/self/fd/1'))
told = os.path.join(logs, training['told'])
content = os.path.join(logs, training['content'])
place = tempfile.mkdtemp(prefix='headgate-')
# Ray keeps a working directory for all jobs of the same package.
work, output = os.path.join(place, 'work'), os.path.join(place, 'output')
shutil.copytree(os.path.dirname(own), work, symlinks=True, ignore=lambda folder, names: [os.path.basename(own)] if folder == os.path.dirname(own) else [])
os.mkdir(output)
params = os.path.join(place, 'params.json')
shutil.copyfile(os.path.join(own, 'params.json'), params)

environment = {**os.environ, **variables, **training['contract']}
environment['HEADGATE_DATA'] = '\\n'.join(at if '://' in at else os.path.join(work, at) for at in training['data'])
environment['HEADGATE_OUTPUT'] = output
environment['HEADGATE_PARAMS'] = params

def become_own():
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)

def end_all(number):
    try: os.killpg(process.pid, number)
    except ProcessLookupError: pass
    # Those that left the group, but not the session.
    for pid in members(): 
        try: os.kill(pid, number)
        except OSError: pass

def members():
    found = []
    for name in os.listdir('/proc'):
        if not name.isdigit(): continue
        try:
            with open(f'/proc/{name}/stat') as file: fields = file.read().rsplit(')', 1)[1].split()
            if int(fields[3]) == process.pid and fields[0] not in 'ZX': found.append(int(name))
        except (OSError, IndexError): pass
    return found

def resident():
    total = 0
    for pid in members():
        try:
            with open(f'/proc/{pid}/statm') as file: total += int(file.read().split()[1])
        except OSError: pass
    return total * resource.getpagesize()

def stop(number, frame):
    global stopped
    stopped = True
    end_all(signal.SIGTERM)

stopped, cause, message, peak = False, None, None, 0
try:
    process = subprocess.Popen(training['argv'], cwd=work, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, preexec_fn=become_own)
except OSError as error:
    process, cause, message = None, 'start', f'{training["argv"][0]}: {error.strerror}'

if process is not None:
    for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, stop)
    began, ending = time.monotonic(), None
    while True:
        try:
            process.wait(0.1)
            break
        except subprocess.TimeoutExpired: pass
        if training['limit'] is not None:
            peak = max(peak, resident())
            if peak > training['limit'] and cause is None:
                cause = 'memory'
                end_all(signal.SIGKILL)
        if training['timeout'] is not None and time.monotonic() - began > training['timeout'] and cause is None:
            cause = 'timeout'
            end_all(signal.SIGTERM)
        if (stopped or cause == 'timeout') and ending is None: ending = time.monotonic() + 2
        if ending is not None and time.monotonic() > ending: end_all(signal.SIGKILL)
    end_all(signal.SIGKILL)
    peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)

code = None if process is None else process.returncode
if code is not None and code < 0:
    message = signal.Signals(-code).name
    if cause is None: cause = 'signal'
    code = None

files = []
with open(content, 'wb') as blob:
    for folder, names, found in os.walk(output):
        names.sort()
        for name in sorted(found):
            path = os.path.join(folder, name)
            if not os.path.isfile(path) or not os.path.realpath(path).startswith(os.path.realpath(output) + os.sep): continue
            digest, size = hashlib.sha256(), 0
            with open(path, 'rb') as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
                    size += len(chunk)
                    blob.write(chunk)
            files.append({'path': os.path.relpath(path, output), 'bytes': size, 'digest': 'sha256:' + digest.hexdigest()})
    blob.flush()
    os.fsync(blob.fileno())
shutil.rmtree(place, ignore_errors=True)
result = {'exitCode': code, 'cause': cause, 'message': message, 'peakMemoryBytes': peak or None, 'files': files, 'folder': logs}
with open(told + '.part', 'w') as file: json.dump(result, file)
os.replace(told + '.part', told)
sys.exit(code if code is not None and cause is None else 1)
`
