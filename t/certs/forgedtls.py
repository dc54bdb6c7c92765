"""The server's side of a TLS connection, with records that no library would send.

The handshake is the ssl module's, and so is what the client says afterwards. What the server says is encrypted here,
with keys from the key log: so any record of any type can be sent in between, at any time. TLS 1.3 with AES-256-GCM
(RFC 8446 5, 7) and TLS 1.2 with AES-128-GCM (RFC 5246 6, RFC 5288). The cipher is libgnutls's, by ctypes; else only the
standard library is used.
"""
import ctypes
import ctypes.util
import hashlib
import hmac
import os
import ssl
import tempfile

ALERT, HANDSHAKE, DATA = 21, 22, 23     # content types


# ---------------------------------------------------------------------------- keys

def expand_label(secret, label, length):
    """HKDF-Expand-Label with an empty context (RFC 8446 7.1), for what one block of SHA-384 holds."""
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
    return hmac.new(secret, info + b"\1", hashlib.sha384).digest()[:length]


def prf(secret, seed, length):
    """P_SHA256 (RFC 5246 5)."""
    out, a = b"", seed
    while len(out) < length:
        a = hmac.new(secret, a, hashlib.sha256).digest()
        out += hmac.new(secret, a + seed, hashlib.sha256).digest()
    return out[:length]


class Datum(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_uint)]


class Aead:
    library = None

    def __init__(self, name, key):
        if Aead.library is None:
            Aead.library = ctypes.CDLL(ctypes.util.find_library("gnutls") or "libgnutls.so.30")
        self.handle, self.key = ctypes.c_void_p(), Datum(key, len(key))
        cipher = self.library.gnutls_cipher_get_id(name)
        if self.library.gnutls_aead_cipher_init(ctypes.byref(self.handle), cipher, ctypes.byref(self.key)) < 0:
            raise RuntimeError("no " + name.decode())

    def seal(self, nonce, extra, text):
        size = ctypes.c_size_t(len(text) + 16)
        out = ctypes.create_string_buffer(size.value)
        number = ctypes.c_size_t
        if self.library.gnutls_aead_cipher_encrypt(self.handle, nonce, number(len(nonce)), extra, number(len(extra)),
                                                   number(16), text, number(len(text)), out, ctypes.byref(size)) < 0:
            raise RuntimeError("not encrypted")
        return out.raw[:size.value]

    def __del__(self):
        self.library.gnutls_aead_cipher_deinit(self.handle)


# ---------------------------------------------------------------------------- records

class Records13:
    """What the server sends in TLS 1.3 once the handshake is done."""

    def __init__(self, secret):
        self.secret = secret
        self.keys()

    def keys(self):
        self.aead = Aead(b"AES-256-GCM", expand_label(self.secret, b"key", 32))
        self.iv, self.number = expand_label(self.secret, b"iv", 12), 0

    def update(self):
        """RFC 8446 7.2: what follows a KeyUpdate."""
        self.secret = expand_label(self.secret, b"traffic upd", 48)
        self.keys()

    def seal(self, kind, text):
        nonce = bytes(a ^ b for a, b in zip(self.iv, self.number.to_bytes(12, "big")))
        self.number += 1
        header = b"\x17\3\3" + (len(text) + 1 + 16).to_bytes(2, "big")
        return header + self.aead.seal(nonce, header, text + bytes([kind]))


class Records12:
    """The same in TLS 1.2. The Finished message was number 0."""

    def __init__(self, master, randoms):
        block = prf(master, b"key expansion" + randoms, 40)
        self.aead, self.iv, self.number = Aead(b"AES-128-GCM", block[16:32]), block[36:40], 1

    def seal(self, kind, text):
        number = self.number.to_bytes(8, "big")
        self.number += 1
        header = bytes([kind]) + b"\3\3"
        sealed = self.aead.seal(self.iv + number, number + header + len(text).to_bytes(2, "big"), text)
        return header + (8 + len(sealed)).to_bytes(2, "big") + number + sealed


# ---------------------------------------------------------------------------- the connection

def prepare(context, old):
    """A context for Forged: one cipher, no tickets, which would have numbers of their own, and a key log."""
    handle, path = tempfile.mkstemp(prefix="keylog-")
    os.close(handle)
    context.keylog_filename = path
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    if old:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")


def clean(context):
    if context and context.keylog_filename:
        os.unlink(context.keylog_filename)
        context.keylog_filename = None


