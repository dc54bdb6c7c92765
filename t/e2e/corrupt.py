#!/usr/bin/env python3
"""Queue files that are not what they should be.

  ./corrupt.py [--agent PATH]

Whatever is in the file or in the request: the agent neither crashes nor loops, nothing that is not the whole message
is taken for it, and nobody is crossed off without a bounce.
"""
import argparse
import os
import stat
import sys

import lab
from fakeqmgr import rec     # lab has put t/wire on the path

FILLER = b"x" * 60


def patch(message, offset, data):
    os.pwrite(message.slot.fd, data, offset)


def replace_content(message, data):
    """DATA takes the place of all records from the first content record on."""
    os.ftruncate(message.slot.fd, message.slot.start)
    patch(message, message.slot.start, data)


def lines(count):
    return b"".join(rec("N", FILLER) for _ in range(count))


def pointer(offset):
    return rec("p", b"%15d" % offset)


def bad_type(message):
    replace_content(message, lines(3) + rec("Q", FILLER) + lines(3) + rec("X") + rec("E"))


def truncated_record(message):
    replace_content(message, lines(3) + b"N\x7f" + b"short")


def truncated_length(message):
    replace_content(message, lines(3) + b"N\xff")


def oversized_length(message):
    replace_content(message, lines(3) + b"N\xff\xff\x7f" + FILLER)


def absurd_length(message):
    replace_content(message, lines(3) + b"N\xff\xff\xff\xff\x07" + FILLER)


def endless_length(message):
    replace_content(message, lines(3) + b"N" + b"\xff" * 40)


def missing_x(message):
    replace_content(message, lines(3) + rec("E"))


def nothing_left(message):
    replace_content(message, b"")


def no_end(message):
    replace_content(message, lines(3))


def pointer_to_itself(message):
    replace_content(message, lines(1) + pointer(message.slot.start + len(lines(1))))


def pointer_back(message):
    replace_content(message, lines(2) + pointer(message.slot.start))


def pointer_beyond(message):
    replace_content(message, lines(2) + pointer(10 ** 9) + rec("X") + rec("E"))


def pointer_negative(message):
    replace_content(message, lines(2) + pointer(-5) + rec("X") + rec("E"))


def pointer_garbage(message):
    replace_content(message, lines(2) + rec("p", b"not a number...") + rec("X") + rec("E"))


def empty_pointer(message):
    replace_content(message, lines(2) + rec("p", b"") + rec("X") + rec("E"))


def nul_in_line(message):
    replace_content(message, rec("N", b"Subject: a\0b") + rec("N") + rec("N", b"\0\0\0") + rec("X") + rec("E"))


def not_ready(message):
    os.fchmod(message.slot.fd, 0o600)


def missing(message):
    os.rename(message.slot.path, message.slot.path + ".away")


def a_directory(message):
    missing(message)
    os.mkdir(message.slot.path, 0o700)
    os.chown(message.slot.path, *owner(message))


def a_link(message):
    os.rename(message.slot.path, message.slot.path + ".away")
    os.symlink(message.slot.path + ".away", message.slot.path)


def owner(message):
    status = os.fstat(message.slot.fd)
    return status.st_uid, status.st_gid


# what is done to the file; what the queue manager may hear: the final status, or None for an agent that gave up
# ("tries again"); whether every recipient must have bounced, with 5.3.0
GAVE_UP, DEFERRED, BOUNCED, SENT = "gave up", "deferred", "bounced", "sent"
FILES = [
    (bad_type, {BOUNCED}), (truncated_record, {BOUNCED}), (truncated_length, {BOUNCED}),
    (oversized_length, {BOUNCED}), (absurd_length, {BOUNCED}), (endless_length, {BOUNCED}), (missing_x, {BOUNCED}), (nothing_left, {BOUNCED}),
    (no_end, {BOUNCED}), (pointer_to_itself, {BOUNCED, DEFERRED, GAVE_UP}), (pointer_back, {BOUNCED, DEFERRED, GAVE_UP}),
    (pointer_beyond, {BOUNCED, DEFERRED, GAVE_UP}), (pointer_negative, {BOUNCED, DEFERRED, GAVE_UP}),
    (pointer_garbage, {BOUNCED, DEFERRED, GAVE_UP}), (empty_pointer, {BOUNCED, DEFERRED, GAVE_UP, SENT}),
    (nul_in_line, {SENT}), (not_ready, {DEFERRED, GAVE_UP, SENT}), (missing, {DEFERRED, GAVE_UP}),
    (a_directory, {DEFERRED, GAVE_UP}), (a_link, {DEFERRED, GAVE_UP, SENT}),
]

