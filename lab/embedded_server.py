"""The child process that serves a GGUF file through llama.cpp on 127.0.0.1.

It is run as a file, with `python -P`, and therefore needs nothing of Litmus: not its
import path, not the folder it is started in. Standard input carries one JSON line of
settings (the API key among them, which a command line would show to everybody) and then
stays open: when it closes, the parent is gone and this process ends. One JSON line comes
back on standard output, `{"url": …}` or `{"error": …}`. After that native code can write
wherever it wants, it reaches only the parent's pipe.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

# llama.cpp keeps the states of past prompts in memory, 8 GB of them if it is let.
_PROMPT_CACHE_MIB = 512
_LOOK_S = 1.0
_MOST_THREADS = 8


def main() -> None:
    """Serve until standard input closes, the parent ends, or SIGTERM comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the parent
    reply = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    settings: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    if os.name == "posix":
        threading.Thread(target=_end_with_parent, args=(settings["parent"],), daemon=True).start()
    try:
        server = _serve(settings)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        _say(reply, {"error": str(error)})
        os._exit(1)
    _say(reply, {"url": server.listening_address})
    while True:
        time.sleep(3600)  # the server works in threads of its own; the watchers end us


def _serve(settings: dict[str, Any]) -> Any:
    """Load the model and return the listening server."""
    native = importlib.import_module("xllamacpp")
    params = native.CommonParams()
    params.model.path = settings["gguf"]
    params.port = 0
    params.api_keys = [settings["api_key"]]
    params.verbosity = -1
    params.endpoint_slots = False
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["window"] * settings["slots"]
    params.cpuparams.n_threads = threads()
    if settings.get("adapter"):
        params.lora_adapters = [native.CommonAdapterLoraInfo(settings["adapter"], 1.0)]
    params.model_alias = (
        {settings["alias"]} if isinstance(params.model_alias, set) else settings["alias"]
    )
    # These have other names, or none, in other releases of xllamacpp.
    _set_if_known(params, "hostnames", ["127.0.0.1"])
    _set_if_known(params, "hostname", "127.0.0.1")
    _set_if_known(params, "ui", False)
    _set_if_known(params, "webui", False)
    _set_if_known(params, "cache_ram_mib", _PROMPT_CACHE_MIB)
    return native.Server(params)


def _set_if_known(params: Any, name: str, value: object) -> None:
    if hasattr(params, name):
        setattr(params, name, value)


def _say(reply: Any, message: dict[str, str]) -> None:
    with reply:
        reply.write(json.dumps(message) + "\n")


def threads() -> int:
    """Return how many threads llama.cpp should use: the physical cores it may have.

    Hyperthreads and more than eight cores bring a small model nothing; a container's CPU
    quota counts, since threads over it only wait for each other.
    """
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    if _read("/sys/devices/system/cpu/smt/active") == "1":
        usable //= 2
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal():
        usable = min(usable, round(int(quota) / int(period)))
    return max(1, min(usable, _MOST_THREADS))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _end_with_input() -> None:
    try:
        while os.read(0, 4096):
            pass
    finally:
        os._exit(0)  # native threads need not be waited for: there is nothing to save


def _end_with_parent(parent: int) -> None:
    # Standard input stays open when a sibling inherited its other end.
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(0)


if __name__ == "__main__":
    main()
