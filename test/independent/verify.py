#!/usr/bin/env python3
"""Checks a firn lake (a directory) from its public format alone.

Nothing here is shared with the engine: one file, Python's standard library (3.9 or newer), and the `zstd` program for
decompression. Where `zstd` is absent the lines inside the objects are not looked at; the report says so.

    verify.py LAKE [--key VKEY]... [--policy FILE] [--since FILE] [--grace SECONDS] [--json]

Exit: 0 sound, 1 findings, 2 could not run, or nothing found but the contents could not be checked.
"""

import argparse
import base64
import binascii
import datetime
import functools
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time

MAX_BODY = 64 << 20
MAX_WINDOW = 8 << 20
HEX64 = re.compile(r"[0-9a-f]{64}\Z")
COUNTER = re.compile(r"(0|[1-9][0-9]{0,19})\Z")
FIRN_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z", re.ASCII)
SENDER_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)\Z", re.ASCII)
BATCH_KEY = re.compile(
    r"(?P<cls>audit|dead-letter/[a-z][a-z0-9-]{0,62}|[a-z][a-z0-9-]{0,62})"
    r"/year=(?P<y>\d{4})/month=(?P<m>\d\d)/day=(?P<d>\d\d)/batch_(?P<root>[0-9a-f]{64})_(?P<seq>[1-9]\d{0,19})\.ndjson\.zst\Z",
    re.ASCII,
)
COMMON = {"acct", "clock", "count", "engine", "format", "kind", "prev", "sealed_utc"}
WITH_OBJECT = COMMON | {
    "excursions", "first_seq", "key", "last_seq", "ndjson_bytes", "ndjson_sha256", "root", "schema", "schema_sha256",
    "ts_max", "ts_min", "zstd_bytes", "zstd_sha256",
}
DEAD_LETTER = {"code", "detail", "path", "raw_b64", "received_utc", "rejected_utc", "schema", "source"}
DEAD_SOURCE = {"frame", "principal", "record", "session"}
AUDIT = {"action", "actor", "at_utc", "authorised_by", "new", "old", "reason", "target"}


class Bad(Exception):
    """What was read is not what the format says."""

    verdict = "ALTERED"


class Misplaced(Bad):
    """Sound, but not where it belongs."""

    verdict = "MISPLACED"


# --- SHA-256 and the tree of RFC 6962 §2.1 ---------------------------------------------------------------------------

def sha(data):
    return hashlib.sha256(data).digest()


def leaf_hash(data):
    return sha(b"\0" + data)


