#!/usr/bin/env python3
"""Makes the certificates beside it: make.py [DIRECTORY [PART]]

PART, the name of a function below that has a root of its own, makes that function's only, with the
leaf.key that is there; the rest stays as it is.

Needed only to change them; the tests run at a fixed date, so they do not grow old. Certificates are
put together here, byte by byte, since many are such as no tool would make; openssl(1) makes the keys
and signs. CHAIN.pem is what a server sends, leaf first. All leaves have the key in leaf.key.
"""
import base64, os, subprocess, sys, tempfile

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
WORK = tempfile.mkdtemp()
LONG_AGO, OLD, PAST, NOW, LATER, FUTURE = '150101', '210101', '220101', '260101', '450101', '491231'
HOST = 'mx.a.test'


# --- DER -----------------------------------------------------------------------------------------
def tlv(tag, *parts):
    data = b''.join(parts)
    n = len(data)
    if n < 0x80:
        return bytes([tag, n]) + data
    size = n.to_bytes((n.bit_length() + 7) // 8, 'big')
    return bytes([tag, 0x80 | len(size)]) + size + data

def seq(*parts): return tlv(0x30, *parts)
def octets(data): return tlv(4, data)
def bits(data, unused=0): return tlv(3, bytes([unused]), data)
def boolean(yes): return tlv(1, b'\xff' if yes else b'\0')
def integer(n): return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, 'big'))

def oid(text):
    first, second, *rest = map(int, text.split('.'))
    out = bytes([first * 40 + second])
    for n in rest:
        part = [n & 0x7f]
        while n > 0x7f:
            n >>= 7
            part.insert(0, 0x80 | n & 0x7f)
        out += bytes(part)
    return tlv(6, out)

UTF8, PRINTABLE, T61, IA5, BMP = 0x0c, 0x13, 0x14, 0x16, 0x1e
ATTRIBUTE = {'CN': '2.5.4.3', 'O': '2.5.4.10', 'OU': '2.5.4.11', 'C': '2.5.4.6',
             'emailAddress': '1.2.840.113549.1.9.1', 'odd': '1.2.3.4'}

def name(*pairs):
    """(type, value[, tag]) each; a list of them is one multi-valued RDN."""
    def ava(kind, value, tag=UTF8):
        return seq(oid(ATTRIBUTE[kind]), tlv(tag, value if isinstance(value, bytes) else value.encode()))
    return seq(*(tlv(0x31, *(ava(*one) for one in (p if isinstance(p, list) else [p]))) for p in pairs))


# --- keys and signatures ---------------------------------------------------------------------------
def openssl(*args, data=None):
    return subprocess.run(['openssl', *args], input=data, check=True, capture_output=True).stdout

class Key:
    def __init__(self, kind='P-256', file=None):
        """A new one, unless it is in FILE."""
        self.file = file or tempfile.mktemp(dir=WORK)
        self.kind = kind
        args = {'P': ('EC', '-pkeyopt', 'ec_paramgen_curve:' + kind), 'R': ('RSA', '-pkeyopt', 'rsa_keygen_bits:' + kind[3:]),
                'E': (kind,)}[kind[0]]
        if not file:
            openssl('genpkey', '-algorithm', *args, '-out', self.file)
        self.spki = openssl('pkey', '-in', self.file, '-pubout', '-outform', 'DER')

    def algorithm(self, digest):
        return {('P', 'sha256'): seq(oid('1.2.840.10045.4.3.2')), ('P', 'sha1'): seq(oid('1.2.840.10045.4.1')),
                ('R', 'sha256'): seq(oid('1.2.840.113549.1.1.11'), b'\5\0'), ('R', 'sha1'): seq(oid('1.2.840.113549.1.1.5'), b'\5\0'),
                ('R', 'md5'): seq(oid('1.2.840.113549.1.1.4'), b'\5\0'),
                ('E', 'sha256'): seq(oid('1.3.101.112'))}[self.kind[0], digest]

    def sign(self, digest, data):
        file = tempfile.mktemp(dir=WORK)
        with open(file, 'wb') as f:
            f.write(data)
        if self.kind[0] == 'E':
            return openssl('pkeyutl', '-sign', '-rawin', '-inkey', self.file, '-in', file)
        return openssl('dgst', '-' + digest, '-sign', self.file, file)

    def id(self):
        return openssl('dgst', '-sha1', '-binary', data=self.spki)[:20]


# --- extensions ------------------------------------------------------------------------------------
def extension(number, value, critical=False):
    return seq(oid(number), boolean(True) if critical else b'', octets(value))

def constraints(ca, most=None):
    return extension('2.5.29.19', seq(boolean(True) if ca else b'', integer(most) if most is not None else b''), True)

