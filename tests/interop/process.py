"""Processes that always end: each has a group of its own, and a limit in time or an owner that stops it."""

import contextlib
import os
import shlex
import signal
import subprocess
import threading

COMMAND_TIMEOUT = 20
STOP_TIMEOUT = 5

# Names beyond ASCII are compared, so every program has to speak UTF-8; and none may read the caller's settings.
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C.UTF-8",
    "TERM": "dumb",
}


class Failed(Exception):
    """A check that didn't hold: why, in a line, and the end of what was said before."""

    def __init__(self, reason, output=""):
        super().__init__(reason)
        self.reason = reason
        self.output = last_lines(output)


class Command:
    """A program's arguments, and what to type into it: at once, and after it was told to stop what it does."""

    def __init__(self, *arguments, typed="", afterwards=""):
        self.arguments = [str(argument) for argument in arguments]
        self.typed = typed
        self.afterwards = afterwards

    def __str__(self):
        text = shlex.join(self.arguments)
        for line in (self.typed + self.afterwards).splitlines():
            text += f"\n  > {line}"
        return text

    def spawn(self, folder, output=subprocess.PIPE, prefix=()):
        """Starts it in `folder`, in a group of its own, with both streams to `output`; `prefix` is what it is called by."""
        return subprocess.Popen(
            [*(str(word) for word in prefix), *self.arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**ENVIRONMENT, "HOME": str(folder)},
            start_new_session=True,
        )

    def run(self, folder, timeout=COMMAND_TIMEOUT):
        """Runs to the end in `folder`; returns the output (both streams), or raises `Failed` with it."""
        process = self.spawn(folder)
        try:
            output, _ = process.communicate(os.fsencode(self.typed), timeout)
        except subprocess.TimeoutExpired:
            kill_group(process)
            output, _ = process.communicate()
            raise Failed(f"not done after {timeout} s", os.fsdecode(output)) from None
        finally:
            kill_group(process)
        output = os.fsdecode(output)
        if process.returncode != 0:
            raise Failed(f"exit {process.returncode}", output)
        return output

    @contextlib.contextmanager
    def started(self, folder):
        """Runs while the block does; its `dialogue()` is what it has said by then, on both streams."""
        with open(folder / "dialogue", "wb") as output:
            process = self.spawn(folder, output)
        process.dialogue = lambda: os.fsdecode((folder / "dialogue").read_bytes())
        # What is typed fits a pipe.
        process.stdin.write(os.fsencode(self.typed))
        process.stdin.flush()
        # It may hang with the pipe open.
        limit = threading.Timer(COMMAND_TIMEOUT, kill_group, [process])
        limit.start()
        try:
            yield process
            process.wait(COMMAND_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise Failed(f"not done after {COMMAND_TIMEOUT} s", process.dialogue()) from None
        finally:
            limit.cancel()
            kill_group(process)
            process.wait()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()

    def talk_on(self, process):
        """Types the rest."""
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(os.fsencode(self.afterwards))
            process.stdin.close()


@contextlib.contextmanager
def daemon(arguments, log):
    """A process that runs while the block does and writes to the file `log`."""
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT)
        kill_group(process)
        process.wait()


def kill_group(process):
    """Ends the process and whatever it started in its group. The group's id is its leader's."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def last_lines(output, count=12):
    return "\n".join(output.splitlines()[-count:])