def fold_levels(leaves):
    """All levels of the tree, lowest first; an odd last node is carried up unchanged (equals RFC 6962's split)."""
    level = list(leaves)
    while len(level) > 1:
        up = [sha(b"\1" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) & 1:
            up.append(level[-1])
        level = up
    return level[0] if level else sha(b"")


# --- Ed25519, RFC 8032 §5.1 ------------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def point_add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return (i * j % P, k * m % P, j * k % P, i * m % P)


def point_mul(scalar, point):
    out = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            out = point_add(out, point)
        point = point_add(point, point)
        scalar >>= 1
    return out


def point_decode(data):
    value = int.from_bytes(data, "little")
    sign, y = value >> 255, value & ((1 << 255) - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else (0, y, 1, 0)
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P:
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def base_point():
    return point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


BASE = base_point()


def ed25519_verify(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point_decode(public), point_decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = point_mul(s, BASE), point_add(r, point_mul(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- signed notes, checkpoints, policies (C2SP) ----------------------------------------------------------------------

def b64(text):
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad("base64 that does not decode")
    if base64.b64encode(raw).decode() != text:
        raise Bad("base64 that is not canonical")
    return raw


def parse_vkey(text):
    """A verifier key `name+hash+base64(0x01 ‖ public key)` -> (name, key id, public key)."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise Bad("not a verifier key: " + text)
    name, ident, data = parts[0], parts[1], b64(parts[2])
    if len(data) != 33 or data[0] != 1:
        raise Bad("not an Ed25519 verifier key: " + text)
    want = sha(name.encode() + b"\n" + data)[:4]
    if ident != want.hex():
        raise Bad("the id of the verifier key does not belong to it: " + text)
    return name, want, data[1:]


def parse_policy(text):
    keys = []
    for line in text.split("\n"):
        words = line.split("#", 1)[0].split()
        if words and words[0] == "log":
            if len(words) < 2:
                raise Bad("a log line without a key")
            keys.append(parse_vkey(words[1]))
        elif words and words[0] not in ("witness", "group", "quorum"):
            raise Bad("unknown word in the policy: " + words[0])
    return keys


def check_policy(text, keys):
    """A policy of logs alone is written in one way; one that an operator extended by witnesses is his."""
    if len({k[2] for k in keys}) != len(keys):
        raise Bad("the policy names a key again")
    lines = text.split("\n")
    if not any(line.split()[:1] in (["witness"], ["group"]) for line in lines):
        if lines[-2:] != ["quorum none", ""] or not all(re.match(r"log \S+\Z", line) for line in lines[:-2]):
            raise Bad("the policy is not as firn writes it")


def open_checkpoint(data, keys, origin):
    """-> (size, root, [(verdict, reason)]). Raises Bad when it is not a checkpoint at all."""
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad("not UTF-8")
    cut = note.rfind("\n\n")
    if cut < 0 or not note.endswith("\n"):
        raise Bad("not a signed note")
    text, lines = note[: cut + 1], note[cut + 2 :].split("\n")[:-1]
    body = text.split("\n")
    if len(body) < 4 or body[-1] != "" or not COUNTER.match(body[1]):
        raise Bad("not a checkpoint")
    root = b64(body[2])
    if len(root) != 32 or not lines or "" in body[:-1]:
        raise Bad("not a checkpoint")
    trouble, good, other = [], 0, 0
    for line in lines:
        words = line.split(" ")
        if len(words) != 3 or words[0] != "\u2014":
            raise Bad("not a signature line")
        raw = b64(words[2])
        if len(raw) < 5:
            raise Bad("a signature that is too short")
        known = [k for k in keys if k[0] == words[1] and k[1] == raw[:4]]
        if not known:
            other += 1
        for _name, _id, public in known:
            if ed25519_verify(public, text.encode(), raw[4:]):
                good += 1
            else:
                trouble.append(("BAD_SIGNATURE", "the signature does not verify"))
    if body[0] != origin:
        trouble.append(("MISPLACED", "the checkpoint is of " + body[0]))
    if not good and not trouble:
        trouble.append(("UNKNOWN_KEY", "%d signature(s), none by a key that is trusted" % other))
    return int(body[1]), root, trouble


# --- JSON canonicalisation, RFC 8785 ---------------------------------------------------------------------------------

@functools.lru_cache(maxsize=65536)
def es_number(value):
    """ECMAScript's Number::toString of a double."""
    if value != value or value in (float("inf"), float("-inf")):
        raise Bad("not a finite number")
    if value == 0:
        return "0"
    sign, digits = ("-", repr(-value)) if value < 0 else ("", repr(value))
    mantissa, _, exponent = digits.partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    point = len(whole) + int(exponent or 0)
    run = whole + fraction
    stripped = run.lstrip("0")
    point -= len(run) - len(stripped)
    run = stripped.rstrip("0")
    k = len(run)
    if k <= point <= 21:
        return sign + run + "0" * (point - k)
    if 0 < point <= 21:
        return sign + run[:point] + "." + run[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + run
    e = ("+" if point > 0 else "-") + str(abs(point - 1))
    return sign + run[0] + ("." + run[1:] if k > 1 else "") + "e" + e


def canonical(value):
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(n) + ":" + canonical(value[n]) for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return es_number(float(value))


def no_constant(_text):
    raise Bad("NaN or Infinity")


@functools.lru_cache(maxsize=65536)
def number_token(text):
    if es_number(float(text)) != text:
        raise Bad("a number that is not in canonical form: " + text[:40])
    return float(text)


@functools.lru_cache(maxsize=65536)
def integer_token(text):
    number_token(text)
    return int(text)


DECODER = json.JSONDecoder(parse_float=number_token, parse_int=integer_token, parse_constant=no_constant)
ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def parse_canonical(data):
    """The value of one canonical JSON text; Bad when the bytes are not what RFC 8785 gives for it."""
    try:
        text = data.decode("utf-8")
        value = DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise Bad("not JSON: %s" % error)
    if data.isascii() and ENCODER.encode(value) == text:
        return value
    try:
        again = canonical(value)
    except (UnicodeEncodeError, RecursionError):
        raise Bad("a lone surrogate, or too deep")
    if again != text:
        raise Bad("not in canonical form")
    return value


# --- one zstd frame, RFC 8878 ----------------------------------------------------------------------------------------

def zstd_frame(data):
    """The content size of exactly one ordinary frame; Bad otherwise."""
    if len(data) < 6 or data[:4] != b"\x28\xb5\x2f\xfd":
        raise Bad("not a zstd frame")
    descriptor = data[4]
    single = descriptor >> 5 & 1
    at = 5
    if descriptor & 0x08:
        raise Bad("a reserved bit is set in the zstd frame header")
    if descriptor & 3:
        raise Bad("the zstd frame names a dictionary")
    window = None
    if not single:
        exponent, mantissa = data[at] >> 3, data[at] & 7
        window = (1 << (10 + exponent)) + ((1 << (10 + exponent)) >> 3) * mantissa
        at += 1
    width = (single, 2, 4, 8)[descriptor >> 6]
    if not width:
        raise Bad("the zstd frame does not tell its content size")
    size = int.from_bytes(data[at : at + width], "little") + (256 if width == 2 else 0)
    at += width
    if (size if single else window) > MAX_WINDOW:
        raise Bad("the zstd window is over 8 MiB")
    last = False
    while not last:
        if at + 3 > len(data):
            raise Bad("the zstd frame is cut short")
        head = int.from_bytes(data[at : at + 3], "little")
        last, kind = bool(head & 1), head >> 1 & 3
        if kind == 3:
            raise Bad("a reserved zstd block type")
        at += 3 + (1 if kind == 1 else head >> 3)
    at += 4 if descriptor & 4 else 0
    if at != len(data):
        raise Bad("bytes after the zstd frame" if at < len(data) else "the zstd frame is cut short")
    return size


def zstd_decode(program, data, size):
    if size > 16 * MAX_BODY:
        raise Bad("content of %d bytes" % size)
    run = subprocess.run([program, "-d", "-c", "-q"], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode != 0:
        raise Bad("zstd: " + run.stderr.decode("utf-8", "replace").strip()[:120])
    if len(run.stdout) != size:
        raise Bad("the zstd frame gives %d bytes, its header says %d" % (len(run.stdout), size))
    return run.stdout


# --- paths -----------------------------------------------------------------------------------------------------------

def tile_index(n):
    out = "%03d" % (n % 1000)
    while n >= 1000:
        n //= 1000
        out = "x%03d/%s" % (n % 1000, out)
    return out


def tile_path(level, n, width):
    return "tile/%s/%s%s" % (level, tile_index(n), "" if width == 256 else ".p/%d" % width)


def instant(text):
    """(day, comparable instant) of a sender's time stamp."""
    m = SENDER_TIME.match(text) if isinstance(text, str) else None
    if not m or int(m[2]) > 23 or int(m[3]) > 59 or int(m[4]) > 59:
        raise Bad("not a UTC time stamp: %r" % (text,))
    try:
        datetime.date.fromisoformat(m[1])
    except ValueError:
        raise Bad("no such day: " + m[1])
    return m[1], text[:19] + (m[5] or "").ljust(9, "0")


# --- the lake --------------------------------------------------------------------------------------------------------

class Lake:
    def __init__(self, root, zstd, grace):
        self.root, self.zstd, self.grace = root, zstd, grace
        self.findings, self.ok, self.records, self.known, self.young = [], 0, 0, set(), 0
        self.missing, self.holds, self.wants, self.told = {}, {}, {}, set()
        self.origins = []
        self.started = time.time()

    def is_young(self, key):
        """Whether a file is there that may belong to an engine that has only begun."""
        try:
            return os.lstat(os.path.join(self.root, *key.split("/"))).st_mtime >= self.started - self.grace
        except OSError:
            return False

    def move(self, verdict, key, reason):
        """An object that is not at its key, or not what its key says, is found elsewhere."""
        for finding in self.findings:
            if finding["verdict"] == verdict and finding["key"] == key:
                finding.update(verdict="MISPLACED", reason=reason)

    def find(self, verdict, key, index, reason):
        self.findings.append({"verdict": verdict, "key": key, "index": index, "reason": reason})

    def read(self, key, limit=MAX_BODY):
        path = os.path.join(self.root, *key.split("/"))
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise Bad("not a regular file")
            if os.path.getsize(path) > limit:
                raise Bad("larger than %d bytes" % limit)
            with open(path, "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def files(self):
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, self.root).replace(os.sep, "/"), path

    def find_origins(self):
        out, base = [], os.path.join(self.root, "_log")
        for folder, folders, names in os.walk(base):
            if "checkpoint" in names or "policy" in names or "tile" in folders or "checkpoints" in folders:
                out.append(os.path.relpath(folder, base).replace(os.sep, "/"))
                folders[:] = [f for f in folders if f not in ("tile", "checkpoints")]
        return sorted(out)


def check_log(lake, origin, trusted, since):
    """Log, tiles, checkpoints, seals and objects of one origin."""
    base = "_log/" + origin + "/"
    name = lambda rest: base + rest
    keys = [k for k in trusted or [] if k[0] == origin]
    lake.known.update((name("checkpoint"), name("policy")))
    begun = True
    if trusted is None:
        try:
            data = lake.read(name("policy"))
            if data is None:
                lake.find("MISSING", name("policy"), None, "the lake has no policy for this log")
            else:
                text = data.decode("utf-8")
                keys = [k for k in parse_policy(text) if k[0] == origin]
                check_policy(text, parse_policy(text))
        except (Bad, UnicodeDecodeError) as error:
            lake.find("ALTERED", name("policy"), None, str(error))
    notes, kept = {}, 0
    folder = os.path.join(lake.root, "_log", *origin.split("/"), "checkpoints")
    for entry in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        key = name("checkpoints/" + entry)
        if not re.match(r"\d{20}\Z", entry, re.ASCII) or os.path.isdir(os.path.join(folder, entry)):
            continue
        lake.known.add(key)
        try:
            data = lake.read(key)
            if data is None:
                lake.find("MISSING", key, None, "no checkpoint here")
                continue
            size, root, trouble = open_checkpoint(data, keys, origin)
            if entry != "%020d" % size:
                trouble.append(("MISPLACED", "the name is not the size, %d" % size))
            else:
                kept = max(kept, size)
            if not trouble:
                notes[key] = (size, root)
            for verdict, reason in trouble:
                lake.find(verdict, key, None, reason)
        except Bad as error:
            lake.find("ALTERED", key, None, str(error))
    newest = max((s for s, _ in notes.values()), default=None)
    try:
        data = lake.read(name("checkpoint"))
        if data is None:
            begun = kept > 0 or trusted is not None or since or not lake.is_young(name("policy"))
            if begun:
                lake.find("MISSING", name("checkpoint"), None, "the log has no checkpoint")
            size = kept
        else:
            size, root, trouble = open_checkpoint(data, keys, origin)
            if not trouble:
                notes[name("checkpoint")] = (size, root)
            for verdict, reason in trouble:
                lake.find(verdict, name("checkpoint"), None, reason)
            if newest is not None and newest > size:
                lake.find("ROLLBACK", name("checkpoint"), None, "size %d, but checkpoints/ holds %d" % (size, newest))
    except Bad as error:
        lake.find("ALTERED", name("checkpoint"), None, str(error))
        size = kept
    if since:
        was = open_checkpoint(since, keys, origin)
        for verdict, reason in was[2]:
            lake.find(verdict, "--since", None, reason)
        if was[0] > size:
            lake.find("ROLLBACK", name("checkpoint"), None, "size %d is below the %d of --since" % (size, was[0]))
        elif not was[2]:
            notes["--since"] = was[:2]
    seals, leaves = read_entries(lake, name, size)
    leaves, doubted = published_leaves(lake, name, leaves, notes.get(name("checkpoint")))
    if len(leaves) == size and None not in leaves:
        for key, (at, root) in sorted(notes.items()):
            if at <= size and fold_levels(leaves[:at]) != root:
                lake.find("FORK", key, None, "the root of the first %d entries is another" % at)
        check_tiles(lake, name, leaves)
    check_kept_tiles(lake, name, [at for key, (at, _) in notes.items() if "/checkpoints/" in key], size)
    check_partials(lake, origin, name, [None if i in doubted else s for i, s in enumerate(seals)], leaves, size)
    check_seals(lake, origin, seals, doubted)
    lake.origins.append({"origin": origin, "size": size, "keys": [k[0] + "+" + k[1].hex() for k in keys], "begun": begun})


def split_bundle(data):
    out, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        if at + 2 + size > len(data):
            raise Bad("an entry that is cut short")
        out.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return out


def find_hash_tile(lake, name, n, width):
    if not os.path.isfile(os.path.join(lake.root, *name(tile_path(0, n, width)).split("/"))):
        lake.find("MISSING", name(tile_path(0, n, width)), None, "the tile does not exist")


def read_entries(lake, name, size):
    seals, leaves = [], []
    folder = os.path.join(lake.root, *name("tile/entries").split("/"))
    there = [os.path.relpath(os.path.join(at, f), folder) for at, _, files in os.walk(folder) for f in files]
    numbers = [re.sub(r"\.p/\d+\Z", "", f.replace(os.sep, "/")).replace("x", "").replace("/", "") for f in there]
    highest = max((int(n) for n in numbers if n.isdigit()), default=-1)
    for n in range((size + 255) // 256):
        if n > highest:
            # A checkpoint may speak of more seals than there can ever be: the rest is one finding.
            lake.find("GAP", name("tile/entries"), n * 256, "entries %d to %d are missing" % (n * 256, size - 1))
            find_hash_tile(lake, name, n, min(256, size - n * 256))
            break
        width = min(256, size - n * 256)
        key = name(tile_path("entries", n, width))
        lake.known.add(key)
        found = []
        try:
            data = lake.read(key)
            if data is None:
                lake.find("GAP", key, n * 256, "entries %d to %d are missing" % (n * 256, n * 256 + width - 1))
                find_hash_tile(lake, name, n, width)
            else:
                found = split_bundle(data)
                if len(found) != width:
                    found = []
                    raise Bad("%d entries instead of %d" % (len(found), width))
        except Bad as error:
            lake.find("ALTERED", key, n * 256, str(error))
        found = (found + [None] * width)[:width]
        seals += found
        leaves += [None if s is None else leaf_hash(s) for s in found]
    return seals, leaves


def published_leaves(lake, name, leaves, head):
    """Where the entries do not give the signed root, but the published hashes do, the entries were changed: which?"""
    if head is None or head[0] != len(leaves) or None in leaves or fold_levels(leaves) == head[1]:
        return leaves, set()
    published = b""
    for n in range((len(leaves) + 255) // 256):
        try:
            published += lake.read(name(tile_path(0, n, min(256, len(leaves) - n * 256)))) or b""
        except Bad:
            return leaves, set()
    published = [published[i : i + 32] for i in range(0, len(published), 32)]
    if len(published) != len(leaves) or fold_levels(published) != head[1]:
        return leaves, set()
    doubted = {i for i, leaf in enumerate(leaves) if leaf != published[i]}
    for i in sorted(doubted):
        key = name(tile_path("entries", i // 256, min(256, len(leaves) - i // 256 * 256)))
        lake.find("ALTERED", key, i, "entry %d is not the one in the log" % i)
    return published, doubted


def check_tiles(lake, name, leaves):
    """Every full tile and the partial tile of this size, on every level."""
    level, hashes = 0, leaves
    while hashes:
        for n in range((len(hashes) + 255) // 256):
            part = hashes[n * 256 : n * 256 + 256]
            key = name(tile_path(level, n, len(part)))
            lake.known.add(key)
            try:
                data = lake.read(key)
            except Bad:
                data = b""
            if data is None:
                lake.find("MISSING", key, None, "the tile does not exist")
            elif data != b"".join(part):
                lake.find("ALTERED", key, None, "the tile does not hold the hashes of the entries")
        hashes = [fold_levels(hashes[i : i + 256]) for i in range(0, len(hashes) - 255, 256)]
        level += 1


def check_kept_tiles(lake, name, sizes, now):
    """A partial tile of a published size is there for as long as there is no full one in its place."""
    for size in sorted({at for at in sizes if at < now}):
        level = 0
        while size >> (8 * level):
            nodes, today = size >> (8 * level), now >> (8 * level)
            n, width = divmod(nodes, 256)
            if width and today != nodes and today < (n + 1) * 256:
                for kind in ([0, "entries"] if level == 0 else [level]):
                    key = name(tile_path(kind, n, width))
                    if not os.path.isfile(os.path.join(lake.root, *key.split("/"))) and key not in lake.told:
                        lake.told.add(key)
                        lake.find("MISSING", key, None, "the tile of size %d does not exist" % size)
            level += 1


def check_partials(lake, origin, name, seals, leaves, size):
    """Partial tiles of earlier sizes: each must be the beginning of what the log holds now."""
    levels = {0: leaves}
    pattern = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?\Z", re.ASCII)
    top = os.path.join(lake.root, "_log", *origin.split("/"), "tile")
    for folder, _folders, names in os.walk(top):
        for entry in names:
            rest = os.path.relpath(os.path.join(folder, entry), os.path.dirname(top)).replace(os.sep, "/")
            match = pattern.match(rest)
            if name(rest) in lake.known or not match:
                continue
            n = int(match[2].replace("x", "").replace("/", ""))
            width = int(match[3] or 256)
            level = 0 if match[1] == "entries" else int(match[1])
            if tile_path(match[1], n, width) != rest:
                continue
            if level and level not in levels and None not in leaves:
                span = 256**level
                levels[level] = [fold_levels(leaves[i : i + span]) for i in range(0, len(leaves) - span + 1, span)]
            have = (seals if match[1] == "entries" else levels.get(level, []))[n * 256 : n * 256 + width]
            if len(have) < width and n * 256 + width > size // 256 ** level:
                continue
            lake.known.add(name(rest))
            if len(have) < width or None in have:
                continue
            try:
                data = lake.read(name(rest))
            except Bad:
                data = b""
            want = b"".join(len(s).to_bytes(2, "big") + s for s in have) if match[1] == "entries" else b"".join(have)
            if data != want:
                lake.find("ALTERED", name(rest), None, "an earlier tile that the log does not begin with")


def decode_seal(data):
    seal = parse_canonical(data)
    if not isinstance(seal, dict) or seal.get("format") != "firn.batch/1":
        raise Bad("not a firn.batch/1 seal")
    kind = seal.get("kind")
    if kind not in ("records", "dead-letter", "audit", "heartbeat"):
        raise Bad("unknown kind of seal")
    if set(seal) != (COMMON if kind == "heartbeat" else WITH_OBJECT):
        raise Bad("members of the seal are missing or too many")
    acct = seal["acct"]
    if not isinstance(acct, dict) or set(acct) != {"accepted", "duplicate", "received", "rejected"}:
        raise Bad("acct is malformed")
    counters = list(acct.values()) + ([] if kind == "heartbeat" else [seal["first_seq"], seal["last_seq"]])
    if not all(isinstance(c, str) and COUNTER.match(c) for c in counters):
        raise Bad("a counter is malformed")
    if not FIRN_TIME.match(seal["sealed_utc"]) or not HEX64.match(seal["prev"]):
        raise Bad("sealed_utc or prev is malformed")
    if kind == "heartbeat":
        if seal["count"] != 0:
            raise Bad("a heartbeat with records")
    else:
        for member in ("root", "ndjson_sha256", "zstd_sha256", "schema_sha256"):
            if not isinstance(seal[member], str) or not HEX64.match(seal[member]):
                raise Bad(member + " is malformed")
        for member in ("count", "ndjson_bytes", "zstd_bytes"):
            if not isinstance(seal[member], int) or seal[member] < 1:
                raise Bad(member + " is malformed")
    return seal


def check_seals(lake, origin, seals, doubted):
    before, prev, sums, nexts = None, b"0" * 64, {"records": 0, "dead-letter": 0}, {}
    drained, complete = False, True
    last = None
    for index, data in enumerate(seals):
        tile = "_log/%s/%s" % (origin, tile_path("entries", index // 256, min(256, len(seals) - index // 256 * 256)))
        if data is None:
            prev, nexts, complete = None, {}, False
            continue
        chain, prev = prev, None if index in doubted else hashlib.sha256(data).hexdigest().encode()
        try:
            seal = decode_seal(data)
        except (Bad, TypeError, KeyError) as error:
            # Told once: sums and sequences are not held against the seals after it.
            lake.find("ALTERED", tile, index, "seal: %s" % error)
            nexts, complete = {}, False
            continue
        key = seal.get("key", tile)
        if chain is not None and seal["prev"].encode() != chain:
            lake.find("GAP", key, index, "prev is not the hash of the seal before")
        if seal["engine"] != origin:
            lake.find("MISPLACED", key, index, "the seal is of " + str(seal["engine"]))
        acct = {k: int(v) for k, v in seal["acct"].items()}
        if acct["received"] != acct["accepted"] + acct["rejected"] + acct["duplicate"]:
            lake.find("UNBALANCED", key, index, "received is not accepted + rejected + duplicate")
        if before is not None:
            if seal["sealed_utc"] < before["sealed_utc"]:
                lake.find("GAP", key, index, "sealed_utc runs backwards")
            if any(acct[k] < int(before["acct"][k]) for k in acct):
                lake.find("UNBALANCED", key, index, "a counter fell")
        before = seal
        last = (index, key, acct)
        if seal["kind"] == "heartbeat":
            continue
        if seal["kind"] in sums:
            sums[seal["kind"]] += seal["count"]
            drained = False  # the engine has started again: its `start` may not be sealed yet
        if sums["records"] > acct["accepted"] or sums["dead-letter"] > acct["rejected"]:
            lake.find("UNBALANCED", key, index, "more records sealed than accepted or rejected")
        match = BATCH_KEY.match(seal["key"])
        cls = match["cls"] if match else "?"
        kind = "audit" if cls == "audit" else "dead-letter" if cls.startswith("dead-letter/") else "records"
        if not match or match["root"] != seal["root"] or match["seq"] != seal["first_seq"] or kind != seal["kind"]:
            lake.find("MISPLACED", key, index, "the key does not fit the seal")
            continue
        if kind != "records" and seal["schema"] != kind + "/1":
            lake.find("ALTERED", key, index, "schema of a %s batch is %s" % (kind, seal["schema"]))
        first, end = int(seal["first_seq"]), int(seal["last_seq"])
        wanted = nexts.get(cls, 1 if complete else first)
        if first != wanted:
            lake.find("GAP", key, index, "%s begins at %d, expected %d" % (cls, first, wanted))
        if end - first + 1 != seal["count"]:
            lake.find("GAP", key, index, "last_seq - first_seq + 1 is not count")
        nexts[cls] = end + 1
        check_schema(lake, seal, index)
        lake.known.add(key)
        actions = check_object(lake, seal, index, "-".join((match["y"], match["m"], match["d"])))
        if "stop" in actions or "start" in actions:
            drained = actions[-1] == "stop"
        if complete and "stop" in actions and (sums["records"] != acct["accepted"] or sums["dead-letter"] != acct["rejected"]):
            lake.find("UNBALANCED", key, index, "at a stop, records are not sealed")
    if complete and drained and last and (sums["records"] != last[2]["accepted"] or sums["dead-letter"] != last[2]["rejected"]):
        lake.find("UNBALANCED", last[1], last[0], "after the last stop, records are not sealed")


def check_schema(lake, seal, index):
    key = "_schema/%s/%s.json" % (seal["schema"], seal["schema_sha256"])
    if key in lake.known:
        return
    lake.known.add(key)
    try:
        data = lake.read(key)
    except Bad as error:
        lake.find("ALTERED", key, index, str(error))
        return
    if data is None:
        lake.find("MISSING", key, index, "the schema that the seal names does not exist")
    elif hashlib.sha256(data).hexdigest() != seal["schema_sha256"]:
        lake.find("ALTERED", key, index, "the schema is not the one that the seal names")


def check_object(lake, seal, index, day):
    """Compares one object with its seal. -> the actions `start` and `stop` of an audit batch, in order."""
    key = seal["key"]
    try:
        data = lake.read(key)
        if data is None:
            lake.missing[key.rsplit("/", 1)[1]] = key
            lake.find("MISSING", key, index, "the object does not exist")
            return []
        same = hashlib.sha256(data).hexdigest() == seal["zstd_sha256"] and len(data) == seal["zstd_bytes"]
        size = zstd_frame(data)
        if not same:
            lake.holds[key], lake.wants[seal["zstd_sha256"]] = hashlib.sha256(data).hexdigest(), key
        if not lake.zstd:
            if not same:
                lake.find("ALTERED", key, index, "zstd_sha256 differs")
            return []
        body = zstd_decode(lake.zstd, data, size)
        if hashlib.sha256(body).hexdigest() != seal["ndjson_sha256"] or len(body) != seal["ndjson_bytes"]:
            raise Bad("ndjson_sha256 differs")
        actions = check_lines(seal, body, day)
    except Bad as error:
        lake.find(error.verdict, key, index, str(error))
        return []
    if not same:
        lake.find("RECOMPRESSED", key, index, "other bytes with the same content")
    else:
        lake.ok += 1
        lake.records += seal["count"]
    return actions


def check_lines(seal, body, day):
    if not body.endswith(b"\n"):
        raise Bad("the last line has no line feed")
    lines = body[:-1].split(b"\n")
    if len(lines) != seal["count"]:
        raise Bad("%d lines, the seal says %d" % (len(lines), seal["count"]))
    if fold_levels([leaf_hash(line) for line in lines]).hex() != seal["root"]:
        raise Bad("the root of the lines is another")
    kind, low, high, excursions, actions = seal["kind"], None, None, 0, []
    member = {"records": "timestamp_utc", "dead-letter": "received_utc", "audit": "at_utc"}[kind]
    for number, line in enumerate(lines, 1):
        try:
            value = parse_canonical(line)
            if not isinstance(value, dict):
                raise Bad("not an object")
            check_members(kind, value)
            own, at = instant(value.get(member))
        except Bad as error:
            raise Bad("line %d: %s" % (number, error))
        if own != day:
            raise Misplaced("line %d is of %s" % (number, own))
        if low is None or at < low[0]:
            low = (at, value[member])
        if high is None or at > high[0]:
            high = (at, value[member])
        if kind == "records" and "excursion" in (value.get("compliance_state"), value.get("evaluated_state")):
            excursions += 1
        if kind == "audit" and value["action"] in ("start", "stop"):
            actions.append(value["action"])
    if (low[1], high[1]) != (seal["ts_min"], seal["ts_max"]):
        raise Bad("ts_min or ts_max is not that of the lines")
    if excursions != seal["excursions"]:
        raise Bad("%d excursions, the seal says %s" % (excursions, seal["excursions"]))
    return actions


def check_members(kind, value):
    if kind == "dead-letter":
        if set(value) != DEAD_LETTER or not isinstance(value["source"], dict) or set(value["source"]) != DEAD_SOURCE:
            raise Bad("not a dead letter line")
        b64(value["raw_b64"])
    elif kind == "audit":
        if set(value) != AUDIT or not isinstance(value["action"], str):
            raise Bad("not an audit line")
    elif not isinstance(value.get("received_utc"), str) or not FIRN_TIME.match(value["received_utc"]):
        raise Bad("received_utc is malformed")


def check_listing(lake):
    """Files that nothing in any log names."""
    for key, digest in lake.holds.items():
        if digest in lake.wants:
            lake.move("ALTERED", key, "holds the object of " + lake.wants[digest])
    for key, path in lake.files():
        if key in lake.known:
            continue
        schema = re.match(r"_schema/[a-z][a-z0-9-]{0,62}/[1-9]\d{0,5}/([0-9a-f]{64})\.json\Z", key)
        if schema:
            try:
                data = lake.read(key)
            except Bad:
                data = None
            if data is None or hashlib.sha256(data).hexdigest() != schema[1]:
                lake.find("ALTERED", key, None, "the schema does not hash to its name")
            continue
        name = key.rsplit("/", 1)[-1]
        if name in lake.missing:
            lake.move("MISSING", lake.missing[name], "lies at " + key)
            continue
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            continue  # a temporary file of a running engine
        # Files written since the checkpoints were read are as young as those of the grace before; the future is no excuse.
        if stat.S_ISREG(found.st_mode) and lake.started - lake.grace <= found.st_mtime <= time.time() + lake.grace:
            lake.young += 1
        else:
            lake.find("UNLOGGED", key, None, "no log names this file")


def main():
    parser = argparse.ArgumentParser(description="Checks a firn lake from its public format alone.")
    parser.add_argument("lake")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY", help="trust this key")
    parser.add_argument("--policy", metavar="FILE", help="trust the keys of this policy")
    parser.add_argument("--since", metavar="FILE", help="a checkpoint kept from earlier")
    parser.add_argument("--grace", type=float, default=900, metavar="SECONDS")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    lake = Lake(args.lake, shutil.which("zstd"), args.grace)
    try:
        trusted = [parse_vkey(k) for k in args.key]
        if args.policy:
            with open(args.policy, encoding="utf-8") as file:
                trusted += parse_policy(file.read())
        since = None
        if args.since:
            with open(args.since, "rb") as file:
                since = file.read()
            open_checkpoint(since, [], "")
        origins = lake.find_origins()
        if not origins and (not os.path.isdir(args.lake) or not (trusted or since)):
            raise Bad("no log below %s/_log" % args.lake)
        kept = since.split(b"\n", 1)[0].decode("utf-8", "replace") if since else None
        if kept is not None and kept not in origins:
            lake.find("ROLLBACK", args.since, None, "the lake has no log %s any more" % kept)
        chosen = trusted if args.key or args.policy else None
        for origin in origins:
            check_log(lake, origin, chosen, since if origin == kept else None)
        for name in sorted({k[0] for k in chosen or []} - set(origins)):
            lake.find("MISSING", "_log/" + name, None, "a trusted key is of a log that is not in the lake")
        check_listing(lake)
        if origins and not lake.findings and not any(o["begun"] for o in lake.origins):
            raise Bad("%s has published nothing yet" % ", ".join(origins))
    except (Bad, OSError) as error:
        print("verify.py: %s" % error, file=sys.stderr)
        return 2
    code = 1 if lake.findings else 0 if lake.zstd else 2
    report = {
        "sound": code == 0, "origins": lake.origins, "objects": lake.ok, "records": lake.records, "young": lake.young,
        "contents": bool(lake.zstd), "keys": "given" if chosen is not None else "lake", "findings": lake.findings,
    }
    if args.json:
        print(json.dumps(report, indent=2))
        return code
    for o in lake.origins:
        print("log      %s, %d seals, keys %s" % (o["origin"], o["size"], ", ".join(o["keys"]) or "none"))
    print("objects  %d sound, %d records, %d files younger than the grace" % (lake.ok, lake.records, lake.young))
    for f in lake.findings:
        print("%-13s %s%s: %s" % (f["verdict"], f["key"], "" if f["index"] is None else " [%d]" % f["index"], f["reason"]))
    if not lake.zstd:
        print("NOT CHECKED: the zstd program is not here, so the lines inside the objects were not looked at")
    if chosen is None:
        print("The keys came from the lake itself; give --key or --policy to trust others.")
    print("sound" if code == 0 else "%d findings" % len(lake.findings))
    return code


if __name__ == "__main__":
    sys.exit(main())
