# frozen_string_literal: true

# Middleware as it is used everywhere, which is not frozen.
class TimerRackup
  def initialize(app) = @app = app

  def call(env)
    before = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    status, headers, body = @app.call(env)
    [status, headers.merge("x-took" => (Process.clock_gettime(Process::CLOCK_MONOTONIC) - before).to_s), body]
  end
end

# The app inside.
module TimedRackup
  def self.call(_env) = [200, {}, ["hi"]]
end

use TimerRackup
run TimedRackup
