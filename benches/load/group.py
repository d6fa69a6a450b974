"""A control group for each server: what all of its processes use, ended ones included."""

import contextlib
import os
import pathlib
import signal
import time

# Enters the group before the server begins, so that nothing of it is outside.
ENTER = 'echo 0 >"$0/cgroup.procs" && exec "$@"'


class Group:
    def __init__(self, path):
        self.path = path
        path.mkdir(exist_ok=True)

    def command(self, arguments):
        """The command that starts another one in this group."""
        return ["/bin/sh", "-c", ENTER, self.path, *arguments]

    def processor_seconds(self):
        lines = (self.path / "cpu.stat").read_text().splitlines()
        return int(dict(line.split() for line in lines)["usage_usec"]) / 1e6

    def processes(self):
        return [int(line) for line in (self.path / "cgroup.procs").read_text().split()]

    def memory(self):
        """PSS and RSS over all processes, in KiB."""
        total = {"Pss:": 0, "Rss:": 0}
        for process in self.processes():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for line in pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                    name, amount, *_ = line.split()
                    if name in total:
                        total[name] += int(amount)
        return total["Pss:"], total["Rss:"]

    def files(self):
        """The open file descriptors of all processes."""
        return sum(len(os.listdir(f"/proc/{process}/fd")) for process in self.processes())

    def threads(self):
        return sum(len(os.listdir(f"/proc/{process}/task")) for process in self.processes())

    def end(self):
        """Ends what its first process left behind."""
        deadline = time.monotonic() + 5
        while (left := self.processes()) and time.monotonic() < deadline:
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.05)
