"""Clients that stand by: a client is loaded once, and each of its commands runs in a fork of that.

What a command-line client of OpenStack needs longest for is to begin: hundreds of modules, most of a second of a
small machine for each command. The commands stay the unmodified clients': what their console scripts call is called,
in a process of its own, with the words, environment, folder and output that it is given.

This file is two programs: what the tests import (`Client`), and what the interpreter of a client's venv runs, which
knows nothing but the standard library and that client.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback

LIMIT = 1 << 20


class Client:
    """A client, by its console script; begun when it is first needed, ended with the tests."""

    def __init__(self, script):
        self.script = os.path.realpath(script)
        self.turn = threading.Lock()
        self.control = self.process = None

    def _connected(self):
        with self.turn:
            if self.process is None or self.process.poll() is not None:
                self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs, open(self.script) as script:
                    python = script.readline().removeprefix("#!").strip()
                    self.process = subprocess.Popen(
                        [python, __file__, str(theirs.fileno()), self.script], pass_fds=[theirs.fileno()],
                        stdin=subprocess.DEVNULL,
                    )
            return self.control

    def run(self, words, env, timeout):
        """As `subprocess.run` with text captured."""
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with mine, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            with theirs:
                order = json.dumps({"words": list(map(str, words)), "env": env, "cwd": os.getcwd()}).encode()
                assert len(order) < LIMIT
                socket.send_fds(self._connected(), [order], [theirs.fileno(), out.fileno(), err.fileno()])
            mine.settimeout(timeout)
            pid = int(mine.recv(32))
            try:
                code = mine.recv(32)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired([self.script, *words], timeout) from None
            out.seek(0)
            err.seek(0)
            # A process that a signal ended says no word.
            return subprocess.CompletedProcess([self.script, *words], int(code or b"-9"), out.read(), err.read())


def _serve(control, script):
    with open(script) as file:
        program = compile(file.read(), script, "exec")
    # Its imports alone: what it does with them is done when it is the program.
    exec(program, {"__name__": "standby"})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, handles, _, _ = socket.recv_fds(control, LIMIT, 3)
        if not order:
            return
        if os.fork() == 0:
            control.close()
            _carry_out(json.loads(order), program, script, *handles)
        for handle in handles:
            os.close(handle)


def _carry_out(order, program, script, reply, out, err):
    os.write(reply, str(os.getpid()).encode())
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["env"])
        sys.argv = [script, *order["words"]]
        exec(program, {"__name__": "__main__"})
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(reply, str(code).encode())
        os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