USAGE = {'digitalSignature': 0, 'keyEncipherment': 2, 'keyCertSign': 5, 'cRLSign': 6}
def usage(*words):
    byte = sum(0x80 >> USAGE[w] for w in words)
    unused = (byte & -byte).bit_length() - 1 if byte else 0
    return extension('2.5.29.15', bits(bytes([byte]), unused), True)

PURPOSE = {'server': '1.3.6.1.5.5.7.3.1', 'client': '1.3.6.1.5.5.7.3.2', 'any': '2.5.29.37.0'}
def purpose(*words): return extension('2.5.29.37', seq(*(oid(PURPOSE[w]) for w in words)))

def dns(text): return tlv(0x82, text if isinstance(text, bytes) else text.encode())
def ip(data): return tlv(0x87, data)
def directory(value): return tlv(0xa4, value)
def email(text): return tlv(0x81, text.encode())
def uri(text): return tlv(0x86, text.encode())
def names(*items): return extension('2.5.29.17', seq(*items))
def permitted(*items): return extension('2.5.29.30', seq(tlv(0xa0, *(seq(i) for i in items))), True)
def excluded(*items): return extension('2.5.29.30', seq(tlv(0xa1, *(seq(i) for i in items))), True)

CA = [constraints(True), usage('keyCertSign', 'cRLSign')]
LEAF = [constraints(False), usage('digitalSignature', 'keyEncipherment'), purpose('server')]


# --- certificates ----------------------------------------------------------------------------------
class Cert:
    serial = 0

    def __init__(self, issuer, subject, key, extensions, start=PAST, end=FUTURE, digest='sha256',
                 version=3, ids=True, akid=None, spoil=False, says=None):
        """issuer None: self-signed. SAYS: the version that it gives, if it is another."""
        self.key, self.subject = key, subject
        by = issuer or self
        Cert.serial += 1
        self.serial = Cert.serial
        if ids and version == 3:
            extensions = extensions + [extension('2.5.29.14', octets(key.id()))]
            if issuer or akid:
                extensions = extensions + [extension('2.5.29.35', seq(tlv(0x80, akid or by.key.id())))]
        algorithm = by.key.algorithm(digest)
        tbs = seq(tlv(0xa0, integer(2)) if (says or version) == 3 else b'', integer(Cert.serial), algorithm, by.subject,
                  seq(self.time(start), self.time(end)), subject, key.spki,
                  tlv(0xa3, seq(*extensions)) if version == 3 else b'')
        signature = by.key.sign(digest, tbs)
        if spoil:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        self.der = seq(tbs, algorithm, bits(signature))

    @staticmethod
    def time(day): return day if isinstance(day, bytes) else tlv(0x17, (day + '000000Z').encode())

def pem(label, der):
    text = base64.b64encode(der).decode()
    return '-----BEGIN %s-----\n%s\n-----END %s-----\n' % (
        label, '\n'.join(text[i:i + 64] for i in range(0, len(text), 64)), label)

def write(file, *certs):
    with open(os.path.join(OUT, file + '.pem'), 'w') as f:
        f.write(''.join(pem('CERTIFICATE', c.der) for c in certs))

def write_key(file, key):
    with open(os.path.join(OUT, file + '.pub'), 'w') as f:
        f.write(pem('PUBLIC KEY', key.spki))

def write_private(file, key):
    with open(os.path.join(OUT, file + '.key'), 'w') as f, open(key.file) as text:
        f.write(text.read())

def ca(issuer, common, key=None, extensions=None, **more):
    return Cert(issuer, name(('O', 'Zoo'), ('CN', common)), key or Key(), CA if extensions is None else extensions, **more)

PART = sys.argv[2] if len(sys.argv) > 2 else None
K = Key(file=os.path.join(OUT, 'leaf.key') if PART else None)
def leaf(issuer, extensions, common=HOST, **more):
    subject = more.pop('subject', name(('O', 'Zoo'), ('CN', common)) if common else name(('O', 'Zoo')))
    return Cert(issuer, subject, more.pop('key', K), extensions, **more)


def authorities():
    global root, rsa_root, inter, rogue
    root = ca(None, 'Zoo Root')
    rsa_root = ca(None, 'Zoo RSA Root', Key('RSA2048'))
    inter = ca(root, 'Zoo Intermediate')
    rogue = Cert(None, name(('O', 'Rogue'), ('CN', 'Rogue Root')), Key(), CA)
    write('root', root), write('int', inter), write('rogue', rogue)
    write_key('root', root.key), write_key('int', inter.key), write_key('leaf', K), write_key('rogue', rogue.key)

