# frozen_string_literal: true

require "capybara"
require "kino"
require "kino/rack_options"

# Lets Kino serve the app in browser tests:
#
#     require "kino/capybara"
#     Capybara.server = :kino
#
# Options are those of the Rack handler: `Capybara.server = :kino, { threads: 2 }`. Threaded by default, because the app
# is inside a middleware of Capybara's that cannot be shared between Ractors, and tests share objects with it. Signals
# and settings files are ignored: the process belongs to the tests. Capybara runs the block on a thread and expects it
# to block.
Capybara.register_server(:kino) do |app, port, host, **options|
  defaults = { Host: host, Port: port, mode: :threaded, workers: 1, threads: 4, environment: "test" }
  keywords = Kino::RackOptions.new(defaults.merge(options)).keywords
  Kino::Server.new(app, **keywords).start.wait
end
