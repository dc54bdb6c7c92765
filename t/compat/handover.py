"""Between the queue manager and the agent: sees each request and each verdict.

Once master(8) listens, the socket of each agent's service is renamed and one of ours takes its place; what the queue
manager says is passed on, and what the agent answers. Before a verdict is passed on, the message is still in the
active queue: that is when the marks of its recipients and what bounce(8), defer(8) and trace(8) have recorded of it
are read.
"""
import os
import selectors
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
from pfattr import enc, s32, take  # noqa: E402

RECORDS = ("bounce", "defer", "trace")


def records_of(data):
    """A queue file's records as (type, data)."""
    place = 0
    while place < len(data):
        kind, place, length, shift = data[place:place + 1], place + 1, 0, 0
        while True:
            byte = data[place]
            place += 1
            length |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                break
        yield kind, data[place:place + length]
        place += length


class Verdict:
    """What became of one request, as its queue manager and its queue file see it."""

    def __init__(self, inst, request):
        self.qid = dict(request).get("queue_id", "")
        self.flags = int(dict(request).get("flags", "0"))
        self.reply, self.marks, self.recorded = None, [], {}
        self.inst = inst

    def look(self):
        for path in self.inst.files("active", self.qid):
            with open(path, "rb") as file:
                self.marks = ["%s %s" % (kind.decode(), data.decode("utf-8", "replace"))
                              for kind, data in records_of(file.read()) if kind in b"RD"]
        for name in RECORDS:
            for path in self.inst.files(name, self.qid):
                with open(path, encoding="utf-8", errors="replace") as file:
                    self.recorded[name] = [line for line in file.read().split("\n") if line]

    def answer(self, pairs):
        self.reply = ["%s=%s" % (name, s32(value) if value.isdigit() else value) for name, value in pairs if value]
        self.look()


def tampered(found, wanted):
    """A request with other values of some attributes, which no queue manager would send; "rcpt.": of each recipient."""
    message = [(name, wanted.get(name, value)) for name, value in found[0]]
    rcpts = [[(name, wanted.get("rcpt." + name, value)) for name, value in rcpt] for rcpt in found[1:]]
    return [message] + rcpts[:int(dict(message)["recipient_count"])]


def damage(path, request, what):
    """Spoils a queue file: "content X" makes X of the first record's type, "cut N" leaves N bytes of the content."""
    word, value = what.split()
    offset = int(dict(request)["offset"])
    with open(path, "r+b") as file:
        if word == "cut":
            file.truncate(offset + int(value))
        else:
            file.seek(offset)
            file.write(value.encode())


class Handover:
    """One service."""

    def __init__(self, inst, sc):
        self.inst, self.spec, self.verdicts = inst, sc.spec, []
        service = "sc-" + sc.name
        self.path = os.path.join(inst.queue, "private", service)
        self.real = self.path + ".real"
        os.rename(self.path, self.real)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.bind(self.path)
        os.chmod(self.path, 0o666)
        self.sock.listen(50)

    def accept(self):
        client, _ = self.sock.accept()
        threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        agent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            agent.connect(self.real)
            self.pump(client, agent)
        except OSError:
            pass
        finally:
            agent.close()
            client.close()

    def pump(self, client, agent):
        """Greeting, request, verdict."""
        greeting = receive(agent, 1)
        client.sendall(greeting)
        if not greeting:
            return
        found = lists(self.request(client))
        if "damage" in self.spec:
            for path in self.inst.files("active", dict(found[0])["queue_id"]):
                damage(path, found[0], self.spec["damage"])
        verdict = Verdict(self.inst, found[0])
        if "request" in self.spec:
            found = tampered(found, self.spec["request"])
        if self.inst.recorded:
            found[0] = self.inst.recorded.translated(found[0], self.spec)
        agent.sendall(b"".join(enc(pairs) for pairs in found))
        reply = receive(agent, 1)
        if reply:
            verdict.answer(lists(reply)[0])
        else:
            verdict.look()
        self.verdicts.append(verdict)
        client.sendall(reply)
        client.settimeout(10)
        client.recv(1)          # the queue manager closes first

    def request(self, client):
        """The message's list says how many recipients' lists follow."""
        data = receive(client, 1)
        if not data:
            return data
        count = int(dict(lists(data)[0]).get("recipient_count", "0"))
        return receive(client, 1 + count, data)


def lists(data):
    found = []
    while data:
        one = take(data)
        if one is None:
            break
        found.append(one[0])
        data = data[one[1]:]
    return found


def receive(sock, count, data=b""):
    while len(lists(data)) < count:
        more = sock.recv(65536)
        if not more:
            return data
        data += more
    return data


class Desk:
    """All handovers of an instance, one thread waiting for all of them."""

    def __init__(self, inst, scenarios):
        self.selector = selectors.DefaultSelector()
        self.wake, self.end = socket.socketpair()
        self.selector.register(self.end, selectors.EVENT_READ)
        self.by_name = {}
        for sc in scenarios:
            self.by_name[sc.name] = handover = Handover(inst, sc)
            self.selector.register(handover.sock, selectors.EVENT_READ, handover)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    return
                key.data.accept()

    def stop(self):
        self.wake.send(b".")

    def verdicts(self, name):
        return self.by_name[name].verdicts
