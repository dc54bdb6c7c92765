#!/usr/bin/env python3
"""SIGKILL in every phase of a delivery, and the next attempt.

  ./kill.py [--agent PATH]

A recipient may be crossed off only when the server has taken the message for it, or a bounce for it was recorded;
and after the next attempt every recipient must have met one of the two.
"""
import argparse
import sys

import lab

RCPTS = ["a@mx.example", "b@mx.example", "c@mx.example"]
REFUSED = ["b@mx.example"]
LARGE = lab.MESSAGE + ("x" * 70 + "\n") * 20000     # more than the sockets between us hold

# event of the server (the n-th one) before whose reply the agent dies
PHASES = [("connect", 1), ("EHLO", 1), ("MAIL", 1), ("RCPT", 1), ("RCPT", 2), ("RCPT", 3), ("DATA", 1), ("body", 1),
          ("dot", 1), ("replied", 1), ("QUIT", 1)]


class Killer:
    """Ends the agent at the n-th event of a kind, once."""

    def __init__(self, event, count):
        self.event, self.left, self.agent, self.done = event, count, None, False

    def __call__(self, event, _):
        if event == self.event and self.left > 0:
            self.left -= 1
            if self.left == 0:
                self.agent.kill()
                self.done = True


def bounced(agent):
    return {dict(record["attrs"])["recipient"] for record in agent.records()
            if record["service"] == "bounce" and record.get("status") == 0}


def delivered(mailbox):
    return {rcpt for rcpts, _ in mailbox.taken for rcpt in rcpts}


def too_early(agent, mailbox, message):
    """Recipients that were crossed off although nobody has them."""
    done = set(RCPTS) - set(message.open_recipients())
    return done - delivered(mailbox) - bounced(agent)


def truncated(mailbox, content):
    """Whether a message was taken that is not the whole message."""
    return any(lines != lab.wire_form(content) for _, lines in mailbox.taken)


def attempt_and_die(killer, mailbox, message, complaints):
    """The delivery during which the agent is killed, or just after."""
    agent = killer.agent
    lab.deliver(agent, message)
    if not lab.wait_for(lambda: killer.done):
        complaints.append("the agent was not killed")
    if early := too_early(agent, mailbox, message):
        complaints.append("crossed off too early: %s" % sorted(early))
    if wrongly := bounced(agent) - set(REFUSED):
        complaints.append("bounced: %s" % sorted(wrongly))


def next_attempt(agent, mailbox, message, complaints):
    """What the queue manager does later; it must settle everybody."""
    if message.open_recipients():
        verdict = lab.deliver(agent, message)
        if verdict is None or verdict["status"] != 0:
            complaints.append("the next attempt failed: %s" % verdict)
    if message.open_recipients():
        complaints.append("still open: %s" % message.open_recipients())
    if lost := set(RCPTS) - delivered(mailbox) - bounced(agent):
        complaints.append("LOST: %s" % sorted(lost))


def one_phase(binary, event, count, pipelining, content):
    complaints = []
    killer = Killer(event, count)
    with lab.Scratch() as base:
        mailbox = lab.Mailbox(REFUSED, killer, pipelining=pipelining)
        agent = killer.agent = lab.Agent(base, binary, options=["--throttle", "0"])
        try:
            message = lab.Message(agent, content, rcpt=RCPTS, nexthop="[127.0.0.1]:%d" % mailbox.port)
            attempt_and_die(killer, mailbox, message, complaints)
            next_attempt(agent, mailbox, message, complaints)
            if truncated(mailbox, content):
                complaints.append("a part of the message was taken for all of it")
        finally:
            agent.stop()
            mailbox.stop()
    return complaints


def before_the_request(binary):
    """The agent dies between its greeting and the request."""
    complaints = []
    with lab.Scratch() as base:
        mailbox = lab.Mailbox(REFUSED)
        agent = lab.Agent(base, binary, options=["--throttle", "0"])
        try:
            message = lab.Message(agent, rcpt=RCPTS, nexthop="[127.0.0.1]:%d" % mailbox.port)
            call = lab.Call(agent)
            call.greeted()
            agent.kill()
            call.close()
            if len(message.open_recipients()) != len(RCPTS):
                complaints.append("crossed off before it was asked for")
            next_attempt(agent, mailbox, message, complaints)
        finally:
            agent.stop()
            mailbox.stop()
    return complaints


def unanswered_bounce(binary):
    """The bounce service has not answered yet: the recipient must still be open."""
    complaints = []
    with lab.Scratch() as base:
        mailbox = lab.Mailbox(REFUSED)
        agent = lab.Agent(base, binary, options=["--throttle", "0", "--hang", "bounce"])
        try:
            message = lab.Message(agent, rcpt=REFUSED, nexthop="[127.0.0.1]:%d" % mailbox.port)
            call = lab.Call(agent)
            call.greeted()
            call.ask(message.request())
            if not lab.wait_for(lambda: any(r["service"] == "bounce" for r in agent.records())):
                complaints.append("no bounce was sent")
            agent.kill()
            call.close()
            if not message.open_recipients():
                complaints.append("crossed off before the bounce service had answered")
        finally:
            agent.stop()
            mailbox.stop()
    return complaints


def tests(binary):
    """(name, function) of each."""
    yield "killed before the request", lambda: before_the_request(binary)
    yield "killed while a bounce is unanswered", lambda: unanswered_bounce(binary)
    for pipelining in (False, True):
        for event, count in PHASES:
            content = LARGE if event == "body" else lab.MESSAGE
            yield "killed at %s %d%s" % (event, count, ", pipelining" if pipelining else ""), \
                lambda e=event, c=count, p=pipelining, m=content: one_phase(binary, e, c, p, m)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", help='a path, or "real"')
    binary = lab.agent_path(parser.parse_args().agent)
    sys.exit(lab.run_all(tests(binary)))


if __name__ == "__main__":
    main()
