# frozen_string_literal: true

# A stream of server-sent events, and a page that shows it while it asks for other things:
#
#     bin/kino --threads 8 examples/events/config.ru
#
# Each open stream holds one thread of one worker, so the number of threads is the number of streams, and one of them
# should be left for other requests. Ruby 3.4 takes one thread a worker in ractor mode; there it is `--workers 8`, or
# `--mode threaded --threads 8`.

require_relative "events"

run Events