def peers_names():
    """Chains that differ in the leaf's names."""
    at = LEAF + [names(dns(HOST))]
    for file, common, extensions in [
            ('host', HOST, at),
            ('wild', '*.a.test', LEAF + [names(dns('*.a.test'), dns('a.test'))]),
            ('other', 'other.example', LEAF + [names(dns('other.example'))]),
            ('provider', 'mx1.provider.example', LEAF + [names(dns('*.provider.example'), dns('provider.example'))]),
            ('cnonly', HOST, LEAF),
            ('cnsan', HOST, LEAF + [names(dns('other.example'))]),
            ('cnip', HOST, LEAF + [names(ip(b'\x7f\0\0\1'))]),
            ('cnemail', HOST, LEAF + [names(email('postmaster@a.test'), uri('https://a.test/'))]),
            ('nocn', '', at),
            ('noname', '', LEAF),
            ('ip', '127.0.0.1', LEAF + [names(ip(b'\x7f\0\0\1'), ip(bytes([0x20, 1, 0xd, 0xb8] + [0] * 11 + [1])))]),
            ('many', 'first.example', LEAF + [names(*(dns('n%d.example' % i) for i in range(40)), dns(HOST))]),
            ('nul', '', LEAF + [names(dns(HOST + '\0.evil.example'))]),
            ('nulcn', HOST, LEAF + [names(dns(HOST + '\0.evil.example'))]),
            ('sanempty', HOST, LEAF + [extension('2.5.29.17', seq())]),
            ('sanbroken', HOST, LEAF + [extension('2.5.29.17', b'\x30\x20\x82')]),
            ('santwice', HOST, LEAF + [names(dns('other.example')), names(dns(HOST))]),
            ('sanlong', HOST, LEAF + [names(dns('x' * 300 + '.a.test'))]),
            ('sanhuge', HOST, LEAF + [names(dns('x' * 20000 + '.a.test'))]),
            ('sanmany', HOST, LEAF + [names(*(dns('n%d.example' % i) for i in range(1500)))]),
            ('sanfirst', '', LEAF + [names(dns(HOST), *(dns('n%d.example' % i) for i in range(1500)))]),
            ('sanip5', HOST, LEAF + [names(ip(b'\x7f\0\0\1\1'))]),
            ('sandnsip', HOST, LEAF + [names(dns('127.0.0.1'))]),
            ('wildpart', '', LEAF + [names(dns('m*.a.test'))]),
            ('wildpart2', '', LEAF + [names(dns('*x.a.test'))]),
            ('wildmid', '', LEAF + [names(dns('mx.*.test'))]),
            ('wildtwo', '', LEAF + [names(dns('*.*.test'))]),
            ('wildtld', '', LEAF + [names(dns('*.test'))]),
            ('wildbare', '', LEAF + [names(dns('*'))]),
            ('wildcn', '*.a.test', LEAF),
            ('wildidn', '', LEAF + [names(dns('*.xn--bcher-kva.test'))]),
            ('idn', '', LEAF + [names(dns('xn--bcher-kva.a.test'), dns('mx.xn--bcher-kva.test'))]),
            ('idnpart', '', LEAF + [names(dns('xn--*.a.test'))]),
            ('idnutf8', '', LEAF + [names(dns('b\u00fccher.a.test'))]),
            ('upper', '', LEAF + [names(dns('MX.A.TEST'))]),
            ('dotted', '', LEAF + [names(dns(HOST + '.'))]),
            ('leading', '', LEAF + [names(dns('.a.test'))]),
            ('under', '', LEAF + [names(dns('mx_1.a.test'), dns('*.mx_2.a.test'))])]:
        write(file, leaf(inter, extensions, common), inter)
    for file, subject in [
            ('cn-nul', name(('O', 'Zoo'), ('CN', HOST + '\0.evil.example'))),
            ('cn-two', name(('CN', HOST), ('CN', 'second.a.test'))),
            ('cn-bmp', name(('CN', HOST.encode('utf-16-be'), BMP))),
            ('cn-t61', name(('CN', b'm\xfcx.a.test', T61))),
            ('cn-utf8', name(('CN', 'm\u00fcx.a.test'))),
            ('cn-control', name(('CN', b'mx\n\x1b[2J'))),
            ('cn-empty', name(('CN', b''))),
            ('cn-long', name(('CN', 'x' * 300))),
            ('cn-badutf8', name(('CN', b'm\xffx'))),
            ('cn-oddbmp', name(('CN', b'\0m\0', BMP)))]:
        write(file, leaf(inter, LEAF, subject=subject), inter)
    org = Cert(root, name(('C', 'XX', PRINTABLE), ('O', 'Zoo Organisation Only')), Key(), CA)
    write('orgissuer', leaf(org, at), org)
    bare = Cert(root, name(('OU', 'Unit')), Key(), CA)
    write('unitissuer', leaf(bare, at), bare)
    strange = Cert(None, name(('C', 'XX', PRINTABLE), [('O', 'R\u00fc/dig'), ('odd', 'x\ny')], ('emailAddress', 'a@b', IA5)), Key(), CA)
    write('strangeissuer', leaf(strange, at))

