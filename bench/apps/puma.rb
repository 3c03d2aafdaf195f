# frozen_string_literal: true

# Puma's configuration in bench/run. Every setting is either in Puma's favour or its default; workers, threads and the
# address come from the command line.

preload_app!
# By default Puma closes a connection after 999 requests. Kino has no such limit, and reconnecting would distort the
# measurement of both.
max_keep_alive Float::INFINITY
log_requests false
silence_single_worker_warning
