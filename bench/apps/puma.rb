# frozen_string_literal: true

# Puma's side of bench/run. What stands here is in Puma's favour or Puma's own default; workers, threads and the
# address come from the command line.

preload_app!
# By default Puma closes a connection after 999 requests. Kino has no such limit, and a load generator that reconnects
# all the time would not measure either of them.
max_keep_alive Float::INFINITY
log_requests false
silence_single_worker_warning
