/** Of the page: it loads nothing, and runs no script, not even the notebook's own. */
const policy = "default-src 'none'; img-src data:; media-src data:; font-src data:; style-src 'unsafe-inline'"

/**
 * Runs a notebook by papermill, in Python since that is where papermill is: the places of the training contract are
 * known only there. Words: the notebook, its kernel, and whether `data` is a `list` or `text`, or `look` to say only
 * what is missing, as lines of JSON.
 */
export const program = `import importlib.util, json, os, shutil, sys

notebook, kernel, mode = sys.argv[1:]
for stream in (sys.stdout, sys.stderr):
    stream.reconfigure(encoding="utf-8", errors="backslashreplace")

def lacks(module):
    return importlib.util.find_spec(module) is None

def problem():
    if lacks("papermill"):
        return (f"papermill is not installed for {sys.executable}.",
                "Install it there, such as by \`python -m pip install papermill ipykernel nbconvert\`.")
    from jupyter_client.kernelspec import KernelSpecManager
    kernels = KernelSpecManager()
    names = sorted(kernels.find_kernel_specs())
    if kernel.lower() not in names:
        return (f"the kernel {kernel} that it names is not installed.",
                f"Install it (\`python -m ipykernel install --user --name {kernel}\`), or name one that is there: "
                + (", ".join(names) or "none; \`python -m pip install ipykernel\` brings python3") + ".")
    command = kernels.get_kernel_spec(kernel).argv[0]
    if not command.startswith("{") and shutil.which(os.path.expanduser(command)) is None:
        return (f"the kernel {kernel} starts {command}, which is not there.", "Install the kernel again.")

found = problem()
if mode == "look":
    if found:
        print(json.dumps({"what": found[0], "fix": found[1]}))
    sys.exit()
if found:
    sys.exit(f"{notebook}: {found[0]} {found[1]}")

import logging, pathlib, re, signal, tempfile, papermill
from jupyter_client import AsyncKernelManager, KernelManager
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

output = os.environ["HEADGATE_OUTPUT"]
executed = pathlib.Path(output, "notebook", "executed.ipynb")
executed.parent.mkdir(parents=True, exist_ok=True)
with open(os.environ["HEADGATE_PARAMS"], encoding="utf-8") as file:
    parameters = json.load(file)
data = os.environ["HEADGATE_DATA"].split("\\n")
parameters.update(data=data if mode == "list" else data[0], output=output)

def tags(cell):
    return cell["metadata"].get("tags", [])

with open(notebook, encoding="utf-8") as file:
    added = 0 if any("injected-parameters" in tags(cell) for cell in json.load(file)["cells"]) else 1
before = 0

def on_cell_start(cell, cell_index):
    global before
    if "injected-parameters" in tags(cell):
        before = added
        print("-- parameters", flush=True)
    elif cell.cell_type == "code" and cell.source.strip():
        print(f"-- cell {cell_index + 1 - before}", flush=True)

def on_cell_executed(cell, cell_index, execute_reply):
    for shown in cell.outputs:
        text = shown.get("data", {}).get("text/plain")
        if text is not None:
            print(text, flush=True)

managers = []

class Kernel(AsyncKernelManager):
    def __init__(self, *words, **named):
        super().__init__(*words, **named)
        managers.append(self)

def end(*_):
    """A kernel is in a group of its own: who ends this one does not reach it, nor what it started."""
    for manager in managers:
        group = getattr(manager.provisioner, "pgid", None)
        if group:
            try:
                os.killpg(group, signal.SIGTERM)
            except OSError:
                pass
    sys.exit()

signal.signal(signal.SIGTERM, end)

def braced(path):
    return path.replace("{", "{{").replace("}", "}}")

# Code and output go over ports of this machine, which others may share.
encrypted = {"transport_encryption": "auto"} if hasattr(KernelManager, "transport_encryption") else {}

def run():
    papermill.execute_notebook(
        braced(notebook), braced(str(executed)), parameters, progress_bar=False, stdout_file=sys.stdout,
        stderr_file=sys.stderr, on_cell_start=on_cell_start, on_cell_executed=on_cell_executed,
        # The defaults, 60 and 4 seconds, are too little where machines are shared.
        kernel_manager_class=Kernel, config=Config(KernelManager=encrypted), start_timeout=300, iopub_timeout=60)

def write_page():
    if lacks("nbconvert"):
        print("nbconvert is not installed: there is no HTML page of the notebook.", flush=True)
        return
    from nbconvert import HTMLExporter
    page, _ = HTMLExporter().from_filename(str(executed))
    policy = '''<meta http-equiv="Content-Security-Policy" content="${policy}">'''
    page = page.replace("<head>", "<head>" + policy, 1) if "<head>" in page else policy + page
    executed.with_suffix(".html").write_text(page, encoding="utf-8")

logging.getLogger("papermill").setLevel(logging.ERROR)
status = 0
with tempfile.TemporaryDirectory(prefix="headgate-") as folder:
    # Where it would write into the home folder, which may be another's, or none.
    os.environ.setdefault("JUPYTER_RUNTIME_DIR", os.path.join(folder, "runtime"))
    os.environ.setdefault("IPYTHONDIR", os.path.join(folder, "ipython"))
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    ended = False
    try:
        run()
    except SystemExit:
        ended = True
    except PapermillExecutionError as error:
        print(re.sub("\\x1b\\\\[[0-9;]*m", "", "\\n".join(error.traceback)), file=sys.stderr)
        status = 1
    except DeadKernelError as error:
        print(f"The kernel died: {error}. Systems end it so when it takes too much memory.", file=sys.stderr)
        status = 1
    try:
        if executed.exists() and not ended:
            write_page()
    except Exception as error:
        print(f"There is no HTML page of the notebook: {error}", file=sys.stderr)
if ended:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
sys.exit(status)
`
