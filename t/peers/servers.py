"""The servers that the tests of real peers run: Postfix instances, and what t/peers/fetch has unpacked.

They live in name spaces of their own: ports and addresses are those that real sites use, /etc/hosts is ours, and all of
them end at the latest when the test does.
"""
import ctypes
import grp
import os
import pwd
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
import lab                                          # noqa: E402

BOXES = ("a", "b", "c", "many", "me", "tls")
EXIM, VMAIL = 901, 910     # accounts, as fetch has them
HOSTS = """127.0.0.1 localhost client.test filter.test
127.0.1.1 postfix.peer.test
127.0.1.2 exim.peer.test
127.0.1.3 opensmtpd.peer.test
"""


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)


CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1


def enter_namespaces():
    """A network, mounts and processes of our own: what is still running ends with this process, however that ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) != 0:
        sys.exit("no name spaces: %s (run as root)" % os.strerror(ctypes.get_errno()))
    child = os.fork()
    if child:
        signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGINT))
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "proc", "proc", "/proc")
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", "127.0.1.1/8", "dev", "lo")     # Postfix's inet_interfaces wants a real one


def config(name, base):
    return lab.read(os.path.join(HERE, "conf", name)).replace("@BASE@", base)


def write(path, text, mode=0o644):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)


def private_hosts(base):
    write(base + "/hosts", HOSTS)
    run("mount", "--bind", base + "/hosts", "/etc/hosts")


def certificates(base):
    """An authority, and a certificate for each account that must read a key of its own."""
    def request(name, kind, *options):
        run("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "30", "-subj", "/CN=" + name,
            "-keyout", "%s/%s.key" % (base, name), "-out", "%s/%s.pem" % (base, name), *options)
    ec, rsa = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), ("rsa:2048",)
    request("ca", ec)
    for name, kind, owner in (("postfix", ec, 0), ("exim", ec, EXIM), ("opensmtpd", rsa, 0), ("dovecot", rsa, 0)):
        request(name, kind, "-addext", "subjectAltName=DNS:%s.peer.test" % name, "-addext",
                "basicConstraints=CA:FALSE", "-CA", base + "/ca.pem", "-CAkey", base + "/ca.key")
        os.chown("%s/%s.key" % (base, name), owner, -1)


# ---------------------------------------------------------------------------- Postfix

MAIN = """compatibility_level = 3.6
queue_directory = @DIR@/queue
data_directory = @DIR@/data
daemon_directory = @DIR@/libexec
maillog_file = @DIR@/log
maillog_file_prefixes = @DIR@
mydestination =
alias_maps =
alias_database =
inet_protocols = ipv4
smtpd_peername_lookup = no
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME @SANITIZERS@
"""


class Postfix:
    """An instance of the installed Postfix, whose daemon directory has safemx, too."""

    def __init__(self, name, base, agent):
        self.name, self.dir, self.process = name, os.path.join(base, name), None
        self.etc = self.dir + "/etc"
        self.make_directories()
        self.link_daemons(agent)
        # a process that changed its user cannot be searched for leaks
        main = MAIN.replace("@SANITIZERS@", "ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1")
        write(self.etc + "/main.cf", main.replace("@DIR@", self.dir) + config(name + ".main", base))
        services = config("services", base) + config(name + ".master", base)
        if os.path.basename(agent) == "smtp":
            services = services.replace(" safemx-lmtp", " lmtp").replace(" safemx", " smtp")
        write(self.etc + "/master.cf", services)

    def make_directories(self):
        postfix, drop = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        for sub in ("etc", "libexec", "data", "queue", "queue/pid"):
            os.makedirs(os.path.join(self.dir, sub))
        os.chown(self.dir + "/data", postfix, -1)
        for sub, mode, group in [("maildrop", 0o730, drop), ("public", 0o710, drop)] + [
                (sub, 0o700, -1) for sub in ("active bounce corrupt defer deferred flush hold incoming private saved "
                                             "trace").split()]:
            path = os.path.join(self.dir, "queue", sub)
            os.mkdir(path)
            os.chown(path, postfix, group)
            os.chmod(path, mode)

    def link_daemons(self, agent):
        installed = subprocess.run(["postconf", "-dh", "daemon_directory"], check=True, stdout=subprocess.PIPE)
        installed = installed.stdout.decode().strip()
        links = {name: os.path.join(installed, name) for name in os.listdir(installed)}
        links.update({"safemx": agent, "safemx-lmtp": agent})
        for name, target in links.items():
            os.symlink(target, os.path.join(self.dir, "libexec", name))

    def start(self):
        with open(self.dir + "/out", "wb") as out:
            self.process = subprocess.Popen(
                [self.dir + "/libexec/master", "-c", self.etc, "-d"], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd=self.dir + "/queue", start_new_session=True)
        if not lab.wait_for(lambda: os.path.exists(self.dir + "/queue/public/pickup")):
            raise RuntimeError("%s did not start: %s%s" % (self.name, lab.read(self.dir + "/out"), self.log()))

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()

    def log(self):
        return lab.read(self.dir + "/log")

    def printed(self):
        """What programs have said on standard error, which is where sanitizers speak."""
        return lab.read(self.dir + "/out")


# ---------------------------------------------------------------------------- the others

class Foreign:
    """A server that runs with the unpacked packages as its root directory; BASE has the same name there."""

    def __init__(self, name, root, base, command):
        self.name, self.root, self.command, self.process = name, root, command, None
        self.dir = os.path.join(base, name)

    def start(self):
        with open(self.dir + ".out", "wb") as out:
            self.process = subprocess.Popen(["chroot", self.root] + self.command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, start_new_session=True)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def log(self):
        """What it wrote to its log, or said."""
        text = lab.read(self.dir + ".out")
        for name in ("log", "mainlog", "paniclog"):
            text += lab.read(os.path.join(self.dir, name))
        return text


def mount_root(root, base):
    """Makes BASE, /dev and /proc visible below ROOT; what the servers write elsewhere is forgotten."""
    for sub in ("/run", "/var/spool", "/etc/exim4", "/tmp"):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "none", root + sub)
    run("mount", "--rbind", "/dev", root + "/dev")
    run("mount", "-t", "proc", "none", root + "/proc")
    os.makedirs(root + base)
    run("mount", "--bind", base, root + base)


def foreigners(root, base):
    """Exim, OpenSMTPD and Dovecot, ready to start."""
    mount_root(root, base)
    for sub, owner in (("exim", EXIM), ("exim/spool", EXIM), ("dovecot", 0), ("mail", VMAIL), ("mail/client", 65534),
                       ("mail/postfix", 65534), ("mail/exim", VMAIL), ("mail/opensmtpd", VMAIL),
                       ("mail/dovecot", VMAIL)):
        os.mkdir(os.path.join(base, sub))
        os.chown(os.path.join(base, sub), owner, owner)
        os.chmod(os.path.join(base, sub), 0o755)
    write(base + "/boxes", "".join("%s: %s\n" % (box, box) for box in BOXES))
    write(base + "/dovecot/users", "".join("%s:{PLAIN}none:%d:%d::/nonexistent\n" % (box, VMAIL, VMAIL) for box in BOXES)
          + "carol:{PLAIN}wonderland:%d:%d::/nonexistent\n" % (VMAIL, VMAIL))
    write(root + "/etc/exim4/exim4.conf", config("exim.conf", base))
    for name in ("opensmtpd.conf", "dovecot.conf"):
        write(os.path.join(base, name), config(name, base), 0o600)
    return [Foreign("exim", root, base, ["/usr/sbin/exim4", "-bdf"]),
            Foreign("opensmtpd", root, base, ["/usr/sbin/smtpd", "-d", "-f", base + "/opensmtpd.conf"]),
            Foreign("dovecot", root, base, ["/usr/sbin/dovecot", "-F", "-c", base + "/dovecot.conf"])]
