"""Null-terminated attribute lists, the encoding of Postfix's internal protocols; shared by fakemaster.py and fakeqmgr.py."""
import socket

AGENT = "delivery_request_protocol"
ANNOUNCE = {
    "bounce": "delivery_status_protocol",
    "defer": "delivery_status_protocol",
    "trace": "delivery_status_protocol",
    "flush": "queue_flush_protocol",
    "verify": "address_verification_prrotocol",
    "tlsmgr": "tlsmgr_protocol",
    "scache": "connection_cache_protocol",
    "tlsproxy": "tlsproxy_protocol",
    "proxymap": "proxymap_protocol",
    "proxywrite": "proxymap_protocol",
    "rewrite": "trivial_rewrite_protocol",
    "cleanup": "cleanup_protocol",
}


def u32(n):
    return n & 0xFFFFFFFF


def s32(text):
    n = int(text)
    return n - (1 << 32) if n >= 1 << 31 else n


def enc(pairs):
    """pairs: sequence of (name, value); value int/str/bytes.  Returns one complete list."""
    out = bytearray()
    for k, v in pairs:
        if isinstance(v, int):
            v = str(u32(v))
        if isinstance(v, str):
            v = v.encode("utf-8", "surrogateescape")
        out += k.encode() + b"\0" + v + b"\0"
    return bytes(out + b"\0")


def take(buf):
    """Take one list off the front of bytes.  Returns (pairs, bytes used) or None if incomplete."""
    pairs, i = [], 0
    while True:
        j = buf.find(b"\0", i)
        if j < 0:
            return None
        if j == i:
            return pairs, j + 1
        k = buf.find(b"\0", j + 1)
        if k < 0:
            return None
        pairs.append((buf[i:j].decode("latin1"), buf[j + 1 : k].decode("utf-8", "surrogateescape")))
        i = k + 1


class Conn:
    """A stream socket with list framing.  Never reads ahead of a list when exact=True (needed before fd passing)."""

    def __init__(self, sock):
        self.sock, self.buf = sock, b""

    def recv_list(self):
        while True:
            r = take(self.buf)
            if r:
                self.buf = self.buf[r[1] :]
                return r[0]
            d = self.sock.recv(65536)
            if not d:
                if self.buf:
                    raise EOFError("EOF inside a list: %r" % self.buf[:200])
                return None
            self.buf += d

    def send_list(self, pairs):
        self.sock.sendall(enc(pairs))

    def send_fd(self, fd):
        socket.send_fds(self.sock, [b"\0"], [fd])

    def recv_fd(self):
        assert not self.buf
        data, fds, _, _ = socket.recv_fds(self.sock, 1, 1)
        return fds[0] if fds else None
