"""What the end-to-end tests share: one agent under a fake master, scripted servers, a fake queue manager.

The fakes are those of t/wire. Everything lives in a directory of its own, ports are the kernel's choice,
and only processes that were started here are ended.
"""
import argparse
import concurrent.futures
import itertools
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
WIRE = os.path.join(TOP, "t", "wire")
sys.path.insert(0, WIRE)
import fakeqmgr                                     # noqa: E402
import saslserver                                   # noqa: E402
from pfattr import take                             # noqa: E402

PATIENCE = 20       # seconds that anything here may take before the test fails
POLL = 0.02


def agent_path(given=None):
    """The agent under test: what was asked for, $SAFEMX, or what was built."""
    path = given or os.environ.get("SAFEMX") or os.path.join(TOP, "build", "safemx")
    if path == "real":
        path = "/usr/lib/postfix/sbin/smtp"
    if not os.access(path, os.X_OK):
        sys.exit("no agent at %s (make one, or set SAFEMX)" % path)
    return os.path.abspath(path)


def wait_for(what, seconds=PATIENCE):
    """Whether WHAT() became true in time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def sasl_plugin(directory):
    """Builds the mechanism of xoauth2.c; returns what SASL_PATH must be."""
    path = os.path.join(directory, "sasl2")
    os.makedirs(path)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", os.path.join(path, "libxoauth2.so"),
                    os.path.join(HERE, "xoauth2.c")], check=True)
    return path


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


class Scratch:
    """A directory that the mail system's account can reach; it goes away at the end."""

    def __init__(self, keep=False):
        self.path, self.keep = tempfile.mkdtemp(prefix="safemx-e2e-"), keep
        os.chmod(self.path, 0o755)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        if self.keep:
            print("# kept: " + self.path)
        else:
            subprocess.run(["rm", "-rf", self.path], check=False)


# ---------------------------------------------------------------------------- the agent

