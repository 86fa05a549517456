"""Rewards of whole groups, from a process of ``rollscope score``."""

import json
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

LAST_LINES = 20


class ScoreError(RuntimeError):
    """A group that has no rewards, or a process that has ended."""


class ScoreProcess:
    """A process that answers each line with one line. Started with the first group, and again never."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._process: subprocess.Popen[str] | None = None
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def ask(self, groups: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers to groups, in their order. Raises ScoreError for one that is refused."""
        process = self._process or self._start()
        answers = []
        for group in groups:
            answer = self._one(process, group)
            if "error" in answer:
                hint = f" {answer['hint']}" if "hint" in answer else ""
                raise ScoreError(f"{answer['error']}{hint}")
            answers.append(answer)
        return answers

    def close(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def _start(self) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")
        self._process = process
        # Read all the time: a full pipe would stop it.
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        return process

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self._last.append(line.rstrip())

    def _one(self, process: "subprocess.Popen[str]", group: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(group, allow_nan=False) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        if line == "":
            code = process.wait()
            last = "\n".join(self._last)
            raise ScoreError(f"{' '.join(self._command)} ended with {code}. {last}".strip())
        answer: dict[str, Any] = json.loads(line)
        return answer
