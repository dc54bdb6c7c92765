"""A private Postfix: name spaces, configuration, master(8), and its log."""
import ctypes
import grp
import os
import pwd
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x00020000, 0x04000000, 0x40000000
PORT_SMTPD, PORT_VRFY, PORT_FIRST = 23100, 23101, 23200
MYHOSTNAME = "rig.example.com"
OWN_ADDRESSES = ("fd77::25/128", "fd77::26/128", "fd77::27/128")

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {wd}/queue
data_directory = {wd}/data
daemon_directory = {wd}/libexec
command_directory = {bindir}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {wd}/maillog
maillog_file_prefixes = {wd}
myhostname = {host}
mydomain = example.com
myorigin = example.com
mydestination =
mynetworks = 127.0.0.0/8 [::1]/128
inet_interfaces = 127.0.0.1, ::1
inet_protocols = all
alias_maps =
alias_database =
local_recipient_maps =
relayhost =
default_transport = error:5.1.0 no transport in test rig
relay_transport = error:5.1.0 no transport in test rig
transport_maps = texthash:{wd}/conf/transport
virtual_alias_maps = texthash:{wd}/conf/virtual
virtual_alias_domains = orig.test
virtual_mailbox_domains = sender.test
virtual_mailbox_base = {wd}/mbox
virtual_mailbox_maps = texthash:{wd}/conf/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_transport = virtual
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = yes
smtputf8_enable = yes
strict_smtputf8 = no
smtpd_tls_security_level = none
smtp_tls_security_level = none
lmtp_tls_security_level = none
message_size_limit = 20480000
queue_run_delay = 3000s
minimal_backoff_time = 3000s
maximal_backoff_time = 6000s
default_destination_rate_delay = 0
notify_classes =
error_notice_recipient = notice@sender.test
bounce_notice_recipient = notice@sender.test
address_verify_map = btree:$data_directory/verify
address_verify_poll_count = 30
address_verify_poll_delay = 1s
connection_cache_ttl_limit = 20s
default_process_limit = 400
smtp_connect_timeout = 4s
enable_long_queue_ids = no
recipient_delimiter = +
proxy_write_maps = proxy:btree:$data_directory/authcache, proxy:btree:$data_directory/oddcache, proxy:fail:x
"""

MASTER_CF = """
127.0.0.1:{smtpd} inet n - n - - smtpd
127.0.0.1:{vrfy} inet n - n - - smtpd
    -o smtpd_recipient_restrictions=reject_unverified_recipient,permit_mynetworks,reject
    -o smtpd_relay_restrictions=permit_mynetworks,reject
    -o unverified_recipient_reject_reason=
pickup    unix  n - n 1 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
hangup    unix  - n n - 0 spawn user=nobody argv=/bin/true
virtual   unix  - n n - - virtual
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
tlsproxy  unix  - - n - 0 tlsproxy
    -o tlsproxy_client_security_level=may
    -o tlsproxy_client_level=may