class Agent:
    """One service of a fake master. Its processes start when a delivery asks for one."""

    def __init__(self, base, binary, program="smtp", settings=(), args=(), maxproc=100, privileged=False,
                 options=()):
        self.base, self.queue, self.program = base, os.path.join(base, "q"), program
        self.errors = os.path.join(base, "stderr")
        command = [sys.executable, os.path.join(WIRE, "fakemaster.py"), "--base", base, "--binary", binary,
                   "--argv0", program, "--service", program, "--maxproc", str(maxproc), "--stderr", "--log-status"]
        for setting in settings:
            command += ["--set", setting]
        # LeakSanitizer wants /proc, and to look into its own process, which it may not after a change of user
        privileged = privileged and "--chroot" not in options
        if privileged:
            command += ["--privileged"]
        command += ["--env", "ASAN_OPTIONS=detect_leaks=%d" % privileged]
        for name in ("TSAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                command += ["--env", "%s=%s" % (name, os.environ[name])]
        with open(self.errors, "wb") as errors:
            self.master = subprocess.Popen(command + list(options) + ["--"] + list(args), stderr=errors)
        if not wait_for(lambda: os.path.exists(os.path.join(base, "fakemaster.pid"))):
            raise RuntimeError("the fake master did not start: " + read(self.errors))

    def pids(self):
        path = "/proc/%d/task/%d/children" % (self.master.pid, self.master.pid)
        return [int(pid) for pid in read(path).split()]

    def kill(self, sig=signal.SIGKILL):
        """Ends the agent's processes, and waits until the fake master has seen it."""
        for pid in self.pids():
            os.kill(pid, sig)
        if not wait_for(lambda: not self.pids()):
            raise RuntimeError("the agent survived a signal")

    def drain(self, seconds=PATIENCE):
        """As by "postfix drain": idle processes end by themselves. False: one did not."""
        self.master.send_signal(signal.SIGUSR1)
        return wait_for(lambda: not self.pids(), seconds)

    def stop(self):
        self.master.send_signal(signal.SIGTERM)
        self.master.wait()

    def log(self):
        """Text of each log line, without time and tag."""
        lines = read(os.path.join(self.base, "mail.log")).splitlines()
        return [re.sub(r"^.*? [^ ]*/\w+\[\d+\]: ", "", line) for line in lines]

    def records(self):
        import json
        return [json.loads(line) for line in read(os.path.join(self.base, "record.jsonl")).splitlines()]

    def exits(self):
        """(exit status, signal) of each process that has ended."""
        text = read(os.path.join(self.base, "master.log"))
        return [(int(status), int(sig)) for status, sig in re.findall(r"ended.*exit (-?\d+) signal (\d+)", text)]

    def forks(self):
        return read(os.path.join(self.base, "master.log")).count(" fork pid ")


def pretend(base, version):
    """The main.cf line by which safemx finds a postconf(1) of that version."""
    directory = os.path.join(base, "bin")
    os.mkdir(directory)
    shutil.copy(os.path.join(TOP, "t", "data", "postconf", version), os.path.join(directory, "defaults"))
    script = os.path.join(directory, "postconf")
    with open(script, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexec cat %s/defaults\n" % directory)
    for path in (directory, script):
        os.chmod(path, 0o755)
    return "command_directory=" + directory


def optname(version):
    """What the queue manager of that Postfix calls the message's wishes."""
    return "sendopts" if tuple(map(int, version.split("."))) >= (3, 10) else "smtputf8"


# ---------------------------------------------------------------------------- the queue manager

MESSAGE = "From: <me@client.example>\nTo: undisclosed\nSubject: test\n\nHello.\n"


def request_options(**wanted):
    """What fakeqmgr's functions want to know about a request; names as its long options."""
    options = dict(prefix="E2E0", rcpt=[], queue="", sender="me@client.example", flags=3, old=False,
                   optname="smtputf8", nexthop="", encoding="", sendopts=0, envid="", ret=0, notify=0,
                   orcpt=False, orig=None, client_name="", client_addr="", sasl_username="", ident=None,
                   old_mail=0, waited=0)
    options.update(wanted)
    return argparse.Namespace(**options)


class Message:
    """A queue file and the request for it."""
    count = 0

    def __init__(self, agent, content=MESSAGE, **wanted):
        import pwd
        owner = pwd.getpwnam("postfix")
        Message.count += 1
        self.agent = agent
        self.options = request_options(queue=agent.queue, prefix="E%05X" % Message.count, **wanted)
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogateescape")
        self.slot = fakeqmgr.Slot(self.options, 0, content, owner.pw_uid, owner.pw_gid)
        self.id = self.slot.qid

    def marks(self):
        """A letter a recipient: D is crossed off, R is not."""
        return self.slot.marks()

    def open_recipients(self):
        return [rcpt for rcpt, mark in zip(self.slot.rcpts, self.marks()) if mark == "R"]

    def request(self):
        """For the recipients that are not crossed off yet, as qmgr would ask again."""
        left = [(r, o) for r, o, mark in zip(self.slot.rcpts, self.slot.offs, self.marks()) if mark == "R"]
        return fakeqmgr.request(self.options, self.id, self.slot.start, self.slot.length,
                                [r for r, _ in left], [o for _, o in left])


class Call:
    """One connection of the queue manager to the agent, which must answer in so many seconds."""

    def __init__(self, agent, patience=PATIENCE):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(patience)
        self.sock.connect(os.path.join(agent.queue, "private", agent.program))
        self.buffer = b""

    def hear(self):
        """One attribute list; None when the agent went away instead, or never came."""
        while not take(self.buffer):
            try:
                data = self.sock.recv(65536)
            except (ConnectionResetError, socket.timeout):
                data = b""
            if not data:
                return None
            self.buffer += data
        pairs, used = take(self.buffer)
        self.buffer = self.buffer[used:]
        return pairs

    def greeted(self):
        pairs = self.hear()
        if pairs is not None and pairs != [("protocol", "delivery_request_protocol")]:
            raise RuntimeError("bad greeting: %r" % (pairs,))
        return pairs is not None

    def ask(self, request):
        self.sock.sendall(request)

    def verdict(self):
        """The final reply as a dictionary; None when the agent went away."""
        pairs = self.hear()
        return None if pairs is None else fakeqmgr.parse_reply(pairs)

    def close(self):
        self.sock.close()


def deliver(agent, message, patience=PATIENCE):
    """A whole delivery: connect, greeting, request, verdict."""
    call = Call(agent, patience)
    try:
        if not call.greeted():
            return None
        call.ask(message.request())
        return call.verdict()
    finally:
        call.close()


# ---------------------------------------------------------------------------- scripted servers

class Complaint(Exception):
    """The peer did not do what the dialogue insists on."""


def escape(line):
    return line.decode("latin-1").encode("unicode_escape").decode()


ESCAPES = {"r": "\r", "n": "\n", "0": "\0", "t": "\t", "\\": "\\"}


def unescape(text):
    r"""\r \n \t \0 \\ \xHH, and {C*N} for N times the character C."""
    text = re.sub(r"\{(.)\*(\d+)\}", lambda m: m.group(1) * int(m.group(2)), text)
    one = lambda m: ESCAPES[m.group(1)] if m.group(1) else chr(int(m.group(2), 16))     # noqa: E731
    return re.sub(r"\\(?:([rn0t\\])|x([0-9a-fA-F]{2}))", one, text)


def wire_form(content):
    """A message as SMTP sends it: CRLF, dots doubled, no final dot."""
    lines = content.removesuffix("\n").split("\n") if content else []
    return ["." + line if line.startswith(".") else line for line in lines]


def matches(pattern, text):
    """Only * is special, so that brackets and question marks of replies stand for themselves."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.S) is not None


class Peer:
    """One accepted connection, played from a list of (who, text)."""

    def __init__(self, sock, message, pem, on_kill=None):
        self.sock, self.message, self.pem, self.on_kill = sock, message, pem, on_kill
        self.buffer = b""
        sock.settimeout(PATIENCE)

    def play(self, steps):
        for who, text in steps:
            {"S": self.say, "R": self.raw, "C": self.expect, "X": self.act}[who](text)

    def say(self, text):
        self.send("".join(unescape(line) + "\r\n" for line in text.split(" / ")))

    def raw(self, text):
        self.send(unescape(text))

    def send(self, text):
        try:
            self.sock.sendall(text.encode("latin-1"))
        except OSError as error:
            raise Complaint("could not send %r: %s" % (text[:60], error)) from error

    def fill(self):
        """More input; false at its end."""
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            data = b""
        except socket.timeout as error:
            raise Complaint("nothing more came after %r" % self.buffer[-80:]) from error
        self.buffer += data
        return bool(data)

    def line(self):
        while b"\n" not in self.buffer:
            if not self.fill():
                raise Complaint("the connection ended after %r" % self.buffer[-80:])
        line, _, self.buffer = self.buffer.partition(b"\n")
        if not line.endswith(b"\r"):
            raise Complaint("a line without CR: " + escape(line))
        return line[:-1].decode("utf-8", "surrogateescape")

    def expect(self, text):
        for pattern in text.split(" / "):
            if pattern == "<message>":
                self.expect_message(wire_form(self.message))
            elif pattern == "<nothing>":
                self.expect_message([])
            else:
                got = self.line()
                if not matches(unescape(pattern), got):
                    raise Complaint("expected %r, got %r" % (pattern, got))

    def expect_message(self, wanted):
        got = []
        while not got or got[-1] != ".":
            got.append(self.line())
        if got[:-1] != wanted:
            raise Complaint("the message arrived as %r" % got)

    def act(self, text):
        word, _, rest = text.partition(" ")
        getattr(self, "do_" + word.replace("-", "_"))(rest)

    def do_close(self, _):
        self.sock.close()

    def do_reset(self, _):
        """RST in place of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def do_eof(self, _):
        if self.buffer or self.fill():
            raise Complaint("expected the end, got " + escape(self.buffer[:80]))
        self.sock.close()

    do_silence = do_eof     # says nothing until the client has had enough

    def do_swallow(self, _):
        """Takes whatever comes, until the client goes away."""
        while self.fill():
            self.buffer = b""
        self.sock.close()

    def do_quiet(self, _):
        """The client must be waiting for us now."""
        self.sock.settimeout(0.2)
        try:
            data = self.sock.recv(1)
        except socket.timeout:
            data = b""
        self.sock.settimeout(PATIENCE)
        if self.buffer or data:
            raise Complaint("spoke out of turn: " + escape(self.buffer + data))

    def do_tls(self, _):
        context = self.pem      # of somebody who wants it otherwise
        if not isinstance(context, ssl.SSLContext):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.pem)
        if self.buffer:
            raise Complaint("sent before the handshake: " + escape(self.buffer[:80]))
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def do_sasl(self, rest):
        """sasl MECHANISM USER PASSWORD: the client must log in so; it is told whether it has."""
        try:
            saslserver.serve(self, *rest.split(" "))
        except (ValueError, KeyError, IndexError) as error:
            raise Complaint("SASL: %s" % error) from error

    def do_flood(self, count):
        """A refusal of so many bytes in one line, as far as the client wants them."""
        try:
            self.sock.sendall(b"550 5.1.1 " + b"x" * int(count) + b"\r\n")
        except OSError:
            pass

    def do_kill(self, _):
        self.on_kill()

    def do_bytes(self, count):
        """Reads so many bytes of content, whatever they are."""
        while len(self.buffer) < int(count):
            if not self.fill():
                raise Complaint("the connection ended after %d bytes" % len(self.buffer))


class Server(threading.Thread):
    """Listens on a port of 127.0.0.1 and plays one dialogue after the other."""

    def __init__(self, dialogues, message=MESSAGE, pem=None, on_kill=None):
        super().__init__(daemon=True)
        self.dialogues, self.message, self.pem, self.on_kill = dialogues, message, pem, on_kill
        self.complaints, self.played = [], 0
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]

    def listen(self):
        self.sock.listen(20)
        self.start()
        return self

    def run(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            if self.played == len(self.dialogues):
                self.complaints.append("one connection too many")
                conn.close()
                continue
            self.one(conn, self.dialogues[self.played])
            self.played += 1

    def one(self, conn, steps):
        peer = Peer(conn, self.message, self.pem, self.on_kill)
        try:
            peer.play(steps)
        except (Complaint, OSError) as complaint:
            self.complaints.append("connection %d: %s" % (self.played + 1, complaint))
        finally:
            peer.sock.close()

    def finish(self):
        """Complaints, once every dialogue had its chance."""
        wait_for(lambda: self.played >= len(self.dialogues), 2)
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        missing = len(self.dialogues) - self.played
        return self.complaints + (["%d dialogue(s) never ended or began" % missing] if missing else [])


class Mailbox:
    """A server that takes everything but what it is told to refuse, and remembers what it took.

    AT(event, session) is called before each reply with "connect", a verb, "dot"; and with "body" when the content
    begins, with "replied" after the verdict. It may block or kill. taken: a list of (recipients, content).
    LOGIN (user, password): nobody may send without it; each session offers another mechanism.
    """

    def __init__(self, refuse=(), at=lambda event, session: None, pem=None, pipelining=True, address=("127.0.0.1", 0),
                 login=None):
        self.refuse, self.at, self.pem, self.pipelining, self.login = refuse, at, pem, pipelining, login
        self.mechanisms = itertools.cycle(["SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "DIGEST-MD5", "LOGIN", "SCRAM-SHA-1"])
        self.taken, self.lock = [], threading.Lock()
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(address)
        self.sock.listen(1000)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        session = Peer(conn, None, self.pem)
        try:
            session.mechanism, session.known = next(self.mechanisms), self.login is None
            self.at("connect", session)
            session.say("220 mx.example ESMTP")
            while self.command(session, session.line()):
                pass
        except (Complaint, OSError):
            pass
        finally:
            session.sock.close()

    def command(self, session, line):
        """Answers one command; false after the last."""
        verb = line[:4].upper()
        self.at(verb, session)
        if verb in ("EHLO", "LHLO"):
            offers = ["PIPELINING"] * self.pipelining + ["STARTTLS"] * (self.pem is not None) \
                + ["AUTH " + session.mechanism] * (self.login is not None)
            session.say(" / ".join(["250-mx.example"] + ["250-" + offer for offer in offers] + ["250 ENHANCEDSTATUSCODES"]))
        elif verb == "STAR":
            session.say("220 go")
            session.do_tls("")
        elif verb == "AUTH":
            session.known = saslserver.serve(session, session.mechanism, *self.login, line)
        elif not session.known and verb != "QUIT":
            session.say("530 5.7.0 who are you")
        elif verb == "MAIL":
            session.rcpts = []
            session.say("250 2.1.0 ok")
        elif verb == "RCPT":
            self.recipient(session, re.search("<(.*)>", line).group(1))
        elif verb == "DATA":
            self.data(session)
        elif verb == "QUIT":
            session.say("221 bye")
            return False
        else:
            session.say("250 2.0.0 ok")
        return True

    def recipient(self, session, rcpt):
        if rcpt in self.refuse:
            return session.say("550 5.1.1 who?")
        session.rcpts.append(rcpt)
        return session.say("250 2.1.5 ok")

    def data(self, session):
        if not session.rcpts:
            return session.say("554 5.5.1 for nobody")
        session.say("354 go")
        lines = [session.line()]
        self.at("body", session)
        while lines[-1] != ".":
            lines.append(session.line())
        self.at("dot", session)
        with self.lock:     # ours from here on, whether or not the agent hears of it
            self.taken.append((list(session.rcpts), lines[:-1]))
        session.say("250 2.0.0 taken")
        return self.at("replied", session)

    def stop(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)    # or accept() would keep the port
        except OSError:
            pass
        self.sock.close()


def certificate(directory, *names):
    """A self-signed one, key and certificate in one file; NAMES, if any, are its subjectAltName."""
    pem, key = os.path.join(directory, "server.pem"), os.path.join(directory, "server.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=mx.example", "-days", "30", "-keyout", key, "-out", pem]
                   + (["-addext", "subjectAltName=" + ",".join("DNS:" + name for name in names)] if names else []),
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(pem, "a") as out:
        out.write(read(key))
    return pem


# ---------------------------------------------------------------------------- results

def attempt(function):
    """The complaints of one test."""
    try:
        return function()
    except (RuntimeError, OSError) as error:
        return [str(error)]


def run_all(tests, jobs=4):
    """Runs each (name, function), JOBS at a time; a function returns complaints. Returns the exit status."""
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, job in [(name, pool.submit(attempt, function)) for name, function in tests]:
            complaints = job.result()
            passed, failed = passed + (not complaints), failed + bool(complaints)
            print("%s %s" % ("not ok" if complaints else "ok", name), flush=True)
            for text in complaints:
                print("#   " + str(text).replace("\n", "\n#   "))
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed else 0
