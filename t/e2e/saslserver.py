"""The server's side of SASL mechanisms (RFC 4954), for one login that it knows.

Each function is a generator: it is given the client's response, decoded (None: there was no initial one), and yields
the next challenge; it returns whether the client has proven that it knows the password.
"""
import base64
import hashlib
import hmac
import os
import re


def plain(user, password, response):
    if response is None:
        response = yield b""
    return response == b"\0" + user + b"\0" + password


def login(user, password, response):
    if response is None:
        response = yield b"Username:"
    secret = yield b"Password:"
    return (response, secret) == (user, password)


def cram_md5(user, password, response):
    """RFC 2195"""
    challenge = b"<%d.1@mx.example>" % int.from_bytes(os.urandom(4), "big")
    response = yield challenge
    return response == user + b" " + hmac.new(password, challenge, "md5").hexdigest().encode()


def digest_md5(user, password, response):
    """RFC 2831 2.1"""
    nonce = base64.b64encode(os.urandom(16))
    response = yield b'realm="mx.example",nonce="%s",qop="auth",charset=utf-8,algorithm=md5-sess' % nonce
    said = dict(re.findall(rb'([a-z-]+)="?([^",]*)"?', response))
    h = lambda data: hashlib.md5(data).hexdigest().encode()                                         # noqa: E731
    a1 = hashlib.md5(b":".join((user, said.get(b"realm", b""), password))).digest() + b":" + nonce \
        + b":" + said[b"cnonce"]
    if b"authzid" in said:
        a1 += b":" + said[b"authzid"]
    proof = lambda a2: h(b":".join((h(a1), nonce, said[b"nc"], said[b"cnonce"], b"auth", h(a2))))   # noqa: E731
    if said[b"username"] != user or said[b"response"] != proof(b"AUTHENTICATE:" + said[b"digest-uri"]):
        return False
    yield b"rspauth=" + proof(b":" + said[b"digest-uri"])
    return True


def scram(name):
    """RFC 5802 5"""
    def run(user, password, response):
        first = response if response is not None else (yield b"")
        bare = first.split(b",", 2)[2]
        if not bare.startswith(b"n=%s,r=" % user):
            return False
        nonce, salt = bare.split(b"r=")[1] + base64.b64encode(os.urandom(12)), os.urandom(12)
        challenge = b"r=%s,s=%s,i=4096" % (nonce, base64.b64encode(salt))
        final = yield challenge
        without = final.rpartition(b",p=")[0]
        message = b",".join((bare, challenge, without))
        salted = hashlib.pbkdf2_hmac(name, password, salt, 4096)
        key = hmac.digest(salted, b"Client Key", name)
        stored = hashlib.new(name, key).digest()
        proof = base64.b64decode(final.rpartition(b",p=")[2])
        mask = hmac.digest(stored, message, name)
        if bytes(a ^ b for a, b in zip(proof, mask)) != key or b"r=" + nonce not in without:
            return False
        yield b"v=" + base64.b64encode(hmac.digest(hmac.digest(salted, b"Server Key", name), message, name))
        return True
    return run


def external(user, _, response):
    """RFC 4422 A; USER is whom it acts for"""
    if response is None:
        response = yield b""
    return response == user


def xoauth2(user, password, response):
    """user=USER ^A auth=Bearer TOKEN ^A ^A"""
    if response is None:
        response = yield b""
    return response == b"user=%s\1auth=Bearer %s\1\1" % (user, password)


MECHANISMS = {"PLAIN": plain, "LOGIN": login, "CRAM-MD5": cram_md5, "DIGEST-MD5": digest_md5,
              "SCRAM-SHA-1": scram("sha1"), "SCRAM-SHA-256": scram("sha256"), "EXTERNAL": external,
              "XOAUTH2": xoauth2}


def decode(text):
    return b"" if text == "=" else base64.b64decode(text, validate=True)


def serve(peer, mechanism, user, password, line=None):
    """Plays it over PEER, whose next line, or LINE, is the client's AUTH command; says 235 or 535. True: 235."""
    words = (line or peer.line()).split(" ")
    if words[0] != "AUTH" or words[1] != mechanism:
        raise ValueError("expected AUTH %s, got %r" % (mechanism, " ".join(words)))
    steps = MECHANISMS[mechanism](user.encode(), password.encode(), decode(words[2]) if len(words) > 2 else None)
    try:
        challenge = next(steps)
        while True:
            peer.send("334 %s\r\n" % base64.b64encode(challenge).decode())
            challenge = steps.send(decode(peer.line()))
    except StopIteration as end:
        peer.send("235 2.7.0 welcome\r\n" if end.value else "535 5.7.8 who are you\r\n")
        return bool(end.value)