def peers_dates():
    at = LEAF + [names(dns(HOST))]
    write('expired', leaf(inter, at, start=LONG_AGO, end=OLD), inter)
    write('notyet', leaf(inter, at, start=LATER), inter)
    old = ca(root, 'Zoo Old Intermediate', start=LONG_AGO, end=OLD)
    fresh = ca(root, 'Zoo Old Intermediate', old.key)
    below = leaf(old, at)
    write('oldint', below, old)
    write('oldfresh', below, old, fresh)
    write('old', old)
    oldroot = ca(None, 'Zoo Old Root', start=LONG_AGO, end=OLD)
    write('oldroot', oldroot)
    by_oldroot = ca(oldroot, 'Zoo Below Old Root')
    write('belowoldroot', leaf(by_oldroot, at), by_oldroot)
    # the old root's name and key, signed by the new one: both ways lead up
    crossed = ca(root, 'Zoo Old Root', oldroot.key)
    write('crossed', leaf(by_oldroot, at), by_oldroot, crossed)

def peers_authority():
    at = LEAF + [names(dns(HOST))]
    for file, extensions in [
            ('noca', [constraints(False)]),
            ('nobc', []),
            ('nosign', [constraints(True), usage('digitalSignature')]),
            ('ncok', CA + [permitted(dns('a.test'))]),
            ('ncbad', CA + [permitted(dns('elsewhere.example'))]),
            ('ncexcluded', CA + [excluded(dns('A.TEST'))]),
            ('critint', CA + [extension('1.2.3.4.5', b'\5\0', True)]),
            ('clientint', CA + [purpose('client')])]:
        by = ca(root, 'Zoo ' + file, None, extensions)
        write(file, leaf(by, at), by)
    for file, extensions, own in [
            ('nccase', [permitted(dns('A.Test'))], at),
            ('ncexact', [permitted(dns(HOST))], at),
            ('ncdot', [permitted(dns('.a.test'))], at),
            ('ncdotself', [permitted(dns('.' + HOST))], at),
            ('ncpart', [permitted(dns('x.a.test'))], at),
            ('ncempty', [permitted(dns(''))], at),
            ('ncnothing', [excluded(dns(''))], at),
            ('ncboth', [permitted(dns('a.test')) , excluded(dns('mx.a.test'))], at),
            ('ncexcludedcase', [excluded(dns('Mx.A.Test'))], at),
            ('ncexcludedpart', [excluded(dns('x.a.test'))], at),
            ('ncip', [permitted(ip(b'\x7f\0\0\0\xff\0\0\0'))], LEAF + [names(dns(HOST), ip(b'\x7f\0\0\1'))]),
            ('ncipbad', [permitted(ip(b'\x0a\0\0\0\xff\0\0\0'))], LEAF + [names(dns(HOST), ip(b'\x7f\0\0\1'))]),
            ('ncipexcluded', [excluded(ip(b'\x7f\0\0\0\xff\0\0\0'))], LEAF + [names(dns(HOST), ip(b'\x7f\0\0\1'))]),
            ('ncipother', [permitted(ip(b'\x0a\0\0\0\xff\0\0\0'))], at),
            ('ncwild', [permitted(dns('a.test'))], LEAF + [names(dns('*.a.test'))]),
            ('ncwildbad', [permitted(dns('elsewhere.example'))], LEAF + [names(dns('*.a.test'))]),
            ('ncsecond', [permitted(dns('a.test'))], LEAF + [names(dns(HOST), dns('other.example'))]),
            ('ncmail', [permitted(email('a.test'))], LEAF + [names(dns(HOST), email('me@other.example'))]),
            ('ncdirectory', [permitted(directory(name(('O', 'Zoo'))))], at),
            ('ncdirectorybad', [permitted(directory(name(('O', 'Other'))))], at),
            ('ncmixed', [permitted(dns('elsewhere.example'), email('a.test'))], at)]:
        one = extensions if len(extensions) == 1 else [extension('2.5.29.30', seq(
            tlv(0xa0, seq(dns('a.test'))), tlv(0xa1, seq(dns('mx.a.test')))), True)]
        by = ca(root, 'Zoo ' + file, None, CA + one)
        write(file, leaf(by, own), by)
    # two authorities that leave nothing between them
    upper = ca(root, 'Zoo ncdisjoint 1', None, CA + [permitted(dns('a.test'))])
    lower = ca(upper, 'Zoo ncdisjoint 2', None, CA + [permitted(dns('elsewhere.example'))])
    write('ncdisjoint', leaf(lower, at), lower, upper)
    # and two that leave one name, written in different letters
    lower = ca(upper, 'Zoo ncnarrow', None, CA + [permitted(dns('MX.A.TEST'))])
    write('ncnarrow', leaf(lower, at), lower, upper)
    # of a size that takes libraries minutes
    many = [dns('n%d.example' % i) for i in range(1200)] + [dns('a.test')]
    upper = ca(root, 'Zoo nchuge 1', None, CA + [permitted(*many)])
    lower = ca(upper, 'Zoo nchuge 2', None, CA + [permitted(*many)])
    write('nchuge', leaf(lower, LEAF + [names(dns(HOST), *(dns('m%d.example' % i) for i in range(1200)))]), lower, upper)
    by = ca(root, 'Zoo ncwildcn', None, CA + [permitted(dns('elsewhere.example'))])
    write('ncwildcn', leaf(by, LEAF, '*.a.test'), by)
    by = ca(root, 'Zoo ncoddcn', None, CA + [permitted(dns('elsewhere.example'))])
    write('ncoddcn', leaf(by, LEAF + [names(ip(b'\x7f\0\0\1'))], 'Some Server'), by)
    # below the trusted root itself
    top = ca(None, 'Zoo ncroot', None, CA + [permitted(dns('elsewhere.example'))])
    write('ncroot', top), write('belowncroot', leaf(top, at))
    by = ca(root, 'Zoo nccommon', None, CA + [permitted(dns('elsewhere.example'))])
    write('nccommon', leaf(by, LEAF), by)
    v1 = ca(root, 'Zoo v1 Intermediate', version=1)
    write('v1int', leaf(v1, at), v1)
    zero = ca(root, 'Zoo Path Length Zero', None, [constraints(True, 0), usage('keyCertSign')])
    below = ca(zero, 'Zoo Below Path Length Zero')
    write('pathlen', leaf(below, at), below, zero)
    write('pathlenok', leaf(zero, at), zero)
    self_issued = ca(zero, 'Zoo Path Length Zero')
    write('selfissued', leaf(self_issued, at), self_issued, zero)
    for file, more in [('v1root', {'version': 1}), ('nobcroot', {'extensions': []}),
                       ('clientroot', {'extensions': CA + [purpose('client')]}), ('sha1root', {'digest': 'sha1'})]:
        top = ca(None, 'Zoo ' + file, **more)
        write(file, top)
        write('below' + file, leaf(top, at))

