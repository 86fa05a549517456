"""The processes of a run, through accelerate."""

from typing import Any

from accelerate import PartialState
from accelerate.utils import broadcast_object_list, gather_object


class AccelerateProcesses:
    """What ``groups.Processes`` asks for, on any number of processes and machines."""

    def __init__(self) -> None:
        self._state = PartialState()

    @property
    def index(self) -> int:
        return int(self._state.process_index)

    @property
    def count(self) -> int:
        return int(self._state.num_processes)

    def gather(self, items: list[Any]) -> list[Any]:
        return list(gather_object(items))

    def broadcast(self, value: Any) -> Any:
        if self.count == 1:
            return value
        return broadcast_object_list([value], from_process=0)[0]

    def wait(self) -> None:
        self._state.wait_for_everyone()