class Connection:
    """Instead of an SSLSocket: the same, but its bytes pass through here."""

    def __init__(self, context, conn):
        self.conn, self.incoming, self.outgoing = conn, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.client_random, self.server_random = b"", b""
        self.shake()

    def shake(self):
        while True:
            try:
                self.ssl.do_handshake()
                return self.flush()
            except ssl.SSLWantReadError:
                self.flush()
            except ssl.SSLError: # its alert goes out, too
                self.flush()
                raise
            self.feed()

    def flush(self):
        out = self.outgoing.read()
        self.server_random = self.server_random or out[11:43]
        self.put(out)

    def put(self, data):
        self.conn.sendall(data)

    def feed(self):
        data = self.conn.recv(65536)
        self.client_random = self.client_random or data[11:43]
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def recv(self, size):
        while True:
            try:
                return self.ssl.read(size)
            except ssl.SSLWantReadError:
                self.feed()

    def sendall(self, text):
        self.ssl.write(text)
        self.flush()

    def unwrap(self):
        try:
            self.ssl.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()

    def __getattr__(self, name):
        return getattr(self.ssl if name in ("cipher", "version", "session_reused", "getpeercert") else self.conn, name)


class Flipped(Connection):
    """One bit of what the server sends is another, as if the network had done it."""

    def __init__(self, context, conn, at, bit):
        self.at, self.bit = at, bit
        super().__init__(context, conn)

    def put(self, data):
        if 0 <= self.at < len(data):
            data = data[:self.at] + bytes([data[self.at] ^ 1 << self.bit]) + data[self.at + 1:]
        self.at -= len(data)
        super().put(data)


class Forged(Connection):
    """What the server sends is encrypted here."""

    def __init__(self, context, conn):
        super().__init__(context, conn)
        log = self.logged(context.keylog_filename)
        if self.ssl.version() == "TLSv1.3":
            self.records = Records13(bytes.fromhex(log["SERVER_TRAFFIC_SECRET_0"]))
        else:
            self.records = Records12(bytes.fromhex(log["CLIENT_RANDOM"]), self.server_random + self.client_random)

    def logged(self, path):
        """Label to secret, of this connection."""
        with open(path, encoding="ascii") as file:
            lines = [line.split() for line in file if not line.startswith("#")]
        return {label: secret for label, random, secret in lines if random == self.client_random.hex()}

    def send(self, kind, text):
        self.conn.sendall(self.records.seal(kind, text))

    def sendall(self, text):
        self.send(DATA, text)

    def unwrap(self):
        self.send(ALERT, b"\1\0")


# ---------------------------------------------------------------------------- what to send

def message(kind, body):
    """A handshake message."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def certificate_request():
    """RFC 8446 4.6.2, of a client that did not offer it: signature_algorithms with one."""
    return message(13, b"\1x" + b"\0\x0a" + b"\0\x0d\0\6\0\4\4\3\x08\4")


def ticket(size=32):
    """RFC 8446 4.6.1."""
    return message(4, b"\0\0\x0e\x10" + b"\0\0\0\1" + b"\1\0" + size.to_bytes(2, "big") + bytes(size) + b"\0\0")


def update_keys(forged, times):
    """RFC 8446 4.6.3; each asks for one in return."""
    for _ in range(times):
        forged.send(HANDSHAKE, message(24, b"\1"))
        forged.records.update()


def many(forged, kind, text, times):
    for _ in range(times):
        forged.send(kind, text)


TRICKS = {
    "warning": ("a warning alert, user_canceled", lambda forged: forged.send(ALERT, b"\1\x5a")),
    "warnings": ("500 of them", lambda forged: many(forged, ALERT, b"\1\x5a", 500)),
    "fatal": ("a fatal alert, internal_error", lambda forged: forged.send(ALERT, b"\2\x50")),
    "notify": ("close_notify, and then goes on", lambda forged: forged.send(ALERT, b"\1\0")),
    "certreq": ("a request for a client certificate", lambda forged: forged.send(HANDSHAKE, certificate_request())),
    "update": ("one key update", lambda forged: update_keys(forged, 1)),
    "updates": ("1000 of them", lambda forged: update_keys(forged, 1000)),
    "tickets": ("50 session tickets", lambda forged: many(forged, HANDSHAKE, ticket(), 50)),
    "bigticket": ("the first half of a ticket of 16 MB",
                  lambda forged: many(forged, HANDSHAKE, (b"\4" + b"\xff" * 3) + bytes(16000), 500)),
    "empty": ("30 empty records", lambda forged: many(forged, DATA, b"", 30)),
    "renegotiate": ("HelloRequest, TLS 1.2", lambda forged: forged.send(HANDSHAKE, b"\0\0\0\0")),
    "hello": ("a ClientHello where none belongs", lambda forged: forged.send(HANDSHAKE, message(1, bytes(40)))),
    "unknown": ("a record of an unknown type", lambda forged: forged.send(99, b"x")),
    "badmac": ("a record that does not decrypt", lambda forged: forged.conn.sendall(b"\x17\3\3\0\x20" + bytes(32))),
    "plain": ("a reply in clear between the records", lambda forged: forged.conn.sendall(b"250 2.1.0 forged\r\n")),
    "longrecord": ("a record longer than any may be", lambda forged: forged.conn.sendall(b"\x17\3\3\xff\xff" + bytes(65535))),
}
