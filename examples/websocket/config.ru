# frozen_string_literal: true

# An echo over a WebSocket, and a page to try it on:
#
#     bin/kino --threads 8 examples/websocket/config.ru
#
# Each open connection holds one thread of one worker, so the number of threads is the number of connections. Ruby 3.4
# takes one thread a worker in ractor mode; there it is `--workers 8`, or `--mode threaded --threads 8`.

require_relative "echo"

run Echo
