#!/usr/bin/env python3
"""Talks to the echo example with a client that others wrote:

    pip install websockets
    python check.py ws://127.0.0.1:9292/echo
"""

import sys

from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

LONGEST = 1024 * 1024


def echoes(client, message):
    client.send(message)
    assert client.recv() == message, "not what was sent"


def check(url):
    # compression=None: the example agrees on no extension, so the offer of one would only be passed over.
    for compression in (None, "deflate"):
        with connect(url, compression=compression, max_size=None) as client:
            for size in (0, 1, 125, 126, 127, 65_535, 65_536, LONGEST):
                echoes(client, "k" * size)
                echoes(client, bytes(range(256)) * (size // 256) + bytes(size % 256))
            echoes(client, "Grüße, 世界 🌍")
            client.send(["one ", "message ", "in ", "parts"])
            assert client.recv() == "one message in parts"
            assert client.ping(b"are you there?").wait(10), "no pong"
        assert client.protocol.close_code == 1000, client.protocol.close_code

    with connect(url, max_size=None) as client:
        client.send(b"x" * (LONGEST + 1))
        try:
            client.recv()
            raise AssertionError("a message that is too long was taken")
        except ConnectionClosedError as closed:
            assert closed.rcvd and closed.rcvd.code == 1009, closed


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check(sys.argv[1])
    print("ok")
