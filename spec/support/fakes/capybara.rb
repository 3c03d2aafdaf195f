# frozen_string_literal: true

# Mimics Capybara 3: it registers a block by name, and calls it on a thread of its own with the app, a free port, a host
# and the options given with the name.
module Capybara
  @servers = {}

  class << self
    attr_reader :servers

    def register_server(name, &block) = @servers[name] = block

    # @return [Thread]
    def boot(app, name, port:, host: "127.0.0.1", **)
      Thread.new { servers.fetch(name).call(app, port, host, **) }
    end
  end
end