# what is done to the request
REQUESTS = [
    ("an id with a slash", lambda q: q.replace(b"\0E", b"\0../active/E", 1)),
    ("another queue's name", lambda q: q.replace(b"active\0", b"../../etc\0", 1)),
    ("no recipient", lambda q: q.replace(b"recipient_count\0001\0", b"recipient_count\0000\0")),
    ("a count beyond the list", lambda q: q.replace(b"recipient_count\0001\0", b"recipient_count\0009\0")),
    ("a count that is no number", lambda q: q.replace(b"recipient_count\0001\0", b"recipient_count\000x\0")),
    ("a missing attribute", lambda q: q.replace(b"sender\0me@client.example\0", b"")),
    ("half a request", lambda q: q[:len(q) // 2]),
    ("noise", lambda q: b"\xff\0\xfe\0" * 1000 + b"\0"),
    ("an offset beyond the file", lambda q: q.replace(b"offset\0", b"offset\0" + b"9" * 9, 1)),
    ("an offset that is no number", lambda q: q.replace(b"offset\0", b"offset\0z", 1)),
]


def outcome(agent, message, mailbox, verdict):
    if mailbox.taken:
        return SENT
    if verdict is None:
        return GAVE_UP
    if verdict["status"] != 0:
        return DEFERRED
    return BOUNCED if bounces(agent) else "settled for nobody"


def bounces(agent):
    return [dict(record["attrs"]) for record in agent.records() if record["service"] == "bounce"]


def ended_badly(agent):
    """Crashes; giving up with a fatal error (status 1) is allowed."""
    for status, sig in agent.exits():
        if sig or status not in (0, 1):
            yield "the agent ended with status %d, signal %d" % (status, sig)
    if text := lab.read(agent.errors):
        yield "on standard error: " + text


def one(binary, spoil_file, spoil_request, allowed):
    complaints = []
    with lab.Scratch() as base:
        mailbox = lab.Mailbox()
        agent = lab.Agent(base, binary, options=["--throttle", "0"])
        try:
            message = lab.Message(agent, rcpt=["a@mx.example"], nexthop="[127.0.0.1]:%d" % mailbox.port)
            spoil_file(message)
            call = lab.Call(agent)
            call.greeted()
            call.ask(spoil_request(message.request()))
            call.sock.shutdown(1)       # no more of this request will come
            verdict = call.verdict()
            call.close()
            got = outcome(agent, message, mailbox, verdict)
            if got not in allowed:
                complaints.append("%s (%s), allowed: %s" % (got, verdict, sorted(allowed)))
            if message.marks() == "D" and got not in (SENT, BOUNCED):
                complaints.append("crossed off")
            if got == BOUNCED and bounces(agent)[0]["status"] != "5.3.0":
                complaints.append("bounced as %s" % bounces(agent)[0])
            agent.drain()
        finally:
            agent.stop()
            mailbox.stop()
        return complaints + list(ended_badly(agent))


def still_works(binary):
    """One bad file, then a good one, for the same process if it lives."""
    with lab.Scratch() as base:
        mailbox = lab.Mailbox()
        agent = lab.Agent(base, binary, options=["--throttle", "0"])
        try:
            bad, good = (lab.Message(agent, rcpt=["a@mx.example"], nexthop="[127.0.0.1]:%d" % mailbox.port)
                         for _ in range(2))
            bad_type(bad)
            lab.deliver(agent, bad)
            verdict = lab.deliver(agent, good)
            complaints = [] if verdict and verdict["status"] == 0 and len(mailbox.taken) == 1 else [str(verdict)]
            if stat.S_IMODE(os.fstat(bad.slot.fd).st_mode) != 0o400:
                complaints.append("the bad file was not marked as corrupt")
            return complaints
        finally:
            agent.stop()
            mailbox.stop()


# smtp(8) itself asks for 32 GB of memory, or aborts
NOT_FOR_REAL = [absurd_length, "an id with a slash", "another queue's name"]


def tests(binary, real):
    leave_out = NOT_FOR_REAL if real else []
    for spoil, allowed in [file for file in FILES if file[0] not in leave_out]:
        yield "queue file: " + spoil.__name__.replace("_", " "), \
            lambda s=spoil, a=allowed: one(binary, s, lambda q: q, a)
    # the times only make the log's delays: the mail may go without
    yield "request: a time that is no time", \
        lambda: one(binary, lambda m: None, lambda q: q.replace(b"time\0", b"time\0A"), {GAVE_UP, DEFERRED, SENT})
    for name, spoil in [request for request in REQUESTS if request[0] not in leave_out]:
        yield "request: " + name, lambda s=spoil: one(binary, lambda m: None, s, {GAVE_UP, DEFERRED, BOUNCED})
    yield "a good file after a bad one", lambda: still_works(binary)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", help='a path, or "real"')
    agent = parser.parse_args().agent
    sys.exit(lab.run_all(tests(lab.agent_path(agent), agent == "real")))


if __name__ == "__main__":
    main()