def peers_leaf():
    at = names(dns(HOST))
    for file, extensions in [
            ('clienteku', [constraints(False), usage('digitalSignature'), purpose('client'), at]),
            ('bothekus', [constraints(False), purpose('client', 'server'), at]),
            ('anyeku', [constraints(False), purpose('any'), at]),
            ('noeku', [constraints(False), usage('digitalSignature'), at]),
            ('badusage', [constraints(False), usage('cRLSign'), at]),
            ('keyenc', [constraints(False), usage('keyEncipherment'), at]),
            ('caleaf', [constraints(True), usage('digitalSignature', 'keyCertSign'), purpose('server'), at]),
            ('bareleaf', [at]),
            ('critext', LEAF + [at, extension('1.2.3.4.5', b'\5\0', True)])]:
        write(file, leaf(inter, extensions), inter)
    write('selfsig', leaf(None, LEAF + [at])), write('selfbare', leaf(None, [at]))
    write('selfexpired', leaf(None, LEAF + [at], start=LONG_AGO, end=OLD))
    write('selfclient', leaf(None, [constraints(False), purpose('client'), at]))

def peers_keys():
    at = LEAF + [names(dns(HOST))]
    write('rsaroot', rsa_root)
    for file, by, kind, above in [('rsa', rsa_root, 'RSA2048', []), ('rsa1024', rsa_root, 'RSA1024', []),
                                  ('rsa512', rsa_root, 'RSA512', []), ('p384', inter, 'P-384', [inter]),
                                  ('edleaf', inter, 'ED25519', [inter])]:
        own = Key(kind)
        write(file, leaf(by, at, key=own), *above)
        write_private(file, own)
    short = ca(rsa_root, 'Zoo RSA 1024 Intermediate', Key('RSA1024'))
    write('rsa1024int', leaf(short, at), short)
    shorter = ca(rsa_root, 'Zoo RSA 512 Intermediate', Key('RSA512'))
    write('rsa512int', leaf(shorter, at), shorter)
    ed = ca(root, 'Zoo Ed25519', Key('ED25519'))
    write('ed25519', leaf(ed, at), ed)
    write('sha1', leaf(rsa_root, at, digest='sha1'))
    write('md5', leaf(rsa_root, at, digest='md5'))
    weak = ca(rsa_root, 'Zoo SHA-1 Intermediate', digest='sha1')
    write('sha1int', leaf(weak, at), weak)
    write('badsig', leaf(inter, at, spoil=True), inter)
    forged = ca(root, 'Zoo Forged', spoil=True)
    write('badsigint', leaf(forged, at), forged)
    write('akid', leaf(inter, at, akid=b'x' * 20), inter)

