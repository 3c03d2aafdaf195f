# frozen_string_literal: true

module Kino
  # What INT and TERM do while a server runs.
  module Signals
    # The signals that stop a server.
    STOP = %w[INT TERM].freeze

    module_function

    # Traps the signals for the time of the block, and puts the former handlers back.
    #
    # @param server [#shutdown]
    # @yield while the signals stop the server
    # @return [Object] what the block returns
    def stopping(server)
      stop = handler(server) # one for all, for it knows whether a signal came before
      former = STOP.to_h { |name| [name, trap(name, stop)] }
      yield
    ensure
      former&.each { |name, handler| trap(name, handler || "DEFAULT") }
    end

    # A handler may take no lock, and a drain takes its time: so it goes on a thread of its own.
    def handler(server)
      stopping = false
      lambda do |_number|
        exit!(1) if stopping
        stopping = true
        Thread.new { server.shutdown }
      end
    end

    private_class_method :handler
  end
end
