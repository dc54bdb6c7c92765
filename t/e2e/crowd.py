#!/usr/bin/env python3
"""Many deliveries at once in one process; to be run with a ThreadSanitizer build, too.

  ./crowd.py [--agent PATH] [--count 300]
"""
import argparse
import os
import re
import signal
import sys
import threading

import lab


class Crowd:
    """So many deliveries at once, each a message of its own; connections that wait for a greeting are two at most,
    as with the queue manager."""
    number = 0

    def __init__(self, agent, mailbox, count, rcpts=2):
        self.agent, self.pending, self.verdicts = agent, threading.Semaphore(2), []
        Crowd.number += 1
        self.messages = [lab.Message(agent, rcpt=["u%d@m%d.c%d.example" % (r, n, self.number) for r in range(rcpts)],
                                     nexthop="[127.0.0.1]:%d" % mailbox.port) for n in range(count)]
        self.threads = [threading.Thread(target=self.one, args=(m,), daemon=True) for m in self.messages]

    def one(self, message):
        with self.pending:
            call = lab.Call(self.agent)
            call.sock.settimeout(120)
            greeted = call.greeted()
        if greeted:
            call.ask(message.request())
            self.verdicts.append(call.verdict())
        call.close()

    def start(self):
        for thread in self.threads:
            thread.start()

    def wait(self):
        for thread in self.threads:
            thread.join(120)

    def complaints(self, mailbox):
        """Unless everybody has the message, once, and everything says so."""
        wanted = sorted(rcpt for m in self.messages for rcpt in m.slot.rcpts)
        have = sorted(rcpt for rcpts, _ in mailbox.taken for rcpt in rcpts)
        if have != wanted:
            yield "%d recipients have the message, not %d" % (len(have), len(wanted))
        if bad := [v for v in self.verdicts if v is None or v["status"] != 0]:
            yield "%d bad verdicts, e.g. %s" % (len(bad), bad[0])
        if len(self.verdicts) != len(self.messages):
            yield "%d verdicts for %d messages" % (len(self.verdicts), len(self.messages))
        if left := [m.id for m in self.messages if m.open_recipients()]:
            yield "not crossed off: %s" % left[:5]
        yield from self.log_complaints(wanted)

    def log_complaints(self, wanted):
        """Each recipient has a line of its own, under its own queue id."""
        owner = {rcpt: m.id for m in self.messages for rcpt in m.slot.rcpts}
        log = self.agent.log()
        lines = [re.match(r"(\w+): to=<(.*?)>, .*status=sent", line) for line in log]
        found = [match.groups() for match in lines if match]
        if sorted(rcpt for _, rcpt in found) != wanted:
            yield "%d lines of delivery in the log for %d recipients" % (len(found), len(wanted))
        if mixed := [rcpt for qid, rcpt in found if owner.get(rcpt) != qid]:
            yield "logged under another message's id: %s" % mixed[:5]
        if loud := [line for line in log if re.match("(warning|error|fatal|panic): ", line)]:
            yield "in the log: %s" % loud[:5]


def ended_well(agent):
    """Complaints about how the agent's processes ended."""
    if not agent.drain(60):
        yield "the agent did not end when its master said so"
    agent.stop()
    if bad := [end for end in agent.exits() if end != (0, 0)]:
        yield "ended with (status, signal) %s" % bad
    if text := lab.read(agent.errors):
        yield "on standard error: " + text[:8000]


class Gate:
    """Holds every server session at its message's end until COUNT have come so far."""

    def __init__(self, count):
        self.barrier = threading.Barrier(count)

    def __call__(self, event, _):
        if event == "dot":
            self.barrier.wait(120)


class Door:
    """Holds sessions at their message's end until it is opened."""

    def __init__(self):
        self.opened, self.waiting, self.lock = threading.Event(), 0, threading.Lock()

    def __call__(self, event, _):
        if event == "dot":
            with self.lock:
                self.waiting += 1
            self.opened.wait(120)