def peers_shapes():
    """What is sent beside what is needed, and what is not sent."""
    at = LEAF + [names(dns(HOST))]
    host = leaf(inter, at)
    write('noint', host), write('sentroot', host, inter, root), write('twice', host, inter, inter, host)
    write('extra', host, rogue, rsa_root, inter)
    tower = [root]
    for i in range(1, 31):
        tower.append(ca(tower[-1], 'Zoo Deep %d' % i))
    deep = leaf(tower[5], at)
    write('deep', deep, *tower[5:0:-1])
    write('deepshuffled', deep, *tower[1:6])
    for depth in (9, 10, 11, 20, 30):
        write('deep%d' % depth, leaf(tower[depth], at), *tower[depth:0:-1])
    write('behind', host, *[ca(None, 'Zoo Behind %d' % i) for i in range(20)], inter)
    big = extension('1.2.3.4.5', b'\4' + b'\x82\xff\xf0' + b'x' * 0xfff0)
    write('big', leaf(inter, at + [big]), inter)
    bad = leaf(rogue, at)
    write('roguehost', bad), write('rogueroot', bad, rogue)
    # a genuine authority pasted behind a rogue chain
    write('pasted', bad, rogue, inter, root)
    # the leaf again, as if it were above itself
    write('leafabove', bad, bad, rogue)
    # two roots, each signed by the other: round and round
    a, b = Key(), Key()
    first = ca(None, 'Zoo Loop A', a)
    second = ca(None, 'Zoo Loop B', b)
    write('loop', leaf(first, at), ca(second, 'Zoo Loop A', a), ca(first, 'Zoo Loop B', b))
    # many of one name, only the last has the key
    true = ca(root, 'Zoo Decoy', ids=False)
    decoys = [ca(root, 'Zoo Decoy', ids=False) for _ in range(6)]
    write('decoys', leaf(true, at, ids=False), *decoys, true)
    # all of one name, each issued by that name, nobody known
    maze = Cert(None, name(('CN', 'Zoo Maze')), Key(), CA, ids=False)
    walls = [Cert(maze, maze.subject, Key(), CA, ids=False) for _ in range(15)]
    write('maze', leaf(maze, at, ids=False), *walls)

def peers_broken():
    """Extensions that cannot be read, dates that are none, and issuers that are others'; below brokenroot."""
    at = LEAF + [names(dns(HOST))]
    top = ca(None, 'Zoo Broken Root')
    write('brokenroot', top)
    by = ca(top, 'Zoo Broken Intermediate')
    cut = b'\x30\x20\x82'
    def akid(*parts): return extension('2.5.29.35', seq(*parts))
    def points(*parts): return extension('2.5.29.31', seq(seq(*parts)))
    def basic(value): return extension('2.5.29.19', value, True)
    for file, use, more in [ # instead of what LEAF and CA begin with, and beside it
            ('brokenbasic', basic(b'\x30\x20\1'), []),
            ('brokenlength', basic(seq(boolean(True), tlv(2, b'\xff'))), []),
            ('brokenusage', None, [extension('2.5.29.15', b'\x03\1\xff', True)]),
            ('brokennousage', None, [extension('2.5.29.15', bits(b'\0', 7), True)]),
            ('brokenpurpose', None, [extension('2.5.29.37', b'\x30\x20\6')]),
            ('brokenskid', None, [extension('2.5.29.14', cut)]),
            ('brokenakid', None, [extension('2.5.29.35', cut)]),
            ('brokenakidname', None, [akid(tlv(0xa1, tlv(0xa4, b'\x30\x20')))]),
            ('brokenpoints', None, [extension('2.5.29.31', cut)]),
            ('brokenpointname', None, [points(tlv(0xa0, tlv(0xa0, tlv(0xa4, b'\5\0'))))]),
            ('brokenlimits', None, [extension('2.5.29.30', cut)]),
            ('brokensan', None, [extension('2.5.29.17', cut)])]:
        own = [] if 'usage' in file or 'purpose' in file else LEAF[1:]
        lower = [use or constraints(True)] + ([] if 'usage' in file else [CA[1]]) + more
        own = [use or constraints(False)] + own + more + ([] if file == 'brokensan' else [names(dns(HOST))])
        write(file, leaf(by, own, ids=False), by)
        lower = ca(top, 'Zoo ' + file, None, lower, ids=False)
        write(file + 'int', leaf(lower, at, ids=False), lower)
    # all that may be there
    full = [points(tlv(0xa0, tlv(0xa0, uri('http://a.test/crl'), directory(name(('O', 'Zoo'))))), tlv(0x81, b'\1\6'),
                   tlv(0xa2, directory(name(('O', 'Zoo'))))),
            names(dns(HOST), email('me@a.test'), uri('https://a.test/'), ip(b'\x7f\0\0\1'), tlv(0x88, b'\x2a\3'),
                  directory(name(('O', 'Zoo'))), tlv(0xa0, oid('1.3.6.1.5.5.7.8.7'), tlv(0xa0, tlv(IA5, b'_smtp.a.test'))))]
    lower = ca(top, 'Zoo brokennone', None, CA + full)
    write('brokennone', leaf(lower, LEAF + full), lower)
    write('brokenself', leaf(None, LEAF + [names(dns(HOST)), extension('2.5.29.31', cut)]))
    # the issuer's own issuer and serial number
    issued = by.serial
    for file, issuer, serial in [('akidfull', top.subject, issued), ('akidserial', top.subject, issued + 1),
                                 ('akidissuer', by.subject, issued)]:
        whole = akid(tlv(0x80, by.key.id()), tlv(0xa1, directory(issuer)), tlv(0x82, integer(serial)[2:]))
        write(file, leaf(by, at + [whole], ids=False), by)
    short = tlv(0x17, b'4912310000Z')
    write('noseconds', leaf(by, at, end=short), by)
    write('nosecondsbegin', leaf(by, at, start=tlv(0x17, b'2201010000Z')), by)
    lower = ca(top, 'Zoo nosecondsint', end=short)
    write('nosecondsint', leaf(lower, at), lower)
    write('endsnow', leaf(by, at, end=NOW), by), write('beginsnow', leaf(by, at, start=NOW), by)
    small = Key('RSA768')
    write('rsa768', leaf(by, at, key=small), by), write_private('rsa768', small)

