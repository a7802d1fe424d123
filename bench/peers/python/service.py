"""The service that firn's idea began as: asyncio, websockets, pydantic, hashlib, canonical JSON, append, fsync.

One process, one event loop. It speaks the part of firn.v1 that a load generator needs. Nothing is acknowledged before the
fsync that covers it. A batch is written at 2,000 records or after 5 ms; what comes while one is written and synced rides on
the next, up to 20,000. Frames wait in a queue of limited length, and behind it in their sockets.

    python3 service.py --dir DIR [--port 0]

The file holds a line per record: `<SHA-256> <canonical JSON>`.
"""

import argparse
import asyncio
import hashlib
import json
import os
import platform
import sys
import time
import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Literal, Optional
from urllib.parse import parse_qs, urlsplit

import pydantic
import websockets
from websockets.version import version as websockets_version

try:
    import uvloop
except ImportError:
    uvloop = None

PATH = "/v1/streams/coldchain/ws"
WINDOW = 64
MAX_FRAME_BYTES = 128 * 1024
MAX_REJECTS_TOLD = 16
BATCH_RECORDS = 2000
BATCH_SECONDS = 0.005
LARGEST_BATCH_RECORDS = 20_000
TURN_RECORDS = 250
QUEUED_FRAMES = 2000
BACKLOG = 4096


class Telemetry(pydantic.BaseModel):
    """telemetry/1."""

    sensor_id: pydantic.constr(strict=True, min_length=4, max_length=64)
    timestamp_utc: pydantic.constr(
        strict=True, regex=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|\+00:00)\Z"
    )
    temperature_c: float = pydantic.Field(ge=-100, le=100)
    zone_id: pydantic.constr(strict=True, max_length=64, regex=r"^[A-Z0-9-]+\Z")
    compliance_state: Literal["within_spec", "excursion", "unknown"] = "unknown"
    raw_payload_hash: Optional[pydantic.constr(strict=True, regex=r"^[0-9a-f]{64}\Z")] = None

    class Config:
        extra = pydantic.Extra.forbid

    @pydantic.validator("temperature_c", pre=True)
    def is_number(cls, value):
        if type(value) not in (int, float):
            raise TypeError("not a number")
        return value

    @pydantic.validator("timestamp_utc")
    def is_moment(cls, value):
        datetime.fromisoformat(value[:19])
        return value


CODES = {
    "value_error.missing": "field.missing",
    "value_error.extra": "field.unknown",
    "value_error.const": "field.enum",
    "value_error.str.regex": "field.pattern",
    "value_error.any_str.min_length": "field.length",
    "value_error.any_str.max_length": "field.length",
    "value_error.number.not_ge": "field.range",
    "value_error.number.not_le": "field.range",
}


def code_of(error):
    """The code of firn.v1 that comes nearest to a fault of pydantic's."""
    kind = error["type"]
    if kind in ("value_error", "value_error.str.regex") and error["loc"] == ("timestamp_utc",):
        return "timestamp.calendar" if kind == "value_error" else "timestamp.syntax"
    return CODES.get(kind, "field.type")


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def parse(text):
    """The value of a JSON text, or the exception: Python's NaN and Infinity are no JSON."""
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        return error


def records_of(text):
    """The records of a frame: the elements of one JSON array, or one a line."""
    if text.lstrip().startswith("["):
        records = parse(text)
        return records if isinstance(records, list) else [records]
    return [parse(line) for line in text.split("\n") if line and not line.isspace()]


def canonical(reading):
    fields = reading.dict(exclude_none=True)
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Batch:
    """Lines to be written together, and who waits for them."""

    def __init__(self):
        self.lines = []
        self.sessions = set()

    def add(self, line):
        self.lines.append(b"%s %s\n" % (hashlib.sha256(line).hexdigest().encode(), line))


