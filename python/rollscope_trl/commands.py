"""What the engine tells this run to do, on standard input, and what it is told back, in a file of JSON lines."""

import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from .rollout import to_json

#: Seconds after which the other processes hear that nothing is to do yet: they wait no longer than a network allows.
PATIENCE = 20.0


class Commands:
    """Commands as they come, for the first process, which ends where their source does: the engine is gone."""

    def __init__(self, source: TextIO | None = None) -> None:
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue()
        source = source or sys.stdin
        threading.Thread(target=self._listen, args=(source,), daemon=True).start()

    def next(self) -> dict[str, Any]:
        """The next command, or ``{"command": "wait"}`` where none came for a while."""
        try:
            return self._waiting.get(timeout=PATIENCE)
        except queue.Empty:
            return {"command": "wait"}

    def _listen(self, source: TextIO) -> None:
        for line in source:
            if line.strip():
                self._waiting.put(json.loads(line))
        # A killed engine leaves nothing behind: what this process would still do is done again by a resumed run.
        os._exit(3)


class Events:
    """Tells the engine what happened. Each event is one line, written at once."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file

    def tell(self, event: str, **facts: Any) -> None:
        with open(self._file, "a", encoding="utf-8") as out:
            out.write(to_json({"event": event, "time": time.time(), **facts}) + "\n")