def peers_limits():
    """Limits of names, and extensions that limit a leaf; below limitsroot."""
    at = LEAF + [names(dns(HOST))]
    top = ca(None, 'Zoo Limits Root')
    write('limitsroot', top)
    zoo, elsewhere = name(('O', 'Zoo')), name(('O', 'Elsewhere'), ('CN', 'Zoo Limits'))
    by = ca(top, 'Zoo limits of authorities', None, CA + [permitted(directory(zoo), dns('a.test'), email('a.test'))])
    for file, subject, extensions in [
            ('nciname', elsewhere, []),
            ('ncisan', name(('O', 'Zoo'), ('CN', 'Zoo ncisan')), [names(dns('other.example'))]),
            ('ncimail', name(('O', 'Zoo'), ('emailAddress', 'x@other.example', IA5)), []),
            ('ncihost', name(('O', 'Zoo'), ('CN', 'other.example')), []), # a commonName is no host's in an authority
            ('nciok', name(('O', 'Zoo'), ('emailAddress', 'x@a.test', IA5)), [names(dns('ca.a.test'))])]:
        lower = Cert(by, subject, Key(), CA + extensions)
        write(file, leaf(lower, at), lower, by)
    # self-issued: held against nothing, but for a leaf
    by = Cert(top, elsewhere, Key(), CA + [permitted(directory(zoo))])
    rolled = Cert(by, elsewhere, Key(), CA)
    write('nciself', leaf(rolled, at), rolled, by)
    write('nciselfleaf', leaf(by, at, subject=elsewhere), by)
    # by the root, and by the second of two above
    narrow = ca(None, 'Zoo nciroot', None, CA + [permitted(directory(zoo))])
    lower = Cert(narrow, elsewhere, Key(), CA)
    write('nciroot', narrow), write('belownciroot', leaf(lower, at), lower)
    # leaves with names of other kinds
    def mail(text, tag=IA5): return name(('O', 'Zoo'), ('CN', HOST), ('emailAddress', text, tag))
    plain, smtp_utf8, registered = name(('O', 'Zoo'), ('CN', HOST)), '1.3.6.1.5.5.7.8.9', tlv(0x88, b'\x2a\3')
    for file, limit, subject, extra in [
            ('ncuriok', permitted(uri('.a.test')), plain, [uri('https://WWW.a.test:8/x')]),
            ('ncuribad', permitted(uri('.a.test')), plain, [uri('https://other.example/')]),
            ('ncuriexact', permitted(uri('www.a.test')), plain, [uri('https://www.A.test')]),
            ('ncuripart', permitted(uri('a.test')), plain, [uri('https://www.a.test/')]),
            ('ncurinone', permitted(uri('.a.test')), plain, [uri('mailto:me@x.a.test')]),
            ('ncuriuser', permitted(uri('.a.test')), plain, [uri('https://x.a.test:a@other.example/')]),
            ('ncuripath', permitted(uri('.a.test')), plain, [uri('https://x.a.test/:1')]),
            ('ncuriexcluded', excluded(uri('.a.test')), plain, [uri('https://x.a.test/')]),
            ('ncuriother', excluded(uri('.a.test')), plain, [uri('https://other.example/')]),
            ('ncmailok', permitted(email('a.test')), mail('me@A.test'), [email('you@a.test')]),
            ('ncmailboth', permitted(email('a.test')), mail('x@other.example'), [email('you@a.test')]),
            ('ncmaildn', permitted(email('a.test')), mail('x@other.example'), []),
            ('ncmailutf8', permitted(email('a.test')), mail('x@a.test', UTF8), []),
            ('ncmailodd', permitted(dns('a.test')), mail('x@a.test', UTF8), []),
            ('ncmailbox', permitted(email('Me@a.test')), mail('Me@A.test'), []),
            ('ncmailboxcase', permitted(email('Me@a.test')), mail('me@a.test'), []),
            ('ncmaildot', permitted(email('.a.test')), mail('me@x.a.test'), []),
            ('ncmaildotself', permitted(email('.a.test')), mail('me@a.test'), []),
            ('ncmailnone', permitted(email('a.test')), plain, [email('a.test')]),
            ('ncmailexcluded', excluded(email('a.test')), mail('me@a.test'), []),
            ('ncmailother', excluded(email('a.test')), mail('me@x.a.test'), []),
            ('ncsmtputf8', permitted(email('a.test')), plain, [tlv(0xa0, oid(smtp_utf8), tlv(0xa0, tlv(UTF8, b'x@other.example')))]),
            ('ncregistered', permitted(tlv(0x88, b'\x2a\4')), plain, [registered]),
            ('ncregisteredsame', permitted(registered), plain, [registered])]:
        by = ca(top, 'Zoo ' + file, None, CA + [limit])
        write(file, leaf(by, LEAF + [names(dns(HOST), *extra)], subject=subject), by)
    # what the leaf itself is limited to
    by = ca(top, 'Zoo Limits Intermediate')
    use, netscape, proxy = LEAF[:2], '2.16.840.1.113730.1.1', extension('1.3.6.1.5.5.7.1.14', seq(seq(oid('1.3.6.1.5.5.7.21.1'))))
    blocks = seq(seq(octets(b'\0\1'), seq(bits(b'\x0a'))))
    for file, extensions in [
            ('limitsnone', at),
            ('nsclient', at + [extension(netscape, bits(b'\x80', 7))]),
            ('nsserver', at + [extension(netscape, bits(b'\x40', 6))]),
            ('nsempty', at + [extension(netscape, bits(b''))]),
            ('emptyeku', use + [names(dns(HOST)), extension('2.5.29.37', seq())]),
            ('proxy', [use[1], LEAF[2], proxy]),
            ('proxysan', at + [proxy]),
            ('addresses', at + [extension('1.3.6.1.5.5.7.1.7', blocks)]),
            ('systems', at + [extension('1.3.6.1.5.5.7.1.8', seq(tlv(0xa0, seq(integer(64500)))))])]:
        write(file, leaf(by, extensions), by)
    for file, extensions in [
            ('nsclientint', CA + [extension(netscape, bits(b'\x80', 7))]), # nobody minds
            ('emptyekuint', CA + [extension('2.5.29.37', seq())]),
            ('proxyint', CA + [proxy]),
            ('addressesint', CA + [extension('1.3.6.1.5.5.7.1.7', blocks)])]:
        lower = ca(top, 'Zoo ' + file, None, extensions)
        write(file, leaf(lower, at), lower)

