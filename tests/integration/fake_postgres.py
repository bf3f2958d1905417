"""A PostgreSQL that speaks just enough of the protocol to be as rude at a chosen moment as no real one can be asked to be."""
import socket
import struct
import threading


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


READY = message(b"Z", b"I")
HELLO = message(b"R", struct.pack("!I", 0)) + message(b"S", b"server_version\x0015.0\x00") + message(
    b"S", b"client_encoding\x00UTF8\x00") + message(b"K", struct.pack("!II", 1, 2)) + READY
SHUTDOWN = message(b"E", b"SFATAL\x00VFATAL\x00C57P01\x00Mterminating connection due to administrator command\x00\x00")


class FakePostgres(threading.Thread):
    """Answers every statement with no rows. `rude(turn)` may give bytes to be sent in place of a turn's ReadyForQuery, after
    which the connection is closed. A simple query is taken for a COPY of which it reads nothing. `connections` counts."""

    ANSWERS = {b"P": message(b"1"), b"B": message(b"2"), b"D": message(b"n"), b"E": message(b"C", b"SELECT 0\x00"),
               b"C": message(b"3")}

    def __init__(self, rude):
        super().__init__(daemon=True)
        self.rude, self.connections, self.going = rude, 0, True
        self.stopped = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while self.going:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, client.makefile("rb") as stream:
                self.connections += 1
                try:
                    self.serve(client, stream)
                except (OSError, struct.error):
                    pass

    def serve(self, client, stream):
        size, _ = struct.unpack("!II", stream.read(8))
        stream.read(size - 8)
        client.sendall(HELLO)
        turn, answer = 0, b""
        while True:
            kind, size = stream.read(1), struct.unpack("!I", stream.read(4))[0]
            stream.read(size - 4)
            if kind == b"X":
                return
            if kind == b"Q":
                client.sendall(message(b"G", struct.pack("!bhh", 1, 1, 1)))
                self.stopped.wait()
                return
            if kind != b"S":
                answer += self.ANSWERS.get(kind, b"")
                continue
            turn += 1
            said = self.rude(turn)
            client.sendall(answer + (READY if said is None else said))
            answer = b""
            if said is not None:
                return

    def stop(self):
        self.going = False
        self.stopped.set()
        self.listener.close()
