#!/usr/bin/env python3
"""The same mail, configuration and scripted servers through smtp(8) and through safemx; what comes of it must be equal.

  ./run.py [NAME...]         all scenarios, or those (patterns as of a shell); safemx is $SAFEMX, else build/safemx
  ./run.py --coverage        also say which rows of catalogue.txt which scenarios bring about
  ./run.py --list, --help

Run as root, on a machine with Postfix. README.md says how a scenario is written.
"""
import argparse
import concurrent.futures
import difflib
import fnmatch
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time

import catalogue
import differences
import handover
import mockdns
import outcome
import postfix
import recorded
import scenario
import scenarios

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = "import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME " \
              "ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1"
MANY = 40       # so many differences are no accident: nothing is tried again


# ---------------------------------------------------------------- one agent, in a process of its own

class Worker:
    """Runs scenarios with one agent, in name spaces of its own, and writes what came of them to a file."""

    def __init__(self, args, agents, wd):
        self.args, self.agents, self.wd = args, agents, wd
        self.results = os.path.join(wd, "results.json")

    def start(self, specs, jobs):
        self.process = multiprocessing.get_context("fork").Process(target=self.run, args=(specs, jobs))
        self.process.start()

    def wait(self):
        self.process.join()
        if self.process.exitcode != 0:
            sys.exit("a worker came to a bad end")
        with open(self.results, encoding="utf-8") as file:
            return json.load(file)

    def run(self, specs, jobs):
        postfix.enter_namespaces(self.wd)
        inst = postfix.Instance(self.wd, self.agents, self.args.libexec, self.args.bindir,
                                [ENVIRONMENT] + self.args.main, self.args.recorded)
        found = [scenario.Scenario(spec) for spec in specs]
        port = postfix.PORT_FIRST
        for sc in found:
            port = sc.allocate(inst, port)
        try:
            inst.prepare(found)
            self.play(inst, found, jobs)
        finally:
            for sc in found:
                for server in sc.servers:
                    server.stop()
            inst.stop()

    def play(self, inst, found, jobs):
        dns, cert = mockdns.MockDNS(), certificate(self.wd)
        for sc in found:
            dns.add(sc.subst(sc.spec.get("dns", {})))
            sc.start_servers(cert)
        inst.start()
        desk = handover.Desk(inst, found)
        shared = sorted((sc for sc in found if "exclusive" not in sc.spec), key=lambda sc: -sc.spec.get("slow", 0))
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            list(pool.map(guarded(scenario.Scenario.run), shared))
        for sc in found:
            if "exclusive" in sc.spec:
                guarded(scenario.Scenario.run)(sc)
        time.sleep(1)           # for late bounces
        deadline = time.time() + 25
        if self.args.times:
            for sc in sorted(found, key=lambda sc: -sc.took)[:15]:
                print("%5.1f s %s" % (sc.took, sc.name))
        finish = guarded(lambda sc: outcome.Outcome(sc, desk.verdicts(sc.name))(sc.finish(deadline)))
        results = {sc.name: finish(sc) or {"name": sc.name, "problems": sc.problems} for sc in found}
        desk.stop()
        with open(self.results, "w", encoding="utf-8") as file:
            json.dump(results, file)


def guarded(what):
    """The same, but an exception is noted as the scenario's problem."""
    def call(sc):
        try:
            return what(sc)
        except Exception as error:      # whatever it is, the other scenarios go on
            sc.problems.append("%s: %s" % (type(error).__name__, error))
            return None
    return call


IDNA_2003 = "fass.tls-idna-2003.test"       # for the scenario of that name


def certificate(wd):
    path = os.path.join(wd, "mock.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=mock.example",
                    "-addext", "subjectAltName=DNS:mock.example,DNS:" + IDNA_2003,
                    "-keyout", path + ".key", "-out", path + ".crt"], check=True, stderr=subprocess.DEVNULL)
    with open(path, "w", encoding="ascii") as pem:
        for part in (".key", ".crt"):
            with open(path + part, encoding="ascii") as file:
                pem.write(file.read())
    return path


# ---------------------------------------------------------------- both agents

