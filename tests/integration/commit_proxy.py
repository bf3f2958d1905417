"""Stands between a daemon and PostgreSQL and breaks connections at the one moment that matters: around a COMMIT.

    proxy = CommitProxy(["passes", "arrives", "never", "late"])
    proxy.start()            # and the daemon connects to proxy.port, with sslmode=disable gssencmode=disable

The list says what becomes of each COMMIT in turn, of all connections together; those after it pass, and so do those of
transactions that move no position (what only reads, months, new subjects).
  passes   nothing happens to it
  arrives  the server does it, but its answer is lost and the connection ends
  never    it is lost with the connection, and the server rolls back
  late     the client's connection ends while the server still holds the transaction; the COMMIT arrives at release()
"""
import socket
import struct
import threading

COMMIT = b"\x00COMMIT\x00"
ADVANCE = (b"\x00advance\x00", b"\x00advance_under\x00")	# prepared statements, as Bind names them


class Stream:
    """Messages of the protocol from one side."""

    def __init__(self, connection):
        self.connection, self.file = connection, connection.makefile("rb")

    def read(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def first(self):
        head = self.read(4)
        return head + self.read(struct.unpack("!I", head)[0] - 4)

    def message(self):
        head = self.read(5)
        return head + self.read(struct.unpack("!I", head[1:])[0] - 4)


def end(connection):
    """Now, also for whoever is reading from it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


class CommitProxy:
    def __init__(self, fates, host, port):
        self.fates, self.target = list(fates), (host, port)
        self.done = []		# fates that befell a COMMIT, in order
        self.held = []		# of "late": how to let it arrive
        self.connections = 0
        self.refuses, self.pairs = False, []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def start(self):
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        end(self.listener)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.refuses:
                end(client)
                continue
            server = socket.create_connection(self.target)
            for connection in (client, server):		# we pass on message by message, and none is to wait for an ACK
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = Pair(self, client, server)
            self.pairs.append(pair)
            threading.Thread(target=pair.upwards, daemon=True).start()
            threading.Thread(target=pair.downwards, daemon=True).start()

    def refuse(self, refuses):
        """As if the server were away: connections end, and new ones are refused, until it is back."""
        self.refuses = refuses
        for pair in self.pairs if refuses else ():
            end(pair.server)
            end(pair.client)

    def next_fate(self):
        with self.lock:
            fate = self.fates.pop(0) if self.fates else "passes"
            if fate != "passes":
                self.done.append(fate)
            return fate

    def release(self):
        """Lets the COMMITs that are late arrive, and waits until the server has answered."""
        with self.lock:
            held, self.held = self.held, []
        for pair, data in held:
            pair.server.sendall(data)
            pair.committed.wait(20)
            end(pair.server)


class Pair:
    """One connection of the daemon, and ours to the server for it."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.muted = False		# nothing of the server's reaches the client any more
        self.kept = False		# the server's side outlives the client's
        self.committed = threading.Event()

    def upwards(self):
        """From the client to the server."""
        stream = Stream(self.client)
        try:
            self.server.sendall(stream.first())
            moves = False
            while True:
                message = stream.message()
                if message[:1] == b"P" and message[5:].startswith(b"\x00BEGIN"):
                    moves = False
                elif message[:1] == b"B" and message[5:].startswith(ADVANCE):
                    moves = True
                if message[:1] != b"P" or not message[5:].startswith(COMMIT) or not moves:
                    self.server.sendall(message)
                elif not self.commit(message, stream):
                    return
        except (EOFError, OSError):
            pass
        finally:
            if not self.kept:
                end(self.server)
            end(self.client)

    def commit(self, message, stream):
        """What becomes of it; False: the connection ends."""
        fate = self.proxy.next_fate()
        if fate == "passes":
            self.server.sendall(message)
            return True
        if fate == "never":
            return False
        data = message
        while data[-5:] != b"S\x00\x00\x00\x04":		# up to the end of the turn
            data += stream.message()
        self.muted = True
        if fate == "late":
            self.kept = True
            with self.proxy.lock:
                self.proxy.held.append((self, data))
        else:
            self.server.sendall(data)
            self.committed.wait(20)
        return False

    def downwards(self):
        """From the server to the client."""
        stream = Stream(self.server)
        try:
            while True:
                message = stream.message()
                if message[:1] == b"C" and message[5:] == b"COMMIT\x00" and self.muted:
                    self.committed.set()
                if not self.muted:
                    self.client.sendall(message)
        except (EOFError, OSError):
            pass
        finally:
            end(self.server)
            end(self.client)