class Writer:
    """The queue of frames, and the file that their records end in."""

    def __init__(self, folder):
        path = os.path.join(folder, f"readings-{time.time_ns()}.lines")
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        directory = os.open(folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
        self.queue = asyncio.Queue(QUEUED_FRAMES)

    async def run(self):
        """Batch after batch. Ends with the error when a write fails: what is on disk is not known any more."""
        writing = None
        while True:
            batch = await self.collect()
            while writing is not None and not writing.done() and len(batch.lines) < LARGEST_BATCH_RECORDS:
                self.take_queued(batch)
                await asyncio.wait({writing}, timeout=BATCH_SECONDS if self.queue.empty() else 0)
            if writing is not None:
                await writing
            writing = asyncio.create_task(self.commit(batch))
            # It begins now, and the sockets get a turn.
            await asyncio.sleep(0)

    async def collect(self):
        """A batch of 2,000 records, or of what has come within 5 ms of its first frame."""
        loop = asyncio.get_running_loop()
        batch = Batch()
        session, text = await self.queue.get()
        due = loop.time() + BATCH_SECONDS
        while True:
            session.on_frame(text, batch)
            left = due - loop.time()
            if len(batch.lines) >= BATCH_RECORDS or left <= 0:
                return batch
            try:
                waits = self.queue.empty()
                session, text = await asyncio.wait_for(self.queue.get(), left) if waits else self.queue.get_nowait()
            except asyncio.TimeoutError:
                return batch

    def take_queued(self, batch):
        """What is there already, but not so much that the event loop stands still for long."""
        end = len(batch.lines) + TURN_RECORDS
        while len(batch.lines) < end and not self.queue.empty():
            session, text = self.queue.get_nowait()
            session.on_frame(text, batch)

    async def commit(self, batch):
        answers = [(session, session.frames) for session in batch.sessions]
        if batch.lines:
            await asyncio.get_running_loop().run_in_executor(None, self.write, b"".join(batch.lines))
        for session, frames in answers:
            session.tell({"type": "ack", "next": frames})

    def write(self, data):
        """In a thread: fsync lets the event loop go on."""
        while data:
            data = data[os.write(self.file, data) :]
        os.fsync(self.file)


class Session:
    """One connection: frames are counted from 0."""

    def __init__(self, socket):
        self.socket = socket
        self.frames = 0

    def tell(self, message):
        # broadcast() to one: it writes and does not wait until a slow client has read.
        websockets.broadcast((self.socket,), json.dumps(message, separators=(",", ":")))

    def on_frame(self, text, batch):
        refused = 0
        for index, record in enumerate(records_of(text)):
            fault = self.take(record, batch)
            if fault is None:
                continue
            refused += 1
            if refused <= MAX_REJECTS_TOLD:
                self.tell({"type": "reject", "frame": self.frames, "record": index, **fault})
        if refused > MAX_REJECTS_TOLD:
            self.tell({"type": "reject", "frame": self.frames, "more": refused - MAX_REJECTS_TOLD})
        self.frames += 1
        batch.sessions.add(self)

    def take(self, record, batch):
        """Keeps a record; the fault of a refused one."""
        if isinstance(record, Exception):
            return {"code": "json.syntax", "detail": str(record)}
        if not isinstance(record, dict):
            return {"code": "record.not-object", "detail": "not an object"}
        try:
            batch.add(canonical(Telemetry(**record)))
            return None
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            return {"code": code_of(first), "detail": f"{first['loc'][0]}: {first['msg']}"}
        except UnicodeEncodeError:
            return {"code": "json.lone-surrogate", "detail": "a string is not Unicode text"}


async def only_stream(path, headers):
    if urlsplit(path).path != PATH:
        return HTTPStatus.NOT_FOUND, [], b"no such stream\n"
    return None


async def serve(folder, port):
    writer = Writer(folder)

    async def on_connection(socket, path):
        session = Session(socket)
        asked = parse_qs(urlsplit(path).query).get("session", [str(uuid.uuid4())])[0]
        hello = {"session": asked, "next": 0, "window": WINDOW, "maxFrameBytes": MAX_FRAME_BYTES}
        session.tell({"type": "hello", **hello})
        try:
            async for message in socket:
                text = message if isinstance(message, str) else message.decode(errors="replace")
                await writer.queue.put((session, text))
        except websockets.ConnectionClosed:
            pass

    # No pings: a loop at its limit answers late, and the generator's connections would be closed for it.
    options = {
        "process_request": only_stream,
        "subprotocols": ["firn.v1"],
        "compression": None,
        "max_size": MAX_FRAME_BYTES,
        "ping_interval": None,
        "backlog": BACKLOG,
    }
    async with websockets.serve(on_connection, "127.0.0.1", port, **options) as server:
        speed = "with" if "websockets.speedups" in sys.modules else "without"
        versions = (
            f"Python {platform.python_version()}, pydantic {pydantic.VERSION}"
            f" ({'compiled' if pydantic.compiled else 'pure Python'}), websockets {websockets_version}"
            f" ({speed} its C part), {f'uvloop {uvloop.__version__}' if uvloop else 'no uvloop'}"
        )
        ready = {"port": server.sockets[0].getsockname()[1], "versions": versions}
        print("ready " + json.dumps(ready), flush=True)
        await writer.run()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    if uvloop is not None:
        uvloop.install()
    asyncio.run(serve(options.dir, options.port))


if __name__ == "__main__":
    main()