def all_at_once(args, pem=None, settings=(), login=None):
    """No message gets its verdict before all are at their end."""
    with lab.Scratch() as base:
        mailbox = lab.Mailbox(at=Gate(args.count), pem=pem, login=login)
        agent = lab.Agent(base, args.binary, settings=settings, maxproc=args.count)
        crowd = Crowd(agent, mailbox, args.count)
        crowd.start()
        crowd.wait()
        complaints = list(ended_well(agent)) + list(crowd.complaints(mailbox))
        if args.one_process and agent.forks() != 1:
            complaints.append("%d processes" % agent.forks())
        return complaints


def one_after_the_other(args):
    """Connections that are kept open go from one delivery to the next, in no particular order."""
    settings = ["smtp_connection_cache_destinations=127.0.0.1"]
    with lab.Scratch() as base:
        mailbox = lab.Mailbox()
        agent = lab.Agent(base, args.binary, settings=settings, maxproc=20)
        crowds = [Crowd(agent, mailbox, 20) for _ in range(5)]
        for crowd in crowds:
            crowd.start()
            crowd.wait()
        crowds[0].messages = [m for crowd in crowds for m in crowd.messages]
        crowds[0].verdicts = [v for crowd in crowds for v in crowd.verdicts]
        return list(ended_well(agent)) + list(crowds[0].complaints(mailbox))


def at_most(args, limit=5):
    """maxproc is the limit of concurrent deliveries."""
    with lab.Scratch() as base:
        door = Door()
        mailbox = lab.Mailbox(at=door)
        agent = lab.Agent(base, args.binary, maxproc=limit)
        crowd = Crowd(agent, mailbox, 4 * limit)
        crowd.start()
        complaints = [] if lab.wait_for(lambda: door.waiting >= limit) else ["it never came to %d" % limit]
        if lab.wait_for(lambda: door.waiting > limit, 1):
            complaints.append("more than %d at once" % limit)
        door.opened.set()
        crowd.wait()
        return complaints + list(ended_well(agent)) + list(crowd.complaints(mailbox))


def reload(args, count=20):
    """The old process finishes what it has begun, a new one takes what comes."""
    with lab.Scratch() as base:
        old_door, old, new = Door(), None, lab.Mailbox()
        old = lab.Mailbox(at=old_door)
        agent = lab.Agent(base, args.binary, maxproc=2 * count)
        before, after = Crowd(agent, old, count), Crowd(agent, new, count)
        before.start()
        complaints = [] if lab.wait_for(lambda: old_door.waiting == count, 60) else ["it never came to %d" % count]
        pids = set(agent.pids())
        agent.master.send_signal(signal.SIGHUP)
        lab.wait_for(lambda: "reload" in lab.read(os.path.join(base, "master.log")))
        after.start()
        after.wait()
        if not pids & set(agent.pids()):
            complaints.append("the old process ended before its deliveries did")
        old_door.opened.set()
        before.wait()
        if not lab.wait_for(lambda: not pids & set(agent.pids())):
            complaints.append("the old process did not end")
        before.messages += after.messages
        before.verdicts += after.verdicts
        old.taken += new.taken
        return complaints + list(ended_well(agent)) + list(before.complaints(old))


def tests(args, pem):
    yield "%d deliveries at once" % args.count, lambda: all_at_once(args)
    yield "%d deliveries at once, with TLS" % args.count, \
        lambda: all_at_once(args, pem, ["smtp_tls_security_level=encrypt", "smtp_tls_loglevel=1"])
    yield "%d logins at once, by six mechanisms" % args.count, lambda: all_at_once(args, None, [
        "smtp_sasl_auth_enable=yes", "smtp_sasl_password_maps=static:joe:secret",
        "smtp_sasl_security_options=noanonymous", "smtp_sasl_auth_cache_name=proxy:btree:/cache"],
        ("joe", "secret"))
    yield "100 deliveries over kept connections", lambda: one_after_the_other(args)
    yield "never more deliveries than maxproc", lambda: at_most(args)
    yield "a reload during 20 deliveries", lambda: reload(args)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", help='a path, or "real"')
    parser.add_argument("--count", type=int, default=300)
    args = parser.parse_args()
    args.binary, args.one_process = lab.agent_path(args.agent), args.agent != "real"
    with lab.Scratch() as shared:
        sys.exit(lab.run_all(tests(args, lab.certificate(shared)), jobs=1))


if __name__ == "__main__":
    main()
