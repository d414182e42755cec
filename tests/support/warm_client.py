"""What a process does that has a warm one branch: a file of its own, as each such process compiles all of it."""

import _socket  # As ``socket`` imports much more.
import marshal
import sys

STREAMS = (0, 1, 2)
SIZE = 4


def hand_over(where: str, *command: str) -> None:
    """Ends as a branch does that runs the command; runs it here where there is none."""
    import posix  # Not on Windows, where nothing branches.

    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(where)
    except OSError:
        posix.execv(command[0], command)
    umask = posix.umask(0o077)
    posix.umask(umask)
    request = marshal.dumps((command, posix.getcwd(), posix.environ, umask))
    streams = b"".join(stream.to_bytes(SIZE, sys.byteorder) for stream in STREAMS)
    connection.sendmsg([len(request).to_bytes(SIZE, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.sendall(request)
    for stream in STREAMS:
        posix.close(stream)
    answer = connection.recv(SIZE, _socket.MSG_WAITALL)
    if not answer:
        posix._exit(1)  # The warm process has ended, and nobody knows what became of the branch.
    status = int.from_bytes(answer, "big")
    if posix.WIFSIGNALED(status):
        posix.kill(posix.getpid(), posix.WTERMSIG(status))
    posix._exit(posix.WEXITSTATUS(status))


if __name__ == "__main__":
    hand_over(*sys.argv[1:])