def peers_odd():
    """Dates that are in no calendar, and forms that OpenSSL puts up with; below oddroot."""
    at = LEAF + [names(dns(HOST))]
    top = ca(None, 'Zoo Odd Root')
    write('oddroot', top)
    by = ca(top, 'Zoo Odd Intermediate')
    february = tlv(0x18, b'20300231000000Z')
    lower = ca(top, 'Zoo nosuchdayint', end=february)
    write('nosuchdayint', leaf(lower, at), lower)
    for file, extensions, more in [
            ('nosuchday', at, {'end': february}),
            ('nosuchdaybegin', at, {'start': tlv(0x17, b'220231000000Z')}),
            ('noleapday', at, {'end': tlv(0x17, b'490229000000Z')}),
            ('nosuchsecond', at, {'end': tlv(0x17, b'491231235960Z')}),
            ('rsa1016', at, {'key': Key('RSA1016')}),
            ('sanx400', LEAF + [names(dns(HOST), tlv(0xa3, seq(seq())))], {}),
            ('sanparty', LEAF + [names(dns(HOST), tlv(0xa5, tlv(0xa1, tlv(UTF8, b'x'))))], {}),
            ('sanblank', LEAF + [names(dns(HOST), dns(''))], {}),
            ('sanbehind', LEAF + [extension('2.5.29.17', seq(dns(HOST)) + b'\5\0')], {}),
            ('oddtwice', at + [extension('1.2.3.4', b'x')] * 2, {}),
            ('v1extensions', at, {'says': 1})]:
        write(file, leaf(by, extensions, **more), by)
        if 'key' in more:
            write_private(file, more['key'])


if PART:
    globals()[PART]()
else:
    authorities()
    peers_names()
    peers_dates()
    peers_authority()
    peers_leaf()
    peers_keys()
    peers_shapes()
    peers_broken()
    peers_limits()
    peers_odd()
    write_private('leaf', K)