def pretty(value, level=0):
    """JSON with one event of a dialogue a line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)):
        return flat
    if isinstance(value, list) and len(value) == 2 and value[0] in ("S", "C", "X", "D") and len(flat) < 200:
        return flat
    pad = "\n" + " " * (level + 1)
    if isinstance(value, list):
        return "[%s%s]" % (pad, ("," + pad).join(pretty(item, level + 1) for item in value))
    return "{%s%s}" % (pad, ("," + pad).join("%s: %s" % (json.dumps(key), pretty(value[key], level + 1))
                                             for key in sorted(value)))


def compare(theirs, ours):
    """Lines of a diff, empty when equal."""
    return list(difflib.unified_diff(pretty(theirs).split("\n"), pretty(ours).split("\n"), "smtp(8)", "safemx",
                                     lineterm="", n=2))


class Run:
    """All that is wanted, with both agents; what differs is tried once more with less going on."""

    def __init__(self, args, specs, base):
        self.args, self.specs, self.base = args, specs, base
        self.listed = differences.load()
        self.theirs, self.ours, self.again = {}, {}, []

    def agents(self):
        libexec = self.args.libexec
        agents = {"ours": {name: self.args.agent for name in ("smtp", "lmtp")}}
        if not self.args.recorded:
            agents["theirs"] = {name: os.path.join(libexec, name) for name in ("smtp", "lmtp")}
        return agents

    def round(self, specs, number, jobs):
        workers = {}
        for who, agents in self.agents().items():
            wd = os.path.join(self.base, "%.6s%d" % (who + "__", number))   # of one length: lines are wrapped by it
            os.mkdir(wd, 0o755)
            workers[who] = Worker(self.args, agents, wd)
            workers[who].start(specs, jobs)
        for who, worker in workers.items():
            getattr(self, who).update(worker.wait())
        if self.args.recorded:
            self.ours = {name: recorded.reduced(outcome) for name, outcome in self.ours.items()}
            self.theirs = {name: self.args.recorded.find(name) for name in self.ours}

    def complaint(self, spec):
        """What is wrong with a scenario, as lines; empty if all is as it should be."""
        name = spec["name"]
        lines = compare(self.theirs[name], self.ours[name])
        for who in ("theirs", "ours"):
            problems = getattr(self, who)[name].get("problems")
            if problems:
                return ["did not run (%s): %s" % (who, problems)] + lines
        return differences.judge(self.listed.get(name), lines, self.args.version, partly=bool(self.args.recorded))

    def __call__(self):
        self.round(self.specs, 1, self.args.jobs)
        todo = [spec for spec in self.specs if self.complaint(spec)]
        if todo and len(todo) <= MANY and not self.args.once:
            self.again = [spec["name"] for spec in todo]
            self.round(todo, 2, 3)
        return {spec["name"]: lines for spec in self.specs for lines in [self.complaint(spec)] if lines}


def installed(args):
    """Where the Postfix is that we compare with, and its version."""
    if args.libexec is None:
        args.libexec = subprocess.run(["postconf", "-dh", "daemon_directory"], check=True, capture_output=True,
                                      text=True).stdout.strip()
    text = subprocess.run(["postconf", "-dh", "mail_version"], check=True, capture_output=True, text=True).stdout
    return version(args.level or text)


def version(text):
    return tuple(int(part) for part in text.split("-")[0].split(".")[:2])


def chosen(args):
    specs = scenarios.load()
    if not args.names:
        return specs
    for name in args.names:
        if not any(fnmatch.fnmatch(spec["name"], name) for spec in specs):
            sys.exit("no such scenario: " + name)
    return [spec for spec in specs if any(fnmatch.fnmatch(spec["name"], name) for name in args.names)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--agent", default=os.environ.get("SAFEMX", os.path.join(HERE, "..", "..", "build", "safemx")))
    parser.add_argument("--libexec", help="directory with the Postfix programs (default: the installed ones)")
    parser.add_argument("--bindir", default="/usr/sbin", help="directory with sendmail and postqueue")
    parser.add_argument("--level", metavar="VERSION", help="of that Postfix, if it isn't the installed one")
    parser.add_argument("--recorded", metavar="VERSION", type=recorded.Recorded,
                        help="instead: safemx as beside that Postfix, held against its recordings")
    parser.add_argument("--main", action="append", default=[], metavar="NAME=VALUE", help="one more line of main.cf")
    parser.add_argument("--jobs", type=int, default=16, help="scenarios at once with each agent (16)")
    parser.add_argument("--once", action="store_true", help="try nothing again")
    parser.add_argument("--coverage", action="store_true", help="list the catalogue's rows with the scenarios that hit them")
    parser.add_argument("--show", action="store_true", help="print what came of each scenario with smtp(8)")
    parser.add_argument("--keep", action="store_true", help="keep the directory of the run, with both mail logs")
    parser.add_argument("--times", action="store_true", help="print what took longest")
    parser.add_argument("--list", action="store_true", help="only list the scenarios")
    args = parser.parse_args()
    args.agent = os.path.abspath(args.agent)
    if not os.access(args.agent, os.X_OK):
        sys.exit("no such program: " + args.agent)
    return args


def main():
    args = arguments()
    specs = chosen(args)
    if args.list:
        for spec in specs:
            print("%-16s %-28s %s" % (spec["file"], spec["name"], spec["about"]))
        print("%d scenarios" % len(specs))
        return
    level, started = installed(args), time.time()
    if args.recorded:
        specs, level = args.recorded.wanted(specs), version(args.recorded.version)
    args.version = level
    later = [spec["name"] for spec in specs if version(spec.get("since", "3.5")) > level]
    specs = [spec for spec in specs if spec["name"] not in later]
    base = tempfile.mkdtemp(prefix="compat-")
    os.chmod(base, 0o755)
    try:
        run = Run(args, specs, base)
        failed = run()
        if args.show:
            for spec in specs:
                print(pretty(run.theirs[spec["name"]]))
        for name, lines in failed.items():
            print("FAILED %s\n    %s" % (name, "\n    ".join(lines)))
        if run.again:
            print("(run again: %s)" % " ".join(run.again))
        if later:
            print("(needs a later Postfix: %s)" % " ".join(later))
        missing = catalogue.report(run.theirs, args.coverage, level) \
            if args.coverage or not (args.names or args.recorded) else 0
    finally:
        if args.keep:
            print("kept: " + base)
        else:
            shutil.rmtree(base, ignore_errors=True)
    print("%d scenarios in %.0f s" % (len(specs), time.time() - started))
    print("%d passed, %d failed, %d skipped" % (len(specs) - len(failed), len(failed) + missing, len(later)))
    sys.exit(1 if failed or missing else 0)


if __name__ == "__main__":
    main()