postlog   unix-dgram n - n - 1 postlogd
"""


def enter_namespaces(wd):
    """Loopback only, with a resolv.conf, hosts and nsswitch.conf of its own."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS) != 0:
        sys.exit("no name spaces: %s - run as root" % os.strerror(ctypes.get_errno()))
    libc.sethostname(b"righost", 7)

    def run(*command):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def replace(target, text):
        path = os.path.join(wd, "etc-" + os.path.basename(target))
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o644)
        if os.path.exists(os.path.realpath(target)):
            run("mount", "--bind", path, os.path.realpath(target))

    run("mount", "--make-rprivate", "/")
    run("ip", "link", "set", "lo", "up")
    for address in OWN_ADDRESSES:
        run("ip", "-6", "addr", "add", address, "dev", "lo", "nodad")
    run("ip", "addr", "add", "10.99.0.1/32", "dev", "lo")
    replace("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    replace("/etc/hosts", "127.0.0.1 localhost %s\n::1 localhost\n127.0.0.9 native.hosts.test\nfd77::27 native6.hosts.test\n" % MYHOSTNAME)
    replace("/etc/nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n")


class Instance:
    """One Postfix with the delivery agents of our choice; everything below the directory wd."""

    def __init__(self, wd, agents, libexec, bindir, extra, recorded=None):
        self.wd, self.agents, self.source, self.bindir, self.extra = wd, agents, libexec, bindir, extra
        self.queue, self.mbox, self.sock = (os.path.join(wd, name) for name in ("queue", "mbox", "sock"))
        self.libexec, self.conf = os.path.join(wd, "libexec"), os.path.join(wd, "conf")
        self.env = dict(os.environ, MAIL_CONFIG=self.conf)
        self.transport, self.process, self.log, self.recorded = {}, None, None, recorded
        self.options = {"command_directory": recorded.postconf(wd, bindir)} if recorded else {}     # of each transport

    def prepare(self, scenarios):
        self.make_directories()
        self.link_programs()
        nobody = pwd.getpwnam("nobody")
        fill = {"wd": self.wd, "bindir": self.bindir, "host": MYHOSTNAME, "uid": nobody.pw_uid, "gid": nobody.pw_gid,
                "smtpd": PORT_SMTPD, "vrfy": PORT_VRFY}
        shared = ["%s = %s" % item for sc in scenarios for item in sc.subst(sc.spec.get("main", {})).items()]
        self.write("main.cf", MAIN_CF.format(**fill) + "\n".join(self.extra + shared) + "\n")
        self.write("master.cf", MASTER_CF.format(**fill) + "".join(service(sc) for sc in scenarios))
        self.write("transport", "".join("%s %s\n" % item for item in self.transport.items()))
        self.write("virtual", "".join("alias.%s@orig.test user@%s.test\n" % (sc.name, sc.name) for sc in scenarios))
        self.odd_cache()
        self.write("mailboxes", "notice@sender.test pm/\n" + "".join(
            "%s@sender.test %s/\n" % (box, box) for sc in scenarios for box in (sc.name, "pm." + sc.name)))

    def odd_cache(self):
        """A smtp_sasl_auth_cache_name with entries that are none, too old, or of another password."""
        path = os.path.join(self.wd, "data", "oddcache")
        with open(path, "w", encoding="utf-8") as file:
            file.write("127.0.0.1;joeodd nonsense\n127.0.0.1;joeold 1000000000;6fuzlZFyZ1XVSk/m0xHdXkTXuxQ=;5.7.8;535 no\n"
                       "127.0.0.1;joenew 99999999999;5en6G6MezRroT3XKqkdPOmY/BfQ=;5.7.8;535 5.7.8 no\n")
        subprocess.run(["/usr/sbin/postmap", "-c", self.conf, "btree:" + path], check=True)
        os.chown(path + ".db", pwd.getpwnam("postfix").pw_uid, -1)

    def route(self, domain, target):
        if domain in self.transport:
            sys.exit("two scenarios want the mail of " + domain)
        self.transport[domain] = target

    def write(self, name, text):
        with open(os.path.join(self.conf, name), "w", encoding="utf-8") as file:
            file.write(text)

    def make_directories(self):
        postfix, nobody, drop = pwd.getpwnam("postfix"), pwd.getpwnam("nobody"), grp.getgrnam("postdrop").gr_gid
        for path, mode, uid, gid in (
                [("conf", 0o755, -1, -1), ("libexec", 0o755, -1, -1), ("sock", 0o755, -1, -1), ("queue", 0o755, -1, -1),
                 ("mbox", 0o755, nobody.pw_uid, nobody.pw_gid), ("data", 0o755, postfix.pw_uid, postfix.pw_gid),
                 ("queue/pid", 0o755, -1, -1), ("queue/maildrop", 0o730, postfix.pw_uid, drop),
                 ("queue/public", 0o710, postfix.pw_uid, drop)]
                + [("queue/" + name, 0o700, postfix.pw_uid, -1) for name in (
                    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved",
                    "trace")]):
            path = os.path.join(self.wd, path)
            os.mkdir(path)
            os.chmod(path, mode)
            os.chown(path, uid, gid)

    def link_programs(self):
        for name in os.listdir(self.source):
            target = self.agents.get(name, os.path.join(self.source, name))
            os.symlink(target, os.path.join(self.libexec, name))

    def start(self):
        with open(os.path.join(self.wd, "master.out"), "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [os.path.join(self.libexec, "master"), "-c", self.conf, "-d"], env=self.env, stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, cwd=self.queue, start_new_session=True)
        end = time.time() + 60
        while time.time() < end and self.process.poll() is None:
            if greets(PORT_SMTPD):
                self.log = Log(os.path.join(self.wd, "maillog"))
                return
            time.sleep(0.1)
        for name in ("master.out", "maillog"):
            path = os.path.join(self.wd, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    sys.stderr.write(file.read())
        sys.exit("the private Postfix did not start")

    def stop(self):
        if self.log:
            self.log.stopped = True
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(5)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)

    def files(self, queue, qid):
        """Where a message, or what is recorded of it, may be: with up to two levels of directories."""
        paths = [os.path.join(self.queue, queue, depth + qid) for depth in ("", qid[0] + "/", qid[0] + "/" + qid[1] + "/")]
        return [path for path in paths if os.path.exists(path)]


def service(sc):
    """The line of master.cf for a scenario: its transport, options and log tag."""
    text = "sc-%s unix - - n - - %s\n    -o syslog_name=pf/%s\n" % (sc.name, sc.program, sc.name)
    text += "".join("    -o { %s = %s }\n" % item for item in sc.options().items())
    return text + ("    %s\n" % sc.spec["args"] if sc.spec.get("args") else "")


def greets(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as conn:
            conn.settimeout(5)
            if conn.recv(200).startswith(b"220"):
                conn.sendall(b"QUIT\r\n")
                return True
    except OSError:
        pass
    return False


class Log:
    """Follows the mail log, and knows it by queue id and by scenario."""

    LINE = re.compile(r" (?:pf/([^/]+)/|postfix/)?(\w+)\[\d+\]: (?:([0-9A-F]{9,12}): )?(.*)")

    def __init__(self, path):
        self.path, self.stopped = path, False
        self.of_qid, self.of_scenario, self.complaints, self.removed = {}, {}, [], set()
        self.cond = threading.Condition()
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        place, rest = 0, b""
        while not self.stopped:
            try:
                with open(self.path, "rb") as file:
                    file.seek(place)
                    data = file.read()
            except OSError:
                data = b""
            if not data:
                time.sleep(0.05)
                continue
            place += len(data)
            *full, rest = (rest + data).split(b"\n")
            with self.cond:
                for raw in full:
                    self.take(raw.decode("utf-8", "replace"))
                self.cond.notify_all()

    def take(self, line):
        match = self.LINE.search(line)
        if not match:
            return
        scenario, program, qid, text = match.groups()
        line = (scenario, program, text if qid is None else "%s: %s" % (qid, text))
        if scenario:
            self.of_scenario.setdefault(scenario, []).append(line)
        elif text.startswith(("warning: ", "fatal: ", "panic: ")):
            self.complaints.append(line)
        if qid:
            self.of_qid.setdefault(qid, []).append(line)
            if text == "removed":
                self.removed.add(qid)

    def about(self, qid):
        """Lines about a message: (scenario or None, program, text)."""
        with self.cond:
            return list(self.of_qid.get(qid, []))

    def of(self, scenario):
        """Lines of the agent of a scenario."""
        with self.cond:
            return list(self.of_scenario.get(scenario, []))

    def wait_for(self, what, limit):
        """The first true value of what(), tried again whenever there are new lines."""
        end = time.time() + limit
        while True:
            with self.cond:
                found = what()
                if found or time.time() >= end:
                    return found
                self.cond.wait(0.2)
